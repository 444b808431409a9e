/*
 * The methods that gRPC's interoperability cases call, on the loop's thread.
 *
 * A stream of answers is a queue: requests put wishes (a size, a pause) at its end, and pump sends
 * from its front while the transport has room and no pause runs.
 */
#include "interop_service.h"

#include "wire/grpc/rpc.h"

#include <grpc/testing/messages.pb-c.h>
#include <stddef.h>

enum { BODY_BYTES_MAX = (4 << 20) - 64, WISHES_MAX = 256 };

static uint8_t body_zeros[BODY_BYTES_MAX]; /* only read, as protobuf-c wants it: not const */
static const struct dk__status status_ok = {.code = DK__CODE_OK};

static void fail(struct dk__rpc *rpc, enum dk__code code, const char *text) {
    const struct dk__status status = {.code = code, .message = dk_bytes_of(text)};
    dk__rpc_finish(rpc, &status);
}

/* What custom_metadata wants back: one as a header, one as a trailer. */
static void echo_metadata(struct dk__rpc *rpc) {
    static const struct dk_bytes initial = DK_BYTES("x-grpc-test-echo-initial");
    static const struct dk_bytes trailing = DK_BYTES("x-grpc-test-echo-trailing-bin");
    for (size_t i = 0; i < rpc->metadata.count; i++) {
        const struct dk_pair *pair = &rpc->metadata.items[i];
        if (dk_bytes_equal(pair->key, initial)) {
            rpc->ops->add_header(rpc, pair->key, pair->value);
        } else if (dk_bytes_equal(pair->key, trailing)) {
            rpc->ops->add_trailer(rpc, pair->key, pair->value);
        }
    }
}

/* Whether a request wants a failure; then the RPC has it. */
static bool wants_status(struct dk__rpc *rpc, const Grpc__Testing__EchoStatus *wish) {
    if (wish == NULL || wish->code == 0) {
        return false;
    }
    if (wish->code < 0 || wish->code > DK__CODE_UNAUTHENTICATED) {
        fail(rpc, DK__CODE_INVALID_ARGUMENT, "response_status: its code is none of gRPC's");
    } else {
        fail(rpc, (enum dk__code)wish->code, wish->message);
    }
    return true;
}

/* A message with a payload of zeros: SimpleResponse and StreamingOutputCallResponse alike have it
 * as field 1. False: the RPC was ended. */
static bool send_payload(struct dk__rpc *rpc, int32_t size) {
    Grpc__Testing__Payload payload = GRPC__TESTING__PAYLOAD__INIT;
    Grpc__Testing__StreamingOutputCallResponse response =
        GRPC__TESTING__STREAMING_OUTPUT_CALL_RESPONSE__INIT;
    if (size < 0 || size > BODY_BYTES_MAX) {
        fail(rpc, DK__CODE_INVALID_ARGUMENT, "size: is outside 0 ... 4 MiB");
        return false;
    }
    payload.body.len = (size_t)size;
    payload.body.data = body_zeros;
    response.payload = &payload;
    const size_t packed_size =
        grpc__testing__streaming_output_call_response__get_packed_size(&response);

    dk__rpc_message_begin(rpc);
    char *place = dk__chain_append(&rpc->out, packed_size);
    if (place != NULL) {
        (void)grpc__testing__streaming_output_call_response__pack(&response, (uint8_t *)place);
    }
    rpc->message_failed = rpc->message_failed || place == NULL;
    if (!dk__rpc_message_end(rpc)) {
        dk__rpc_finish_failed_message(rpc);
        return false;
    }
    return true;
}

/* ── unary ──────────────────────────────────────────────────────────────────────────────────── */

static void run_empty(struct dk__rpc *rpc, struct dk_bytes message) {
    static const struct dk_bytes empty = DK_BYTES("");
    (void)message;
    echo_metadata(rpc);
    dk__rpc_answer(rpc, empty);
}

static void run_unary(struct dk__rpc *rpc, struct dk_bytes message) {
    Grpc__Testing__SimpleRequest *request =
        grpc__testing__simple_request__unpack(NULL, message.size, (const uint8_t *)message.data);
    if (request == NULL) {
        fail(rpc, DK__CODE_INVALID_ARGUMENT, "the request is no SimpleRequest");
        return;
    }
    echo_metadata(rpc);
    if (!wants_status(rpc, request->response_status) && send_payload(rpc, request->response_size)) {
        dk__rpc_finish(rpc, &status_ok);
    }
    grpc__testing__simple_request__free_unpacked(request, NULL);
}

/* ── client streams ─────────────────────────────────────────────────────────────────────────── */

struct sum {
    int32_t bytes;
};

static void sum_on_open(struct dk__rpc *rpc) {
    rpc->context = dk__arena_take(&rpc->call.arena, sizeof(struct sum));
    if (rpc->context == NULL) {
        fail(rpc, DK__CODE_RESOURCE_EXHAUSTED, "no memory in this call");
    }
}

static void sum_on_message(struct dk__rpc *rpc, struct dk_bytes message) {
    struct sum *sum = rpc->context;
    Grpc__Testing__StreamingInputCallRequest *request =
        grpc__testing__streaming_input_call_request__unpack(
            NULL, message.size, (const uint8_t *)message.data);
    if (request == NULL) {
        fail(rpc, DK__CODE_INVALID_ARGUMENT, "a message is no StreamingInputCallRequest");
        return;
    }
    const size_t bytes = request->payload == NULL ? 0 : request->payload->body.len;
    grpc__testing__streaming_input_call_request__free_unpacked(request, NULL);
    if (bytes > (size_t)(INT32_MAX - sum->bytes)) {
        fail(rpc, DK__CODE_OUT_OF_RANGE, "the sum does not fit 31 bits");
        return;
    }
    sum->bytes += (int32_t)bytes;
}

static void sum_on_half_close(struct dk__rpc *rpc) {
    uint8_t bytes[16]; /* a tag and a varint of 31 bits */
    const struct sum *sum = rpc->context;
    Grpc__Testing__StreamingInputCallResponse response =
        GRPC__TESTING__STREAMING_INPUT_CALL_RESPONSE__INIT;
    response.aggregated_payload_size = sum->bytes;
    const size_t size = grpc__testing__streaming_input_call_response__pack(&response, bytes);
    dk__rpc_answer(rpc, (struct dk_bytes){.data = (const char *)bytes, .size = size});
}

/* ── streams of answers ─────────────────────────────────────────────────────────────────────── */

struct wish {
    int32_t size, interval_us;
};

struct outputs {
    struct dk__rpc *rpc;
    struct dk_timer pause;
    bool is_pausing, has_paused; /* has_paused: the wish in front has had its pause */
    bool waits_for_half_close;   /* HalfDuplexCall: nothing is sent before */
    struct wish wishes[WISHES_MAX];
    size_t first, count;
};

static void outputs_pump(struct outputs *outputs) {
    struct dk__rpc *rpc = outputs->rpc;
    if (outputs->is_pausing || (outputs->waits_for_half_close && !rpc->is_half_closed)) {
        return;
    }
    while (outputs->count > 0) {
        const struct wish *wish = &outputs->wishes[outputs->first];
        if (wish->interval_us > 0 && !outputs->has_paused) {
            outputs->is_pausing = true;
            if (dk_timer_set(rpc->server->loop, &outputs->pause, wish->interval_us) != DK_OK) {
                fail(rpc, DK__CODE_RESOURCE_EXHAUSTED, "no more room for timers");
            }
            return;
        }
        if (!dk__rpc_can_send(rpc)) {
            return; /* outputs_on_writable goes on */
        }
        if (!send_payload(rpc, wish->size)) {
            return;
        }
        outputs->has_paused = false;
        outputs->first = (outputs->first + 1) % WISHES_MAX;
        outputs->count--;
    }
    if (rpc->is_half_closed) {
        dk__rpc_finish(rpc, &status_ok);
    }
}

static void outputs_on_pause_over(struct dk_timer *timer) {
    struct outputs *outputs =
        (struct outputs *)(void *)((char *)timer - offsetof(struct outputs, pause));
    outputs->is_pausing = false;
    outputs->has_paused = true;
    outputs_pump(outputs);
}

static void outputs_on_open(struct dk__rpc *rpc) {
    struct outputs *outputs = dk__arena_take(&rpc->call.arena, sizeof *outputs);
    if (outputs == NULL) {
        fail(rpc, DK__CODE_RESOURCE_EXHAUSTED, "no memory in this call");
        return;
    }
    outputs->rpc = rpc;
    outputs->pause.on_due = outputs_on_pause_over;
    rpc->context = outputs;
    echo_metadata(rpc);
}

static void half_duplex_on_open(struct dk__rpc *rpc) {
    outputs_on_open(rpc);
    if (!rpc->is_finished) {
        ((struct outputs *)rpc->context)->waits_for_half_close = true;
    }
}

static void outputs_on_over(struct dk__rpc *rpc) {
    struct outputs *outputs = rpc->context;
    dk_timer_stop(rpc->server->loop, &outputs->pause);
}

/* Puts the wishes of one request into the queue. False: the RPC was ended. */
static bool outputs_take(
    struct outputs *outputs, const Grpc__Testing__StreamingOutputCallRequest *request) {
    if (request->response_status != NULL && request->response_status->code != 0) {
        outputs_on_over(outputs->rpc);
    }
    if (wants_status(outputs->rpc, request->response_status)) {
        return false;
    }
    if (request->n_response_parameters > WISHES_MAX - outputs->count) {
        outputs_on_over(outputs->rpc);
        fail(outputs->rpc, DK__CODE_RESOURCE_EXHAUSTED, "more than 256 answers wait to be sent");
        return false;
    }
    for (size_t i = 0; i < request->n_response_parameters; i++) {
        const Grpc__Testing__ResponseParameters *parameters = request->response_parameters[i];
        outputs->wishes[(outputs->first + outputs->count) % WISHES_MAX] =
            (struct wish){.size = parameters->size, .interval_us = parameters->interval_us};
        outputs->count++;
    }
    return true;
}

static void outputs_on_message(struct dk__rpc *rpc, struct dk_bytes message) {
    struct outputs *outputs = rpc->context;
    Grpc__Testing__StreamingOutputCallRequest *request =
        grpc__testing__streaming_output_call_request__unpack(
            NULL, message.size, (const uint8_t *)message.data);
    if (request == NULL) {
        outputs_on_over(rpc);
        fail(rpc, DK__CODE_INVALID_ARGUMENT, "a message is no StreamingOutputCallRequest");
        return;
    }
    if (outputs_take(outputs, request)) {
        outputs_pump(outputs);
    }
    grpc__testing__streaming_output_call_request__free_unpacked(request, NULL);
}

static void outputs_on_event(struct dk__rpc *rpc) {
    outputs_pump(rpc->context);
}

/* ── rows ───────────────────────────────────────────────────────────────────────────────────── */

static const struct dk__streaming sum_streaming = {
    .on_open = sum_on_open, .on_message = sum_on_message, .on_half_close = sum_on_half_close};

static const struct dk__streaming output_streaming = {
    .on_open = outputs_on_open,
    .on_message = outputs_on_message,
    .on_half_close = outputs_on_event,
    .on_writable = outputs_on_event,
    .on_over = outputs_on_over,
    .one_request = true,
};

static const struct dk__streaming full_duplex_streaming = {
    .on_open = outputs_on_open,
    .on_message = outputs_on_message,
    .on_half_close = outputs_on_event,
    .on_writable = outputs_on_event,
    .on_over = outputs_on_over,
};

static const struct dk__streaming half_duplex_streaming = {
    .on_open = half_duplex_on_open,
    .on_message = outputs_on_message,
    .on_half_close = outputs_on_event,
    .on_writable = outputs_on_event,
    .on_over = outputs_on_over,
};

static const struct dk__method interop_methods[] = {
    {"EmptyCall", run_empty},
    {"UnaryCall", run_unary},
    {"CacheableUnaryCall", run_unary},
    {"StreamingInputCall", .streaming = &sum_streaming},
    {"StreamingOutputCall", .streaming = &output_streaming},
    {"FullDuplexCall", .streaming = &full_duplex_streaming},
    {"HalfDuplexCall", .streaming = &half_duplex_streaming},
    {0},
};

const struct dk__service interop_service = {
    .name = "grpc.testing.TestService", .methods = interop_methods};
