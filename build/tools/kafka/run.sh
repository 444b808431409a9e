#!/usr/bin/env bash
# Runs one Kafka broker in the foreground until SIGTERM; formats its storage on the first start.
#
#   build/out/tools/kafka-VERSION/run.sh FOLDER [STORAGE-ARGUMENT …]
#
# build.sh puts this file beside Kafka's jars. FOLDER/node.properties says what is particular to this node: node.id,
# controller.quorum.voters, listeners. The log goes to stdout; "Kafka Server started" ends the start.
# Storage arguments go to `StorageTool format`, such as --add-scram 'SCRAM-SHA-256=[name=…,password=…]'.
set -euo pipefail

kafka=$(realpath "$(dirname "${BASH_SOURCE[0]}")")
folder=$(realpath "$1")
shift

# The JVM's shared classes want the same class path, letter by letter, that they were made with.
java=("${JAVA:-java}" -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xshare:auto -Xlog:cds=off
    -Xlog:disable -Xlog:all=error:stderr -cp "$kafka/libs/*"
    -Dorg.slf4j.simpleLogger.logFile=System.out -Dorg.slf4j.simpleLogger.showDateTime=true
    '-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS'
    -Dorg.slf4j.simpleLogger.defaultLogLevel=warn -Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info)
if [ -n "${KAFKA_ARCHIVE:-}" ]; then
    java+=("-XX:ArchiveClassesAtExit=$KAFKA_ARCHIVE")
elif [ -e "$kafka/classes.jsa" ]; then
    java+=("-XX:SharedArchiveFile=$kafka/classes.jsa")
fi

{
    cat "$kafka/base.properties" "$folder/node.properties"
    printf 'log.dirs=%s\n' "$folder/data"
} >"$folder/server.properties"
if [ ! -e "$folder/data/meta.properties" ]; then
    KAFKA_ARCHIVE='' "${java[@]}" -Xmx96m kafka.tools.StorageTool format -t 4L6g3nShT-eMCtK--X86sw \
        -c "$folder/server.properties" "$@"
fi
exec "${java[@]}" -Xms"${KAFKA_HEAP_MB:-256}"m -Xmx"${KAFKA_HEAP_MB:-256}"m kafka.Kafka "$folder/server.properties"
