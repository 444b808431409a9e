/*
 * Any bytes as Redis' answers: whole, and again cut at a place the input chooses; with room for all, and
 * again with room for little. Cutting changes nothing; little room changes answers into TOOLARGE and
 * nothing else, neither their number nor what the others say; and none makes us read or write what is
 * not ours, nor hold more than the bound.
 */
#include "clients/redis/redis_reply.h"

#include "core/pool.h"

#include <hiredis/hiredis.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH_MAX = 16, ANSWERS_MAX = 1024, LITTLE_BYTES = 400, BUFFER_BYTES_MAX = 300 * 1024 };

/* What was read of one input. */
struct outcome {
    uint64_t sums[ANSWERS_MAX]; /* one for each answer; 0: it was too large */
    size_t count;
    enum dk_error error; /* of what came after them */
};

/* A number for a tree of answers: types, sizes, integers and bytes all count. Never 0. */
static uint64_t fold(uint64_t sum, const struct redisReply *reply, int depth) {
    sum = sum * 31 + (uint64_t)reply->type;
    sum = sum * 31 + (uint64_t)reply->integer;
    for (size_t i = 0; i < (size_t)reply->len; i++) {
        sum = sum * 31 + (unsigned char)reply->str[i];
    }
    for (size_t i = 0; i < reply->elements && depth < DEPTH_MAX; i++) {
        sum = fold(sum, reply->element[i], depth + 1);
    }
    return sum == 0 ? 1 : sum;
}

static bool is_too_large(const struct redisReply *reply, size_t bound) {
    static const char word[] = "TOOLARGE an answer has at most 400 bytes";
    return bound == LITTLE_BYTES && reply->type == REDIS_REPLY_ERROR &&
           reply->len == sizeof word - 1 && memcmp(reply->str, word, sizeof word - 1) == 0;
}

/* False: the bytes were refused. */
static bool drain(struct redis_reader *reader, size_t bound, struct outcome *outcome) {
    for (;;) {
        const struct redisReply *reply = NULL;
        struct dk_fault fault = {0};
        if (redis_reader_next(reader, &reply, &fault) != DK_OK) {
            outcome->error = fault.error;
            return false;
        }
        if (redis_reader_bytes(reader) > bound + BUFFER_BYTES_MAX) {
            abort();
        }
        if (reply == NULL) {
            return true;
        }
        if (outcome->count < ANSWERS_MAX) {
            outcome->sums[outcome->count++] = is_too_large(reply, bound) ? 0 : fold(7, reply, 0);
        }
    }
}

static void read_in_two(struct dk_bytes bytes, size_t cut, size_t bound, struct outcome *outcome) {
    struct dk__pool pool = {0};
    struct dk_fault fault = {0};
    struct redis_reader *reader = redis_reader_new(&pool, bound);
    const struct dk_bytes front = {bytes.data, cut}, back = {bytes.data + cut, bytes.size - cut};

    outcome->count = 0;
    outcome->error = DK_OK;
    if (redis_reader_feed(reader, front, &fault) == DK_OK && drain(reader, bound, outcome) &&
        redis_reader_feed(reader, back, &fault) == DK_OK) {
        (void)drain(reader, bound, outcome);
    }
    redis_reader_free(reader);
    dk__pool_clear(&pool);
}

static void must_be_equal(const struct outcome *one, const struct outcome *other, bool may_lack) {
    if (one->count != other->count || one->error != other->error) {
        abort();
    }
    for (size_t i = 0; i < one->count; i++) {
        if (one->sums[i] != other->sums[i] && !(may_lack && other->sums[i] == 0)) {
            abort();
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct outcome whole, cut, little, little_cut;
    if (size < 2 || size > REDIS_FEED_BYTES_MAX / 8) {
        return 0;
    }
    const struct dk_bytes bytes = {(const char *)data + 1, size - 1};
    const size_t at = data[0] % (bytes.size + 1);

    read_in_two(bytes, bytes.size, REDIS_REPLY_BYTES_MAX, &whole);
    read_in_two(bytes, at, REDIS_REPLY_BYTES_MAX, &cut);
    read_in_two(bytes, bytes.size, LITTLE_BYTES, &little);
    read_in_two(bytes, at, LITTLE_BYTES, &little_cut);
    must_be_equal(&whole, &cut, false);
    must_be_equal(&whole, &little, true);
    must_be_equal(&little, &little_cut, false);
    return 0;
}
