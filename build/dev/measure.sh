# shellcheck shell=bash
# ./dev bench and ./dev fuzz. Sourced.

# shellcheck source=build/dev/build.sh
. "$DK_ROOT/build/dev/build.sh"

# dk_fuzz_one TARGET SECONDS: new inputs stay outside the repository; the seeds are read only.
dk_fuzz_one() {
    local name=${1##*/fuzz_} log
    log=$DK_OUT/log/fuzz-$name.log
    mkdir -p "$DK_OUT/corpus/$name"
    if "$1" -max_total_time="$2" -timeout=10 -rss_limit_mb=2048 -artifact_prefix="$DK_OUT/corpus/crash-$name-" \
        "$DK_OUT/corpus/$name" "$DK_ROOT/tests/fuzz/corpus/$name" >"$log" 2>&1; then
        dk_say "  fuzz $name: $(grep -o '^#[0-9]*.*DONE.*' "$log" | tail -n 1)"
    else
        tail -n 30 "$log" >&2
        return 1
    fi
}

dk_fuzz() {
    local seconds=${1:-20} target code=0
    [[ $seconds =~ ^[0-9]+$ ]] || dk_die "fuzz: '$seconds' is no number of seconds"
    dk_build fuzz
    for target in "$DK_OUT"/fuzz/fuzz/fuzz_*; do
        dk_fuzz_one "$target" "$seconds" || code=1
    done
    return $code
}

dk_bench() {
    local name=${1:-} program code=0
    dk_setup run
    dk_build release
    dk_setup go
    dk_quietly "$DK_OUT/log/bench-peer.log" go build -C "$DK_ROOT/tests" -o "$DK_TOOLS/bench-peer" ./bench/peer
    for program in "$DK_OUT"/release/bench/*"$name"*; do
        [ -x "$program" ] || dk_die "bench: there is no '$name'; there are: $(ls "$DK_OUT/release/bench")"
        DK_BIN=$DK_OUT/release/bin DK_PEER=$DK_TOOLS/bench-peer "$program" || code=1
    done
    return $code
}
