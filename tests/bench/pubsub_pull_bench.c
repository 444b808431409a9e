/*
 * What consuming through dk-kafka costs beside librdkafka's own consumer, on one Apache Kafka, in
 * turn, of messages of 1 KB:
 *
 *     raw loop       PullMessages, every message acknowledged at once     the rate, at least 50 %
 *     bare relay     the same by a Unix socket, a byte for a settlement
 *                    PullMessages, nothing acknowledged                   the memory, at most 64 MiB
 *
 * The window is 1024 messages, of a partition as of the stream. Prints one JSON object per line: the
 * medians of the rounds with their spread, then the ratios and their bounds. DK_BIN names the folder
 * of the programs, DK_KAFKA that of Kafka.
 *
 *   pubsub_pull_bench [MESSAGES [ROUNDS]]
 */
#include "bench/load/figure.h"
#include "bench/load/kafka.h"
#include "bench/load/pull.h"
#include "bench/load/relay.h"
#include "bench/load/stage.h"
#include "core/loop.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { MESSAGE_BYTES = 1024, WINDOW_MAX = 1024, PARTITIONS = 3, RSS_KIB_MAX = 64 * 1024 };

#define WINDOW "1024"

static const char topic[] = "bench-pull"; /* an instance of its own for each run reads all of it */

static double rate_of(uint64_t messages, int64_t took_us) {
    return (double)messages * 1e6 / (double)took_us;
}

/* Of this program, librdkafka's threads among them. */
static int64_t own_cpu_us(void) {
    struct timespec used;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (int64_t)used.tv_sec * 1000000 + used.tv_nsec / 1000;
}

/* What librdkafka fetches ahead comes after the first messages: once nothing more does. */
static double rss_kib_at_rest(const struct process *component, struct drive *drive) {
    int64_t last_kib = 0, kib = process_rss_kib(component);
    while (kib > last_kib) {
        const int64_t end_us = now_us() + 2000000;
        while (now_us() < end_us) {
            (void)dk__loop_turn(drive->loop, 100000);
        }
        last_kib = kib;
        kib = process_rss_kib(component);
    }
    return (double)kib;
}

int main(int argc, char **argv) {
    const uint64_t messages = argc > 1 ? figure_argument(argv[1], 10000, 10000000) : 300000;
    const uint64_t rounds = argc > 2 ? figure_argument(argv[2], 1, FIGURE_ROUNDS_MAX) : 5;
    static struct figure raw = {"raw consumer loop", "messages/s"};
    static struct figure pull = {"PullMessages, window " WINDOW, "messages/s"};
    static struct figure relay = {"bare relay, window " WINDOW, "messages/s"};
    static struct figure relay_cpu = {"bare relay's CPU per message", "us"};
    static struct figure cpu = {"component's CPU per message", "us"};
    static struct figure raw_cpu = {"raw consumer's CPU per message", "us"};
    struct kafka_stage stage;
    struct process component;
    struct drive drive = {0};
    char group[32];

    kafka_stage_open(&stage, -1);
    stage_print_layout("broker, component and load share all cores, one connection");
    kafka_stage_topic(&stage, topic, PARTITIONS);
    (void)raw_produce(&stage, topic, MESSAGE_BYTES, messages);
    kafka_stage_component(&stage, WINDOW, &component, &drive);
    for (uint64_t i = 0; i <= rounds; i++) {
        (void)snprintf(group, sizeof group, "pull-%llu", (unsigned long long)i);
        const int64_t own_us = own_cpu_us();
        const double raw_rate = rate_of(messages, raw_pull(stage.brokers, topic, messages));
        const double raw_cost = (double)(own_cpu_us() - own_us) / (double)messages;
        const struct relay_figures bare =
            relay_pull(&stage, topic, MESSAGE_BYTES, messages, WINDOW_MAX);
        kafka_stage_instance(&stage, &drive, group, WINDOW);
        const int64_t cpu_us = process_cpu_us(&component);
        const double rate = rate_of(messages, pull_run(&drive, topic, messages));
        const double cost = (double)(process_cpu_us(&component) - cpu_us) / (double)messages;
        if (i > 0) { /* the first round warms all of them up */
            figure_note(&raw, raw_rate);
            figure_note(&relay, bare.per_s);
            figure_note(&relay_cpu, bare.cpu_us);
            figure_note(&pull, rate);
            figure_note(&cpu, cost);
            figure_note(&raw_cpu, raw_cost);
        }
    }
    const double rate = figure_print(&pull), raw_rate = figure_print(&raw);
    const double relay_rate = figure_print(&relay);
    (void)figure_print(&raw_cpu);
    (void)figure_print(&relay_cpu);
    (void)figure_print(&cpu);
    drive_close(&drive);
    process_stop(&component);

    kafka_stage_component(&stage, WINDOW, &component, &drive);
    kafka_stage_instance(&stage, &drive, "hold", WINDOW);
    struct h2_call *held = pull_hold(&drive, topic, WINDOW_MAX);
    const double rss_kib = rss_kib_at_rest(&component, &drive);
    pull_release(&drive, held);
    drive_close(&drive);
    process_stop(&component);
    kafka_stage_close(&stage);

    (void)printf("{\"ratio\":\"bare relay to raw, rate\",\"value\":%.3f}\n", relay_rate / raw_rate);
    (void)printf(
        "{\"ratio\":\"PullMessages to the bare relay, rate\",\"value\":%.3f}\n", rate / relay_rate);
    const bool is_fast = figure_judge("PullMessages to raw, rate", rate / raw_rate, 0.50, true);
    const bool is_small =
        figure_judge("KiB resident with all messages waiting", rss_kib, RSS_KIB_MAX, false);
    return is_fast && is_small ? EXIT_SUCCESS : EXIT_FAILURE;
}
