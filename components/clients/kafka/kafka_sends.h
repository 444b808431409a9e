#ifndef CLIENTS_KAFKA_SENDS_H
#define CLIENTS_KAFKA_SENDS_H

#include "clients/kafka/kafka_record.h"

/*
 * One record under way; a member of the caller's structure, zeroed. The record and all it points to
 * must stay until its outcome: librdkafka sends the value from where it lies.
 */
struct kafka_send {
    /* The outcome, exactly once: DK_OK once acknowledged as producerRequiredAcks asks, else words
     * for the user. May free the send and begin others; does not free the producer. */
    void (*on_sent)(struct kafka_send *send, const struct dk_fault *fault);
    int64_t
        deadline_us; /* of waiting for a place, in the loop's time; INT64_MAX: none of its own */

    const struct kafka_record *record; /* private from here on */
    int32_t partition;
    uint8_t batch; /* that it left with */
    size_t bytes;
    int64_t since_us, due_us; /* came to wait; is given up */
    struct kafka_send *older, *newer;
};

/* Sends in order of age, linked through themselves. Pure; any thread. */
struct kafka_sends {
    struct kafka_send *oldest, *newest;
    int64_t count;
};

void kafka_sends_push_newest(struct kafka_sends *sends, struct kafka_send *send);
void kafka_sends_push_oldest(struct kafka_sends *sends, struct kafka_send *send);
void kafka_sends_remove(struct kafka_sends *sends, struct kafka_send *send);
/* NULL when there is none. */
struct kafka_send *kafka_sends_take_oldest(struct kafka_sends *sends);
/* Takes all and gives each the same outcome. */
void kafka_sends_fail(struct kafka_sends *sends, const struct dk_fault *fault);

#endif /* CLIENTS_KAFKA_SENDS_H */
