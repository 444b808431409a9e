# shellcheck shell=bash
# The chart on a node of ./dev cluster: archives of all the images that its pods have, ours and stand-ins for those of
# registries that a machine may not reach; and the release itself. Sourced by cluster.sh and test_cluster.sh.

# shellcheck source=build/dev/image.sh
. "$DK_ROOT/build/dev/image.sh"
# shellcheck source=build/dev/ready.sh
. "$DK_ROOT/build/dev/ready.sh"

DK_CLUSTER_VALUES=$DK_ROOT/tests/cluster/node/values.yaml

# dk_stand_in NAME USER [PATH=]PROGRAM …: an archive of programs of ours in the place of the one image of $dk_chart, as
# rendered, whose repository ends so, whatever its registry and tag.
dk_stand_in() {
    local name=$1 user=$2 reference
    shift 2
    reference=$(sed -n "s|^ *image: *\"\([^\"]*/$name:[^\"]*\)\"\$|\1|p" <<<"$dk_chart" | head -n 1)
    [ -n "$reference" ] || dk_die "the chart has no image of $name"
    python3 "$DK_ROOT/build/tools/node/archive.py" "$reference" "$DK_IMAGES/$name.tar" "$user" "$@"
    DK_CLUSTER_IMAGES+=("$DK_IMAGES/$name.tar")
}

# dk_stand_in_debian NAME PROGRAM [FILE …]: the same of a program of an unpacked package of Debian's, which wants Debian's
# libc beside it, and perhaps files of its package where that has them.
dk_stand_in_debian() {
    local name=$1 program=$2 words=() file
    shift 2
    for file in $(ldd "$program" | grep -o '/[^ ]*'); do words+=("${file#/}=$file"); done
    for file in "$@"; do words+=("usr/${file#*/usr/}=$file"); done
    dk_stand_in "$name" 65534 "bin/$name=$program" "${words[@]}"
}

# Traefik, and what of a release shows how the rest does.
dk_stand_ins() {
    local dk_chart
    dk_chart=$(helm template docs "$DK_ROOT/charts/dapr-kit" -f "$DK_CLUSTER_VALUES")
    dk_stand_in traefik 65532 "usr/local/bin/traefik=$DK_TOOLS/traefik"
    dk_stand_in prometheus 65534 "bin/prometheus=$DK_TOOLS/monitoring/prometheus"
    dk_stand_in prometheus-config-reloader 65534 "bin/reloader=$DK_TOOLS/monitoring/prometheus-config-reloader"
    dk_stand_in jaeger 10001 "cmd/jaeger=$DK_TOOLS/jaeger"
    dk_stand_in opentelemetry-collector-contrib 10001 "otelcol=$DK_TOOLS/otelcol"
    dk_stand_in_debian alertmanager "$DK_ALERTMANAGER" "$DK_TOOLS"/alertmanager/usr/share/prometheus/alertmanager/*.tmpl
    dk_stand_in_debian redis_exporter "$DK_REDIS_EXPORTER"
}

# Archives of all that a release's pods run, in DK_CLUSTER_IMAGES.
dk_release_images() {
    local name
    DK_CLUSTER_IMAGES=()
    # shellcheck disable=SC2086 # lists of words
    dk_image dk-redis dk-kafka dk-document dk-compute toolbox $DK_IMAGES_STAND_INS
    dk_stand_ins
    for name in dk-redis dk-kafka dk-document dk-compute toolbox $DK_IMAGES_STAND_INS; do
        DK_CLUSTER_IMAGES+=("$DK_IMAGES/$name.tar")
    done
}

# dk_cluster_install [WORD …]: the release docs in the namespace docs, with every image that its pods have; words go to Helm.
dk_cluster_install() {
    [ "$(dk_cluster_kind)" = node ] || dk_die "cluster: install: a node that only pretends runs no pod; ./dev cluster up makes one that does"
    dk_ready_release
    dk_ready_images
    dk_release_images
    dk_step "loading ${#DK_CLUSTER_IMAGES[@]} images"
    dk_cluster_load "${DK_CLUSTER_IMAGES[@]}"
    dk_step "installing the chart, with tests/cluster/node/values.yaml"
    dk_cluster_in helm install docs "$DK_ROOT/charts/dapr-kit" -n docs --create-namespace -f "$DK_CLUSTER_VALUES" --wait --timeout 5m "$@"
}
