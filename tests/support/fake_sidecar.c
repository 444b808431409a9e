/*
 * Faults and records of the fake sidecar, and all that is not state: messages, bindings, other
 * applications, secrets. State lies in fake_sidecar_state.c.
 */
#include "support/fake_sidecar.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct fake_sidecar fake_sidecar;

/* The fault that waits for its call. */
static struct {
    const char *function; /* NULL: any */
    size_t left;          /* calls before it; 0: none waits */
    enum dk_error error;
    enum fake_moment moment;
    bool for_good;
    bool has_struck;
    bool loses_answer; /* of the call under way */
} fault;

struct dk_bytes fake_copy(struct dk_bytes bytes) {
    if (bytes.data == NULL) {
        return bytes;
    }
    char *copy = malloc(bytes.size + 1);
    assert(copy != NULL);
    memcpy(copy, bytes.data, bytes.size);
    copy[bytes.size] = '\0';
    return (struct dk_bytes){.data = copy, .size = bytes.size};
}

static struct dk_pairs pairs_copy(struct dk_pairs pairs) {
    if (pairs.count == 0) {
        return (struct dk_pairs){0};
    }
    struct dk_pair *items = calloc(pairs.count, sizeof *items);
    assert(items != NULL);
    for (size_t i = 0; i < pairs.count; i++) {
        items[i].key = fake_copy(pairs.items[i].key);
        items[i].value = fake_copy(pairs.items[i].value);
    }
    return (struct dk_pairs){.items = items, .count = pairs.count};
}

static const char *text_copy(const char *text) {
    return fake_copy(dk_bytes_of(text)).data;
}

void fake_records_add(struct fake_records *records, const struct fake_record *record) {
    assert(records->count < FAKE_RECORDS_MAX);
    records->items[records->count++] = (struct fake_record){
        .pubsub = text_copy(record->pubsub),
        .topic = text_copy(record->topic),
        .operation = text_copy(record->operation),
        .key = fake_copy(record->key),
        .data = fake_copy(record->data),
        .content_type = fake_copy(record->content_type),
        .metadata = pairs_copy(record->metadata)};
}

void fake_sidecar_reset(void) {
    fake_sidecar_state_reset();
    memset(&fake_sidecar, 0, sizeof fake_sidecar);
    fake_sidecar.has_outbox = true;
    fake_sidecar_heal();
    fault.has_struck = false;
}

void fake_sidecar_fail(
    const char *function, size_t nth, enum dk_error error, enum fake_moment moment, bool for_good) {
    assert(nth > 0);
    fault.function = function;
    fault.left = nth;
    fault.error = error;
    fault.moment = moment;
    fault.for_good = for_good;
    fault.has_struck = false;
}

void fake_sidecar_heal(void) {
    fault.left = 0;
    fault.for_good = false;
    fault.loses_answer = false;
}

bool fake_sidecar_has_failed(void) {
    return fault.has_struck;
}

enum dk_error fake_sidecar_enter(struct dk_call *call, const char *function, struct dk_bytes key) {
    fake_sidecar.calls++;
    if (fault.has_struck && fault.for_good) {
        return dk_call_fail(call, fault.error, "daprd: nobody answers any more");
    }
    const bool is_meant = fault.function == NULL || strcmp(fault.function, function) == 0;
    const bool strikes = fault.left > 0 && is_meant && --fault.left == 0;
    if (strikes) {
        fault.has_struck = true;
        if (fault.moment == FAKE_BEFORE) {
            return dk_call_fail(call, fault.error, "daprd: %s failed", function);
        }
        fault.loses_answer = true;
    }
    if (fake_sidecar.hook != NULL) {
        fake_sidecar_hook_fn *hook = fake_sidecar.hook;
        fake_sidecar.hook = NULL; /* what the hook asks is not hooked */
        hook(fake_sidecar.hook_context, function, key);
        if (fake_sidecar.hook == NULL) {
            fake_sidecar.hook = hook;
        }
    }
    return DK_OK;
}

enum dk_error fake_sidecar_leave(struct dk_call *call) {
    if (fault.loses_answer) {
        fault.loses_answer = false;
        return dk_call_fail(call, fault.error, "daprd: the answer was lost");
    }
    return DK_OK;
}

/* ── messages ───────────────────────────────────────────────────────────────────────────────── */

static void published_add(
    const char *pubsub, const char *topic, const struct dk_daprd_message *message) {
    fake_records_add(
        &fake_sidecar.published,
        &(struct fake_record){
            .pubsub = pubsub,
            .topic = topic,
            .data = message->data,
            .content_type = message->content_type,
            .metadata = message->metadata});
}

enum dk_error dk_daprd_publish(
    struct dk_call *call,
    const char *pubsub,
    const char *topic,
    const struct dk_daprd_message *message) {
    const enum dk_error error = fake_sidecar_enter(call, "publish", dk_bytes_of(topic));

    if (error != DK_OK) {
        return error;
    }
    published_add(pubsub, topic, message);
    return fake_sidecar_leave(call);
}

enum dk_error dk_daprd_publish_many(
    struct dk_call *call,
    const char *pubsub,
    const char *topic,
    const struct dk_daprd_message *messages,
    size_t count,
    bool *ret_failed) {
    const enum dk_error error = fake_sidecar_enter(call, "publish_many", dk_bytes_of(topic));

    if (error != DK_OK) {
        return error;
    }
    for (size_t i = 0; i < count; i++) {
        published_add(pubsub, topic, &messages[i]);
        ret_failed[i] = false;
    }
    return fake_sidecar_leave(call);
}

enum dk_error dk_daprd_invoke_binding(
    struct dk_call *call,
    const char *binding,
    const char *operation,
    const struct dk_daprd_message *message,
    struct dk_bytes *ret_answer) {
    const enum dk_error error = fake_sidecar_enter(call, "invoke_binding", dk_bytes_of(binding));

    if (error != DK_OK) {
        return error;
    }
    fake_records_add(
        &fake_sidecar.bindings,
        &(struct fake_record){
            .topic = binding,
            .operation = operation,
            .data = message->data,
            .content_type = message->content_type,
            .metadata = message->metadata});
    if (ret_answer != NULL) {
        *ret_answer = fake_sidecar.binding_answer;
    }
    return fake_sidecar_leave(call);
}

/* ── other applications ─────────────────────────────────────────────────────────────────────── */

enum dk_error dk_daprd_call(
    struct dk_call *call,
    const char *app_id,
    const char *path,
    const struct ProtobufCMessage *request,
    const struct ProtobufCMessageDescriptor *descriptor,
    struct ProtobufCMessage **ret_answer) {
    enum dk_error error = fake_sidecar_enter(call, "call", dk_bytes_of(path));

    if (error != DK_OK) {
        return error;
    }
    if (fake_sidecar.on_call == NULL) {
        return dk_call_fail(call, DK_UNAVAILABLE, "daprd: no application '%s'", app_id);
    }
    error = fake_sidecar.on_call(call, app_id, path, request, descriptor, ret_answer);
    return error != DK_OK ? error : fake_sidecar_leave(call);
}

enum dk_error dk_daprd_invoke(
    struct dk_call *call,
    const struct dk_invocation *invocation,
    struct dk_invocation_answer *ret_answer) {
    enum dk_error error = fake_sidecar_enter(call, "invoke", dk_bytes_of(invocation->method));

    if (error != DK_OK) {
        return error;
    }
    if (fake_sidecar.on_invoke == NULL) {
        return dk_call_fail(call, DK_UNAVAILABLE, "daprd: no application '%s'", invocation->app_id);
    }
    error = fake_sidecar.on_invoke(call, invocation, ret_answer);
    return error != DK_OK ? error : fake_sidecar_leave(call);
}

/* ── secrets, configuration, the sidecar itself ─────────────────────────────────────────────── */

enum dk_error dk_daprd_get_secret(
    struct dk_call *call, const char *store, struct dk_bytes key, struct dk_pairs *ret_secret) {
    const enum dk_error error = fake_sidecar_enter(call, "get_secret", key);

    if (error != DK_OK) {
        return error;
    }
    const struct dk_bytes value = dk_pairs_find(fake_sidecar.secrets, key);
    if (value.data == NULL) {
        return dk_call_fail(call, DK_INTERNAL, "daprd: secret store %s has no such secret", store);
    }
    struct dk_pair *pair = dk_call_take(call, sizeof *pair);
    assert(pair != NULL);
    *pair = (struct dk_pair){.key = key, .value = value};
    *ret_secret = (struct dk_pairs){.items = pair, .count = 1};
    return fake_sidecar_leave(call);
}

enum dk_error dk_daprd_get_configuration(
    struct dk_call *call,
    const char *store,
    const struct dk_bytes *keys,
    size_t count,
    struct dk_pairs *ret_items) {
    const enum dk_error error = fake_sidecar_enter(call, "get_configuration", dk_bytes_of(store));

    if (error != DK_OK) {
        return error;
    }
    if (count == 0) {
        *ret_items = fake_sidecar.configuration;
        return fake_sidecar_leave(call);
    }
    struct dk_pair *items = dk_call_take(call, count * sizeof *items);
    size_t found = 0;
    assert(items != NULL);
    for (size_t i = 0; i < count; i++) {
        const struct dk_bytes value = dk_pairs_find(fake_sidecar.configuration, keys[i]);
        if (value.data != NULL) {
            items[found++] = (struct dk_pair){.key = keys[i], .value = value};
        }
    }
    *ret_items = (struct dk_pairs){.items = items, .count = found};
    return fake_sidecar_leave(call);
}

enum dk_error dk_daprd_get_metadata(struct dk_call *call, struct dk_daprd_metadata *ret_metadata) {
    const enum dk_error error = fake_sidecar_enter(call, "get_metadata", (struct dk_bytes){0});

    if (error != DK_OK) {
        return error;
    }
    *ret_metadata =
        (struct dk_daprd_metadata){.app_id = DK_BYTES("fake"), .runtime_version = DK_BYTES("fake")};
    return fake_sidecar_leave(call);
}

enum dk_error dk_daprd_wait(struct dk_call *call, int64_t timeout_ms) {
    const enum dk_error error = fake_sidecar_enter(call, "wait", (struct dk_bytes){0});

    (void)timeout_ms; /* it is there at once or not at all */
    return error != DK_OK ? error : fake_sidecar_leave(call);
}

enum dk_error dk_daprd_shutdown(struct dk_call *call) {
    const enum dk_error error = fake_sidecar_enter(call, "shutdown", (struct dk_bytes){0});

    return error != DK_OK ? error : fake_sidecar_leave(call);
}
