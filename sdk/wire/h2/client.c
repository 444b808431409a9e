/*
 * A client's session: nghttp2 over a link, one call at a time, on a thread that may wait.
 *
 *     unary ─▶ (connect) ─▶ request into the session ─▶ write, wait, read … ─▶ stream closed ─▶ answer
 */
#include "wire/h2/client.h"

#include "core/base64.h"
#include "core/chain.h"
#include "wire/h2/gather.h"

#include <nghttp2/nghttp2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    PREFIX_BYTES = 5,
    READ_BYTES = 16384,
    NO_STATUS = -1,
    OWN_FIELDS = 6,
    AUTHORITY_BYTES = 300,
};

/* The call under way. */
struct call {
    struct dk__arena *arena;
    struct dk__chain body; /* what arrived, prefix and message */
    char prefix[PREFIX_BYTES];
    struct dk_bytes message; /* to send, after the prefix */
    size_t sent;             /* of both */
    struct dk__h2_answer *answer;
    int http_status;
    uint32_t stream_error;
    bool is_closed, is_full;
};

struct dk__h2_client {
    struct dk__h2_target target;
    struct dk__h2_link link;
    char authority[AUTHORITY_BYTES];
    nghttp2_session_callbacks *callbacks;
    nghttp2_session *session; /* of an open link */
    struct call *call;        /* NULL: none */
    bool is_gather_full;      /* a frame of data waits for a write */
    struct dk__h2_gather gather;
};

/* ── nghttp2's events ───────────────────────────────────────────────────────────────────────── */

/* Absent where it is no base64 or there is no room: then a status is without details. */
static struct dk_bytes details_read(struct call *call, struct dk_bytes text) {
    size_t size = 0;
    char *target = dk__arena_take_bytes(call->arena, text.size / 4 * 3 + 2);
    if (target == NULL || !dk__base64_decode(text, target, &size)) {
        return (struct dk_bytes){0};
    }
    return (struct dk_bytes){.data = target, .size = size};
}

static int on_header(
    nghttp2_session *session,
    const nghttp2_frame *frame,
    const uint8_t *name,
    size_t name_size,
    const uint8_t *value,
    size_t value_size,
    uint8_t flags,
    void *context) {
    static const struct dk_bytes http_status = DK_BYTES(":status");
    static const struct dk_bytes status = DK_BYTES("grpc-status"), text = DK_BYTES("grpc-message");
    static const struct dk_bytes details = DK_BYTES("grpc-status-details-bin");
    struct call *call = ((struct dk__h2_client *)context)->call;
    const struct dk_bytes key = {(const char *)name, name_size};
    (void)session;
    (void)frame;
    (void)flags;
    if (call == NULL) {
        return 0;
    }
    const char *copy =
        dk__arena_copy_text(call->arena, (struct dk_bytes){(const char *)value, value_size});
    if (copy == NULL) {
        call->is_full = true;
    } else if (dk_bytes_equal(key, status)) {
        call->answer->code = (int)strtol(copy, NULL, 10);
    } else if (dk_bytes_equal(key, text)) {
        call->answer->text = dk_bytes_of(copy);
    } else if (dk_bytes_equal(key, details)) {
        call->answer->details = details_read(call, dk_bytes_of(copy));
    } else if (dk_bytes_equal(key, http_status)) {
        call->http_status = (int)strtol(copy, NULL, 10);
    }
    return 0;
}

static int on_data(
    nghttp2_session *session,
    uint8_t flags,
    int32_t stream,
    const uint8_t *data,
    size_t size,
    void *context) {
    struct call *call = ((struct dk__h2_client *)context)->call;
    (void)session;
    (void)flags;
    (void)stream;
    if (call != NULL &&
        !dk__chain_append_bytes(&call->body, (struct dk_bytes){(const char *)data, size})) {
        call->is_full = true;
    }
    return 0;
}

static int on_close(nghttp2_session *session, int32_t stream, uint32_t error_code, void *context) {
    struct call *call = ((struct dk__h2_client *)context)->call;
    (void)session;
    (void)stream;
    if (call != NULL) {
        call->is_closed = true;
        call->stream_error = error_code;
    }
    return 0;
}

/* How much of the request the next frame has; on_send_data then takes it from where it lies. */
static ssize_t on_read_request(
    nghttp2_session *session,
    int32_t stream,
    uint8_t *target, /* NOLINT(readability-non-const-parameter): nghttp2's type */
    size_t size,
    uint32_t *flags,
    nghttp2_data_source *source,
    void *context) {
    const struct call *call = ((struct dk__h2_client *)context)->call;
    (void)session;
    (void)stream;
    (void)target;
    (void)source;
    if (call == NULL) {
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE; /* its call has given up */
    }
    const size_t rest = PREFIX_BYTES + call->message.size - call->sent;
    *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    if (rest <= size) {
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    }
    return (ssize_t)(rest < size ? rest : size);
}

static int on_send_data(
    nghttp2_session *session,
    nghttp2_frame *frame,
    const uint8_t *head,
    size_t size,
    nghttp2_data_source *source,
    void *context) {
    enum { HEAD_BYTES = 9 };
    struct dk__h2_client *client = context;
    struct call *call = client->call;
    (void)session;
    (void)frame;
    (void)source;
    if (call == NULL) {
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    }
    struct dk_bytes prefix = {call->prefix, 0}, data = {"", 0};
    if (call->sent < PREFIX_BYTES) {
        prefix.data += call->sent;
        prefix.size = PREFIX_BYTES - call->sent < size ? PREFIX_BYTES - call->sent : size;
    }
    if (size > prefix.size) {
        data.data = call->message.data + (call->sent + prefix.size - PREFIX_BYTES);
        data.size = size - prefix.size;
    }
    if (!dk__h2_gather_data(
            &client->gather, (struct dk_bytes){(const char *)head, HEAD_BYTES}, prefix, data)) {
        client->is_gather_full = true;
        return NGHTTP2_ERR_WOULDBLOCK; /* it is asked again */
    }
    call->sent += size;
    return 0;
}

/* ── the connection ─────────────────────────────────────────────────────────────────────────── */

static void client_close(struct dk__h2_client *client) {
    nghttp2_session_del(client->session);
    client->session = NULL;
    dk__h2_gather_reset(&client->gather);
    dk__h2_link_close(&client->link);
}

static enum dk_error client_open(
    struct dk__h2_client *client, int64_t end_ms, struct dk_fault *fault) {
    if (dk__h2_link_open(&client->link, &client->target, end_ms, fault) != DK_OK) {
        return fault->error;
    }
    if (nghttp2_session_client_new(&client->session, client->callbacks, client) != 0 ||
        nghttp2_submit_settings(client->session, NGHTTP2_FLAG_NONE, NULL, 0) != 0) {
        client_close(client);
        return dk_fault_set(fault, DK_EXHAUSTED, "no memory for a connection");
    }
    return DK_OK;
}

/* What the session has to say, until there is no more or the gather is full; false: it cannot go on. */
static bool client_gather(struct dk__h2_client *client) {
    client->is_gather_full = false;
    while (!client->is_gather_full) {
        const uint8_t *frame = NULL;
        const ssize_t size = nghttp2_session_mem_send(client->session, &frame);
        if (size <= 0) {
            return size == 0;
        }
        if (!dk__h2_gather_frame(
                &client->gather, (struct dk_bytes){(const char *)frame, (size_t)size})) {
            return false; /* a frame larger than HTTP/2's default: nobody has asked for one */
        }
        client->is_gather_full = !dk__h2_gather_has_room(&client->gather);
    }
    return true;
}

/* Writes what the session has to say; false when the peer is gone. */
static bool client_write(struct dk__h2_client *client, bool *ret_blocked) {
    *ret_blocked = false;
    client->is_gather_full = true;
    for (;;) {
        const int result = dk__h2_gather_write(&client->gather, &client->link);
        if (result <= 0) {
            *ret_blocked = result == 0;
            return result == 0;
        }
        if (!client->is_gather_full) {
            return true;
        }
        if (!client_gather(client)) {
            return false;
        }
    }
}

/* Reads what there is; false when the connection has ended or speaks no HTTP/2. */
static bool client_read(struct dk__h2_client *client) {
    char bytes[READ_BYTES];
    for (;;) {
        const ssize_t size = dk__h2_link_read(&client->link, bytes, sizeof bytes);
        if (size <= 0) {
            return size == 0;
        }
        if (nghttp2_session_mem_recv(client->session, (const uint8_t *)bytes, (size_t)size) < 0) {
            return false;
        }
    }
}

/* An open connection that takes one more call: what its server said since the last is heard first, so
 * that one it has closed meanwhile costs no call. */
static enum dk_error client_ready(
    struct dk__h2_client *client, int64_t end_ms, struct dk_fault *fault) {
    if (client->session != NULL &&
        (!client_read(client) || nghttp2_session_check_request_allowed(client->session) == 0)) {
        client_close(client);
    }
    return client->session != NULL ? DK_OK : client_open(client, end_ms, fault);
}

/* ── a call ─────────────────────────────────────────────────────────────────────────────────── */

static nghttp2_nv field(struct dk_bytes name, struct dk_bytes value) {
    return (nghttp2_nv){
        .name = (uint8_t *)(uintptr_t)name.data,
        .value = (uint8_t *)(uintptr_t)value.data,
        .namelen = name.size,
        .valuelen = value.size,
    };
}

static nghttp2_nv own_field(const char *name, const char *value) {
    return field(dk_bytes_of(name), dk_bytes_of(value));
}

static enum dk_error call_submit(
    struct dk__h2_client *client, const struct dk__h2_request *request, struct dk_fault *fault) {
    const nghttp2_data_provider provider = {.read_callback = on_read_request};
    const struct dk_pairs metadata = request->metadata;
    nghttp2_nv fields[OWN_FIELDS + DK__H2_CLIENT_METADATA_MAX] = {
        own_field(":method", "POST"),
        own_field(":scheme", client->target.tls != NULL ? "https" : "http"),
        own_field(":path", request->path),
        own_field(":authority", client->authority),
        own_field("content-type", "application/grpc"),
        own_field("te", "trailers"),
    };
    if (metadata.count > DK__H2_CLIENT_METADATA_MAX) {
        return dk_fault_set(
            fault, DK_EXHAUSTED, "more than %d pairs of metadata", DK__H2_CLIENT_METADATA_MAX);
    }
    for (size_t i = 0; i < metadata.count; i++) {
        fields[OWN_FIELDS + i] = field(metadata.items[i].key, metadata.items[i].value);
    }
    if (nghttp2_submit_request(
            client->session, NULL, fields, OWN_FIELDS + metadata.count, &provider, NULL) < 0) {
        return dk_fault_set(fault, DK_EXHAUSTED, "no memory for a request");
    }
    return DK_OK;
}

static enum dk_error call_wait(
    struct dk__h2_client *client, struct call *call, int64_t end_ms, struct dk_fault *fault) {
    while (!call->is_closed) {
        bool is_blocked = false;
        if (!client_write(client, &is_blocked)) {
            return dk_fault_set(fault, DK_UNAVAILABLE, "the connection was closed");
        }
        if (dk__h2_link_wait(&client->link, is_blocked, end_ms, fault) != DK_OK) {
            return fault->error;
        }
        if (!client_read(client) && !call->is_closed) {
            return dk_fault_set(
                fault,
                DK_UNAVAILABLE,
                "the connection ended without an answer: does it speak gRPC?");
        }
    }
    return DK_OK;
}

/* What was answered without a grpc-status; some of it another try may change. Source: gRPC over HTTP/2,
 * "HTTP status to gRPC status". */
static enum dk_error call_no_status(const struct call *call, struct dk_fault *fault) {
    const int status = call->http_status;
    const bool may_pass = status == 429 || (status >= 502 && status <= 504) ||
                          call->stream_error == NGHTTP2_REFUSED_STREAM;
    if (status != 0 && status != 200) {
        return dk_fault_set(
            fault,
            may_pass ? DK_UNAVAILABLE : DK_INTERNAL,
            "HTTP status %d, and no gRPC status",
            status);
    }
    return dk_fault_set(
        fault,
        may_pass ? DK_UNAVAILABLE : DK_INTERNAL,
        "the stream ended with HTTP/2 error %u",
        call->stream_error);
}

/* The first message out of the body, in one piece. */
static enum dk_error call_take_message(struct call *call, struct dk_fault *fault) {
    unsigned char prefix[PREFIX_BYTES];
    if (call->body.bytes < PREFIX_BYTES) {
        return DK_OK;
    }
    (void)dk__chain_read(&call->body, prefix, sizeof prefix);
    const size_t size = (size_t)prefix[1] << 24 | (size_t)prefix[2] << 16 | (size_t)prefix[3] << 8 |
                        (size_t)prefix[4];
    char *message = size > call->body.bytes ? NULL : dk__arena_take_bytes(call->arena, size);
    if (message == NULL) {
        return dk_fault_set(fault, DK_INTERNAL, "the answer is cut off");
    }
    (void)dk__chain_read(&call->body, message, size);
    call->answer->message = (struct dk_bytes){.data = message, .size = size};
    return DK_OK;
}

static enum dk_error call_run(
    struct dk__h2_client *client,
    struct call *call,
    const struct dk__h2_request *request,
    struct dk_fault *fault) {
    const int64_t end_ms = dk__h2_link_now_ms() + request->wait_ms;
    if (client_ready(client, end_ms, fault) != DK_OK) {
        return fault->error;
    }
    client->call = call;
    if (call_submit(client, request, fault) != DK_OK ||
        call_wait(client, call, end_ms, fault) != DK_OK) {
        return fault->error;
    }
    if (call->is_full) {
        return dk_fault_set(fault, DK_EXHAUSTED, "the answer is too large");
    }
    return call->answer->code == NO_STATUS ? call_no_status(call, fault)
                                           : call_take_message(call, fault);
}

enum dk_error dk__h2_client_unary(
    struct dk__h2_client *client,
    const struct dk__h2_request *request,
    struct dk__arena *arena,
    struct dk__h2_answer *ret_answer,
    struct dk_fault *fault) {
    const size_t size = request->message.size;
    struct call call = {
        .arena = arena,
        .body = {.pool = arena->pool, .bytes_max = arena->bytes_max},
        .prefix = {0, (char)(size >> 24), (char)(size >> 16), (char)(size >> 8), (char)size},
        .message = request->message,
        .answer = ret_answer,
    };
    *ret_answer = (struct dk__h2_answer){.code = NO_STATUS};
    const enum dk_error error = call_run(client, &call, request, fault);
    client->call = NULL;
    dk__chain_reset(&call.body);
    /* Who answered before it had read the request leaves a rest of it, and that is the caller's memory. */
    if (error != DK_OK || client->gather.count > 0) {
        client_close(client);
    }
    return error;
}

/* ── a client's life ────────────────────────────────────────────────────────────────────────── */

static void write_authority(struct dk__h2_client *client) {
    const struct dk__h2_target *target = &client->target;
    if (target->socket_path != NULL) {
        (void)snprintf(client->authority, sizeof client->authority, "localhost");
        return;
    }
    const bool is_v6 = strchr(target->host, ':') != NULL;
    (void)snprintf(
        client->authority,
        sizeof client->authority,
        is_v6 ? "[%s]:%s" : "%s:%s",
        target->host,
        target->port);
}

enum dk_error dk__h2_client_new(
    const struct dk__h2_target *target,
    int stop_descriptor,
    struct dk__h2_client **ret_client,
    struct dk_fault *fault) {
    struct dk__h2_client *client = calloc(1, sizeof *client);
    if (client == NULL || nghttp2_session_callbacks_new(&client->callbacks) != 0) {
        free(client);
        return dk_fault_set(fault, DK_EXHAUSTED, "no memory for a client");
    }
    nghttp2_session_callbacks_set_on_header_callback(client->callbacks, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(client->callbacks, on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(client->callbacks, on_close);
    nghttp2_session_callbacks_set_send_data_callback(client->callbacks, on_send_data);
    client->target = *target;
    write_authority(client);
    if (dk__h2_link_init(&client->link, target, stop_descriptor, fault) != DK_OK) {
        dk__h2_client_free(client);
        return fault->error;
    }
    *ret_client = client;
    return DK_OK;
}

void dk__h2_client_free(struct dk__h2_client *client) {
    if (client == NULL) {
        return;
    }
    client_close(client);
    dk__h2_link_clear(&client->link);
    nghttp2_session_callbacks_del(client->callbacks);
    free(client);
}
