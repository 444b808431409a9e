/* A queue of bytes against the plainest model of one: a buffer and its length. */
#include "core/chain.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

enum { BYTES_MAX = 100000, VIEWS_MAX = 1024 };

static struct dk__pool pool;
static struct dk__chain chain;

static void start(void) {
    pool = (struct dk__pool){.kept_max = 64};
    chain = (struct dk__chain){.pool = &pool, .bytes_max = BYTES_MAX};
}

static void end(void) {
    dk__chain_reset(&chain);
    dk__pool_clear(&pool);
}

TestSuite(chain, .init = start, .fini = end);

static bool append_text(const char *text) {
    return dk__chain_append_bytes(&chain, dk_bytes_of(text));
}

/* Everything in the chain, by views; the chain stays as it is. */
static size_t chain_copy(char *target) {
    struct iovec views[VIEWS_MAX];
    const int count = dk__chain_views(&chain, views, VIEWS_MAX);
    size_t size = 0;
    for (int i = 0; i < count; i++) {
        cr_assert(gt(sz, views[i].iov_len, 0));
        memcpy(target + size, views[i].iov_base, views[i].iov_len);
        size += views[i].iov_len;
    }
    return size;
}

Test(chain, gives_back_what_was_appended_in_order) {
    char out[16] = "";
    cr_assert(append_text("hello "));
    cr_assert(append_text("world"));

    cr_assert(eq(sz, dk__chain_read(&chain, out, sizeof out), 11));

    cr_assert(eq(str, out, "hello world"));
    cr_assert(eq(sz, chain.bytes, 0));
}

Test(chain, is_empty_at_first) {
    char out[4];
    struct iovec view;

    cr_assert(eq(sz, dk__chain_front(&chain).size, 0));
    cr_assert(eq(int, dk__chain_views(&chain, &view, 1), 0));
    cr_assert(eq(sz, dk__chain_read(&chain, out, sizeof out), 0));
    dk__chain_consume(&chain, 0);
    dk__chain_truncate(&chain, 0);
}

Test(chain, is_full_at_exactly_its_bound_and_unchanged_by_a_refusal) {
    cr_assert(ne(ptr, dk__chain_append(&chain, BYTES_MAX - 1), NULL));

    cr_assert(eq(ptr, dk__chain_append(&chain, 2), NULL));
    cr_assert(not(append_text("xy")));
    cr_assert(eq(sz, chain.bytes, BYTES_MAX - 1));
    cr_assert(append_text("x"));
    cr_assert(append_text(""));
    cr_assert(eq(ptr, dk__chain_append(&chain, SIZE_MAX), NULL));
}

Test(chain, has_room_again_for_what_was_consumed) {
    cr_assert(ne(ptr, dk__chain_append(&chain, BYTES_MAX), NULL));

    dk__chain_consume(&chain, 3);

    cr_assert(append_text("abc"));
    cr_assert(not(append_text("d")));
}

Test(chain, gives_contiguous_room_even_when_a_chunk_has_less_left) {
    (void)memset(dk__chain_append(&chain, 1900), 'a', 1900);

    char *place = dk__chain_append(&chain, 3000);
    memset(place, 'b', 3000);

    static char out[BYTES_MAX];
    cr_assert(eq(sz, chain_copy(out), 4900));
    cr_assert(eq(chr, out[1899], 'a'));
    cr_assert(eq(chr, out[1900], 'b'));
    cr_assert(eq(chr, out[4899], 'b'));
}

Test(chain, forgets_what_was_appended_after_a_mark) {
    char out[16] = "";
    cr_assert(append_text("keep"));
    (void)dk__chain_append(&chain, 5000);
    (void)dk__chain_append(&chain, 5000);

    dk__chain_truncate(&chain, 4);

    cr_assert(append_text("!"));
    cr_assert(eq(sz, dk__chain_read(&chain, out, sizeof out), 5));
    cr_assert(eq(str, out, "keep!"));
}

Test(chain, fills_no_more_views_than_there_are) {
    struct iovec views[2];
    for (int i = 0; i < 10; i++) {
        (void)memset(dk__chain_append(&chain, 8000), i, 8000);
    }

    cr_assert(eq(int, dk__chain_views(&chain, views, 2), 2));

    cr_assert(eq(chr, *(char *)views[0].iov_base, 0));
}

Test(chain, returns_its_chunks_to_the_pool) {
    for (int round = 0; round < 100; round++) {
        for (int i = 0; i < 8; i++) {
            (void)memset(dk__chain_append(&chain, 1500), 'x', 1500);
        }
        dk__chain_consume(&chain, chain.bytes);
    }

    cr_assert(le(u64, pool.heap_takes, 5));
}

struct model {
    char bytes[BYTES_MAX];
    size_t size;
};

static void model_consume(struct model *model, size_t size) {
    memmove(model->bytes, model->bytes + size, model->size - size);
    model->size -= size;
}

static size_t up_to(size_t most) {
    return most == 0 ? 0 : (size_t)rand() % (most + 1);
}

/* Mostly little, now and then much: both sides of every chunk size. */
static size_t some_size(void) {
    return rand() % 8 == 0 ? up_to(20000) : up_to(600);
}

static void step(struct model *model) {
    static char out[BYTES_MAX];
    const size_t size = some_size();
    const size_t part = size < model->size ? size : model->size;
    switch (rand() % 6) {
    case 0:
    case 1:
    case 2: {
        char *place = dk__chain_append(&chain, size);
        cr_assert(eq(int, place != NULL, size <= BYTES_MAX - model->size));
        for (size_t i = 0; place != NULL && i < size; i++) {
            place[i] = model->bytes[model->size++] = (char)rand();
        }
        break;
    }
    case 3:
        cr_assert(eq(sz, dk__chain_read(&chain, out, size), part));
        cr_assert(eq(int, memcmp(out, model->bytes, part), 0));
        model_consume(model, part);
        break;
    case 4:
        dk__chain_consume(&chain, part);
        model_consume(model, part);
        break;
    default:
        model->size -= rand() % 4 == 0 ? part : up_to(part < 50 ? part : 50);
        dk__chain_truncate(&chain, model->size);
        break;
    }
}

Test(chain, is_a_plain_buffer_to_whoever_uses_it) {
    static struct model model;
    static char copy[BYTES_MAX];
    for (unsigned seed = 1; seed <= 20; seed++) {
        srand(seed);
        dk__chain_reset(&chain);
        model.size = 0;
        for (int i = 0; i < 1500; i++) {
            step(&model);

            cr_assert(eq(sz, chain.bytes, model.size), "seed %u, step %d", seed, i);
            const struct dk_bytes front = dk__chain_front(&chain);
            cr_assert(eq(int, front.size > 0, model.size > 0));
            cr_assert(eq(int, memcmp(front.data, model.bytes, front.size), 0));
            if (i % 16 == 0) {
                cr_assert(eq(sz, chain_copy(copy), model.size));
                cr_assert(eq(int, memcmp(copy, model.bytes, model.size), 0));
            }
        }
    }
}
