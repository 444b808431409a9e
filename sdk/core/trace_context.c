/*
 * Trace contexts from texts and bytes, and back.
 */
#include "core/trace_context.h"

#include "core/hex.h"

#include <string.h>

enum { TEXT_BYTES = DK_TRACEPARENT_BYTES - 1, TRACE_AT = 3, SPAN_AT = 36, FLAGS_AT = 53 };
enum { BINARY_TRACE_AT = 2, BINARY_SPAN_AT = 19, BINARY_FLAGS_AT = 28 };

static const struct dk_bytes text_key = DK_BYTES("traceparent");
static const struct dk_bytes binary_key = DK_BYTES("grpc-trace-bin");

/* 16 and more: no lower-case digit. */
static unsigned digit_of(char letter) {
    if (letter >= '0' && letter <= '9') {
        return (unsigned)(letter - '0');
    }
    return letter >= 'a' && letter <= 'f' ? (unsigned)(letter - 'a') + 10U : 16U;
}

static bool hex_read(const char *text, size_t size, unsigned char *target) {
    unsigned seen = 0;
    for (size_t i = 0; i < size; i++) {
        const unsigned high = digit_of(text[2 * i]), low = digit_of(text[2 * i + 1]);
        seen |= high | low;
        target[i] = (unsigned char)(high << 4 | (low & 15U));
    }
    return (seen & 16U) == 0;
}

static bool is_zero(const unsigned char *bytes, size_t size) {
    unsigned char seen = 0;
    for (size_t i = 0; i < size; i++) {
        seen |= bytes[i];
    }
    return seen == 0;
}

static bool is_valid(const struct dk__trace_context *context) {
    return !is_zero(context->trace_id, sizeof context->trace_id) &&
           !is_zero(context->span_id, sizeof context->span_id);
}

bool dk__trace_parse_text(struct dk_bytes traceparent, struct dk__trace_context *ret_context) {
    struct dk__trace_context context = {.is_set = true};
    unsigned char version = 0;
    const char *text = traceparent.data;
    if (traceparent.size < TEXT_BYTES || text[2] != '-' || text[SPAN_AT - 1] != '-' ||
        text[FLAGS_AT - 1] != '-' || !hex_read(text, 1, &version) || version == 0xFF ||
        (traceparent.size > TEXT_BYTES && (version == 0 || text[TEXT_BYTES] != '-'))) {
        return false;
    }
    if (!hex_read(text + TRACE_AT, sizeof context.trace_id, context.trace_id) ||
        !hex_read(text + SPAN_AT, sizeof context.span_id, context.span_id) ||
        !hex_read(text + FLAGS_AT, 1, &context.flags) || !is_valid(&context)) {
        return false;
    }
    context.flags &= DK__TRACE_SAMPLED;
    *ret_context = context;
    return true;
}

bool dk__trace_parse_binary(struct dk_bytes binary, struct dk__trace_context *ret_context) {
    struct dk__trace_context context = {.is_set = true};
    if (binary.size != DK__TRACE_BINARY_BYTES || binary.data[0] != 0 || binary.data[1] != 0 ||
        binary.data[BINARY_SPAN_AT - 1] != 1 || binary.data[BINARY_FLAGS_AT - 1] != 2) {
        return false;
    }
    memcpy(context.trace_id, binary.data + BINARY_TRACE_AT, sizeof context.trace_id);
    memcpy(context.span_id, binary.data + BINARY_SPAN_AT, sizeof context.span_id);
    context.flags = (unsigned char)binary.data[BINARY_FLAGS_AT] & DK__TRACE_SAMPLED;
    if (!is_valid(&context)) {
        return false;
    }
    *ret_context = context;
    return true;
}

bool dk__trace_find(struct dk_pairs metadata, struct dk__trace_context *ret_context) {
    const struct dk_bytes binary = dk_pairs_find(metadata, binary_key);
    const struct dk_bytes text = dk_pairs_find(metadata, text_key);
    return (binary.size > 0 && dk__trace_parse_binary(binary, ret_context)) ||
           (text.size > 0 && dk__trace_parse_text(text, ret_context));
}

bool dk__trace_find_event(struct dk_bytes event, struct dk__trace_context *ret_context) {
    static const struct dk_bytes member = DK_BYTES("\"traceparent\":\"");
    const size_t wanted = member.size + TEXT_BYTES;
    const size_t least =
        event.size > DK__TRACE_EVENT_BYTES_MAX ? event.size - DK__TRACE_EVENT_BYTES_MAX : 0;
    if (event.size < wanted) {
        return false;
    }
    for (size_t at = event.size - wanted + 1; at-- > least;) {
        if (event.data[at] == '"' && memcmp(event.data + at, member.data, member.size) == 0) {
            return dk__trace_parse_text(
                (struct dk_bytes){event.data + at + member.size, TEXT_BYTES}, ret_context);
        }
    }
    return false;
}

void dk__trace_write_text(
    const struct dk__trace_context *context, char target[DK_TRACEPARENT_BYTES]) {
    static const unsigned char version = 0;
    char *end = dk__hex_write(&version, 1, target);
    *end++ = '-';
    end = dk__hex_write(context->trace_id, sizeof context->trace_id, end);
    *end++ = '-';
    end = dk__hex_write(context->span_id, sizeof context->span_id, end);
    *end++ = '-';
    end = dk__hex_write(&context->flags, 1, end);
    *end = '\0';
}

void dk__trace_write_binary(
    const struct dk__trace_context *context, char target[DK__TRACE_BINARY_BYTES]) {
    memset(target, 0, BINARY_TRACE_AT);
    memcpy(target + BINARY_TRACE_AT, context->trace_id, sizeof context->trace_id);
    target[BINARY_SPAN_AT - 1] = 1;
    memcpy(target + BINARY_SPAN_AT, context->span_id, sizeof context->span_id);
    target[BINARY_FLAGS_AT - 1] = 2;
    target[BINARY_FLAGS_AT] = (char)context->flags;
}

void dk__trace_write_ids(
    const struct dk__trace_context *context,
    char trace_id[DK__TRACE_ID_TEXT_BYTES],
    char span_id[DK__SPAN_ID_TEXT_BYTES]) {
    *dk__hex_write(context->trace_id, sizeof context->trace_id, trace_id) = '\0';
    *dk__hex_write(context->span_id, sizeof context->span_id, span_id) = '\0';
}
