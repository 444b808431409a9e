#ifndef TESTS_SUPPORT_KAFKA_MOCK_H
#define TESTS_SUPPORT_KAFKA_MOCK_H

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <stddef.h>

/*
 * Brokers of a test's own, out of librdkafka's mock cluster: they answer real sockets on 127.0.0.1,
 * and fail when told to. Not for throughput: beyond 5 MiB of a partition they drop silently.
 *
 * Thread: the test's. Owner: the test's structure; kafka_mock_stop gives all back.
 */
struct kafka_mock {
    rd_kafka_t *host;
    rd_kafka_mock_cluster_t *cluster;
    const char *brokers; /* for bootstrap.servers */
};

void kafka_mock_start(struct kafka_mock *mock, int broker_count);
void kafka_mock_stop(struct kafka_mock *mock);

void kafka_mock_create(struct kafka_mock *mock, const char *topic, int partition_count);

/* The numbers of requests of Kafka's protocol that tests fail. */
enum { KAFKA_MOCK_PRODUCE = 0, KAFKA_MOCK_METADATA = 3, KAFKA_MOCK_INIT_PRODUCER_ID = 22 };

/* The next `count` requests of a kind are answered with an error. */
void kafka_mock_fail(struct kafka_mock *mock, int kind, rd_kafka_resp_err_t error, size_t count);

/* What lies in a partition, read by a consumer of the test's own. */
struct kafka_mock_record {
    char key[64], value[64];
    int key_size, value_size; /* −1: absent */
    char headers[512];        /* "name=value;" for each, in order */
};

/* The record at `offset`, which the test waits for; it fails after a while without. */
void kafka_mock_read(
    struct kafka_mock *mock,
    const char *topic,
    int partition,
    int64_t offset,
    struct kafka_mock_record *ret_record);
/* How many records a partition has. */
int64_t kafka_mock_count(struct kafka_mock *mock, const char *topic, int partition);

#endif /* TESTS_SUPPORT_KAFKA_MOCK_H */
