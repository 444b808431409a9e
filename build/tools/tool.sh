# shellcheck shell=bash
# What the scripts of this folder have in common: each puts one thing into build/out/tools, once for its content.
# Sourced, with what messages begin with:    . "$here/../tool.sh" kafka

subject=$1
recipes=$(dirname "${BASH_SOURCE[0]}")
mkdir -p "$recipes/../out/tools"
tools=$(realpath "$recipes/../out/tools")
recipe=$(realpath "$0")
started=$SECONDS

say() { printf '%s: %s\n' "$subject" "$*"; }
die() {
    say "$*" >&2
    exit 1
}

# need PROGRAM WHY
need() { command -v "$1" >/dev/null || die "$1 is not on PATH; $2"; }

# alone NAME: two suites may want the same at once; the second waits, then finds it made.
alone() {
    exec 9>"$tools/.$1.lock"
    flock 9
}

# sum_of WORD …: one line that changes when these words do, a file of the folder that we are in, or the recipe.
sum_of() {
    {
        find . -type f -print | LC_ALL=C sort | while IFS= read -r file; do sha256sum "$file"; done
        sha256sum <"$recipes/tool.sh"
        sha256sum <"$recipe"
        printf '%s\n' "$@"
    } | sha256sum | cut -d' ' -f1
}

# stands SUM FILE: whether what was made last, and left its sum in the file, was this; says so.
stands() {
    [ "$(cat "$2" 2>/dev/null)" = "$1" ] || return 1
    say "is up to date"
}

# The version of a module that go.mod here names.
version_of() { go list -m -f '{{.Version}}' "$1"; }

# go_build FLAGS ARG …: a static program without a trace of where it was built.
go_build() {
    local flags=$1
    shift
    CGO_ENABLED=0 go build -mod=readonly -trimpath -buildvcs=false -ldflags "-s -w $flags" "$@" || die "does not build"
}

# made SUM FILE PATH: leaves the sum, and says what was made.
made() {
    printf '%s\n' "$1" >"$2"
    say "made in $((SECONDS - started)) s, $(du -sm "$3" | cut -f1) MiB"
}
