#!/usr/bin/env bash
# Puts the definitions of the kinds that the chart can make (of cert-manager, Dapr, KEDA, Prometheus Operator, Traefik,
# Gateway API) into build/out/tools/crds, one file for each source, out of the Go modules that carry them.
#
#   build/tools/crds/fetch.sh
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=build/tools/tool.sh
. "$here/../tool.sh" crds
home=$tools/crds

need go "the definitions are read from Go modules"
need jq "it reads what Go says of a module"
alone crds
cd "$here"
sum=$(sum_of crds)
if stands "$sum" "$home/sum"; then exit 0; fi
rm -rf "$home"
mkdir -p "$home"
cd / # in no module, so that nobody's go.mod chooses the versions
grep -v '^#' "$here/sources.txt" | while read -r module version sum path; do
    answer=$(go mod download -json "$module@$version") || die "$module@$version cannot be fetched: $(jq -r .Error <<<"$answer")"
    [ "$(jq -r .Sum <<<"$answer")" = "$sum" ] || die "$module@$version is $(jq -r .Sum <<<"$answer"), and not $sum"
    source=$(jq -r .Dir <<<"$answer")/$path
    name=$(tr / - <<<"${module#*/}")
    find "$source" -type f \( -name '*.yaml' -o -name '*.yml' \) ! -name 'kustomiz*' -print | LC_ALL=C sort |
        while IFS= read -r file; do
            printf -- '---\n'
            cat "$file"
        done >"$home/$name.yaml"
    grep -q '^kind: CustomResourceDefinition' "$home/$name.yaml" || die "$module@$version has no definitions in $path"
done
made "$sum" "$home/sum" "$home"
