# shellcheck shell=bash
# What each suite of ./dev test needs to stand before it can begin; and making that beside the suites that run already.
# Sourced by test.sh.

# shellcheck disable=SC2034 # test.sh reads it
# What every run installs at once and first: one call of apt-get, and nothing is installed while something runs.
DK_PACKAGES_OF_A_RUN="build test run go sdk kcat opensearch helm cluster node image toolbox"

# dk_ready SUITE: what stands already costs a look.
dk_ready() {
    case $1 in
    unit) dk_setup run && dk_build dev ;;
    asan) dk_setup run && dk_build asan ;;
    stress) dk_build tsan ;;
    fuzz) dk_build fuzz ;;
    proto) dk_setup build ;;
    interop) dk_build release ;;
    otlp) dk_setup run && dk_build release ;;
    h2spec) dk_build release && dk_tool h2spec ;;
    official) dk_setup valkey && dk_build release && dk_kafka "$DK_KAFKA_VERSION" ;;
    e2e) dk_setup valkey && dk_ready_daprd && dk_tool daprd -tags compare && dk_tool scheduler ;;
    sdk) dk_setup sdk && dk_ready_daprd ;;
    kafka)
        dk_setup kcat
        dk_ready_daprd && dk_tool daprd -tags compare
        dk_kafka "$DK_KAFKA_VERSION" && dk_kafka "$DK_KAFKA_3_VERSION"
        ;;
    services) dk_ready_daprd && dk_kafka "$DK_KAFKA_VERSION" ;;
    images) dk_ready_images ;;
    images-source) dk_build release && dk_setup image-base ;;
    telemetry) dk_setup prometheus && dk_ready_daprd && dk_tool jaeger && dk_kafka "$DK_KAFKA_VERSION" ;;
    chart) dk_setup helm && dk_ready_daprd ;;
    stack)
        dk_setup run && dk_setup helm && dk_setup prometheus && dk_setup alertmanager && dk_setup redis-exporter
        dk_tool jaeger && dk_tool otelcol && dk_opensearch
        ;;
    chart-kwok) ! dk_cluster_is_possible kwok || dk_ready_cluster ;;
    cluster) ! dk_cluster_is_possible node || { dk_ready_cluster && dk_ready_release && dk_ready_images; } ;;
    cluster-dapr) dk_ready cluster && { ! dk_cluster_is_possible node || dk_tools dapr; } ;;
    esac
}

dk_ready_cluster() { dk_setup helm && dk_crds && dk_tools cluster; }
dk_ready_daprd() { dk_setup run && dk_build release && dk_tool daprd; }

# Stand-ins for images that a release's pods have.
dk_ready_release() {
    dk_traefik && dk_tools monitoring && dk_tool jaeger && dk_tool otelcol
    dk_setup alertmanager && dk_setup redis-exporter
}

dk_ready_images() {
    dk_setup image && dk_setup toolbox && dk_ready_daprd
    dk_tool grpcurl && dk_kafka "$DK_KAFKA_VERSION"
}

# dk_ahead SUITE …: makes what these will need, in their order, for as long as nothing else wants the processors; a suite
# that comes to something half made waits for it. It says nothing: what fails here fails again where it is needed, with
# its words.
dk_ahead() {
    set -m # a group of processes of its own, so that all of it can be ended
    (
        renice -n 19 -p "$BASHPID"
        # shellcheck disable=SC2317 # dk_ready calls it
        dk_quietly() { # beside the logs of the suites, which may want the same
            local log=$DK_OUT/log/ahead/${1##*/}
            shift
            "$@" >"$log" 2>&1 || exit 1
        }
        mkdir -p "$DK_OUT/log/ahead"
        for suite in "$@"; do (dk_ready "$suite"); done
    ) >/dev/null 2>&1 </dev/null &
    set +m
}
