#ifndef CLIENTS_KAFKA_MEMBER_H
#define CLIENTS_KAFKA_MEMBER_H

#include <dk/error.h>
#include <dk/loop.h>
#include <librdkafka/rdkafka.h>
#include <stdbool.h>

/*
 * A member of a consumer group: librdkafka's consumer, met on the loop.
 *
 *     librdkafka's threads ── eventfd ──▶ events: rebalance, errors, logs
 *                          ── eventfd ──▶ on_data: partitions' queues have become filled
 *     timer, each second ───────────────▶ a poll, so that max.poll.interval.ms never passes
 *
 * Every assigned partition has a queue of its own: who does not want its messages leaves them
 * there, librdkafka stops fetching at queued.min.messages and queued.max.messages.kbytes, and all
 * other partitions flow. Pausing would throw away what was fetched.
 *
 * Thread: the loop's; librdkafka's own threads run none of our code.
 */
struct kafka_member;

struct kafka_member_events {
    /* Partitions are ours from now on; then come their messages. */
    void (*on_assigned)(void *context, const rd_kafka_topic_partition_list_t *partitions);
    /* Partitions are about to go: the last time to store their offsets. Afterwards no queue and no
     * message of theirs may be left. */
    void (*on_revoked)(void *context, const rd_kafka_topic_partition_list_t *partitions);
    /* Partitions' queues that were empty may hold messages. */
    void (*on_data)(void *context);
    /* The client is broken for good: free it, and make another. */
    void (*on_failed)(void *context);
};

/*
 * Takes the conf, whatever happens. `instance` and `group` are for logs and metrics;
 * they outlive the member.
 * Errors: DK_INVALID with librdkafka's words; DK_EXHAUSTED.
 */
enum dk_error kafka_member_new(
    struct dk_loop *loop,
    rd_kafka_conf_t *conf,
    const char *instance,
    const char *group,
    const struct kafka_member_events *events,
    void *context,
    struct kafka_member **ret_member,
    struct dk_fault *fault);

/*
 * Leaves the group with stored offsets committed, on a thread of its own: kafka_farewell.h. No event
 * comes any more, on_revoked neither. No message may be left. Accepts NULL.
 */
void kafka_member_free(struct kafka_member *member);

/* Joins with these topics and expressions, instead of those before; an empty list leaves. */
enum dk_error kafka_member_subscribe(
    struct kafka_member *member,
    const rd_kafka_topic_partition_list_t *topics,
    struct dk_fault *fault);

/* The queue of a partition within on_assigned; its messages come nowhere else. The caller destroys
 * it. NULL: no memory. */
rd_kafka_queue_t *kafka_member_queue(
    struct kafka_member *member, const char *topic, int32_t partition);

/*
 * Makes librdkafka go on fetching a partition whose full queue was just read until it is empty: it
 * would look again within a second only. `next` is the offset behind the last that was read. What is
 * under way from the broker may be fetched twice, and is delivered once.
 */
void kafka_member_refill(
    struct kafka_member *member, const char *topic, int32_t partition, int64_t next);

/* Stores the positions, to be committed within a second and when the partition is revoked. */
void kafka_member_store(struct kafka_member *member, rd_kafka_topic_partition_list_t *offsets);

#endif /* CLIENTS_KAFKA_MEMBER_H */
