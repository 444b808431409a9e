/* What each answer says, read back by protobuf-c. */
#include "wire/nanopb/state.h"

#include "support/codec_memory.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <dapr/proto/components/v1/state.pb-c.h>
#include <string.h>

static struct codec_memory memory;

static void setup(void) {
    codec_memory_begin(&memory);
}

static void teardown(void) {
    codec_memory_end(&memory);
}

TestSuite(state_answers, .init = setup, .fini = teardown);

/* Reads what the chain holds. Owner: the test process, which ends with the test. */
static void *read_as(const ProtobufCMessageDescriptor *descriptor) {
    const struct dk_bytes bytes = codec_memory_written(&memory);
    void *message =
        protobuf_c_message_unpack(descriptor, NULL, bytes.size, (const uint8_t *)bytes.data);
    cr_assert(ne(ptr, message, NULL));
    return message;
}

#define READ(name) read_as(&dapr__proto__components__v1__##name##__descriptor)

static bool is(ProtobufCBinaryData data, struct dk_bytes bytes) {
    return dk_bytes_equal((struct dk_bytes){(const char *)data.data, data.len}, bytes);
}

static const struct dk_item full = {
    .key = DK_BYTES("app||key"),
    .data = DK_BYTES("\0va\xff"),
    .etag = DK_BYTES("17"),
    .error = DK_BYTES("no"),
    .content_type = DK_BYTES("text/plain"),
    .expires_ms = INT64_C(1893456000000),
};

/* ── get ────────────────────────────────────────────────────────────────────────────────────── */

Test(state_answers, get_has_all_its_fields) {
    cr_assert(dk__encode_get(&memory.chain, &full));

    const Dapr__Proto__Components__V1__GetResponse *response = READ(get_response);
    cr_assert(is(response->data, full.data));
    cr_assert(ne(ptr, response->etag, NULL));
    cr_assert(eq(str, response->etag->value, "17"));
    cr_assert(eq(str, response->content_type, "text/plain"));
    cr_assert(eq(sz, response->n_metadata, 1));
    cr_assert(eq(str, response->metadata[0]->key, "ttlExpireTime"));
    cr_assert(eq(str, response->metadata[0]->value, "2030-01-01T00:00:00Z"));
    cr_assert(eq(sz, response->base.n_unknown_fields, 0));
}

Test(state_answers, a_missing_key_is_an_empty_message) {
    const struct dk_item missing = {.key = DK_BYTES("k")};

    cr_assert(dk__encode_get(&memory.chain, &missing));

    cr_assert(eq(sz, memory.chain.bytes, 0));
}

/* daprd takes an absent etag for "none given" and an empty one for an empty one. */
Test(state_answers, an_empty_etag_is_sent_and_an_absent_one_is_not) {
    const struct dk_item empty = {.data = DK_BYTES("v"), .etag = DK_BYTES("")};
    const struct dk_item absent = {.data = DK_BYTES("v")};

    cr_assert(dk__encode_get(&memory.chain, &empty));
    const Dapr__Proto__Components__V1__GetResponse *response = READ(get_response);
    cr_assert(ne(ptr, response->etag, NULL));
    cr_assert(eq(str, response->etag->value, ""));

    dk__chain_reset(&memory.chain);
    cr_assert(dk__encode_get(&memory.chain, &absent));
    response = READ(get_response);
    cr_assert(eq(ptr, response->etag, NULL));
}

/* Lengths of one, two, three and four bytes on the wire, and a chain of many chunks. */
Test(state_answers, data_of_every_length_of_length_comes_back) {
    static const size_t sizes[] = {1, 127, 128, 16383, 16384, 2097151, 2097152, 4 << 20};
    static char data[4 << 20];
    memset(data, 'd', sizeof data);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        const struct dk_item item = {.data = {data, sizes[i]}, .etag = {data, 128}};
        dk__chain_reset(&memory.chain);
        dk__arena_reset(&memory.arena);

        cr_assert(dk__encode_get(&memory.chain, &item), "%zu", sizes[i]);

        Dapr__Proto__Components__V1__GetResponse *response = READ(get_response);
        cr_expect(is(response->data, item.data), "%zu", sizes[i]);
        cr_expect(eq(sz, strlen(response->etag->value), 128));
        dapr__proto__components__v1__get_response__free_unpacked(response, NULL);
    }
}

/* ── times ──────────────────────────────────────────────────────────────────────────────────── */

static const struct {
    int64_t ms;
    const char *text;
} times[] = {
    {1, "1970-01-01T00:00:00.001Z"},
    {999, "1970-01-01T00:00:00.999Z"},
    {1000, "1970-01-01T00:00:01Z"},
    {1010, "1970-01-01T00:00:01.010Z"},
    {INT64_C(951782400000), "2000-02-29T00:00:00Z"},
    {INT64_C(1709251199500), "2024-02-29T23:59:59.500Z"},
    {INT64_C(4102444799999), "2099-12-31T23:59:59.999Z"},
    {INT64_C(253402300799999), "9999-12-31T23:59:59.999Z"},
    /* RFC 3339 has four digits for the year: the last moment it can write */
    {INT64_C(253402300800000), "9999-12-31T23:59:59.999Z"},
    {INT64_MAX, "9999-12-31T23:59:59.999Z"},
    /* before 1970 it has expired in any case; the text must still be a time */
    {-1, "1970-01-01T00:00:00Z"},
    {INT64_MIN, "1970-01-01T00:00:00Z"},
};

Test(state_answers, an_expiry_is_a_time_of_rfc_3339_in_utc) {
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        const struct dk_item item = {.data = DK_BYTES("v"), .expires_ms = times[i].ms};
        dk__chain_reset(&memory.chain);

        cr_assert(dk__encode_get(&memory.chain, &item));

        const Dapr__Proto__Components__V1__GetResponse *response = READ(get_response);
        cr_assert(eq(sz, response->n_metadata, 1), "%zu", i);
        cr_expect(eq(str, response->metadata[0]->value, (char *)times[i].text), "%zu", i);
    }
}

Test(state_answers, what_never_expires_has_no_metadata) {
    const struct dk_item item = {.data = DK_BYTES("v")};

    cr_assert(dk__encode_get(&memory.chain, &item));

    const Dapr__Proto__Components__V1__GetResponse *response = READ(get_response);
    cr_assert(eq(sz, response->n_metadata, 0));
}

/* ── many items ─────────────────────────────────────────────────────────────────────────────── */

Test(state_answers, bulk_items_in_a_row_are_one_answer) {
    const struct dk_item missing = {.key = DK_BYTES("missing")};
    cr_assert(dk__encode_bulk_item(&memory.chain, &full));
    cr_assert(dk__encode_bulk_item(&memory.chain, &missing));

    const Dapr__Proto__Components__V1__BulkGetResponse *response = READ(bulk_get_response);

    cr_assert(eq(sz, response->n_items, 2));
    const Dapr__Proto__Components__V1__BulkStateItem *item = response->items[0];
    cr_assert(eq(str, item->key, "app||key"));
    cr_assert(is(item->data, full.data));
    cr_assert(eq(str, item->etag->value, "17"));
    cr_assert(eq(str, item->error, "no"));
    cr_assert(eq(str, item->content_type, "text/plain"));
    cr_assert(eq(sz, item->n_metadata, 1));
    cr_assert(eq(str, item->metadata[0]->key, "ttlExpireTime"));
    cr_assert(eq(str, item->metadata[0]->value, "2030-01-01T00:00:00Z"));
    cr_assert(eq(sz, item->base.n_unknown_fields, 0));
    cr_assert(eq(str, response->items[1]->key, "missing"));
    cr_assert(eq(sz, response->items[1]->data.len, 0));
    cr_assert(eq(ptr, response->items[1]->etag, NULL));
}

Test(state_answers, query_items_and_their_token_are_one_answer) {
    cr_assert(dk__encode_query_item(&memory.chain, &full));
    cr_assert(dk__encode_query_item(&memory.chain, &full));
    cr_assert(dk__encode_query_token(&memory.chain, dk_bytes_of("next")));

    const Dapr__Proto__Components__V1__QueryResponse *response = READ(query_response);

    cr_assert(eq(sz, response->n_items, 2));
    const Dapr__Proto__Components__V1__QueryItem *item = response->items[1];
    cr_assert(eq(str, item->key, "app||key"));
    cr_assert(is(item->data, full.data));
    cr_assert(eq(str, item->etag->value, "17"));
    cr_assert(eq(str, item->error, "no"));
    cr_assert(eq(str, item->content_type, "text/plain"));
    cr_assert(eq(sz, item->base.n_unknown_fields, 0));
    cr_assert(eq(str, response->token, "next"));
    cr_assert(eq(sz, response->n_metadata, 0));
}

Test(state_answers, an_empty_token_is_left_out) {
    cr_assert(dk__encode_query_token(&memory.chain, dk_bytes_of("")));
    cr_assert(dk__encode_query_token(&memory.chain, (struct dk_bytes){0}));

    cr_assert(eq(sz, memory.chain.bytes, 0));
}

Test(state_answers, features_are_their_words_in_order) {
    static const char *const words[] = {"ETAG", "TRANSACTIONAL", "TTL"};

    cr_assert(dk__encode_words(&memory.chain, words, 3));

    const Dapr__Proto__Components__V1__FeaturesResponse *response = READ(features_response);
    cr_assert(eq(sz, response->n_features, 3));
    for (size_t i = 0; i < 3; i++) {
        cr_expect(eq(str, response->features[i], (char *)words[i]));
    }
}

Test(state_answers, no_features_are_an_empty_message) {
    cr_assert(dk__encode_words(&memory.chain, NULL, 0));

    cr_assert(eq(sz, memory.chain.bytes, 0));
}

Test(state_answers, the_most_operations_are_any_number) {
    static const int64_t numbers[] = {0, 1, 127, 128, INT64_MAX, -1, INT64_MIN};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        dk__chain_reset(&memory.chain);

        cr_assert(dk__encode_max_size(&memory.chain, numbers[i]));

        const Dapr__Proto__Components__V1__MultiMaxSizeResponse *response =
            READ(multi_max_size_response);
        cr_expect(eq(i64, response->max_size, numbers[i]));
    }
}

/* ── bounds ─────────────────────────────────────────────────────────────────────────────────── */

static const char *const one_word[] = {"ETAG"};

static bool encode(int what) {
    switch (what) {
    case 0:
        return dk__encode_get(&memory.chain, &full);
    case 1:
        return dk__encode_bulk_item(&memory.chain, &full);
    case 2:
        return dk__encode_query_item(&memory.chain, &full);
    case 3:
        return dk__encode_query_token(&memory.chain, dk_bytes_of("token"));
    case 4:
        return dk__encode_words(&memory.chain, one_word, 1);
    default:
        return dk__encode_max_size(&memory.chain, INT64_MAX);
    }
}

Test(state_answers, fit_a_chain_of_exactly_their_size_and_no_smaller_one) {
    for (int what = 0; what <= 5; what++) {
        dk__chain_reset(&memory.chain);
        memory.chain.bytes_max = CODEC_BYTES_MAX;
        cr_assert(encode(what));
        const size_t size = memory.chain.bytes;
        for (size_t bytes_max = 0; bytes_max <= size; bytes_max++) {
            dk__chain_reset(&memory.chain);
            memory.chain.bytes_max = bytes_max;
            cr_expect(eq(int, encode(what), bytes_max == size), "%d in %zu", what, bytes_max);
            cr_expect(eq(sz, memory.chain.bytes, bytes_max == size ? size : 0), "%d", what);
        }
    }
}
