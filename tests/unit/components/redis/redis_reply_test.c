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
    reader = redis_reader_new(&pool, REDIS_REPLY_BYTES_MAX);
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
        struct redis_reader *fresh = redis_reader_new(&pool, REDIS_REPLY_BYTES_MAX);
        const struct dk_bytes bytes = dk_bytes_of(wrong[i]);
        cr_assert(eq(int, redis_reader_feed(fresh, bytes, &fault), DK_OK));
        cr_assert(ne(int, redis_reader_next(fresh, &reply, &fault), DK_OK), "row %zu", i);
        redis_reader_free(fresh);
    }
}

/* A size that goes wrong behind its first digits is no size, and nothing is let pass for it. */
Test(redis_reply, refuses_a_size_that_is_none_however_it_is_cut) {
    static const char text[] = "$99999999\rx\r\n";
    for (size_t cut = 1; cut < sizeof text - 2; cut++) {
        const struct redisReply *reply = NULL;
        struct redis_reader *fresh = redis_reader_new(&pool, REDIS_REPLY_BYTES_MAX);
        const struct dk_bytes front = {text, cut}, back = {text + cut, sizeof text - 1 - cut};
        cr_assert(eq(int, redis_reader_feed(fresh, front, &fault), DK_OK));
        cr_assert(eq(int, redis_reader_next(fresh, &reply, &fault), DK_OK));
        cr_assert(eq(int, redis_reader_feed(fresh, back, &fault), DK_OK));

        cr_assert(eq(int, redis_reader_next(fresh, &reply, &fault), DK_UNAVAILABLE), "%zu", cut);
        redis_reader_free(fresh);
    }
}

/* Feeds a head, `size` bytes of a text, and what follows; gives back how many bytes were held at
 * most while the text came. */
static size_t feed_large(const char *head, size_t size, const char *tail) {
    static char part[REDIS_FEED_BYTES_MAX];
    size_t held_max = 0;

    cr_assert(eq(int, feed(head, strlen(head)), DK_OK));
    for (size_t fed = 0; fed < size; fed += sizeof part) {
        const size_t left = size - fed;
        cr_assert(eq(ptr, (void *)next(), NULL));
        held_max = held_max < redis_reader_bytes(reader) ? redis_reader_bytes(reader) : held_max;
        cr_assert(eq(int, feed(part, left < sizeof part ? left : sizeof part), DK_OK));
    }
    cr_assert(eq(ptr, (void *)next(), NULL));
    cr_assert(eq(int, feed(tail, strlen(tail)), DK_OK));
    return held_max;
}

static void assert_too_large(const struct redisReply *reply) {
    cr_assert(ne(ptr, (void *)reply, NULL));
    cr_assert(eq(int, reply->type, REDIS_REPLY_ERROR));
    cr_assert(eq(str, reply->str, "TOOLARGE an answer has at most 67108864 bytes"));
    cr_assert(eq(sz, reply->len, strlen(reply->str)));
}

Test(redis_reply, lets_a_text_over_its_bound_pass_and_holds_none_of_it) {
    static const struct {
        const char *head, *tail;
    } rows[] = {
        {"$200000000\r\n", "\r\n:7\r\n"},
        {"*4\r\n$4\r\ndata\r\n$200000000\r\n", "\r\n$7\r\nversion\r\n$1\r\n1\r\n:7\r\n"},
        {"*2\r\n*2\r\n:1\r\n$200000000\r\n", "\r\n*1\r\n$-1\r\n:7\r\n"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const size_t held_max = feed_large(rows[i].head, 200000000, rows[i].tail);

        cr_assert(le(sz, held_max, (size_t)2 * REDIS_FEED_BYTES_MAX), "row %zu", i);
        assert_too_large(next());
        const struct redisReply *reply = next();
        cr_assert(eq(int, reply->type, REDIS_REPLY_INTEGER), "row %zu", i);
        cr_assert(eq(int, (int)reply->integer, 7));
        cr_assert(eq(ptr, (void *)next(), NULL));
    }
}

Test(redis_reply, takes_a_text_just_within_its_bound_and_lets_the_next_larger_pass) {
    char head[32];
    const size_t most = REDIS_REPLY_BYTES_MAX - sizeof(struct redisReply) - 64;

    (void)snprintf(head, sizeof head, "$%zu\r\n", most);
    (void)feed_large(head, most, "\r\n");
    const struct redisReply *reply = next();
    cr_assert(eq(int, reply->type, REDIS_REPLY_STRING));
    cr_assert(eq(sz, reply->len, most));

    (void)snprintf(head, sizeof head, "$%d\r\n", REDIS_REPLY_BYTES_MAX);
    (void)feed_large(head, REDIS_REPLY_BYTES_MAX, "\r\n");
    assert_too_large(next());
}

Test(redis_reply, holds_little_once_a_large_answer_was_taken) {
    const size_t size = 60000000;

    const size_t held_max = feed_large("$60000000\r\n", size, "\r\n");
    cr_assert(ge(sz, held_max, size - REDIS_FEED_BYTES_MAX));
    cr_assert(eq(sz, next()->len, size));
    cr_assert(eq(ptr, (void *)next(), NULL));

    cr_assert(le(sz, redis_reader_bytes(reader), 256 * 1024)); /* though nothing more comes */
    cr_assert(eq(int, feed("+OK\r\n", 5), DK_OK));
    cr_assert(eq(str, next()->str, "OK"));
}

/* Every text fits, their sum does not. */
Test(redis_reply, lets_an_answer_of_many_texts_pass_that_do_not_fit_together) {
    static char text[REDIS_FEED_BYTES_MAX];
    char head[32];
    size_t held_max = 0;
    const int size = snprintf(head, sizeof head, "$%zu\r\n", sizeof text);
    cr_assert(eq(int, feed("*100\r\n", 6), DK_OK));

    for (int i = 0; i < 100; i++) {
        cr_assert(eq(int, feed(head, (size_t)size), DK_OK));
        cr_assert(eq(ptr, (void *)next(), NULL));
        cr_assert(eq(int, feed(text, sizeof text), DK_OK));
        cr_assert(eq(ptr, (void *)next(), NULL));
        held_max = held_max < redis_reader_bytes(reader) ? redis_reader_bytes(reader) : held_max;
        cr_assert(eq(int, feed("\r\n", 2), DK_OK));
    }

    cr_assert(le(sz, held_max, (size_t)REDIS_REPLY_BYTES_MAX + 4 * REDIS_FEED_BYTES_MAX));
    assert_too_large(next());
    cr_assert(eq(int, feed("+OK\r\n", 5), DK_OK));
    cr_assert(eq(str, next()->str, "OK"));
}

Test(redis_reply, lets_an_array_pass_whose_places_alone_do_not_fit) {
    enum { COUNT = REDIS_REPLY_BYTES_MAX / sizeof(void *) + 1, PART = 65536 };
    static const char number[] = ":1\r\n";
    static char part[PART * (sizeof number - 1)];
    char head[32];
    const int size = snprintf(head, sizeof head, "*%zu\r\n", (size_t)COUNT);
    for (size_t i = 0; i < sizeof part; i++) {
        part[i] = number[i % (sizeof number - 1)];
    }
    cr_assert(eq(int, feed(head, (size_t)size), DK_OK));

    for (size_t i = 0; i + PART < COUNT; i += PART) {
        cr_assert(eq(ptr, (void *)next(), NULL));
        cr_assert(le(sz, redis_reader_bytes(reader), 4 * sizeof part));
        cr_assert(eq(int, feed(part, sizeof part), DK_OK));
    }
    cr_assert(eq(ptr, (void *)next(), NULL));
    cr_assert(eq(int, feed(part, ((COUNT - 1) % PART + 1) * (sizeof number - 1)), DK_OK));

    assert_too_large(next());
    cr_assert(eq(ptr, (void *)next(), NULL));
}

/* However the bytes are cut, what follows a large text is read right. */
Test(redis_reply, finds_the_next_answer_wherever_the_bytes_are_cut) {
    static const char head[] = "*2\r\n$67108864\r\n", tail[] = "\r\n$1\r\nx\r\n+OK\r\n";
    for (size_t cut = 1; cut < sizeof tail - 1; cut++) {
        (void)feed_large(head, REDIS_REPLY_BYTES_MAX, "");
        cr_assert(eq(int, feed(tail, cut), DK_OK));
        const struct redisReply *first = next();

        cr_assert(eq(int, feed(tail + cut, sizeof tail - 1 - cut), DK_OK));

        assert_too_large(first == NULL ? next() : first);
        cr_assert(eq(str, next()->str, "OK"), "cut at %zu", cut);
    }
}

Test(redis_reply, gives_up_a_number_that_does_not_end) {
    static char digits[REDIS_FEED_BYTES_MAX];
    memset(digits, '1', sizeof digits);
    size_t fed = 0;
    enum dk_error error = feed(":", 1);

    while (error == DK_OK && fed < (size_t)2 * REDIS_REPLY_BYTES_MAX) {
        cr_assert(eq(ptr, (void *)next(), NULL));
        error = feed(digits, sizeof digits);
        fed += sizeof digits;
    }

    cr_assert(eq(int, error, DK_UNAVAILABLE));
}
