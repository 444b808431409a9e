/*
 * The answers are librdkafka's own business: told of all topics, it compares them with what it has
 * subscribed to, and joins its group anew when there are more. A question for some of them it would
 * not compare.
 */
#include "clients/kafka/kafka_search.h"

#include <stddef.h>

enum { QUESTION_MS = 5000 };

static void next_look(struct kafka_search *search);

static void on_metadata(void *context, const struct kafka_metadata *metadata) {
    struct kafka_search *search = context;
    const bool is_found = metadata->error == RD_KAFKA_RESP_ERR_NO_ERROR;

    kafka_question_drop(search->question);
    search->question = NULL;
    if (is_found) {
        search->pause_us = 0;
    } else {
        next_look(search);
    }
}

static void on_next(struct dk_timer *timer) {
    struct kafka_search *search =
        (struct kafka_search *)(void *)((char *)timer - offsetof(struct kafka_search, next));
    if (kafka_question_ask_subscription(
            search->loop,
            search->client,
            QUESTION_MS,
            on_metadata,
            search,
            &search->question,
            NULL) != DK_OK) {
        next_look(search);
    }
}

static void next_look(struct kafka_search *search) {
    const int64_t twice_us = search->pause_us * 2;
    search->pause_us = search->pause_us == 0            ? KAFKA_SEARCH_US_MIN
                       : twice_us > KAFKA_SEARCH_US_MAX ? KAFKA_SEARCH_US_MAX
                                                        : twice_us;
    if (dk_timer_set(search->loop, &search->next, search->pause_us) != DK_OK) {
        search->pause_us = 0; /* the next missing name begins anew */
    }
}

void kafka_search_begin(struct kafka_search *search, struct dk_loop *loop, rd_kafka_t *client) {
    if (search->pause_us == 0) {
        search->loop = loop;
        search->client = client;
        search->next.on_due = on_next;
        next_look(search);
    }
}

void kafka_search_end(struct kafka_search *search) {
    if (search->loop != NULL) {
        dk_timer_stop(search->loop, &search->next);
    }
    kafka_question_drop(search->question);
    *search = (struct kafka_search){0};
}
