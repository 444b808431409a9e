# shellcheck shell=bash
# shellcheck disable=SC2031 # cluster.sh is read in a subshell too
# Suites that need a cluster: each brings one up for itself, runs inside its network, and takes it down. Sourced by
# test.sh.

DK_CLUSTER_IMAGES=() # archives that a suite's node gets

# shellcheck source=build/dev/cluster_release.sh
. "$DK_ROOT/build/dev/cluster_release.sh"

# dk_cluster_is_possible KIND: whether this machine can have a cluster of that kind.
dk_cluster_is_possible() (
    # shellcheck source=build/dev/cluster.sh
    . "$DK_ROOT/build/dev/cluster.sh"
    ! dk_cluster_lacks "$1" >/dev/null
)

# dk_cluster_suite SUITE KIND PACKAGE [NAME=VALUE …]: tests of one Go package on a cluster of that kind. On a machine
# that cannot have one this counts as skipped; where CI is set it has failed, for there nobody reads along.
dk_cluster_suite() {
    local suite=$1 kind=$2 package=$3 lack log=$DK_OUT/log/$1.json option=()
    shift 3
    DK_RUN=$DK_OUT/run/$suite
    # shellcheck source=build/dev/cluster.sh
    . "$DK_ROOT/build/dev/cluster.sh"
    if lack=$(dk_cluster_lacks "$kind"); then
        dk_say "  $lack"
        if [ -n "${CI:-}" ]; then dk_count "$suite" 0 1 0; else dk_count "$suite" 0 0 1; fi
        return
    fi
    # Compiled outside: inside of the cluster's network no module can be fetched.
    dk_setup go
    (cd "$DK_ROOT/tests" && CGO_ENABLED=0 go test -trimpath -c -o "$DK_OUT/cluster/$suite.test" "$package") >"$log" 2>&1 || {
        dk_tally "$suite" go "$log" "$log"
        return
    }
    trap 'trap "" INT TERM; dk_cluster_down' EXIT # however the suite ends, and whole
    if [ "$kind" = kwok ]; then option=(--kwok); fi
    dk_cluster_up "${option[@]}"
    if [ ${#DK_CLUSTER_IMAGES[@]} -gt 0 ]; then
        dk_step "loading ${#DK_CLUSTER_IMAGES[@]} images"
        dk_cluster_load "${DK_CLUSTER_IMAGES[@]}"
    fi
    dk_step "testing"
    (cd "$DK_ROOT/tests/${package#./}" && dk_cluster_in env CHART="$DK_ROOT/charts/dapr-kit" "$@" \
        go tool test2json -t -p "$suite" "$DK_OUT/cluster/$suite.test" -test.v=test2json -test.timeout 20m) >"$log" 2>&1 || true
    dk_tally "$suite" go "$log" "$log"
    sed -n 's/.*"Output":"count| \(.*\)\\n".*/  \1/p' "$log"
}

# What the API server says of the chart, with every combination of values.
dk_suite_chart-kwok() {
    dk_cluster_suite chart-kwok kwok ./cluster/kwok CRDS="$DK_TOOLS/crds" HELM3="$DK_TOOLS/cluster/helm"
}

# dk_release_suite SUITE VALUES [NAME=VALUE …]: the chart as users have it, on a node that runs its pods.
dk_release_suite() {
    local suite=$1 values=$2
    shift 2
    dk_cluster_suite "$suite" node ./cluster/node VALUES="$values" \
        CONTAINERD="$DK_OUT/run/$suite/cluster/containerd.sock" "$@"
}

dk_suite_cluster() {
    if dk_cluster_is_possible node; then dk_release_images; fi
    dk_release_suite cluster "$DK_CLUSTER_VALUES"
}

# Dapr's own control plane, built from its module, as archives too.
dk_control_plane_images() {
    local name here=$DK_ROOT/tests/cluster/node
    for name in injector operator sentry; do
        python3 "$DK_ROOT/build/tools/node/archive.py" "ghcr.io/dapr/$name:$(sed -n 's/^ *tag: "\(.*\)"/\1/p' "$here/control_plane.yaml")" \
            "$DK_IMAGES/$name.tar" 65532 "$DK_TOOLS/dapr/$name"
        DK_CLUSTER_IMAGES+=("$DK_IMAGES/$name.tar")
    done
}

# The same beside Dapr's own control plane, whose chart is in its Go module.
dk_suite_cluster-dapr() {
    local here=$DK_ROOT/tests/cluster/node chart
    dk_setup go
    chart=$(cd "$DK_ROOT/build/tools/dapr" && go list -m -f '{{.Dir}}' github.com/dapr/dapr)/charts/dapr
    if dk_cluster_is_possible node; then dk_release_images && dk_control_plane_images; fi
    dk_release_suite cluster-dapr "$DK_CLUSTER_VALUES,$here/injected.yaml" \
        DAPR_CHART="$chart" DAPR_VALUES="$here/control_plane.yaml"
}
