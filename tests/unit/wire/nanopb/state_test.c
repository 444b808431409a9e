/* What each request decodes to. */
#include "wire/nanopb/state.h"

#include "support/codec_memory.h"
#include "support/wire_writer.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

static struct codec_memory memory;
static struct wire message, part, item;

static void setup(void) {
    codec_memory_begin(&memory);
    wire_clear(&message);
    wire_clear(&part);
    wire_clear(&item);
}

static void teardown(void) {
    codec_memory_end(&memory);
}

TestSuite(state_requests, .init = setup, .fini = teardown);

static bool is(struct dk_bytes bytes, const char *text) {
    return bytes.data != NULL && dk_bytes_equal(bytes, dk_bytes_of(text));
}

static bool says(const char *words) {
    return strstr(memory.fault.text, words) != NULL;
}

#define DECODE(kind, ret) \
    dk__decode_##kind(wire_view(&message), &memory.arena, (ret), &memory.fault)

/* Etag {value} as field `number`. */
static void put_etag(struct wire *wire, uint32_t number, const char *value) {
    wire_clear(&part);
    wire_text(&part, 1, value);
    wire_message(wire, number, &part);
}

/* StateOptions as field `number`. */
static void put_options(
    struct wire *wire, uint32_t number, uint64_t concurrency, uint64_t consistency) {
    wire_clear(&part);
    wire_number(&part, 1, concurrency);
    wire_number(&part, 2, consistency);
    wire_message(wire, number, &part);
}

/* ── init and get ───────────────────────────────────────────────────────────────────────────── */

Test(state_requests, init_has_its_properties_in_their_order) {
    struct dk_pairs properties;
    wire_entry(&part, 1, "redisHost", "127.0.0.1:6379");
    wire_entry(&part, 1, "redisPassword", "");
    wire_message(&message, 1, &part);

    cr_assert(eq(int, DECODE(init, &properties), DK_OK));

    cr_assert(eq(sz, properties.count, 2));
    cr_assert(is(properties.items[0].key, "redisHost"));
    cr_assert(is(properties.items[0].value, "127.0.0.1:6379"));
    cr_assert(is(properties.items[1].key, "redisPassword"));
    cr_assert(is(properties.items[1].value, ""));
}

Test(state_requests, init_without_metadata_has_no_properties) {
    struct dk_pairs properties = {.count = 7};

    cr_assert(eq(int, DECODE(init, &properties), DK_OK));

    cr_assert(eq(sz, properties.count, 0));
}

Test(state_requests, get_has_all_its_fields) {
    struct dk_get get;
    wire_text(&message, 1, "app||key");
    wire_entry(&message, 2, "partitionKey", "p");
    wire_number(&message, 3, 2);

    cr_assert(eq(int, DECODE(get, &get), DK_OK));

    cr_assert(is(get.key, "app||key"));
    cr_assert(eq(sz, get.metadata.count, 1));
    cr_assert(is(dk_pairs_find(get.metadata, dk_bytes_of("partitionKey")), "p"));
    cr_assert(eq(int, get.consistency, DK_STRONG));
}

Test(state_requests, fields_may_come_in_any_order) {
    struct dk_get get;
    wire_number(&message, 3, 1);
    wire_entry(&message, 2, "a", "1");
    wire_text(&message, 1, "k");
    wire_entry(&message, 2, "b", "2");

    cr_assert(eq(int, DECODE(get, &get), DK_OK));

    cr_assert(is(get.key, "k"));
    cr_assert(eq(sz, get.metadata.count, 2));
    cr_assert(eq(int, get.consistency, DK_EVENTUAL));
}

Test(state_requests, a_field_that_comes_twice_is_taken_last) {
    struct dk_get get;
    wire_text(&message, 1, "first");
    wire_number(&message, 3, 2);
    wire_text(&message, 1, "last");
    wire_number(&message, 3, 1);

    cr_assert(eq(int, DECODE(get, &get), DK_OK));

    cr_assert(is(get.key, "last"));
    cr_assert(eq(int, get.consistency, DK_EVENTUAL));
}

/* ── set and delete ─────────────────────────────────────────────────────────────────────────── */

Test(state_requests, set_has_all_its_fields) {
    struct dk_set set;
    wire_text(&message, 1, "app||key");
    wire_bytes(&message, 2, (struct dk_bytes)DK_BYTES("\0\xff"));
    put_etag(&message, 3, "17");
    wire_entry(&message, 4, "ttlInSeconds", "60");
    put_options(&message, 5, 1, 2);
    wire_text(&message, 6, "text/plain");

    cr_assert(eq(int, DECODE(set, &set), DK_OK));

    cr_assert(is(set.key, "app||key"));
    cr_assert(dk_bytes_equal(set.value, (struct dk_bytes)DK_BYTES("\0\xff")));
    cr_assert(is(set.etag, "17"));
    cr_assert(is(dk_pairs_find(set.metadata, dk_bytes_of("ttlInSeconds")), "60"));
    cr_assert(eq(int, set.concurrency, DK_FIRST_WRITE));
    cr_assert(eq(int, set.consistency, DK_STRONG));
    cr_assert(is(set.content_type, "text/plain"));
}

Test(state_requests, what_set_leaves_out_is_present_and_empty_but_for_the_etag) {
    struct dk_set set;
    wire_text(&message, 1, "k");

    cr_assert(eq(int, DECODE(set, &set), DK_OK));

    cr_assert(is(set.value, ""));
    cr_assert(is(set.content_type, ""));
    cr_assert(eq(ptr, (void *)set.etag.data, NULL));
    cr_assert(eq(sz, set.metadata.count, 0));
    cr_assert(eq(int, set.concurrency, DK_CONCURRENCY_UNSPECIFIED));
    cr_assert(eq(int, set.consistency, DK_CONSISTENCY_UNSPECIFIED));
}

Test(state_requests, an_empty_etag_is_an_absent_one) {
    struct dk_set set;
    wire_text(&message, 1, "k");
    put_etag(&message, 3, "");
    cr_assert(eq(int, DECODE(set, &set), DK_OK));
    cr_assert(eq(ptr, (void *)set.etag.data, NULL));

    wire_clear(&part);
    wire_message(&message, 3, &part);
    cr_assert(eq(int, DECODE(set, &set), DK_OK));
    cr_assert(eq(ptr, (void *)set.etag.data, NULL));
}

Test(state_requests, delete_has_all_its_fields) {
    struct dk_delete delete;
    wire_text(&message, 1, "k");
    put_etag(&message, 2, "17");
    wire_entry(&message, 3, "a", "b");
    put_options(&message, 4, 2, 1);

    cr_assert(eq(int, DECODE(delete, &delete), DK_OK));

    cr_assert(is(delete.key, "k"));
    cr_assert(is(delete.etag, "17"));
    cr_assert(is(dk_pairs_find(delete.metadata, dk_bytes_of("a")), "b"));
    cr_assert(eq(int, delete.concurrency, DK_LAST_WRITE));
    cr_assert(eq(int, delete.consistency, DK_EVENTUAL));
}

Test(state_requests, parts_of_a_message_within_merge) {
    struct dk_set set;
    wire_text(&message, 1, "k");
    wire_number(&part, 1, 1);
    wire_message(&message, 5, &part);
    wire_clear(&part);
    wire_number(&part, 2, 2);
    wire_message(&message, 5, &part);
    put_etag(&message, 3, "17");
    wire_clear(&part);
    wire_message(&message, 3, &part);

    cr_assert(eq(int, DECODE(set, &set), DK_OK));

    cr_assert(eq(int, set.concurrency, DK_FIRST_WRITE));
    cr_assert(eq(int, set.consistency, DK_STRONG));
    cr_assert(is(set.etag, "17"));
}

Test(state_requests, an_enum_beyond_its_words_is_unspecified) {
    static const uint64_t values[] = {
        3, 127, 128, UINT32_MAX, UINT64_C(1) << 31, UINT64_MAX, UINT64_MAX - 1};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        struct dk_set set;
        wire_clear(&message);
        wire_text(&message, 1, "k");
        put_options(&message, 5, values[i], values[i]);

        cr_assert(eq(int, DECODE(set, &set), DK_OK));

        cr_expect(eq(int, set.concurrency, DK_CONCURRENCY_UNSPECIFIED), "%zu", i);
        cr_expect(eq(int, set.consistency, DK_CONSISTENCY_UNSPECIFIED), "%zu", i);
    }
}

Test(state_requests, nul_bytes_stay_where_they_are) {
    struct dk_set set;
    wire_bytes(&message, 1, (struct dk_bytes)DK_BYTES("a\0b"));
    wire_bytes(&message, 2, (struct dk_bytes)DK_BYTES("\0"));
    wire_raw(&message, (struct dk_bytes)DK_BYTES("\x22\x0a\x0a\x03k\0y\x12\x03v\0l"));
    wire_bytes(&message, 6, (struct dk_bytes)DK_BYTES("t\0"));

    cr_assert(eq(int, DECODE(set, &set), DK_OK));

    cr_assert(dk_bytes_equal(set.key, (struct dk_bytes)DK_BYTES("a\0b")));
    cr_assert(dk_bytes_equal(set.value, (struct dk_bytes)DK_BYTES("\0")));
    cr_assert(dk_bytes_equal(set.metadata.items[0].key, (struct dk_bytes)DK_BYTES("k\0y")));
    cr_assert(dk_bytes_equal(set.metadata.items[0].value, (struct dk_bytes)DK_BYTES("v\0l")));
    cr_assert(dk_bytes_equal(set.content_type, (struct dk_bytes)DK_BYTES("t\0")));
}

Test(state_requests, texts_and_values_are_views_of_the_message) {
    struct dk_set set;
    wire_text(&message, 1, "key");
    wire_text(&message, 2, "value");

    cr_assert(eq(int, DECODE(set, &set), DK_OK));

    cr_assert(eq(ptr, (void *)set.key.data, message.bytes + 2));
    cr_assert(eq(ptr, (void *)set.value.data, message.bytes + 7));
}

/* ── maps ───────────────────────────────────────────────────────────────────────────────────── */

Test(state_requests, a_repeated_name_is_there_once_with_its_last_value) {
    struct dk_get get;
    wire_text(&message, 1, "k");
    wire_entry(&message, 2, "a", "1");
    wire_entry(&message, 2, "b", "2");
    wire_entry(&message, 2, "a", "3");

    cr_assert(eq(int, DECODE(get, &get), DK_OK));

    cr_assert(eq(sz, get.metadata.count, 2));
    cr_assert(is(get.metadata.items[0].key, "a"));
    cr_assert(is(get.metadata.items[0].value, "3"));
    cr_assert(is(get.metadata.items[1].key, "b"));
}

Test(state_requests, half_of_an_entry_has_an_empty_other_half) {
    struct dk_get get;
    wire_text(&message, 1, "k");
    wire_text(&part, 1, "name");
    wire_message(&message, 2, &part);
    wire_clear(&part);
    wire_text(&part, 2, "value");
    wire_message(&message, 2, &part);

    cr_assert(eq(int, DECODE(get, &get), DK_OK));

    cr_assert(eq(sz, get.metadata.count, 2));
    cr_assert(is(get.metadata.items[0].key, "name"));
    cr_assert(is(get.metadata.items[0].value, ""));
    cr_assert(is(get.metadata.items[1].key, ""));
    cr_assert(is(get.metadata.items[1].value, "value"));
}

static void put_names(struct wire *wire, uint32_t number, int count) {
    for (int i = 0; i < count; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "name%d", i);
        wire_entry(wire, number, name, "v");
    }
}

Test(state_requests, a_map_is_full_at_512_names) {
    struct dk_get get;
    wire_text(&message, 1, "k");
    put_names(&message, 2, 512);
    wire_entry(&message, 2, "name511", "again");
    cr_assert(eq(int, DECODE(get, &get), DK_OK));
    cr_assert(eq(sz, get.metadata.count, 512));
    cr_assert(is(get.metadata.items[511].value, "again"));

    wire_entry(&message, 2, "one more", "v");
    cr_assert(eq(int, DECODE(get, &get), DK_INVALID));
    cr_assert(says("metadata"));
}

/* 4 MiB of the same few hundred names over and over would hold up the loop for seconds. */
Test(state_requests, the_search_for_repeated_names_is_bounded_in_a_message) {
    struct dk_bulk_get get;
    wire_text(&item, 1, "k");
    put_names(&item, 2, 512);
    for (int i = 0; i < 35; i++) { /* each about 131,000 looks */
        wire_message(&message, 1, &item);
    }

    cr_assert(eq(int, DECODE(bulk_get, &get), DK_INVALID));

    cr_assert(says("too many entries"));
}

/* ── many at once ───────────────────────────────────────────────────────────────────────────── */

Test(state_requests, bulk_requests_have_their_items_in_order) {
    struct dk_bulk_get get;
    struct dk_bulk_set set;
    struct dk_bulk_delete delete;
    for (int i = 0; i < 100; i++) {
        char key[16];
        (void)snprintf(key, sizeof key, "key%d", i);
        wire_clear(&item);
        wire_text(&item, 1, key);
        wire_message(&message, 1, &item);
    }
    wire_number(&part, 1, 10);
    wire_message(&message, 2, &part); /* options: parallelism */

    cr_assert(eq(int, DECODE(bulk_get, &get), DK_OK));
    cr_assert(eq(int, DECODE(bulk_set, &set), DK_OK));
    cr_assert(eq(int, DECODE(bulk_delete, &delete), DK_OK));

    cr_assert(eq(sz, get.count, 100));
    cr_assert(eq(sz, set.count, 100));
    cr_assert(eq(sz, delete.count, 100));
    for (int i = 0; i < 100; i++) {
        char key[16];
        (void)snprintf(key, sizeof key, "key%d", i);
        cr_expect(is(get.items[i].key, key));
        cr_expect(is(set.items[i].key, key));
        cr_expect(is(set.items[i].value, ""));
        cr_expect(is(delete.items[i].key, key));
    }
}

Test(state_requests, a_bulk_request_may_be_empty) {
    struct dk_bulk_delete delete = {.count = 7};

    cr_assert(eq(int, DECODE(bulk_delete, &delete), DK_OK));

    cr_assert(eq(sz, delete.count, 0));
}

Test(state_requests, a_transaction_has_its_steps_in_order) {
    struct dk_transact transact;
    wire_text(&part, 1, "set me");
    wire_text(&part, 2, "v");
    wire_message(&item, 2, &part);
    wire_message(&message, 1, &item);
    wire_clear(&part);
    wire_clear(&item);
    wire_text(&part, 1, "delete me");
    wire_message(&item, 1, &part);
    wire_message(&message, 1, &item);
    wire_entry(&message, 2, "a", "b");

    cr_assert(eq(int, DECODE(transact, &transact), DK_OK));

    cr_assert(eq(sz, transact.count, 2));
    cr_assert(not(transact.operations[0].is_delete));
    cr_assert(is(transact.operations[0].set.key, "set me"));
    cr_assert(is(transact.operations[0].set.value, "v"));
    cr_assert(transact.operations[1].is_delete);
    cr_assert(is(transact.operations[1].remove.key, "delete me"));
    cr_assert(is(dk_pairs_find(transact.metadata, dk_bytes_of("a")), "b"));
}

/* Nothing of the member before may show through: both lie in one place. */
Test(state_requests, the_last_member_of_a_step_counts_alone) {
    struct dk_transact transact;
    wire_text(&part, 1, "first");
    wire_text(&part, 2, "value");
    wire_text(&part, 6, "type");
    wire_entry(&part, 4, "a", "b");
    wire_message(&item, 2, &part);
    wire_clear(&part);
    wire_text(&part, 1, "last");
    wire_message(&item, 1, &part);
    wire_message(&message, 1, &item);

    cr_assert(eq(int, DECODE(transact, &transact), DK_OK));

    cr_assert(transact.operations[0].is_delete);
    cr_assert(is(transact.operations[0].remove.key, "last"));
    cr_assert(eq(ptr, (void *)transact.operations[0].remove.etag.data, NULL));
    cr_assert(eq(sz, transact.operations[0].remove.metadata.count, 0));
}

Test(state_requests, a_member_replaced_may_have_made_no_sense) {
    struct dk_transact transact;
    wire_clear(&part);
    wire_message(&item, 1, &part); /* a delete without a key */
    wire_text(&part, 1, "k");
    wire_message(&item, 2, &part);
    wire_message(&message, 1, &item);

    cr_assert(eq(int, DECODE(transact, &transact), DK_OK));

    cr_assert(not(transact.operations[0].is_delete));
    cr_assert(is(transact.operations[0].set.key, "k"));
}

Test(state_requests, parts_of_a_step_merge) {
    struct dk_transact transact;
    wire_text(&part, 2, "v");
    wire_message(&item, 2, &part);
    wire_clear(&part);
    wire_text(&part, 1, "k");
    wire_message(&item, 2, &part);
    wire_message(&message, 1, &item);

    cr_assert(eq(int, DECODE(transact, &transact), DK_OK));

    cr_assert(is(transact.operations[0].set.key, "k"));
    cr_assert(is(transact.operations[0].set.value, "v"));
}

Test(state_requests, a_step_that_is_neither_is_refused_by_its_place) {
    struct dk_transact transact;
    wire_text(&part, 1, "k");
    wire_message(&item, 2, &part);
    wire_message(&message, 1, &item);
    wire_clear(&item);
    wire_number(&item, 9, 1);
    wire_message(&message, 1, &item);

    cr_assert(eq(int, DECODE(transact, &transact), DK_INVALID));

    cr_assert(says("operations[1]"));
    cr_assert(says("neither"));
}

/* ── query ──────────────────────────────────────────────────────────────────────────────────── */

static void put_filter(struct wire *query, const char *operator, const char * operand) {
    static struct wire any, entry;
    wire_clear(&any);
    wire_clear(&entry);
    wire_text(&any, 2, operand);
    wire_text(&entry, 1, operator);
    wire_message(&entry, 2, &any);
    wire_message(query, 1, &entry);
}

Test(state_requests, query_has_all_its_fields) {
    struct dk_query query;
    put_filter(&item, "EQ", "{\"state\":\"CA\"}");
    wire_text(&part, 1, "person.org");
    wire_number(&part, 2, 1);
    wire_message(&item, 2, &part);
    wire_clear(&part);
    wire_text(&part, 1, "id");
    wire_message(&item, 2, &part);
    wire_clear(&part);
    wire_number(&part, 1, 300);
    wire_text(&part, 2, "token");
    wire_message(&item, 3, &part);
    wire_message(&message, 1, &item);
    wire_entry(&message, 2, "queryIndexName", "i");

    cr_assert(eq(int, DECODE(query, &query), DK_OK));

    cr_assert(is(query.filter_operator, "EQ"));
    cr_assert(is(query.filter_operand, "{\"state\":\"CA\"}"));
    cr_assert(eq(sz, query.sort_count, 2));
    cr_assert(is(query.sorts[0].key, "person.org"));
    cr_assert(query.sorts[0].descending);
    cr_assert(is(query.sorts[1].key, "id"));
    cr_assert(not(query.sorts[1].descending));
    cr_assert(eq(i64, query.limit, 300));
    cr_assert(is(query.token, "token"));
    cr_assert(is(dk_pairs_find(query.metadata, dk_bytes_of("queryIndexName")), "i"));
}

Test(state_requests, a_query_may_ask_for_everything) {
    struct dk_query query;

    cr_assert(eq(int, DECODE(query, &query), DK_OK));

    cr_assert(eq(ptr, (void *)query.filter_operator.data, NULL));
    cr_assert(eq(sz, query.sort_count, 0));
    cr_assert(eq(i64, query.limit, 0));
    cr_assert(eq(sz, query.token.size, 0));
}

Test(state_requests, a_limit_may_be_negative_on_the_wire) {
    struct dk_query query;
    wire_number(&part, 1, UINT64_MAX);
    wire_message(&item, 3, &part);
    wire_message(&message, 1, &item);

    cr_assert(eq(int, DECODE(query, &query), DK_OK));

    cr_assert(eq(i64, query.limit, -1));
}

Test(state_requests, a_filter_with_two_operators_is_refused) {
    struct dk_query query;
    put_filter(&item, "EQ", "1");
    put_filter(&item, "IN", "2");
    wire_message(&message, 1, &item);

    cr_assert(eq(int, DECODE(query, &query), DK_INVALID));

    cr_assert(says("filter"));
    cr_assert(says("more than one operator"));
}

/* It is a map: the same name twice is one entry. */
Test(state_requests, an_operator_that_comes_twice_is_taken_last) {
    struct dk_query query;
    put_filter(&item, "EQ", "1");
    put_filter(&item, "EQ", "2");
    wire_message(&message, 1, &item);

    cr_assert(eq(int, DECODE(query, &query), DK_OK));

    cr_assert(is(query.filter_operator, "EQ"));
    cr_assert(is(query.filter_operand, "2"));
}

/* ── what is refused ────────────────────────────────────────────────────────────────────────── */

Test(state_requests, an_empty_key_is_refused) {
    struct dk_get get;
    struct dk_set set;
    struct dk_delete delete;
    wire_text(&message, 1, "");

    cr_expect(eq(int, DECODE(get, &get), DK_INVALID));
    cr_expect(eq(int, DECODE(set, &set), DK_INVALID));
    cr_expect(eq(int, DECODE(delete, &delete), DK_INVALID));

    cr_expect(eq(str, memory.fault.text, "key: is empty; key: is empty; key: is empty"));
}

Test(state_requests, an_empty_key_among_many_is_refused_by_its_place) {
    struct dk_bulk_get get;
    struct dk_bulk_set set;
    struct dk_bulk_delete delete;
    wire_text(&item, 1, "k");
    for (int i = 0; i < 3; i++) {
        wire_message(&message, 1, &item);
    }
    wire_clear(&item);
    wire_message(&message, 1, &item);

    cr_expect(eq(int, DECODE(bulk_get, &get), DK_INVALID));
    cr_expect(eq(int, DECODE(bulk_set, &set), DK_INVALID));
    cr_expect(eq(int, DECODE(bulk_delete, &delete), DK_INVALID));

    cr_expect(
        eq(str,
           memory.fault.text,
           "items[3].key: is empty; items[3].key: is empty; items[3].key: is empty"));
}

Test(state_requests, an_empty_key_in_a_transaction_is_refused_by_its_place) {
    for (uint32_t member = 1; member <= 2; member++) {
        struct dk_transact transact;
        setup();
        wire_text(&part, 1, "k");
        wire_message(&item, 2, &part);
        wire_message(&message, 1, &item);
        wire_clear(&part);
        wire_clear(&item);
        wire_message(&item, member, &part);
        wire_message(&message, 1, &item);

        cr_expect(eq(int, DECODE(transact, &transact), DK_INVALID));

        cr_expect(eq(str, memory.fault.text, "operations[1].key: is empty"));
        teardown();
    }
}

/* Each text of each message: the bytes before it are good, the text is not. */
static const struct {
    const char *name;
    struct dk_bytes good; /* before the text, in the same message */
    int path[3];          /* fields that lead to the text, outermost first; 0 ends */
    const char *words;
} texts[] = {
    {"init", DK_BYTES(""), {1, 1, 1}, "properties"},
    {"init", DK_BYTES(""), {1, 1, 2}, "properties"},
    {"get", DK_BYTES(""), {1}, "key"},
    {"get", DK_BYTES("\x0a\x01k"), {2, 1}, "metadata"},
    {"get", DK_BYTES("\x0a\x01k"), {2, 2}, "metadata"},
    {"set", DK_BYTES(""), {1}, "key"},
    {"set", DK_BYTES("\x0a\x01k"), {3, 1}, "etag"},
    {"set", DK_BYTES("\x0a\x01k"), {4, 1}, "metadata"},
    {"set", DK_BYTES("\x0a\x01k"), {4, 2}, "metadata"},
    {"set", DK_BYTES("\x0a\x01k"), {6}, "content_type"},
    {"delete", DK_BYTES(""), {1}, "key"},
    {"delete", DK_BYTES("\x0a\x01k"), {2, 1}, "etag"},
    {"delete", DK_BYTES("\x0a\x01k"), {3, 2}, "metadata"},
    {"bulk_get", DK_BYTES("\x0a\x03\x0a\x01k"), {1, 1}, "items[1].key"},
    {"bulk_get", DK_BYTES("\x0a\x03\x0a\x01k"), {1, 2, 1}, "items[1].metadata"},
    {"bulk_set", DK_BYTES("\x0a\x03\x0a\x01k"), {1, 6}, "items[1].content_type"},
    {"bulk_set", DK_BYTES("\x0a\x03\x0a\x01k"), {1, 3, 1}, "items[1].etag"},
    {"bulk_delete", DK_BYTES("\x0a\x03\x0a\x01k"), {1, 1}, "items[1].key"},
    {"transact", DK_BYTES(""), {1, 1, 1}, "operations[0].key"},
    {"transact", DK_BYTES(""), {1, 2, 6}, "operations[0].content_type"},
    {"transact", DK_BYTES(""), {2, 2}, "metadata"},
    {"query", DK_BYTES(""), {1, 1, 1}, "filter"},
    {"query", DK_BYTES(""), {1, 2, 1}, "sort[0].sort.key"},
    {"query", DK_BYTES(""), {1, 3, 2}, "token"},
    {"query", DK_BYTES(""), {2, 1}, "metadata"},
};

static enum dk_error decode_named(const char *name) {
    union {
        struct dk_pairs init;
        struct dk_get get;
        struct dk_set set;
        struct dk_delete delete;
        struct dk_bulk_get bulk_get;
        struct dk_bulk_set bulk_set;
        struct dk_bulk_delete bulk_delete;
        struct dk_transact transact;
        struct dk_query query;
    } ret;
#define BY_NAME(kind)                   \
    if (strcmp(name, #kind) == 0) {     \
        return DECODE(kind, &ret.kind); \
    }
    BY_NAME(init)
    BY_NAME(get)
    BY_NAME(set)
    BY_NAME(delete)
    BY_NAME(bulk_get)
    BY_NAME(bulk_set)
    BY_NAME(bulk_delete)
    BY_NAME(transact)
    BY_NAME(query)
    cr_fatal("no message %s", name);
}

Test(state_requests, a_text_that_is_no_utf8_is_refused_by_its_name) {
    static struct wire inner, outer;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        setup();
        int depth = 2;
        while (texts[i].path[depth] == 0) {
            depth--;
        }
        wire_clear(&inner);
        wire_bytes(&inner, (uint32_t)texts[i].path[depth], (struct dk_bytes)DK_BYTES("a\xc3("));
        while (depth-- > 0) {
            wire_clear(&outer);
            wire_message(&outer, (uint32_t)texts[i].path[depth], &inner);
            inner = outer;
        }
        wire_raw(&message, texts[i].good);
        wire_raw(&message, wire_view(&inner));

        cr_expect(eq(int, decode_named(texts[i].name), DK_INVALID), "%zu", i);

        cr_expect(says(texts[i].words), "%zu: %s", i, memory.fault.text);
        cr_expect(says("is not UTF-8"), "%zu: %s", i, memory.fault.text);
        teardown();
    }
}
