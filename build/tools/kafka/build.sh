#!/usr/bin/env bash
# Puts Apache Kafka into build/out/tools/kafka-VERSION: its jars from Maven Central, and an archive of
# the classes that a broker loads, which halves the time to start.
#
#   build/tools/kafka/build.sh [VERSION]      4.4.0 unless told otherwise
#
# What decides whether to fetch is the content of this folder and the Java that runs here.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=build/tools/tool.sh
. "$here/../tool.sh" kafka
version=${1:-4.4.0}
home=$tools/kafka-$version

# A broker that starts, and is stopped, writes down on its way out which classes it has loaded.
archive() {
    local folder=$home/trial log=$home/trial/log node port controller
    mkdir -p "$folder"
    read -r port controller < <(python3 -c 'import socket
taken = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
print(*[s.getsockname()[1] for s in taken])')
    cat >"$folder/node.properties" <<TEXT
node.id=1
controller.quorum.voters=1@127.0.0.1:$controller
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:$port,CONTROLLER://127.0.0.1:$controller
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
TEXT
    : >"$log"
    KAFKA_ARCHIVE=$home/classes.jsa "$home/run.sh" "$folder" >"$log" 2>&1 &
    node=$!
    local end=$((SECONDS + 120))
    until grep -q 'Kafka Server started' "$log" || [ $SECONDS -ge $end ] || ! kill -0 "$node" 2>/dev/null; do
        sleep 0.1
    done
    grep -q 'Kafka Server started' "$log" || {
        kill -KILL "$node" 2>/dev/null || true
        tail -n 20 "$log" >&2
        die "$version does not start"
    }
    kill "$node"
    wait "$node" || true # 143: a JVM that was asked to end
    rm -rf "$folder"
    [ -s "$home/classes.jsa" ] || say "this Java keeps no archive of classes; brokers start a little slower"
}

need mvn "Kafka's jars come from Maven Central"
alone "kafka-$version"
cd "$here"
sum=$(sum_of "$("${JAVA:-java}" -version 2>&1)" "$version" "$home")
if stands "$sum" "$home/sum"; then exit 0; fi
rm -rf "$home"
mkdir -p "$home"
cp "$here/run.sh" "$here/base.properties" "$home"
mvn -B -q -Dstyle.color=never -f "$here/pom.xml" "-Dkafka.version=$version" dependency:copy-dependencies \
    -DincludeScope=runtime "-DoutputDirectory=$home/libs" || die "$version cannot be fetched"
archive
made "$sum" "$home/sum" "$home"
