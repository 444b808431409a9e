#ifndef TESTS_BENCH_LOAD_PULL_H
#define TESTS_BENCH_LOAD_PULL_H

#include "bench/load/drive.h"

#include <librdkafka/rdkafka.h>
#include <stdint.h>

struct h2_call;

/*
 * Consuming a topic from its beginning: through a component by a stream of PullMessages whose every
 * message is acknowledged as it comes, and by librdkafka alone.
 *
 * Thread: the benchmark's. A stream that ends, and a minute without a message, end the benchmark.
 */

/* Opens a stream on the drive's instance, takes `messages`, acknowledges them and leaves. The µs from
 * the first message to the last: joining a group is not what is measured. */
int64_t pull_run(struct drive *drive, const char *topic, uint64_t messages);

/* Opens a stream that acknowledges nothing and leaves it open until it has `messages`; the count
 * that came at the end is as many as the component's window. For its memory. */
struct h2_call *pull_hold(struct drive *drive, const char *topic, uint64_t messages);
void pull_release(struct drive *drive, struct h2_call *call);

/* The same as pull_run by librdkafka's own consumer with its own settings, in a group of its own. */
int64_t raw_pull(const char *brokers, const char *topic, uint64_t messages);

/* The piece: a consumer with librdkafka's own settings, in a group of its own, subscribed. */
rd_kafka_t *raw_consumer(const char *brokers, const char *topic);

#endif /* TESTS_BENCH_LOAD_PULL_H */
