/*
 * A list whose members know their neighbours: a delivery report takes one out of the middle.
 */
#include "clients/kafka/kafka_sends.h"

void kafka_sends_push_newest(struct kafka_sends *sends, struct kafka_send *send) {
    send->older = sends->newest;
    send->newer = NULL;
    *(send->older == NULL ? &sends->oldest : &send->older->newer) = send;
    sends->newest = send;
    sends->count++;
}

void kafka_sends_push_oldest(struct kafka_sends *sends, struct kafka_send *send) {
    send->older = NULL;
    send->newer = sends->oldest;
    *(send->newer == NULL ? &sends->newest : &send->newer->older) = send;
    sends->oldest = send;
    sends->count++;
}

void kafka_sends_remove(struct kafka_sends *sends, struct kafka_send *send) {
    *(send->older == NULL ? &sends->oldest : &send->older->newer) = send->newer;
    *(send->newer == NULL ? &sends->newest : &send->newer->older) = send->older;
    sends->count--;
}

struct kafka_send *kafka_sends_take_oldest(struct kafka_sends *sends) {
    struct kafka_send *send = sends->oldest;
    if (send != NULL) {
        kafka_sends_remove(sends, send);
    }
    return send;
}

void kafka_sends_fail(struct kafka_sends *sends, const struct dk_fault *fault) {
    struct kafka_sends all = *sends;
    *sends = (struct kafka_sends){0}; /* an outcome may begin another */
    for (struct kafka_send *send = all.oldest; send != NULL;) {
        struct kafka_send *newer = send->newer;
        send->on_sent(send, fault);
        send = newer;
    }
}
