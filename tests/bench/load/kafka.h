#ifndef TESTS_BENCH_LOAD_KAFKA_H
#define TESTS_BENCH_LOAD_KAFKA_H

#include "bench/load/drive.h"
#include "bench/process.h"

#include <stddef.h>
#include <stdint.h>

/*
 * An Apache Kafka of the benchmark's own, and librdkafka itself as the measure of what can be had
 * from it. No core is anybody's: broker, component and load share the machine.
 *
 * Thread: the benchmark's. What cannot be set up ends the benchmark with words.
 */
struct kafka_stage {
    char folder[64];
    char brokers[32];
    struct process kafka;
};

/* Starts the broker of $DK_KAFKA (build/tools/kafka) with its data under /tmp. */
void kafka_stage_open(struct kafka_stage *stage);
void kafka_stage_close(struct kafka_stage *stage);
/* Makes a topic of one partition. */
void kafka_stage_topic(const struct kafka_stage *stage, const char *topic);

/* Starts the dk-kafka of $DK_BIN on a socket of its own and connects; `window` is its --window-max,
 * NULL its default. */
void kafka_stage_component(
    const struct kafka_stage *stage,
    const char *window,
    struct process *component,
    struct drive *drive);

/* As rdkafka_performance does: messages as fast as the queue takes them, librdkafka's own settings
 * and acks of all. Messages per second. */
double raw_produce(
    const struct kafka_stage *stage, const char *topic, size_t size, uint64_t messages);

/* One after the other, each awaited, without linger; the median in µs. */
int64_t raw_produce_lone(
    const struct kafka_stage *stage, const char *topic, size_t size, uint64_t messages);

#endif /* TESTS_BENCH_LOAD_KAFKA_H */
