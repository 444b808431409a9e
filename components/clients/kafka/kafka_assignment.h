#ifndef CLIENTS_KAFKA_ASSIGNMENT_H
#define CLIENTS_KAFKA_ASSIGNMENT_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>

/*
 * What a group gives to a member and takes from it, told to librdkafka in the words of the group's
 * protocol: all partitions at once, or, of a cooperative one, only those that move.
 *
 * Thread: one at a time for each client.
 */

/* Takes partitions, or gives them back; a failure is logged with `instance`. */
void kafka_assignment_change(
    rd_kafka_t *client,
    const char *instance,
    const rd_kafka_topic_partition_list_t *partitions,
    bool is_gain);

/* Reads away what was fetched of partitions that are gone: it would hold memory. */
void kafka_assignment_drain(rd_kafka_t *client, const rd_kafka_topic_partition_list_t *partitions);

#endif /* CLIENTS_KAFKA_ASSIGNMENT_H */
