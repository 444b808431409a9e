/*
 * Two protocols of rebalancing, and what librdkafka has fetched meanwhile.
 */
#include "clients/kafka/kafka_assignment.h"

#include <dk/log.h>
#include <stddef.h>
#include <string.h>

enum { DRAIN_BATCH = 64 };

void kafka_assignment_change(
    rd_kafka_t *client,
    const char *instance,
    const rd_kafka_topic_partition_list_t *partitions,
    bool is_gain) {
    const bool is_cooperative = strcmp(rd_kafka_rebalance_protocol(client), "COOPERATIVE") == 0;
    rd_kafka_error_t *error = NULL;
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;

    if (is_cooperative) {
        error = is_gain ? rd_kafka_incremental_assign(client, partitions)
                        : rd_kafka_incremental_unassign(client, partitions);
    } else {
        code = rd_kafka_assign(client, is_gain ? partitions : NULL);
    }
    if (error != NULL || code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        dk_log(
            DK_LOG_WARN,
            "kafka",
            is_gain ? "partitions were not taken" : "partitions were not given back",
            "component=%s reason=%s",
            instance,
            error != NULL ? rd_kafka_error_string(error) : rd_kafka_err2str(code));
    }
    if (error != NULL) {
        rd_kafka_error_destroy(error);
    }
}

static void drain(rd_kafka_t *client, const rd_kafka_topic_partition_t *partition) {
    rd_kafka_message_t *messages[DRAIN_BATCH];
    ssize_t count = 0;
    rd_kafka_queue_t *queue =
        rd_kafka_queue_get_partition(client, partition->topic, partition->partition);
    if (queue == NULL) {
        return;
    }
    rd_kafka_queue_io_event_enable(queue, -1, NULL, 0);
    do {
        count = rd_kafka_consume_batch_queue(queue, 0, messages, DRAIN_BATCH);
        for (ssize_t i = 0; i < count; i++) {
            rd_kafka_message_destroy(messages[i]);
        }
    } while (count > 0);
    rd_kafka_queue_destroy(queue);
}

void kafka_assignment_drain(rd_kafka_t *client, const rd_kafka_topic_partition_list_t *partitions) {
    for (int i = 0; i < partitions->cnt; i++) {
        drain(client, &partitions->elems[i]);
    }
}
