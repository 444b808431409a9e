/*
 * nghttp2 on our loop. Its callbacks find the stream and pass the event on; nothing here waits and
 * no callback ends the session: what must end is marked, and ends when nghttp2 has returned.
 *
 *     bytes ─▶ mem_recv ─▶ begin_headers, header, frame, data ─▶ stream
 *     stream ─▶ submit …         mem_send, send_data ─▶ outbox
 */
#include "wire/h2/session.h"

#include "wire/h2/answer.h"
#include "wire/h2/connection.h"
#include "wire/h2/listener.h"

#include <dk/log.h>
#include <nghttp2/nghttp2.h>

static const uint8_t drain_ping[8] = {'d', 'k', '-', 'd', 'r', 'a', 'i', 'n'};

/* The stream of an id; mostly the one that was looked for before. NULL: it is closed or was
 * refused. */
static struct dk__h2_stream *stream_find(struct dk__h2_connection *connection, int32_t id) {
    if (connection->latest == NULL || connection->latest->id != id) {
        connection->latest = nghttp2_session_get_stream_user_data(connection->session, id);
    }
    return connection->latest;
}

/* ── bounds on what costs us ────────────────────────────────────────────────────────────────── */

static void connection_calm(struct dk__h2_connection *connection, const char *why) {
    if (connection->is_condemned) {
        return;
    }
    dk_log(DK_LOG_WARN, "h2", "connection ended, its peer floods", "with=\"%s\"", why);
    connection->listener->counts.calmed++;
    dk__h2_session_end(connection, NGHTTP2_ENHANCE_YOUR_CALM);
}

static void spend_control(struct dk__h2_connection *connection) {
    const int64_t now_us = dk_loop_now_us(connection->listener->server->loop);
    if (!dk__h2_budget_spend(&connection->controls, now_us, connection->listener->controls_max)) {
        connection_calm(connection, "frames without work");
    }
}

static void spend_reset(struct dk__h2_connection *connection) {
    const int64_t now_us = dk_loop_now_us(connection->listener->server->loop);
    if (!dk__h2_budget_spend(&connection->resets, now_us, DK__H2_RESETS_PER_SECOND_MAX)) {
        connection_calm(connection, "resets of calls under way");
    }
}

/* ── from the peer ──────────────────────────────────────────────────────────────────────────── */

static int session_on_begin_headers(
    nghttp2_session *session, const nghttp2_frame *frame, void *context) {
    struct dk__h2_connection *connection = context;
    struct dk__listener *listener = connection->listener;
    const int32_t id = frame->hd.stream_id;
    struct dk__h2_stream *stream = NULL;

    connection->headers_of = NULL; /* trailers of a request mean nothing in gRPC */
    if (frame->headers.cat != NGHTTP2_HCAT_REQUEST) {
        return 0;
    }
    listener->counts.calls++;
    if (dk__h2_orphans_have_room(connection) && !connection->is_condemned) {
        stream = dk__h2_stream_new(connection, id);
    }
    if (stream == NULL) {
        listener->counts.refused++;
        (void)nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, id, NGHTTP2_REFUSED_STREAM);
        return 0;
    }
    connection->headers_of = stream;
    connection->latest = stream;
    (void)nghttp2_session_set_stream_user_data(session, id, stream);
    return 0;
}

static int session_on_header(
    nghttp2_session *session,
    const nghttp2_frame *frame,
    const uint8_t *name,
    size_t name_size,
    const uint8_t *value,
    size_t value_size,
    uint8_t flags,
    void *context) {
    struct dk__h2_connection *connection = context;
    struct dk__h2_stream *stream = connection->headers_of;
    const size_t bytes_max =
        connection->listener->server->limits.header_bytes_max * DK__H2_HEADERS_PER_BOUND;
    (void)session, (void)flags, (void)frame;

    if (stream == NULL) {
        return 0;
    }
    dk__h2_stream_add_header(
        stream,
        (struct dk_bytes){.data = (const char *)name, .size = name_size},
        (struct dk_bytes){.data = (const char *)value, .size = value_size});
    if (stream->request.bytes > bytes_max) {
        connection_calm(connection, "a header list without end");
        return NGHTTP2_ERR_CALLBACK_FAILURE;
    }
    return 0;
}

/* Against the rules once the peer has ended the stream; for others nghttp2 knows what to do. DATA of
 * a stream that nghttp2 has forgotten is passed over before this is called: so it must keep the
 * closed ones (nghttp2_option_set_no_closed_streams would spare a tenth of a Ping's CPU, and
 * h2spec's 5.1/8 and 5.1/11 fail). */
static int session_on_begin_frame(
    nghttp2_session *session, const nghttp2_frame_hd *head, void *context) {
    struct dk__h2_connection *connection = context;
    struct dk__h2_recent *recent = &connection->recent;
    const int32_t id = head->stream_id;
    (void)session;

    if ((head->type != NGHTTP2_DATA && head->type != NGHTTP2_HEADERS) || id % 2 == 0 ||
        connection->is_condemned) {
        return 0;
    }
    if (id > dk__h2_recent_newest(recent)) {
        if (head->type == NGHTTP2_HEADERS) {
            dk__h2_recent_open(recent, id);
        }
    } else if (stream_find(connection, id) == NULL) {
        const enum dk__h2_recent_state state = dk__h2_recent_find(recent, id);
        if (state == DK__H2_RECENT_ENDED) {
            dk__h2_session_end(connection, NGHTTP2_STREAM_CLOSED);
        } else if (state == DK__H2_RECENT_NEVER) {
            dk__h2_session_end(connection, NGHTTP2_PROTOCOL_ERROR);
        }
    }
    return 0;
}

static void on_headers(struct dk__h2_connection *connection, const nghttp2_frame *frame) {
    struct dk__h2_stream *stream = stream_find(connection, frame->hd.stream_id);
    if (stream == NULL) {
        return;
    }
    if (frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
        dk__h2_stream_begin(stream);
    }
    if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
        dk__h2_stream_half_close(stream);
    }
}

static void on_data_end(struct dk__h2_connection *connection, const nghttp2_frame *frame) {
    if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
        struct dk__h2_stream *stream = stream_find(connection, frame->hd.stream_id);
        if (stream != NULL) {
            dk__h2_stream_half_close(stream);
        }
    } else if (frame->hd.length == frame->data.padlen) {
        spend_control(connection); /* it is empty, or nothing but padding */
    }
}

static void on_reset(struct dk__h2_connection *connection, const nghttp2_frame *frame) {
    struct dk__h2_stream *stream = stream_find(connection, frame->hd.stream_id);
    connection->listener->counts.resets_by_peer++;
    if (stream != NULL && stream->is_begun && !stream->rpc.is_finished) {
        spend_reset(connection); /* its work was for nothing */
    } else {
        spend_control(connection);
    }
    if (stream != NULL) {
        stream->is_peer_done = true;
    }
}

static int session_on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *context) {
    struct dk__h2_connection *connection = context;
    (void)session;

    switch ((nghttp2_frame_type)frame->hd.type) {
    case NGHTTP2_DATA:
        on_data_end(connection, frame);
        break;
    case NGHTTP2_HEADERS:
        on_headers(connection, frame);
        break;
    case NGHTTP2_RST_STREAM:
        on_reset(connection, frame);
        break;
    case NGHTTP2_PING:
        if ((frame->hd.flags & NGHTTP2_FLAG_ACK) == 0) {
            spend_control(connection);
        } else if (memcmp(frame->ping.opaque_data, drain_ping, sizeof drain_ping) == 0) {
            dk__h2_session_goaway(connection);
        }
        break;
    case NGHTTP2_SETTINGS:
        connection->has_settings = true;
        spend_control(connection);
        break;
    case NGHTTP2_PRIORITY:
    case NGHTTP2_GOAWAY:
    case NGHTTP2_ALTSVC:
    case NGHTTP2_ORIGIN:
    case NGHTTP2_PRIORITY_UPDATE:
        spend_control(connection);
        break;
    case NGHTTP2_WINDOW_UPDATE: /* one follows each answer */
    case NGHTTP2_PUSH_PROMISE:
    case NGHTTP2_CONTINUATION:
        break;
    }
    return 0;
}

/* A frame that nghttp2 answers with RST_STREAM or GOAWAY. */
static int session_on_invalid_frame(
    nghttp2_session *session, const nghttp2_frame *frame, int error, void *context) {
    (void)session, (void)frame, (void)error;
    spend_control(context);
    return 0;
}

static int session_on_data(
    nghttp2_session *session,
    uint8_t flags,
    int32_t stream_id,
    const uint8_t *data,
    size_t size,
    void *context) {
    struct dk__h2_connection *connection = context;
    struct dk__h2_stream *stream = stream_find(connection, stream_id);
    (void)flags;

    connection->credit_bytes += size;
    if (connection->credit_bytes >= DK__H2_CREDIT_BYTES) {
        (void)nghttp2_session_consume_connection(session, connection->credit_bytes);
        connection->credit_bytes = 0;
    }
    if (stream != NULL) {
        dk__h2_stream_receive(stream, (struct dk_bytes){.data = (const char *)data, .size = size});
    }
    return 0;
}

static int session_on_stream_close(
    nghttp2_session *session, int32_t stream_id, uint32_t error_code, void *context) {
    struct dk__h2_stream *stream = stream_find(context, stream_id);
    (void)session, (void)error_code;
    if (stream != NULL) {
        dk__h2_stream_close(stream);
    }
    return 0;
}

/* ── to the peer ────────────────────────────────────────────────────────────────────────────── */

/* Appends in pieces that fill the chunks: a frame needs no memory of its own size. */
static bool outbox_append(struct dk__chain *outbox, struct dk_bytes bytes) {
    while (bytes.size > 0) {
        const struct dk__chunk *newest = outbox->newest;
        size_t room = newest == NULL ? 0 : newest->capacity - newest->used;
        if (room == 0) {
            room = DK__CHUNK_LARGE - sizeof *newest;
        }
        const size_t part = bytes.size < room ? bytes.size : room;
        if (!dk__chain_append_bytes(outbox, (struct dk_bytes){.data = bytes.data, .size = part})) {
            return false;
        }
        bytes.data += part;
        bytes.size -= part;
    }
    return true;
}

static size_t outbox_mark(const struct dk__h2_connection *connection) {
    const size_t bytes_max = connection->listener->server->limits.outbox_bytes_max;
    return bytes_max < DK__H2_OUTBOX_MARK ? bytes_max : DK__H2_OUTBOX_MARK;
}

/* DATA goes from the RPC's chain into the outbox: its one copy. */
static int session_on_send_data(
    nghttp2_session *session,
    nghttp2_frame *frame,
    const uint8_t *frame_head,
    size_t size,
    nghttp2_data_source *source,
    void *context) {
    enum { FRAME_HEAD_BYTES = 9 };
    struct dk__h2_connection *connection = context;
    struct dk__h2_stream *stream = source->ptr;
    const struct dk_bytes head = {.data = (const char *)frame_head, .size = FRAME_HEAD_BYTES};
    (void)session, (void)frame; /* no padding: we choose none */

    if (connection->outbox.bytes >= outbox_mark(connection)) {
        return NGHTTP2_ERR_WOULDBLOCK; /* it asks again when the outbox has been written */
    }
    if (!outbox_append(&connection->outbox, head)) {
        return NGHTTP2_ERR_CALLBACK_FAILURE;
    }
    for (size_t left = size; left > 0;) {
        struct dk_bytes part = dk__chain_front(&stream->rpc.out);
        part.size = part.size < left ? part.size : left;
        if (!outbox_append(&connection->outbox, part)) {
            return NGHTTP2_ERR_CALLBACK_FAILURE;
        }
        dk__chain_consume(&stream->rpc.out, part.size);
        left -= part.size;
    }
    if (size > 0) {
        dk__h2_stream_on_sent(stream, size);
    }
    return 0;
}

/* A caller that still sends although its answer is complete is told to stop, without blame. */
static int session_on_frame_sent(
    nghttp2_session *session, const nghttp2_frame *frame, void *context) {
    if (frame->hd.type == NGHTTP2_RST_STREAM) {
        ((struct dk__h2_connection *)context)->listener->counts.resets_by_us++;
    }
    if ((frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) ||
        (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) == 0) {
        return 0;
    }
    const struct dk__h2_stream *stream = stream_find(context, frame->hd.stream_id);
    if (stream != NULL && !stream->is_peer_done) {
        (void)nghttp2_submit_rst_stream(
            session, NGHTTP2_FLAG_NONE, frame->hd.stream_id, NGHTTP2_NO_ERROR);
    }
    return 0;
}

/* ── life ───────────────────────────────────────────────────────────────────────────────────── */

enum dk_error dk__h2_session_setup(struct dk__listener *listener) {
    nghttp2_session_callbacks *callbacks = NULL;
    nghttp2_option *options = NULL;
    if (nghttp2_session_callbacks_new(&callbacks) != 0 || nghttp2_option_new(&options) != 0) {
        nghttp2_session_callbacks_del(callbacks);
        return DK_EXHAUSTED;
    }
    nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks, session_on_begin_frame);
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, session_on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, session_on_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, session_on_frame);
    nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(
        callbacks, session_on_invalid_frame);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, session_on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, session_on_stream_close);
    nghttp2_session_callbacks_set_send_data_callback(callbacks, session_on_send_data);
    nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, session_on_frame_sent);

    nghttp2_option_set_no_auto_window_update(options, 1);
    nghttp2_option_set_max_outbound_ack(options, DK__H2_ACKS_WAITING_MAX);
    /* Ours counts calls under way and answers ENHANCE_YOUR_CALM; a deadline that cancels every
     * call in flight is no attack. */
    nghttp2_option_set_stream_reset_rate_limit(
        options, UINT64_C(1) << 32, DK__H2_CONTROLS_PER_SECOND_MAX);
    dk__h2_memory_setup(&listener->memory);
    listener->callbacks = callbacks;
    listener->options = options;
    return DK_OK;
}

void dk__h2_session_teardown(struct dk__listener *listener) {
    nghttp2_session_callbacks_del(listener->callbacks);
    nghttp2_option_del(listener->options);
    dk__h2_memory_clear(&listener->memory);
}

bool dk__h2_session_new(struct dk__h2_connection *connection) {
    struct dk__listener *listener = connection->listener;
    const struct dk__limits *limits = &listener->server->limits;
    const nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits->calls_max},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, DK__H2_STREAM_WINDOW_BYTES},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, (uint32_t)limits->header_bytes_max},
    };
    if (nghttp2_session_server_new3(
            &connection->session,
            listener->callbacks,
            connection,
            listener->options,
            &listener->memory.functions) != 0) {
        return false;
    }
    return nghttp2_submit_settings(
               connection->session,
               NGHTTP2_FLAG_NONE,
               settings,
               sizeof settings / sizeof settings[0]) == 0 &&
           nghttp2_session_set_local_window_size(
               connection->session, NGHTTP2_FLAG_NONE, 0, DK__H2_CONNECTION_WINDOW_BYTES) == 0;
}

bool dk__h2_session_receive(struct dk__h2_connection *connection, struct dk_bytes bytes) {
    const ssize_t taken =
        nghttp2_session_mem_recv(connection->session, (const uint8_t *)bytes.data, bytes.size);
    if (taken == NGHTTP2_ERR_FLOODED || taken == NGHTTP2_ERR_TOO_MANY_CONTINUATIONS) {
        connection_calm(connection, nghttp2_strerror((int)taken));
    } else if (taken < 0 && !connection->is_condemned) {
        dk_log(
            DK_LOG_DEBUG, "h2", "connection ended", "reason=\"%s\"", nghttp2_strerror((int)taken));
        dk__h2_session_end(
            connection,
            taken == NGHTTP2_ERR_NOMEM ? NGHTTP2_INTERNAL_ERROR : NGHTTP2_PROTOCOL_ERROR);
    }
    return !connection->is_condemned;
}

bool dk__h2_session_send(struct dk__h2_connection *connection, bool *ret_is_empty) {
    const size_t mark = outbox_mark(connection);
    *ret_is_empty = false;
    while (connection->outbox.bytes < mark) {
        const uint8_t *data = NULL;
        const size_t before = connection->outbox.bytes;
        const ssize_t size = nghttp2_session_mem_send(connection->session, &data);
        if (size < 0) {
            return false;
        }
        if (size == 0 && connection->outbox.bytes == before) {
            *ret_is_empty = true;
            return true;
        }
        const struct dk_bytes bytes = {.data = (const char *)data, .size = (size_t)size};
        if (!outbox_append(&connection->outbox, bytes)) {
            return false;
        }
    }
    return true;
}

bool dk__h2_session_is_over(const struct dk__h2_connection *connection) {
    return nghttp2_session_want_read(connection->session) == 0 &&
           nghttp2_session_want_write(connection->session) == 0;
}

void dk__h2_session_notice(struct dk__h2_connection *connection) {
    (void)nghttp2_submit_shutdown_notice(connection->session);
    (void)nghttp2_submit_ping(connection->session, NGHTTP2_FLAG_NONE, drain_ping);
}

void dk__h2_session_goaway(struct dk__h2_connection *connection) {
    (void)nghttp2_submit_goaway(
        connection->session,
        NGHTTP2_FLAG_NONE,
        nghttp2_session_get_last_proc_stream_id(connection->session),
        NGHTTP2_NO_ERROR,
        NULL,
        0);
}

void dk__h2_session_end(struct dk__h2_connection *connection, uint32_t error_code) {
    connection->is_condemned = true;
    (void)nghttp2_session_terminate_session(connection->session, error_code);
}

void dk__h2_session_resume(struct dk__h2_stream *stream) {
    stream->is_deferred = false;
    (void)nghttp2_session_resume_data(stream->connection->session, stream->id);
}

void dk__h2_session_reset(struct dk__h2_stream *stream, uint32_t error_code) {
    (void)nghttp2_submit_rst_stream(
        stream->connection->session, NGHTTP2_FLAG_NONE, stream->id, error_code);
    dk__h2_connection_touch(stream->connection);
}

void dk__h2_session_credit(struct dk__h2_stream *stream) {
    (void)nghttp2_session_consume_stream(
        stream->connection->session, stream->id, stream->credit_bytes);
}
