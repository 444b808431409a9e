# shellcheck shell=bash
# ./dev bench and ./dev fuzz. Sourced.

# shellcheck source=build/dev/build.sh
. "$DK_ROOT/build/dev/build.sh"

DK_DATASKETCH_VERSION=1.6.5
DK_YAKE_VERSION=0.7.1

# dk_fuzz_one TARGET SECONDS SEED FOLDER [FLAG …]: the seeds of the repository are read only; finds go to FOLDER.
dk_fuzz_one() {
    local name=${1##*/fuzz_} target=$1 seconds=$2 seed=$3 folder=$4
    local log=$DK_OUT/log/fuzz-$name.log LC_ALL=C IFS=,
    local seeds=("$DK_ROOT/tests/fuzz/corpus/$name"/*) # by name: a folder's own order is the file system's
    shift 4
    mkdir -p "$folder" "$DK_OUT/log" "$DK_OUT/findings"
    if "$target" -seed="$seed" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 "$@" \
        -artifact_prefix="$DK_OUT/findings/$name-" -seed_inputs="${seeds[*]}" "$folder" >"$log" 2>&1; then
        dk_say "  fuzz $name: $(grep -o '^#[0-9]*.*DONE.*' "$log" | tail -n 1)"
    else
        tail -n 30 "$log" >&2
        dk_fuzz_tell "$target" "$log" "$seed" >&2
        return 1
    fi
}

# dk_fuzz_tell TARGET LOG SEED: the input that failed, and how to see it fail again, also from this output alone.
dk_fuzz_tell() {
    local name=${1##*/fuzz_} file
    file=$(sed -n 's/.*Test unit written to //p' "$2" | tail -n 1)
    if [ ! -f "$file" ]; then
        dk_say "fuzz $name: failed with seed $3 and left no input; all of its output: $2"
        return
    fi
    dk_say "fuzz $name: failed with seed $3; the input is $file ($(stat -c %s "$file") bytes)"
    dk_say "  replay:    $1 $file"
    dk_say "  make it smaller: $1 -minimize_crash=1 -runs=100000 $file"
    if [ "$(stat -c %s "$file")" -le 16384 ]; then
        dk_say "  elsewhere: echo $(base64 -w 0 "$file") | base64 -d >input && build/out/fuzz/fuzz/fuzz_$name input"
    fi
    dk_say "  then: mend it, and give the input a name in tests/fuzz/corpus/$name"
}

dk_fuzz_targets() { find "$DK_OUT/fuzz/fuzz" -maxdepth 1 -type f -name 'fuzz_*' -perm -u+x | LC_ALL=C sort; }

# dk_fuzz_all SECONDS SEED FOLDER [FLAG …]: every target with a folder of its own, as many at a time as there are
# processors; answers how many failed. Each speaks when it is over, so none speaks into another's words.
dk_fuzz_all() {
    local seconds=$1 seed=$2 folder=$3 target running=0 failed=0 most
    shift 3
    most=$(nproc)
    for target in $(dk_fuzz_targets); do
        if [ $running -ge "$most" ]; then
            wait -n || failed=$((failed + 1))
            running=$((running - 1))
        fi
        dk_fuzz_tells "$target" "$seconds" "$seed" "$folder/${target##*/fuzz_}" "$@" &
        running=$((running + 1))
    done
    for (( ; running > 0; running--)); do
        wait -n || failed=$((failed + 1))
    done
    return $failed
}

dk_fuzz_tells() {
    local words code=0
    words=$(dk_fuzz_one "$@" 2>&1) || code=1
    dk_say "$words"
    return $code
}

# With a fresh seed, and from all that earlier runs have found; DK_FUZZ_SEED repeats a run.
dk_fuzz() {
    local seconds=${1:-20} seed=${DK_FUZZ_SEED:-}
    [[ $seconds =~ ^[0-9]+$ ]] || dk_die "fuzz: '$seconds' is no number of seconds"
    [ -n "$seed" ] || seed=$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')
    dk_build fuzz
    dk_say "DK_FUZZ_SEED=$seed"
    dk_fuzz_all "$seconds" "$seed" "$DK_OUT/corpus"
}

# The programs ask for it by DK_PEER: the built-ins of Dapr behind a server of grpc-go.
dk_bench_peers() {
    dk_setup go
    dk_quietly "$DK_OUT/log/bench-peers.log" go build -C "$DK_ROOT/tests" -o "$DK_TOOLS/peers/" \
        ./bench/peers/redis ./bench/peers/kafka
    export DK_PEER=$DK_TOOLS/peers/redis DK_PEER_KAFKA=$DK_TOOLS/peers/kafka
}

# What is measured, and beside what: the programs ask for it by DK_VERSIONS.
dk_bench_versions() {
    local modules
    modules=$(go version -m "$DK_PEER" "$DK_PEER_KAFKA" | sed -n 's/^.*: \(go[0-9.]*\)$/Go \1/p
        s/^\tdep\t\(github.com\/dapr\/components-contrib\|github.com\/dapr\/dapr\|google.golang.org\/grpc\|github.com\/IBM\/sarama\|github.com\/redis\/go-redis\/v9\)\t\(v[^\t]*\).*/\1 \2/p' |
        sort -u | paste -sd, | sed 's/,/, /g')
    DK_VERSIONS="$("$DK_BIN/dk-redis" --version), commit $(git -C "$DK_ROOT" rev-parse --short HEAD)"
    DK_VERSIONS+=", $(redis-server --version | sed 's/^Redis server v=\([^ ]*\).*/Redis \1/')"
    DK_VERSIONS+=", Apache Kafka $DK_KAFKA_VERSION, librdkafka $(pkg-config --modversion rdkafka)"
    DK_VERSIONS+=", nghttp2 $(pkg-config --modversion libnghttp2), $modules"
    export DK_VERSIONS
}

# dk_bench [NAME [ARG …]]: every program whose name begins with NAME; "versus WHAT" compares with the
# built-ins and keeps its table in build/out/bench.
dk_bench() {
    local name=${1:-} program code=0 programs=()
    [ $# -gt 0 ] && shift
    if [ "$name" = app ]; then
        dk_bench_app
        return
    fi
    if [ "$name" = state ] && [ "${1:-}" = --telemetry ]; then
        name=telemetry
        shift
    fi
    if [ "$name" = versus ]; then
        name=versus_${1:-}
        [ $# -gt 0 ] && shift
    fi
    dk_setup run
    dk_build release
    dk_bench_peers
    mkdir -p "$DK_OUT/bench"
    for program in "$DK_OUT"/release/bench/"$name"*_bench; do
        [ -x "$program" ] && programs+=("$program")
    done
    [ ${#programs[@]} -gt 0 ] ||
        dk_die "bench: there is no '${name/versus_/versus }'; there are: $(cd "$DK_OUT/release/bench" && echo *)"
    export DK_BIN=$DK_OUT/release/bin
    dk_bench_versions
    for program in "${programs[@]}"; do
        case ${program##*/} in
        pubsub*_bench | kafka_soak_bench | counts_bench)
            [ "${program##*/}" != counts_bench ] || dk_setup count
            dk_bench_kafka
            "$program" "$@" || code=1
            ;;
        telemetry_bench)
            dk_setup count
            "$program" "$@" || code=1
            ;;
        compute_hash_bench)
            dk_bench_datasketch
            "$program" "$@" || code=1
            ;;
        compute_text_bench)
            "$program" "$@" || code=1
            [ $# -gt 0 ] || dk_bench_yake "$program" || code=1
            ;;
        flame_bench) dk_bench_flame "$program" "$@" || code=1 ;;
        versus_*) dk_bench_versus "$program" "$@" || code=1 ;;
        *) "$program" "$@" || code=1 ;;
        esac
    done
    return $code
}

# dk_bench_python NAME VERSION: a Python that has a package of PyPI, in a folder of ours; its path is
# left in DK_PYTHON.
dk_bench_python() {
    local home=$DK_TOOLS/$1-$2
    DK_PYTHON=$home/bin/python
    "$DK_PYTHON" -P -c "import $1" 2>/dev/null && return 0
    dk_setup_packages go # Python with venv
    dk_step "installing $1 $2"
    dk_quietly "$DK_OUT/log/$1-venv.log" python3 -m venv "$home"
    dk_quietly "$DK_OUT/log/$1-pip.log" "$home/bin/pip" install --disable-pip-version-check "$1==$2"
}

dk_bench_datasketch() {
    dk_bench_python datasketch "$DK_DATASKETCH_VERSION"
    # -P: the folder of the script has another "redis" than datasketch wants.
    export DK_DATASKETCH="$DK_PYTHON -P $DK_ROOT/tests/bench/peers/minhash.py"
}

# Whether our keywords are those that YAKE's authors would find.
dk_bench_yake() {
    dk_bench_python yake "$DK_YAKE_VERSION"
    "$DK_PYTHON" -P "$DK_ROOT/tests/bench/peers/keywords.py" "$1"
}

# Both services behind real daprds, by a test with the tag bench of the package that tests them; then the SDK
# beside gRPC C core itself.
dk_bench_app() {
    dk_setup run
    dk_setup go
    dk_build release
    dk_tool daprd
    dk_bench_kafka
    (cd "$DK_ROOT/tests" && DK_BIN=$DK_OUT/release/bin DAPRD=$DK_TOOLS/daprd KAFKA=$DK_KAFKA \
        REDIS_SERVER=$(command -v redis-server) CGO_ENABLED=0 \
        go test -trimpath -tags bench -count=1 -timeout 10m -v -run TestMeasure ./e2e/services) >"$DK_OUT/log/bench-app.log" 2>&1 ||
        { tail -n 20 "$DK_OUT/log/bench-app.log" >&2; return 1; }
    grep '^{' "$DK_OUT/log/bench-app.log"
    DK_BIN=$DK_OUT/release/bin "$DK_OUT/release/bench/app_echo_bench"
}

# dk_bench_flame PROGRAM [state|pubsub|app [CALLS]]: pictures into build/out/bench, tables to the terminal.
dk_bench_flame() {
    local program=$1 subject file name
    shift
    local subjects=("${1:-}")
    [ $# -gt 0 ] || subjects=(state pubsub app)
    dk_setup profile
    dk_perf_event
    export DK_FLAME=$DK_OUT/bench/flame
    for subject in "${subjects[@]}"; do
        [ "$subject" != pubsub ] || dk_bench_kafka
        rm -rf "$DK_FLAME"
        mkdir -p "$DK_FLAME"
        "$program" "$subject" "${@:2}" || return 1
        for file in "$DK_FLAME"/*.perf; do
            name=${file##*/}
            name=${name%.perf}
            perf script --no-inline -F comm,ip,sym,dso -i "$file" 2>"$DK_OUT/log/flame-script.log" |
                python3 "$DK_ROOT/build/dev/flame.py" "$name" "$DK_OUT/bench/flame-$name.svg" || return 1
            dk_say "  $DK_OUT/bench/flame-$name.svg"
        done
    done
    rm -rf "$DK_FLAME"
}

# What perf may sample here, left in DK_PERF_EVENT: the kernel's part too, or the programs' alone.
dk_perf_event() {
    local event log=$DK_OUT/log/perf.log
    for event in cpu-clock cpu-clock:u; do
        if perf record --quiet --event $event --output "$DK_OUT/log/perf.data" true >"$log" 2>&1; then
            rm -f "$DK_OUT/log/perf.data"
            [ $event = cpu-clock ] || dk_say "flame: without the kernel's part, which kernel.perf_event_paranoid of $(cat /proc/sys/kernel/perf_event_paranoid) keeps from you"
            export DK_PERF_EVENT=$event
            return 0
        fi
    done
    tail -n 5 "$log" >&2
    dk_die "flame: perf may take no samples here (kernel.perf_event_paranoid is $(cat /proc/sys/kernel/perf_event_paranoid 2>/dev/null || echo unreadable)); root may, or: sudo sysctl kernel.perf_event_paranoid=2"
}

dk_bench_kafka() {
    dk_kafka "$DK_KAFKA_VERSION"
    export DK_KAFKA=$DK_TOOLS/kafka-$DK_KAFKA_VERSION
}

dk_bench_versus() {
    local name=${1##*/} table
    case $name in versus_pubsub_bench | versus_footprint_bench) dk_bench_kafka ;; esac
    if [ "$name" = versus_daprd_bench ]; then
        dk_tool daprd
        dk_tool daprd -tags compare
        export DAPRD=$DK_TOOLS/daprd DAPRD_COMPARE=$DK_TOOLS/daprd-compare
    fi
    table=$DK_OUT/bench/${name%_bench}.md
    "$1" --markdown "$table" "${@:2}" && cat "$table"
}
