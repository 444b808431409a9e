/*
 * dk_call_* for a test: memory of an arena, headers of the test, JSON and protobuf of the SDK's own
 * codecs, so that a handler's messages are what they are in the program.
 */
#include "support/fake_sidecar.h"

#include "core/arena.h"
#include "core/pool.h"
#include "wire/pbc/json.h"
#include "wire/pbc/pack.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { HEADERS_MAX = 16 }; /* each way */

struct dk_call {
    struct dk__pool pool;
    struct dk__arena arena;
    struct dk_pair headers[HEADERS_MAX];
    size_t header_count;
    struct dk_pair sent[HEADERS_MAX];
    size_t sent_count;
    void *app;
    int64_t deadline_us;
    bool is_over;
    struct dk_fault fault;
};

struct dk_call *fake_call_new(void *app) {
    struct dk_call *call = calloc(1, sizeof *call);
    assert(call != NULL);
    call->arena = (struct dk__arena){.pool = &call->pool, .bytes_max = FAKE_CALL_ARENA_BYTES_MAX};
    call->app = app;
    call->deadline_us = INT64_MAX;
    return call;
}

void fake_call_free(struct dk_call *call) {
    for (size_t i = 0; i < call->sent_count; i++) {
        free((void *)(uintptr_t)call->sent[i].key.data);
        free((void *)(uintptr_t)call->sent[i].value.data);
    }
    dk__arena_reset(&call->arena);
    dk__pool_clear(&call->pool);
    free(call);
}

void fake_call_add_header(struct dk_call *call, const char *name, const char *value) {
    assert(call->header_count < HEADERS_MAX);
    call->headers[call->header_count++] =
        (struct dk_pair){.key = dk_bytes_of(name), .value = dk_bytes_of(value)};
}

void fake_call_set_deadline(struct dk_call *call, int64_t deadline_us, bool is_over) {
    call->deadline_us = deadline_us;
    call->is_over = is_over;
}

const char *fake_call_text(const struct dk_call *call) {
    return call->fault.text;
}

enum dk_error fake_call_error(const struct dk_call *call) {
    return call->fault.error;
}

struct dk_bytes fake_call_sent_header(const struct dk_call *call, const char *name) {
    const struct dk_pairs sent = {.items = call->sent, .count = call->sent_count};

    return dk_pairs_find(sent, dk_bytes_of(name));
}

/* ── the contract ───────────────────────────────────────────────────────────────────────────── */

void *dk_call_take(struct dk_call *call, size_t size) {
    return dk__arena_take(&call->arena, size);
}

char *dk_call_format(struct dk_call *call, const char *format, ...) {
    va_list words;

    va_start(words, format);
    const int size = vsnprintf(NULL, 0, format, words);
    va_end(words);
    assert(size >= 0);
    char *text = dk_call_take(call, (size_t)size + 1);
    if (text != NULL) {
        va_start(words, format);
        vsnprintf(text, (size_t)size + 1, format, words);
        va_end(words);
    }
    return text;
}

struct dk_call_memory dk_call_memory_begin(struct dk_call *call) {
    const struct dk__arena_part part = dk__arena_part_begin(&call->arena);
    return (struct dk_call_memory){.kept = part.newest, .bytes = part.bytes_taken};
}

void dk_call_memory_end(struct dk_call *call, struct dk_call_memory memory) {
    dk__arena_part_end(
        &call->arena, (struct dk__arena_part){.newest = memory.kept, .bytes_taken = memory.bytes});
}

struct dk_bytes dk_call_header(const struct dk_call *call, struct dk_bytes name) {
    const struct dk_pairs headers = {.items = call->headers, .count = call->header_count};

    return dk_pairs_find(headers, name);
}

bool dk_call_set_header(struct dk_call *call, struct dk_bytes name, struct dk_bytes value) {
    if (call->sent_count == HEADERS_MAX) {
        return false;
    }
    call->sent[call->sent_count++] =
        (struct dk_pair){.key = fake_copy(name), .value = fake_copy(value)};
    return true;
}

int64_t dk_call_deadline_us(const struct dk_call *call) {
    return call->deadline_us;
}

bool dk_call_is_over(const struct dk_call *call) {
    return call->is_over;
}

void *dk_call_app(const struct dk_call *call) {
    return call->app;
}

/* The newest word counts, as dk/app.h has it: a handler may say better what it was told. */
enum dk_error dk_call_fail(struct dk_call *call, enum dk_error error, const char *format, ...) {
    va_list words;

    call->fault.error = error;
    va_start(words, format);
    vsnprintf(call->fault.text, sizeof call->fault.text, format, words);
    va_end(words);
    return error;
}

const struct dk_fault *dk_call_fault(const struct dk_call *call) {
    return &call->fault;
}

static struct dk_bytes written(struct dk_call *call, struct dk_bytes bytes) {
    if (bytes.data == NULL) {
        dk_call_fail(call, DK_EXHAUSTED, "call: its memory is used up, or a text is no UTF-8");
    }
    return bytes;
}

struct dk_bytes dk_call_pack(struct dk_call *call, const struct ProtobufCMessage *message) {
    return written(call, dk__pbc_pack(&call->arena, message));
}

struct dk_bytes dk_call_write_json(struct dk_call *call, const struct ProtobufCMessage *message) {
    return written(call, dk__json_write(&call->arena, message, NULL));
}

enum dk_error dk_call_unpack(
    struct dk_call *call,
    const struct ProtobufCMessageDescriptor *descriptor,
    struct dk_bytes bytes,
    struct ProtobufCMessage **ret_message) {
    struct dk_fault fault = {0};

    if (dk__pbc_unpack(descriptor, bytes, &call->arena, ret_message, &fault) != DK_OK) {
        return dk_call_fail(call, fault.error, "%s", fault.text);
    }
    return DK_OK;
}

enum dk_error dk_call_read_json(
    struct dk_call *call,
    const struct ProtobufCMessageDescriptor *descriptor,
    struct dk_bytes json,
    struct ProtobufCMessage **ret_message) {
    struct dk_fault fault = {0};
    ProtobufCMessage *message = dk_call_take(call, descriptor->sizeof_message);

    if (message == NULL) {
        return dk_call_fail(call, DK_EXHAUSTED, "call: its memory is used up");
    }
    descriptor->message_init(message);
    if (dk__json_read(json, &call->arena, message, &fault) != DK_OK) {
        return dk_call_fail(call, fault.error, "%s", fault.text);
    }
    *ret_message = message;
    return DK_OK;
}

void dk_call_wake(struct dk_call *call, const struct dk_app_task *row) {
    (void)call;
    (void)row;
    fake_sidecar.wakes++;
}
