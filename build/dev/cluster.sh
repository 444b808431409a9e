# shellcheck shell=bash
# ./dev cluster: a Kubernetes of one machine, for trying the chart and for its tests. Its processes are the real
# ones, in a network namespace of their own, so that nothing of it listens where anybody else does. Sourced.
#
# What runs is remembered in $DK_RUN/cluster: kind, NAME.pid, NAME.log, pki/, etcd/, and the node's folders.
# A second cluster wants another DK_RUN. Two kinds: "node" runs pods (kubelet, containerd, kube-proxy, CoreDNS);
# "kwok" only pretends to, which is enough for what the API server says of a chart.

# shellcheck source=build/dev/build.sh
. "$DK_ROOT/build/dev/build.sh"
# shellcheck source=build/dev/process.sh
. "$DK_ROOT/build/dev/process.sh"
# shellcheck source=build/dev/cluster_plane.sh
. "$DK_ROOT/build/dev/cluster_plane.sh"
# shellcheck source=build/dev/cluster_node.sh
. "$DK_ROOT/build/dev/cluster_node.sh"
# shellcheck source=build/dev/cluster_release.sh
. "$DK_ROOT/build/dev/cluster_release.sh"

# Its processes keep their pid files there, and so are no business of ./dev down.
DK_RUN=$DK_RUN/cluster
DK_CLUSTER_BIN=$DK_TOOLS/cluster
# One namespace for one folder: two clusters are strangers.
DK_CLUSTER_NET=dk-$(printf '%s' "$DK_RUN" | cksum | cut -d' ' -f1)
DK_CLUSTER_IP=10.240.0.10
DK_CLUSTER_NODES_MAX=3 # of kwok's kind: what is to be spread has somewhere to go

dk_is_healthy() {
    dk_pid "$1" >/dev/null || return 1
    case $1 in
    etcd) dk_cluster_in curl -fs -o /dev/null http://127.0.0.1:2379/health ;;
    kube-apiserver) dk_cluster_in "$DK_KUBECTL" get --raw /readyz ;;
    containerd) ctr -a "$DK_RUN/containerd.sock" version ;;
    esac
}

# dk_cluster_in COMMAND …: inside the cluster's network, as its administrator. Entered by nsenter: `ip netns exec`
# would mount another /sys and hide the cgroups from the kubelet.
dk_cluster_in() { KUBECONFIG=$DK_RUN/pki/admin.kubeconfig nsenter --net="/run/netns/$DK_CLUSTER_NET" "$@"; }

dk_cluster_spawn() {
    local name=$1
    shift
    dk_spawn "$name" nsenter --net="/run/netns/$DK_CLUSTER_NET" "$@"
}

# dk_cluster_lacks KIND: says what this machine lacks for a cluster of that kind; false when it lacks nothing.
dk_cluster_lacks() {
    if [ "$(id -u)" != 0 ]; then
        echo "a cluster needs root, for a network namespace of its own"
    elif ! unshare --net true 2>/dev/null; then
        echo "a cluster needs a network namespace of its own, which this machine refuses"
    elif [ "$1" = node ] && ! unshare --mount true 2>/dev/null; then
        echo "a node needs mount namespaces, which this machine refuses"
    elif [ "$1" = node ] && ! dk_cluster_has_cgroups; then
        echo "a node needs cgroups that can be written, of memory, cpu and pids"
    else
        return 1
    fi
}

dk_cluster_has_cgroups() {
    local trial=dk-trial-$$ folder
    if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
        mkdir "/sys/fs/cgroup/$trial" 2>/dev/null && rmdir "/sys/fs/cgroup/$trial"
        return
    fi
    for folder in memory cpu pids; do
        mkdir "/sys/fs/cgroup/$folder/$trial" 2>/dev/null && rmdir "/sys/fs/cgroup/$folder/$trial" || return 1
    done
}

dk_cluster_kind() { cat "$DK_RUN/kind" 2>/dev/null; }

dk_cluster_net() {
    ip netns add "$DK_CLUSTER_NET"
    dk_cluster_in ip link set lo up
    dk_cluster_in ip link add dk0 type bridge # a bridge without ports holds the node's address, and nothing leaves
    dk_cluster_in ip addr add "$DK_CLUSTER_IP/24" dev dk0
    dk_cluster_in ip link set dk0 up
    dk_cluster_in ip route add default via 10.240.0.1 dev dk0
    dk_cluster_in sysctl -qw net.ipv4.ip_forward=1
}

# Programs of a cluster, and what its scripts call.
dk_cluster_setup() {
    dk_setup cluster
    [ "$1" = kwok ] || dk_setup node
    dk_setup helm
    DK_KUBECTL=$(command -v kubectl)
    dk_tools cluster
}

dk_cluster_up() {
    local kind=node lack
    case ${1:-} in
    '') ;;
    --kwok) kind=kwok ;;
    *) dk_die "cluster: up: '$1' is not --kwok" ;;
    esac
    lack=$(dk_cluster_lacks "$kind") && dk_die "cluster: $lack"
    if [ -n "$(dk_cluster_kind)" ]; then
        dk_die "cluster: one of the kind '$(dk_cluster_kind)' is up or half up in $DK_RUN; ./dev cluster down ends it"
    fi
    [ "$kind" = kwok ] || dk_cluster_node_is_alone
    dk_cluster_setup "$kind"
    mkdir -p "$DK_RUN"
    echo "$kind" >"$DK_RUN/kind" # from here on there is something to take down
    dk_cluster_net
    if [ "$kind" = node ]; then dk_cluster_containerd; fi
    dk_cluster_plane
    "dk_cluster_$kind"
    dk_say "A cluster of the kind '$kind' is up: ./dev cluster kubectl get pods -A"
}

dk_cluster_down() {
    local name
    if [ -z "$(dk_cluster_kind)" ]; then
        dk_say "No cluster is up."
        return
    fi
    for name in kube-proxy kubelet kwok kube-scheduler kube-controller-manager; do dk_end "$name"; done
    if [ -S "$DK_RUN/containerd.sock" ]; then dk_cluster_end_pods; fi
    # Asked to end, the API server first drains for more than ten seconds; nothing here outlives it.
    for name in kube-apiserver etcd; do dk_cluster_kill "$name"; done
    dk_end containerd
    if [ "$(dk_cluster_kind)" = node ]; then
        dk_cluster_end_shims
        dk_cluster_clean_node
    fi
    if [ -e "/run/netns/$DK_CLUSTER_NET" ]; then
        ip netns pids "$DK_CLUSTER_NET" | xargs -r kill -KILL 2>/dev/null || true # whom somebody has sent into it
        ip netns del "$DK_CLUSTER_NET"
    fi
    rm -rf "$DK_RUN"
    dk_say "The cluster is down."
}

dk_cluster_kill() {
    local pid
    pid=$(dk_pid "$1") || return 0
    kill -KILL "$pid" 2>/dev/null || true
    dk_until 5 dk_is_down "$1" || dk_die "$1 (pid $pid) cannot be stopped"
    rm -f "$DK_RUN/$1.pid"
    dk_step "$1 stopped"
}

# dk_cluster_load ARCHIVE …: images as docker-archive, for the node's pods.
dk_cluster_load() {
    local archive
    [ "$(dk_cluster_kind)" = node ] || dk_die "cluster: load: there is no node to load images into; ./dev cluster up"
    [ $# -gt 0 ] || dk_die "cluster: load: which archives? ./dev image makes them in $DK_OUT/images"
    for archive in "$@"; do
        [ -r "$archive" ] || dk_die "cluster: load: '$archive' cannot be read"
        dk_quietly "$DK_OUT/log/cluster-load.log" ctr -a "$DK_RUN/containerd.sock" -n k8s.io images import "$archive"
    done
}

# dk_cluster_crds: teaches the cluster the kinds of others that the chart can make.
dk_cluster_crds() {
    dk_crds
    dk_cluster_apply "$DK_TOOLS"/crds/*.yaml
    dk_quietly "$DK_OUT/log/cluster-crds.log" dk_cluster_in "$DK_KUBECTL" wait --for=condition=Established crd --all --timeout=60s
    dk_step "kinds of Dapr, KEDA, Prometheus Operator, Traefik and Gateway API are known"
}

dk_cluster() {
    local command=${1:-}
    [ $# -gt 0 ] && shift
    case $command in
    up | down | load) "dk_cluster_$command" "$@" ;;
    crds | install | kubectl | helm | run)
        [ -n "$(dk_cluster_kind)" ] || dk_die "cluster: none is up; ./dev cluster up"
        dk_setup helm
        DK_KUBECTL=$(command -v kubectl)
        case $command in
        crds | install)
            "dk_cluster_$command" "$@"
            return
            ;;
        esac
        if [ "$command" != run ]; then set -- "$command" "$@"; fi
        [ $# -gt 0 ] || dk_die "cluster: run: which command?"
        dk_cluster_in "$@"
        ;;
    *) dk_die "cluster: '$command' is not one of up down crds load install kubectl helm run" ;;
    esac
}
