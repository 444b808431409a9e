#!/usr/bin/env bash
# Puts Traefik into build/out/tools/traefik, for tests of the gateway's configuration and as a stand-in for its image.
#
#   build/tools/traefik/build.sh
#
# Two packages are exchanged for ours, which do without: DNS providers of the ACME client and a cloud's provider
# of routes bring nine hundred packages along, some of which no proxy of Go modules has. What is exchanged is exchanged
# in copies under build/out; go.mod names the versions. What decides whether to build is the content of this folder
# and the compiler.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=build/tools/tool.sh
. "$here/../tool.sh" traefik
work=$tools/.traefik

# copy_of MODULE: a copy of the version that go.mod names, to be changed. Its own tests and pages stay behind.
copy_of() {
    local answer folder
    answer=$(go mod download -json "$1@$(version_of "$1")") || die "$1 cannot be fetched: $(jq -r .Error <<<"$answer")"
    folder=$work/copies/$(tr / - <<<"$1")
    cp -r "$(jq -r .Dir <<<"$answer")" "$folder"
    chmod -R u+w "$folder"
    printf '%s\n' "$folder"
}

# Read from go.mod itself: `go list` would want modules that no proxy has.
version_of() { go mod edit -json | jq -r --arg path "$1" '.Require[] | select(.Path == $path).Version'; }

need go "Traefik is built from Go modules"
need jq "it reads what Go says of a module"
alone traefik
cd "$here"
sum=$(sum_of "$(go version)")
if [ -x "$tools/traefik" ] && stands "$sum" "$tools/.traefik.sum"; then exit 0; fi
rm -rf "$work" "$tools/.traefik.sum"
mkdir -p "$work/copies"
traefik=$(copy_of github.com/traefik/traefik/v3)
lego=$(copy_of github.com/go-acme/lego/v5)
cp dns/dns.go "$lego/providers/dns/zz_gen_dns_providers.go"
rm "$traefik"/pkg/provider/ecs/*.go
cp ecs/ecs.go "$traefik/pkg/provider/ecs/"
cp go.mod go.sum "$work/"
(cd "$work" && go mod edit -replace="github.com/traefik/traefik/v3=$traefik" -replace="github.com/go-acme/lego/v5=$lego" go.mod)
version=$(version_of github.com/traefik/traefik/v3)
go_build "-X github.com/traefik/traefik/v3/pkg/version.Version=$version" -modfile="$work/go.mod" -o "$work/traefik.new" tool
mv "$work/traefik.new" "$tools/traefik"
rm -rf "$work"
made "$sum" "$tools/.traefik.sum" "$tools/traefik"
