# shellcheck shell=bash
# ./dev test [--repeat N] [SUITE …]: makes what each suite needs, runs it, counts, and ends with one
# line. A suite that cannot run has failed. Sourced.

# shellcheck source=build/dev/build.sh
. "$DK_ROOT/build/dev/build.sh"
# shellcheck source=build/dev/measure.sh
. "$DK_ROOT/build/dev/measure.sh"
# shellcheck source=build/dev/image.sh
. "$DK_ROOT/build/dev/image.sh"
# shellcheck source=build/dev/ready.sh
. "$DK_ROOT/build/dev/ready.sh"
# shellcheck source=build/dev/test_cluster.sh
. "$DK_ROOT/build/dev/test_cluster.sh"
# shellcheck source=build/dev/test_sdk.sh
. "$DK_ROOT/build/dev/test_sdk.sh"

# What waits much comes first: what the others need is built beside it, by dk_ahead.
DK_SUITES="unit proto interop otlp h2spec official e2e sdk kafka services images telemetry chart stack chart-kwok asan stress fuzz dev"
# Too long for every run; cluster because a rollout may fail calls there: docs/restarts.md.
DK_SUITES_ON_DEMAND="images-source cluster cluster-dapr"
# Most unit tests wait: for a server that starts, a lifetime that ends, a partition that is given.
DK_TESTS_PER_PROCESSOR=4
DK_SPDX_TOOLS_VERSION=0.8.3
DK_FUZZ_SECONDS=${DK_FUZZ_SECONDS:-20}
# No lottery: a commit gets one answer. The suite begins with one seed and with the committed inputs alone, and does
# nothing that depends on the machine but to end: -reload=0, because a clock says when libFuzzer looks for others'
# finds; -use_cmp=0, because compared values become words to try, and addresses, which are random, are compared. It
# guards what was found. ./dev fuzz goes looking: with a fresh seed, compared values, and all that it found before.
DK_FUZZ_SUITE_FLAGS="-reload=0 -use_cmp=0"
DK_FUZZ_SUITE_SEED=${DK_FUZZ_SEED:-1}
dk_passed=0 dk_failed=0 dk_skipped=0

# dk_count NAME PASSED FAILED SKIPPED
dk_count() {
    dk_passed=$((dk_passed + $2))
    dk_failed=$((dk_failed + $3))
    dk_skipped=$((dk_skipped + $4))
    dk_say "  $1: $2 passed, $3 failed, $4 skipped"
}

# dk_tally SUITE KIND FILE LOG
dk_tally() {
    local counts
    if ! counts=$(python3 "$DK_ROOT/build/ci/tally.py" "$2" "$3"); then
        counts="0 1 0"
    fi
    # shellcheck disable=SC2086 # three words
    set -- "$1" $counts "$4"
    dk_count "$1" "$2" "$3" "$4"
    [ "$3" = 0 ] || dk_say "  its output: $5"
}

dk_ctest() {
    local suite=$1 preset=$2 label=$3 junit=$DK_OUT/log/$1.xml log=$DK_OUT/log/$1.log
    rm -f "$junit"
    ctest --preset "$preset" --label-regex "^$label\$" --parallel $(($(nproc) * DK_TESTS_PER_PROCESSOR)) \
        --output-junit "$junit" >"$log" 2>&1 || true
    dk_tally "$suite" junit "$junit" "$log"
}

# dk_go_test SUITE PACKAGE …: `go test -json`, its environment made by the caller. Built as the tools
# are, so that what they have in common is compiled once.
dk_go_test() {
    local suite=$1 log=$DK_OUT/log/$1.json
    shift
    dk_setup go
    (cd "$DK_ROOT/tests" && CGO_ENABLED=0 go test -trimpath -json -count=1 -timeout 20m "$@") >"$log" 2>&1 || true
    dk_tally "$suite" go "$log" "$log"
}

dk_suite_unit() { dk_ctest unit dev unit; }
# The stress programs too: Criterion's children end without a look for leaks.
dk_suite_asan() { dk_ctest asan asan '(unit|stress)'; }
dk_suite_stress() { dk_ctest stress tsan stress; }
dk_suite_proto() { dk_go_test proto ./proto/...; }

dk_suite_fuzz() {
    local finds=$DK_OUT/fuzz/found failed=0
    dk_say "  DK_FUZZ_SEED=$DK_FUZZ_SUITE_SEED, $DK_FUZZ_SECONDS s for each target"
    rm -rf "$finds"
    # shellcheck disable=SC2086 # a list of flags
    dk_fuzz_all "$DK_FUZZ_SECONDS" "$DK_FUZZ_SUITE_SEED" "$finds" $DK_FUZZ_SUITE_FLAGS || failed=$?
    dk_count fuzz $(($(dk_fuzz_targets | wc -l) - failed)) $failed 0
}

# A server of the interop cases on a free port; its address in DK_ADDRESS, its pid in DK_SERVER.
dk_interop_start() {
    local log=$DK_OUT/log/interop-$1.log
    "$DK_OUT/release/bin/dk-interop" --transport "$1" --listen 127.0.0.1:0 >"$log" 2>&1 &
    DK_SERVER=$!
    if ! dk_until 10 grep -q '^listening on ' "$log"; then
        kill "$DK_SERVER" 2>/dev/null || true
        tail -n 5 "$log" >&2
        return 1
    fi
    DK_ADDRESS=$(sed -n 's/^listening on //p' "$log" | head -n 1)
}

dk_interop_end() {
    kill "$DK_SERVER" 2>/dev/null || true
    wait "$DK_SERVER" 2>/dev/null || true
}

dk_suite_interop() {
    local transport
    for transport in h2 core; do
        if ! dk_interop_start $transport; then
            dk_count "interop over $transport" 0 1 0
            continue
        fi
        INTEROP_TARGET=$DK_ADDRESS INTEROP_CLIENT=$DK_OUT/release/bin/dk-interop-client \
            dk_go_test "interop over $transport" ./interop/...
        dk_interop_end
    done
}

# Traces of our programs at a collector of grpc-go's.
dk_suite_otlp() {
    DK_BIN=$DK_OUT/release/bin REDIS_SERVER=$(command -v redis-server) dk_go_test otlp ./otlp/...
}

dk_suite_h2spec() {
    local log=$DK_OUT/log/h2spec.log line
    if ! dk_interop_start h2; then
        dk_count h2spec 0 1 0
        return
    fi
    "$DK_TOOLS/h2spec" -h 127.0.0.1 -p "${DK_ADDRESS##*:}" --path /grpc.testing.TestService/EmptyCall --timeout 3 \
        >"$log" 2>&1 || true
    dk_interop_end
    line=$(grep -E '^[0-9]+ tests, ' "$log" | tail -n 1)
    if [[ $line =~ ^[0-9]+\ tests,\ ([0-9]+)\ passed,\ ([0-9]+)\ skipped,\ ([0-9]+)\ failed ]]; then
        [ "${BASH_REMATCH[3]}" = 0 ] || sed -n '/^Failures:/,$p' "$log" | head -n 60 >&2
        dk_count h2spec "${BASH_REMATCH[1]}" "${BASH_REMATCH[3]}" "${BASH_REMATCH[2]}"
    else
        tail -n 20 "$log" >&2
        dk_count h2spec 0 1 0
    fi
}

dk_suite_official() {
    DK_BIN=$DK_OUT/release/bin REDIS_SERVER=$(command -v redis-server) VALKEY_SERVER=$DK_VALKEY \
        KAFKA=$DK_TOOLS/kafka-$DK_KAFKA_VERSION \
        dk_go_test official ./official/...
}

# Over both transports: each is the other's oracle.
dk_suite_e2e() {
    local transport
    for transport in h2 core; do
        DK_TRANSPORT=$transport DK_BIN=$DK_OUT/release/bin REDIS_SERVER=$(command -v redis-server) \
            VALKEY_SERVER=$DK_VALKEY DAPRD=$DK_TOOLS/daprd DAPRD_COMPARE=$DK_TOOLS/daprd-compare \
            dk_go_test "e2e over $transport" ./e2e ./e2e/pubsub
    done
    DK_BIN=$DK_OUT/release/bin DAPRD=$DK_TOOLS/daprd DAPRD_COMPARE=$DK_TOOLS/daprd-compare \
        SCHEDULER=$DK_TOOLS/scheduler dk_go_test "e2e of applications" ./e2e/app
}

# End to end on Apache Kafka, faults included; says what became of every message.
dk_suite_kafka() {
    DK_BIN=$DK_OUT/release/bin DAPRD=$DK_TOOLS/daprd DAPRD_COMPARE=$DK_TOOLS/daprd-compare KCAT=$(command -v kcat) \
        KAFKA=$DK_TOOLS/kafka-$DK_KAFKA_VERSION KAFKA_3=$DK_TOOLS/kafka-$DK_KAFKA_3_VERSION \
        dk_go_test kafka ./e2e/kafka
    sed -n 's/.*"Output":"count| \(.*\)\\n".*/  \1/p' "$DK_OUT/log/kafka.json"
}

# Both services, each with a daprd and components of its own, on one Redis and Apache Kafka; says what
# became of every document.
dk_suite_services() {
    DK_BIN=$DK_OUT/release/bin DAPRD=$DK_TOOLS/daprd KAFKA=$DK_TOOLS/kafka-$DK_KAFKA_VERSION \
        REDIS_SERVER=$(command -v redis-server) dk_go_test services ./e2e/services
    sed -n 's/.*"Output":"count| \(.*\)\\n".*/  \1/p' "$DK_OUT/log/services.json"
}

# dk_images_test SUITE FOLDER FOLDER [FLAG …]: the images of the first, which must be those of the second.
dk_images_test() {
    local suite=$1 folder=$2 again=$3
    shift 3
    dk_bench_python spdx_tools "$DK_SPDX_TOOLS_VERSION"
    DK_BIN=$DK_OUT/release/bin DK_IMAGES=$folder DK_IMAGES_2=$again PODMAN=$(command -v podman) \
        PYSPDXTOOLS=$DK_TOOLS/spdx_tools-$DK_SPDX_TOOLS_VERSION/bin/pyspdxtools dk_go_test "$suite" "$@" ./images
    sed -n 's/.*"Output":".*size| \(.*\)\\n".*/  \1/p' "$DK_OUT/log/$suite.json"
}

# The images, looked into and run as restricted containers; made twice, which must not show.
dk_suite_images() {
    local again=$DK_OUT/images-again
    # shellcheck disable=SC2086 # lists of words
    dk_image $DK_IMAGES_OURS $DK_IMAGES_STAND_INS
    dk_image_forget "$again" || return 1
    # shellcheck disable=SC2086
    (DK_IMAGES=$again dk_image $DK_IMAGES_OURS) >/dev/null
    dk_images_test images "$DK_IMAGES" "$again"
}

# The same of images that the recipe has compiled itself, twice, from a Debian 12 of the mirrors. Its authorities are
# not this machine's.
dk_suite_images-source() {
    local folder
    for folder in images-source images-source-again; do
        dk_image_forget "$DK_OUT/$folder" || return 1
        (
            DK_IMAGES=$DK_OUT/$folder
            # shellcheck disable=SC2086 # lists of words
            dk_image toolbox $DK_IMAGES_STAND_INS >/dev/null
            # shellcheck disable=SC2086
            dk_quietly "$DK_OUT/log/$folder.log" dk_image_compile $DK_IMAGES_PROGRAMS
        ) || return 1
    done
    dk_images_test images-source "$DK_OUT/images-source" "$DK_OUT/images-source-again" -skip TestAuthoritiesAreDebians
}

# Our programs as an operator sees them: Prometheus, promtool, Jaeger, the log.
dk_suite_telemetry() {
    DK_BIN=$DK_OUT/release/bin DAPRD=$DK_TOOLS/daprd KAFKA=$DK_TOOLS/kafka-$DK_KAFKA_VERSION JAEGER=$DK_TOOLS/jaeger \
        PROMETHEUS=$DK_PROMETHEUS PROMTOOL=$DK_PROMTOOL DK_OBSERVE=$DK_ROOT/build/observe \
        REDIS_SERVER=$(command -v redis-server) dk_go_test telemetry ./e2e/telemetry
    sed -n 's/.*"Output":"telemetry| \(.*\)\\n".*/  \1/p' "$DK_OUT/log/telemetry.json"
}

# The chart as Helm renders it, and what it renders for dapr.mode inline as processes of this machine.
dk_suite_chart() {
    HELM=$(command -v helm) DK_BIN=$DK_OUT/release/bin DAPRD=$DK_TOOLS/daprd CHART=$DK_ROOT/charts/dapr-kit \
        dk_go_test chart ./chart/core/... ./chart/injector/...
}

# What the chart says to Prometheus, Grafana, Jaeger, the collector and the log stack, given to those programs.
dk_suite_stack() {
    HELM=$(command -v helm) PROMETHEUS=$DK_PROMETHEUS PROMTOOL=$DK_PROMTOOL AMTOOL=$DK_AMTOOL \
        REDIS_EXPORTER=$DK_REDIS_EXPORTER REDIS_SERVER=$(command -v redis-server) \
        JAEGER=$DK_TOOLS/jaeger OTELCOL=$DK_TOOLS/otelcol OPENSEARCH=$DK_TOOLS/opensearch-$DK_OPENSEARCH_VERSION \
        dk_go_test stack ./chart/stack
}

# ./dev up as a new user sees it, every command it prints, and down again.
dk_suite_dev() {
    local log=$DK_OUT/log/dev-suite.log
    if "$DK_ROOT/tests/dev/dev_test.sh" >"$log" 2>&1; then
        dk_count dev "$(grep -c '^ok ' "$log")" 0 0
    else
        tail -n 20 "$log" >&2
        dk_count dev "$(grep -c '^ok ' "$log" || true)" 1 0
    fi
}

# What the processors have worked for this run, in seconds: for all of its processes that have ended.
dk_worked() { sed 's/.*) //' "/proc/$$/stat" | awk -v second="$(getconf CLK_TCK)" '{ print int(($14 + $15) / second) }'; }

# dk_round SUITE …: all of them once; false when something failed.
dk_round() {
    local suite start worked
    for suite in "$@"; do
        start=$SECONDS worked=$(dk_worked)
        dk_say "── $suite"
        # In a subshell of its own: a step that dies ends its suite, not the run.
        if (dk_ready "$suite" && "dk_suite_$suite" && echo "$dk_passed $dk_failed $dk_skipped" >"$DK_OUT/log/$suite.count"); then
            read -r dk_passed dk_failed dk_skipped <"$DK_OUT/log/$suite.count"
        else
            dk_count "$suite" 0 1 0
        fi
        dk_say "  $((SECONDS - start)) s, $(($(dk_worked) - worked)) s of work"
    done
    [ "$dk_failed" = 0 ]
}

# dk_processes PID: those that it has started, and those that these have.
dk_processes() {
    local pid
    for pid in $(pgrep -P "$1"); do
        dk_processes "$pid"
        echo "$pid"
    done
}

# A run that is ended ends what it has started; a suite that has more to put away than its processes does so in peace.
dk_test_end() {
    local all
    mapfile -t all < <(dk_processes $$)
    [ ${#all[@]} -gt 0 ] || return 0
    kill -TERM "${all[@]}" 2>/dev/null || true
    dk_until 120 dk_are_gone "${all[@]}" || dk_say "not all that was started has ended: ${all[*]}"
}

dk_are_gone() {
    local pid
    for pid in "$@"; do # one that nobody has waited for is gone too
        case $(sed 's/.*) //' "/proc/$pid/stat" 2>/dev/null) in '' | Z*) ;; *) return 1 ;; esac
    done
}

dk_test() {
    local suite rounds=1 round=0
    if [ "${1:-}" = --repeat ]; then
        rounds=${2:-}
        [[ $rounds =~ ^[1-9][0-9]{0,3}$ ]] || dk_die "test: --repeat: '$rounds' is no number from 1 to 9999"
        shift 2
    fi
    mkdir -p "$DK_OUT/log"
    for suite in "$@"; do
        [[ " $DK_SUITES $DK_SUITES_ON_DEMAND " == *" $suite "* ]] ||
            dk_die "test: '$suite' is no suite; there are: $DK_SUITES; and by name alone: $DK_SUITES_ON_DEMAND"
    done
    trap dk_test_end EXIT
    trap 'exit 130' INT # also when the suite took it for its own, and ended well
    if [ $# = 0 ]; then
        # shellcheck disable=SC2086 # lists of words
        dk_setup_packages $DK_PACKAGES_OF_A_RUN
        # shellcheck disable=SC2086
        set -- $DK_SUITES
        dk_ahead "$@"
    fi
    # The first round that fails is the last: its logs stay as they are.
    while [ $round -lt "$rounds" ] && [ "$dk_failed" = 0 ]; do
        round=$((round + 1))
        [ "$rounds" = 1 ] || dk_say "══ round $round of $rounds"
        dk_round "$@" || true
    done
    if [ "$rounds" != 1 ]; then
        dk_say "$([ "$dk_failed" = 0 ] && echo "$round" || echo $((round - 1))) of $rounds rounds passed"
    fi
    dk_say "$dk_passed passed, $dk_failed failed, $dk_skipped skipped"
    [ "$dk_failed" = 0 ]
}
