/*
 * Any bytes as Redis' answers: whole, and again cut at a place the input chooses. Both ways give the
 * same answers, and none makes us read or write what is not ours.
 */
#include "clients/redis/redis_reply.h"

#include "core/pool.h"

#include <hiredis/hiredis.h>
#include <stdint.h>
#include <stdlib.h>

enum { DEPTH_MAX = 16 };

/* A number for a tree of answers: types, sizes, integers and bytes all count. */
static uint64_t fold(uint64_t sum, const struct redisReply *reply, int depth) {
    sum = sum * 31 + (uint64_t)reply->type;
    sum = sum * 31 + (uint64_t)reply->integer;
    for (size_t i = 0; i < (size_t)reply->len; i++) {
        sum = sum * 31 + (unsigned char)reply->str[i];
    }
    for (size_t i = 0; i < reply->elements && depth < DEPTH_MAX; i++) {
        sum = fold(sum, reply->element[i], depth + 1);
    }
    return sum;
}

/* False: the bytes were refused. */
static bool drain(struct redis_reader *reader, uint64_t *sum) {
    for (;;) {
        const struct redisReply *reply = NULL;
        struct dk_fault fault = {0};
        if (redis_reader_next(reader, &reply, &fault) != DK_OK) {
            *sum = *sum * 31 + (uint64_t)fault.error;
            return false;
        }
        if (reply == NULL) {
            return true;
        }
        *sum = fold(*sum, reply, 0);
    }
}

static uint64_t read_in_two(struct dk_bytes bytes, size_t cut) {
    struct dk__pool pool = {0};
    struct dk_fault fault = {0};
    struct redis_reader *reader = redis_reader_new(&pool);
    uint64_t sum = 7;
    const struct dk_bytes front = {bytes.data, cut}, back = {bytes.data + cut, bytes.size - cut};
    if (redis_reader_feed(reader, front, &fault) == DK_OK && drain(reader, &sum) &&
        redis_reader_feed(reader, back, &fault) == DK_OK) {
        (void)drain(reader, &sum);
    }
    redis_reader_free(reader);
    dk__pool_clear(&pool);
    return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 2) {
        return 0;
    }
    const struct dk_bytes bytes = {(const char *)data + 1, size - 1};
    const size_t cut = data[0] % (bytes.size + 1);
    if (read_in_two(bytes, bytes.size) != read_in_two(bytes, cut)) {
        abort();
    }
    return 0;
}
