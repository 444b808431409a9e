#ifndef CLIENTS_KAFKA_HEALTH_H
#define CLIENTS_KAFKA_HEALTH_H

#include "clients/kafka/kafka_question.h"

/*
 * What is known of a client's brokers: their last trouble in their own words, and answers to "do
 * they answer?", which Init and Ping ask. librdkafka reports errors one by one and connects again by
 * itself; here they become one verdict.
 *
 * Thread: the loop's. Owner: a member of its client's structure, zeroed at birth.
 */
enum { KAFKA_TROUBLE_BYTES_MAX = 640, KAFKA_ASKS_MAX = 16 };

struct kafka_ask;

struct kafka_health {
    struct dk_loop *loop;
    const char *mechanism; /* of SASL, to explain a refused login; NULL: none */
    struct kafka_ask *asks;
    int ask_count;
    rd_kafka_resp_err_t code; /* of the trouble */
    bool is_all_down;
    char trouble[KAFKA_TROUBLE_BYTES_MAX];
};

/* An event of type RD_KAFKA_EVENT_ERROR: logged, kept, and asks that it makes hopeless end soon. */
void kafka_health_note(struct kafka_health *health, rd_kafka_event_t *event);
/* A broker has answered. */
void kafka_health_mend(struct kafka_health *health);
/* "" when there is none. */
const char *kafka_health_trouble(const struct kafka_health *health);

/*
 * Asks for metadata, which takes connection, TLS and login. The answer comes in a later turn,
 * exactly once, unless the health ends before; it may end the health.
 *
 * Errors of the answer: DK_DENIED for a refused login, soon; DK_UNAVAILABLE with the brokers' words,
 *         a second or two after all of them are down, else after `timeout_ms`.
 * Errors: DK_EXHAUSTED when KAFKA_ASKS_MAX are under way; then no answer comes.
 */
typedef void kafka_answer_fn(void *context, const struct dk_fault *fault);
enum dk_error kafka_health_ask(
    struct kafka_health *health,
    rd_kafka_t *client,
    int64_t timeout_ms,
    kafka_answer_fn *on_answer,
    void *context,
    struct dk_fault *fault);

/* When the client goes and another comes: hush ends the asks' questions while the client is there,
 * fail answers the asks DK_UNAVAILABLE. The last answer may end the health. */
void kafka_health_hush(struct kafka_health *health);
void kafka_health_fail(struct kafka_health *health, const char *words);
/* Drops every ask; before the client goes. */
void kafka_health_end(struct kafka_health *health);

#endif /* CLIENTS_KAFKA_HEALTH_H */
