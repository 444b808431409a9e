/*
 * Librdkafka's consumer by its event interface. All of it on the loop's thread: librdkafka only
 * writes to eventfds.
 */
#include "clients/kafka/kafka_member.h"

#include "clients/kafka/kafka_assignment.h"
#include "clients/kafka/kafka_error.h"
#include "clients/kafka/kafka_events.h"
#include "clients/kafka/kafka_farewell.h"
#include "clients/kafka/kafka_metrics.h"
#include "clients/kafka/kafka_search.h"
#include "clients/kafka/kafka_trouble.h"

#include <dk/log.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
    POLL_INTERVAL_US = 1000000, /* far below any sane max.poll.interval.ms */
};

struct kafka_member {
    struct dk_loop *loop;
    const char *instance;
    const struct kafka_member_events *events;
    void *context;
    rd_kafka_t *handle;
    rd_kafka_queue_t *queue;   /* the group's: all events but the partitions' messages */
    struct kafka_events group; /* watches the same queue */
    struct dk_watch data;      /* an eventfd that partitions' queues write to */
    struct dk_timer poll, failed;
    struct kafka_search search; /* for topics that are not there yet */
    struct kafka_trouble broker_trouble, topic_trouble;
    struct kafka_client_metrics metrics;
    bool is_failed;
};

static const uint64_t poke = 1; /* what librdkafka writes to the eventfd */

#define MEMBER_OF(pointer, member) \
    ((struct kafka_member *)(void *)((char *)(pointer)-offsetof(struct kafka_member, member)))

/* ── partitions come and go ─────────────────────────────────────────────────────────────────── */

static void rebalance(struct kafka_member *member, rd_kafka_event_t *event) {
    const rd_kafka_topic_partition_list_t *partitions = rd_kafka_event_topic_partition_list(event);
    const bool is_gain = rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
    kafka_metrics_rebalanced(&member->metrics, is_gain);

    dk_log(
        DK_LOG_INFO,
        "kafka",
        is_gain ? "partitions assigned" : "partitions revoked",
        "component=%s count=%d lost=%s",
        member->instance,
        partitions->cnt,
        rd_kafka_assignment_lost(member->handle) ? "true" : "false");
    if (is_gain) {
        kafka_trouble_end(&member->broker_trouble, member->instance);
        kafka_trouble_end(&member->topic_trouble, member->instance);
        member->events->on_assigned(member->context, partitions);
        kafka_assignment_change(member->handle, member->instance, partitions, true);
        return;
    }
    member->events->on_revoked(member->context, partitions);
    kafka_assignment_change(member->handle, member->instance, partitions, false);
    kafka_assignment_drain(member->handle, partitions);
}

/* ── events ─────────────────────────────────────────────────────────────────────────────────── */

/* A topic that is not there says nothing of the brokers, and they nothing of it. */
static bool is_about_topic(rd_kafka_resp_err_t code) {
    return code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
           code == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED ||
           code == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC;
}

/* Nobody has created it yet, or the broker just does. */
static bool is_missing(rd_kafka_resp_err_t code) {
    return code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
           code == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE ||
           code == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC;
}

/* Told once as what it is; by its code alone it looks like any other error. */
static void on_error(struct kafka_member *member, rd_kafka_event_t *event) {
    char reason[512] = "";
    kafka_metrics_failed(&member->metrics, rd_kafka_event_error(event));
    const rd_kafka_resp_err_t fatal = rd_kafka_fatal_error(member->handle, reason, sizeof reason);
    if (fatal == RD_KAFKA_RESP_ERR_NO_ERROR) {
        const rd_kafka_resp_err_t code = rd_kafka_event_error(event);
        kafka_trouble_note(
            is_about_topic(code) ? &member->topic_trouble : &member->broker_trouble,
            member->instance,
            code,
            rd_kafka_event_error_string(event));
        if (is_missing(code)) {
            kafka_search_begin(&member->search, member->loop, member->handle);
        }
    } else if (!member->is_failed) {
        member->is_failed = true;
        (void)dk_timer_set(member->loop, &member->failed, 0);
        dk_log(
            DK_LOG_WARN,
            "kafka",
            "the consumer failed for good, another takes its place",
            "component=%s error=%s reason=%s",
            member->instance,
            rd_kafka_err2name(fatal),
            reason);
    }
}

static void on_committed(struct kafka_member *member, rd_kafka_event_t *event) {
    const rd_kafka_resp_err_t code = rd_kafka_event_error(event);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
        kafka_trouble_end(&member->broker_trouble, member->instance);
    } else if (code != RD_KAFKA_RESP_ERR__NO_OFFSET) {
        dk_log(
            DK_LOG_INFO,
            "kafka",
            "offsets were not committed, their messages may come again",
            "component=%s reason=%s",
            member->instance,
            rd_kafka_err2str(code));
    }
}

static void serve(struct kafka_member *member, rd_kafka_event_t *event) {
    switch (rd_kafka_event_type(event)) {
    case RD_KAFKA_EVENT_REBALANCE:
        rebalance(member, event);
        break;
    case RD_KAFKA_EVENT_ERROR:
        on_error(member, event);
        break;
    case RD_KAFKA_EVENT_STATS:
        kafka_metrics_take(&member->metrics, event);
        break;
    case RD_KAFKA_EVENT_OFFSET_COMMIT:
        on_committed(member, event);
        break;
    default:
        break; /* nothing else is asked for */
    }
}

static void on_event(struct kafka_events *group, rd_kafka_event_t *event) {
    serve(MEMBER_OF(group, group), event);
}

static void on_data(struct dk_watch *watch, unsigned ready) {
    struct kafka_member *member = MEMBER_OF(watch, data);
    uint64_t count = 0;
    const ssize_t got = read(watch->descriptor, &count, sizeof count);
    (void)got;
    (void)ready;
    member->events->on_data(member->context);
}

/* Shows librdkafka that we live, whether or not there is anything to read. */
static void on_poll(struct dk_timer *timer) {
    struct kafka_member *member = MEMBER_OF(timer, poll);
    rd_kafka_event_t *event = rd_kafka_queue_poll(member->queue, 0);
    (void)dk_timer_set(member->loop, &member->poll, POLL_INTERVAL_US);
    if (event != NULL) {
        serve(member, event);
        rd_kafka_event_destroy(event);
    }
}

/* In a turn of its own: an event belongs to its client until it is destroyed. */
static void on_failed(struct dk_timer *timer) {
    struct kafka_member *member = MEMBER_OF(timer, failed);
    member->events->on_failed(member->context);
}

/* ── life ───────────────────────────────────────────────────────────────────────────────────── */

enum dk_error kafka_member_new(
    struct dk_loop *loop,
    rd_kafka_conf_t *conf,
    const char *instance,
    const char *group,
    const struct kafka_member_events *events,
    void *context,
    struct kafka_member **ret_member,
    struct dk_fault *fault) {
    char reason[512] = "", text[KAFKA_ERROR_WORDS_MAX];
    struct kafka_member *member = calloc(1, sizeof *member);
    if (member == NULL) {
        rd_kafka_conf_destroy(conf);
        return dk_fault_set(fault, DK_EXHAUSTED, "kafka: no memory for a consumer");
    }
    *member = (struct kafka_member){
        .loop = loop,
        .instance = instance,
        .events = events,
        .context = context,
        .group = {.on_event = on_event},
        .data = {.on_ready = on_data, .descriptor = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)},
        .poll = {.on_due = on_poll},
        .failed = {.on_due = on_failed},
    };
    if (member->data.descriptor < 0) {
        rd_kafka_conf_destroy(conf);
        (void)dk_fault_set(fault, DK_EXHAUSTED, "kafka: no eventfd, errno %d", errno);
        goto fail;
    }
    rd_kafka_conf_set_events(
        conf,
        RD_KAFKA_EVENT_REBALANCE | RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_LOG |
            RD_KAFKA_EVENT_OFFSET_COMMIT | RD_KAFKA_EVENT_STATS);
    member->handle = rd_kafka_new(RD_KAFKA_CONSUMER, conf, reason, sizeof reason);
    if (member->handle == NULL) {
        rd_kafka_conf_destroy(conf);
        (void)dk_fault_set(
            fault,
            DK_INVALID,
            "kafka: no consumer: %s",
            kafka_error_words(reason, text, sizeof text));
        goto fail;
    }
    (void)rd_kafka_poll_set_consumer(member->handle);
    member->queue = rd_kafka_queue_get_consumer(member->handle);
    if (member->queue == NULL) {
        (void)dk_fault_set(fault, DK_INVALID, "consumerGroup: is missing");
        goto fail;
    }
    (void)rd_kafka_set_log_queue(member->handle, member->queue);
    rd_kafka_queue_t *watched = rd_kafka_queue_get_consumer(member->handle);
    if (kafka_events_open(&member->group, loop, watched, fault) != DK_OK) {
        rd_kafka_queue_destroy(watched);
        goto fail;
    }
    if (dk_watch_set(loop, &member->data, DK_READABLE) != DK_OK ||
        dk_timer_set(loop, &member->poll, POLL_INTERVAL_US) != DK_OK) {
        (void)dk_fault_set(fault, DK_EXHAUSTED, "kafka: the loop takes no more watches");
        goto fail;
    }
    kafka_metrics_begin(&member->metrics, instance, "consumer", group);
    *ret_member = member;
    return DK_OK;

fail:
    kafka_member_free(member); /* accepts a half-built member */
    return fault == NULL ? DK_INVALID : fault->error;
}

void kafka_member_free(struct kafka_member *member) {
    if (member == NULL) {
        return;
    }
    kafka_search_end(&member->search);
    kafka_metrics_end(&member->metrics);
    kafka_events_close(&member->group);
    (void)dk_watch_set(member->loop, &member->data, 0);
    dk_timer_stop(member->loop, &member->poll);
    dk_timer_stop(member->loop, &member->failed);
    if (member->handle != NULL) {
        kafka_farewell_begin(
            member->handle, member->queue, member->data.descriptor, member->instance);
    } else if (member->data.descriptor >= 0) {
        (void)close(member->data.descriptor);
    }
    free(member);
}

enum dk_error kafka_member_subscribe(
    struct kafka_member *member,
    const rd_kafka_topic_partition_list_t *topics,
    struct dk_fault *fault) {
    const rd_kafka_resp_err_t code = topics->cnt == 0 ? rd_kafka_unsubscribe(member->handle)
                                                      : rd_kafka_subscribe(member->handle, topics);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return dk_fault_set(
            fault, DK_INVALID, "kafka: the group was not joined: %s", rd_kafka_err2str(code));
    }
    return DK_OK;
}

rd_kafka_queue_t *kafka_member_queue(
    struct kafka_member *member, const char *topic, int32_t partition) {
    rd_kafka_queue_t *queue = rd_kafka_queue_get_partition(member->handle, topic, partition);
    if (queue != NULL) {
        rd_kafka_queue_forward(queue, NULL);
        rd_kafka_queue_io_event_enable(queue, member->data.descriptor, &poke, sizeof poke);
    }
    return queue;
}

void kafka_member_refill(
    struct kafka_member *member, const char *topic, int32_t partition, int64_t next) {
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, topic, partition)->offset = next;
    /* A seek wakes the broker's thread; that a partition was just revoked is no error. */
    rd_kafka_error_t *error = rd_kafka_seek_partitions(member->handle, list, 0);
    if (error != NULL) {
        rd_kafka_error_destroy(error);
    }
    rd_kafka_topic_partition_list_destroy(list);
}

void kafka_member_store(struct kafka_member *member, rd_kafka_topic_partition_list_t *offsets) {
    if (rd_kafka_offsets_store(member->handle, offsets) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        dk_log(
            DK_LOG_DEBUG,
            "kafka",
            "no offset was stored: its partition is no longer ours",
            "component=%s count=%d",
            member->instance,
            offsets->cnt);
    }
}
