#!/usr/bin/env bash
# Builds the programs of one module of this folder into build/out/tools/NAME, unless they stand there already:
# those that its `tool` lines name, and its own. Programs that share most of their packages are built together.
#
#   build/tools/several.sh NAME
#
# What decides whether to build is the content of the folder and the compiler, as with build.sh.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
out=$here/../out/tools

say() { printf 'tools: %s\n' "$*"; }
die() {
    printf 'tools: %s\n' "$*" >&2
    exit 1
}

version_of() { go list -m -f '{{.Version}}' "$1"; }

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

inputs() {
    local file
    find . -type f -print | LC_ALL=C sort | while IFS= read -r file; do sha256sum "$file"; done
    sha256sum <"$here/several.sh"
    go version
}

if [ $# != 1 ] || [ ! -f "$here/$1/go.mod" ]; then die "usage: several.sh NAME, where NAME is cluster, dapr or monitoring"; fi
command -v go >/dev/null || die "go is not on PATH; '$1' is built from Go modules"
name=$1
mkdir -p "$out"
out=$(cd "$out" && pwd)
exec 9>"$out/.$name.lock"
flock 9
cd "$here/$name"
sum=$(inputs | sha256sum | cut -d' ' -f1)
if [ "$(cat "$out/$name/sum" 2>/dev/null)" = "$sum" ]; then
    say "$name is up to date"
    exit 0
fi
own=()
if compgen -G '*/main.go' >/dev/null; then own=(./...); fi
flags=$(version_flags "$name")
say "building $name (the first time fetches modules and takes minutes)"
started=$SECONDS
rm -rf "$out/.$name.new"
mkdir -p "$out/.$name.new"
CGO_ENABLED=0 go build -mod=readonly -trimpath -buildvcs=false -tags "$(tags "$name")" -ldflags "-s -w $flags" \
    -o "$out/.$name.new/" tool "${own[@]}" ||
    die "$name does not build"
rm -rf "${out:?}/$name"
mv "$out/.$name.new" "$out/$name"
printf '%s\n' "$sum" >"$out/$name/sum"
say "built $name in $((SECONDS - started)) s, $(du -sm "$out/$name" | cut -f1) MiB"
