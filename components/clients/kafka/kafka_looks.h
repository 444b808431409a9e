#ifndef CLIENTS_KAFKA_LOOKS_H
#define CLIENTS_KAFKA_LOOKS_H

#include "clients/kafka/kafka_question.h"

/*
 * Makes librdkafka look at a topic now. Left alone, it asks for a topic it has not met within a
 * second, and for one that was refused within minutes; told to ask for metadata, it knows in
 * milliseconds, and what waits for the topic leaves.
 *
 * Thread: the loop's. Owner: a member of its producer's structure, zeroed at birth.
 * Bound:  KAFKA_LOOKS_MAX at a time and KAFKA_LOOKS_TOPICS_MAX topics remembered; beyond, librdkafka
 *         is left alone.
 */
enum { KAFKA_LOOKS_MAX = 8, KAFKA_LOOKS_TOPICS_MAX = 4096 };

struct kafka_look;

struct kafka_looks {
    struct kafka_look *under_way;
    int count;
    char **topics; /* met before, sorted */
    size_t topic_count, topic_room;
};

/* At a topic this producer writes to for the first time; nothing when it has met it. */
void kafka_looks_meet(
    struct kafka_looks *looks, struct dk_loop *loop, rd_kafka_t *client, const char *topic);
/* At a topic that was refused: rights may have come. */
void kafka_looks_again(
    struct kafka_looks *looks, struct dk_loop *loop, rd_kafka_t *client, const char *topic);

/* Ends what is under way and forgets all topics; before the client goes. */
void kafka_looks_end(struct kafka_looks *looks);

#endif /* CLIENTS_KAFKA_LOOKS_H */
