/*
 * From chunks of DATA to whole messages, on the loop's thread; and the room they may take.
 */
#include "wire/h2/incoming.h"

#include "wire/h2/connection.h"
#include "wire/h2/listener.h"
#include "wire/h2/stream.h"

/* What is kept for each connection is always there; beyond it one may have as much as all of them
 * leave free. So a peer that announces messages and does not send them gets half, two of them a
 * third each, and ordinary requests of others find their room. */
static bool incoming_has_room(const struct dk__h2_stream *stream, size_t size) {
    const size_t one = stream->rpc.server->limits.request_bytes_max;
    const size_t kept = one < DK__H2_REQUEST_KEPT_BYTES ? one : DK__H2_REQUEST_KEPT_BYTES;
    const size_t all_max = one * DK__H2_REQUESTS_PER_MESSAGE;
    const size_t all = stream->listener->request_bytes;
    const size_t wanted = stream->connection->request_bytes + size;
    return wanted <= kept || (all < all_max && wanted <= all_max - all);
}

static void incoming_charge(struct dk__h2_stream *stream, size_t size) {
    stream->request_bytes += size;
    stream->connection->request_bytes += size;
    stream->listener->request_bytes += size;
}

static void incoming_discharge(struct dk__h2_stream *stream, size_t size) {
    stream->request_bytes -= size;
    stream->connection->request_bytes -= size;
    stream->listener->request_bytes -= size;
}

/* Room for the message that the prefix announces, or the RPC is refused. */
static void incoming_make_room(struct dk__h2_stream *stream) {
    struct dk__rpc *rpc = &stream->rpc;
    const size_t size = stream->framing.size;

    if (!incoming_has_room(stream, size)) {
        dk__rpc_refuse(
            rpc, DK__CODE_RESOURCE_EXHAUSTED, "too many bytes of requests are in memory");
        return;
    }
    if (rpc->method->streaming == NULL) {
        stream->framing.target = dk__arena_take_bytes(&rpc->call.arena, size);
    } else {
        stream->partial = dk__pool_take(rpc->call.arena.pool, size);
        stream->framing.target = stream->partial == NULL ? NULL : stream->partial->bytes;
    }
    if (stream->framing.target == NULL) {
        dk__rpc_refuse(
            rpc, DK__CODE_RESOURCE_EXHAUSTED, "the message does not fit into arena-bytes-max");
        return;
    }
    incoming_charge(stream, size);
}

static void on_prefix(struct dk__h2_stream *stream, struct dk_bytes *input) {
    const struct dk__h2_framing *framing = &stream->framing;
    struct dk__rpc *rpc = &stream->rpc;
    struct dk_bytes message;

    if (framing->flag > 1) {
        dk__rpc_refuse(
            rpc, DK__CODE_INTERNAL, "a message begins with a byte that is neither 0 nor 1");
    } else if (framing->size > rpc->server->limits.request_bytes_max) {
        dk__rpc_refuse_size(rpc, framing->size);
    } else if (
        rpc->method->streaming != NULL &&
        dk__h2_framing_take_view(&stream->framing, input, &message)) {
        dk__rpc_deliver(rpc, message, framing->flag == 1);
    } else {
        incoming_make_room(stream);
    }
}

static void on_message(struct dk__h2_stream *stream) {
    const struct dk__h2_framing *framing = &stream->framing;
    struct dk__chunk *partial = stream->partial;
    const struct dk_bytes message = {.data = framing->target, .size = framing->size};
    if (framing->target == NULL) {
        return; /* it was refused, and dropped */
    }
    dk__rpc_deliver(&stream->rpc, message, framing->flag == 1);
    if (partial != NULL) {
        stream->partial = NULL;
        dk__pool_give(stream->rpc.call.arena.pool, partial);
        incoming_discharge(stream, framing->size);
    }
}

void dk__h2_incoming_feed(struct dk__h2_stream *stream, struct dk_bytes bytes) {
    while (dk__h2_stream_is_open(stream)) {
        const enum dk__h2_framing_event event = dk__h2_framing_next(&stream->framing, &bytes);
        if (event == DK__H2_FRAMING_MORE) {
            break;
        }
        if (event == DK__H2_FRAMING_PREFIX) {
            on_prefix(stream, &bytes);
        } else {
            on_message(stream);
        }
    }
}

void dk__h2_incoming_leave(struct dk__h2_stream *stream) {
    stream->connection->request_bytes -= stream->request_bytes;
}

void dk__h2_incoming_free(struct dk__h2_stream *stream) {
    if (stream->listener != NULL) {
        stream->listener->request_bytes -= stream->request_bytes;
    }
    if (stream->partial != NULL) {
        dk__pool_give(stream->rpc.call.arena.pool, stream->partial);
    }
}
