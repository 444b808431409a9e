# shellcheck shell=bash
# Processes that ./dev up starts and down ends: one pid file each in $DK_RUN, with the start time, so
# that a pid used again is not taken for ours. Sourced by run.sh, which says what healthy means.

# Field 22 of /proc/PID/stat, counted behind the name, which may hold blanks.
dk_started_at() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20; }

dk_pid() {
    local pid started
    [ -r "$DK_RUN/$1.pid" ] || return 1
    read -r pid started <"$DK_RUN/$1.pid"
    [ "$(dk_started_at "$pid")" = "$started" ] || return 1
    [ "$(sed 's/.*) //' "/proc/$pid/stat" | cut -c1)" != Z ] || return 1
    echo "$pid"
}

# dk_spawn NAME COMMAND …: in the background, in its own session, with its log.
dk_spawn() {
    local name=$1
    shift
    setsid "$@" >"$DK_RUN/$name.log" 2>&1 </dev/null &
    echo "$! $(dk_started_at $!)" >"$DK_RUN/$name.pid"
    disown
}

dk_end() {
    local pid
    pid=$(dk_pid "$1") || return 0
    kill -TERM "$pid" 2>/dev/null || true
    if ! dk_until 10 dk_is_down "$1"; then
        dk_say "  $1 did not stop within 10 s, killing it"
        kill -KILL "$pid" 2>/dev/null || true
        dk_until 5 dk_is_down "$1" || dk_die "$1 (pid $pid) cannot be stopped"
    fi
    rm -f "$DK_RUN/$1.pid"
    dk_step "$1 stopped"
}

dk_is_down() { ! dk_pid "$1" >/dev/null; }

dk_wait_healthy() {
    local name=$1 end=$((SECONDS + $2))
    until dk_is_healthy "$name" >/dev/null 2>&1; do
        if dk_is_down "$name" || [ $SECONDS -ge $end ]; then
            tail -n 20 "$DK_RUN/$name.log" >&2
            dk_die "$name did not become healthy; its log: $DK_RUN/$name.log"
        fi
        sleep 0.05
    done
    dk_step "$name is healthy (pid $(dk_pid "$name"))"
}

# A port that somebody else holds is named before anything starts.
dk_port_free() {
    if (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; then
        dk_die "port $1 for $2 is taken by another process; choose other ports with ./dev up --port-base N"
    fi
}
