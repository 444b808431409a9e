# shellcheck shell=bash
# Words and small helpers that every ./dev command shares. Sourced.

DK_RUN=${DK_RUN:-$DK_OUT/run}
export DK_TOOLS=$DK_OUT/tools

dk_say() { printf '%s\n' "$*"; }
dk_step() { printf '• %s\n' "$*"; }
dk_die() {
    printf 'dev: %s\n' "$*" >&2
    exit 1
}

# dk_quietly LOG COMMAND …: runs it with its output in a file; on failure shows the file's end.
dk_quietly() {
    local log=$1
    shift
    mkdir -p "$(dirname "$log")"
    if ! "$@" >"$log" 2>&1; then
        tail -n 40 "$log" >&2
        dk_die "failed: $* (all of it: $log)"
    fi
}

# dk_until SECONDS COMMAND …: true as soon as the command is, false when the time is over.
dk_until() {
    local end=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $end ] || return 1
        sleep 0.05
    done
}
