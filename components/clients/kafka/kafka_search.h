#ifndef CLIENTS_KAFKA_SEARCH_H
#define CLIENTS_KAFKA_SEARCH_H

#include "clients/kafka/kafka_question.h"

/*
 * Looks for topics that a consumer has subscribed to and that are not there yet. Left alone, librdkafka
 * asks for the names it misses with its next refresh, minutes later, even where its first question has
 * made the broker create them.
 *
 *     begin ─▶ KAFKA_SEARCH_US_MIN ─▶ all topics there are ─▶ none missing: over
 *                    ▲                                    └─▶ some are, or no answer:
 *                    └────── twice as long, KAFKA_SEARCH_US_MAX at most ◀──┘
 *
 * Thread: the loop's. Owner: a member of its consumer's structure, zeroed at birth.
 */
enum { KAFKA_SEARCH_US_MIN = 100000, KAFKA_SEARCH_US_MAX = 30000000 };

struct kafka_search {
    struct dk_loop *loop;
    rd_kafka_t *client;
    struct dk_timer next;
    struct kafka_question *question;
    int64_t pause_us; /* 0: nothing is looked for */
};

/* A name is missing; nothing when it is looked for already. */
void kafka_search_begin(struct kafka_search *search, struct dk_loop *loop, rd_kafka_t *client);

/* Before the client goes. Waits for a question under way: see kafka_question_drop. */
void kafka_search_end(struct kafka_search *search);

#endif /* CLIENTS_KAFKA_SEARCH_H */
