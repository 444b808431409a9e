/*
 * Counts alone: messages of a batch may come back in any order, from several brokers.
 */
#include "clients/kafka/kafka_batches.h"

static bool is_second_sent(const struct kafka_batches *batches) {
    return batches->is_idempotent ? batches->count < KAFKA_BATCH_SEQUENTIAL
                                  : batches->bytes <= KAFKA_BATCH_BYTES_SECOND;
}

bool kafka_batches_may_leave(const struct kafka_batches *batches, int64_t waiting) {
    int busy = 0;
    for (int i = 0; i < KAFKA_BATCHES; i++) {
        busy += batches->counts[i] > 0;
    }
    const bool is_room = busy == 0 || (busy < KAFKA_BATCHES && is_second_sent(batches));
    return is_room && waiting >= batches->count;
}

int64_t kafka_batches_gather_us(const struct kafka_batches *batches) {
    const int64_t patience_us = 2 * batches->took_us;
    if (patience_us < KAFKA_BATCH_GATHER_US_MIN) {
        return KAFKA_BATCH_GATHER_US_MIN;
    }
    return patience_us < KAFKA_BATCH_GATHER_US_MAX ? patience_us : KAFKA_BATCH_GATHER_US_MAX;
}

void kafka_batches_begin(struct kafka_batches *batches, int64_t now_us) {
    batches->leaving = batches->counts[0] == 0 ? 0 : 1;
    batches->left_us[batches->leaving] = now_us;
}

void kafka_batches_add(struct kafka_batches *batches, struct kafka_send *send) {
    send->batch = batches->leaving;
    batches->counts[send->batch]++;
    batches->count++;
    batches->bytes += send->bytes;
}

void kafka_batches_remove(
    struct kafka_batches *batches, const struct kafka_send *send, int64_t now_us) {
    batches->took_us = now_us - batches->left_us[send->batch];
    batches->counts[send->batch]--;
    batches->count--;
    batches->bytes -= send->bytes;
}
