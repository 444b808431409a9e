/*
 * Publishing on the loop. Every send is in one of two lists: on its way, or waiting. What came in a
 * turn goes at its end, in one go; while batches are on their way it gathers first.
 *
 * A fatal error of librdkafka (an idempotent producer that lost count, or may not be one) ends its
 * client; a new one takes its place at the end of the turn.
 */
#include "clients/kafka/kafka_producer.h"

#include "clients/kafka/kafka_batches.h"
#include "clients/kafka/kafka_conf.h"
#include "clients/kafka/kafka_error.h"
#include "clients/kafka/kafka_events.h"
#include "clients/kafka/kafka_looks.h"
#include "clients/kafka/kafka_metrics.h"
#include "clients/kafka/kafka_range.h"

#include <dk/log.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    REASON_BYTES_MAX = 512,
    US_PER_MS = 1000,
};

/* The topic that was written to last: most often the next message's as well. NULL: there is none. */
struct kafka_topic_handle {
    rd_kafka_topic_t *handle;
    char name[KAFKA_TOPIC_BYTES_MAX + 1];
    size_t name_size;
};

struct kafka_producer {
    struct dk_loop *loop;
    const struct kafka_settings *settings;
    struct dk_pairs properties;
    rd_kafka_t *client;
    struct kafka_events events;
    struct kafka_health health;
    struct kafka_client_metrics metrics;
    struct kafka_sends inflight, waiting;
    struct kafka_range *out_of_range;
    struct kafka_looks looks;
    struct kafka_topic_handle topic;
    struct dk_timer gather;     /* of the oldest that waits */
    struct dk_deferred service; /* of those that wait, once the turn's reports are gone */
    bool is_full;               /* until a report gives a place */
    struct kafka_batches batches;
    struct dk_deferred renewal;
    bool is_idempotence_denied;
};

#define PRODUCER_OF(member, pointer) \
    ((struct kafka_producer *)(void *)((char *)(pointer)-offsetof(struct kafka_producer, member)))

/* ── life ───────────────────────────────────────────────────────────────────────────────────── */

static void producer_on_event(struct kafka_events *events, rd_kafka_event_t *event);

static void topic_let_go(struct kafka_topic_handle *topic) {
    if (topic->handle != NULL) {
        rd_kafka_topic_destroy(topic->handle);
        topic->handle = NULL;
    }
}

/* What is on its way is answered by the caller: librdkafka's reports are not waited for. */
static void client_close(struct kafka_producer *producer) {
    kafka_range_end(&producer->out_of_range);
    kafka_looks_end(&producer->looks);
    kafka_events_close(&producer->events);
    topic_let_go(&producer->topic);
    if (producer->client != NULL) {
        (void)rd_kafka_purge(
            producer->client,
            RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT | RD_KAFKA_PURGE_F_NON_BLOCKING);
        rd_kafka_destroy(producer->client);
        producer->client = NULL;
    }
    producer->batches = (struct kafka_batches){.count = 0};
}

/* Whatever decided it: acks, retries, a property that is passed through, or the brokers' no. */
static bool is_idempotent(const rd_kafka_conf_t *conf) {
    char value[8] = "";
    size_t size = sizeof value;
    return rd_kafka_conf_get(conf, "enable.idempotence", value, &size) == RD_KAFKA_CONF_OK &&
           strcmp(value, "true") == 0;
}

static enum dk_error client_open(struct kafka_producer *producer, struct dk_fault *fault) {
    char reason[REASON_BYTES_MAX] = "", text[KAFKA_ERROR_WORDS_MAX];
    rd_kafka_conf_t *conf = NULL;
    rd_kafka_queue_t *queue = NULL;

    const enum dk_error error =
        kafka_conf_producer(producer->settings, producer->properties, &conf, fault);
    if (error != DK_OK) {
        return error;
    }
    if (producer->is_idempotence_denied) {
        (void)rd_kafka_conf_set(conf, "enable.idempotence", "false", reason, sizeof reason);
    }
    producer->batches.is_idempotent = is_idempotent(conf);
    rd_kafka_conf_set_events(
        conf, RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_LOG | RD_KAFKA_EVENT_STATS);
    producer->client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, reason, sizeof reason);
    if (producer->client == NULL) {
        rd_kafka_conf_destroy(conf);
        return dk_fault_set(
            fault,
            DK_INVALID,
            "kafka: librdkafka makes no producer: %s",
            kafka_error_words(reason, text, sizeof text));
    }
    queue = rd_kafka_queue_get_main(producer->client);
    (void)rd_kafka_set_log_queue(producer->client, queue);
    producer->events.on_event = producer_on_event;
    if (kafka_events_open(&producer->events, producer->loop, queue, fault) != DK_OK) {
        rd_kafka_queue_destroy(queue);
        client_close(producer);
        return DK_EXHAUSTED;
    }
    return DK_OK;
}

/* A client that could not begin anew is tried again by the next who needs it. */
static enum dk_error producer_ready(struct kafka_producer *producer, struct dk_fault *fault) {
    return producer->client != NULL ? DK_OK : client_open(producer, fault);
}

/* ── sending ────────────────────────────────────────────────────────────────────────────────── */

static void topic_refused(struct kafka_producer *producer, const char *topic, enum dk_error error) {
    if (error == DK_DENIED) {
        kafka_looks_again(&producer->looks, producer->loop, producer->client, topic);
    }
}

/* The record's topic in `producer->topic`; librdkafka's words when it takes none of that name. */
static rd_kafka_resp_err_t topic_take(
    struct kafka_producer *producer, const struct kafka_record *record) {
    struct kafka_topic_handle *topic = &producer->topic;
    if (topic->handle != NULL && topic->name_size == record->topic.size &&
        memcmp(topic->name, record->topic.data, topic->name_size) == 0) {
        return RD_KAFKA_RESP_ERR_NO_ERROR;
    }
    topic_let_go(topic);
    if (!kafka_record_topic(record, topic->name)) {
        return RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION;
    }
    kafka_looks_meet(&producer->looks, producer->loop, producer->client, topic->name);
    topic->name_size = record->topic.size;
    topic->handle = rd_kafka_topic_new(producer->client, topic->name, NULL);
    return topic->handle == NULL ? rd_kafka_last_error() : RD_KAFKA_RESP_ERR_NO_ERROR;
}

/* False when there is no place: the send is untouched. Else it is on its way or answered. */
static bool send_produce(struct kafka_producer *producer, struct kafka_send *send) {
    const struct kafka_record *record = send->record;
    const char *const topic = producer->topic.name;
    rd_kafka_resp_err_t code = topic_take(producer, record);

    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
        code = kafka_record_produce(producer->client, producer->topic.handle, record, send);
    }
    if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL) {
        return false;
    }
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
        send->bytes = kafka_record_bytes(record);
        kafka_batches_add(&producer->batches, send);
        kafka_sends_push_newest(&producer->inflight, send);
    } else if (code == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION) {
        kafka_range_refuse(&producer->out_of_range, producer->loop, producer->client, topic, send);
    } else {
        struct dk_fault fault = {.error = DK_OK};
        kafka_record_refuse(record, code, producer->settings->message_bytes_max, &fault);
        topic_refused(producer, topic, fault.error);
        send->on_sent(send, &fault);
    }
    return true;
}

static void waiting_give_up(struct kafka_producer *producer, struct kafka_send *send) {
    const char *trouble = kafka_health_trouble(&producer->health);
    struct dk_fault fault = {.error = DK_OK};
    if (dk_loop_now_us(producer->loop) >= send->deadline_us) {
        (void)dk_fault_set(
            &fault, DK_TIMEOUT, "kafka: the deadline passed before inflightMax gave a place");
    } else {
        (void)dk_fault_set(
            &fault,
            DK_EXHAUSTED,
            "kafka: inflightMax or inflightBytesMax is reached, and no place came within "
            "publishTimeout (%" PRId64 " ms)%s%s",
            producer->settings->config->publish_timeout_ms,
            trouble[0] == '\0' ? "" : ": ",
            trouble);
    }
    send->on_sent(send, &fault);
}

static bool is_over(const struct kafka_send *send, int64_t now_us) {
    return send->due_us <= now_us || send->deadline_us <= now_us;
}

/* When the oldest that waits has to go, or, without a place, to be given up. */
static int64_t oldest_due_us(const struct kafka_producer *producer) {
    const struct kafka_send *oldest = producer->waiting.oldest;
    return producer->is_full ? oldest->due_us
                             : oldest->since_us + kafka_batches_gather_us(&producer->batches);
}

static bool is_time(const struct kafka_producer *producer, int64_t now_us) {
    return kafka_batches_may_leave(&producer->batches, producer->waiting.count) ||
           oldest_due_us(producer) <= now_us;
}

static void waiting_go(struct kafka_producer *producer) {
    kafka_batches_begin(&producer->batches, dk_loop_now_us(producer->loop));
    while (producer->waiting.oldest != NULL && producer->client != NULL) {
        struct kafka_send *send = kafka_sends_take_oldest(&producer->waiting); /* order stays */
        if (!send_produce(producer, send)) {
            kafka_sends_push_oldest(&producer->waiting, send);
            producer->is_full = true;
            return;
        }
    }
}

/* At the end of a turn in which something came to wait, or places became free. */
static void waiting_serve(struct kafka_producer *producer) {
    const int64_t now_us = dk_loop_now_us(producer->loop);
    while (producer->waiting.oldest != NULL && is_over(producer->waiting.oldest, now_us)) {
        waiting_give_up(producer, kafka_sends_take_oldest(&producer->waiting));
    }
    if (producer->waiting.oldest != NULL && !producer->is_full && is_time(producer, now_us)) {
        waiting_go(producer);
    }
    if (producer->waiting.oldest == NULL) {
        dk_timer_stop(producer->loop, &producer->gather);
        return;
    }
    const int64_t left_us = oldest_due_us(producer) - now_us;
    /* Without a timer they still get their places as reports come. */
    (void)dk_timer_set(producer->loop, &producer->gather, left_us > 0 ? left_us : 0);
}

static void producer_on_gather(struct dk_timer *timer) {
    waiting_serve(PRODUCER_OF(gather, timer));
}

static void producer_on_service(struct dk_deferred *deferred) {
    waiting_serve(PRODUCER_OF(service, deferred));
}

/* Nothing is refused while a client is there and has a place. A fault is 2 KiB: none is made for a
 * message that goes well. */
static bool send_refuse(struct kafka_producer *producer, struct kafka_send *send) {
    const int64_t inflight_max = producer->settings->config->inflight_max;
    struct dk_fault fault = {.error = DK_OK};
    if (producer_ready(producer, &fault) == DK_OK &&
        producer->inflight.count + producer->waiting.count >= 2 * inflight_max) {
        (void)dk_fault_set(
            &fault,
            DK_EXHAUSTED,
            "kafka: inflightMax or inflightBytesMax is reached, and inflightMax (%" PRId64
            ") messages wait for a place already",
            inflight_max);
    }
    if (fault.error == DK_OK) {
        return false;
    }
    send->on_sent(send, &fault);
    return true;
}

void kafka_producer_send(
    struct kafka_producer *producer, const struct kafka_record *record, struct kafka_send *send) {
    const struct kafka_config *config = producer->settings->config;
    const int64_t count = producer->inflight.count + producer->waiting.count;

    if ((producer->client == NULL || count >= 2 * config->inflight_max) &&
        send_refuse(producer, send)) {
        return;
    }
    send->record = record;
    send->partition = record->partition;
    send->since_us = dk_loop_now_us(producer->loop);
    send->due_us = send->since_us + config->publish_timeout_ms * US_PER_MS;
    kafka_sends_push_newest(&producer->waiting, send);
    dk_defer(producer->loop, &producer->service);
}

/* ── events ─────────────────────────────────────────────────────────────────────────────────── */

static void report_failure(
    struct kafka_producer *producer, const rd_kafka_message_t *message, struct kafka_send *send) {
    struct dk_fault fault = {.error = DK_OK};
    kafka_error_of_report(
        message,
        producer->settings->config->publish_timeout_ms,
        kafka_health_trouble(&producer->health),
        &fault);
    topic_refused(producer, rd_kafka_topic_name(message->rkt), fault.error);
    send->on_sent(send, &fault);
}

static void report_take(struct kafka_producer *producer, const rd_kafka_message_t *message) {
    static const struct dk_fault none = {.error = DK_OK};
    struct kafka_send *send = message->_private;

    kafka_sends_remove(&producer->inflight, send);
    kafka_batches_remove(&producer->batches, send, dk_loop_now_us(producer->loop));
    if (message->err == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION && send->partition >= 0) {
        kafka_range_refuse(
            &producer->out_of_range,
            producer->loop,
            producer->client,
            rd_kafka_topic_name(message->rkt),
            send);
    } else if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        report_failure(producer, message, send);
    } else {
        kafka_health_mend(&producer->health);
        send->on_sent(send, &none);
    }
}

static void producer_on_event(struct kafka_events *events, rd_kafka_event_t *event) {
    struct kafka_producer *producer = PRODUCER_OF(events, events);
    const rd_kafka_message_t *message = NULL;

    switch (rd_kafka_event_type(event)) {
    case RD_KAFKA_EVENT_DR:
        while ((message = rd_kafka_event_message_next(event)) != NULL) {
            report_take(producer, message);
        }
        producer->is_full = false;
        if (producer->waiting.oldest != NULL) {
            dk_defer(
                producer->loop, &producer->service); /* places are free once the event is gone */
        }
        break;
    case RD_KAFKA_EVENT_STATS:
        kafka_metrics_take(&producer->metrics, event);
        break;
    case RD_KAFKA_EVENT_ERROR:
        kafka_metrics_failed(&producer->metrics, rd_kafka_event_error(event));
        if (rd_kafka_event_error_is_fatal(event)) {
            dk_defer(producer->loop, &producer->renewal);
        } else {
            kafka_health_note(&producer->health, event);
        }
        break;
    default:
        break;
    }
}

/* ── life ───────────────────────────────────────────────────────────────────────────────────── */

static void producer_on_renewal(struct dk_deferred *deferred) {
    struct kafka_producer *producer = PRODUCER_OF(renewal, deferred);
    char reason[REASON_BYTES_MAX] = "";
    struct dk_fault fault = {.error = DK_OK}, lost = {.error = DK_OK};
    const rd_kafka_resp_err_t code = rd_kafka_fatal_error(producer->client, reason, sizeof reason);

    dk_log(
        DK_LOG_WARN,
        "kafka",
        "the producer begins anew",
        "code=%s reason=%s",
        rd_kafka_err2name(code),
        reason);
    if (code == RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED ||
        code == RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE) {
        producer->is_idempotence_denied = true;
    }
    (void)dk_fault_set(
        &lost,
        DK_UNAVAILABLE,
        "kafka: the producer had to begin anew; the message may have been written: %s",
        reason);
    kafka_health_hush(&producer->health);
    producer->metrics.disconnects = 0; /* the next client counts from the beginning */
    client_close(producer);
    if (client_open(producer, &fault) != DK_OK) {
        dk_log(DK_LOG_ERROR, "kafka", "the producer cannot begin anew", "reason=%s", fault.text);
        kafka_sends_fail(&producer->waiting, &fault);
    }
    producer->is_full = false;
    kafka_sends_fail(&producer->inflight, &lost);
    dk_defer(producer->loop, &producer->service);
    kafka_health_fail(&producer->health, reason); /* last: Init's answer ends the producer */
}

enum dk_error kafka_producer_new(
    struct dk_loop *loop,
    const struct kafka_settings *settings,
    struct dk_pairs properties,
    struct kafka_producer **ret_producer,
    struct dk_fault *fault) {
    struct kafka_producer *producer = calloc(1, sizeof *producer);
    if (producer == NULL) {
        return dk_fault_set(fault, DK_EXHAUSTED, "kafka: no memory for a producer");
    }
    producer->loop = loop;
    producer->settings = settings;
    producer->properties = properties;
    producer->health = (struct kafka_health){.loop = loop, .mechanism = settings->sasl_mechanism};
    producer->gather.on_due = producer_on_gather;
    producer->service.on_turn_end = producer_on_service;
    producer->renewal.on_turn_end = producer_on_renewal;
    const enum dk_error error = client_open(producer, fault);
    if (error != DK_OK) {
        kafka_producer_free(producer); /* accepts a half-built producer */
        return error;
    }
    *ret_producer = producer;
    return DK_OK;
}

void kafka_producer_introduce(struct kafka_producer *producer, const char *component) {
    kafka_metrics_begin(&producer->metrics, component, "producer", NULL);
}

enum dk_error kafka_producer_ask(
    struct kafka_producer *producer,
    int64_t timeout_ms,
    kafka_answer_fn *on_answer,
    void *context,
    struct dk_fault *fault) {
    if (producer_ready(producer, fault) != DK_OK) {
        return DK_EXHAUSTED;
    }
    return kafka_health_ask(
        &producer->health, producer->client, timeout_ms, on_answer, context, fault);
}

void kafka_producer_free(struct kafka_producer *producer) {
    static const struct dk_fault closed = {
        DK_UNAVAILABLE, "kafka: the component is closed; the message may have been written"};
    static const struct dk_fault unsent = {DK_UNAVAILABLE, "kafka: the component is closed"};
    if (producer == NULL) {
        return;
    }
    dk_defer_stop(producer->loop, &producer->service);
    dk_defer_stop(producer->loop, &producer->renewal);
    dk_timer_stop(producer->loop, &producer->gather);
    kafka_health_end(&producer->health);
    kafka_metrics_end(&producer->metrics);
    client_close(producer);
    kafka_sends_fail(&producer->inflight, &closed);
    kafka_sends_fail(&producer->waiting, &unsent);
    free(producer);
}
