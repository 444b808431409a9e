# shellcheck shell=bash
# The two services of ./dev up, each with a daprd and components of its own, as in a pod: daprd keeps one
# connection to each component, and two that gave one component the same name would share its Init. Sourced by run.sh.
#
# What belongs to the document service has plain names (dk-redis, daprd, $DK_RUN/sockets); what belongs to the
# compute service has them with "-compute" behind.

dk_app_port() { if [ "$1" = document ]; then echo "$DK_DOCUMENT_PORT"; else echo "$DK_COMPUTE_PORT"; fi; }

# dk_suffix SERVICE
dk_suffix() { [ "$1" = document ] || echo "-$1"; }

# A daprd that is there and new enough, else our own, built from Dapr's Go module.
dk_find_daprd() {
    local candidate version
    for candidate in "$(command -v daprd || true)" "$HOME/.dapr/bin/daprd"; do
        [ -x "$candidate" ] || continue
        version=$("$candidate" --version 2>/dev/null | head -n 1)
        if [ "$(printf '1.16.0\n%s\n' "${version#v}" | sort -V | head -n 1)" = 1.16.0 ]; then
            dk_step "daprd $version found at $candidate"
            DK_DAPRD=$candidate
            dk_write_configuration found
            return
        fi
        dk_step "daprd $version at $candidate is older than 1.16, not used"
    done
    dk_tool daprd
    DK_DAPRD=$DK_TOOLS/daprd
    dk_write_configuration own
}

# dk_write_configuration own|found: the daprd that ./dev builds alone has the name resolution "static", which sends
# nothing on the network where the default announces itself by multicast.
dk_write_configuration() {
    {
        cat <<TEXT
apiVersion: dapr.io/v1alpha1
kind: Configuration
metadata:
  name: dev
spec:
TEXT
        dk_observe_configuration
        [ "$1" = found ] || cat <<TEXT
  nameResolution:
    component: static
    configuration:
      document: 127.0.0.1:$DK_INTERNAL_PORT
      compute: 127.0.0.1:$DK_COMPUTE_INTERNAL_PORT
TEXT
    } >"$DK_RUN/daprd.yaml"
}

# dk_start_component PROGRAM SERVICE: after its server.
dk_start_component() {
    local name
    name=$1$(dk_suffix "$2")
    if ! dk_is_healthy "$name" >/dev/null; then
        dk_end "$name"
        dk_end "daprd$(dk_suffix "$2")" # it does not call Init again after a component restarts
        dk_spawn_ours "$name" "$DK_OUT/release/bin/$1" --socket-dir "$DK_RUN/sockets$(dk_suffix "$2")"
    fi
    dk_wait_healthy "$name" 10
}

# dk_start_service SERVICE: the program itself. It waits for its daprd where it needs it.
dk_start_service() {
    local port
    port=$(dk_app_port "$1")
    if ! dk_is_healthy "dk-$1" >/dev/null; then
        dk_end "dk-$1"
        dk_port_free "$port" "dk-$1"
        DAPR_GRPC_PORT=$(dk_daprd_port "$1" grpc) dk_spawn_ours "dk-$1" "$DK_OUT/release/bin/dk-$1" --app-port "$port"
    fi
    dk_wait_healthy "dk-$1" 10
}

# dk_daprd_port SERVICE http|grpc|internal|metrics
dk_daprd_port() {
    case $1-$2 in
    document-http) echo "$DK_HTTP_PORT" ;;
    document-grpc) echo "$DK_GRPC_PORT" ;;
    document-internal) echo "$DK_INTERNAL_PORT" ;;
    document-metrics) echo "$DK_METRICS_PORT" ;;
    compute-http) echo "$DK_COMPUTE_HTTP_PORT" ;;
    compute-grpc) echo "$DK_COMPUTE_GRPC_PORT" ;;
    compute-internal) echo "$DK_COMPUTE_INTERNAL_PORT" ;;
    compute-metrics) echo "$DK_COMPUTE_METRICS_PORT" ;;
    esac
}

dk_start_daprd() {
    local name kind
    name=daprd$(dk_suffix "$1")
    if ! dk_is_healthy "$name"; then
        dk_end "$name"
        for kind in http grpc internal metrics; do
            dk_port_free "$(dk_daprd_port "$1" $kind)" "$name"
        done
        DK_REDIS_HOST=127.0.0.1:$DK_REDIS_PORT DK_KAFKA_BROKERS=127.0.0.1:$DK_KAFKA_PORT \
            DAPR_COMPONENTS_SOCKETS_FOLDER=$DK_RUN/sockets$(dk_suffix "$1") DAPR_HOST_IP=127.0.0.1 \
            dk_spawn "$name" "$DK_DAPRD" --app-id "$1" --resources-path "$DK_ROOT/resources" --config "$DK_RUN/daprd.yaml" \
            --app-port "$(dk_app_port "$1")" --app-protocol grpc --dapr-listen-addresses 127.0.0.1 \
            --dapr-http-port "$(dk_daprd_port "$1" http)" --dapr-grpc-port "$(dk_daprd_port "$1" grpc)" \
            --dapr-internal-grpc-port "$(dk_daprd_port "$1" internal)" --dapr-internal-grpc-listen-address 127.0.0.1 \
            --metrics-port "$(dk_daprd_port "$1" metrics)" --metrics-listen-address 127.0.0.1
    fi
    dk_wait_healthy "$name" 30
}
