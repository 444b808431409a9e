#include "wire/grpc/bulk.h"

#include "core/call.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>

/*
 * The parent's reply is recorded; the backend keeps each child's reply until the test answers it,
 * in whatever order it likes.
 */
enum { ITEMS_MAX = 8 };

struct parent {
    struct dk_reply reply; /* first */
    struct dk__call call;
    struct dk__pool pool;
    bool is_ok;
    enum dk_error error;
    char text[DK_FAULT_TEXT_BYTES_MAX];
    char items[512]; /* "key=data/etag!error;" for each, in order */
};

static struct dk_reply *children[ITEMS_MAX];
static size_t child_count;
static bool answers_at_once;

static void parent_on_ok(struct dk_reply *reply) {
    ((struct parent *)(void *)reply)->is_ok = true;
}

static void parent_on_fail(struct dk_reply *reply, enum dk_error error, const char *text) {
    struct parent *parent = (struct parent *)(void *)reply;
    parent->error = error;
    (void)snprintf(parent->text, sizeof parent->text, "%s", text);
}

static void parent_on_item(struct dk_reply *reply, const struct dk_item *item) {
    struct parent *parent = (struct parent *)(void *)reply;
    const size_t used = strlen(parent->items);
    (void)snprintf(
        parent->items + used,
        sizeof parent->items - used,
        "%.*s=%.*s/%.*s!%.*s;",
        (int)item->key.size,
        item->key.data,
        (int)item->data.size,
        item->data.data,
        (int)item->etag.size,
        item->etag.data,
        (int)item->error.size,
        item->error.data);
}

static const struct dk__reply_ops parent_ops = {
    .ok = parent_on_ok, .fail = parent_on_fail, .item = parent_on_item};

static struct parent *parent_new(size_t arena_bytes_max) {
    struct parent *parent = calloc(1, sizeof *parent);
    parent->call.arena = (struct dk__arena){.pool = &parent->pool, .bytes_max = arena_bytes_max};
    parent->call.deadline_us = INT64_MAX;
    parent->reply = (struct dk_reply){.ops = &parent_ops, .call = &parent->call};
    child_count = 0;
    answers_at_once = false;
    return parent;
}

static void parent_free(struct parent *parent) {
    dk__arena_reset(&parent->call.arena);
    dk__pool_clear(&parent->pool);
    free(parent);
}

static void keep(struct dk_reply *reply) {
    if (answers_at_once) {
        dk_reply_ok(reply);
        return;
    }
    children[child_count++] = reply;
}

static void backend_get(
    struct dk_instance *store, const struct dk_get *request, struct dk_reply *reply) {
    (void)store;
    (void)request;
    keep(reply);
}

static void backend_set(
    struct dk_instance *store, const struct dk_set *request, struct dk_reply *reply) {
    (void)store;
    (void)request;
    keep(reply);
}

static void backend_delete(
    struct dk_instance *store, const struct dk_delete *request, struct dk_reply *reply) {
    (void)store;
    (void)request;
    keep(reply);
}

static const struct dk_state_backend backend = {
    .base.name = "fake", .get = backend_get, .set = backend_set, .remove = backend_delete};

static const struct dk_get gets[] = {
    {.key = DK_BYTES("a")}, {.key = DK_BYTES("b")}, {.key = DK_BYTES("c")}};
static const struct dk_set sets[] = {
    {.key = DK_BYTES("a")}, {.key = DK_BYTES("b")}, {.key = DK_BYTES("c")}};
static const struct dk_delete deletes[] = {
    {.key = DK_BYTES("a")}, {.key = DK_BYTES("b")}, {.key = DK_BYTES("c")}};

/* Gives an item whose memory goes at once, as a client library's reply would. */
static void answer_with(struct dk_reply *reply, const char *data, const char *etag) {
    char *copies[] = {strdup(data), strdup(etag)};
    const struct dk_item item = {.data = dk_bytes_of(copies[0]), .etag = dk_bytes_of(copies[1])};
    dk_reply_item(reply, &item);
    memset(copies[0], 'x', strlen(data));
    memset(copies[1], 'x', strlen(etag));
    free(copies[0]);
    free(copies[1]);
    dk_reply_ok(reply);
}

Test(bulk, get_keeps_the_order_of_the_request_whatever_the_order_of_answers) {
    struct parent *parent = parent_new(1 << 16);
    const struct dk_bulk_get request = {.items = gets, .count = 3};

    dk__bulk_get(&backend, NULL, &request, &parent->reply);
    answer_with(children[2], "three", "3");
    answer_with(children[0], "one", "1");
    cr_assert(not(parent->is_ok));
    answer_with(children[1], "two", "2");

    cr_assert(parent->is_ok);
    cr_assert(eq(str, parent->items, "a=one/1!;b=two/2!;c=three/3!;"));
    parent_free(parent);
}

Test(bulk, get_answers_a_missing_key_with_its_key_alone) {
    struct parent *parent = parent_new(1 << 16);
    const struct dk_bulk_get request = {.items = gets, .count = 2};

    dk__bulk_get(&backend, NULL, &request, &parent->reply);
    dk_reply_ok(children[0]);
    answer_with(children[1], "two", "2");

    cr_assert(eq(str, parent->items, "a=/!;b=two/2!;"));
    parent_free(parent);
}

Test(bulk, get_tells_a_failure_at_its_item_and_keeps_the_others) {
    struct parent *parent = parent_new(1 << 16);
    const struct dk_bulk_get request = {.items = gets, .count = 2};

    dk__bulk_get(&backend, NULL, &request, &parent->reply);
    const struct dk_item partial = {.data = DK_BYTES("half")};
    dk_reply_item(children[0], &partial);
    dk_reply_fail(children[0], DK_UNAVAILABLE, "fake: %s", "gone");
    answer_with(children[1], "two", "2");

    cr_assert(parent->is_ok);
    cr_assert(eq(str, parent->items, "a=/!fake: gone;b=two/2!;"));
    parent_free(parent);
}

Test(bulk, get_of_nothing_is_ok_at_once) {
    struct parent *parent = parent_new(1 << 16);
    const struct dk_bulk_get request = {.items = NULL, .count = 0};

    dk__bulk_get(&backend, NULL, &request, &parent->reply);

    cr_assert(parent->is_ok);
    cr_assert(eq(str, parent->items, ""));
    parent_free(parent);
}

Test(bulk, get_whose_items_do_not_fit_names_the_bound) {
    enum { ROOM = 4096 };
    struct parent *parent = parent_new(ROOM);
    const struct dk_bulk_get request = {.items = gets, .count = 2};
    static char large[ROOM + 1];
    memset(large, 'v', ROOM);

    dk__bulk_get(&backend, NULL, &request, &parent->reply);
    answer_with(children[0], large, "1");
    answer_with(children[1], "two", "2");

    cr_assert(parent->is_ok);
    cr_assert(ne(ptr, strstr(parent->items, "arena-bytes-max;b=two/2!;"), NULL));
    parent_free(parent);
}

Test(bulk, a_backend_that_answers_at_once_gives_one_answer) {
    struct parent *parent = parent_new(1 << 16);
    const struct dk_bulk_set request = {.items = sets, .count = 3};
    answers_at_once = true;

    dk__bulk_set(&backend, NULL, &request, &parent->reply);

    cr_assert(parent->is_ok);
    parent_free(parent);
}

Test(bulk, a_request_too_large_for_the_arena_calls_nobody) {
    struct parent *parent = parent_new(64);
    const struct dk_bulk_set request = {.items = sets, .count = 3};

    dk__bulk_set(&backend, NULL, &request, &parent->reply);

    cr_assert(eq(int, parent->error, DK_EXHAUSTED));
    cr_assert(eq(sz, child_count, 0));
    parent_free(parent);
}

/* What the answers of three items make together. */
static const struct {
    enum dk_error answers[3];
    enum dk_error joined;
} joins[] = {
    {{DK_OK, DK_OK, DK_OK}, DK_OK},
    {{DK_OK, DK_ETAG_MISMATCH, DK_OK}, DK_ETAG_MISMATCH},
    {{DK_OK, DK_ETAG_INVALID, DK_ETAG_MISMATCH}, DK_ETAG_INVALID}, /* the earlier item */
    {{DK_ETAG_MISMATCH, DK_OK, DK_ETAG_INVALID}, DK_ETAG_MISMATCH},
    {{DK_ETAG_MISMATCH, DK_UNAVAILABLE, DK_OK}, DK_UNAVAILABLE}, /* worth a retry */
    {{DK_ETAG_MISMATCH, DK_OK, DK_EXHAUSTED}, DK_EXHAUSTED},
    {{DK_ETAG_INVALID, DK_TIMEOUT, DK_OK}, DK_TIMEOUT},
    {{DK_ETAG_MISMATCH, DK_INTERNAL, DK_OK}, DK_INTERNAL},
    {{DK_ETAG_MISMATCH, DK_NOT_READY, DK_OK}, DK_NOT_READY},
    {{DK_ETAG_MISMATCH, DK_CANCELLED, DK_OK}, DK_CANCELLED},
    {{DK_INVALID, DK_ETAG_MISMATCH, DK_OK}, DK_ETAG_MISMATCH}, /* a retry would not help */
    {{DK_DENIED, DK_ETAG_INVALID, DK_OK}, DK_ETAG_INVALID},
    {{DK_UNSUPPORTED, DK_NOT_FOUND, DK_INVALID}, DK_UNSUPPORTED},
    {{DK_INVALID, DK_OK, DK_OK}, DK_INVALID},
    {{DK_UNAVAILABLE, DK_EXHAUSTED, DK_OK}, DK_UNAVAILABLE},
};

static void check_joins(bool is_delete, bool backwards) {
    for (size_t i = 0; i < sizeof joins / sizeof joins[0]; i++) {
        struct parent *parent = parent_new(1 << 16);
        const struct dk_bulk_set set = {.items = sets, .count = 3};
        const struct dk_bulk_delete delete = {.items = deletes, .count = 3};

        if (is_delete) {
            dk__bulk_delete(&backend, NULL, &delete, &parent->reply);
        } else {
            dk__bulk_set(&backend, NULL, &set, &parent->reply);
        }
        for (size_t k = 0; k < 3; k++) {
            const size_t at = backwards ? 2 - k : k;
            if (joins[i].answers[at] == DK_OK) {
                dk_reply_ok(children[at]);
            } else {
                dk_reply_fail(children[at], joins[i].answers[at], "no");
            }
        }

        cr_expect(eq(int, parent->is_ok, joins[i].joined == DK_OK), "row %zu", i);
        cr_expect(eq(int, parent->error, joins[i].joined), "row %zu", i);
        parent_free(parent);
    }
}

Test(bulk, set_joins_errors_by_what_a_retry_can_mend) {
    check_joins(false, false);
}

Test(bulk, set_joins_alike_in_any_order_of_answers) {
    check_joins(false, true);
}

Test(bulk, delete_joins_errors_by_what_a_retry_can_mend) {
    check_joins(true, false);
}

Test(bulk, the_words_name_every_failed_key_in_order) {
    struct parent *parent = parent_new(1 << 16);
    const struct dk_bulk_set request = {.items = sets, .count = 3};

    dk__bulk_set(&backend, NULL, &request, &parent->reply);
    dk_reply_fail(children[2], DK_UNAVAILABLE, "fake: gone");
    dk_reply_ok(children[1]);
    dk_reply_fail(children[0], DK_ETAG_MISMATCH, "fake: stale");

    cr_assert(eq(str, parent->text, "'a': fake: stale; 'c': fake: gone"));
    parent_free(parent);
}

Test(bulk, words_that_outgrow_their_room_are_cut) {
    struct parent *parent = parent_new(1 << 16);
    const struct dk_bulk_set request = {.items = sets, .count = 3};
    char words[1501];
    memset(words, 'w', sizeof words - 1);
    words[sizeof words - 1] = '\0';

    dk__bulk_set(&backend, NULL, &request, &parent->reply);
    for (size_t i = 0; i < 3; i++) {
        dk_reply_fail(children[i], DK_INTERNAL, "%s", words);
    }

    cr_assert(eq(int, parent->error, DK_INTERNAL));
    cr_assert(lt(sz, strlen(parent->text), (size_t)DK_FAULT_TEXT_BYTES_MAX));
    parent_free(parent);
}
