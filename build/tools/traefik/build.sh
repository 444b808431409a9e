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
tools=$here/../../out/tools
mkdir -p "$tools"
tools=$(realpath "$tools")
work=$tools/.traefik

say() { printf 'traefik: %s\n' "$*"; }
die() {
    printf 'traefik: %s\n' "$*" >&2
    exit 1
}

inputs() {
    local file
    find . -type f -print | LC_ALL=C sort | while IFS= read -r file; do sha256sum "$file"; done
    go version
}

# copy_of MODULE: a copy of the version that go.mod names, to be changed. Its own tests and pages stay behind.
copy_of() {
    local answer folder
    answer=$(go mod download -json "$1@$(version_of "$1")") || die "$1 cannot be fetched: $(jq -r .Error <<<"$answer")"
    folder=$work/copies/$(tr / - <<<"$1")
    cp -r "$(jq -r .Dir <<<"$answer")" "$folder"
    chmod -R u+w "$folder"
    printf '%s\n' "$folder"
}

version_of() { go mod edit -json | jq -r --arg path "$1" '.Require[] | select(.Path == $path).Version'; }

command -v go >/dev/null || die "go is not on PATH; Traefik is built from Go modules"
command -v jq >/dev/null || die "jq is not on PATH"
exec 9>"$tools/.traefik.lock"
flock 9
cd "$here"
sum=$(inputs | sha256sum | cut -d' ' -f1)
if [ -x "$tools/traefik" ] && [ "$(cat "$tools/.traefik.sum" 2>/dev/null)" = "$sum" ]; then
    say "up to date"
    exit 0
fi
say "building (the first time fetches modules and takes minutes)"
started=$SECONDS
rm -rf "$work" "$tools/.traefik.sum"
mkdir -p "$work/copies"
traefik=$(copy_of github.com/traefik/traefik/v3)
lego=$(copy_of github.com/go-acme/lego/v5)
cp dns/dns.go "$lego/providers/dns/zz_gen_dns_providers.go"
rm "$traefik"/pkg/provider/ecs/*.go
cp ecs/ecs.go "$traefik/pkg/provider/ecs/"
cp go.mod go.sum "$work/"
(cd "$work" && go mod edit -replace="github.com/traefik/traefik/v3=$traefik" -replace="github.com/go-acme/lego/v5=$lego" go.mod)
CGO_ENABLED=0 go build -modfile="$work/go.mod" -mod=readonly -trimpath -buildvcs=false \
    -ldflags "-s -w -X github.com/traefik/traefik/v3/pkg/version.Version=$(version_of github.com/traefik/traefik/v3)" \
    -o "$work/traefik.new" tool || die "does not build"
mv "$work/traefik.new" "$tools/traefik"
rm -rf "$work"
printf '%s\n' "$sum" >"$tools/.traefik.sum"
say "built in $((SECONDS - started)) s, $(($(stat -c %s "$tools/traefik") / 1048576)) MiB"
