#ifndef TESTS_SUPPORT_KAFKA_PLAIN_H
#define TESTS_SUPPORT_KAFKA_PLAIN_H

#include "core/loop.h"
#include "support/kafka_mock.h"

/*
 * A client of librdkafka beside a loop, for modules that need no more of either: no properties, no
 * instance.
 *
 * Thread: the test's, which is the loop's. Owner: the test's structure; kafka_plain_close gives all
 * back.
 */
enum { KAFKA_PLAIN_WAIT_MS = 20000 };

struct kafka_plain {
    struct kafka_mock mock;
    struct dk_loop *loop;
    rd_kafka_t *client;
};

/* A producer, or with a group a consumer, whose events come by its main queue; "" for brokers: the
 * mock's, which is started then. */
void kafka_plain_open(struct kafka_plain *plain, const char *brokers, const char *group);
void kafka_plain_close(struct kafka_plain *plain);

/* Turns the loop until `is_so`; the test fails after KAFKA_PLAIN_WAIT_MS. */
void kafka_plain_until(struct kafka_plain *plain, bool (*is_so)(void *context), void *context);

#endif /* TESTS_SUPPORT_KAFKA_PLAIN_H */
