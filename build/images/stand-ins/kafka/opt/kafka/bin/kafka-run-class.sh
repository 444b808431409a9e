#!/bin/bash
# kafka-run-class.sh CLASS [ARGUMENT …]: runs a class of Kafka's jars.
set -euo pipefail
heap=${KAFKA_HEAP_OPTS:--Xmx256m}
# shellcheck disable=SC2086 # options are words
exec java $heap ${KAFKA_JVM_PERFORMANCE_OPTS:--XX:+UseSerialGC -XX:TieredStopAtLevel=1} ${KAFKA_OPTS:-} -XX:-UsePerfData \
    -Dorg.slf4j.simpleLogger.logFile=System.out -Dorg.slf4j.simpleLogger.defaultLogLevel=warn \
    -Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info -cp '/opt/kafka/libs/*' "$@"
