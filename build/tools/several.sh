#!/usr/bin/env bash
# Builds the programs of one module of this folder into build/out/tools/NAME, unless they stand there already:
# those that its `tool` lines name, and its own. Programs that share most of their packages are built together.
#
#   build/tools/several.sh NAME
#
# What decides whether to build is the content of the folder and the compiler, as with build.sh.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=build/tools/tool.sh
. "$here/tool.sh" "${1:-several.sh}"

version_flags() {
    local version minor
    case $1 in
    cluster)
        # Kubernetes takes a version it was not told for v0.0.0, and charts with a kubeVersion then refuse it.
        version=$(version_of k8s.io/kubernetes)
        minor=${version#v1.}
        minor=${minor%%.*}
        printf -- '-X k8s.io/component-base/version.%s ' "gitVersion=$version" gitMajor=1 "gitMinor=$minor" gitTreeState=clean
        printf -- '-X helm.sh/helm/v3/internal/version.version=%s ' "$(version_of helm.sh/helm/v3)"
        printf -- '-X helm.sh/helm/v3/pkg/chartutil.%s ' k8sVersionMajor=1 "k8sVersionMinor=$minor"
        ;;
    dapr)
        version=$(version_of github.com/dapr/dapr)
        printf -- '-X github.com/dapr/dapr/pkg/buildinfo.version=%s ' "${version#v}"
        printf -- '-X github.com/dapr/kit/logger.DaprVersion=%s' "${version#v}"
        ;;
    monitoring)
        printf -- '-X github.com/prometheus/common/version.Version=%s' "$(version_of github.com/prometheus/prometheus)"
        ;;
    *) die "no rule for the version of '$1'; add one to version_flags" ;;
    esac
}

# What a program leaves out when it is told to: Prometheus knows two dozen clouds, and we have a Kubernetes.
tags() {
    case $1 in
    monitoring) echo remove_all_sd,enable_kubernetes_sd ;;
    esac
}

if [ $# != 1 ] || [ ! -f "$here/$1/go.mod" ]; then die "usage: several.sh NAME, where NAME is cluster, dapr or monitoring"; fi
need go "'$1' is built from Go modules"
home=$tools/$1
alone "$1"
cd "$here/$1"
sum=$(sum_of "$(go version)")
if stands "$sum" "$home/sum"; then exit 0; fi
flags=$(version_flags "$1")
own=()
if compgen -G '*/main.go' >/dev/null; then own=(./...); fi
rm -rf "$tools/.$1.new"
mkdir "$tools/.$1.new"
go_build "$flags" -tags "$(tags "$1")" -o "$tools/.$1.new/" tool "${own[@]}"
rm -rf "$home"
mv "$tools/.$1.new" "$home"
made "$sum" "$home/sum" "$home"
