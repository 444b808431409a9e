#!/bin/bash
exec env KAFKA_HEAP_OPTS="${KAFKA_HEAP_OPTS:--Xms256m -Xmx256m}" kafka-run-class.sh kafka.Kafka "$@"
