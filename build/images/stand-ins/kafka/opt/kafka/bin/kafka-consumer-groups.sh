#!/bin/bash
exec env KAFKA_HEAP_OPTS="${KAFKA_HEAP_OPTS:--Xmx96m}" kafka-run-class.sh org.apache.kafka.tools.consumer.group.ConsumerGroupCommand "$@"
