#ifndef CLIENTS_KAFKA_QUESTION_H
#define CLIENTS_KAFKA_QUESTION_H

#include <dk/error.h>
#include <dk/loop.h>
#include <librdkafka/rdkafka.h>

/*
 * Asks the brokers for metadata without stopping the loop: librdkafka only has a call that blocks,
 * so each question has a thread of its own, which leaves its answer behind an eventfd. The thread
 * waits in steps, so that it can be told to end.
 *
 * Thread: the loop's. Owner: the question is the caller's until kafka_question_drop; the client must
 *         outlive it.
 */
struct kafka_question;

struct kafka_metadata {
    rd_kafka_resp_err_t error; /* of the question as a whole, or of the topic */
    int partition_count;       /* of the topic asked for */
};

typedef void kafka_metadata_fn(void *context, const struct kafka_metadata *metadata);

/* Asks for the brokers alone (`topic` NULL) or for a topic too, at most `timeout_ms` long. The
 * answer comes in a later turn, exactly once; it may drop the question.
 * Errors: DK_EXHAUSTED: no thread or descriptor. */
enum dk_error kafka_question_ask(
    struct dk_loop *loop,
    rd_kafka_t *client,
    const char *topic,
    int64_t timeout_ms,
    kafka_metadata_fn *on_metadata,
    void *context,
    struct kafka_question **ret_question,
    struct dk_fault *fault);

/* Asks for all topics there are, so that librdkafka joins the group anew for those of the client's
 * subscription that it did not know; `error` is UNKNOWN_TOPIC_OR_PART while names of it are missing. */
enum dk_error kafka_question_ask_subscription(
    struct dk_loop *loop,
    rd_kafka_t *client,
    int64_t timeout_ms,
    kafka_metadata_fn *on_metadata,
    void *context,
    struct kafka_question **ret_question,
    struct dk_fault *fault);

/* It is hopeless: the answer comes after this step. */
void kafka_question_give_up(struct kafka_question *question);

/* No answer comes afterwards. Waits for the thread's step: KAFKA_QUESTION_STEP_MS_MAX at most, a few
 * ms once the brokers are known. Accepts NULL. */
enum { KAFKA_QUESTION_STEP_MS_MIN = 100, KAFKA_QUESTION_STEP_MS_MAX = 400 };
void kafka_question_drop(struct kafka_question *question);

#endif /* CLIENTS_KAFKA_QUESTION_H */
