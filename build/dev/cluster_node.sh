# shellcheck shell=bash
# The node of ./dev cluster, the one that runs pods: containerd, kubelet, kube-proxy, CoreDNS, volumes. Sourced
# by cluster.sh.
#
# What a node does to its machine outside of $DK_RUN is undone by dk_cluster_clean_node: sysctls, cgroups, mounts,
# network namespaces of pods, and folders whose place kubelet and the network plug-ins do not let us choose.

DK_CLUSTER_SYSCTLS="vm.overcommit_memory vm.panic_on_oom kernel.panic kernel.panic_on_oops kernel.keys.root_maxkeys
    kernel.keys.root_maxbytes net.bridge.bridge-nf-call-iptables"
DK_CLUSTER_VOLUMES_MAX=16

dk_cluster_cgroups() {
    local root
    for root in /sys/fs/cgroup /sys/fs/cgroup/*; do
        if [ -d "$root/kubepods" ]; then echo "$root/kubepods"; fi
    done
}

# Two kubelets would end each other's pods: they share one tree of cgroups.
dk_cluster_node_is_alone() {
    local found
    found=$(dk_cluster_cgroups)
    [ -z "$found" ] || dk_die "cluster: this machine is a Kubernetes node already, or was left as one: $(head -n 1 <<<"$found")"
}

dk_cluster_containerd() {
    mkdir -p "$DK_RUN/cni"
    # shellcheck disable=SC2086 # a list of words
    sysctl $DK_CLUSTER_SYSCTLS >"$DK_RUN/sysctl.before" 2>/dev/null || true # a kernel may lack one
    dk_cluster_in sysctl -qw net.bridge.bridge-nf-call-iptables=1 2>/dev/null || true # without it, bridges are not filtered
    cat >"$DK_RUN/containerd.toml" <<TEXT
version = 2
root = "$DK_RUN/containerd"
state = "$DK_RUN/containerd-state"
[grpc]
  address = "$DK_RUN/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "localhost/pause:1"
  restrict_oom_score_adj = true
  disable_apparmor = true
  tolerate_missing_hugetlb_controller = true
  disable_hugetlb_controller = true
  [plugins."io.containerd.grpc.v1.cri".containerd]
    default_runtime_name = "runc"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "$DK_RUN/cni"
TEXT
    cat >"$DK_RUN/cni/10-bridge.conflist" <<TEXT
{"cniVersion": "0.4.0", "name": "$DK_CLUSTER_NET", "plugins": [
 {"type": "bridge", "bridge": "dkbr0", "isGateway": true, "ipMasq": true, "hairpinMode": true,
  "ipam": {"type": "host-local", "dataDir": "$DK_RUN/addresses", "ranges": [[{"subnet": "10.244.0.0/24"}]],
           "routes": [{"dst": "0.0.0.0/0"}]}},
 {"type": "portmap", "capabilities": {"portMappings": true}}]}
TEXT
    dk_cluster_spawn containerd containerd -c "$DK_RUN/containerd.toml"
    dk_wait_healthy containerd 30
    dk_cluster_images
}

# Of the two programs that every node needs as images: one that waits, and the one that resolves names.
dk_cluster_images() {
    local images=$DK_RUN/images
    mkdir -p "$images"
    dk_quietly "$DK_OUT/log/cluster-images.log" gcc -O2 -Wall -Wextra -Werror -static -o "$images/pause" \
        "$DK_ROOT/build/tools/node/pause.c"
    python3 "$DK_ROOT/build/tools/node/archive.py" localhost/pause:1 "$images/pause.tar" 65535 "$images/pause"
    python3 "$DK_ROOT/build/tools/node/archive.py" localhost/coredns:1 "$images/coredns.tar" 65534 "$DK_CLUSTER_BIN/coredns"
    dk_cluster_load "$images/pause.tar" "$images/coredns.tar"
    rm -r "$images"
}

dk_cluster_kubelet() {
    local pki=$DK_RUN/pki
    echo "nameserver 127.0.0.1" >"$DK_RUN/resolv.conf" # for pods: no server of this machine's network
    cat >"$DK_RUN/kubelet.yaml" <<TEXT
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
failCgroupV1: false
cgroupDriver: cgroupfs
oomScoreAdj: 0
failSwapOn: false
containerRuntimeEndpoint: unix://$DK_RUN/containerd.sock
address: $DK_CLUSTER_IP
clusterDomain: cluster.local
clusterDNS: [10.96.0.10]
resolvConf: $DK_RUN/resolv.conf
podLogsDir: $DK_RUN/pod-logs
volumePluginDir: $DK_RUN/volume-plugins
tlsCertFile: $pki/kubelet.crt
tlsPrivateKeyFile: $pki/kubelet.key
authentication: {anonymous: {enabled: false}, webhook: {enabled: true}, x509: {clientCAFile: $pki/ca.crt}}
authorization: {mode: Webhook}
evictionHard: {memory.available: 100Mi, nodefs.available: 1%, imagefs.available: 1%, nodefs.inodesFree: 1%}
imageGCHighThresholdPercent: 100
maxPods: 100
TEXT
    dk_cluster_spawn kubelet "$DK_CLUSTER_BIN/kubelet" --config="$DK_RUN/kubelet.yaml" \
        --kubeconfig="$pki/node.kubeconfig" --hostname-override=node-0 --node-ip="$DK_CLUSTER_IP" \
        --root-dir="$DK_RUN/kubelet" --cert-dir="$DK_RUN/kubelet/pki"
}

dk_cluster_proxy() {
    cat >"$DK_RUN/proxy.yaml" <<TEXT
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: iptables
clientConnection: {kubeconfig: $DK_RUN/pki/proxy.kubeconfig}
clusterCIDR: 10.244.0.0/16
hostnameOverride: node-0
conntrack: {maxPerCore: 0, min: 0, tcpEstablishedTimeout: 0s, tcpCloseWaitTimeout: 0s}
healthzBindAddress: 127.0.0.1:10256
metricsBindAddress: 127.0.0.1:10249
TEXT
    dk_cluster_spawn kube-proxy "$DK_CLUSTER_BIN/kube-proxy" --config="$DK_RUN/proxy.yaml"
}

# A default storage class, and volumes for it: folders of this node.
dk_cluster_volumes() {
    local number
    cat <<TEXT
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: local, annotations: {storageclass.kubernetes.io/is-default-class: "true"}}
provisioner: kubernetes.io/no-provisioner
volumeBindingMode: WaitForFirstConsumer
TEXT
    for number in $(seq $DK_CLUSTER_VOLUMES_MAX); do
        mkdir -p "$DK_RUN/volumes/$number"
        cat <<TEXT
---
apiVersion: v1
kind: PersistentVolume
metadata: {name: local-$number}
spec:
  capacity: {storage: 100Gi}
  accessModes: [ReadWriteOnce]
  storageClassName: local
  local: {path: $DK_RUN/volumes/$number}
  nodeAffinity:
    required: {nodeSelectorTerms: [{matchExpressions: [{key: kubernetes.io/hostname, operator: In, values: [node-0]}]}]}
TEXT
    done
}

dk_cluster_node() {
    dk_cluster_kubelet
    dk_cluster_proxy
    dk_cluster_volumes >"$DK_RUN/volumes.yaml"
    dk_cluster_apply "$DK_RUN/volumes.yaml" "$DK_ROOT/build/tools/node/dns.yaml"
    dk_cluster_wait_for_nodes
    dk_quietly "$DK_OUT/log/cluster-dns.log" dk_cluster_in "$DK_KUBECTL" rollout status -n kube-system deploy/coredns --timeout=60s
    dk_step "names are resolved"
}

# Ends every container of ours, and of nobody else: this containerd has no other clients.
dk_cluster_end_pods() {
    local call=(ctr -a "$DK_RUN/containerd.sock" -n k8s.io) one
    for one in $("${call[@]}" tasks ls -q); do "${call[@]}" tasks rm -f "$one" >/dev/null 2>&1 || true; done
    for one in $("${call[@]}" containers ls -q); do "${call[@]}" containers rm "$one" >/dev/null 2>&1 || true; done
}

# A pod that was being made has a shim and no task yet. A shim names the containerd it belongs to, and this one is ours.
dk_cluster_end_shims() {
    local pid
    for pid in $(pgrep -f -- "containerd-shim.* -address $DK_RUN/containerd.sock"); do kill -KILL "$pid" 2>/dev/null || true; done
}

# Whoever is left in the pods' cgroups is ended; a cgroup can be removed when the last of its processes is gone, which
# is a moment after it was killed.
dk_cluster_clear_cgroups() {
    local one
    for one in $(dk_cluster_cgroups); do
        find "$one" -name cgroup.procs -exec cat {} + | sort -u | xargs -r kill -KILL
        find "$one" -depth -type d -exec rmdir {} \;
    done
    [ -z "$(dk_cluster_cgroups)" ]
}

dk_cluster_clean_node() {
    local one id net
    awk -v below="$DK_RUN/" 'index($2, below) == 1 { print $2 }' /proc/mounts | sort -r |
        while IFS= read -r one; do umount -l "$one"; done
    # What the network plug-ins remember of our pods names the pods' namespaces.
    for one in /var/lib/cni/results/"$DK_CLUSTER_NET"-*-eth0; do
        [ -e "$one" ] || continue
        id=${one##*/"$DK_CLUSTER_NET"-}
        net=$(grep -o 'netns/cni-[0-9a-f-]*' "$one" | head -n 1)
        if [ -n "$net" ] && [ -e "/run/$net" ]; then ip netns del "${net#netns/}"; fi
        rm -f "$one" "/var/lib/cni/results/cni-loopback-${id%-eth0}-lo"
    done
    dk_until 10 dk_cluster_clear_cgroups || dk_say "  not every cgroup could be removed: $(dk_cluster_cgroups | head -n 1)"
    sysctl -q -p "$DK_RUN/sysctl.before" || dk_say "  not every sysctl could be put back: $DK_RUN/sysctl.before"
    rm -f /var/lib/kubelet/device-plugins/kubelet.sock
    find /var/log/containers -type l -lname "$DK_RUN/*" -delete 2>/dev/null || true
    find /var/lib/cni /var/lib/kubelet /usr/libexec/kubernetes /var/log/containers -depth -type d -empty -delete 2>/dev/null || true
}
