#include "support/codec_memory.h"
#include "wire/pbc/daprd_facts.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <dapr/proto/runtime/v1/configuration.pb-c.h>
#include <dapr/proto/runtime/v1/metadata.pb-c.h>
#include <dapr/proto/runtime/v1/secret.pb-c.h>

static struct codec_memory memory;
static struct dk__pbc_writing writing;

static void setup(void) {
    codec_memory_begin(&memory);
    writing = (struct dk__pbc_writing){.arena = &memory.arena, .fault = &memory.fault};
}

static void teardown(void) {
    codec_memory_end(&memory);
}

TestSuite(daprd_facts, .init = setup, .fini = teardown);

#define B(literal) ((struct dk_bytes)DK_BYTES(literal))

static struct dk_bytes packed(const ProtobufCMessage *message) {
    static char bytes[512];
    cr_assert(le(sz, protobuf_c_message_get_packed_size(message), sizeof bytes));
    return (struct dk_bytes){bytes, protobuf_c_message_pack(message, (uint8_t *)bytes)};
}

Test(daprd_facts, a_secret_has_its_parts_by_name) {
    Dapr__Proto__Runtime__V1__GetSecretResponse response =
        DAPR__PROTO__RUNTIME__V1__GET_SECRET_RESPONSE__INIT;
    Dapr__Proto__Runtime__V1__GetSecretResponse__DataEntry entry =
        DAPR__PROTO__RUNTIME__V1__GET_SECRET_RESPONSE__DATA_ENTRY__INIT;
    Dapr__Proto__Runtime__V1__GetSecretResponse__DataEntry *entries[] = {&entry};
    struct dk_pairs secret;
    entry.key = "password";
    entry.value = "hush";
    response.data = entries;
    response.n_data = 1;

    const struct dk_bytes bytes = dk__encode_daprd_secret(&writing, "vault", B("password"));
    const enum dk_error error =
        dk__decode_daprd_secret(packed(&response.base), &memory.arena, &secret, &memory.fault);

    Dapr__Proto__Runtime__V1__GetSecretRequest *request =
        dapr__proto__runtime__v1__get_secret_request__unpack(
            NULL, bytes.size, (const uint8_t *)bytes.data);
    cr_assert(eq(str, request->store_name, "vault"));
    cr_assert(eq(str, request->key, "password"));
    cr_assert(eq(int, error, DK_OK));
    cr_assert(eq(sz, secret.count, 1));
    cr_assert(dk_bytes_equal(dk_pairs_find(secret, B("password")), B("hush")));
    dapr__proto__runtime__v1__get_secret_request__free_unpacked(request, NULL);
}

Test(daprd_facts, configuration_gives_values_by_key) {
    Dapr__Proto__Runtime__V1__GetConfigurationResponse response =
        DAPR__PROTO__RUNTIME__V1__GET_CONFIGURATION_RESPONSE__INIT;
    Dapr__Proto__Runtime__V1__GetConfigurationResponse__ItemsEntry
        full = DAPR__PROTO__RUNTIME__V1__GET_CONFIGURATION_RESPONSE__ITEMS_ENTRY__INIT,
        bare = DAPR__PROTO__RUNTIME__V1__GET_CONFIGURATION_RESPONSE__ITEMS_ENTRY__INIT;
    Dapr__Proto__Runtime__V1__GetConfigurationResponse__ItemsEntry *entries[] = {&full, &bare};
    Dapr__Proto__Common__V1__ConfigurationItem item =
        DAPR__PROTO__COMMON__V1__CONFIGURATION_ITEM__INIT;
    const struct dk_bytes keys[] = {B("limit"), B("colour")};
    struct dk_pairs items;
    item.value = "7";
    full.key = "limit";
    full.value = &item;
    bare.key = "colour";
    response.items = entries;
    response.n_items = 2;

    const struct dk_bytes bytes = dk__encode_daprd_configuration(&writing, "config", keys, 2);
    const enum dk_error error = dk__decode_daprd_configuration(
        packed(&response.base), &memory.arena, &items, &memory.fault);

    Dapr__Proto__Runtime__V1__GetConfigurationRequest *request =
        dapr__proto__runtime__v1__get_configuration_request__unpack(
            NULL, bytes.size, (const uint8_t *)bytes.data);
    cr_assert(eq(sz, request->n_keys, 2));
    cr_assert(eq(str, request->keys[1], "colour"));
    cr_assert(eq(int, error, DK_OK));
    cr_assert(dk_bytes_equal(dk_pairs_find(items, B("limit")), B("7")));
    cr_assert(dk_bytes_equal(dk_pairs_find(items, B("colour")), B("")));
    dapr__proto__runtime__v1__get_configuration_request__free_unpacked(request, NULL);
}

Test(daprd_facts, no_key_asks_for_all_and_an_empty_one_is_refused) {
    const struct dk_bytes empty[] = {B("")};

    const struct dk_bytes all = dk__encode_daprd_configuration(&writing, "config", NULL, 0);
    const struct dk_bytes none = dk__encode_daprd_configuration(&writing, "config", empty, 1);

    cr_assert(ne(ptr, (void *)all.data, NULL));
    cr_assert(eq(ptr, (void *)none.data, NULL));
    cr_assert(ne(ptr, strstr(memory.fault.text, "key: is missing"), NULL));
}

Test(daprd_facts, metadata_lists_components_with_what_they_can) {
    Dapr__Proto__Runtime__V1__GetMetadataResponse response =
        DAPR__PROTO__RUNTIME__V1__GET_METADATA_RESPONSE__INIT;
    Dapr__Proto__Runtime__V1__RegisteredComponents component =
        DAPR__PROTO__RUNTIME__V1__REGISTERED_COMPONENTS__INIT;
    Dapr__Proto__Runtime__V1__RegisteredComponents *components[] = {&component};
    char *capabilities[] = {"ETAG", "TRANSACTIONAL"};
    struct dk_daprd_metadata metadata;
    response.id = "dk-document";
    response.runtime_version = "1.18.2";
    component.name = "statestore";
    component.type = "state.dk-redis";
    component.version = "v1";
    component.capabilities = capabilities;
    component.n_capabilities = 2;
    response.registered_components = components;
    response.n_registered_components = 1;

    const enum dk_error error =
        dk__decode_daprd_metadata(packed(&response.base), &memory.arena, &metadata, &memory.fault);

    cr_assert(eq(int, error, DK_OK));
    cr_assert(dk_bytes_equal(metadata.app_id, B("dk-document")));
    cr_assert(dk_bytes_equal(metadata.runtime_version, B("1.18.2")));
    cr_assert(eq(sz, metadata.component_count, 1));
    cr_assert(dk_bytes_equal(metadata.components[0].type, B("state.dk-redis")));
    cr_assert(eq(sz, metadata.components[0].capability_count, 2));
    cr_assert(dk_bytes_equal(metadata.components[0].capabilities[1], B("TRANSACTIONAL")));
}
