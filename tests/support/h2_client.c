/*
 * The client half of nghttp2 on a loop: reads when there is something, writes at the end of the
 * turn, keeps all that came with a call until the call is freed.
 */
#include "support/h2_client.h"

#include "core/loop.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <nghttp2/nghttp2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { READ_BYTES = 64 * 1024, OUTBOX_MARK = 256 * 1024, PREFIX_BYTES = 5 };

struct h2_client {
    struct dk_loop *loop;
    struct h2_options options;
    nghttp2_session *session;
    struct dk_watch watch;
    struct dk_deferred turn_end;
    char *outbox;
    size_t outbox_size, outbox_sent, outbox_capacity;
    bool is_blocked, is_paused, is_closed;
    struct h2_seen seen;
    char buffer[READ_BYTES];
};

static void *must(void *memory) {
    if (memory == NULL) {
        abort();
    }
    return memory;
}

static void check(bool is_good, const char *what) {
    if (!is_good) {
        (void)fprintf(stderr, "h2_client: %s: %s\n", what, strerror(errno));
        abort();
    }
}

static void append(char **bytes, size_t *size, size_t *capacity, const void *data, size_t more) {
    if (*size + more > *capacity) {
        *capacity = (*size + more) * 2;
        *bytes = must(realloc(*bytes, *capacity));
    }
    if (more > 0) {
        memcpy(*bytes + *size, data, more);
    }
    *size += more;
}

/* ── socket ─────────────────────────────────────────────────────────────────────────────────── */

static int dial(const char *address) {
    struct sockaddr_un local = {.sun_family = AF_UNIX};
    struct sockaddr_in remote = {.sin_family = AF_INET};
    int descriptor = -1, failed = -1;

    if (strncmp(address, "unix:", 5) == 0) {
        check(strlen(address + 5) < sizeof local.sun_path, address);
        (void)strcpy(local.sun_path, address + 5);
        descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        failed = connect(descriptor, (struct sockaddr *)&local, sizeof local);
    } else {
        char host[64] = "";
        const char *colon = strrchr(address, ':');
        const int on = 1;
        check(colon != NULL && colon - address < (int)sizeof host, address);
        memcpy(host, address, (size_t)(colon - address));
        check(inet_pton(AF_INET, host, &remote.sin_addr) == 1, address);
        remote.sin_port = htons((uint16_t)strtoul(colon + 1, NULL, 10));
        descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        (void)setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        failed = connect(descriptor, (struct sockaddr *)&remote, sizeof remote);
    }
    check(failed == 0, address);
    return descriptor;
}

static void client_watch(struct h2_client *client) {
    const unsigned wanted = (client->is_paused ? 0U : (unsigned)DK_READABLE) |
                            (client->is_blocked ? (unsigned)DK_WRITABLE : 0U);
    (void)dk_watch_set(client->loop, &client->watch, client->is_closed ? 0 : wanted);
}

static void client_close(struct h2_client *client) {
    if (!client->is_closed) {
        client->is_closed = true;
        client_watch(client);
        (void)close(client->watch.descriptor);
    }
}

static void client_fill(struct h2_client *client) {
    while (client->outbox_size < OUTBOX_MARK) {
        const uint8_t *data = NULL;
        const ssize_t size = nghttp2_session_mem_send(client->session, &data);
        if (size <= 0) {
            return;
        }
        append(&client->outbox, &client->outbox_size, &client->outbox_capacity, data, (size_t)size);
    }
}

static void client_flush(struct h2_client *client) {
    bool is_blocked = false;
    while (!client->is_closed && !is_blocked) {
        client_fill(client);
        if (client->outbox_size == client->outbox_sent) {
            break;
        }
        const ssize_t size = send(
            client->watch.descriptor,
            client->outbox + client->outbox_sent,
            client->outbox_size - client->outbox_sent,
            MSG_NOSIGNAL | MSG_DONTWAIT);
        if (size < 0 && errno != EAGAIN) {
            client_close(client);
            return;
        }
        if (size < 0) {
            is_blocked = true;
        } else {
            client->outbox_sent += (size_t)size;
        }
        if (client->outbox_sent == client->outbox_size) {
            client->outbox_sent = 0;
            client->outbox_size = 0;
        }
    }
    client->is_blocked = is_blocked;
    client_watch(client);
}

static void client_on_turn_end(struct dk_deferred *deferred) {
    client_flush(
        (struct h2_client *)(void *)((char *)deferred - offsetof(struct h2_client, turn_end)));
}

void h2_client_touch(struct h2_client *client) {
    dk_defer(client->loop, &client->turn_end);
}

static void client_read(struct h2_client *client) {
    for (ssize_t size = READ_BYTES; size == READ_BYTES && !client->is_paused;) {
        size = recv(client->watch.descriptor, client->buffer, READ_BYTES, MSG_DONTWAIT);
        if (size < 0 && errno == EAGAIN) {
            return;
        }
        if (size <= 0 || nghttp2_session_mem_recv(
                             client->session, (uint8_t *)client->buffer, (size_t)size) < 0) {
            client_close(client);
            return;
        }
    }
}

static void client_on_ready(struct dk_watch *watch, unsigned ready) {
    struct h2_client *client =
        (struct h2_client *)(void *)((char *)watch - offsetof(struct h2_client, watch));
    if ((ready & DK_READABLE) != 0) {
        client_read(client);
    }
    h2_client_touch(client);
}

/* ── what comes back ────────────────────────────────────────────────────────────────────────── */

static struct h2_call *call_of(nghttp2_session *session, int32_t stream_id) {
    return nghttp2_session_get_stream_user_data(session, stream_id);
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
    struct h2_call *call = call_of(session, frame->hd.stream_id);
    (void)flags, (void)context;
    if (call == NULL) {
        return 0;
    }
    struct h2_pairs *pairs = call->has_headers ? &call->trailers : &call->headers;
    check(pairs->count < H2_PAIRS_MAX, "too many headers came");
    struct h2_pair *pair = &pairs->items[pairs->count];
    pairs->count++;
    pair->name = must(strndup((const char *)name, name_size));
    pair->value = must(malloc(value_size + 1));
    memcpy(pair->value, value, value_size);
    pair->value[value_size] = '\0';
    pair->value_size = value_size;
    return 0;
}

static void on_settings(struct h2_client *client, const nghttp2_settings *settings) {
    client->seen.settings++;
    for (size_t i = 0; i < settings->niv; i++) {
        const nghttp2_settings_entry *entry = &settings->iv[i];
        if (entry->settings_id == NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS) {
            client->seen.calls_max = entry->value;
        } else if (entry->settings_id == NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE) {
            client->seen.window_bytes = entry->value;
        } else if (entry->settings_id == NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE) {
            client->seen.header_bytes_max = entry->value;
        }
    }
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *context) {
    struct h2_client *client = context;
    struct h2_call *call = call_of(session, frame->hd.stream_id);
    const bool is_acknowledged = (frame->hd.flags & NGHTTP2_FLAG_ACK) != 0;

    if (call != NULL && frame->hd.type == NGHTTP2_HEADERS) {
        call->has_headers = true;
    }
    if (call != NULL && (frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA) &&
        (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
        call->has_end = true;
    }
    if (call != NULL && frame->hd.type == NGHTTP2_RST_STREAM) {
        call->is_reset = true;
        call->reset_code = frame->rst_stream.error_code;
    }
    if (frame->hd.type == NGHTTP2_GOAWAY) {
        client->seen.goaways++;
        client->seen.goaway_code = frame->goaway.error_code;
        client->seen.goaway_stream = frame->goaway.last_stream_id;
    } else if (frame->hd.type == NGHTTP2_PING && is_acknowledged) {
        client->seen.pongs++;
    } else if (frame->hd.type == NGHTTP2_SETTINGS && !is_acknowledged) {
        on_settings(client, &frame->settings);
    }
    return 0;
}

static int on_data(
    nghttp2_session *session,
    uint8_t flags,
    int32_t stream_id,
    const uint8_t *data,
    size_t size,
    void *context) {
    struct h2_call *call = call_of(session, stream_id);
    (void)flags, (void)context;
    if (call != NULL) {
        append(&call->answer, &call->answer_size, &call->answer_capacity, data, size);
    }
    return 0;
}

static int on_stream_close(
    nghttp2_session *session, int32_t stream_id, uint32_t error_code, void *context) {
    struct h2_call *call = call_of(session, stream_id);
    (void)context;
    if (call != NULL) {
        call->is_closed = true;
        if (error_code != 0 && !call->is_reset) { /* our own reset, or GOAWAY */
            call->reset_code = error_code;
        }
        (void)nghttp2_session_set_stream_user_data(session, stream_id, NULL);
        if (call->on_done != NULL) {
            call->on_done(call);
        }
    }
    return 0;
}

/* ── what goes out ──────────────────────────────────────────────────────────────────────────── */

static ssize_t on_read(
    nghttp2_session *session,
    int32_t stream_id,
    uint8_t *buffer,
    size_t size_max,
    uint32_t *flags,
    nghttp2_data_source *source,
    void *context) {
    struct h2_call *call = source->ptr;
    const size_t left = call->request_size - call->request_sent;
    const size_t size = left < size_max ? left : size_max;
    (void)session, (void)stream_id, (void)context;

    if (size == 0 && !call->is_half_closed) {
        call->is_deferred = true;
        return NGHTTP2_ERR_DEFERRED;
    }
    if (size > 0) {
        memcpy(buffer, call->request + call->request_sent, size);
    }
    call->request_sent += size;
    if (size == left && call->is_half_closed) {
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    }
    return (ssize_t)size;
}

static void call_resume(struct h2_call *call) {
    if (call->is_closed || call->client->is_closed) {
        return;
    }
    if (call->is_deferred) {
        call->is_deferred = false;
        (void)nghttp2_session_resume_data(call->client->session, call->stream_id);
    }
    h2_client_touch(call->client);
}

static nghttp2_nv nv_of(const char *name, const char *value) {
    nghttp2_nv nv = {.namelen = strlen(name), .valuelen = strlen(value)};
    memcpy(&nv.name, &name, sizeof name); /* it is only read */
    memcpy(&nv.value, &value, sizeof value);
    return nv;
}

struct h2_call *h2_call_open(
    struct h2_client *client, const char *path, const char *const *headers) {
    nghttp2_nv list[6 + 2048] = {
        nv_of(":method", "POST"),
        nv_of(":scheme", "http"),
        nv_of(":path", path),
        nv_of(":authority", "localhost"),
        nv_of("content-type", "application/grpc"),
        nv_of("te", "trailers"),
    };
    size_t count = 6;
    struct h2_call *call = must(calloc(1, sizeof *call));
    const nghttp2_data_provider data = {.source.ptr = call, .read_callback = on_read};

    for (size_t i = 0; headers != NULL && headers[i] != NULL; i += 2) {
        size_t at = count;
        for (size_t known = 0; known < 6; known++) {
            if (strcmp((const char *)list[known].name, headers[i]) == 0) {
                at = known;
            }
        }
        check(at < sizeof list / sizeof list[0], "too many headers to send");
        list[at] = nv_of(headers[i], headers[i + 1]);
        count += at == count ? 1 : 0;
    }
    call->client = client;
    call->stream_id = nghttp2_submit_request(client->session, NULL, list, count, &data, call);
    check(call->stream_id > 0, "no new stream");
    h2_client_touch(client);
    return call;
}

void h2_call_send_raw(struct h2_call *call, struct dk_bytes bytes) {
    call->request = must(realloc(call->request, call->request_size + bytes.size + 1));
    if (bytes.size > 0) {
        memcpy(call->request + call->request_size, bytes.data, bytes.size);
    }
    call->request_size += bytes.size;
    call_resume(call);
}

void h2_call_send(struct h2_call *call, struct dk_bytes message) {
    const uint32_t size = (uint32_t)message.size;
    const char prefix[PREFIX_BYTES] = {
        0, (char)(size >> 24), (char)(size >> 16), (char)(size >> 8), (char)size};
    h2_call_send_raw(call, (struct dk_bytes){.data = prefix, .size = sizeof prefix});
    h2_call_send_raw(call, message);
}

void h2_call_half_close(struct h2_call *call) {
    call->is_half_closed = true;
    call_resume(call);
}

void h2_call_reset(struct h2_call *call, uint32_t code) {
    (void)nghttp2_submit_rst_stream(
        call->client->session, NGHTTP2_FLAG_NONE, call->stream_id, code);
    h2_client_touch(call->client);
}

struct h2_call *h2_call_unary(
    struct h2_client *client,
    const char *path,
    const char *const *headers,
    struct dk_bytes message) {
    struct h2_call *call = h2_call_open(client, path, headers);
    h2_call_send(call, message);
    h2_call_half_close(call);
    return call;
}

static void pairs_clear(struct h2_pairs *pairs) {
    for (size_t i = 0; i < pairs->count; i++) {
        free(pairs->items[i].name);
        free(pairs->items[i].value);
    }
}

void h2_call_free(struct h2_call *call) {
    if (call == NULL) {
        return;
    }
    if (!call->is_closed && call->client != NULL) {
        check(call->client->is_closed, "a call is freed before its stream is closed");
        (void)nghttp2_session_set_stream_user_data(call->client->session, call->stream_id, NULL);
    }
    pairs_clear(&call->headers);
    pairs_clear(&call->trailers);
    free(call->request);
    free(call->answer);
    free(call);
}

/* ── waiting and reading ────────────────────────────────────────────────────────────────────── */

bool h2_wait(struct dk_loop *loop, bool (*is_true)(void *context), void *context) {
    const int64_t until_us = dk_loop_now_us(loop) + (int64_t)H2_WAIT_MS * 1000;
    /* What is queued leaves, and that alone may be it: a reset closes a call without an answer. */
    if (!is_true(context) && dk__loop_turn(loop, 0) != DK_OK) {
        return false;
    }
    while (!is_true(context)) {
        if (dk_loop_now_us(loop) >= until_us ||
            dk__loop_turn(loop, until_us - dk_loop_now_us(loop)) != DK_OK) {
            return false;
        }
    }
    return true;
}

static bool call_is_over(void *context) {
    const struct h2_call *call = context;
    return call->is_closed || call->client->is_closed;
}

bool h2_call_wait(struct h2_call *call) {
    return h2_wait(call->client->loop, call_is_over, call) && call->is_closed;
}

const char *h2_pairs_find(const struct h2_pairs *pairs, const char *name) {
    for (size_t i = 0; i < pairs->count; i++) {
        if (strcmp(pairs->items[i].name, name) == 0) {
            return pairs->items[i].value;
        }
    }
    return NULL;
}

static const char *trailer_of(const struct h2_call *call, const char *name) {
    const char *value = h2_pairs_find(&call->trailers, name);
    return value != NULL ? value : h2_pairs_find(&call->headers, name);
}

static int number_of(const char *text) {
    return text == NULL ? -1 : (int)strtol(text, NULL, 10);
}

int h2_call_status(const struct h2_call *call) {
    return number_of(trailer_of(call, "grpc-status"));
}

int h2_call_http_status(const struct h2_call *call) {
    return number_of(h2_pairs_find(&call->headers, ":status"));
}

const char *h2_call_message(struct h2_call *call) {
    for (int list = 0; list < 2; list++) {
        struct h2_pairs *pairs = list == 0 ? &call->trailers : &call->headers;
        for (size_t i = 0; i < pairs->count; i++) {
            if (strcmp(pairs->items[i].name, "grpc-message") != 0) {
                continue;
            }
            char *out = pairs->items[i].value; /* decoded in place, it only shrinks */
            for (const char *in = out; *in != '\0'; in++, out++) {
                char digits[3] = "";
                if (*in == '%' && in[1] != '\0' && in[2] != '\0') {
                    memcpy(digits, in + 1, 2);
                    *out = (char)strtol(digits, NULL, 16);
                    in += 2;
                } else {
                    *out = *in;
                }
            }
            *out = '\0';
            return pairs->items[i].value;
        }
    }
    return "";
}

static size_t framed_size(const char *at) {
    const unsigned char *prefix = (const unsigned char *)at;
    return (size_t)prefix[1] << 24 | (size_t)prefix[2] << 16 | (size_t)prefix[3] << 8 | prefix[4];
}

struct dk_bytes h2_call_answer(const struct h2_call *call, size_t index) {
    size_t at = 0;
    while (at + PREFIX_BYTES <= call->answer_size) {
        const size_t size = framed_size(call->answer + at);
        at += PREFIX_BYTES;
        if (size > call->answer_size - at) {
            break;
        }
        if (index == 0) {
            return (struct dk_bytes){.data = call->answer + at, .size = size};
        }
        index--;
        at += size;
    }
    return (struct dk_bytes){.data = NULL, .size = 0};
}

size_t h2_call_answers(const struct h2_call *call) {
    size_t at = 0, count = 0;
    while (at + PREFIX_BYTES <= call->answer_size &&
           framed_size(call->answer + at) <= call->answer_size - at - PREFIX_BYTES) {
        at += PREFIX_BYTES + framed_size(call->answer + at);
        count++;
    }
    return count;
}

/* ── life ───────────────────────────────────────────────────────────────────────────────────── */

static void session_new(struct h2_client *client) {
    nghttp2_session_callbacks *callbacks = NULL;
    nghttp2_option *option = NULL;
    const struct h2_options *options = &client->options;
    const uint32_t stream = options->window_bytes != 0 ? options->window_bytes : 1 << 20;
    const uint32_t all = options->connection_bytes != 0 ? options->connection_bytes : 16 << 20;
    const nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, stream},
    };
    check(nghttp2_session_callbacks_new(&callbacks) == 0, "no callbacks");
    check(nghttp2_option_new(&option) == 0, "no options");
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
    nghttp2_option_set_no_auto_window_update(option, options->keeps_windows);
    nghttp2_option_set_peer_max_concurrent_streams(option, UINT32_MAX);
    check(
        nghttp2_session_client_new2(&client->session, callbacks, client, option) == 0,
        "no session");
    check(
        nghttp2_submit_settings(client->session, NGHTTP2_FLAG_NONE, settings, 2) == 0 &&
            nghttp2_session_set_local_window_size(
                client->session, NGHTTP2_FLAG_NONE, 0, (int32_t)all) == 0,
        "no settings");
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_option_del(option);
}

struct h2_client *h2_client_new(
    struct dk_loop *loop, const char *address, const struct h2_options *options) {
    struct h2_client *client = must(calloc(1, sizeof *client));
    client->loop = loop;
    if (options != NULL) {
        client->options = *options;
    }
    client->watch = (struct dk_watch){.on_ready = client_on_ready, .descriptor = dial(address)};
    client->turn_end.on_turn_end = client_on_turn_end;
    session_new(client);
    client_watch(client);
    h2_client_touch(client);
    return client;
}

void h2_client_free(struct h2_client *client) {
    if (client == NULL) {
        return;
    }
    client_close(client);
    dk_defer_stop(client->loop, &client->turn_end);
    nghttp2_session_del(client->session);
    free(client->outbox);
    free(client);
}

void h2_client_pause(struct h2_client *client, bool is_paused) {
    client->is_paused = is_paused;
    client_watch(client);
}

void h2_client_consume(struct h2_call *call, size_t size) {
    (void)nghttp2_session_consume(call->client->session, call->stream_id, size);
    h2_client_touch(call->client);
}

void h2_client_ping(struct h2_client *client) {
    (void)nghttp2_submit_ping(client->session, NGHTTP2_FLAG_NONE, NULL);
    h2_client_touch(client);
}

bool h2_client_is_closed(const struct h2_client *client) {
    return client->is_closed;
}

const struct h2_seen *h2_client_seen(const struct h2_client *client) {
    return &client->seen;
}

struct nghttp2_session *h2_client_session(struct h2_client *client) {
    return client->session;
}
