/*
 * Whether the memory of dk-kafka stays flat: for so many minutes it publishes, one by one and in bulk, and
 * a stream of its own group that is opened anew each turn takes what was published and acknowledges it.
 * After the first tenth of the time, when every buffer has been as large as it gets, the program may
 * grow by GROWTH_KIB_MAX and no more.
 *
 *     kafka_soak_bench [MINUTES]
 *
 * Prints one JSON object with the resident memory after each tenth. DK_BIN names the folder of the
 * programs, DK_KAFKA that of Kafka. Fails when the program grew further, or answered one call wrongly.
 */
#include "bench/load/drive.h"
#include "bench/load/figure.h"
#include "bench/load/kafka.h"
#include "bench/load/publish.h"
#include "bench/load/pull.h"
#include "bench/load/stage.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    TENTHS = 10,
    MESSAGE_BYTES = 1024,
    PARTITIONS = 3,
    INFLIGHT = 64,
    BULK_INFLIGHT = 8,
    /* Of one turn. */
    CALLS = 4000,
    BULK_CALLS = 20,
    MESSAGES = CALLS + BULK_CALLS * PUBLISH_BULK_ENTRIES,
    GROWTH_KIB_MAX = 2048, /* a byte lost with each of the messages of half an hour is more */
    TENTH_MESSAGES_MIN = 20000,
};

int main(int argc, char **argv) {
    const uint64_t minutes = argc > 1 ? figure_argument(argv[1], 1, 24 * 60) : 2;
    struct operation publish, bulk;
    struct kafka_stage stage;
    struct process component;
    struct drive drive = {0};
    uint64_t turns = 0;
    int64_t base_kib = 0, kib = 0;

    kafka_stage_open(&stage, -1);
    stage_print_layout("broker, component and load share all cores, one connection");
    kafka_stage_topic(&stage, PUBLISH_TOPIC, PARTITIONS);
    kafka_stage_component(&stage, NULL, &component, &drive);
    kafka_stage_instance(&stage, &drive, "soak", NULL);
    operation_make(&publish, OPERATION_PUBLISH, MESSAGE_BYTES);
    operation_make(&bulk, OPERATION_BULK_PUBLISH, MESSAGE_BYTES);
    (void)printf(
        "{\"program\":\"dk-kafka\",\"minutes\":%llu,\"rss_kib\":[", (unsigned long long)minutes);
    const int64_t begin_us = now_us();
    for (int tenth = 1; tenth <= TENTHS; tenth++) {
        const int64_t end_us = begin_us + (int64_t)minutes * 6000000 * tenth;
        const uint64_t turns_before = turns;
        /* A machine that is slow takes longer: each tenth does its work. */
        while (now_us() < end_us || (turns - turns_before) * MESSAGES < TENTH_MESSAGES_MIN) {
            (void)drive_run(&drive, &publish, CALLS, INFLIGHT);
            (void)drive_run(&drive, &bulk, BULK_CALLS, BULK_INFLIGHT);
            (void)pull_run(&drive, PUBLISH_TOPIC, MESSAGES);
            turns++;
        }
        kib = process_rss_kib(&component);
        base_kib = tenth == 1 ? kib : base_kib;
        (void)printf("%s%lld", tenth == 1 ? "" : ",", (long long)kib);
        (void)fflush(stdout);
    }
    (void)printf(
        "],\"messages\":%llu,\"streams\":%llu,\"grown_kib\":%lld,\"bound_kib\":%d}\n",
        (unsigned long long)(turns * MESSAGES),
        (unsigned long long)turns,
        (long long)(kib - base_kib),
        GROWTH_KIB_MAX);
    operation_free(&publish);
    operation_free(&bulk);
    drive_close(&drive);
    process_stop(&component);
    kafka_stage_close(&stage);
    return kib - base_kib <= GROWTH_KIB_MAX ? EXIT_SUCCESS : EXIT_FAILURE;
}
