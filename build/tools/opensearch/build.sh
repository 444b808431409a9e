#!/usr/bin/env bash
# Puts OpenSearch into build/out/tools/opensearch-VERSION: its jars from Maven Central, and a main of ours.
#
#   build/tools/opensearch/build.sh [VERSION]      2.19.6 unless told otherwise
#
# What decides whether to fetch is the content of this folder and the Java that runs here.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
version=${1:-2.19.6}
mkdir -p "$here/../../out/tools"
tools=$(realpath "$here/../../out/tools")
home=$tools/opensearch-$version

say() { printf 'opensearch: %s\n' "$*"; }
die() {
    printf 'opensearch: %s\n' "$*" >&2
    exit 1
}

for program in mvn javac; do
    command -v $program >/dev/null || die "$program is not on PATH; OpenSearch's jars come from Maven Central, and a main is compiled"
done
exec 9>"$tools/.opensearch-$version.lock"
flock 9
sum=$({
    cat "$here/pom.xml" "$here/SearchNode.java" "$here/build.sh"
    java -version 2>&1
    printf '%s\n' "$version" "$home"
} | sha256sum | cut -d' ' -f1)
if [ "$(cat "$home/sum" 2>/dev/null)" = "$sum" ]; then
    say "$version is up to date"
    exit 0
fi
started=$SECONDS
rm -rf "$home"
mkdir -p "$home"
mvn -B -q -Dstyle.color=never -f "$here/pom.xml" "-Dopensearch.version=$version" dependency:copy-dependencies \
    -DincludeScope=runtime "-DoutputDirectory=$home/libs" || die "$version cannot be fetched"
javac -nowarn -cp "$home/libs/*" -d "$home/classes" "$here/SearchNode.java" || die "SearchNode.java does not compile"
printf '%s\n' "$sum" >"$home/sum"
say "$version is ready, $(du -sm "$home" | cut -f1) MiB, in $((SECONDS - started)) s"
