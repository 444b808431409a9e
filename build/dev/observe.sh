# shellcheck shell=bash
# What ./dev up --observe adds: Prometheus, which asks every process for its metrics, and Jaeger, which takes the
# spans of daprd and of ours. Sourced by run.sh.
#
# $DK_RUN/observe says "yes" while this is on; what the two keep is in $DK_RUN/prometheus and in Jaeger's memory.

# dk_observe_ports BASE: behind those of dk_ports.
dk_observe_ports() {
    DK_PROMETHEUS_PORT=$(($1 + 13))
    export DK_JAEGER_PORT=$(($1 + 14)) DK_OTLP_PORT=$(($1 + 15)) DK_JAEGER_GRPC_PORT=$(($1 + 16))
    export DK_JAEGER_HEALTH_PORT=$(($1 + 17))
    DK_OWN_METRICS_PORT=$(($1 + 18)) # of the first program; each next one has the next
}

dk_observes() { [ "$(cat "$DK_RUN/observe" 2>/dev/null)" = yes ]; }

dk_observe_setup() {
    dk_setup prometheus
    dk_tool jaeger
}

# dk_metrics_port NAME: where that process of ours serves /metrics.
dk_metrics_port() {
    local name port=$DK_OWN_METRICS_PORT
    for name in $DK_OURS; do
        [ "$name" = "$1" ] && echo "$port" && return
        port=$((port + 1))
    done
    return 1
}

# dk_spawn_ours NAME PROGRAM OPTION …: dk_spawn, with what the process needs to be seen.
dk_spawn_ours() (
    name=$1
    if dk_observes; then
        dk_port_free "$(dk_metrics_port "$name")" "the metrics of $name"
        export OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:$DK_OTLP_PORT OTEL_SERVICE_NAME=$name
        export OTEL_RESOURCE_ATTRIBUTES=service.namespace=dapr-kit
        set -- "$@" --metrics-port "$(dk_metrics_port "$name")" --metrics-listen-address 127.0.0.1
    fi
    dk_spawn "$@"
)

# What daprd's Configuration says beside the rest.
dk_observe_configuration() {
    dk_observes || return 0
    cat <<TEXT
  tracing:
    samplingRate: "1"
    otel:
      endpointAddress: 127.0.0.1:$DK_OTLP_PORT
      protocol: grpc
      isSecure: false
  metrics:
    enabled: true
    http:
      increasedCardinality: false
TEXT
}

# dk_target JOB NAME PORT: one of Prometheus.
dk_target() {
    printf '  {"targets": ["127.0.0.1:%s"], "labels": {"job": "%s", "name": "%s"%s}}' "$3" "$1" "$2" "${4:-}"
}

dk_observe_targets() {
    local name
    echo '['
    dk_target dapr-sidecar daprd "$DK_METRICS_PORT" && echo ,
    dk_target dapr-sidecar daprd-compute "$DK_COMPUTE_METRICS_PORT"
    for name in $DK_OURS; do
        echo ,
        dk_target dapr-kit "$name" "$(dk_metrics_port "$name")"
    done
    printf '\n]\n'
}

dk_start_jaeger() {
    local port
    if ! dk_is_healthy jaeger; then
        dk_end jaeger
        for port in $DK_JAEGER_PORT $DK_OTLP_PORT $DK_JAEGER_GRPC_PORT $DK_JAEGER_HEALTH_PORT; do
            dk_port_free "$port" jaeger
        done
        dk_spawn jaeger "$DK_TOOLS/jaeger" --config "$DK_ROOT/build/observe/jaeger.yaml"
    fi
    dk_wait_healthy jaeger 20
}

# After all that it asks.
dk_start_prometheus() {
    mkdir -p "$DK_RUN/prometheus"
    cp "$DK_ROOT/build/observe/prometheus.yml" "$DK_RUN/prometheus/prometheus.yml"
    dk_observe_targets >"$DK_RUN/prometheus/targets.json"
    if ! dk_is_healthy prometheus; then
        dk_end prometheus
        dk_port_free "$DK_PROMETHEUS_PORT" prometheus
        dk_spawn prometheus "$DK_PROMETHEUS" --config.file "$DK_RUN/prometheus/prometheus.yml" \
            --storage.tsdb.path "$DK_RUN/prometheus/data" --storage.tsdb.retention.time 6h \
            --web.listen-address "127.0.0.1:$DK_PROMETHEUS_PORT" --log.level warn
    fi
    dk_wait_healthy prometheus 20
}

dk_observe_is_healthy() {
    case $1 in
    jaeger) curl -fs -o /dev/null "http://127.0.0.1:$DK_JAEGER_PORT/api/services" ;;
    prometheus) curl -fs -o /dev/null "http://127.0.0.1:$DK_PROMETHEUS_PORT/-/ready" ;;
    esac
}
