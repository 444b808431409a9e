/*
 * Trace context on its way through a handler.
 */
#include "wire/daprd/trace.h"

#include <stdio.h>

enum { BINARY_BYTES = 29, TRACE_AT = 2, SPAN_AT = 19, FLAGS_AT = 28 };

static const struct dk_bytes traceparent_key = DK_BYTES("traceparent");
static const struct dk_bytes tracestate_key = DK_BYTES("tracestate");
static const struct dk_bytes binary_key = DK_BYTES("grpc-trace-bin");
static const struct dk_bytes baggage_key = DK_BYTES("baggage");

static bool is_text(struct dk_bytes value) {
    for (size_t i = 0; i < value.size; i++) {
        if (value.data[i] < ' ' || value.data[i] > '~') {
            return false;
        }
    }
    return value.size > 0;
}

static bool is_binary(struct dk_bytes value) {
    return value.size == BINARY_BYTES && value.data[0] == 0 && value.data[1] == 0 &&
           value.data[SPAN_AT - 1] == 1 && value.data[FLAGS_AT - 1] == 2;
}

static void add(struct dk__trace *trace, struct dk_bytes key, struct dk_bytes value) {
    trace->pairs[trace->count++] = (struct dk_pair){.key = key, .value = value};
}

static size_t hex_write(struct dk_bytes bytes, char *target) {
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < bytes.size; i++) {
        const unsigned char byte = (unsigned char)bytes.data[i];
        target[2 * i] = digits[byte >> 4];
        target[2 * i + 1] = digits[byte & 15];
    }
    return 2 * bytes.size;
}

/* "00-<trace id>-<span id>-<flags>" */
static struct dk_bytes traceparent_of(struct dk_bytes binary, char *target) {
    const struct dk_bytes parts[] = {
        {binary.data, 1}, /* the version is 0 in both */
        {binary.data + TRACE_AT, 16},
        {binary.data + SPAN_AT, 8},
        {binary.data + FLAGS_AT, 1},
    };
    size_t size = 0;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (i > 0) {
            target[size++] = '-';
        }
        size += hex_write(parts[i], target + size);
    }
    target[size] = '\0';
    return (struct dk_bytes){.data = target, .size = size};
}

void dk__trace_take(struct dk_pairs incoming, bool text_only, struct dk__trace *ret_trace) {
    const struct dk_bytes binary = dk_pairs_find(incoming, binary_key);
    const struct dk_bytes parent = dk_pairs_find(incoming, traceparent_key);
    const struct dk_bytes state = dk_pairs_find(incoming, tracestate_key);
    ret_trace->count = 0;
    if (is_text(parent)) {
        add(ret_trace, traceparent_key, parent);
    } else if (text_only && is_binary(binary)) {
        add(ret_trace, traceparent_key, traceparent_of(binary, ret_trace->traceparent));
    }
    if (is_text(state)) {
        add(ret_trace, tracestate_key, state);
    }
    if (!text_only && is_binary(binary)) {
        add(ret_trace, binary_key, binary);
    }
    size_t baggage = 0;
    for (size_t i = 0; i < incoming.count && baggage < DK__TRACE_BAGGAGE_MAX; i++) {
        if (dk_bytes_equal(incoming.items[i].key, baggage_key) &&
            is_text(incoming.items[i].value)) {
            add(ret_trace, baggage_key, incoming.items[i].value);
            baggage++;
        }
    }
}
