/*
 * What an answer of the collector means, whoever brought it.
 */
#include "wire/otlp/sender.h"

#include "core/utf8.h"
#include "wire/grpc/status.h"

#include <stdio.h>

enum { VARINT_BITS = 7, BITS_MAX = 64, BYTES_TYPE = 2, VARINT_TYPE = 0, TYPE_BITS = 3 };
enum { RESPONSE_PARTIAL_SUCCESS = 1, PARTIAL_REJECTED = 1 };

const char dk__otlp_path[] = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

/* Source: OTLP specification, "Failures": RESOURCE_EXHAUSTED is left out, because it may pass only when
 * the server says so. */
static bool may_pass(int code) {
    static const enum dk__code codes[] = {
        DK__CODE_CANCELLED,
        DK__CODE_DEADLINE_EXCEEDED,
        DK__CODE_ABORTED,
        DK__CODE_OUT_OF_RANGE,
        DK__CODE_UNAVAILABLE,
        DK__CODE_DATA_LOSS};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        if (code == (int)codes[i]) {
            return true;
        }
    }
    return false;
}

static bool varint_read(struct dk_bytes *bytes, uint64_t *ret_number) {
    uint64_t number = 0;
    for (unsigned shift = 0; shift < BITS_MAX && bytes->size > 0; shift += VARINT_BITS) {
        const unsigned char byte = (unsigned char)bytes->data[0];
        bytes->data++;
        bytes->size--;
        number |= (uint64_t)(byte & 0x7FU) << shift;
        if (byte < 0x80) {
            *ret_number = number;
            return true;
        }
    }
    return false;
}

/* The field of that number and type, the last of it; false: there is none, or it is no protobuf. */
static bool field_find(
    struct dk_bytes message, uint64_t field, uint64_t *ret_number, struct dk_bytes *ret_bytes) {
    bool is_found = false;
    while (message.size > 0) {
        uint64_t tag = 0, number = 0;
        if (!varint_read(&message, &tag) || !varint_read(&message, &number)) {
            return false; /* neither message has fixed fields */
        }
        struct dk_bytes bytes = {0};
        if ((tag & 7U) == BYTES_TYPE) {
            if (number > message.size) {
                return false;
            }
            bytes = (struct dk_bytes){message.data, (size_t)number};
            message.data += bytes.size;
            message.size -= bytes.size;
        } else if ((tag & 7U) != VARINT_TYPE) {
            return false;
        }
        if (tag >> TYPE_BITS == field) {
            is_found = true;
            *ret_number = number;
            *ret_bytes = bytes;
        }
    }
    return is_found;
}

void dk__otlp_answer_set(
    struct dk__otlp_answer *answer, int code, struct dk_bytes words, struct dk_bytes message) {
    struct dk_bytes partial = {0}, none = {0};
    uint64_t number = 0;
    *answer = (struct dk__otlp_answer){.code = code, .may_pass = may_pass(code)};
    if (code != DK__CODE_OK) {
        const int size = snprintf(answer->words, sizeof answer->words, "status %d: ", code);
        (void)dk__utf8_clean(words, answer->words + size, sizeof answer->words - (size_t)size);
        return;
    }
    if (field_find(message, RESPONSE_PARTIAL_SUCCESS, &number, &partial) &&
        field_find(partial, PARTIAL_REJECTED, &number, &none) && number <= INT64_MAX) {
        answer->rejected = (int64_t)number;
    }
}

void dk__otlp_answer_fail(struct dk__otlp_answer *answer, const struct dk_fault *fault) {
    const int code = fault->error == DK_TIMEOUT       ? DK__CODE_DEADLINE_EXCEEDED
                     : fault->error == DK_CANCELLED   ? DK__CODE_CANCELLED
                     : fault->error == DK_UNAVAILABLE ? DK__CODE_UNAVAILABLE
                                                      : DK__CODE_INTERNAL;
    *answer = (struct dk__otlp_answer){.code = code, .may_pass = may_pass(code)};
    (void)dk__utf8_clean(dk_bytes_of(fault->text), answer->words, sizeof answer->words);
}
