#!/usr/bin/env bash
# Builds one Go tool of this folder into build/out/tools, unless it stands there already.
#
#   build/tools/build.sh NAME [-tags TAG[,TAG]…]
#
# NAME is a folder beside this script: a module of its own, with a main of ours or with a `tool` line
# that names somebody else's. Tags become part of the program's name (daprd -tags compare ->
# daprd-compare), so both can stand side by side. What decides whether to build is the content of the
# inputs, not their time: a fresh clone with a kept build/out builds nothing.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
out=$here/../out/tools

say() { printf 'tools: %s\n' "$*"; }
die() {
    printf 'tools: %s\n' "$*" >&2
    exit 1
}

names() { find "$here" -mindepth 2 -maxdepth 2 -name go.mod -printf '%h\n' | xargs -n 1 basename | sort | paste -sd' '; }

# The program is asked for its version by people and by scripts; Go leaves that to the linker.
version_flags() {
    local version
    case $1 in
    daprd | scheduler)
        version=$(go list -m -f '{{.Version}}' github.com/dapr/dapr)
        printf -- '-X github.com/dapr/dapr/pkg/buildinfo.version=%s ' "${version#v}"
        printf -- '-X github.com/dapr/kit/logger.DaprVersion=%s' "${version#v}"
        ;;
    grpcurl) printf -- '-X main.version=%s' "$(go list -m -f '{{.Version}}' github.com/fullstorydev/grpcurl)" ;;
    ghz) printf -- '-X main.version=%s' "$(go list -m -f '{{.Version}}' github.com/bojand/ghz)" ;;
    h2spec) printf -- '-X main.VERSION=%s' "$(go list -m -f '{{.Version}}' github.com/summerwind/h2spec)" ;;
    jaeger)
        printf -- '-X github.com/jaegertracing/jaeger/internal/version.latestVersion=%s' \
            "$(go list -m -f '{{.Version}}' github.com/jaegertracing/jaeger)"
        ;;
    otelcol) printf -- '-X main.version=%s' "$(go list -m -f '{{.Version}}' go.opentelemetry.io/collector/otelcol)" ;;
    *) die "no rule for the version of '$1'; add one to version_flags" ;;
    esac
}

# One line that changes when any input does: our files, the recipe, the tags, the compiler.
inputs() {
    local file
    find . -type f -print | LC_ALL=C sort | while IFS= read -r file; do sha256sum "$file"; done
    sha256sum <"$here/build.sh"
    printf '%s\n' "tags=$1"
    go version
}

[ $# -ge 1 ] || die "usage: build.sh NAME [-tags TAG[,TAG]...], where NAME is one of: $(names)"
name=$1
shift
tags=
while [ $# -gt 0 ]; do
    case $1 in
    -tags)
        [ $# -ge 2 ] || die "-tags wants a word after it"
        tags=$2
        shift 2
        ;;
    *) die "unknown word '$1'; usage: build.sh NAME [-tags TAG[,TAG]...]" ;;
    esac
done
[ -f "$here/$name/go.mod" ] || die "no tool '$name' here; there are: $(names)"
command -v go >/dev/null || die "go is not on PATH; '$name' is built from Go modules"

program=$name${tags:+-${tags//,/-}}
mkdir -p "$out"
out=$(cd "$out" && pwd)

# Two suites may want the same tool at once: the second waits, then finds it built.
exec 9>"$out/.$program.lock"
flock 9

cd "$here/$name"
sum=$(inputs "$tags" | sha256sum | cut -d' ' -f1)
if [ -x "$out/$program" ] && [ "$(cat "$out/.$program.sum" 2>/dev/null)" = "$sum" ]; then
    say "$program is up to date"
    exit 0
fi

package=tool
if compgen -G '*.go' >/dev/null; then
    package=.
fi
flags=$(version_flags "$name")
say "building $program (the first time fetches modules and takes minutes)"
started=$SECONDS
rm -f "$out/.$program.sum"
CGO_ENABLED=0 go build -mod=readonly -trimpath -buildvcs=false -tags "$tags" -ldflags "-s -w $flags" \
    -o "$out/.$program.new" "$package" || die "$program does not build"
mv "$out/.$program.new" "$out/$program"
printf '%s\n' "$sum" >"$out/.$program.sum"
say "built $program in $((SECONDS - started)) s, $(($(stat -c %s "$out/$program") / 1048576)) MiB"
