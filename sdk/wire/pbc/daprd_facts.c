/*
 * Secrets, configuration and metadata, by protobuf-c's structs.
 */
#include "wire/pbc/daprd_facts.h"

#include <dapr/proto/runtime/v1/configuration.pb-c.h>
#include <dapr/proto/runtime/v1/metadata.pb-c.h>
#include <dapr/proto/runtime/v1/secret.pb-c.h>

static const struct dk_bytes absent = {0};

/* ── secrets ────────────────────────────────────────────────────────────────────────────────── */

struct dk_bytes dk__encode_daprd_secret(
    const struct dk__pbc_writing *writing, const char *store, struct dk_bytes key) {
    Dapr__Proto__Runtime__V1__GetSecretRequest request =
        DAPR__PROTO__RUNTIME__V1__GET_SECRET_REQUEST__INIT;
    request.store_name = dk__pbc_name(writing, "store", dk_bytes_of(store));
    request.key = request.store_name == NULL ? NULL : dk__pbc_name(writing, "key", key);
    return request.key == NULL ? absent : dk__pbc_write(writing, &request.base);
}

enum dk_error dk__decode_daprd_secret(
    struct dk_bytes message,
    struct dk__arena *arena,
    struct dk_pairs *ret_secret,
    struct dk_fault *fault) {
    const Dapr__Proto__Runtime__V1__GetSecretResponse *response = dk__pbc_answer(
        &dapr__proto__runtime__v1__get_secret_response__descriptor, message, arena, fault);
    if (response == NULL) {
        return fault->error;
    }
    return dk__pbc_pairs(arena, response->data, response->n_data, ret_secret)
               ? DK_OK
               : dk__pbc_answer_full(fault);
}

/* ── configuration ──────────────────────────────────────────────────────────────────────────── */

struct dk_bytes dk__encode_daprd_configuration(
    const struct dk__pbc_writing *writing,
    const char *store,
    const struct dk_bytes *keys,
    size_t count) {
    Dapr__Proto__Runtime__V1__GetConfigurationRequest request =
        DAPR__PROTO__RUNTIME__V1__GET_CONFIGURATION_REQUEST__INIT;
    request.store_name = dk__pbc_name(writing, "store", dk_bytes_of(store));
    request.keys = request.store_name == NULL ? NULL : dk__pbc_names(writing, "key", keys, count);
    request.n_keys = count;
    return request.keys == NULL ? absent : dk__pbc_write(writing, &request.base);
}

enum dk_error dk__decode_daprd_configuration(
    struct dk_bytes message,
    struct dk__arena *arena,
    struct dk_pairs *ret_items,
    struct dk_fault *fault) {
    const Dapr__Proto__Runtime__V1__GetConfigurationResponse *response = dk__pbc_answer(
        &dapr__proto__runtime__v1__get_configuration_response__descriptor, message, arena, fault);
    if (response == NULL) {
        return fault->error;
    }
    struct dk_pair *pairs = dk__arena_take(arena, response->n_items * sizeof *pairs);
    if (pairs == NULL) {
        return dk__pbc_answer_full(fault);
    }
    for (size_t i = 0; i < response->n_items; i++) {
        const Dapr__Proto__Runtime__V1__GetConfigurationResponse__ItemsEntry *item =
            response->items[i];
        pairs[i].key = dk_bytes_of(item->key);
        pairs[i].value = dk_bytes_of(item->value == NULL ? "" : item->value->value);
    }
    *ret_items = (struct dk_pairs){.items = pairs, .count = response->n_items};
    return DK_OK;
}

/* ── itself ─────────────────────────────────────────────────────────────────────────────────── */

static bool component_read(
    struct dk__arena *arena,
    const Dapr__Proto__Runtime__V1__RegisteredComponents *component,
    struct dk_daprd_component *ret) {
    struct dk_bytes *capabilities =
        dk__arena_take(arena, component->n_capabilities * sizeof *capabilities);
    if (capabilities == NULL) {
        return false;
    }
    for (size_t i = 0; i < component->n_capabilities; i++) {
        capabilities[i] = dk_bytes_of(component->capabilities[i]);
    }
    *ret = (struct dk_daprd_component){
        .name = dk_bytes_of(component->name),
        .type = dk_bytes_of(component->type),
        .version = dk_bytes_of(component->version),
        .capabilities = capabilities,
        .capability_count = component->n_capabilities};
    return true;
}

enum dk_error dk__decode_daprd_metadata(
    struct dk_bytes message,
    struct dk__arena *arena,
    struct dk_daprd_metadata *ret_metadata,
    struct dk_fault *fault) {
    const Dapr__Proto__Runtime__V1__GetMetadataResponse *response = dk__pbc_answer(
        &dapr__proto__runtime__v1__get_metadata_response__descriptor, message, arena, fault);
    if (response == NULL) {
        return fault->error;
    }
    const size_t count = response->n_registered_components;
    struct dk_daprd_component *components = dk__arena_take(arena, count * sizeof *components);
    if (components == NULL) {
        return dk__pbc_answer_full(fault);
    }
    for (size_t i = 0; i < count; i++) {
        if (!component_read(arena, response->registered_components[i], &components[i])) {
            return dk__pbc_answer_full(fault);
        }
    }
    *ret_metadata = (struct dk_daprd_metadata){
        .app_id = dk_bytes_of(response->id),
        .runtime_version = dk_bytes_of(response->runtime_version),
        .components = components,
        .component_count = count};
    return DK_OK;
}
