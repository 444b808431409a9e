/*
 * Counts alone: messages of a batch may come back in any order, from several brokers.
 */
#include "clients/kafka/kafka_batches.h"

bool kafka_batches_may_leave(const struct kafka_batches *batches, int64_t waiting) {
    int busy = 0;
    for (int i = 0; i < KAFKA_BATCHES; i++) {
        busy += batches->counts[i] > 0;
    }
    const bool is_room =
        busy == 0 || (busy < KAFKA_BATCHES && batches->bytes <= KAFKA_BATCH_BYTES_SECOND);
    return is_room && waiting >= batches->count;
}

void kafka_batches_begin(struct kafka_batches *batches) {
    batches->leaving = batches->counts[0] == 0 ? 0 : 1;
}

void kafka_batches_add(struct kafka_batches *batches, struct kafka_send *send) {
    send->batch = batches->leaving;
    batches->counts[send->batch]++;
    batches->count++;
    batches->bytes += send->bytes;
}

void kafka_batches_remove(struct kafka_batches *batches, const struct kafka_send *send) {
    batches->counts[send->batch]--;
    batches->count--;
    batches->bytes -= send->bytes;
}
