/*
 * An outgoing call: its request checked, the unary ways, its answer, its end.
 *
 *     the maker's thread ─▶ one batch with all of a unary call ─▶ gRPC ─▶ the queue's thread
 *          ▲                                                                   │
 *          └── a condition (unary), or a lane to a loop (start) ◀──────────────┘
 *
 * A server that answers a unary call with a second message holds it until its deadline: C core
 * gives the status only to those who have read all.
 */
#include "wire/core/client_call.h"

#include "core/loop.h"
#include "wire/core/client.h"

#include <assert.h>
#include <grpc/byte_buffer.h>
#include <grpc/byte_buffer_reader.h>
#include <grpc/slice.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum { UNARY_OPS = 6, PAIR_BYTES = 32 /* HTTP/2 counts so many beside each pair */ };

static const struct dk_bytes details_key = DK_BYTES("grpc-status-details-bin");

/* ── the request ────────────────────────────────────────────────────────────────────────────── */

/* "/service/method", the service not empty and the method without another slash. */
static bool path_is_good(const char *path) {
    const char *second = path[0] == '/' ? strchr(path + 1, '/') : NULL;
    if (second == NULL || second == path + 1 || second[1] == '\0' || strchr(second + 1, '/')) {
        return false;
    }
    for (const char *at = path; *at != '\0'; at++) {
        if (*at <= ' ' || *at > '~') {
            return false;
        }
    }
    return true;
}

/* Values stay out of the words: they may be secrets. */
static enum dk_error pair_check(const grpc_metadata *pair, struct dk_fault *fault) {
    const struct dk_bytes key = dk__core_slice_view(&pair->key);
    if (!grpc_header_key_is_legal(pair->key) || key.data[0] == ':') {
        return dk_fault_set(
            fault,
            DK_INVALID,
            "metadata: '%.*s' is no key: lower-case letters, digits, '-', '_' and '.' make one",
            (int)key.size,
            key.data);
    }
    if (key.size >= 5 && memcmp(key.data, "grpc-", 5) == 0 &&
        !dk_bytes_equal(key, (struct dk_bytes)DK_BYTES("grpc-trace-bin"))) {
        return dk_fault_set(
            fault, DK_INVALID, "metadata: '%.*s' is gRPC's own", (int)key.size, key.data);
    }
    if (!grpc_is_binary_header(pair->key) && !grpc_header_nonbin_value_is_legal(pair->value)) {
        return dk_fault_set(
            fault,
            DK_INVALID,
            "metadata: the value of '%.*s' is not printable ASCII; a key in -bin carries any bytes",
            (int)key.size,
            key.data);
    }
    return DK_OK;
}

static enum dk_error request_take(
    struct dk__client_call *call,
    const struct dk__client_request *request,
    size_t header_bytes_max,
    struct dk_fault *fault) {
    size_t bytes = strlen(request->path) + PAIR_BYTES;
    if (!path_is_good(request->path)) {
        return dk_fault_set(
            fault, DK_INVALID, "call: '%s' is no path like /package.Service/Method", request->path);
    }
    for (size_t i = 0; i < request->metadata.count; i++) {
        const struct dk_pair *pair = &request->metadata.items[i];
        (void)dk__core_metadata_add(&call->metadata, pair->key, pair->value);
        if (pair_check(&call->metadata.items[i], fault) != DK_OK) {
            return DK_INVALID;
        }
        const bool is_binary = grpc_is_binary_header(call->metadata.items[i].key) != 0;
        bytes += pair->key.size + PAIR_BYTES +
                 (is_binary ? (pair->value.size * 4 + 2) / 3 : pair->value.size);
    }
    if (bytes > header_bytes_max) {
        return dk_fault_set(
            fault,
            DK_EXHAUSTED,
            "metadata: %zu bytes are more than header_bytes_max, %zu",
            bytes,
            header_bytes_max);
    }
    return DK_OK;
}

static void call_release(struct dk__client_call *call) {
    dk__client_sent(call);
    if (call->received != NULL) {
        grpc_byte_buffer_destroy(call->received);
    }
    if (call->core != NULL) {
        grpc_call_unref(call->core);
    }
    dk__core_metadata_clear(&call->metadata);
    grpc_metadata_array_destroy(&call->headers);
    grpc_metadata_array_destroy(&call->trailers);
    grpc_slice_unref(call->status_text);
    grpc_slice_unref(call->message);
    dk__core_wait_destroy(&call->whole);
    dk__core_wait_destroy(&call->ending);
    dk__core_wait_destroy(&call->reading);
    dk__core_wait_destroy(&call->writing);
    free(call->pairs);
    free(call);
}

enum dk_error dk__client_call_new(
    struct dk__channel *channel,
    const struct dk__client_request *request,
    struct dk__client_call **ret_call,
    struct dk_fault *fault) {
    if (request->metadata.count > DK__CLIENT_METADATA_MAX) {
        return dk_fault_set(
            fault,
            DK_EXHAUSTED,
            "metadata: %zu pairs are more than %d",
            request->metadata.count,
            DK__CLIENT_METADATA_MAX);
    }
    /* One piece: the call, and behind it its metadata. */
    struct dk__client_call *call =
        calloc(1, sizeof *call + request->metadata.count * sizeof(grpc_metadata));
    if (call == NULL) {
        return dk_fault_set(fault, DK_EXHAUSTED, "call: no memory");
    }
    call->metadata.items = (grpc_metadata *)(void *)(call + 1);
    call->metadata.items_max = request->metadata.count;
    call->flags = request->waits_for_ready ? GRPC_INITIAL_METADATA_WAIT_FOR_READY |
                                                 GRPC_INITIAL_METADATA_WAIT_FOR_READY_EXPLICITLY_SET
                                           : 0U;
    grpc_metadata_array_init(&call->headers);
    grpc_metadata_array_init(&call->trailers);
    call->status_text = grpc_empty_slice();
    call->message = grpc_empty_slice();
    dk__core_wait_init(&call->whole);
    dk__core_wait_init(&call->ending);
    dk__core_wait_init(&call->reading);
    dk__core_wait_init(&call->writing);
    enum dk_error error = request_take(call, request, channel->header_bytes_max, fault);
    if (error == DK_OK) {
        error = dk__channel_join(channel, call, request, fault);
    }
    if (error != DK_OK) {
        call_release(call);
        return error;
    }
    call->channel = channel;
    *ret_call = call;
    return DK_OK;
}

/* ── batches ────────────────────────────────────────────────────────────────────────────────── */

void dk__client_batch(
    struct dk__client_call *call, const grpc_op *ops, size_t count, struct dk__core_event *event) {
    const grpc_call_error error = grpc_call_start_batch(call->core, ops, count, event, NULL);
    assert(error == GRPC_CALL_OK); /* only a programming error is reported here */
    (void)error;
}

void dk__client_send(struct dk__client_call *call, struct dk_bytes message, grpc_op *op) {
    grpc_slice slice = grpc_slice_from_copied_buffer(message.data, message.size);
    call->sent = grpc_raw_byte_buffer_create(&slice, 1);
    grpc_slice_unref(slice);
    op->op = GRPC_OP_SEND_MESSAGE;
    op->data.send_message.send_message = call->sent;
}

void dk__client_sent(struct dk__client_call *call) {
    if (call->sent != NULL) {
        grpc_byte_buffer_destroy(call->sent);
        call->sent = NULL;
    }
}

struct dk_bytes dk__client_take_message(struct dk__client_call *call) {
    grpc_byte_buffer_reader reader;
    struct dk_bytes message = {0};
    if (call->received == NULL) {
        return message;
    }
    grpc_slice_unref(call->message);
    call->message = grpc_empty_slice();
    if (grpc_byte_buffer_reader_init(&reader, call->received)) {
        call->message = grpc_byte_buffer_reader_readall(&reader);
        grpc_byte_buffer_reader_destroy(&reader);
        message = dk__core_slice_view(&call->message);
    }
    grpc_byte_buffer_destroy(call->received);
    call->received = NULL;
    return message;
}

static void unary_begin(
    struct dk__client_call *call, struct dk_bytes message, struct dk__core_event *event) {
    grpc_op ops[UNARY_OPS];
    memset(ops, 0, sizeof ops);
    ops[0].op = GRPC_OP_SEND_INITIAL_METADATA;
    ops[0].flags = call->flags;
    ops[0].data.send_initial_metadata.count = call->metadata.count;
    ops[0].data.send_initial_metadata.metadata = call->metadata.items;
    dk__client_send(call, message, &ops[1]);
    ops[2].op = GRPC_OP_SEND_CLOSE_FROM_CLIENT;
    ops[3].op = GRPC_OP_RECV_INITIAL_METADATA;
    ops[3].data.recv_initial_metadata.recv_initial_metadata = &call->headers;
    ops[4].op = GRPC_OP_RECV_MESSAGE;
    ops[4].data.recv_message.recv_message = &call->received;
    ops[5].op = GRPC_OP_RECV_STATUS_ON_CLIENT;
    ops[5].data.recv_status_on_client.trailing_metadata = &call->trailers;
    ops[5].data.recv_status_on_client.status = &call->code;
    ops[5].data.recv_status_on_client.status_details = &call->status_text;
    dk__client_batch(call, ops, UNARY_OPS, event);
}

/* ── the answer ─────────────────────────────────────────────────────────────────────────────── */

static void answer_set(struct dk__client_call *call, enum dk__code code, const char *text) {
    call->answer =
        (struct dk__client_answer){.status = {.code = code, .message = dk_bytes_of(text)}};
}

/* The pairs of an array at `pairs`; gRPC's status details go where they belong. */
static struct dk_pairs pairs_make(
    struct dk__client_call *call, const grpc_metadata_array *array, struct dk_pair *pairs) {
    size_t count = 0;
    for (size_t i = 0; i < array->count; i++) {
        const struct dk_pair pair = {
            .key = dk__core_slice_view(&array->metadata[i].key),
            .value = dk__core_slice_view(&array->metadata[i].value),
        };
        if (dk_bytes_equal(pair.key, details_key)) {
            call->answer.status.details = pair.value;
        } else {
            pairs[count++] = pair;
        }
    }
    return (struct dk_pairs){.items = pairs, .count = count};
}

const struct dk__client_answer *dk__client_answer_make(
    struct dk__client_call *call, struct dk_bytes message) {
    const size_t pair_count = call->headers.count + call->trailers.count;
    const bool is_known = call->code >= GRPC_STATUS_OK && call->code <= GRPC_STATUS_UNAUTHENTICATED;
    call->is_answered = true;
    if (pair_count > 0) {
        call->pairs = calloc(pair_count, sizeof *call->pairs);
        if (call->pairs == NULL) {
            answer_set(call, DK__CODE_RESOURCE_EXHAUSTED, "no memory for the answer's metadata");
            return &call->answer;
        }
    }
    call->answer.status.code = is_known ? (enum dk__code)call->code : DK__CODE_UNKNOWN;
    call->answer.status.message = dk__core_slice_view(&call->status_text);
    call->answer.message = message;
    call->answer.headers = pairs_make(call, &call->headers, call->pairs);
    call->answer.trailers =
        pairs_make(call, &call->trailers, call->pairs + call->answer.headers.count);
    return &call->answer;
}

static const struct dk__client_answer *unary_end(struct dk__client_call *call) {
    dk__client_sent(call);
    struct dk_bytes message = dk__client_take_message(call);
    if (call->code != GRPC_STATUS_OK) {
        message = (struct dk_bytes){0};
    } else if (message.data == NULL) {
        answer_set(call, DK__CODE_INTERNAL, "the server answered OK without a message");
        call->is_answered = true;
        return &call->answer;
    }
    return dk__client_answer_make(call, message);
}

/* ── the unary ways ─────────────────────────────────────────────────────────────────────────── */

const struct dk__client_answer *dk__client_call_unary(
    struct dk__client_call *call, struct dk_bytes message) {
    dk__core_wait_begin(&call->whole);
    unary_begin(call, message, &call->whole.event);
    (void)dk__core_wait_for(&call->whole);
    return unary_end(call);
}

static void start_on_arrival(struct dk__work *work) {
    struct dk__client_call *call =
        (struct dk__client_call *)(void *)((char *)work - offsetof(struct dk__client_call, work));
    const struct dk__client_answer *answer = unary_end(call);
    call->loop = NULL;
    call->on_answer(call->context, call, answer);
}

static void start_on_event(struct dk__core_event *event, bool is_ok) {
    struct dk__client_call *call =
        (struct dk__client_call
             *)(void *)((char *)event - offsetof(struct dk__client_call, started));
    (void)is_ok; /* the status tells */
    dk__loop_post(call->loop, &call->work);
}

void dk__client_call_start(
    struct dk__client_call *call,
    struct dk_bytes message,
    struct dk_loop *loop,
    dk__client_answer_fn *on_answer,
    void *context) {
    call->work.on_arrival = start_on_arrival;
    call->loop = loop;
    call->on_answer = on_answer;
    call->context = context;
    dk__core_event_give(&call->started, start_on_event);
    unary_begin(call, message, &call->started);
}

void dk__client_call_cancel(struct dk__client_call *call) {
    (void)grpc_call_cancel(call->core, NULL);
}

void dk__client_call_free(struct dk__client_call *call) {
    if (call == NULL) {
        return;
    }
    assert(call->loop == NULL); /* started: on_answer comes first */
    if (call->is_open && !call->is_answered) {
        dk__client_call_cancel(call);
        (void)dk__client_call_finish(call);
    }
    struct dk__channel *channel = call->channel;
    dk__channel_leave(channel, call);
    call_release(call);
}
