# shellcheck shell=bash
# ./dev up, down, status, logs: Redis, dk-redis and daprd on this machine. Sourced.
#
# What runs is remembered in $DK_RUN: NAME.pid (pid and start time, so that a pid used again is
# not taken for ours), NAME.log, sockets/, redis/, and ports.

# shellcheck source=build/dev/build.sh
. "$DK_ROOT/build/dev/build.sh"

DK_NAMES="redis dk-redis daprd"

dk_ports() {
    if [ -n "${1:-}" ]; then
        DK_HTTP_PORT=$1 DK_GRPC_PORT=$(($1 + 1)) DK_INTERNAL_PORT=$(($1 + 2)) DK_METRICS_PORT=$(($1 + 3))
        DK_REDIS_PORT=$(($1 + 4))
    else
        # The two that users know, and three below the range of ephemeral ports.
        DK_HTTP_PORT=3500 DK_GRPC_PORT=50001 DK_INTERNAL_PORT=3501 DK_METRICS_PORT=3502 DK_REDIS_PORT=3504
    fi
}

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

dk_is_healthy() {
    dk_pid "$1" >/dev/null || return 1
    case $1 in
    redis) [ "$(redis-cli -h 127.0.0.1 -p "$DK_REDIS_PORT" ping 2>/dev/null)" = PONG ] ;;
    dk-redis) "$DK_OUT/release/bin/dk-redis" --check --socket-dir "$DK_RUN/sockets" ;;
    daprd) curl -fs -o /dev/null "http://127.0.0.1:$DK_HTTP_PORT/v1.0/healthz" ;;
    esac
}

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

# A daprd that is there and new enough, else our own, built from Dapr's Go module.
dk_find_daprd() {
    local candidate version
    for candidate in "$(command -v daprd || true)" "$HOME/.dapr/bin/daprd"; do
        [ -x "$candidate" ] || continue
        version=$("$candidate" --version 2>/dev/null | head -n 1)
        if [ "$(printf '1.16.0\n%s\n' "${version#v}" | sort -V | head -n 1)" = 1.16.0 ]; then
            dk_step "daprd $version found at $candidate"
            DK_DAPRD=$candidate DK_DAPRD_CONFIG=()
            return
        fi
        dk_step "daprd $version at $candidate is older than 1.16, not used"
    done
    dk_tool daprd
    DK_DAPRD=$DK_TOOLS/daprd DK_DAPRD_CONFIG=(--config "$DK_ROOT/build/dev/quiet.yaml")
}

dk_up() {
    local base=
    while [ $# -gt 0 ]; do
        case $1 in
        --port-base)
            base=${2:-}
            if ! [[ $base =~ ^[0-9]+$ ]] || [ "$base" -lt 1024 ] || [ "$base" -gt 65000 ]; then
                dk_die "--port-base: '$base' is no port between 1024 and 65000"
            fi
            shift 2
            ;;
        *) dk_die "up: '$1' is no option; there is --port-base N" ;;
        esac
    done
    dk_ports "$base"
    if [ -r "$DK_RUN/ports" ] && [ "$(cat "$DK_RUN/ports")" != "$base" ]; then
        for name in $DK_NAMES; do
            dk_is_down "$name" || dk_die "already up with other ports; ./dev down first"
        done
    fi
    dk_setup run
    dk_build release
    dk_find_daprd
    dk_tool grpcurl
    mkdir -p "$DK_RUN/redis" "$DK_RUN/sockets"
    echo "$base" >"$DK_RUN/ports"

    if ! dk_is_healthy redis; then
        dk_end redis
        dk_port_free "$DK_REDIS_PORT" redis
        dk_spawn redis redis-server --port "$DK_REDIS_PORT" --bind 127.0.0.1 --dir "$DK_RUN/redis" \
            --save '' --appendonly yes
    fi
    dk_wait_healthy redis 20
    if ! dk_is_healthy dk-redis >/dev/null; then
        dk_end dk-redis
        dk_end daprd # it does not call Init again after a component restarts
        dk_spawn dk-redis "$DK_OUT/release/bin/dk-redis" --socket-dir "$DK_RUN/sockets"
    fi
    dk_wait_healthy dk-redis 10
    if ! dk_is_healthy daprd; then
        dk_end daprd
        for port in $DK_HTTP_PORT $DK_GRPC_PORT $DK_INTERNAL_PORT $DK_METRICS_PORT; do
            dk_port_free "$port" daprd
        done
        DK_REDIS_HOST=127.0.0.1:$DK_REDIS_PORT DAPR_COMPONENTS_SOCKETS_FOLDER=$DK_RUN/sockets \
            DAPR_HOST_IP=127.0.0.1 dk_spawn daprd "$DK_DAPRD" --app-id demo --resources-path "$DK_ROOT/resources" \
            "${DK_DAPRD_CONFIG[@]}" \
            --dapr-listen-addresses 127.0.0.1 --dapr-http-port "$DK_HTTP_PORT" --dapr-grpc-port "$DK_GRPC_PORT" \
            --dapr-internal-grpc-port "$DK_INTERNAL_PORT" --dapr-internal-grpc-listen-address 127.0.0.1 \
            --metrics-port "$DK_METRICS_PORT" --metrics-listen-address 127.0.0.1
    fi
    dk_wait_healthy daprd 30
    dk_try
}

dk_try() {
    local state=http://127.0.0.1:$DK_HTTP_PORT/v1.0/state/statestore socket=$DK_RUN/sockets/dk-redis.sock
    cat <<TEXT

It runs. Try:

  # keep a value, read it with its etag, and see a stale etag refused with 409
  curl -i $state -H 'Content-Type: application/json' -d '[{"key":"a","value":{"n":1}}]'
  curl -i $state/a
  curl -i $state -H 'Content-Type: application/json' -d '[{"key":"a","value":{"n":2},"etag":"999","options":{"concurrency":"first-write"}}]'

  # look at the component itself
  $DK_TOOLS/grpcurl -plaintext -unix $socket list
  $DK_TOOLS/grpcurl -plaintext -unix $socket describe dapr.proto.components.v1.StateStore
  $DK_TOOLS/grpcurl -plaintext -unix -H 'x-component-instance: statestore' -d '{"key":"demo||a"}' $socket dapr.proto.components.v1.StateStore/Get

./dev status, ./dev logs [name], ./dev down
TEXT
}

dk_down() {
    dk_end daprd
    dk_end dk-redis
    dk_end redis
    rm -f "$DK_RUN/ports"
}

dk_status() {
    local all=0 name
    dk_ports "$(cat "$DK_RUN/ports" 2>/dev/null || true)"
    for name in $DK_NAMES; do
        if dk_is_down "$name"; then
            dk_say "$name: down" && all=1
        elif dk_is_healthy "$name" >/dev/null 2>&1; then
            dk_say "$name: healthy, pid $(dk_pid "$name")"
        else
            dk_say "$name: runs (pid $(dk_pid "$name")) but is not healthy, see $DK_RUN/$name.log" && all=1
        fi
    done
    return $all
}

dk_logs() {
    local name
    for name in ${1:-$DK_NAMES}; do
        [ -r "$DK_RUN/$name.log" ] || dk_die "logs: '$name' has none; there are: $DK_NAMES"
        sed "s/^/$name | /" "$DK_RUN/$name.log"
    done
}
