# shellcheck shell=bash
# ./dev up, demo, trace, down, status, logs: Redis, Kafka, and the document and the compute service with daprd and components
# each, on this machine. Sourced.
#
# What runs is remembered in $DK_RUN: NAME.pid, NAME.log, sockets/, sockets-compute/, redis/, kafka/, daprd.yaml,
# ports, broker and observe.

# shellcheck source=build/dev/build.sh
. "$DK_ROOT/build/dev/build.sh"
# shellcheck source=build/dev/broker.sh
. "$DK_ROOT/build/dev/broker.sh"
# shellcheck source=build/dev/observe.sh
. "$DK_ROOT/build/dev/observe.sh"
# shellcheck source=build/dev/process.sh
. "$DK_ROOT/build/dev/process.sh"
# shellcheck source=build/dev/sidecar.sh
. "$DK_ROOT/build/dev/sidecar.sh"
# shellcheck source=build/dev/try.sh
. "$DK_ROOT/build/dev/try.sh"

# In the order of starting; the other way round they end.
DK_OURS="dk-redis dk-kafka dk-redis-compute dk-kafka-compute dk-document dk-compute"
DK_ALL_NAMES="jaeger redis kafka $DK_OURS daprd daprd-compute prometheus"

# Those that are to run.
dk_names() {
    if dk_observes; then echo "$DK_ALL_NAMES"; else echo "$DK_ALL_NAMES" | sed 's/^jaeger //; s/ prometheus$//'; fi
}

dk_ports() {
    local base=${1:-3500}
    DK_HTTP_PORT=$base DK_GRPC_PORT=$((base + 1)) DK_INTERNAL_PORT=$((base + 2)) DK_METRICS_PORT=$((base + 3))
    DK_REDIS_PORT=$((base + 4)) DK_KAFKA_PORT=$((base + 5)) DK_CONTROLLER_PORT=$((base + 6))
    DK_DOCUMENT_PORT=$((base + 7)) DK_COMPUTE_PORT=$((base + 8)) DK_COMPUTE_HTTP_PORT=$((base + 9))
    DK_COMPUTE_GRPC_PORT=$((base + 10)) DK_COMPUTE_INTERNAL_PORT=$((base + 11)) DK_COMPUTE_METRICS_PORT=$((base + 12))
    dk_observe_ports "$base"
    # Without a base, the gRPC port is the one that users know.
    [ -n "${1:-}" ] || DK_GRPC_PORT=50001
}

dk_is_healthy() {
    dk_pid "$1" >/dev/null || return 1
    case $1 in
    redis) [ "$(redis-cli -h 127.0.0.1 -p "$DK_REDIS_PORT" ping 2>/dev/null)" = PONG ] ;;
    kafka) dk_broker_is_healthy ;;
    dk-redis | dk-kafka) "$DK_OUT/release/bin/$1" --check --socket-dir "$DK_RUN/sockets" ;;
    dk-redis-compute | dk-kafka-compute)
        "$DK_OUT/release/bin/${1%-compute}" --check --socket-dir "$DK_RUN/sockets-compute"
        ;;
    dk-document | dk-compute)
        "$DK_TOOLS/grpcurl" -plaintext "127.0.0.1:$(dk_app_port "${1#dk-}")" grpc.health.v1.Health/Check |
            grep -q '"SERVING"'
        ;;
    daprd) curl -fs -o /dev/null "http://127.0.0.1:$DK_HTTP_PORT/v1.0/healthz" ;;
    daprd-compute) curl -fs -o /dev/null "http://127.0.0.1:$DK_COMPUTE_HTTP_PORT/v1.0/healthz" ;;
    jaeger | prometheus) dk_observe_is_healthy "$1" ;;
    esac
}

# Nothing that runs is taken over with other ports, another broker or another --observe than it was started with.
dk_refuse_change() {
    local name
    for name in $DK_ALL_NAMES; do
        if ! dk_is_down "$name"; then
            dk_die "already up with other $1; ./dev down first"
        fi
    done
}

dk_up() {
    local base='' broker=kafka observe=no service
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
        --observe)
            observe=yes
            shift
            ;;
        *) dk_die "up: '$1' is no option; there are --port-base N, --broker kafka|mock and --observe" ;;
        esac
    done
    dk_ports "$base"
    [ "$(cat "$DK_RUN/ports" 2>/dev/null || echo "$base")" = "$base" ] || dk_refuse_change ports
    [ "$(cat "$DK_RUN/broker" 2>/dev/null || echo "$broker")" = "$broker" ] || dk_refuse_change broker
    [ "$(cat "$DK_RUN/observe" 2>/dev/null || echo "$observe")" = "$observe" ] || dk_refuse_change --observe
    [ "$broker" = mock ] || dk_broker_possible
    dk_setup run
    [ $observe = no ] || dk_observe_setup
    dk_broker_setup "$broker"
    dk_build release
    mkdir -p "$DK_RUN/redis" "$DK_RUN/sockets" "$DK_RUN/sockets-compute"
    echo "$base" >"$DK_RUN/ports"
    echo "$broker" >"$DK_RUN/broker"
    echo "$observe" >"$DK_RUN/observe"
    dk_find_daprd
    dk_tool grpcurl

    ! dk_observes || dk_start_jaeger
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
    for service in document compute; do
        dk_start_component dk-redis $service
        dk_start_component dk-kafka $service
        dk_start_service $service
    done
    for service in document compute; do dk_start_daprd $service; done
    ! dk_observes || dk_start_prometheus
    dk_try
}

dk_demo() {
    dk_ports "$(cat "$DK_RUN/ports" 2>/dev/null || true)"
    dk_is_healthy daprd >/dev/null 2>&1 || dk_die "demo: daprd is not up; ./dev up first"
    python3 "$DK_ROOT/build/dev/demo.py" --url "http://127.0.0.1:$DK_HTTP_PORT/v1.0/invoke/document/method" "$@"
}

dk_trace() {
    dk_ports "$(cat "$DK_RUN/ports" 2>/dev/null || true)"
    if ! dk_observes || ! dk_is_healthy jaeger >/dev/null 2>&1; then
        dk_die "trace: Jaeger is not up; ./dev up --observe first"
    fi
    python3 "$DK_ROOT/build/dev/trace.py" --url "http://127.0.0.1:$DK_HTTP_PORT/v1.0/invoke/document/method" \
        --jaeger "http://127.0.0.1:$DK_JAEGER_PORT" "$@"
}

dk_down() {
    local name
    for name in $(tac -s ' ' <<<"$DK_ALL_NAMES "); do dk_end "$name"; done
    rm -f "$DK_RUN/ports" "$DK_RUN/broker" "$DK_RUN/observe"
}

dk_status() {
    local all=0 name
    dk_ports "$(cat "$DK_RUN/ports" 2>/dev/null || true)"
    for name in $(dk_names); do
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
    for name in ${1:-$(dk_names)}; do
        [ -r "$DK_RUN/$name.log" ] || dk_die "logs: '$name' has none; there are: $(dk_names)"
        sed "s/^/$name | /" "$DK_RUN/$name.log"
    done
}
