#ifndef TESTS_BENCH_LOAD_KAFKA_H
#define TESTS_BENCH_LOAD_KAFKA_H

#include "bench/load/drive.h"
#include "bench/process.h"

#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * An Apache Kafka of the benchmark's own, and librdkafka itself as the measure of what can be had
 * from it.
 *
 * Thread: the benchmark's. What cannot be set up ends the benchmark with words.
 */
struct kafka_stage {
    char folder[64];
    char brokers[32];
    int core; /* of broker and components; −1: the scheduler's choice */
    struct process kafka;
};

/* Starts the broker of $DK_KAFKA (build/tools/kafka) with its data under /tmp. */
void kafka_stage_open(struct kafka_stage *stage, int core);
void kafka_stage_close(struct kafka_stage *stage);
void kafka_stage_topic(const struct kafka_stage *stage, const char *topic, int partitions);

/* Starts the dk-kafka of $DK_BIN on a socket of its own and connects; `window` is its --window-max,
 * NULL its default. */
void kafka_stage_component(
    const struct kafka_stage *stage,
    const char *window,
    struct process *component,
    struct drive *drive);
/* The same with the Go peer of $DK_PEER_KAFKA. */
void kafka_stage_peer(
    const struct kafka_stage *stage, struct process *component, struct drive *drive);
/* Gives what the drive is connected to the Init of an instance of this name, which is the drive's from
 * then on; as its group, it reads topics from their beginning. `window` is dk-kafka's
 * partitionWindow; NULL: the default. */
void kafka_stage_instance(
    const struct kafka_stage *stage, struct drive *drive, const char *name, const char *window);

/* As rdkafka_performance does: messages as fast as the queue takes them, librdkafka's own settings
 * and acks of all. Messages per second. */
double raw_produce(
    const struct kafka_stage *stage, const char *topic, size_t size, uint64_t messages);

/* The same with at most so many of them unconfirmed at a time, as a caller of ours has; without linger;
 * idempotent, as dk-kafka is by default, or not, as librdkafka is. */
double raw_produce_bounded(
    const struct kafka_stage *stage,
    const char *topic,
    size_t size,
    uint64_t messages,
    uint64_t inflight,
    bool is_idempotent);

/* One after the other, each awaited, without linger; the median in µs. Awaited by librdkafka's own
 * means, or, as a program with one loop has to, by a descriptor. */
int64_t raw_produce_lone(
    const struct kafka_stage *stage,
    const char *topic,
    size_t size,
    uint64_t messages,
    bool is_by_descriptor);

/* The pieces: a producer with acks of all, whose reports are events; a copy of one message into its
 * queue; how many messages are confirmed by the next event, within wait_ms. */
rd_kafka_t *raw_producer(
    const struct kafka_stage *stage, const char *linger_ms, bool is_idempotent);
rd_kafka_resp_err_t raw_send(rd_kafka_t *producer, const char *topic, char *body, size_t size);
uint64_t raw_take_reports(rd_kafka_queue_t *queue, int wait_ms);

/* A new descriptor that librdkafka pokes when the queue is no longer empty. */
int raw_watch_queue(rd_kafka_queue_t *queue);

#endif /* TESTS_BENCH_LOAD_KAFKA_H */
