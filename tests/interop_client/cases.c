/*
 * The cases, each read straight down on the thread that asks it.
 */
#include "cases.h"

#include "wire/core/client_call.h"

#include <grpc/testing/empty.pb-c.h>
#include <grpc/testing/messages.pb-c.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SERVICE "/grpc.testing.TestService/"

enum { PAYLOAD_BYTES_MAX = 271828, CALL_MS = 20000, ROUNDS = 4 };

static const int32_t request_sizes[ROUNDS] = {27182, 8, 1828, 45904};
static const int32_t answer_sizes[ROUNDS] = {31415, 9, 2653, 58979};
static uint8_t payload_zeros[PAYLOAD_BYTES_MAX]; /* only read, as protobuf-c wants it: not const */
static const struct dk_bytes empty = DK_BYTES("");

__attribute__((format(printf, 3, 4))) static void expect(
    struct interop_probe *probe, bool holds, const char *format, ...) {
    va_list arguments;
    if (holds) {
        return;
    }
    probe->has_failed = true;
    va_start(arguments, format);
    (void)vfprintf(stderr, format, arguments);
    va_end(arguments);
    (void)fputc('\n', stderr);
}

static void expect_code(
    struct interop_probe *probe, const struct dk__client_answer *answer, enum dk__code code) {
    expect(
        probe,
        answer->status.code == code,
        "status %d '%.*s' instead of %d",
        (int)answer->status.code,
        (int)answer->status.message.size,
        answer->status.message.data,
        (int)code);
}

/* ── calls and messages ─────────────────────────────────────────────────────────────────────── */

static int64_t in_ms(int64_t delay_ms) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000 + delay_ms * 1000;
}

/* Without a call no case can go on: the program ends. */
static struct dk__client_call *call_new(
    struct interop_probe *probe, const char *path, struct dk_pairs metadata, int64_t live_ms) {
    const struct dk__client_request request = {
        .path = path, .metadata = metadata, .deadline_us = in_ms(live_ms)};
    struct dk__client_call *call = NULL;
    struct dk_fault fault = {0};
    if (dk__client_call_new(probe->channel, &request, &call, &fault) != DK_OK) {
        (void)fprintf(stderr, "%s\n", fault.text);
        exit(EXIT_FAILURE);
    }
    return call;
}

static struct dk__client_call *call_plain(struct interop_probe *probe, const char *path) {
    return call_new(probe, path, (struct dk_pairs){0}, CALL_MS);
}

static struct dk__client_call *call_open(struct interop_probe *probe, const char *path) {
    struct dk__client_call *call = call_plain(probe, path);
    dk__client_call_open(call);
    return call;
}

/* A packed message; its bytes stay until the next is packed. */
static struct dk_bytes pack(const ProtobufCMessage *message) {
    static uint8_t bytes[PAYLOAD_BYTES_MAX + 1024];
    const size_t size = protobuf_c_message_get_packed_size(message);
    if (size > sizeof bytes) {
        abort();
    }
    (void)protobuf_c_message_pack(message, bytes);
    return (struct dk_bytes){.data = (const char *)bytes, .size = size};
}

static Grpc__Testing__Payload zeros(int32_t size) {
    Grpc__Testing__Payload payload = GRPC__TESTING__PAYLOAD__INIT;
    payload.body.data = payload_zeros;
    payload.body.len = (size_t)size;
    return payload;
}

static struct dk_bytes simple_request(int32_t payload_size, int32_t answer_size) {
    Grpc__Testing__Payload payload = zeros(payload_size);
    Grpc__Testing__SimpleRequest request = GRPC__TESTING__SIMPLE_REQUEST__INIT;
    request.payload = &payload;
    request.response_size = answer_size;
    return pack(&request.base);
}

static struct dk_bytes input_request(int32_t payload_size) {
    Grpc__Testing__Payload payload = zeros(payload_size);
    Grpc__Testing__StreamingInputCallRequest request =
        GRPC__TESTING__STREAMING_INPUT_CALL_REQUEST__INIT;
    request.payload = &payload;
    return pack(&request.base);
}

/* Wants `count` answers of these sizes. */
static struct dk_bytes output_request(int32_t payload_size, const int32_t *sizes, size_t count) {
    Grpc__Testing__ResponseParameters parameters[ROUNDS], *pointers[ROUNDS];
    Grpc__Testing__Payload payload = zeros(payload_size);
    Grpc__Testing__StreamingOutputCallRequest request =
        GRPC__TESTING__STREAMING_OUTPUT_CALL_REQUEST__INIT;
    for (size_t i = 0; i < count; i++) {
        grpc__testing__response_parameters__init(&parameters[i]);
        parameters[i].size = sizes[i];
        pointers[i] = &parameters[i];
    }
    request.payload = &payload;
    request.response_parameters = pointers;
    request.n_response_parameters = count;
    return pack(&request.base);
}

/* Whether an answer is a payload of that size; SimpleResponse and StreamingOutputCallResponse alike
 * have it as field 1. */
static void expect_payload(struct interop_probe *probe, struct dk_bytes message, int32_t size) {
    Grpc__Testing__StreamingOutputCallResponse *response =
        grpc__testing__streaming_output_call_response__unpack(
            NULL, message.size, (const uint8_t *)message.data);
    const size_t found =
        response == NULL || response->payload == NULL ? 0 : response->payload->body.len;
    expect(
        probe,
        response != NULL && found == (size_t)size,
        "%zu bytes instead of %" PRId32,
        found,
        size);
    if (response != NULL) {
        grpc__testing__streaming_output_call_response__free_unpacked(response, NULL);
    }
}

static void expect_read(struct interop_probe *probe, struct dk__client_call *call, int32_t size) {
    struct dk_bytes message;
    if (dk__client_call_read(call, &message)) {
        expect_payload(probe, message, size);
    } else {
        expect(probe, false, "the stream ended before its answer of %" PRId32 " bytes", size);
    }
}

static void expect_end(struct interop_probe *probe, struct dk__client_call *call) {
    struct dk_bytes message;
    expect(probe, !dk__client_call_read(call, &message), "more answers than were asked for");
    expect_code(probe, dk__client_call_finish(call), DK__CODE_OK);
    dk__client_call_free(call);
}

/* ── unary cases ────────────────────────────────────────────────────────────────────────────── */

static void empty_unary(struct interop_probe *probe) {
    struct dk__client_call *call = call_plain(probe, SERVICE "EmptyCall");
    const struct dk__client_answer *answer = dk__client_call_unary(call, empty);
    expect_code(probe, answer, DK__CODE_OK);
    expect(
        probe, answer->message.size == 0, "the empty answer has %zu bytes", answer->message.size);
    dk__client_call_free(call);
}

static void large_unary(struct interop_probe *probe) {
    enum { ANSWER_BYTES = 314159 };
    struct dk__client_call *call = call_plain(probe, SERVICE "UnaryCall");
    const struct dk__client_answer *answer =
        dk__client_call_unary(call, simple_request(PAYLOAD_BYTES_MAX, ANSWER_BYTES));
    expect_code(probe, answer, DK__CODE_OK);
    expect_payload(probe, answer->message, ANSWER_BYTES);
    dk__client_call_free(call);
}

static void unimplemented(struct interop_probe *probe, const char *path) {
    struct dk__client_call *call = call_plain(probe, path);
    expect_code(probe, dk__client_call_unary(call, empty), DK__CODE_UNIMPLEMENTED);
    dk__client_call_free(call);
}

static void unimplemented_method(struct interop_probe *probe) {
    unimplemented(probe, SERVICE "UnimplementedCall");
}

static void unimplemented_service(struct interop_probe *probe) {
    unimplemented(probe, "/grpc.testing.UnimplementedService/UnimplementedCall");
}

/* ── streams ────────────────────────────────────────────────────────────────────────────────── */

static void client_streaming(struct interop_probe *probe) {
    enum { SUM = 74922 };
    struct dk__client_call *call = call_open(probe, SERVICE "StreamingInputCall");
    struct dk_bytes message = {0};
    for (size_t i = 0; i < ROUNDS; i++) {
        expect(probe, dk__client_call_write(call, input_request(request_sizes[i])), "cannot write");
    }
    (void)dk__client_call_half_close(call);
    expect(probe, dk__client_call_read(call, &message), "no sum came");
    Grpc__Testing__StreamingInputCallResponse *sum =
        grpc__testing__streaming_input_call_response__unpack(
            NULL, message.size, (const uint8_t *)message.data);
    const int32_t found = sum == NULL ? 0 : sum->aggregated_payload_size;
    expect(probe, found == SUM, "the sum is %" PRId32 " instead of %d", found, SUM);
    if (sum != NULL) {
        grpc__testing__streaming_input_call_response__free_unpacked(sum, NULL);
    }
    expect_end(probe, call);
}

static void server_streaming(struct interop_probe *probe) {
    struct dk__client_call *call = call_open(probe, SERVICE "StreamingOutputCall");
    expect(
        probe,
        dk__client_call_write(call, output_request(0, answer_sizes, ROUNDS)),
        "cannot write");
    (void)dk__client_call_half_close(call);
    for (size_t i = 0; i < ROUNDS; i++) {
        expect_read(probe, call, answer_sizes[i]);
    }
    expect_end(probe, call);
}

static void ping_pong(struct interop_probe *probe) {
    struct dk__client_call *call = call_open(probe, SERVICE "FullDuplexCall");
    for (size_t i = 0; i < ROUNDS; i++) {
        const struct dk_bytes request = output_request(request_sizes[i], &answer_sizes[i], 1);
        expect(probe, dk__client_call_write(call, request), "cannot write");
        expect_read(probe, call, answer_sizes[i]);
    }
    (void)dk__client_call_half_close(call);
    expect_end(probe, call);
}

static void empty_stream(struct interop_probe *probe) {
    struct dk__client_call *call = call_open(probe, SERVICE "FullDuplexCall");
    (void)dk__client_call_half_close(call);
    expect_end(probe, call);
}

/* ── ends ───────────────────────────────────────────────────────────────────────────────────── */

static void cancel_after_begin(struct interop_probe *probe) {
    struct dk__client_call *call = call_open(probe, SERVICE "StreamingInputCall");
    dk__client_call_cancel(call);
    expect_code(probe, dk__client_call_finish(call), DK__CODE_CANCELLED);
    dk__client_call_free(call);
}

static void cancel_after_first_response(struct interop_probe *probe) {
    struct dk__client_call *call = call_open(probe, SERVICE "FullDuplexCall");
    const struct dk_bytes request = output_request(request_sizes[0], answer_sizes, 1);
    expect(probe, dk__client_call_write(call, request), "cannot write");
    expect_read(probe, call, answer_sizes[0]);
    dk__client_call_cancel(call);
    expect_code(probe, dk__client_call_finish(call), DK__CODE_CANCELLED);
    dk__client_call_free(call);
}

static void timeout_on_sleeping_server(struct interop_probe *probe) {
    struct dk__client_call *call =
        call_new(probe, SERVICE "FullDuplexCall", (struct dk_pairs){0}, 1);
    struct dk_bytes message;
    dk__client_call_open(call);
    (void)dk__client_call_write(call, output_request(request_sizes[0], NULL, 0));
    expect(probe, !dk__client_call_read(call, &message), "an answer that was not asked for");
    expect_code(probe, dk__client_call_finish(call), DK__CODE_DEADLINE_EXCEEDED);
    dk__client_call_free(call);
}

static void expect_status(
    struct interop_probe *probe, const struct dk__client_answer *answer, const char *text) {
    expect_code(probe, answer, DK__CODE_UNKNOWN);
    expect(
        probe,
        dk_bytes_equal(answer->status.message, dk_bytes_of(text)),
        "the words are '%.*s'",
        (int)answer->status.message.size,
        answer->status.message.data);
}

static void unary_status(struct interop_probe *probe, const char *text) {
    struct dk__client_call *call = call_plain(probe, SERVICE "UnaryCall");
    Grpc__Testing__EchoStatus status = GRPC__TESTING__ECHO_STATUS__INIT;
    Grpc__Testing__SimpleRequest request = GRPC__TESTING__SIMPLE_REQUEST__INIT;
    status.code = DK__CODE_UNKNOWN;
    status.message = (char *)(uintptr_t)text;
    request.response_status = &status;
    expect_status(probe, dk__client_call_unary(call, pack(&request.base)), text);
    dk__client_call_free(call);
}

static void status_code_and_message(struct interop_probe *probe) {
    static const char text[] = "test status message";
    Grpc__Testing__EchoStatus status = GRPC__TESTING__ECHO_STATUS__INIT;
    Grpc__Testing__StreamingOutputCallRequest request =
        GRPC__TESTING__STREAMING_OUTPUT_CALL_REQUEST__INIT;
    unary_status(probe, text);

    struct dk__client_call *call = call_open(probe, SERVICE "FullDuplexCall");
    status.code = DK__CODE_UNKNOWN;
    status.message = (char *)(uintptr_t)text;
    request.response_status = &status;
    (void)dk__client_call_write(call, pack(&request.base));
    (void)dk__client_call_half_close(call);
    expect_status(probe, dk__client_call_finish(call), text);
    dk__client_call_free(call);
}

static void special_status_message(struct interop_probe *probe) {
    unary_status(
        probe,
        "\t\ntest with whitespace\r\nand Unicode BMP \xE2\x98\xBA and non-BMP "
        "\xF0\x9F\x98\x88\t\n");
}

/* ── metadata ───────────────────────────────────────────────────────────────────────────────── */

static const struct dk_pair echoes[] = {
    {DK_BYTES("x-grpc-test-echo-initial"), DK_BYTES("test_initial_metadata_value")},
    {DK_BYTES("x-grpc-test-echo-trailing-bin"), DK_BYTES("\xAB\xAB\xAB")},
};

static void expect_echoes(struct interop_probe *probe, const struct dk__client_answer *answer) {
    expect_code(probe, answer, DK__CODE_OK);
    expect(
        probe,
        dk_bytes_equal(dk_pairs_find(answer->headers, echoes[0].key), echoes[0].value),
        "the header did not come back");
    expect(
        probe,
        dk_bytes_equal(dk_pairs_find(answer->trailers, echoes[1].key), echoes[1].value),
        "the trailer did not come back");
}

static void custom_metadata(struct interop_probe *probe) {
    const struct dk_pairs metadata = {.items = echoes, .count = 2};
    struct dk__client_call *unary = call_new(probe, SERVICE "UnaryCall", metadata, CALL_MS);
    expect_echoes(probe, dk__client_call_unary(unary, simple_request(1, 1)));
    dk__client_call_free(unary);

    struct dk__client_call *stream = call_new(probe, SERVICE "FullDuplexCall", metadata, CALL_MS);
    dk__client_call_open(stream);
    (void)dk__client_call_write(stream, output_request(1, answer_sizes, 1));
    expect_read(probe, stream, answer_sizes[0]);
    (void)dk__client_call_half_close(stream);
    expect_echoes(probe, dk__client_call_finish(stream));
    dk__client_call_free(stream);
}

const struct interop_case interop_cases[] = {
    {"empty_unary", empty_unary},
    {"large_unary", large_unary},
    {"client_streaming", client_streaming},
    {"server_streaming", server_streaming},
    {"ping_pong", ping_pong},
    {"empty_stream", empty_stream},
    {"cancel_after_begin", cancel_after_begin},
    {"cancel_after_first_response", cancel_after_first_response},
    {"timeout_on_sleeping_server", timeout_on_sleeping_server},
    {"status_code_and_message", status_code_and_message},
    {"special_status_message", special_status_message},
    {"custom_metadata", custom_metadata},
    {"unimplemented_method", unimplemented_method},
    {"unimplemented_service", unimplemented_service},
    {0},
};
