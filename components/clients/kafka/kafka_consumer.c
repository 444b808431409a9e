/*
 * Subscriptions come and go, partitions come and go: here they meet. On the loop's thread.
 */
#include "clients/kafka/kafka_consumer.h"

#include "clients/kafka/kafka_membership.h"
#include "clients/kafka/kafka_schedule.h"

#include <dk/log.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* What was settled is committed each second: to tell librdkafka each turn costs more than a message. */
enum { STORE_US = 100000 };

struct kafka_consumer {
    struct kafka_consuming consuming;
    struct kafka_schedule schedule;
    struct kafka_membership membership;
    struct kafka_topics topics;
    struct dk_timer storing;
    bool is_storing; /* the timer is armed */
    struct kafka_header_filter *filter;
    struct kafka_partition *partitions;
};

#define CONSUMER_OF(pointer, member) \
    ((struct kafka_consumer *)(void *)((char *)(pointer)-offsetof(struct kafka_consumer, member)))

/* ── partitions ─────────────────────────────────────────────────────────────────────────────── */

static void on_ready(struct kafka_consuming *consuming, struct kafka_partition *partition) {
    kafka_schedule_ready(&CONSUMER_OF(consuming, consuming)->schedule, partition);
}

static void on_drained(
    struct kafka_consuming *consuming, struct kafka_partition *partition, int64_t next) {
    kafka_member_refill(
        CONSUMER_OF(consuming, consuming)->membership.member,
        partition->topic,
        partition->number,
        next);
}

static void store(struct kafka_consumer *consumer) {
    rd_kafka_topic_partition_list_t *offsets = NULL;
    struct kafka_partition *partition = NULL;
    while ((partition = kafka_schedule_take_dirty(&consumer->schedule)) != NULL) {
        int64_t next = 0;
        if (kafka_offsets_store(&partition->offsets, &next)) {
            offsets = offsets == NULL ? rd_kafka_topic_partition_list_new(1) : offsets;
            rd_kafka_topic_partition_list_add(offsets, partition->topic, partition->number)
                ->offset = next;
        }
    }
    if (offsets != NULL) {
        kafka_member_store(consumer->membership.member, offsets);
        rd_kafka_topic_partition_list_destroy(offsets);
    }
}

/* Gives every partition to whom its topic belongs now. */
static void partitions_give(struct kafka_consumer *consumer) {
    kafka_schedule_empty(&consumer->schedule);
    for (struct kafka_partition *partition = consumer->partitions; partition != NULL;
         partition = partition->next) {
        partition->subscription = kafka_topics_find(&consumer->topics, partition->topic);
        kafka_schedule_ready(&consumer->schedule, partition);
    }
}

static void partition_add(struct kafka_consumer *consumer, const char *topic, int32_t number) {
    rd_kafka_queue_t *queue = kafka_member_queue(consumer->membership.member, topic, number);
    struct kafka_partition *partition =
        queue == NULL ? NULL : kafka_partition_new(&consumer->consuming, topic, number, queue);
    if (partition == NULL) {
        dk_log(
            DK_LOG_ERROR,
            "kafka",
            "no memory for a partition, its messages wait for the next assignment",
            "component=%s topic=%s partition=%" PRId32,
            consumer->consuming.instance,
            topic,
            number);
        return;
    }
    partition->subscription = kafka_topics_find(&consumer->topics, partition->topic);
    partition->next = consumer->partitions;
    consumer->partitions = partition;
    consumer->consuming.counts.assigned++;
    kafka_schedule_ready(&consumer->schedule, partition);
}

static void on_assigned(void *context, const rd_kafka_topic_partition_list_t *partitions) {
    for (int i = 0; i < partitions->cnt; i++) {
        partition_add(context, partitions->elems[i].topic, partitions->elems[i].partition);
    }
}

static bool has(const rd_kafka_topic_partition_list_t *list, const struct kafka_partition *one) {
    for (int i = 0; i < list->cnt; i++) {
        if (list->elems[i].partition == one->number &&
            strcmp(list->elems[i].topic, one->topic) == 0) {
            return true;
        }
    }
    return false;
}

/* NULL: all of them. What was settled is stored before. */
static void partitions_let_go(
    struct kafka_consumer *consumer, const rd_kafka_topic_partition_list_t *which) {
    struct kafka_partition **link = &consumer->partitions;
    store(consumer);
    kafka_schedule_empty(&consumer->schedule);
    while (*link != NULL) {
        struct kafka_partition *partition = *link;
        if (which != NULL && !has(which, partition)) {
            link = &partition->next;
            continue;
        }
        *link = partition->next;
        consumer->consuming.counts.revoked++;
        kafka_partition_free(partition);
    }
    partitions_give(consumer);
    kafka_schedule_soon(&consumer->schedule); /* what drained is settled in its own way */
}

static void on_revoked(void *context, const rd_kafka_topic_partition_list_t *partitions) {
    partitions_let_go(context, partitions);
}

static void on_data(void *context) {
    struct kafka_consumer *consumer = context;
    for (struct kafka_partition *partition = consumer->partitions; partition != NULL;
         partition = partition->next) {
        if (partition->is_dry) {
            partition->is_dry = false;
            kafka_schedule_ready(&consumer->schedule, partition);
        }
    }
}

/* ── the member ─────────────────────────────────────────────────────────────────────────────── */

static void on_failed(void *context) {
    struct kafka_consumer *consumer = context;
    partitions_let_go(consumer, NULL);
    kafka_membership_renew(&consumer->membership);
}

static const struct kafka_member_events member_events = {
    .on_assigned = on_assigned,
    .on_revoked = on_revoked,
    .on_data = on_data,
    .on_failed = on_failed,
};

static size_t out_count(void *context) {
    return ((const struct kafka_consumer *)context)->consuming.out_count;
}

static void on_held(void *context, bool is_held) {
    struct kafka_consumer *consumer = context;
    consumer->schedule.is_held = is_held;
    kafka_schedule_soon(&consumer->schedule);
}

static void on_storing(struct dk_timer *timer) {
    struct kafka_consumer *consumer = CONSUMER_OF(timer, storing);
    consumer->is_storing = false;
    store(consumer);
}

static void on_served(struct kafka_schedule *schedule) {
    struct kafka_consumer *consumer = CONSUMER_OF(schedule, schedule);
    if (schedule->dirty != NULL && !consumer->is_storing) {
        consumer->is_storing = dk_timer_set(schedule->loop, &consumer->storing, STORE_US) == DK_OK;
    }
    if (!consumer->is_storing || (schedule->is_held && consumer->consuming.out_count == 0)) {
        store(consumer);
    }
    if (schedule->is_held && consumer->consuming.out_count == 0) {
        kafka_membership_settled(&consumer->membership);
    }
}

/* ── life ───────────────────────────────────────────────────────────────────────────────────── */

enum dk_error kafka_consumer_new(
    struct dk_loop *loop,
    const char *instance,
    const struct kafka_settings *settings,
    struct dk_pairs properties,
    const struct kafka_grave *grave,
    struct kafka_consumer **ret_consumer,
    struct dk_fault *fault) {
    const struct kafka_config *config = settings->config;
    struct kafka_consumer *consumer = calloc(1, sizeof *consumer);
    if (consumer == NULL) {
        return dk_fault_set(fault, DK_EXHAUSTED, "kafka: no memory for a consumer");
    }
    *consumer = (struct kafka_consumer){
        .consuming =
            {
                .loop = loop,
                .instance = instance,
                .backoff = &settings->backoff,
                .rules = {.is_escaped = config->is_header_escaped},
                .grave = grave,
                .window = (uint32_t)config->partition_window,
                .on_ready = on_ready,
                .on_drained = on_drained,
                .buffered_max = settings->buffered_max,
                .buffered_bytes_max = config->buffered_bytes_max,
                .random = (uint32_t)dk_clock_ms() | 1U,
            },
        .schedule = {.loop = loop, .on_served = on_served},
        .storing = {.on_due = on_storing},
        .membership =
            {
                .loop = loop,
                .instance = instance,
                .settings = settings,
                .properties = properties,
                .topics = &consumer->topics,
                .events = &member_events,
                .context = consumer,
                .out_count = out_count,
                .on_held = on_held,
            },
    };
    kafka_schedule_open(&consumer->schedule);
    if (kafka_membership_open(&consumer->membership, fault) != DK_OK ||
        kafka_header_filter_new(config->header_exclude_regex, &consumer->filter, fault) != DK_OK) {
        kafka_consumer_free(consumer);
        return fault->error;
    }
    consumer->consuming.rules.filter = consumer->filter;
    *ret_consumer = consumer;
    return DK_OK;
}

static void log_counts(const struct kafka_consumer *consumer) {
    const struct kafka_consumer_counts *counts = &consumer->consuming.counts;
    dk_log(
        DK_LOG_INFO,
        "kafka",
        "consuming has ended",
        "component=%s delivered=%" PRIu64 " handled=%" PRIu64 " refused=%" PRIu64
        " abandoned=%" PRIu64 " stale=%" PRIu64 " dead_lettered=%" PRIu64 " skipped=%" PRIu64
        " undeliverable=%" PRIu64 " assigned=%" PRIu64 " revoked=%" PRIu64,
        consumer->consuming.instance,
        counts->delivered,
        counts->handled,
        counts->refused,
        counts->abandoned,
        counts->stale,
        counts->buried,
        counts->skipped,
        counts->undeliverable,
        counts->assigned,
        counts->revoked);
}

void kafka_consumer_free(struct kafka_consumer *consumer) {
    if (consumer == NULL) {
        return;
    }
    partitions_let_go(consumer, NULL);
    dk_timer_stop(consumer->consuming.loop, &consumer->storing);
    kafka_membership_close(&consumer->membership);
    log_counts(consumer);
    kafka_schedule_close(&consumer->schedule);
    kafka_topics_close(&consumer->topics);
    kafka_consuming_close(&consumer->consuming);
    kafka_header_filter_free(consumer->filter);
    free(consumer);
}

/* ── the source ─────────────────────────────────────────────────────────────────────────────── */

static void subscriptions_changed(struct kafka_consumer *consumer) {
    partitions_give(consumer);
    kafka_membership_change(&consumer->membership);
}

void kafka_consumer_subscribe(
    struct kafka_consumer *consumer,
    struct dk_subscription *subscription,
    const struct dk_bytes *topics,
    size_t count) {
    struct dk_fault fault = {.error = DK_OK};
    if (kafka_schedule_add(&consumer->schedule, subscription) != DK_OK) {
        (void)dk_fault_set(&fault, DK_EXHAUSTED, "kafka: no memory for a subscription");
    } else {
        (void)kafka_topics_add(&consumer->topics, subscription, topics, count, &fault);
    }
    if (fault.error != DK_OK) {
        dk_log(
            DK_LOG_ERROR,
            "kafka",
            "not all that is subscribed to can be read",
            "component=%s reason=%s",
            consumer->consuming.instance,
            fault.text);
    }
    subscriptions_changed(consumer);
}

void kafka_consumer_unsubscribe(
    struct kafka_consumer *consumer, struct dk_subscription *subscription) {
    kafka_topics_remove(&consumer->topics, subscription);
    partitions_give(consumer);
    kafka_schedule_remove(&consumer->schedule, subscription);
    subscriptions_changed(consumer);
}

void kafka_consumer_settle(
    struct kafka_consumer *consumer, const struct dk_settlement *settlement) {
    kafka_pending_settle(&consumer->consuming, settlement);
    kafka_schedule_soon(&consumer->schedule); /* a stale one gave credit back, too */
}

void kafka_consumer_on_credit(
    struct kafka_consumer *consumer, struct dk_subscription *subscription) {
    (void)subscription; /* who stands in line is served */
    kafka_schedule_soon(&consumer->schedule);
}

void kafka_consumer_buried(
    struct kafka_consumer *consumer, void *ticket, enum dk_error error, const char *reason) {
    kafka_pending_buried(&consumer->consuming, ticket, error, reason);
}

struct kafka_consumer_counts kafka_consumer_counts(const struct kafka_consumer *consumer) {
    return consumer->consuming.counts;
}
