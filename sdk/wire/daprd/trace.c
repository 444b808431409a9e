/*
 * Trace context on its way through a handler.
 */
#include "wire/daprd/trace.h"

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

static void add(struct dk__trace *trace, struct dk_bytes key, struct dk_bytes value) {
    trace->pairs[trace->count++] = (struct dk_pair){.key = key, .value = value};
}

/* The caller's own words where they are words, in the form that goes with the call. */
static void pass_on(
    struct dk_bytes text, struct dk_bytes binary, bool text_only, struct dk__trace *trace) {
    struct dk__trace_context context;
    const bool is_binary = dk__trace_parse_binary(binary, &context);
    if (is_text(text)) {
        add(trace, traceparent_key, text);
    } else if (text_only && is_binary) {
        dk__trace_write_text(&context, trace->traceparent);
        add(trace, traceparent_key, dk_bytes_of(trace->traceparent));
    }
    if (!text_only && is_binary) {
        add(trace, binary_key, binary);
    }
}

static void name_own(const struct dk__trace_context *own, bool text_only, struct dk__trace *trace) {
    dk__trace_write_text(own, trace->traceparent);
    add(trace, traceparent_key, dk_bytes_of(trace->traceparent));
    if (!text_only) {
        dk__trace_write_binary(own, trace->binary);
        add(trace, binary_key, (struct dk_bytes){trace->binary, sizeof trace->binary});
    }
}

void dk__trace_take(
    struct dk_pairs incoming,
    const struct dk__trace_context *own,
    bool text_only,
    struct dk__trace *ret_trace) {
    const struct dk_bytes state = dk_pairs_find(incoming, tracestate_key);
    ret_trace->count = 0;
    if (own != NULL && own->is_set) {
        name_own(own, text_only, ret_trace);
    } else {
        pass_on(
            dk_pairs_find(incoming, traceparent_key),
            dk_pairs_find(incoming, binary_key),
            text_only,
            ret_trace);
    }
    if (is_text(state)) {
        add(ret_trace, tracestate_key, state);
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
