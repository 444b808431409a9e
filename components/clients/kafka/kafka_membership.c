/*
 * When to join, and with what. On the loop's thread.
 */
#include "clients/kafka/kafka_membership.h"

#include "clients/kafka/kafka_conf.h"

#include <dk/log.h>
#include <stddef.h>
#include <string.h>

enum {
    JOIN_WAIT_US = 20000, /* daprd opens its streams one after the other: one join for all */
    REBUILD_MS_MAX = 60000,
};

#define MEMBERSHIP_OF(timer, member) \
    ((struct kafka_membership *)(void *)((char *)(timer)-offsetof(struct kafka_membership, member)))

static void told_set(struct kafka_membership *membership, rd_kafka_topic_partition_list_t *told) {
    if (membership->told != NULL) {
        rd_kafka_topic_partition_list_destroy(membership->told);
    }
    membership->told = told;
}

static void member_end(struct kafka_membership *membership) {
    kafka_member_free(membership->member);
    membership->member = NULL;
    told_set(membership, NULL);
}

static void again_later(struct kafka_membership *membership) {
    int64_t wait_us = 0;
    (void)kafka_retry_next(
        &membership->rebuilds, &membership->rebuild, dk_loop_now_us(membership->loop), 0, &wait_us);
    (void)dk_timer_set(membership->loop, &membership->join, wait_us);
}

static enum dk_error member_begin(struct kafka_membership *membership, struct dk_fault *fault) {
    rd_kafka_conf_t *conf = NULL;
    if (membership->member != NULL) {
        return DK_OK;
    }
    if (kafka_conf_consumer(membership->settings, membership->properties, &conf, fault) != DK_OK) {
        return fault->error;
    }
    return kafka_member_new(
        membership->loop,
        conf,
        membership->instance,
        membership->settings->group,
        membership->events,
        membership->context,
        &membership->member,
        fault);
}

/* Both sorted; NULL is empty. */
static bool is_same(
    const rd_kafka_topic_partition_list_t *left, const rd_kafka_topic_partition_list_t *right) {
    const int left_count = left == NULL ? 0 : left->cnt;
    const int right_count = right == NULL ? 0 : right->cnt;
    for (int i = 0; i < left_count && left_count == right_count; i++) {
        if (strcmp(left->elems[i].topic, right->elems[i].topic) != 0) {
            return false;
        }
    }
    return left_count == right_count;
}

/* Tells the group what all subscriptions want together. */
static void join(struct kafka_membership *membership) {
    struct dk_fault fault = {.error = DK_OK};
    rd_kafka_topic_partition_list_t *wanted = kafka_topics_list(membership->topics);

    dk_timer_stop(membership->loop, &membership->hold);
    membership->on_held(membership->context, false);
    if (is_same(wanted, membership->told)) {
        rd_kafka_topic_partition_list_destroy(wanted);
        return;
    }
    if (member_begin(membership, &fault) != DK_OK ||
        kafka_member_subscribe(membership->member, wanted, &fault) != DK_OK) {
        dk_log(
            DK_LOG_ERROR,
            "kafka",
            "no messages come, trying on",
            "component=%s reason=%s",
            membership->instance,
            fault.text);
        rd_kafka_topic_partition_list_destroy(wanted);
        again_later(membership);
        return;
    }
    membership->rebuilds = (struct kafka_retry){.count = 0};
    told_set(membership, wanted);
}

static void on_join(struct dk_timer *timer) {
    struct kafka_membership *membership = MEMBERSHIP_OF(timer, join);
    if (membership->out_count(membership->context) == 0) {
        join(membership);
        return;
    }
    membership->on_held(membership->context, true);
    (void)dk_timer_set(
        membership->loop, &membership->hold, (int64_t)KAFKA_MEMBERSHIP_HOLD_MS * 1000);
}

static void on_hold_over(struct dk_timer *timer) {
    join(MEMBERSHIP_OF(timer, hold));
}

enum dk_error kafka_membership_open(struct kafka_membership *membership, struct dk_fault *fault) {
    rd_kafka_conf_t *conf = NULL;
    membership->join.on_due = on_join;
    membership->hold.on_due = on_hold_over;
    membership->rebuild = (struct kafka_backoff){
        .is_exponential = true,
        .initial_ms = membership->settings->config->rejoin_ms,
        .max_ms = REBUILD_MS_MAX,
        .multiplier = 2,
        .retries_max = -1,
    };
    if (membership->settings->group[0] == '\0') {
        return dk_fault_set(
            fault,
            DK_INVALID,
            "consumerGroup: is required to read topics, consumerID was empty too");
    }
    /* Made to be looked at: what is wrong with it is Init's to say. */
    if (kafka_conf_consumer(membership->settings, membership->properties, &conf, fault) != DK_OK) {
        return fault->error;
    }
    rd_kafka_conf_destroy(conf);
    return DK_OK;
}

void kafka_membership_change(struct kafka_membership *membership) {
    (void)dk_timer_set(membership->loop, &membership->join, JOIN_WAIT_US);
}

void kafka_membership_settled(struct kafka_membership *membership) {
    /* In a turn of its own: whoever tells it is in the midst of serving. */
    (void)dk_timer_set(membership->loop, &membership->hold, 0);
}

void kafka_membership_renew(struct kafka_membership *membership) {
    member_end(membership);
    again_later(membership);
}

void kafka_membership_close(struct kafka_membership *membership) {
    member_end(membership);
    dk_timer_stop(membership->loop, &membership->join);
    dk_timer_stop(membership->loop, &membership->hold);
}
