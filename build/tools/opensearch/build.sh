#!/usr/bin/env bash
# Puts OpenSearch into build/out/tools/opensearch-VERSION: its jars from Maven Central, and a main of ours.
#
#   build/tools/opensearch/build.sh [VERSION]      2.19.6 unless told otherwise
#
# What decides whether to fetch is the content of this folder and the Java that runs here.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=build/tools/tool.sh
. "$here/../tool.sh" opensearch
version=${1:-2.19.6}
home=$tools/opensearch-$version

need mvn "OpenSearch's jars come from Maven Central"
need javac "a main of ours is compiled"
alone "opensearch-$version"
cd "$here"
sum=$(sum_of "$(java -version 2>&1)" "$version" "$home")
if stands "$sum" "$home/sum"; then exit 0; fi
rm -rf "$home"
mkdir -p "$home"
mvn -B -q -Dstyle.color=never -f "$here/pom.xml" "-Dopensearch.version=$version" dependency:copy-dependencies \
    -DincludeScope=runtime "-DoutputDirectory=$home/libs" || die "$version cannot be fetched"
javac -nowarn -cp "$home/libs/*" -d "$home/classes" "$here/SearchNode.java" || die "SearchNode.java does not compile"
made "$sum" "$home/sum" "$home"
