/*
 * A client for one call: connect, one request, read until the stream closes. It waits in poll().
 */
#include "wire/h2/ask.h"

#include "core/chain.h"

#include <dk/loop.h>
#include <errno.h>
#include <nghttp2/nghttp2.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { PREFIX_BYTES = 5, READ_BYTES = 16384, NO_STATUS = -1 };

struct ask {
    int descriptor;
    nghttp2_session *session;
    struct dk__arena *arena;
    struct dk__chain body; /* what arrived, prefix and message */
    char *request;         /* framed */
    size_t request_size, request_sent;
    struct dk__h2_answer *answer;
    uint32_t stream_error;
    bool is_closed, is_full;
    const uint8_t *unsent; /* what a full socket left over; the session's memory */
    size_t unsent_size;
};

static int on_header(
    nghttp2_session *session,
    const nghttp2_frame *frame,
    const uint8_t *name,
    size_t name_size,
    const uint8_t *value,
    size_t value_size,
    uint8_t flags,
    void *context) {
    static const struct dk_bytes status = DK_BYTES("grpc-status"), text = DK_BYTES("grpc-message");
    struct ask *ask = context;
    const struct dk_bytes key = {(const char *)name, name_size};
    const char *copy =
        dk__arena_copy_text(ask->arena, (struct dk_bytes){(const char *)value, value_size});
    (void)session;
    (void)frame;
    (void)flags;
    if (copy == NULL) {
        ask->is_full = true;
        return 0;
    }
    if (dk_bytes_equal(key, status)) {
        ask->answer->code = (int)strtol(copy, NULL, 10);
    } else if (dk_bytes_equal(key, text)) {
        ask->answer->text = dk_bytes_of(copy);
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
    struct ask *ask = context;
    (void)session;
    (void)flags;
    (void)stream;
    if (!dk__chain_append_bytes(&ask->body, (struct dk_bytes){(const char *)data, size})) {
        ask->is_full = true;
    }
    return 0;
}

static int on_close(nghttp2_session *session, int32_t stream, uint32_t error_code, void *context) {
    struct ask *ask = context;
    (void)session;
    (void)stream;
    ask->is_closed = true;
    ask->stream_error = error_code;
    return 0;
}

static ssize_t on_read_request(
    nghttp2_session *session,
    int32_t stream,
    uint8_t *target,
    size_t size,
    uint32_t *flags,
    nghttp2_data_source *source,
    void *context) {
    struct ask *ask = context;
    const size_t left = ask->request_size - ask->request_sent;
    const size_t part = left < size ? left : size;
    (void)session;
    (void)stream;
    (void)source;
    memcpy(target, ask->request + ask->request_sent, part);
    ask->request_sent += part;
    if (ask->request_sent == ask->request_size) {
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    }
    return (ssize_t)part;
}

static nghttp2_nv field(const char *name, const char *value) {
    return (nghttp2_nv){
        .name = (uint8_t *)(uintptr_t)name,
        .value = (uint8_t *)(uintptr_t)value,
        .namelen = strlen(name),
        .valuelen = strlen(value),
    };
}

static enum dk_error ask_submit(
    struct ask *ask, const char *method_path, struct dk_bytes request, struct dk_fault *fault) {
    const nghttp2_data_provider provider = {.read_callback = on_read_request};
    const nghttp2_nv fields[] = {
        field(":method", "POST"),
        field(":scheme", "http"),
        field(":path", method_path),
        field(":authority", "localhost"),
        field("content-type", "application/grpc"),
        field("te", "trailers"),
    };
    ask->request_size = PREFIX_BYTES + request.size;
    ask->request = dk__arena_take(ask->arena, ask->request_size);
    nghttp2_session_callbacks *callbacks = NULL;
    if (ask->request == NULL || nghttp2_session_callbacks_new(&callbacks) != 0) {
        return dk_fault_set(fault, DK_EXHAUSTED, "no memory for a request");
    }
    for (size_t i = 0; i < 4; i++) {
        ask->request[1 + i] = (char)(request.size >> (24 - 8 * i));
    }
    if (request.size > 0) {
        memcpy(ask->request + PREFIX_BYTES, request.data, request.size);
    }
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
    const int made = nghttp2_session_client_new(&ask->session, callbacks, ask);
    nghttp2_session_callbacks_del(callbacks);
    if (made != 0 || nghttp2_submit_settings(ask->session, NGHTTP2_FLAG_NONE, NULL, 0) != 0 ||
        nghttp2_submit_request(
            ask->session, NULL, fields, sizeof fields / sizeof fields[0], &provider, NULL) < 0) {
        return dk_fault_set(fault, DK_EXHAUSTED, "no memory for a request");
    }
    return DK_OK;
}

static enum dk_error ask_connect(struct ask *ask, const char *path, struct dk_fault *fault) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char words[128];
    if (strlen(path) >= sizeof address.sun_path) {
        return dk_fault_set(fault, DK_INVALID, "'%s' is longer than a socket's path may be", path);
    }
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    ask->descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (ask->descriptor < 0 ||
        connect(ask->descriptor, (struct sockaddr *)&address, sizeof address) != 0) {
        const int number = errno;
        if (strerror_r(number, words, sizeof words) != 0) {
            (void)snprintf(words, sizeof words, "error %d", number);
        }
        return dk_fault_set(fault, DK_UNAVAILABLE, "'%s' cannot be connected to: %s", path, words);
    }
    return DK_OK;
}

/* Writes what the session has to say; false when the peer is gone. */
static bool ask_write(struct ask *ask, bool *ret_blocked) {
    *ret_blocked = false;
    for (;;) {
        if (ask->unsent_size == 0) {
            const ssize_t size = nghttp2_session_mem_send(ask->session, &ask->unsent);
            if (size <= 0) {
                return size == 0;
            }
            ask->unsent_size = (size_t)size;
        }
        const ssize_t sent = send(ask->descriptor, ask->unsent, ask->unsent_size, MSG_NOSIGNAL);
        if (sent < 0) {
            *ret_blocked = errno == EAGAIN;
            return *ret_blocked;
        }
        ask->unsent += sent;
        ask->unsent_size -= (size_t)sent;
    }
}

/* False when the connection has ended or speaks no HTTP/2. */
static bool ask_read(struct ask *ask) {
    uint8_t bytes[READ_BYTES];
    for (;;) {
        const ssize_t size = recv(ask->descriptor, bytes, sizeof bytes, 0);
        if (size < 0) {
            return errno == EAGAIN;
        }
        if (size == 0 || nghttp2_session_mem_recv(ask->session, bytes, (size_t)size) < 0) {
            return false;
        }
    }
}

static enum dk_error ask_run(struct ask *ask, int wait_ms, struct dk_fault *fault) {
    const int64_t end_ms = dk_clock_ms() + wait_ms;
    while (!ask->is_closed) {
        bool is_blocked = false;
        if (!ask_write(ask, &is_blocked)) {
            return dk_fault_set(fault, DK_UNAVAILABLE, "the connection was closed");
        }
        const int64_t left_ms = end_ms - dk_clock_ms();
        struct pollfd wait = {
            .fd = ask->descriptor, .events = (short)(is_blocked ? POLLIN | POLLOUT : POLLIN)};
        if (left_ms <= 0 || poll(&wait, 1, (int)left_ms) == 0) {
            return dk_fault_set(fault, DK_TIMEOUT, "no answer within %d ms", wait_ms);
        }
        if (!ask_read(ask) && !ask->is_closed) {
            return dk_fault_set(
                fault, DK_INTERNAL, "the connection ended without an answer: does it speak gRPC?");
        }
    }
    if (ask->is_full) {
        return dk_fault_set(fault, DK_EXHAUSTED, "the answer is too large");
    }
    if (ask->answer->code == NO_STATUS) {
        return dk_fault_set(
            fault, DK_INTERNAL, "the stream ended with HTTP/2 error %u", ask->stream_error);
    }
    return DK_OK;
}

/* The first message out of the body, in one piece. */
static enum dk_error ask_take_message(struct ask *ask, struct dk_fault *fault) {
    unsigned char prefix[PREFIX_BYTES];
    if (ask->body.bytes < PREFIX_BYTES) {
        return DK_OK;
    }
    (void)dk__chain_read(&ask->body, prefix, sizeof prefix);
    const size_t size = (size_t)prefix[1] << 24 | (size_t)prefix[2] << 16 | (size_t)prefix[3] << 8 |
                        (size_t)prefix[4];
    char *message = dk__arena_take_bytes(ask->arena, size);
    if (message == NULL || size > ask->body.bytes) {
        return dk_fault_set(fault, DK_INTERNAL, "the answer is cut off");
    }
    (void)dk__chain_read(&ask->body, message, size);
    ask->answer->message = (struct dk_bytes){.data = message, .size = size};
    return DK_OK;
}

enum dk_error dk__h2_ask(
    const char *socket_path,
    const char *method_path,
    struct dk_bytes request,
    int wait_ms,
    struct dk__arena *arena,
    struct dk__h2_answer *ret_answer,
    struct dk_fault *fault) {
    struct ask ask = {
        .descriptor = -1,
        .arena = arena,
        .body = {.pool = arena->pool, .bytes_max = arena->bytes_max},
        .answer = ret_answer,
    };
    *ret_answer = (struct dk__h2_answer){.code = NO_STATUS};
    enum dk_error error = ask_connect(&ask, socket_path, fault);
    if (error == DK_OK) {
        error = ask_submit(&ask, method_path, request, fault);
    }
    if (error == DK_OK) {
        error = ask_run(&ask, wait_ms, fault);
    }
    if (error == DK_OK) {
        error = ask_take_message(&ask, fault);
    }
    nghttp2_session_del(ask.session);
    dk__chain_reset(&ask.body);
    if (ask.descriptor >= 0) {
        (void)close(ask.descriptor);
    }
    return error;
}
