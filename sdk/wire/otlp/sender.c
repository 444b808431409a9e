/*
 * What an answer of the collector means, whoever brought it.
 */
#include "wire/otlp/sender.h"

#include "core/utf8.h"
#include "wire/grpc/status.h"

#include <stdio.h>

enum { VARINT_BITS = 7, BITS_MAX = 64, BYTES_TYPE = 2, VARINT_TYPE = 0, TYPE_BITS = 3 };
enum { RESPONSE_PARTIAL_SUCCESS = 1, PARTIAL_REJECTED = 1 };
enum { STATUS_DETAILS = 3, ANY_TYPE = 1, ANY_VALUE = 2 };
enum { RETRY_INFO_DELAY = 1, DURATION_SECONDS = 1, DURATION_NANOS = 2 };
enum { MS_PER_S = 1000, NS_PER_MS = 1000000, DELAY_S_MAX = 86400 };

const char dk__otlp_path[] = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

/* Source: OTLP specification, "Failures": RESOURCE_EXHAUSTED is left out, because it may pass only when
 * the server says so, by a RetryInfo. */
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

/* The next field; false: there is none, or what is left is no protobuf. Only a varint's `ret_number` or a
 * message's `ret_bytes` is set: no message that is read here has others. */
static bool field_next(
    struct dk_bytes *message,
    uint64_t *ret_field,
    uint64_t *ret_number,
    struct dk_bytes *ret_bytes) {
    uint64_t tag = 0;
    if (!varint_read(message, &tag) || !varint_read(message, ret_number)) {
        return false;
    }
    *ret_field = tag >> TYPE_BITS;
    *ret_bytes = (struct dk_bytes){0};
    if ((tag & 7U) == BYTES_TYPE) {
        if (*ret_number > message->size) {
            return false;
        }
        *ret_bytes = (struct dk_bytes){message->data, (size_t)*ret_number};
        message->data += ret_bytes->size;
        message->size -= ret_bytes->size;
        return true;
    }
    return (tag & 7U) == VARINT_TYPE;
}

/* The last field of that number; false: there is none, or it is no protobuf. */
static bool field_find(
    struct dk_bytes message, uint64_t wanted, uint64_t *ret_number, struct dk_bytes *ret_bytes) {
    bool is_found = false;
    while (message.size > 0) {
        uint64_t field = 0, number = 0;
        struct dk_bytes bytes = {0};
        if (!field_next(&message, &field, &number, &bytes)) {
            return false;
        }
        if (field == wanted) {
            is_found = true;
            *ret_number = number;
            *ret_bytes = bytes;
        }
    }
    return is_found;
}

static int64_t duration_ms(struct dk_bytes duration) {
    uint64_t seconds = 0, nanos = 0;
    struct dk_bytes none = {0};
    (void)field_find(duration, DURATION_SECONDS, &seconds, &none);
    (void)field_find(duration, DURATION_NANOS, &nanos, &none);
    seconds =
        seconds < DELAY_S_MAX ? seconds : DELAY_S_MAX; /* a negative one is a large one here */
    return (int64_t)(seconds * MS_PER_S + nanos % ((uint64_t)MS_PER_S * NS_PER_MS) / NS_PER_MS);
}

/* The delay of the status' RetryInfo; false: it has none. */
static bool retry_info_find(struct dk_bytes details, int64_t *ret_wait_ms) {
    static const struct dk_bytes wanted = DK_BYTES("type.googleapis.com/google.rpc.RetryInfo");
    uint64_t field = 0, number = 0;
    struct dk_bytes any = {0}, type = {0}, value = {0}, delay = {0};
    while (details.size > 0 && field_next(&details, &field, &number, &any)) {
        if (field == STATUS_DETAILS && field_find(any, ANY_TYPE, &number, &type) &&
            dk_bytes_equal(type, wanted)) {
            const bool has_delay = field_find(any, ANY_VALUE, &number, &value) &&
                                   field_find(value, RETRY_INFO_DELAY, &number, &delay);
            *ret_wait_ms = has_delay ? duration_ms(delay) : 0;
            return true;
        }
    }
    return false;
}

void dk__otlp_answer_set(
    struct dk__otlp_answer *answer,
    int code,
    struct dk_bytes words,
    struct dk_bytes details,
    struct dk_bytes message) {
    struct dk_bytes partial = {0}, none = {0};
    uint64_t number = 0;
    *answer = (struct dk__otlp_answer){.code = code, .may_pass = may_pass(code)};
    if (code != DK__CODE_OK) {
        const bool has_info = retry_info_find(details, &answer->wait_ms);
        answer->may_pass = answer->may_pass || (has_info && code == DK__CODE_RESOURCE_EXHAUSTED);
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
