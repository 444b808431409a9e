/*
 * What a component costs before anybody calls it: resident memory when idle, and the time from exec to
 * the answer of its first Init, beside an idle Redis and an idle Kafka. In turn, ours and the built-in in
 * Go. The clock begins before the fork, and looks for the socket each 0.1 ms. The CPU until then is told too: it
 * is what neighbours change least.
 *
 *   versus_footprint_bench [--rounds N] [--markdown FILE]
 */
#include "bench/load/kafka.h"
#include "bench/load/versus.h"

#include <stdio.h>
#include <stdlib.h>

struct figure {
    double rss_kib[VERSUS_ROUNDS_MAX], first_answer_us[VERSUS_ROUNDS_MAX],
        cpu_us[VERSUS_ROUNDS_MAX];
};

static struct stage redis;
static struct kafka_stage kafka;

static void open_redis(struct subject *subject, bool is_ours) {
    if (is_ours) {
        subject_open(subject, &redis, "dk-redis", 0);
    } else {
        subject_open_peer(subject, &redis);
    }
}

static void open_kafka(struct subject *subject, bool is_ours) {
    const int64_t start_us = now_us();
    *subject = (struct subject){.name = is_ours ? "dk-kafka" : "Go peer"};
    if (is_ours) {
        kafka_stage_component(&kafka, NULL, &subject->process, &subject->drive);
    } else {
        kafka_stage_peer(&kafka, &subject->process, &subject->drive);
    }
    kafka_stage_instance(&kafka, &subject->drive, "footprint", NULL);
    subject->first_answer_us = now_us() - start_us;
    subject->idle_rss_kib = process_rss_kib(&subject->process);
}

/* A component, and what this project set out to reach: ours to the Go component's. */
struct row {
    const char *name;
    void (*open)(struct subject *subject, bool is_ours);
    double rss_wanted, first_answer_wanted;
};

static void measure(struct versus *versus, const struct row *row) {
    static struct figure figures[VERSUS_SUBJECTS];
    char name[64];
    for (size_t round = 0; round < versus->rounds; round++) {
        for (size_t i = 0; i < VERSUS_SUBJECTS; i++) {
            struct subject subject;
            row->open(&subject, i == 0);
            figures[i].rss_kib[round] = (double)subject.idle_rss_kib;
            figures[i].cpu_us[round] = (double)process_cpu_us(&subject.process);
            figures[i].first_answer_us[round] = (double)subject.first_answer_us;
            subject_close(&subject);
        }
    }
    (void)snprintf(name, sizeof name, "%s, idle RSS, KiB", row->name);
    versus_print_figure(versus, name, figures[0].rss_kib, figures[1].rss_kib, row->rss_wanted);
    (void)snprintf(name, sizeof name, "%s, exec to the answer of Init, µs", row->name);
    versus_print_figure(
        versus,
        name,
        figures[0].first_answer_us,
        figures[1].first_answer_us,
        row->first_answer_wanted);
    (void)snprintf(name, sizeof name, "%s, CPU until then, µs", row->name);
    versus_print_figure(versus, name, figures[0].cpu_us, figures[1].cpu_us, 0);
}

int main(int argc, char **argv) {
    static const struct row rows[] = {
        /* program, open, RSS ≤, exec to the answer of Init ≤ */
        {"dk-redis", open_redis, 0.25, 0.5},
        {"dk-kafka", open_kafka, 0.5, 1},
    };
    struct versus versus;

    stage_open(&redis);
    versus_open(&versus, &redis, argc, argv);
    kafka_stage_open(&kafka, STAGE_SERVERS_CORE);
    stage_print_pinned("server");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        measure(&versus, &rows[i]);
    }
    versus_close(&versus);
    kafka_stage_close(&kafka);
    stage_close(&redis);
    return EXIT_SUCCESS;
}
