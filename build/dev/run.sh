# shellcheck shell=bash
# ./dev up, down, status, logs: Redis, Kafka, dk-redis, dk-kafka and daprd on this machine. Sourced.
#
# What runs is remembered in $DK_RUN: NAME.pid (pid and start time, so that a pid used again is
# not taken for ours), NAME.log, sockets/, redis/, kafka/, ports and broker.

# shellcheck source=build/dev/build.sh
. "$DK_ROOT/build/dev/build.sh"
# shellcheck source=build/dev/broker.sh
. "$DK_ROOT/build/dev/broker.sh"

DK_NAMES="redis kafka dk-redis dk-kafka daprd"

dk_ports() {
    if [ -n "${1:-}" ]; then
        DK_HTTP_PORT=$1 DK_GRPC_PORT=$(($1 + 1)) DK_INTERNAL_PORT=$(($1 + 2)) DK_METRICS_PORT=$(($1 + 3))
        DK_REDIS_PORT=$(($1 + 4)) DK_KAFKA_PORT=$(($1 + 5)) DK_CONTROLLER_PORT=$(($1 + 6))
    else
        # The two that users know, and others below the range of ephemeral ports.
        DK_HTTP_PORT=3500 DK_GRPC_PORT=50001 DK_INTERNAL_PORT=3501 DK_METRICS_PORT=3502
        DK_REDIS_PORT=3504 DK_KAFKA_PORT=3505 DK_CONTROLLER_PORT=3506
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
    kafka) dk_broker_is_healthy ;;
    dk-redis | dk-kafka) "$DK_OUT/release/bin/$1" --check --socket-dir "$DK_RUN/sockets" ;;
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

# dk_start_component NAME: after its server.
dk_start_component() {
    if ! dk_is_healthy "$1" >/dev/null; then
        dk_end "$1"
        dk_end daprd # it does not call Init again after a component restarts
        dk_spawn "$1" "$DK_OUT/release/bin/$1" --socket-dir "$DK_RUN/sockets"
    fi
    dk_wait_healthy "$1" 10
}

dk_start_daprd() {
    local port
    if ! dk_is_healthy daprd; then
        dk_end daprd
        for port in $DK_HTTP_PORT $DK_GRPC_PORT $DK_INTERNAL_PORT $DK_METRICS_PORT; do
            dk_port_free "$port" daprd
        done
        DK_REDIS_HOST=127.0.0.1:$DK_REDIS_PORT DK_KAFKA_BROKERS=127.0.0.1:$DK_KAFKA_PORT \
            DAPR_COMPONENTS_SOCKETS_FOLDER=$DK_RUN/sockets DAPR_HOST_IP=127.0.0.1 \
            dk_spawn daprd "$DK_DAPRD" --app-id demo --resources-path "$DK_ROOT/resources" "${DK_DAPRD_CONFIG[@]}" \
            --dapr-listen-addresses 127.0.0.1 --dapr-http-port "$DK_HTTP_PORT" --dapr-grpc-port "$DK_GRPC_PORT" \
            --dapr-internal-grpc-port "$DK_INTERNAL_PORT" --dapr-internal-grpc-listen-address 127.0.0.1 \
            --metrics-port "$DK_METRICS_PORT" --metrics-listen-address 127.0.0.1
    fi
    dk_wait_healthy daprd 30
}

# Nothing that runs is taken over with other ports or another broker than it was started with.
dk_refuse_change() {
    local name
    for name in $DK_NAMES; do
        if ! dk_is_down "$name"; then
            dk_die "already up with other $1; ./dev down first"
        fi
    done
}

dk_up() {
    local base='' broker=kafka
    while [ $# -gt 0 ]; do
        case $1 in
        --port-base)
            base=${2:-}
            if ! [[ $base =~ ^[0-9]+$ ]] || [ "$base" -lt 1024 ] || [ "$base" -gt 65000 ]; then
                dk_die "--port-base: '$base' is no port between 1024 and 65000"
            fi
            shift 2
            ;;
        --broker)
            broker=${2:-}
            [[ $broker =~ ^(kafka|mock)$ ]] || dk_die "--broker: '$broker' is neither kafka nor mock"
            shift 2
            ;;
        *) dk_die "up: '$1' is no option; there are --port-base N and --broker kafka|mock" ;;
        esac
    done
    dk_ports "$base"
    [ "$(cat "$DK_RUN/ports" 2>/dev/null || echo "$base")" = "$base" ] || dk_refuse_change ports
    [ "$(cat "$DK_RUN/broker" 2>/dev/null || echo "$broker")" = "$broker" ] || dk_refuse_change broker
    [ "$broker" = mock ] || dk_broker_possible
    dk_setup run
    dk_broker_setup "$broker"
    dk_build release
    dk_find_daprd
    dk_tool grpcurl
    mkdir -p "$DK_RUN/redis" "$DK_RUN/sockets"
    echo "$base" >"$DK_RUN/ports"
    echo "$broker" >"$DK_RUN/broker"

    # The servers start side by side.
    if ! dk_is_healthy redis; then
        dk_end redis
        dk_port_free "$DK_REDIS_PORT" redis
        dk_spawn redis redis-server --port "$DK_REDIS_PORT" --bind 127.0.0.1 --dir "$DK_RUN/redis" \
            --save '' --appendonly yes
    fi
    if ! dk_is_healthy kafka; then
        dk_end kafka
        dk_port_free "$DK_KAFKA_PORT" kafka
        dk_broker_spawn "$broker"
    fi
    dk_wait_healthy redis 20
    dk_wait_healthy kafka 60
    dk_broker_tell "$broker"
    dk_start_component dk-redis
    dk_start_component dk-kafka
    dk_start_daprd
    dk_try
}

dk_try() {
    local api=http://127.0.0.1:$DK_HTTP_PORT/v1.0 socket=$DK_RUN/sockets/dk-redis.sock
    local state=$api/state/statestore kafka=$DK_RUN/sockets/dk-kafka.sock json='Content-Type: application/json'
    cat <<TEXT

It runs. Try:

  # keep a value, read it with its etag, and see a stale etag refused with 409
  curl -i $state -H '$json' -d '[{"key":"a","value":{"n":1}}]'
  curl -i $state/a
  curl -i $state -H '$json' -d '[{"key":"a","value":{"n":2},"etag":"999","options":{"concurrency":"first-write"}}]'

  # publish an event, then read the topic as a subscriber: it prints what comes within 6 s
  curl -i $api/publish/pubsub/orders -H '$json' -d '{"order":1}'
  (echo '{"topic":{"name":"orders"}}'; sleep 6) | $DK_TOOLS/grpcurl -plaintext -unix -H 'x-component-instance: pubsub' -d @ $kafka dapr.proto.components.v1.PubSub/PullMessages | sed -n 's/.*"data": "\\(.*\\)",\\{0,1\\}/\\1/p' | base64 -d; echo

  # send through the output binding
  curl -i $api/bindings/binding -H '$json' -d '{"operation":"create","data":{"job":1}}'

  # look at a component itself
  $DK_TOOLS/grpcurl -plaintext -unix $socket list
  $DK_TOOLS/grpcurl -plaintext -unix $socket describe dapr.proto.components.v1.StateStore
  $DK_TOOLS/grpcurl -plaintext -unix -H 'x-component-instance: statestore' -d '{"key":"demo||a"}' $socket dapr.proto.components.v1.StateStore/Get

./dev status, ./dev logs [name], ./dev down
TEXT
}

dk_down() {
    local name
    for name in daprd dk-kafka dk-redis kafka redis; do dk_end "$name"; done
    rm -f "$DK_RUN/ports" "$DK_RUN/broker"
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
