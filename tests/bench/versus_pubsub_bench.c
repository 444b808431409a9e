/*
 * dk-kafka beside Dapr's built-in pubsub.kafka in Go, each behind its own socket, on the same Apache
 * Kafka in the same run: default settings, 1 KB, acks=all. Both components and the broker share one
 * core; the load comes from the other.
 *
 * PullMessages reads a topic of PARTITIONS partitions from its beginning, in a process of its own
 * for each round, and acknowledges every message as it comes: by default, both keep one message of
 * a partition out at a time.
 */
#include "bench/load/kafka.h"
#include "bench/load/publish.h"
#include "bench/load/pull.h"
#include "bench/load/versus.h"

#include <stdio.h>
#include <stdlib.h>

enum { MESSAGE_BYTES = 1024, PARTITIONS = 64 };

static const char pull_topic[] = "bench-pull";
static struct kafka_stage kafka;

static void open_subject(struct subject *subject, size_t index, const char *instance) {
    *subject = (struct subject){.name = index == 0 ? "dk-kafka" : "Go peer"};
    if (index == 0) {
        kafka_stage_component(&kafka, NULL, &subject->process, &subject->drive);
    } else {
        kafka_stage_peer(&kafka, &subject->process, &subject->drive);
    }
    kafka_stage_instance(&kafka, &subject->drive, instance, NULL);
}

static struct versus_sample measure_pull(const struct versus *versus, size_t index) {
    static unsigned groups;
    char group[32];
    struct subject subject;
    (void)snprintf(group, sizeof group, "pull-%u", groups++);
    open_subject(&subject, index, group);
    const int64_t subject_us = subject_cpu_us(&subject);
    const int64_t server_us = process_cpu_us(versus->server);
    const int64_t took_us = pull_run(&subject.drive, pull_topic, versus->calls);
    const double calls = (double)versus->calls;
    const struct versus_sample sample = {
        .calls_per_s = calls * 1e6 / (double)took_us,
        .component_cpu_us = (double)(subject_cpu_us(&subject) - subject_us) / calls,
        .server_cpu_us = (double)(process_cpu_us(versus->server) - server_us) / calls,
        .rss_kib = (double)subject_rss_kib(&subject),
    };
    subject_close(&subject);
    return sample;
}

static struct versus_sample measure(
    struct versus *versus, size_t index, const struct versus_row *row) {
    enum { LONE_SHARE = 10 };
    struct operation operation;
    if (row->kind == OPERATION_PULL) {
        return measure_pull(versus, index);
    }
    operation_make(&operation, row->kind, row->value_size);
    const uint64_t calls =
        versus->calls / (operation.calls_share * (row->inflight == 1 ? LONE_SHARE : 1));
    const struct versus_sample sample =
        versus_drive(versus, &versus->subjects[index], &operation, calls, row->inflight);
    operation_free(&operation);
    return sample;
}

int main(int argc, char **argv) {
    static const struct versus_row rows[] = {
        /* kind, value bytes, in flight, throughput ≥, CPU ≤, p50 ≤, p99 ≤, RSS ≤, left */
        {OPERATION_PUBLISH, MESSAGE_BYTES, 1, 0, 0, 1, 0, 0, VERSUS_OURS},
        {OPERATION_PUBLISH, MESSAGE_BYTES, 128, 2.5, 1 / 3.0, 0, 0, 0, VERSUS_OURS},
        {OPERATION_BULK_PUBLISH, MESSAGE_BYTES, 16, 3, 0, 0, 0, 0, VERSUS_OURS},
        {OPERATION_PULL, MESSAGE_BYTES, PARTITIONS, 1, 0.25, 0, 0, 0.25, VERSUS_OURS},
    };
    struct versus versus;

    versus_open(&versus, NULL, argc, argv);
    stage_pin(STAGE_LOAD_CORE);
    kafka_stage_open(&kafka, STAGE_SERVERS_CORE);
    stage_print_pinned("Kafka");
    kafka_stage_topic(&kafka, PUBLISH_TOPIC, 1);
    kafka_stage_topic(&kafka, pull_topic, PARTITIONS);
    (void)raw_produce(&kafka, pull_topic, MESSAGE_BYTES, versus.calls);
    versus.server_name = "Kafka";
    versus.server = &kafka.kafka;
    versus.measure = measure;
    for (size_t i = 0; i < VERSUS_SUBJECTS; i++) {
        open_subject(&versus.subjects[i], i, "bench");
    }
    versus_run(&versus, rows, sizeof rows / sizeof rows[0]);
    versus_close(&versus);
    kafka_stage_close(&kafka);
    return EXIT_SUCCESS;
}
