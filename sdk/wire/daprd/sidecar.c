/*
 * Secrets, configuration and the sidecar itself, as a handler asks for them.
 */
#include "wire/daprd/ask.h"
#include "wire/pbc/daprd_facts.h"

#define DAPR "/dapr.proto.runtime.v1.Dapr/"

static const struct dk__question get_secret = {.path = DAPR "GetSecret", .is_harmless = true};
static const struct dk__question get_configuration = {
    .path = DAPR "GetConfiguration", .is_harmless = true};
static const struct dk__question get_metadata = {.path = DAPR "GetMetadata", .is_harmless = true};
static const struct dk__question shut_down = {.path = DAPR "Shutdown"};

/* A message without fields. */
static const struct dk_bytes empty = DK_BYTES("");

enum dk_error dk_daprd_get_secret(
    struct dk_call *call, const char *store, struct dk_bytes key, struct dk_pairs *ret_secret) {
    struct dk__asking asking;
    struct dk_bytes answer;
    dk__asking_begin(&asking, call, &get_secret);
    enum dk_error error =
        dk__asking_send(&asking, dk__encode_daprd_secret(&asking.writing, store, key), &answer);
    if (error == DK_OK) {
        error = dk__decode_daprd_secret(answer, asking.writing.arena, ret_secret, &asking.fault);
    }
    return dk__asking_end(&asking, error);
}

enum dk_error dk_daprd_get_configuration(
    struct dk_call *call,
    const char *store,
    const struct dk_bytes *keys,
    size_t count,
    struct dk_pairs *ret_items) {
    struct dk__asking asking;
    struct dk_bytes answer;
    dk__asking_begin(&asking, call, &get_configuration);
    enum dk_error error = dk__asking_send(
        &asking, dk__encode_daprd_configuration(&asking.writing, store, keys, count), &answer);
    if (error == DK_OK) {
        error =
            dk__decode_daprd_configuration(answer, asking.writing.arena, ret_items, &asking.fault);
    }
    return dk__asking_end(&asking, error);
}

enum dk_error dk_daprd_get_metadata(struct dk_call *call, struct dk_daprd_metadata *ret_metadata) {
    struct dk__asking asking;
    struct dk_bytes answer;
    dk__asking_begin(&asking, call, &get_metadata);
    enum dk_error error = dk__asking_send(&asking, empty, &answer);
    if (error == DK_OK) {
        error =
            dk__decode_daprd_metadata(answer, asking.writing.arena, ret_metadata, &asking.fault);
    }
    return dk__asking_end(&asking, error);
}

enum dk_error dk_daprd_wait(struct dk_call *call, int64_t timeout_ms) {
    struct dk__asking asking;
    dk__asking_begin(&asking, call, &get_metadata);
    return dk__asking_end(&asking, dk__asking_until_answered(&asking, timeout_ms));
}

enum dk_error dk_daprd_shutdown(struct dk_call *call) {
    struct dk__asking asking;
    dk__asking_begin(&asking, call, &shut_down);
    return dk__asking_tell(&asking, empty);
}
