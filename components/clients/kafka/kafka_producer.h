#ifndef CLIENTS_KAFKA_PRODUCER_H
#define CLIENTS_KAFKA_PRODUCER_H

#include "clients/kafka/kafka_config.h"
#include "clients/kafka/kafka_health.h"
#include "clients/kafka/kafka_sends.h"

/*
 * A producer on the loop: records out, delivery reports back. librdkafka's threads meet the loop at
 * one descriptor; none of them runs our code or sees our memory.
 *
 *     send ─▶ librdkafka's queue ─▶ broker ─▶ report ─▶ on_sent
 *       └─ full: waits for a place, publishTimeout long ─▶ DK_EXHAUSTED
 *
 * Thread: the loop's. Owner: the caller's, from kafka_producer_new to kafka_producer_free; settings
 *         and properties must outlive it.
 * Bound:  inflightMax records and inflightBytesMax bytes on their way; inflightMax more may wait for
 *         a place; one beyond is answered DK_EXHAUSTED at once. Never a silent drop.
 */
struct kafka_producer;

/* Makes a producer that connects by itself, again and again.
 * Errors: kafka_conf_producer's; DK_INVALID with librdkafka's words; DK_EXHAUSTED. */
enum dk_error kafka_producer_new(
    struct dk_loop *loop,
    const struct kafka_settings *settings,
    struct dk_pairs properties,
    struct kafka_producer **ret_producer,
    struct dk_fault *fault);

/* From now on it counts for /metrics, as a client of this component, whose name outlives it. Once. */
void kafka_producer_introduce(struct kafka_producer *producer, const char *component);

/* Do the brokers answer? kafka_health_ask by this producer's client. */
enum dk_error kafka_producer_ask(
    struct kafka_producer *producer,
    int64_t timeout_ms,
    kafka_answer_fn *on_answer,
    void *context,
    struct dk_fault *fault);

/* Sends, at the end of the turn or, while others are on their way, 2 ms later at most. The
 * outcome may come at once: DK_EXHAUSTED. */
void kafka_producer_send(
    struct kafka_producer *producer, const struct kafka_record *record, struct kafka_send *send);

/* Ends at once: every send under way is answered DK_UNAVAILABLE, asks are not answered any more.
 * Not within on_sent. Accepts NULL. */
void kafka_producer_free(struct kafka_producer *producer);

#endif /* CLIENTS_KAFKA_PRODUCER_H */
