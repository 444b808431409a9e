/*
 * What publishing through dk-kafka costs beside librdkafka itself, on one Apache Kafka, in turn:
 *
 *     raw flood      Publish, 128 in flight      the rate, at least 60 %
 *     raw lone       Publish, 1 in flight        the median, at most 1.2 times
 *     raw flood      BulkPublish of 100          the rate, at least 80 %
 *
 * and beside them librdkafka with as many messages in flight, by itself, which bounds any component, and
 * behind a bare socket; with 1600 in flight idempotent as well, as dk-kafka is by default; a lone
 * message by a descriptor as well, as a program with one loop has to await it.
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
#include "bench/load/publish.h"
#include "bench/load/relay.h"
#include "bench/load/stage.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    MESSAGE_BYTES = 1024,
    INFLIGHT = 128,
    BULK_INFLIGHT = 16,
    LONE_SHARE = 25, /* of the messages */
};

static const char topic[] = PUBLISH_TOPIC;

/* ── figures ────────────────────────────────────────────────────────────────────────────────── */

enum {
    RAW_RATE,
    RAW_BOUNDED_RATE,
    RELAY_RATE,
    PUBLISH_RATE,
    RAW_BULK_RATE,
    RAW_IDEMPOTENT_RATE,
    RELAY_BULK_RATE,
    BULK_RATE,
    RAW_LONE,
    RAW_LONE_DESCRIPTOR,
    RELAY_LONE,
    PUBLISH_LONE,
    RELAY_CPU,
    PUBLISH_CPU,
    RELAY_BULK_CPU,
    BULK_CPU,
    FIGURES
};

/* What one round works with. */
struct contest {
    struct kafka_stage stage;
    struct process component;
    struct drive drive;
    struct operation publish, bulk;
    uint64_t messages;
    struct figure figures[FIGURES];
};

static void note(struct contest *contest, int which, double value) {
    figure_note(&contest->figures[which], value);
}

/* `count` messages in flight, `batch` of them in a call. */
static void measure_rate(
    struct contest *contest, struct operation *operation, uint64_t inflight, uint64_t batch) {
    const uint64_t messages = contest->messages;
    const bool is_bulk = batch > 1;
    const struct relay_figures relay = relay_run(
        &contest->stage, topic, MESSAGE_BYTES, messages / batch * batch, inflight * batch, batch);
    note(
        contest,
        is_bulk ? RAW_BULK_RATE : RAW_BOUNDED_RATE,
        raw_produce_bounded(
            &contest->stage, topic, MESSAGE_BYTES, messages, inflight * batch, false));
    if (is_bulk) {
        note(
            contest,
            RAW_IDEMPOTENT_RATE,
            raw_produce_bounded(
                &contest->stage, topic, MESSAGE_BYTES, messages, inflight * batch, true));
    }
    note(contest, is_bulk ? RELAY_BULK_RATE : RELAY_RATE, relay.per_s);
    note(contest, is_bulk ? RELAY_BULK_CPU : RELAY_CPU, relay.cpu_us);
    const int64_t cpu_us = process_cpu_us(&contest->component);
    const int64_t took_us = drive_run(&contest->drive, operation, messages / batch, inflight);
    const double used_us = (double)(process_cpu_us(&contest->component) - cpu_us);
    note(contest, is_bulk ? BULK_CPU : PUBLISH_CPU, used_us / (double)messages);
    note(contest, is_bulk ? BULK_RATE : PUBLISH_RATE, (double)messages * 1e6 / (double)took_us);
}

/* What is compared is measured side by side in each round. */
static void measure_round(struct contest *contest) {
    const uint64_t lone = contest->messages / LONE_SHARE;
    note(contest, RAW_RATE, raw_produce(&contest->stage, topic, MESSAGE_BYTES, contest->messages));
    measure_rate(contest, &contest->publish, INFLIGHT, 1);
    measure_rate(contest, &contest->bulk, BULK_INFLIGHT, PUBLISH_BULK_ENTRIES);
    for (int by = 0; by < 2; by++) {
        note(
            contest,
            by == 0 ? RAW_LONE : RAW_LONE_DESCRIPTOR,
            (double)raw_produce_lone(&contest->stage, topic, MESSAGE_BYTES, lone, by != 0));
    }
    const struct relay_figures relay = relay_run(&contest->stage, topic, MESSAGE_BYTES, lone, 1, 1);
    note(contest, RELAY_LONE, (double)relay.p50_us);
    (void)drive_run(&contest->drive, &contest->publish, lone, 1);
    note(contest, PUBLISH_LONE, (double)drive_latency_us(&contest->drive, 500));
}

static bool judge(const double *medians) {
    static const struct {
        const char *name;
        int ours, theirs;
        double bound; /* 0: the project has set none */
        bool is_least;
    } ratios[] = {
        {"Publish to raw, rate", PUBLISH_RATE, RAW_RATE, 0.60, true},
        {"Publish to raw with 128 in flight", PUBLISH_RATE, RAW_BOUNDED_RATE, 0, true},
        {"Publish to the bare relay", PUBLISH_RATE, RELAY_RATE, 0, true},
        {"raw with 128 in flight to raw", RAW_BOUNDED_RATE, RAW_RATE, 0, true},
        {"bare relay with 128 in flight to raw", RELAY_RATE, RAW_RATE, 0, true},
        {"BulkPublish(100) to raw, rate", BULK_RATE, RAW_RATE, 0.80, true},
        {"BulkPublish(100) to raw with 1600 in flight", BULK_RATE, RAW_BULK_RATE, 0, true},
        {"BulkPublish(100) to raw idempotent with 1600 in flight",
         BULK_RATE,
         RAW_IDEMPOTENT_RATE,
         0,
         true},
        {"raw idempotent with 1600 in flight to raw", RAW_IDEMPOTENT_RATE, RAW_RATE, 0, true},
        {"BulkPublish(100) to the bare relay", BULK_RATE, RELAY_BULK_RATE, 0, true},
        {"bare relay with 1600 in flight to raw", RELAY_BULK_RATE, RAW_RATE, 0, true},
        {"lone Publish to raw, p50", PUBLISH_LONE, RAW_LONE, 1.20, false},
        {"lone Publish to the bare relay, p50", PUBLISH_LONE, RELAY_LONE, 0, false},
        {"bare relay to raw, one by one, p50", RELAY_LONE, RAW_LONE, 0, false},
        {"raw by a descriptor to raw, one by one, p50", RAW_LONE_DESCRIPTOR, RAW_LONE, 0, false},
    };
    bool is_good = true;
    for (size_t i = 0; i < sizeof ratios / sizeof ratios[0]; i++) {
        const double value = medians[ratios[i].ours] / medians[ratios[i].theirs];
        if (ratios[i].bound > 0) {
            is_good =
                figure_judge(ratios[i].name, value, ratios[i].bound, ratios[i].is_least) && is_good;
        } else {
            (void)printf("{\"ratio\":\"%s\",\"value\":%.3f}\n", ratios[i].name, value);
        }
    }
    return is_good;
}

int main(int argc, char **argv) {
    static struct contest contest = {
        .figures =
            {
                [RAW_RATE] = {"raw, flood", "messages/s"},
                [RAW_BOUNDED_RATE] = {"raw, 128 in flight", "messages/s"},
                [RELAY_RATE] = {"bare relay, 128 in flight", "messages/s"},
                [PUBLISH_RATE] = {"Publish, 128 in flight", "messages/s"},
                [RAW_BULK_RATE] = {"raw, 1600 in flight", "messages/s"},
                [RAW_IDEMPOTENT_RATE] = {"raw idempotent, 1600 in flight", "messages/s"},
                [RELAY_BULK_RATE] = {"bare relay, 1600 in flight", "messages/s"},
                [BULK_RATE] = {"BulkPublish(100), 16 in flight", "messages/s"},
                [RAW_LONE] = {"raw, one by one, p50", "us"},
                [RAW_LONE_DESCRIPTOR] = {"raw, one by one by a descriptor, p50", "us"},
                [RELAY_LONE] = {"bare relay, one by one, p50", "us"},
                [PUBLISH_LONE] = {"Publish, one by one, p50", "us"},
                [RELAY_CPU] = {"bare relay's CPU per message, 128 in flight", "us"},
                [PUBLISH_CPU] = {"component's CPU per Publish, 128 in flight", "us"},
                [RELAY_BULK_CPU] = {"bare relay's CPU per message, 1600 in flight", "us"},
                [BULK_CPU] = {"component's CPU per entry of BulkPublish", "us"},
            },
    };
    double medians[FIGURES];
    const uint64_t rounds = argc > 2 ? figure_argument(argv[2], 1, FIGURE_ROUNDS_MAX) : 5;
    contest.messages = argc > 1 ? figure_argument(argv[1], 1000, 10000000) : 100000;

    kafka_stage_open(&contest.stage, -1);
    stage_print_layout("broker, component and load share all cores, one connection");
    kafka_stage_topic(&contest.stage, topic, 1);
    kafka_stage_component(&contest.stage, NULL, &contest.component, &contest.drive);
    kafka_stage_instance(&contest.stage, &contest.drive, "bench", NULL);
    operation_make(&contest.publish, OPERATION_PUBLISH, MESSAGE_BYTES);
    operation_make(&contest.bulk, OPERATION_BULK_PUBLISH, MESSAGE_BYTES);
    /* The JVM compiles what it runs often: the first round warms all of them up. */
    for (uint64_t i = 0; i <= rounds; i++) {
        measure_round(&contest);
        for (size_t k = 0; i == 0 && k < FIGURES; k++) {
            contest.figures[k].count = 0;
        }
    }
    for (size_t i = 0; i < FIGURES; i++) {
        medians[i] = figure_print(&contest.figures[i]);
    }
    (void)printf("{\"dk_kafka_rss_kib\":%lld}\n", (long long)process_rss_kib(&contest.component));
    operation_free(&contest.publish);
    operation_free(&contest.bulk);
    drive_close(&contest.drive);
    process_stop(&contest.component);
    kafka_stage_close(&contest.stage);
    return judge(medians) ? EXIT_SUCCESS : EXIT_FAILURE;
}
