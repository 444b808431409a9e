/*
 * The conformance list of state stores, in the order of a value's life. The facts are Dapr's; the
 * cases are ours.
 */
#include "conformance/state_cases.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>
#include <string.h>

#define A "a" /* the instance of every case */

static struct dk_bytes text(const char *bytes) {
    return dk_bytes_of(bytes);
}

static void assert_ok(struct rig_answer answer) {
    cr_assert(eq(int, answer.error, DK_OK), "%s", answer.text == NULL ? "" : answer.text);
}

static void put(struct store_rig *rig, const char *key, const char *value) {
    assert_ok(rig_set(rig, A, (struct dk_set){.key = text(key), .value = text(value)}));
}

/* The only item of a get; data absent when there is no such key. */
static struct rig_item get_bytes(struct store_rig *rig, const char *instance, struct dk_bytes key) {
    const struct rig_answer answer = rig_get(rig, instance, (struct dk_get){.key = key});
    assert_ok(answer);
    cr_assert(le(sz, answer.count, 1));
    return answer.count == 0 ? (struct rig_item){0} : answer.items[0];
}

static struct rig_item get(struct store_rig *rig, const char *key) {
    return get_bytes(rig, A, text(key));
}

static void assert_value(struct store_rig *rig, const char *key, const char *value) {
    const struct rig_item item = get(rig, key);
    cr_assert(item.data.data != NULL, "'%s' is missing", key);
    cr_assert(
        dk_bytes_equal(item.data, text(value)),
        "'%s' is '%.*s'",
        key,
        (int)item.data.size,
        item.data.data);
}

static void assert_missing(struct store_rig *rig, const char *key) {
    cr_assert(eq(ptr, (void *)get(rig, key).data.data, NULL), "'%s' is there", key);
}

static struct dk_pairs ttl(const char *seconds) {
    static struct dk_pair pair;
    pair = (struct dk_pair){text("ttlInSeconds"), text(seconds)};
    return (struct dk_pairs){.items = &pair, .count = 1};
}

static void assert_error(struct rig_answer answer, enum dk_error error) {
    cr_assert(eq(int, answer.error, error), "%s", answer.text == NULL ? "ok" : answer.text);
    cr_assert(gt(sz, strlen(answer.text), 0)); /* in words */
}

/* ── values ─────────────────────────────────────────────────────────────────────────────────── */

static void a_value_comes_back_byte_for_byte(struct store_rig *rig, const struct store_row *row) {
    static const char bytes[] = "\0\xff\x80 \r\n{\"a\":1}\0";
    const struct dk_bytes value = {bytes, sizeof bytes};
    (void)row;
    assert_ok(rig_set(rig, A, (struct dk_set){.key = text("k"), .value = value}));

    cr_assert(dk_bytes_equal(get(rig, "k").data, value));
}

static void an_empty_value_is_a_value(struct store_rig *rig, const struct store_row *row) {
    (void)row;
    put(rig, "k", "");

    const struct rig_item item = get(rig, "k");

    cr_assert(ne(ptr, (void *)item.data.data, NULL));
    cr_assert(eq(sz, item.data.size, 0));
    cr_assert(gt(sz, item.etag.size, 0));
}

static void a_megabyte_comes_back(struct store_rig *rig, const struct store_row *row) {
    const size_t size = 1 << 20;
    char *bytes = malloc(size);
    (void)row;
    for (size_t i = 0; i < size; i++) {
        bytes[i] = (char)(i * 31 + i / 255);
    }
    const struct dk_bytes value = {bytes, size};
    assert_ok(rig_set(rig, A, (struct dk_set){.key = text("k"), .value = value}));

    cr_assert(dk_bytes_equal(get(rig, "k").data, value));
    free(bytes);
}

static void a_key_with_a_nul_byte_is_an_ordinary_key(
    struct store_rig *rig, const struct store_row *row) {
    const struct dk_bytes key = DK_BYTES("k\0x"), other = DK_BYTES("k\0y");
    (void)row;
    assert_ok(rig_set(rig, A, (struct dk_set){.key = key, .value = text("x")}));
    assert_ok(rig_set(rig, A, (struct dk_set){.key = other, .value = text("y")}));

    cr_assert(dk_bytes_equal(get_bytes(rig, A, key).data, text("x")));
    cr_assert(dk_bytes_equal(get_bytes(rig, A, other).data, text("y")));
    assert_missing(rig, "k");
}

static void a_missing_key_is_an_empty_answer(struct store_rig *rig, const struct store_row *row) {
    (void)row;
    assert_missing(rig, "never-stored");
    cr_assert(eq(ptr, (void *)get(rig, "never-stored").etag.data, NULL));
}

static void a_second_write_replaces_the_first(struct store_rig *rig, const struct store_row *row) {
    (void)row;
    put(rig, "k", "one");
    put(rig, "k", "two");

    assert_value(rig, "k", "two");
}

static void a_delete_is_idempotent(struct store_rig *rig, const struct store_row *row) {
    (void)row;
    put(rig, "k", "v");
    assert_ok(rig_delete(rig, A, (struct dk_delete){.key = text("k")}));
    assert_missing(rig, "k");

    assert_ok(rig_delete(rig, A, (struct dk_delete){.key = text("k")}));
}

static void a_thousand_keys_stay_apart(struct store_rig *rig, const struct store_row *row) {
    char key[32], value[32];
    (void)row;
    for (int i = 0; i < 1000; i++) {
        (void)snprintf(key, sizeof key, "key||%d", i);
        (void)snprintf(value, sizeof value, "value %d", i);
        put(rig, key, value);
    }
    for (int i = 0; i < 1000; i += 7) {
        (void)snprintf(key, sizeof key, "key||%d", i);
        (void)snprintf(value, sizeof value, "value %d", i);
        assert_value(rig, key, value);
    }
}

static void two_instances_are_apart(struct store_rig *rig, const struct store_row *row) {
    assert_ok(store_rig_init(rig, "b", row->properties(true)));
    put(rig, "k", "of a");

    cr_assert(eq(ptr, (void *)get_bytes(rig, "b", text("k")).data.data, NULL));
    assert_ok(rig_set(rig, "b", (struct dk_set){.key = text("k"), .value = text("of b")}));
    assert_value(rig, "k", "of a");
    cr_assert(dk_bytes_equal(get_bytes(rig, "b", text("k")).data, text("of b")));
}

static void an_unknown_metadata_key_does_no_harm(
    struct store_rig *rig, const struct store_row *row) {
    const struct dk_pair pair = {text("partitionKey"), text("app||Type||id")};
    (void)row;
    assert_ok(rig_set(
        rig, A, (struct dk_set){.key = text("k"), .value = text("v"), .metadata = {&pair, 1}}));

    assert_value(rig, "k", "v");
}

/* ── etags ──────────────────────────────────────────────────────────────────────────────────── */

static void every_write_changes_the_etag(struct store_rig *rig, const struct store_row *row) {
    (void)row;
    put(rig, "k", "one");
    const struct dk_bytes first = get(rig, "k").etag;
    put(rig, "k", "two");
    const struct dk_bytes second = get(rig, "k").etag;

    cr_assert(gt(sz, first.size, 0));
    cr_assert(not(dk_bytes_equal(first, second)));
}

static void the_present_etag_lets_a_write_through(
    struct store_rig *rig, const struct store_row *row) {
    (void)row;
    put(rig, "k", "one");
    const struct dk_bytes etag = get(rig, "k").etag;

    assert_ok(
        rig_set(rig, A, (struct dk_set){.key = text("k"), .value = text("two"), .etag = etag}));

    assert_value(rig, "k", "two");
}

static void a_stale_etag_writes_nothing(struct store_rig *rig, const struct store_row *row) {
    (void)row;
    put(rig, "k", "one");
    const struct dk_bytes etag = get(rig, "k").etag;
    put(rig, "k", "two");

    assert_error(
        rig_set(rig, A, (struct dk_set){.key = text("k"), .value = text("three"), .etag = etag}),
        DK_ETAG_MISMATCH);

    assert_value(rig, "k", "two");
}

static void a_stale_etag_deletes_nothing(struct store_rig *rig, const struct store_row *row) {
    (void)row;
    put(rig, "k", "one");

    assert_error(
        rig_delete(rig, A, (struct dk_delete){.key = text("k"), .etag = text("9999999")}),
        DK_ETAG_MISMATCH);

    assert_value(rig, "k", "one");
}

static void the_present_etag_lets_a_delete_through(
    struct store_rig *rig, const struct store_row *row) {
    (void)row;
    put(rig, "k", "one");

    assert_ok(rig_delete(rig, A, (struct dk_delete){.key = text("k"), .etag = get(rig, "k").etag}));

    assert_missing(rig, "k");
}

static void an_etag_on_a_missing_key(struct store_rig *rig, const struct store_row *row) {
    const struct rig_answer answer =
        rig_set(rig, A, (struct dk_set){.key = text("k"), .value = text("v"), .etag = text("1")});

    if (row->creates_with_stale_etag) {
        assert_ok(answer);
        assert_value(rig, "k", "v");
    } else {
        assert_error(answer, DK_ETAG_MISMATCH);
        assert_missing(rig, "k");
    }
}

static void first_write_happens_once(struct store_rig *rig, const struct store_row *row) {
    const struct dk_set first = {
        .key = text("k"),
        .value = text("first"),
        .concurrency = DK_FIRST_WRITE,
        .consistency = DK_STRONG};
    struct dk_set second = first;
    second.value = text("second");
    (void)row;

    assert_ok(rig_set(rig, A, first));
    assert_error(rig_set(rig, A, second), DK_ETAG_MISMATCH);

    assert_value(rig, "k", "first");
}

static void first_write_with_the_present_etag_goes_on(
    struct store_rig *rig, const struct store_row *row) {
    (void)row;
    assert_ok(rig_set(
        rig,
        A,
        (struct dk_set){.key = text("k"), .value = text("one"), .concurrency = DK_FIRST_WRITE}));
    const struct dk_bytes etag = get(rig, "k").etag;
    const struct dk_set update = {
        .key = text("k"), .value = text("two"), .etag = etag, .concurrency = DK_FIRST_WRITE};

    assert_ok(rig_set(rig, A, update));
    assert_error(rig_set(rig, A, update), DK_ETAG_MISMATCH);

    assert_value(rig, "k", "two");
}

static void a_write_without_etag_after_first_write(
    struct store_rig *rig, const struct store_row *row) {
    assert_ok(rig_set(
        rig,
        A,
        (struct dk_set){.key = text("k"), .value = text("one"), .concurrency = DK_FIRST_WRITE}));

    const struct rig_answer answer =
        rig_set(rig, A, (struct dk_set){.key = text("k"), .value = text("two")});

    if (row->first_write_is_sticky) {
        assert_error(answer, DK_ETAG_MISMATCH);
        assert_value(rig, "k", "one");
    } else {
        assert_ok(answer);
        assert_value(rig, "k", "two");
    }
}

/* ── lifetimes ──────────────────────────────────────────────────────────────────────────────── */

static bool is_gone(void *context) {
    return get(context, "k").data.data == NULL;
}

static void a_value_with_a_lifetime_says_so_and_goes(
    struct store_rig *rig, const struct store_row *row) {
    (void)row;
    const int64_t before_ms = dk_clock_ms();
    assert_ok(rig_set(
        rig, A, (struct dk_set){.key = text("k"), .value = text("v"), .metadata = ttl("1")}));

    const struct rig_item item = get(rig, "k");
    cr_assert(ne(ptr, (void *)item.data.data, NULL));
    cr_assert(ge(i64, item.expires_ms, before_ms));
    cr_assert(le(i64, item.expires_ms, dk_clock_ms() + 1001));

    cr_assert(rig_until(rig, is_gone, rig));
    cr_assert(ge(i64, dk_clock_ms(), before_ms + 999));
}

static void a_lifetime_of_minus_one_is_none(struct store_rig *rig, const struct store_row *row) {
    (void)row;
    assert_ok(rig_set(
        rig, A, (struct dk_set){.key = text("k"), .value = text("v"), .metadata = ttl("100")}));
    cr_assert(gt(i64, get(rig, "k").expires_ms, 0));

    assert_ok(rig_set(
        rig, A, (struct dk_set){.key = text("k"), .value = text("w"), .metadata = ttl("-1")}));

    cr_assert(eq(i64, get(rig, "k").expires_ms, 0));
}

static void a_write_that_names_no_lifetime(struct store_rig *rig, const struct store_row *row) {
    assert_ok(rig_set(
        rig, A, (struct dk_set){.key = text("k"), .value = text("v"), .metadata = ttl("100")}));
    put(rig, "k", "w");

    if (row->keeps_ttl_when_omitted) {
        cr_assert(gt(i64, get(rig, "k").expires_ms, 0));
    } else {
        cr_assert(eq(i64, get(rig, "k").expires_ms, 0));
    }
}

static void a_bad_lifetime_writes_nothing(struct store_rig *rig, const struct store_row *row) {
    static const char *const bad[] = {"foo", "1.5", "-2", "99999999999", "1s"};
    (void)row;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const struct rig_answer answer = rig_set(
            rig, A, (struct dk_set){.key = text("k"), .value = text("v"), .metadata = ttl(bad[i])});
        assert_error(answer, DK_INVALID);
        cr_assert(ne(ptr, strstr(answer.text, bad[i]), NULL), "%s", answer.text);
    }
    assert_missing(rig, "k");
}

/* ── many at once ───────────────────────────────────────────────────────────────────────────── */

static void a_bulk_get_keeps_the_order_and_names_missing_keys(
    struct store_rig *rig, const struct store_row *row) {
    put(rig, "k1", "v1");
    put(rig, "k3", "v3");
    const struct dk_get items[] = {{.key = text("k3")}, {.key = text("k2")}, {.key = text("k1")}};
    (void)row;

    const struct rig_answer answer = rig_bulk_get(rig, A, (struct dk_bulk_get){items, 3});

    assert_ok(answer);
    cr_assert(eq(sz, answer.count, 3));
    static const char *const keys[] = {"k3", "k2", "k1"};
    for (size_t i = 0; i < 3; i++) {
        cr_assert(dk_bytes_equal(answer.items[i].key, text(keys[i])));
        cr_assert(eq(sz, answer.items[i].error.size, 0));
    }
    cr_assert(dk_bytes_equal(answer.items[0].data, text("v3")));
    cr_assert(gt(sz, answer.items[0].etag.size, 0));
    cr_assert(eq(sz, answer.items[1].data.size, 0));
    cr_assert(eq(sz, answer.items[1].etag.size, 0));
    cr_assert(dk_bytes_equal(answer.items[2].data, text("v1")));
}

static void bulk_calls_of_nothing_succeed(struct store_rig *rig, const struct store_row *row) {
    (void)row;
    assert_ok(rig_bulk_get(rig, A, (struct dk_bulk_get){NULL, 0}));
    assert_ok(rig_bulk_set(rig, A, (struct dk_bulk_set){NULL, 0}));
    assert_ok(rig_bulk_delete(rig, A, (struct dk_bulk_delete){NULL, 0}));
}

static void a_bulk_set_writes_all(struct store_rig *rig, const struct store_row *row) {
    struct dk_set items[100];
    char keys[100][16];
    (void)row;
    for (size_t i = 0; i < 100; i++) {
        (void)snprintf(keys[i], sizeof keys[i], "bulk-%zu", i);
        items[i] = (struct dk_set){.key = text(keys[i]), .value = text(keys[i])};
    }

    assert_ok(rig_bulk_set(rig, A, (struct dk_bulk_set){items, 100}));

    for (size_t i = 0; i < 100; i++) {
        assert_value(rig, keys[i], keys[i]);
    }
}

static void a_bulk_set_with_one_stale_etag_writes_the_rest(
    struct store_rig *rig, const struct store_row *row) {
    put(rig, "k1", "old");
    put(rig, "k2", "old");
    const struct dk_set items[] = {
        {.key = text("k1"), .value = text("new")},
        {.key = text("k2"), .value = text("new"), .etag = text("9999999")},
        {.key = text("k3"), .value = text("new")},
    };
    (void)row;

    assert_error(rig_bulk_set(rig, A, (struct dk_bulk_set){items, 3}), DK_ETAG_MISMATCH);

    assert_value(rig, "k1", "new");
    assert_value(rig, "k2", "old");
    assert_value(rig, "k3", "new");
}

static void a_bulk_delete_with_one_stale_etag_deletes_the_rest(
    struct store_rig *rig, const struct store_row *row) {
    put(rig, "k1", "v");
    put(rig, "k2", "v");
    const struct dk_delete items[] = {
        {.key = text("k1")},
        {.key = text("k2"), .etag = text("9999999")},
        {.key = text("never-stored")},
    };
    (void)row;

    assert_error(rig_bulk_delete(rig, A, (struct dk_bulk_delete){items, 3}), DK_ETAG_MISMATCH);

    assert_missing(rig, "k1");
    assert_value(rig, "k2", "v");
}

/* ── transactions ───────────────────────────────────────────────────────────────────────────── */

static struct dk_operation upsert(const char *key, const char *value) {
    return (struct dk_operation){.set = {.key = text(key), .value = text(value)}};
}

static struct dk_operation removal(const char *key) {
    return (struct dk_operation){.is_delete = true, .remove = {.key = text(key)}};
}

static void a_transaction_happens_in_order(struct store_rig *rig, const struct store_row *row) {
    put(rig, "k1", "old");
    const struct dk_operation operations[] = {
        removal("k1"), upsert("k2", "a"), removal("k2"), upsert("k3", "b"), upsert("k3", "c")};
    (void)row;

    assert_ok(rig_transact(rig, A, (struct dk_transact){operations, 5}));

    assert_missing(rig, "k1");
    assert_missing(rig, "k2");
    assert_value(rig, "k3", "c");
}

static void a_transaction_is_all_or_nothing(struct store_rig *rig, const struct store_row *row) {
    put(rig, "k1", "old");
    put(rig, "k2", "old");
    struct dk_operation operations[] = {
        upsert("k1", "new"), removal("k2"), upsert("k3", "new"), upsert("k1", "newer")};
    operations[3].set.etag = text("9999999");
    const struct dk_bytes etag = get(rig, "k1").etag;
    (void)row;

    assert_error(rig_transact(rig, A, (struct dk_transact){operations, 4}), DK_ETAG_MISMATCH);

    assert_value(rig, "k1", "old");
    assert_value(rig, "k2", "old");
    assert_missing(rig, "k3");
    cr_assert(dk_bytes_equal(get(rig, "k1").etag, etag));
}

static void a_transaction_of_nothing_succeeds(struct store_rig *rig, const struct store_row *row) {
    (void)row;
    assert_ok(rig_transact(rig, A, (struct dk_transact){NULL, 0}));
}

static void a_transaction_deletes_what_is_not_there(
    struct store_rig *rig, const struct store_row *row) {
    const struct dk_operation operations[] = {removal("never-stored")};
    (void)row;

    assert_ok(rig_transact(rig, A, (struct dk_transact){operations, 1}));
}

static void a_transaction_gives_lifetimes(struct store_rig *rig, const struct store_row *row) {
    struct dk_operation operation = upsert("k", "v");
    operation.set.metadata = ttl("100");
    (void)row;

    assert_ok(rig_transact(rig, A, (struct dk_transact){&operation, 1}));

    cr_assert(gt(i64, get(rig, "k").expires_ms, dk_clock_ms()));
}

static void a_transaction_with_a_bad_lifetime_writes_nothing(
    struct store_rig *rig, const struct store_row *row) {
    struct dk_operation operations[] = {upsert("k1", "v"), upsert("k2", "v")};
    operations[1].set.metadata = ttl("foo");
    (void)row;

    assert_error(rig_transact(rig, A, (struct dk_transact){operations, 2}), DK_INVALID);

    assert_missing(rig, "k1");
    assert_missing(rig, "k2");
}

/* ── instances ──────────────────────────────────────────────────────────────────────────────── */

static void a_second_init_replaces_the_instance(
    struct store_rig *rig, const struct store_row *row) {
    assert_ok(store_rig_init(rig, A, row->properties(true)));

    put(rig, "k", "v");

    assert_value(rig, "k", "v"); /* in the new one's place */
}

static void a_failed_second_init_leaves_the_first_at_work(
    struct store_rig *rig, const struct store_row *row) {
    static const char *const bad[] = {"ttlInSeconds", "soon", "maxBytes", "x", NULL};
    (void)row;
    put(rig, "k", "v");

    assert_error(store_rig_init(rig, A, bad), DK_INVALID);

    assert_value(rig, "k", "v");
}

#define CASE(function) \
    { #function, function }

const struct state_case state_cases[] = {
    CASE(a_value_comes_back_byte_for_byte),
    CASE(an_empty_value_is_a_value),
    CASE(a_megabyte_comes_back),
    CASE(a_key_with_a_nul_byte_is_an_ordinary_key),
    CASE(a_missing_key_is_an_empty_answer),
    CASE(a_second_write_replaces_the_first),
    CASE(a_delete_is_idempotent),
    CASE(a_thousand_keys_stay_apart),
    CASE(two_instances_are_apart),
    CASE(an_unknown_metadata_key_does_no_harm),
    CASE(every_write_changes_the_etag),
    CASE(the_present_etag_lets_a_write_through),
    CASE(a_stale_etag_writes_nothing),
    CASE(a_stale_etag_deletes_nothing),
    CASE(the_present_etag_lets_a_delete_through),
    CASE(an_etag_on_a_missing_key),
    CASE(first_write_happens_once),
    CASE(first_write_with_the_present_etag_goes_on),
    CASE(a_write_without_etag_after_first_write),
    CASE(a_value_with_a_lifetime_says_so_and_goes),
    CASE(a_lifetime_of_minus_one_is_none),
    CASE(a_write_that_names_no_lifetime),
    CASE(a_bad_lifetime_writes_nothing),
    CASE(a_bulk_get_keeps_the_order_and_names_missing_keys),
    CASE(bulk_calls_of_nothing_succeed),
    CASE(a_bulk_set_writes_all),
    CASE(a_bulk_set_with_one_stale_etag_writes_the_rest),
    CASE(a_bulk_delete_with_one_stale_etag_deletes_the_rest),
    CASE(a_transaction_happens_in_order),
    CASE(a_transaction_is_all_or_nothing),
    CASE(a_transaction_of_nothing_succeeds),
    CASE(a_transaction_deletes_what_is_not_there),
    CASE(a_transaction_gives_lifetimes),
    CASE(a_transaction_with_a_bad_lifetime_writes_nothing),
    CASE(a_second_init_replaces_the_instance),
    CASE(a_failed_second_init_leaves_the_first_at_work),
    {0},
};
