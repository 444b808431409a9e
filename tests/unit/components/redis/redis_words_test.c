/*
 * hiredis' reader is the oracle: a command is an array of texts, so it must read our bytes back as
 * the words we wrote.
 */
#include "clients/redis/redis_words.h"

#include "clients/redis/redis_reply.h"
#include "core/chain.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>

static struct dk__pool pool;

static void feed_all(struct redis_reader *reader, struct dk__chain *chain) {
    struct dk_fault fault = {0};
    while (chain->bytes > 0) {
        const struct dk_bytes front = dk__chain_front(chain);
        cr_assert(eq(int, redis_reader_feed(reader, front, &fault), DK_OK));
        dk__chain_consume(chain, front.size);
    }
}

static void assert_round_trip(const struct dk_bytes *words, size_t count) {
    struct dk__chain chain = {.pool = &pool, .bytes_max = 1 << 22};
    struct redis_reader *reader = redis_reader_new(&pool, REDIS_REPLY_BYTES_MAX);
    const struct redisReply *reply = NULL;
    struct dk_fault fault = {0};

    cr_assert(redis_words_append(&chain, words, count));
    feed_all(reader, &chain);

    cr_assert(eq(int, redis_reader_next(reader, &reply, &fault), DK_OK), "%s", fault.text);
    cr_assert(ne(ptr, (void *)reply, NULL));
    cr_assert(eq(sz, reply->elements, count));
    for (size_t i = 0; i < count; i++) {
        const struct dk_bytes word = {reply->element[i]->str, reply->element[i]->len};
        cr_assert(dk_bytes_equal(word, words[i]), "word %zu", i);
    }
    redis_reader_free(reader);
    dk__chain_reset(&chain);
}

Test(redis_words, reads_back_as_the_words_it_was_made_of) {
    const struct dk_bytes words[] = {
        DK_BYTES("EVALSHA"), DK_BYTES(""), DK_BYTES("a\0b\r\n$5"), DK_BYTES("0123456789")};

    assert_round_trip(words, 4);
    dk__pool_clear(&pool);
}

Test(redis_words, holds_for_all_sizes_around_the_edges_of_chunks) {
    static const size_t sizes[] = {1, 9, 10, 99, 100, 990, 1000, 1024, 2047, 2048, 8192, 300000};
    char *big = calloc(1, 300000);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        for (size_t less = 0; less < 2; less++) {
            const struct dk_bytes words[] = {
                DK_BYTES("SET"), DK_BYTES("key"), {big, sizes[i] - less}};
            assert_round_trip(words, 3);
        }
    }
    free(big);
    dk__pool_clear(&pool);
}

Test(redis_words, leaves_nothing_behind_when_the_chain_is_full) {
    static char big[5000];
    struct dk__chain chain = {.pool = &pool, .bytes_max = 4096};
    const struct dk_bytes small[] = {DK_BYTES("PING")};
    const struct dk_bytes large[] = {DK_BYTES("SET"), DK_BYTES("key"), {big, sizeof big}};
    cr_assert(redis_words_append(&chain, small, 1));
    const size_t before = chain.bytes;

    cr_assert(not(redis_words_append(&chain, large, 3)));

    cr_assert(eq(sz, chain.bytes, before));
    dk__chain_reset(&chain);
    dk__pool_clear(&pool);
}

Test(redis_words, writes_numbers) {
    char space[REDIS_NUMBER_BYTES_MAX];
    const struct dk_bytes lowest = redis_number_word(space, INT64_MIN);

    cr_assert(eq(str, space, "-9223372036854775808"));
    cr_assert(eq(sz, lowest.size, 20));
}
