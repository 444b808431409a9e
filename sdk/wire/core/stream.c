/*
 * One RPC over gRPC C core, on the loop's thread. Three kinds of batch may be under way at once,
 * one of each: a message to receive, messages and status to send, and the news of the end.
 *
 *     begin ─▶ receive ─▶ deliver ─▶ receive … ─▶ half-close
 *              flush, finish ─▶ end of turn: one batch of headers, message, status
 *              the end ─▶ abandon, when the status was not out yet
 *
 * The grpc_call goes when all three are done; the memory goes when also dk__rpc let go.
 */
#include "wire/core/listener.h"
#include "wire/core/metadata.h"
#include "wire/grpc/rpc.h"

#include "core/loop.h"

#include <assert.h>
#include <grpc/byte_buffer.h>
#include <grpc/byte_buffer_reader.h>
#include <grpc/slice.h>
#include <grpc/support/alloc.h>
#include <stddef.h>
#include <string.h>

enum { METADATA_MAX = 32, PREFIX_BYTES = 5, UNSENT_SHARE_BYTES = 65536, OPS_MAX = 3 };

struct stream {
    struct dk__rpc rpc;
    struct dk__listener *listener; /* as long as there is a call: a reply may outlive both */
    grpc_call *call;               /* NULL once it was let go */
    grpc_call_details details;
    grpc_metadata_array metadata;

    struct dk__core_tag receive, send, end;
    bool is_receiving, is_sending, is_ended; /* is_ended: the end's news came */
    grpc_byte_buffer *received;
    int was_cancelled;

    struct dk_deferred turn_end;
    grpc_byte_buffer *sent;
    struct dk__core_metadata headers, trailers;
    grpc_metadata header_items[METADATA_MAX];
    grpc_metadata trailer_items[METADATA_MAX + 1]; /* the last place is for status details */
    bool has_sent_headers, has_sent_status;
    bool wants_finish, was_full, is_let_go;
    grpc_status_code code;
    grpc_slice message;
};

static struct stream *stream_of(struct dk__rpc *rpc) {
    return (struct stream *)rpc;
}

/* Looks after every completion whether something can go; the stream may be gone afterwards. */
static void stream_settle(struct stream *stream) {
    if (stream->is_receiving || stream->is_sending || !stream->is_ended ||
        !stream->has_sent_status) {
        return;
    }
    if (stream->call != NULL) {
        grpc_call_unref(stream->call);
        stream->call = NULL;
        stream->listener->streams_open--;
        dk__core_tell_quiet(stream->listener);
    }
    if (stream->is_let_go) {
        dk__core_metadata_clear(&stream->headers);
        dk__core_metadata_clear(&stream->trailers);
        grpc_slice_unref(stream->message);
        grpc_call_details_destroy(&stream->details);
        grpc_metadata_array_destroy(&stream->metadata);
        dk_defer_stop(stream->rpc.server->loop, &stream->turn_end);
        dk__chain_reset(&stream->rpc.out);
        dk__arena_reset(&stream->rpc.call.arena); /* the stream lies in it */
    }
}

static void start_batch(
    struct stream *stream, const grpc_op *ops, size_t count, struct dk__core_tag *tag) {
    const grpc_call_error error =
        grpc_call_start_batch(stream->call, ops, count, &tag->event, NULL);
    assert(error == GRPC_CALL_OK); /* only a programming error is reported here */
    (void)error;
}

/* ── receiving ──────────────────────────────────────────────────────────────────────────────── */

static void on_received(struct dk__work *work);

static void receive(struct stream *stream) {
    const grpc_op op = {
        .op = GRPC_OP_RECV_MESSAGE, .data.recv_message.recv_message = &stream->received};
    stream->is_receiving = true;
    dk__core_tag_give(&stream->receive, stream->listener, on_received);
    start_batch(stream, &op, 1, &stream->receive);
}

/* A message in one piece: of the RPC's life for a unary call, else until the next. */
static void deliver(struct stream *stream, grpc_byte_buffer *buffer) {
    grpc_byte_buffer_reader reader;
    if (!grpc_byte_buffer_reader_init(&reader, buffer)) {
        dk__rpc_refuse(&stream->rpc, DK__CODE_INTERNAL, "the message could not be read");
        return;
    }
    grpc_slice whole = grpc_byte_buffer_reader_readall(&reader);
    grpc_byte_buffer_reader_destroy(&reader);
    struct dk_bytes message = dk__core_slice_view(&whole);
    const bool is_stream = stream->rpc.method != NULL && stream->rpc.method->streaming != NULL;
    if (!is_stream) {
        char *copy = dk__arena_take_bytes(&stream->rpc.call.arena, message.size);
        if (copy == NULL) {
            grpc_slice_unref(whole);
            dk__rpc_refuse(
                &stream->rpc, DK__CODE_RESOURCE_EXHAUSTED, "the request is larger than its arena");
            return;
        }
        if (message.size > 0) {
            memcpy(copy, message.data, message.size);
        }
        message.data = copy;
    }
    dk__rpc_deliver(&stream->rpc, message, false);
    grpc_slice_unref(whole);
}

static void on_received(struct dk__work *work) {
    struct stream *stream =
        (struct stream *)(void *)((char *)work - offsetof(struct stream, receive));
    grpc_byte_buffer *buffer = stream->received;
    stream->received = NULL;
    stream->is_receiving = false;
    if (buffer != NULL) {
        deliver(stream, buffer);
        grpc_byte_buffer_destroy(buffer);
        if (!stream->has_sent_status) {
            receive(stream);
        }
    } else if (!stream->rpc.is_finished && !grpc_call_failed_before_recv_message(stream->call)) {
        dk__rpc_half_close(&stream->rpc);
    } /* else it was cancelled, and on_ended tells */
    stream_settle(stream);
}

/* ── sending ────────────────────────────────────────────────────────────────────────────────── */

static void on_sent(struct dk__work *work);

/* The first message of `out`, taken out of it; its five bytes of prefix are gRPC's to write. */
static grpc_byte_buffer *message_take(struct dk__chain *out) {
    unsigned char prefix[PREFIX_BYTES];
    (void)dk__chain_read(out, prefix, sizeof prefix);
    const size_t size = (size_t)prefix[1] << 24 | (size_t)prefix[2] << 16 | (size_t)prefix[3] << 8 |
                        (size_t)prefix[4];
    grpc_slice slice = grpc_slice_malloc(size);
    (void)dk__chain_read(out, GRPC_SLICE_START_PTR(slice), size);
    grpc_byte_buffer *buffer = grpc_raw_byte_buffer_create(&slice, 1);
    grpc_slice_unref(slice);
    return buffer;
}

/* Whole messages in `out`: one that a method is still writing stays. */
static bool has_message(const struct dk__rpc *rpc) {
    return (rpc->prefix == NULL ? rpc->out.bytes : rpc->message_at) > 0;
}

/* One batch with all that may go now: headers once, one message, and the status behind the last. */
static void pump(struct stream *stream) {
    grpc_op ops[OPS_MAX];
    size_t count = 0;
    memset(ops, 0, sizeof ops);
    if (stream->is_sending || stream->has_sent_status || stream->call == NULL) {
        return;
    }
    const bool sends_message = has_message(&stream->rpc);
    if (!sends_message && !stream->wants_finish) {
        return;
    }
    if (!stream->has_sent_headers) {
        stream->has_sent_headers = true;
        ops[count].op = GRPC_OP_SEND_INITIAL_METADATA;
        ops[count].data.send_initial_metadata.count = stream->headers.count;
        ops[count].data.send_initial_metadata.metadata = stream->headers.items;
        count++;
    }
    if (sends_message) {
        stream->sent = message_take(&stream->rpc.out);
        ops[count].op = GRPC_OP_SEND_MESSAGE;
        ops[count].data.send_message.send_message = stream->sent;
        count++;
    }
    if (stream->wants_finish && !has_message(&stream->rpc)) {
        stream->has_sent_status = true;
        ops[count].op = GRPC_OP_SEND_STATUS_FROM_SERVER;
        ops[count].data.send_status_from_server.status = stream->code;
        ops[count].data.send_status_from_server.status_details = &stream->message;
        ops[count].data.send_status_from_server.trailing_metadata = stream->trailers.items;
        ops[count].data.send_status_from_server.trailing_metadata_count = stream->trailers.count;
        count++;
    }
    stream->is_sending = true;
    dk__core_tag_give(&stream->send, stream->listener, on_sent);
    start_batch(stream, ops, count, &stream->send);
}

static bool core_can_send(const struct dk__rpc *rpc) {
    /* The one question a method asks before it produces more; the answer is remembered. */
    return rpc->out.bytes < UNSENT_SHARE_BYTES;
}

static void on_sent(struct dk__work *work) {
    struct stream *stream = (struct stream *)(void *)((char *)work - offsetof(struct stream, send));
    stream->is_sending = false;
    if (stream->sent != NULL) {
        grpc_byte_buffer_destroy(stream->sent);
        stream->sent = NULL;
    }
    if (!stream->send.is_ok && !stream->has_sent_status) {
        /* The peer is gone: what was left to send is nobody's, the status only closes our books. */
        if (!stream->rpc.is_finished) {
            dk__rpc_abandon(&stream->rpc);
        }
        dk__chain_truncate(&stream->rpc.out, 0);
    }
    pump(stream);
    if (stream->was_full && !stream->wants_finish && core_can_send(&stream->rpc)) {
        stream->was_full = false;
        dk__rpc_writable(&stream->rpc);
    }
    stream_settle(stream);
}

static void on_turn_end(struct dk_deferred *deferred) {
    pump((struct stream *)(void *)((char *)deferred - offsetof(struct stream, turn_end)));
}

/* ── the end ────────────────────────────────────────────────────────────────────────────────── */

static void on_ended(struct dk__work *work) {
    struct stream *stream = (struct stream *)(void *)((char *)work - offsetof(struct stream, end));
    stream->is_ended = true;
    if (stream->was_cancelled && !stream->rpc.is_finished) {
        dk__rpc_abandon(&stream->rpc);
    }
    stream_settle(stream);
}

/* ── what dk__rpc asks ──────────────────────────────────────────────────────────────────────── */

static void core_flush(struct dk__rpc *rpc) {
    struct stream *stream = stream_of(rpc);
    stream->was_full = stream->was_full || !core_can_send(rpc);
    dk_defer(stream->rpc.server->loop, &stream->turn_end);
}

static void core_finish(struct dk__rpc *rpc, const struct dk__status *status) {
    struct stream *stream = stream_of(rpc);
    static const struct dk_bytes details_key = DK_BYTES("grpc-status-details-bin");
    if (stream->is_ended && stream->was_cancelled) {
        dk__chain_truncate(&rpc->out, 0); /* nobody reads it */
    }
    stream->wants_finish = true;
    stream->code = (grpc_status_code)status->code;
    stream->message = grpc_slice_from_copied_buffer(status->message.data, status->message.size);
    if (status->details.data != NULL) {
        stream->trailers.items_max++;
        (void)dk__core_metadata_add(&stream->trailers, details_key, status->details);
    }
    dk_defer(stream->rpc.server->loop, &stream->turn_end);
}

static void core_let_go(struct dk__rpc *rpc) {
    struct stream *stream = stream_of(rpc);
    stream->is_let_go = true;
    stream_settle(stream);
}

static void core_add_header(struct dk__rpc *rpc, struct dk_bytes key, struct dk_bytes value) {
    (void)dk__core_metadata_add(&stream_of(rpc)->headers, key, value);
}

static void core_add_trailer(struct dk__rpc *rpc, struct dk_bytes key, struct dk_bytes value) {
    (void)dk__core_metadata_add(&stream_of(rpc)->trailers, key, value);
}

static const struct dk__rpc_ops core_ops = {
    .flush = core_flush,
    .can_send = core_can_send,
    .finish = core_finish,
    .let_go = core_let_go,
    .add_header = core_add_header,
    .add_trailer = core_add_trailer,
};

/* ── beginning ──────────────────────────────────────────────────────────────────────────────── */

/* 0 when the caller set none; on our clock otherwise. */
static int64_t deadline_of(const struct stream *stream) {
    const gpr_timespec deadline = stream->details.deadline;
    if (gpr_time_cmp(deadline, gpr_inf_future(deadline.clock_type)) == 0) {
        return 0;
    }
    const gpr_timespec left = gpr_time_sub(deadline, gpr_now(deadline.clock_type));
    const int64_t left_us = left.tv_sec * 1000000 + left.tv_nsec / 1000;
    const int64_t now_us = dk_loop_now_us(stream->rpc.server->loop);
    return left_us <= 0 ? 1 : now_us + left_us;
}

/* Metadata as pairs, x-component-instance apart; false when the arena is full. */
static bool headers_of(struct stream *stream, struct dk__rpc_headers *headers) {
    static const struct dk_bytes instance = DK_BYTES("x-component-instance");
    struct dk_pair *pairs =
        dk__arena_take(&stream->rpc.call.arena, stream->metadata.count * sizeof *pairs);
    size_t count = 0;
    if (pairs == NULL) {
        return false;
    }
    for (size_t i = 0; i < stream->metadata.count; i++) {
        const grpc_metadata *item = &stream->metadata.metadata[i];
        const struct dk_pair pair = {
            dk__core_slice_view(&item->key), dk__core_slice_view(&item->value)};
        if (dk_bytes_equal(pair.key, instance)) {
            headers->instance = pair.value;
        } else {
            pairs[count++] = pair;
        }
    }
    headers->others = (struct dk_pairs){.items = pairs, .count = count};
    headers->path = dk__core_slice_view(&stream->details.method);
    headers->content_type = dk_bytes_of("application/grpc"); /* C core refuses others itself */
    headers->deadline_us = deadline_of(stream);
    return true;
}

/* Without memory for the call its peer is told, by the only means left. */
static void refuse_call(struct dk__core_accept *accept) {
    (void)grpc_call_cancel_with_status(
        accept->call, GRPC_STATUS_RESOURCE_EXHAUSTED, "no memory for the call", NULL);
    grpc_call_unref(accept->call);
    grpc_call_details_destroy(&accept->details);
    grpc_metadata_array_destroy(&accept->metadata);
}

void dk__core_stream_begin(struct dk__listener *listener, struct dk__core_accept *accept) {
    struct dk__server *server = listener->server;
    struct dk__arena arena = {
        .pool = dk__loop_pool(server->loop), .bytes_max = server->limits.arena_bytes_max};
    struct stream *stream = dk__arena_take(&arena, sizeof *stream);
    if (stream == NULL) {
        refuse_call(accept);
        return;
    }
    struct dk__rpc_headers headers = {0};
    stream->rpc.call.arena = arena;
    stream->rpc.call.deadline_us = INT64_MAX;
    stream->rpc.out.pool = arena.pool;
    stream->rpc.ops = &core_ops;
    stream->rpc.server = server;
    stream->listener = listener;
    stream->call = accept->call;
    stream->details = accept->details;
    stream->metadata = accept->metadata;
    stream->message = grpc_empty_slice();
    stream->headers.items = stream->header_items;
    stream->headers.items_max = METADATA_MAX;
    stream->trailers.items = stream->trailer_items;
    stream->trailers.items_max = METADATA_MAX;
    stream->turn_end.on_turn_end = on_turn_end;
    listener->streams_open++;

    const grpc_op end = {
        .op = GRPC_OP_RECV_CLOSE_ON_SERVER,
        .data.recv_close_on_server.cancelled = &stream->was_cancelled};
    dk__core_tag_give(&stream->end, listener, on_ended);
    start_batch(stream, &end, 1, &stream->end);
    const bool is_whole = headers_of(stream, &headers);
    receive(stream);
    dk__rpc_begin(&stream->rpc, &headers);
    if (!is_whole) {
        dk__rpc_refuse(&stream->rpc, DK__CODE_RESOURCE_EXHAUSTED, "the headers fill the arena");
    }
}
