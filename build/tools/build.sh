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
# shellcheck source=build/tools/tool.sh
. "$here/tool.sh" tools

names() { find "$here" -mindepth 2 -maxdepth 2 -name go.mod -printf '%h\n' | xargs -n 1 basename | sort | paste -sd' '; }

# The program is asked for its version by people and by scripts; Go leaves that to the linker.
version_flags() {
    local version
    case $1 in
    daprd | scheduler)
        version=$(version_of github.com/dapr/dapr)
        printf -- '-X github.com/dapr/dapr/pkg/buildinfo.version=%s ' "${version#v}"
        printf -- '-X github.com/dapr/kit/logger.DaprVersion=%s' "${version#v}"
        ;;
    grpcurl) printf -- '-X main.version=%s' "$(version_of github.com/fullstorydev/grpcurl)" ;;
    ghz) printf -- '-X main.version=%s' "$(version_of github.com/bojand/ghz)" ;;
    h2spec) printf -- '-X main.VERSION=%s' "$(version_of github.com/summerwind/h2spec)" ;;
    jaeger)
        printf -- '-X github.com/jaegertracing/jaeger/internal/version.latestVersion=%s' \
            "$(version_of github.com/jaegertracing/jaeger)"
        ;;
    otelcol) printf -- '-X main.version=%s' "$(version_of go.opentelemetry.io/collector/otelcol)" ;;
    *) die "no rule for the version of '$1'; add one to version_flags" ;;
    esac
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
need go "'$name' is built from Go modules"

program=$name${tags:+-${tags//,/-}}
subject=$program
alone "$program"
cd "$here/$name"
sum=$(sum_of "tags=$tags" "$(go version)")
if [ -x "$tools/$program" ] && stands "$sum" "$tools/.$program.sum"; then exit 0; fi
flags=$(version_flags "$name")
package=tool
if compgen -G '*.go' >/dev/null; then package=.; fi
rm -f "$tools/.$program.sum"
go_build "$flags" -tags "$tags" -o "$tools/.$program.new" "$package"
mv "$tools/.$program.new" "$tools/$program"
made "$sum" "$tools/.$program.sum" "$tools/$program"
