# shellcheck shell=bash
# The control plane of ./dev cluster: certificates, etcd, API server, controllers, scheduler; and kwok, which
# plays the nodes. Sourced by cluster.sh.

# dk_cluster_sign NAME CA SUBJECT EXTENSIONS: a key and a certificate of that authority.
dk_cluster_sign() {
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$1.key" -out "$1.csr" -subj "$3"
    openssl x509 -req -in "$1.csr" -CA "$2.crt" -CAkey "$2.key" -CAcreateserial -days 30 -out "$1.crt" \
        -extfile <(printf '%s' "$4")
    rm "$1.csr"
}

dk_cluster_authority() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -keyout "$1.key" -out "$1.crt" \
        -subj "/CN=$2" -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign
}

# dk_cluster_pki: authorities, certificates and kubeconfig files in $DK_RUN/pki, good for 30 days.
dk_cluster_pki() (
    set -e
    mkdir -p "$DK_RUN/pki"
    cd "$DK_RUN/pki"
    umask 077
    client=extendedKeyUsage=clientAuth
    server=extendedKeyUsage=serverAuth
    names=DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:kubernetes.default.svc.cluster.local
    dk_cluster_authority ca dapr-kit-test-ca
    dk_cluster_authority front dapr-kit-test-front-proxy-ca
    dk_cluster_sign apiserver ca /CN=kube-apiserver "$server
subjectAltName=$names,DNS:localhost,IP:127.0.0.1,IP:10.96.0.1,IP:$DK_CLUSTER_IP"
    dk_cluster_sign kubelet ca /CN=node-0 "$server
subjectAltName=DNS:node-0,IP:127.0.0.1,IP:$DK_CLUSTER_IP"
    dk_cluster_sign front-client front /CN=front-proxy-client "$client"
    dk_cluster_sign apiserver-kubelet ca /O=system:masters/CN=apiserver-kubelet "$client"
    dk_cluster_sign admin ca /O=system:masters/CN=admin "$client"
    dk_cluster_sign controllers ca /CN=system:kube-controller-manager "$client"
    dk_cluster_sign scheduler ca /CN=system:kube-scheduler "$client"
    dk_cluster_sign proxy ca /CN=system:kube-proxy "$client"
    dk_cluster_sign node ca /O=system:nodes/CN=system:node:node-0 "$client"
    openssl genrsa -out accounts.key 2048
    openssl rsa -in accounts.key -pubout -out accounts.pub
    for user in admin controllers scheduler proxy node; do
        cat >"$user.kubeconfig" <<TEXT
apiVersion: v1
kind: Config
clusters: [{name: dapr-kit, cluster: {server: "https://$DK_CLUSTER_IP:6443", certificate-authority: $PWD/ca.crt}}]
users: [{name: $user, user: {client-certificate: $PWD/$user.crt, client-key: $PWD/$user.key}}]
contexts: [{name: dapr-kit, context: {cluster: dapr-kit, user: $user}}]
current-context: dapr-kit
TEXT
    done
)

dk_cluster_apiserver() {
    local pki=$DK_RUN/pki
    dk_cluster_spawn kube-apiserver "$DK_CLUSTER_BIN/kube-apiserver" --etcd-servers=http://127.0.0.1:2379 \
        --bind-address="$DK_CLUSTER_IP" --advertise-address="$DK_CLUSTER_IP" --secure-port=6443 \
        --tls-cert-file="$pki/apiserver.crt" --tls-private-key-file="$pki/apiserver.key" --client-ca-file="$pki/ca.crt" \
        --service-cluster-ip-range=10.96.0.0/16 --service-account-issuer=https://kubernetes.default.svc.cluster.local \
        --service-account-key-file="$pki/accounts.pub" --service-account-signing-key-file="$pki/accounts.key" \
        --authorization-mode=Node,RBAC --enable-admission-plugins=NodeRestriction \
        --kubelet-client-certificate="$pki/apiserver-kubelet.crt" --kubelet-client-key="$pki/apiserver-kubelet.key" \
        --kubelet-preferred-address-types=InternalIP \
        --requestheader-client-ca-file="$pki/front.crt" --requestheader-allowed-names=front-proxy-client \
        --requestheader-username-headers=X-Remote-User --requestheader-group-headers=X-Remote-Group \
        --requestheader-extra-headers-prefix=X-Remote-Extra- \
        --proxy-client-cert-file="$pki/front-client.crt" --proxy-client-key-file="$pki/front-client.key" \
        --enable-aggregator-routing=true --allow-privileged=true
}

# dk_cluster_plane: everything of a cluster that runs no pod.
dk_cluster_plane() {
    local pki=$DK_RUN/pki
    dk_quietly "$DK_OUT/log/cluster-pki.log" dk_cluster_pki
    # What it holds is thrown away, so it need not reach the disk.
    dk_cluster_spawn etcd "$DK_CLUSTER_BIN/etcd" --name dk --data-dir "$DK_RUN/etcd" --unsafe-no-fsync \
        --logger zap --log-level warn --listen-client-urls http://127.0.0.1:2379 \
        --advertise-client-urls http://127.0.0.1:2379 --listen-peer-urls http://127.0.0.1:2380 \
        --initial-advertise-peer-urls http://127.0.0.1:2380 --initial-cluster dk=http://127.0.0.1:2380
    dk_wait_healthy etcd 30
    dk_cluster_apiserver
    dk_wait_healthy kube-apiserver 60
    # Accounts of their own for the controllers: Dapr's injector looks at who created a pod.
    dk_cluster_spawn kube-controller-manager "$DK_CLUSTER_BIN/kube-controller-manager" \
        --kubeconfig="$pki/controllers.kubeconfig" --authentication-kubeconfig="$pki/controllers.kubeconfig" \
        --authorization-kubeconfig="$pki/controllers.kubeconfig" --use-service-account-credentials=true \
        --service-account-private-key-file="$pki/accounts.key" --root-ca-file="$pki/ca.crt" \
        --cluster-signing-cert-file="$pki/ca.crt" --cluster-signing-key-file="$pki/ca.key" \
        --allocate-node-cidrs=true --cluster-cidr=10.244.0.0/16 --service-cluster-ip-range=10.96.0.0/16 \
        --bind-address=127.0.0.1 --leader-elect=false
    dk_cluster_spawn kube-scheduler "$DK_CLUSTER_BIN/kube-scheduler" --kubeconfig="$pki/scheduler.kubeconfig" \
        --authentication-kubeconfig="$pki/scheduler.kubeconfig" --authorization-kubeconfig="$pki/scheduler.kubeconfig" \
        --bind-address=127.0.0.1 --leader-elect=false
}

# Fake nodes in as many zones: pods become ready, jobs complete, claims are bound, and nothing runs.
dk_cluster_kwok() {
    local stage stages=() file number
    stage=$(cd "$DK_ROOT/build/tools/cluster" && go list -m -f '{{.Dir}}' sigs.k8s.io/kwok)/kustomize/stage
    for file in "$stage"/node/fast/node-initialize.yaml "$stage"/node/heartbeat-with-lease/node-*.yaml \
        "$stage"/pod/fast/pod-*.yaml "$stage"/volume/fast/pv*.yaml; do
        stages+=(--config "$file")
    done
    dk_cluster_spawn kwok "$DK_CLUSTER_BIN/kwok" --kubeconfig="$DK_RUN/pki/admin.kubeconfig" \
        --manage-all-nodes=false --manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake \
        --server-address=127.0.0.1:10247 --node-lease-duration-seconds=40 "${stages[@]}"
    for number in $(seq 0 $((DK_CLUSTER_NODES_MAX - 1))); do
        cat <<TEXT
---
apiVersion: v1
kind: Node
metadata:
  name: node-$number
  annotations: {kwok.x-k8s.io/node: fake}
  labels:
    kubernetes.io/hostname: node-$number
    kubernetes.io/os: linux
    kubernetes.io/arch: amd64
    topology.kubernetes.io/zone: zone-$number
TEXT
    done | dk_cluster_apply - "$stage/volume/fast/storage-class.yaml"
    dk_cluster_wait_for_nodes
}

# dk_cluster_apply FILE …
dk_cluster_apply() {
    local words=() file
    for file in "$@"; do words+=(-f "$file"); done
    dk_quietly "$DK_OUT/log/cluster-apply.log" dk_cluster_in "$DK_KUBECTL" apply --server-side "${words[@]}"
}

dk_cluster_wait_for_nodes() {
    dk_until 30 dk_cluster_in "$DK_KUBECTL" get node/node-0 || dk_die "cluster: no node has registered; logs in $DK_RUN"
    dk_quietly "$DK_OUT/log/cluster-nodes.log" dk_cluster_in "$DK_KUBECTL" wait --for=condition=Ready nodes --all --timeout=60s
    # The controllers make it a moment after the namespace, and no pod is admitted before.
    dk_until 30 dk_cluster_in "$DK_KUBECTL" get serviceaccount/default -n default ||
        dk_die "cluster: the controllers do nothing; logs in $DK_RUN"
    dk_step "nodes are ready"
}
