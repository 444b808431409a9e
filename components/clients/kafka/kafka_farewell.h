#ifndef CLIENTS_KAFKA_FAREWELL_H
#define CLIENTS_KAFKA_FAREWELL_H

#include <librdkafka/rdkafka.h>

/*
 * A consumer that leaves its group: stored offsets are committed, the brokers are told, the client is
 * destroyed. During an outage that takes KAFKA_FAREWELL_MS, for which no loop can stand still, so each
 * farewell has a thread of its own.
 *
 * Thread: any.
 * Bound:  KAFKA_FAREWELLS_MAX threads; one more, and one that the system gives no thread, is said on
 *         the caller's.
 */
enum { KAFKA_FAREWELL_MS = 3000, KAFKA_FAREWELLS_MAX = 64 };

/*
 * Takes the client, the queue of its group (NULL: it never joined) and the descriptor that its
 * partitions' queues write to (−1: none). No message and no other queue of the client may be left.
 * `instance` is for logs, and copied.
 */
void kafka_farewell_begin(
    rd_kafka_t *client, rd_kafka_queue_t *group, int descriptor, const char *instance);

/* Until every farewell is said: before the process ends, so that the groups hear of it. */
void kafka_farewells_wait(void);

#endif /* CLIENTS_KAFKA_FAREWELL_H */
