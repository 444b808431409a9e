/*
 * One question for each such send: it is a mistake of the caller's, not a way of life.
 */
#include "clients/kafka/kafka_range.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { PATIENCE_MS = 2000 };

struct kafka_range {
    struct kafka_range **list;
    struct kafka_question *question;
    struct kafka_send *send;
    char topic[KAFKA_TOPIC_BYTES_MAX + 1];
    struct kafka_range *next;
};

static void refuse(struct kafka_send *send, const char *topic, int partition_count) {
    struct dk_fault fault = {.error = DK_OK};
    char count[32] = "fewer";
    if (partition_count > 0) {
        (void)snprintf(count, sizeof count, "%d", partition_count);
    }
    (void)dk_fault_set(
        &fault,
        DK_INVALID,
        "partitionNumber: partition number %" PRId32
        " is out of range, topic '%s' has %s partitions",
        send->partition,
        topic,
        count);
    send->on_sent(send, &fault);
}

static void range_end(struct kafka_range *range, int partition_count) {
    struct kafka_range **at = range->list;
    while (*at != range) {
        at = &(*at)->next;
    }
    *at = range->next;
    kafka_question_drop(range->question);
    refuse(range->send, range->topic, partition_count);
    free(range);
}

static void range_on_metadata(void *context, const struct kafka_metadata *metadata) {
    range_end(context, metadata->partition_count);
}

void kafka_range_refuse(
    struct kafka_range **list,
    struct dk_loop *loop,
    rd_kafka_t *client,
    const char *topic,
    struct kafka_send *send) {
    struct kafka_range *range = calloc(1, sizeof *range);
    if (range == NULL) {
        refuse(send, topic, 0);
        return;
    }
    range->list = list;
    range->send = send;
    (void)snprintf(range->topic, sizeof range->topic, "%s", topic);
    range->next = *list;
    *list = range;
    if (kafka_question_ask(
            loop,
            client,
            range->topic,
            PATIENCE_MS,
            range_on_metadata,
            range,
            &range->question,
            NULL) != DK_OK) {
        range_end(range, 0);
    }
}

void kafka_range_end(struct kafka_range **list) {
    struct kafka_range *next = NULL;
    for (struct kafka_range *range = *list; range != NULL; range = next) {
        next = range->next;
        range_end(range, 0);
    }
}
