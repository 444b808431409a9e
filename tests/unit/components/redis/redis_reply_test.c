#include "clients/redis/redis_reply.h"

#include "core/pool.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>
#include <string.h>

static struct dk__pool pool;
static struct redis_reader *reader;
static struct dk_fault fault;

static void begin(void) {
    pool.kept_max = 16;
    reader = redis_reader_new(&pool);
}

static void end(void) {
    redis_reader_free(reader);
    dk__pool_clear(&pool);
}

static enum dk_error feed(const char *text, size_t size) {
    return redis_reader_feed(reader, (struct dk_bytes){text, size}, &fault);
}

static const struct redisReply *next(void) {
    const struct redisReply *reply = NULL;
    cr_assert(eq(int, redis_reader_next(reader, &reply, &fault), DK_OK), "%s", fault.text);
    return reply;
}

TestSuite(redis_reply, .init = begin, .fini = end);

Test(redis_reply, gives_every_type_in_order) {
    static const char text[] =
        "+OK\r\n-ERR no\r\n:-7\r\n$-1\r\n$3\r\na\0b\r\n*2\r\n$1\r\nx\r\n:1\r\n";
    cr_assert(eq(int, feed(text, sizeof text - 1), DK_OK));

    cr_assert(eq(int, next()->type, REDIS_REPLY_STATUS));
    cr_assert(eq(str, next()->str, "ERR no"));
    cr_assert(eq(int, (int)next()->integer, -7));
    cr_assert(eq(int, next()->type, REDIS_REPLY_NIL));
    const struct redisReply *string = next();
    cr_assert(eq(sz, string->len, 3));
    cr_assert(eq(int, memcmp(string->str, "a\0b", 3), 0));
    const struct redisReply *array = next();
    cr_assert(eq(sz, array->elements, 2));
    cr_assert(eq(str, array->element[0]->str, "x"));
    cr_assert(eq(int, (int)array->element[1]->integer, 1));
    cr_assert(eq(ptr, (void *)next(), NULL));
}

Test(redis_reply, waits_for_the_last_byte) {
    static const char text[] = "*3\r\n$4\r\ndata\r\n*1\r\n:12\r\n$0\r\n\r\n";
    for (size_t i = 0; i < sizeof text - 2; i++) {
        cr_assert(eq(int, feed(text + i, 1), DK_OK));
        cr_assert(eq(ptr, (void *)next(), NULL), "after byte %zu", i);
    }

    cr_assert(eq(int, feed(text + sizeof text - 2, 1), DK_OK));

    const struct redisReply *reply = next();
    cr_assert(eq(sz, reply->elements, 3));
    cr_assert(eq(str, reply->element[0]->str, "data"));
    cr_assert(eq(int, (int)reply->element[1]->element[0]->integer, 12));
    cr_assert(eq(sz, reply->element[2]->len, 0));
}

Test(redis_reply, visits_the_heap_no_more_once_it_is_warm) {
    static const char text[] = "*4\r\n$4\r\ndata\r\n$5\r\nvalue\r\n$7\r\nversion\r\n$1\r\n1\r\n";
    cr_assert(eq(int, feed(text, sizeof text - 1), DK_OK));
    (void)next();
    (void)next();
    const uint64_t before = pool.heap_takes;

    for (int i = 0; i < 1000; i++) {
        cr_assert(eq(int, feed(text, sizeof text - 1), DK_OK));
        cr_assert(ne(ptr, (void *)next(), NULL));
    }

    cr_assert(eq(u64, pool.heap_takes, before));
}

Test(redis_reply, refuses_what_no_redis_says) {
    static const char *const wrong[] = {
        "HTTP/1.1 400 Bad Request\r\n",
        "\x15\x03\x01\x00\x02\x02\x50",
        "*99999999999999999999\r\n",
        "$99999999999999999999\r\n",
        ":x\r\n",
        "*-2\r\n",
        "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        const struct redisReply *reply = NULL;
        struct redis_reader *fresh = redis_reader_new(&pool);
        const struct dk_bytes bytes = dk_bytes_of(wrong[i]);
        cr_assert(eq(int, redis_reader_feed(fresh, bytes, &fault), DK_OK));
        cr_assert(ne(int, redis_reader_next(fresh, &reply, &fault), DK_OK), "row %zu", i);
        redis_reader_free(fresh);
    }
}

Test(redis_reply, refuses_an_array_that_cannot_fit_before_it_comes) {
    const struct redisReply *reply = NULL;
    cr_assert(eq(int, feed("*100000000\r\n", 12), DK_OK));

    cr_assert(eq(int, redis_reader_next(reader, &reply, &fault), DK_EXHAUSTED));
}

Test(redis_reply, refuses_a_text_over_its_bound_while_it_comes) {
    const size_t part = 1 << 20;
    char *bytes = calloc(1, part);
    const struct redisReply *reply = NULL;
    size_t fed = 0;
    cr_assert(eq(int, feed("$500000000\r\n", 12), DK_OK));

    enum dk_error error = DK_OK;
    while (error == DK_OK && fed < (size_t)2 * REDIS_REPLY_BYTES_MAX) {
        cr_assert(eq(int, redis_reader_next(reader, &reply, &fault), DK_OK));
        error = feed(bytes, part);
        fed += part;
    }

    cr_assert(eq(int, error, DK_EXHAUSTED));
    cr_assert(le(sz, fed, (size_t)REDIS_REPLY_BYTES_MAX + part));
    free(bytes);
}
