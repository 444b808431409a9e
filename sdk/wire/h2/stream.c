/*
 * A stream between HTTP/2 and gRPC, on the loop's thread: what came becomes calls of dk__rpc_*,
 * what the RPC gives becomes an answer. Never called while another stream is being closed.
 */
#include "wire/h2/stream.h"

#include "core/base64.h"
#include "core/loop.h"
#include "wire/h2/answer.h"
#include "wire/h2/connection.h"
#include "wire/h2/incoming.h"
#include "wire/h2/listener.h"
#include "wire/h2/session.h"

#include <assert.h>
#include <nghttp2/nghttp2.h>

enum {
    REFUSED_BYTES_MAX = 64 * 1024,  /* of a request that is no gRPC; then it is answered half-way */
    STREAM_SHARE_BYTES = 64 * 1024, /* of unsent messages; then the method and its peer wait */
};

static const struct dk__rpc_ops stream_ops;

static struct dk__h2_stream *stream_of(struct dk__rpc *rpc) {
    return (struct dk__h2_stream *)rpc;
}

/* Somebody still listens: nghttp2 may be told. */
static bool stream_is_live(const struct dk__h2_stream *stream) {
    return stream->connection != NULL && !stream->connection->is_closing;
}

/* ── life ───────────────────────────────────────────────────────────────────────────────────── */

struct dk__h2_stream *dk__h2_stream_new(struct dk__h2_connection *connection, int32_t id) {
    struct dk__server *server = connection->listener->server;
    struct dk__arena arena = {
        .pool = dk__loop_pool(server->loop), .bytes_max = server->limits.arena_bytes_max};
    struct dk__h2_stream *stream = dk__arena_take(&arena, sizeof *stream);
    if (stream == NULL) {
        return NULL;
    }
    stream->rpc.call.arena = arena;
    stream->rpc.out.pool = arena.pool;
    stream->rpc.ops = &stream_ops;
    stream->rpc.server = server;
    stream->listener = connection->listener;
    stream->connection = connection;
    stream->id = id;
    stream->is_let_go = true;
    stream->headers_end = &stream->headers;
    stream->trailers_end = &stream->trailers;
    dk__h2_streams_put(&connection->streams, stream);
    return stream;
}

static void stream_free(struct dk__h2_stream *stream) {
    struct dk__arena arena = stream->rpc.call.arena; /* it holds the stream itself */
    dk__h2_incoming_free(stream);
    dk__chain_reset(&stream->rpc.out);
    dk__arena_reset(&arena);
}

void dk__h2_stream_close(struct dk__h2_stream *stream) {
    struct dk__h2_connection *connection = stream->connection;
    dk__h2_streams_remove(&connection->streams, stream);
    connection->waiting_bytes -= stream->waiting_bytes;
    stream->waiting_bytes = 0;
    dk__h2_incoming_leave(stream);
    if (connection->latest == stream) {
        connection->latest = NULL;
    }
    if (connection->headers_of == stream) {
        connection->headers_of = NULL;
    }
    if (stream->is_peer_done) {
        dk__h2_recent_end(&connection->recent, stream->id);
    }
    stream->connection = NULL;
    dk__h2_orphans_put(connection, stream);
    if (stream->is_begun && !stream->rpc.is_finished) {
        dk__rpc_abandon(&stream->rpc); /* may let go, and then the stream is no more */
    } else if (stream->is_let_go) {
        dk__h2_orphans_remove(stream);
        stream_free(stream);
    }
}

static void stream_let_go(struct dk__rpc *rpc) {
    struct dk__h2_stream *stream = stream_of(rpc);
    stream->is_let_go = true;
    if (stream->connection == NULL) {
        dk__h2_orphans_remove(stream);
        stream_free(stream);
    }
}

/* ── what the peer sends ────────────────────────────────────────────────────────────────────── */

void dk__h2_stream_add_header(
    struct dk__h2_stream *stream, struct dk_bytes name, struct dk_bytes value) {
    dk__h2_request_add(
        &stream->request,
        &stream->rpc.call.arena,
        stream->rpc.server->limits.header_bytes_max,
        name,
        value);
}

static bool is_grpc(struct dk_bytes content_type) {
    static const struct dk_bytes wanted = DK_BYTES("application/grpc");
    return content_type.size >= wanted.size &&
           memcmp(content_type.data, wanted.data, wanted.size) == 0 &&
           (content_type.size == wanted.size || content_type.data[wanted.size] == '+' ||
            content_type.data[wanted.size] == ';');
}

/* What is no gRPC request is answered in HTTP's words once it is whole, as HTTP clients like it. */
static const struct dk__h2_refusal wrong_method = {"405", "gRPC is spoken by POST alone\n"};
static const struct dk__h2_refusal wrong_type = {
    "415", "content-type: does not begin with application/grpc\n"};

static void stream_refuse(struct dk__h2_stream *stream, enum dk__code code, const char *text) {
    const struct dk__status status = {.code = code, .message = dk_bytes_of(text)};
    stream->listener->counts.answers++;
    dk__h2_answer_keep_status(stream, &status);
    dk__h2_answer_only(stream);
}

void dk__h2_stream_begin(struct dk__h2_stream *stream) {
    static const struct dk_bytes post = DK_BYTES("POST");
    const struct dk__h2_request *request = &stream->request;

    dk__h2_request_end(&stream->request);
    if (!dk_bytes_equal(request->method, post)) {
        stream->refusal = &wrong_method;
    } else if (!is_grpc(request->headers.content_type)) {
        stream->refusal = &wrong_type;
    } else if (request->fault == DK__H2_REQUEST_TOO_LARGE) {
        stream_refuse(
            stream,
            DK__CODE_RESOURCE_EXHAUSTED,
            "the request's headers are larger than header-bytes-max");
    } else if (request->fault == DK__H2_REQUEST_BAD_BINARY) {
        stream_refuse(stream, DK__CODE_INTERNAL, "a header that ends in -bin holds no base64");
    } else {
        stream->is_begun = true;
        stream->is_let_go = false;
        dk__rpc_begin(&stream->rpc, &stream->request.headers);
    }
}

static void stream_answer_refusal(struct dk__h2_stream *stream) {
    if (stream->refusal != NULL && !stream->is_answer_started) {
        stream->listener->counts.answers++;
        dk__h2_answer_refuse(stream, stream->refusal);
    }
}

/* A stream whose answers wait keeps its peer waiting, too: what came is not given back. */
static void stream_give_credit(struct dk__h2_stream *stream) {
    if (stream->credit_bytes >= DK__H2_CREDIT_BYTES && !stream->is_peer_done &&
        dk__h2_stream_is_open(stream) && stream->rpc.out.bytes <= STREAM_SHARE_BYTES) {
        dk__h2_session_credit(stream);
        stream->credit_bytes = 0;
    }
}

void dk__h2_stream_receive(struct dk__h2_stream *stream, struct dk_bytes bytes) {
    stream->credit_bytes += bytes.size;
    dk__h2_incoming_feed(stream, bytes);
    stream_give_credit(stream);
    if (stream->credit_bytes >= REFUSED_BYTES_MAX) {
        stream_answer_refusal(stream);
    }
}

void dk__h2_stream_half_close(struct dk__h2_stream *stream) {
    stream->is_peer_done = true;
    if (!dk__h2_stream_is_open(stream)) {
        stream_answer_refusal(stream);
        return;
    }
    if (!dk__h2_framing_is_between(&stream->framing)) {
        dk__rpc_refuse(&stream->rpc, DK__CODE_INTERNAL, "the request ends within a message");
        return;
    }
    dk__rpc_half_close(&stream->rpc);
}

/* ── what the RPC gives ─────────────────────────────────────────────────────────────────────── */

static bool stream_can_send(const struct dk__rpc *rpc) {
    return rpc->out.bytes < STREAM_SHARE_BYTES;
}

/* The peer opens no window and calls go on: one more answer would have no bound. */
static void stream_drop_answer(struct dk__h2_stream *stream) {
    stream->listener->counts.refused++;
    if (stream->is_answer_started) {
        /* Part of a message may have left; only a reset tells the truth. */
        dk__h2_session_reset(stream, NGHTTP2_ENHANCE_YOUR_CALM);
        return;
    }
    stream->is_over_bound = true;
    dk__chain_reset(&stream->rpc.out);
}

static void stream_flush(struct dk__rpc *rpc) {
    struct dk__h2_stream *stream = stream_of(rpc);
    struct dk__h2_connection *connection = stream->connection;
    if (!stream_is_live(stream)) {
        dk__chain_reset(&rpc->out);
        return;
    }
    const size_t waiting_max = rpc->server->limits.outbox_bytes_max * DK__H2_WAITING_PER_OUTBOX;
    if (connection->waiting_bytes + rpc->out.bytes - stream->waiting_bytes > waiting_max) {
        stream_drop_answer(stream);
        return;
    }
    connection->waiting_bytes += rpc->out.bytes - stream->waiting_bytes;
    stream->waiting_bytes = rpc->out.bytes;
    if (!stream->is_answer_started) {
        dk__h2_answer_start(stream);
    } else if (stream->is_deferred) {
        dk__h2_session_resume(stream);
    }
    dk__h2_connection_touch(connection);
}

static void stream_finish(struct dk__rpc *rpc, const struct dk__status *status) {
    static const struct dk__status over_bound = {
        .code = DK__CODE_RESOURCE_EXHAUSTED,
        .message = DK_BYTES("too many bytes of answers wait for the caller to read them"),
    };
    struct dk__h2_stream *stream = stream_of(rpc);
    if (!stream_is_live(stream)) {
        return; /* nobody listens */
    }
    stream->listener->counts.answers++;
    dk__h2_answer_keep_status(stream, stream->is_over_bound ? &over_bound : status);
    if (!stream->is_answer_started && stream->headers == NULL) {
        dk__h2_answer_only(stream);
    } else if (!stream->is_answer_started) {
        dk__h2_answer_start(stream);
    } else if (stream->is_deferred) {
        dk__h2_session_resume(stream);
    }
    dk__h2_connection_touch(stream->connection);
}

void dk__h2_stream_on_sent(struct dk__h2_stream *stream, size_t size) {
    const size_t before = stream->rpc.out.bytes + size;
    stream->connection->waiting_bytes -= size;
    stream->waiting_bytes -= size;
    if (before >= STREAM_SHARE_BYTES && stream->rpc.out.bytes < STREAM_SHARE_BYTES &&
        dk__h2_stream_is_open(stream)) {
        stream_give_credit(stream);
        dk__rpc_writable(&stream->rpc);
    }
}

static void fields_add(
    struct dk__rpc *rpc, struct dk__h2_field ***end, struct dk_bytes key, struct dk_bytes value) {
    struct dk__arena *arena = &rpc->call.arena;
    const bool is_binary = key.size > 4 && memcmp(key.data + key.size - 4, "-bin", 4) == 0;
    const size_t size = is_binary ? dk__base64_size(value.size) : value.size;
    struct dk__h2_field *field = dk__arena_take(arena, sizeof *field);
    char *name = dk__arena_copy_text(arena, key), *copy = dk__arena_take_bytes(arena, size);
    if (field == NULL || name == NULL || copy == NULL) {
        return; /* the arena's bound: an answer without its extras */
    }
    if (is_binary) {
        dk__base64_encode(value, copy);
    } else if (size > 0) {
        memcpy(copy, value.data, size);
    }
    field->name = (struct dk_bytes){.data = name, .size = key.size};
    field->value = (struct dk_bytes){.data = copy, .size = size};
    **end = field;
    *end = &field->next;
}

static void stream_add_header(struct dk__rpc *rpc, struct dk_bytes key, struct dk_bytes value) {
    struct dk__h2_stream *stream = stream_of(rpc);
    assert(!stream->is_answer_started && stream->header_count < DK__H2_FIELDS_MAX);
    stream->header_count++;
    fields_add(rpc, &stream->headers_end, key, value);
}

static void stream_add_trailer(struct dk__rpc *rpc, struct dk_bytes key, struct dk_bytes value) {
    struct dk__h2_stream *stream = stream_of(rpc);
    assert(!rpc->is_finished && stream->trailer_count < DK__H2_FIELDS_MAX);
    stream->trailer_count++;
    fields_add(rpc, &stream->trailers_end, key, value);
}

static const struct dk__rpc_ops stream_ops = {
    .flush = stream_flush,
    .can_send = stream_can_send,
    .finish = stream_finish,
    .let_go = stream_let_go,
    .add_header = stream_add_header,
    .add_trailer = stream_add_trailer,
};
