#include "support/codec_memory.h"
#include "wire/pbc/daprd_state.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <dapr/proto/runtime/v1/state.pb-c.h>
#include <stdlib.h>

static struct codec_memory memory;
static struct dk__pbc_writing writing;

static void setup(void) {
    codec_memory_begin(&memory);
    writing = (struct dk__pbc_writing){.arena = &memory.arena, .fault = &memory.fault};
}

static void teardown(void) {
    codec_memory_end(&memory);
}

TestSuite(daprd_state, .init = setup, .fini = teardown);

#define B(literal) ((struct dk_bytes)DK_BYTES(literal))

static void *unpacked(const ProtobufCMessageDescriptor *descriptor, struct dk_bytes bytes) {
    cr_assert(ne(ptr, (void *)bytes.data, NULL), "%s", memory.fault.text);
    void *message =
        protobuf_c_message_unpack(descriptor, NULL, bytes.size, (const uint8_t *)bytes.data);
    cr_assert(ne(ptr, message, NULL));
    return message;
}

static void refused(struct dk_bytes bytes, const char *words) {
    cr_assert(eq(ptr, (void *)bytes.data, NULL));
    cr_assert(eq(int, memory.fault.error, DK_INVALID));
    cr_assert(ne(ptr, strstr(memory.fault.text, words), NULL), "%s", memory.fault.text);
    memory.fault = (struct dk_fault){.error = DK_OK};
}

Test(daprd_state, a_get_names_store_and_key) {
    Dapr__Proto__Runtime__V1__GetStateRequest *request = unpacked(
        &dapr__proto__runtime__v1__get_state_request__descriptor,
        dk__encode_daprd_get(&writing, "store", B("kéy")));

    cr_assert(eq(str, request->store_name, "store"));
    cr_assert(eq(str, request->key, "kéy"));
    dapr__proto__runtime__v1__get_state_request__free_unpacked(request, NULL);
}

Test(daprd_state, what_cannot_travel_is_refused_in_words) {
    const struct dk_bytes keys[] = {B("good"), B("b\0d")};
    const struct dk_pair pairs[] = {{B("ttlInSeconds"), B("\xff")}};
    const struct dk_state_item bad_etag = {.key = B("k"), .etag = B("\xc0\xaf")};
    const struct dk_state_item bad_metadata = {.key = B("k"), .metadata = {pairs, 1}};

    refused(dk__encode_daprd_get(&writing, "", B("k")), "store: is missing");
    refused(dk__encode_daprd_get(&writing, NULL, B("k")), "store: is missing");
    refused(dk__encode_daprd_get(&writing, "s", B("")), "key: is missing");
    refused(dk__encode_daprd_get(&writing, "s", B("a\0b")), "key: 'a' has a NUL byte");
    refused(dk__encode_daprd_get(&writing, "s", B("a\xff")), "is not UTF-8");
    refused(dk__encode_daprd_get_many(&writing, "s", keys, 2), "key: 'b' has a NUL byte");
    refused(dk__encode_daprd_save(&writing, "s", &bad_etag, 1), "etag: ");
    refused(dk__encode_daprd_delete(&writing, "s", &bad_metadata), "metadata: ");
    refused(dk__encode_daprd_delete_many(&writing, "\xff", &bad_etag, 1), "store: ");
}

Test(daprd_state, a_full_arena_is_exhausted) {
    memory.arena.bytes_max = memory.arena.bytes_taken + 8;

    const struct dk_bytes bytes = dk__encode_daprd_get(&writing, "a longer store", B("k"));

    cr_assert(eq(ptr, (void *)bytes.data, NULL));
    cr_assert(eq(int, memory.fault.error, DK_EXHAUSTED));
}

Test(daprd_state, a_save_carries_all_of_an_item) {
    const struct dk_pair pairs[] = {{B("ttlInSeconds"), B("60")}, {B("contentType"), B("a/b")}};
    const struct dk_state_item items[] = {
        {.key = B("one"),
         .value = B("a\0b"),
         .etag = B("7"),
         .metadata = {pairs, 2},
         .concurrency = DK_FIRST_WRITE,
         .consistency = DK_STRONG},
        {.key = B("two")},
    };

    Dapr__Proto__Runtime__V1__SaveStateRequest *request = unpacked(
        &dapr__proto__runtime__v1__save_state_request__descriptor,
        dk__encode_daprd_save(&writing, "store", items, 2));

    cr_assert(eq(sz, request->n_states, 2));
    const Dapr__Proto__Common__V1__StateItem *one = request->states[0], *two = request->states[1];
    cr_assert(eq(str, one->key, "one"));
    cr_assert(eq(sz, one->value.len, 3));
    cr_assert(eq(int, memcmp(one->value.data, "a\0b", 3), 0));
    cr_assert(eq(str, one->etag->value, "7"));
    cr_assert(eq(int, one->options->concurrency, 1));
    cr_assert(eq(int, one->options->consistency, 2));
    cr_assert(eq(sz, one->n_metadata, 2));
    cr_assert(eq(str, one->metadata[0]->key, "ttlInSeconds"));
    cr_assert(eq(str, one->metadata[1]->value, "a/b"));
    cr_assert(eq(ptr, two->etag, NULL));
    cr_assert(eq(ptr, two->options, NULL));
    cr_assert(eq(sz, two->value.len, 0));
    dapr__proto__runtime__v1__save_state_request__free_unpacked(request, NULL);
}

Test(daprd_state, a_delete_carries_no_value) {
    const struct dk_state_item items[] = {
        {.key = B("one"), .value = B("not read"), .etag = B("7"), .concurrency = DK_LAST_WRITE},
        {.key = B("two")}};

    Dapr__Proto__Runtime__V1__DeleteStateRequest *one = unpacked(
        &dapr__proto__runtime__v1__delete_state_request__descriptor,
        dk__encode_daprd_delete(&writing, "store", &items[0]));
    Dapr__Proto__Runtime__V1__DeleteBulkStateRequest *many = unpacked(
        &dapr__proto__runtime__v1__delete_bulk_state_request__descriptor,
        dk__encode_daprd_delete_many(&writing, "store", items, 2));

    cr_assert(eq(str, one->key, "one"));
    cr_assert(eq(str, one->etag->value, "7"));
    cr_assert(eq(int, one->options->concurrency, 2));
    cr_assert(eq(sz, many->n_states, 2));
    cr_assert(eq(sz, many->states[0]->value.len, 0));
    cr_assert(eq(str, many->states[1]->key, "two"));
    dapr__proto__runtime__v1__delete_state_request__free_unpacked(one, NULL);
    dapr__proto__runtime__v1__delete_bulk_state_request__free_unpacked(many, NULL);
}

/* ── answers ────────────────────────────────────────────────────────────────────────────────── */

static enum dk_error decode_get(const char *data, const char *etag, struct dk_state_item *item) {
    Dapr__Proto__Runtime__V1__GetStateResponse response =
        DAPR__PROTO__RUNTIME__V1__GET_STATE_RESPONSE__INIT;
    Dapr__Proto__Runtime__V1__GetStateResponse__MetadataEntry entry =
        DAPR__PROTO__RUNTIME__V1__GET_STATE_RESPONSE__METADATA_ENTRY__INIT;
    Dapr__Proto__Runtime__V1__GetStateResponse__MetadataEntry *entries[] = {&entry};
    char bytes[256];
    response.data.data = (uint8_t *)data;
    response.data.len = strlen(data);
    response.etag = (char *)etag;
    entry.key = "ttlExpireTime";
    entry.value = "2030-01-01T00:00:00Z";
    response.metadata = entries;
    response.n_metadata = 1;
    const size_t size =
        dapr__proto__runtime__v1__get_state_response__pack(&response, (uint8_t *)bytes);
    return dk__decode_daprd_get(
        (struct dk_bytes){bytes, size}, &memory.arena, B("k"), item, &memory.fault);
}

Test(daprd_state, an_answer_becomes_an_item) {
    struct dk_state_item item;

    cr_assert(eq(int, decode_get("value", "7", &item), DK_OK));

    cr_assert(dk_bytes_equal(item.key, B("k")));
    cr_assert(dk_bytes_equal(item.value, B("value")));
    cr_assert(dk_bytes_equal(item.etag, B("7")));
    cr_assert(dk_bytes_equal(
        dk_pairs_find(item.metadata, B("ttlExpireTime")), B("2030-01-01T00:00:00Z")));
}

Test(daprd_state, no_value_and_no_etag_is_no_key_and_an_empty_value_with_one_is_there) {
    struct dk_state_item missing, empty;

    cr_assert(eq(int, decode_get("", "", &missing), DK_OK));
    cr_assert(eq(int, decode_get("", "7", &empty), DK_OK));

    cr_assert(eq(ptr, (void *)missing.value.data, NULL));
    cr_assert(eq(ptr, (void *)missing.etag.data, NULL));
    cr_assert(ne(ptr, (void *)empty.value.data, NULL));
    cr_assert(eq(sz, empty.value.size, 0));
}

Test(daprd_state, bytes_that_are_no_answer_are_refused) {
    struct dk_state_item item = {.key = B("before")};

    const enum dk_error error =
        dk__decode_daprd_get(B("\x0a\x7f"), &memory.arena, B("k"), &item, &memory.fault);

    cr_assert(eq(int, error, DK_INVALID));
    cr_assert(dk_bytes_equal(item.key, B("before")));
}

struct found {
    const char *key, *data, *etag, *error;
};

static enum dk_error decode_many(
    const struct found *found,
    size_t found_count,
    const struct dk_bytes *keys,
    size_t count,
    struct dk_state_item *items) {
    Dapr__Proto__Runtime__V1__GetBulkStateResponse response =
        DAPR__PROTO__RUNTIME__V1__GET_BULK_STATE_RESPONSE__INIT;
    Dapr__Proto__Runtime__V1__BulkStateItem messages[8], *list[8];
    cr_assert(le(sz, found_count, 8));
    for (size_t i = 0; i < found_count; i++) {
        dapr__proto__runtime__v1__bulk_state_item__init(&messages[i]);
        messages[i].key = (char *)found[i].key;
        messages[i].data.data = (uint8_t *)found[i].data;
        messages[i].data.len = strlen(found[i].data);
        messages[i].etag = (char *)found[i].etag;
        messages[i].error = (char *)found[i].error;
        list[i] = &messages[i];
    }
    response.items = list;
    response.n_items = found_count;
    const size_t size =
        dapr__proto__runtime__v1__get_bulk_state_response__get_packed_size(&response);
    uint8_t *bytes = malloc(size + 1);
    (void)dapr__proto__runtime__v1__get_bulk_state_response__pack(&response, bytes);
    const enum dk_error error = dk__decode_daprd_get_many(
        (struct dk_bytes){(char *)bytes, size}, &memory.arena, keys, count, items, &memory.fault);
    free(bytes);
    return error;
}

Test(daprd_state, items_come_in_the_order_of_the_keys_whatever_the_answers) {
    static const struct found found[] = {
        {"c", "3", "30", ""}, {"ab", "4", "40", ""}, {"a", "1", "10", ""}};
    const struct dk_bytes keys[] = {B("a"), B("b"), B("c"), B("a"), B("ab"), B("abc")};
    struct dk_state_item items[6];

    cr_assert(eq(int, decode_many(found, 3, keys, 6, items), DK_OK));

    const char *const values[] = {"1", NULL, "3", "1", "4", NULL};
    for (size_t i = 0; i < 6; i++) {
        cr_assert(dk_bytes_equal(items[i].key, keys[i]));
        cr_assert(eq(int, items[i].value.data == NULL, values[i] == NULL), "item %zu", i);
        cr_assert(dk_bytes_equal(items[i].value, dk_bytes_of(values[i])), "item %zu", i);
    }
    cr_assert(dk_bytes_equal(items[4].etag, B("40")));
}

Test(daprd_state, one_item_that_could_not_be_read_makes_all_fail) {
    static const struct found found[] = {{"a", "1", "10", ""}, {"b", "", "", "connection lost"}};
    const struct dk_bytes keys[] = {B("a"), B("b")};
    struct dk_state_item items[2] = {{.key = B("before")}, {.key = B("before")}};

    cr_assert(eq(int, decode_many(found, 2, keys, 2, items), DK_INTERNAL));

    cr_assert(
        ne(ptr, strstr(memory.fault.text, "key 'b' could not be read: connection lost"), NULL));
    cr_assert(dk_bytes_equal(items[0].key, B("before")));
}

Test(daprd_state, an_answer_without_items_has_no_values) {
    const struct dk_bytes keys[] = {B("a")};
    struct dk_state_item items[1] = {{.value = B("before")}};

    cr_assert(eq(int, decode_many(NULL, 0, keys, 1, items), DK_OK));

    cr_assert(eq(ptr, (void *)items[0].value.data, NULL));
}
