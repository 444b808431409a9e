#ifndef CLIENTS_KAFKA_CONSUMER_H
#define CLIENTS_KAFKA_CONSUMER_H

#include "clients/kafka/kafka_config.h"
#include "clients/kafka/kafka_partition.h"

/*
 * The consuming half of one component instance: one member of its group for all its subscriptions.
 *
 *     kafka_member ─ assigned partitions ─▶ kafka_partition, one each
 *     settle, credit, data ─▶ partitions that are ready ─▶ end of the turn: offsets are stored,
 *                                                         each reader's partitions take their turn
 *
 * Order and bounds: partitionWindow records of a partition are out at once, 1 by default, which
 * keeps the order of a partition whatever is refused; the stream's credit bounds all of them
 * together. What librdkafka holds ahead is bounded for each partition by channelBufferSize and
 * queued.max.messages.kbytes.
 *
 * Offsets are stored up to the lowest unsettled one, committed each second, when a partition is
 * revoked and at the end: after a crash, messages of at most that second come again; none is left
 * out.
 *
 * A change of the subscriptions makes the group assign anew. What is out then has
 * KAFKA_MEMBERSHIP_HOLD_MS (kafka_membership.h) to be settled, so that it need not come twice. Partitions that the group
 * takes from us are let go at once.
 *
 * Thread: the loop's.
 */
struct kafka_consumer;

/*
 * Joins no group yet. Settings, properties, instance name and grave outlive the consumer; `grave`
 * is NULL when there is no dead-letter topic.
 * Errors: as kafka_conf_consumer; DK_INVALID for excludeHeaderMetaRegex and a missing group.
 */
enum dk_error kafka_consumer_new(
    struct dk_loop *loop,
    const char *instance,
    const struct kafka_settings *settings,
    struct dk_pairs properties,
    const struct kafka_grave *grave,
    struct kafka_consumer **ret_consumer,
    struct dk_fault *fault);

/*
 * Stores and commits what is settled and leaves the group, which goes on after this returns:
 * kafka_farewells_wait. No subscription and no ticket of the grave is left. Accepts NULL.
 */
void kafka_consumer_free(struct kafka_consumer *consumer);

/* What dk_source asks of a backend, with the topics and expressions of a subscription:
 * kafka_topics.h. Topics that cannot be are logged and left out. Uses subscription->context. */
void kafka_consumer_subscribe(
    struct kafka_consumer *consumer,
    struct dk_subscription *subscription,
    const struct dk_bytes *topics,
    size_t count);
void kafka_consumer_unsubscribe(
    struct kafka_consumer *consumer, struct dk_subscription *subscription);
void kafka_consumer_settle(struct kafka_consumer *consumer, const struct dk_settlement *settlement);
void kafka_consumer_on_credit(
    struct kafka_consumer *consumer, struct dk_subscription *subscription);

/* The answer to kafka_grave.bury. */
void kafka_consumer_buried(
    struct kafka_consumer *consumer, void *ticket, enum dk_error error, const char *reason);

struct kafka_consumer_counts kafka_consumer_counts(const struct kafka_consumer *consumer);

#endif /* CLIENTS_KAFKA_CONSUMER_H */
