#ifndef CLIENTS_KAFKA_MEMBERSHIP_H
#define CLIENTS_KAFKA_MEMBERSHIP_H

#include "clients/kafka/kafka_config.h"
#include "clients/kafka/kafka_member.h"
#include "clients/kafka/kafka_retry.h"
#include "clients/kafka/kafka_topics.h"

/*
 * Keeps a member in the group with what all subscriptions want together: joins, joins anew when that
 * changes, and puts another member in the place of one that failed.
 *
 *     change ─▶ a moment for others ─▶ held until what is out is settled ─▶ subscribe
 *                                       KAFKA_MEMBERSHIP_HOLD_MS at most
 *
 * Thread: the loop's. Owner: a member of its owner's structure.
 */
enum { KAFKA_MEMBERSHIP_HOLD_MS = 1000 };

struct kafka_membership {
    /* The owner sets these; all outlive the membership. */
    struct dk_loop *loop;
    const char *instance; /* for logs */
    const struct kafka_settings *settings;
    struct dk_pairs properties;
    const struct kafka_topics *topics;
    const struct kafka_member_events *events;
    void *context;                                /* of the events and of these two */
    size_t (*out_count)(void *context);           /* messages that are not settled */
    void (*on_held)(void *context, bool is_held); /* true: deliver nothing for now */

    struct kafka_member *member;           /* NULL: not needed yet, or to be built anew */
    rd_kafka_topic_partition_list_t *told; /* private from here on: what it subscribed to */
    struct kafka_backoff rebuild;
    struct kafka_retry rebuilds;
    struct dk_timer join, hold;
};

/* Errors: those of kafka_conf_consumer; DK_INVALID without a group. */
enum dk_error kafka_membership_open(struct kafka_membership *membership, struct dk_fault *fault);
/* The topics have changed. */
void kafka_membership_change(struct kafka_membership *membership);
/* Held, and nothing is out any more. */
void kafka_membership_settled(struct kafka_membership *membership);
/* The member failed for good: no partition of it may be left. */
void kafka_membership_renew(struct kafka_membership *membership);
/* Leaves the group. Fine when it never opened. */
void kafka_membership_close(struct kafka_membership *membership);

#endif /* CLIENTS_KAFKA_MEMBERSHIP_H */
