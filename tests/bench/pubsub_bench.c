/*
 * What publishing through dk-kafka costs beside librdkafka itself, on one Apache Kafka, in turn:
 *
 *     raw flood      Publish, 128 in flight      the rate, at least 60 %
 *     raw lone       Publish, 1 in flight        the median, at most 1.2 times
 *     raw flood      BulkPublish of 100          the rate, at least 80 %
 *
 * Every answer is checked. Prints one JSON object per line: the median of the rounds with the
 * spread; then the ratios and their bounds. DK_BIN names the folder of the programs, DK_KAFKA that of
 * Kafka.
 *
 *   pubsub_bench [MESSAGES [ROUNDS]]
 */
#include "bench/load/drive.h"
#include "bench/load/figure.h"
#include "bench/load/kafka.h"
#include "bench/load/stage.h"

#include <dapr/proto/components/v1/pubsub.pb-c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MESSAGE_BYTES = 1024,
    INFLIGHT = 128,
    BULK_ENTRIES = 100,
    BULK_INFLIGHT = 16,
    LONE_SHARE = 100, /* of the messages */
    FIGURES = 7,
};

#define PUBSUB "/dapr.proto.components.v1.PubSub/"

static char topic[] = "bench";

/* ── requests ───────────────────────────────────────────────────────────────────────────────── */

static ProtobufCBinaryData body(void) {
    static uint8_t bytes[MESSAGE_BYTES];
    memset(bytes, 'v', sizeof bytes);
    return (ProtobufCBinaryData){.data = bytes, .len = sizeof bytes};
}

static struct dk_bytes publish_request(void) {
    Dapr__Proto__Components__V1__PublishRequest request;
    dapr__proto__components__v1__publish_request__init(&request);
    request.data = body();
    request.topic = topic;
    return operation_pack(&request.base);
}

static struct dk_bytes bulk_request(void) {
    typedef Dapr__Proto__Components__V1__BulkMessageEntry entry_message;
    static entry_message entries[BULK_ENTRIES];
    static entry_message *list[BULK_ENTRIES];
    static char ids[BULK_ENTRIES][8];
    Dapr__Proto__Components__V1__BulkPublishRequest request;
    dapr__proto__components__v1__bulk_publish_request__init(&request);
    for (size_t i = 0; i < BULK_ENTRIES; i++) {
        dapr__proto__components__v1__bulk_message_entry__init(&entries[i]);
        (void)snprintf(ids[i], sizeof ids[i], "%zu", i);
        entries[i].entry_id = ids[i];
        entries[i].event = body();
        list[i] = &entries[i];
    }
    request.n_entries = BULK_ENTRIES;
    request.entries = list;
    request.topic = topic;
    return operation_pack(&request.base);
}

static void operation_of(
    struct operation *operation,
    const char *name,
    const char *path,
    struct dk_bytes (*request)(void)) {
    *operation = (struct operation){.name = name, .path = path};
    for (size_t i = 0; i < OPERATION_KEYS; i++) {
        operation->requests[i] = i == 0 ? request() : operation->requests[0];
    }
}

static void operation_end(struct operation *operation) {
    free((void *)(uintptr_t)operation->requests[0].data);
}

static void instance_open(struct drive *drive, const struct kafka_stage *stage) {
    const struct dk_pair properties[] = {
        {DK_BYTES("brokers"), dk_bytes_of(stage->brokers)},
        {DK_BYTES("authType"), DK_BYTES("none")},
        {DK_BYTES("consumerID"), DK_BYTES("bench")},
    };
    const struct dk_bytes init =
        operation_init_request(properties, sizeof properties / sizeof properties[0]);
    drive->instance = "bench";
    drive_once(drive, PUBSUB "Init", init);
    free((void *)(uintptr_t)init.data);
}

/* ── figures ────────────────────────────────────────────────────────────────────────────────── */

enum { RAW_RATE, PUBLISH_RATE, BULK_RATE, RAW_LONE, PUBLISH_LONE, PUBLISH_CPU, BULK_CPU };

/* The load lies on both sides of each comparison: raw, component, raw, component, … */
static void measure_round(
    const struct kafka_stage *stage,
    const struct process *component,
    struct drive *drive,
    struct operation *operations,
    uint64_t messages,
    struct figure *figures) {
    figure_note(&figures[RAW_RATE], raw_produce(stage, topic, MESSAGE_BYTES, messages));
    int64_t cpu_us = process_cpu_us(component);
    int64_t took_us = drive_run(drive, &operations[0], messages, INFLIGHT);
    figure_note(
        &figures[PUBLISH_CPU], (double)(process_cpu_us(component) - cpu_us) / (double)messages);
    figure_note(&figures[PUBLISH_RATE], (double)messages * 1e6 / (double)took_us);
    cpu_us = process_cpu_us(component);
    took_us = drive_run(drive, &operations[1], messages / BULK_ENTRIES, BULK_INFLIGHT);
    figure_note(
        &figures[BULK_CPU], (double)(process_cpu_us(component) - cpu_us) / (double)messages);
    figure_note(&figures[BULK_RATE], (double)messages * 1e6 / (double)took_us);
    figure_note(
        &figures[RAW_LONE],
        (double)raw_produce_lone(stage, topic, MESSAGE_BYTES, messages / LONE_SHARE));
    (void)drive_run(drive, &operations[0], messages / LONE_SHARE, 1);
    figure_note(&figures[PUBLISH_LONE], (double)drive_latency_us(drive, 500));
}

int main(int argc, char **argv) {
    const uint64_t messages = argc > 1 ? figure_argument(argv[1], 1000, 10000000) : 100000;
    const uint64_t rounds = argc > 2 ? figure_argument(argv[2], 1, FIGURE_ROUNDS_MAX) : 5;
    static struct figure figures[FIGURES] = {
        [RAW_RATE] = {"raw, flood", "messages/s"},
        [PUBLISH_RATE] = {"Publish, 128 in flight", "messages/s"},
        [BULK_RATE] = {"BulkPublish(100), 16 in flight", "messages/s"},
        [RAW_LONE] = {"raw, one by one, p50", "us"},
        [PUBLISH_LONE] = {"Publish, one by one, p50", "us"},
        [PUBLISH_CPU] = {"component's CPU per Publish, 128 in flight", "us"},
        [BULK_CPU] = {"component's CPU per entry of BulkPublish", "us"},
    };
    static struct operation operations[2];
    double medians[FIGURES];
    struct kafka_stage stage;
    struct process component;
    struct drive drive = {0};

    kafka_stage_open(&stage);
    stage_print_layout("broker, component and load share all cores, one connection");
    kafka_stage_topic(&stage, topic);
    kafka_stage_component(&stage, NULL, &component, &drive);
    instance_open(&drive, &stage);
    operation_of(&operations[0], "Publish", PUBSUB "Publish", publish_request);
    operation_of(&operations[1], "BulkPublish", PUBSUB "BulkPublish", bulk_request);
    /* The JVM compiles what it runs often: the first round warms all of them up. */
    for (uint64_t i = 0; i <= rounds; i++) {
        measure_round(&stage, &component, &drive, operations, messages, figures);
        for (size_t k = 0; i == 0 && k < FIGURES; k++) {
            figures[k].count = 0;
        }
    }
    for (size_t i = 0; i < FIGURES; i++) {
        medians[i] = figure_print(&figures[i]);
    }
    (void)printf("{\"dk_kafka_rss_kib\":%lld}\n", (long long)process_rss_kib(&component));
    operation_end(&operations[0]);
    operation_end(&operations[1]);
    drive_close(&drive);
    process_stop(&component);
    kafka_stage_close(&stage);
    const bool is_publish_good =
        figure_judge("Publish to raw, rate", medians[PUBLISH_RATE] / medians[RAW_RATE], 0.60, true);
    const bool is_bulk_good = figure_judge(
        "BulkPublish(100) to raw, rate", medians[BULK_RATE] / medians[RAW_RATE], 0.80, true);
    const bool is_lone_good = figure_judge(
        "lone Publish to raw, p50", medians[PUBLISH_LONE] / medians[RAW_LONE], 1.20, false);
    return is_publish_good && is_bulk_good && is_lone_good ? EXIT_SUCCESS : EXIT_FAILURE;
}
