#ifndef TESTS_SUPPORT_H2_CLIENT_H
#define TESTS_SUPPORT_H2_CLIENT_H

#include <dk/bytes.h>
#include <dk/loop.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dk_loop;
struct h2_client;
struct nghttp2_session;

/*
 * A gRPC client on nghttp2: small, and a citizen of a loop. Beside the server on one loop it makes
 * tests without threads; on a loop of its own it drives another process.
 *
 * Thread: the loop's. Without memory, and when it cannot connect, it aborts.
 */
enum { H2_WAIT_MS = 20000, H2_PAIRS_MAX = 32, H2_MESSAGES_MAX = 4096 };

struct h2_pair {
    char *name, *value;
    size_t value_size;
};

struct h2_pairs {
    struct h2_pair items[H2_PAIRS_MAX];
    size_t count;
};

/* One call, and what came back. */
struct h2_call {
    struct h2_client *client;
    int32_t stream_id;
    void (*on_done)(struct h2_call *call); /* the stream is closed; may free the call */
    void *context;

    char *request; /* framed bytes on their way out */
    size_t request_size, request_sent;
    bool is_half_closed; /* END_STREAM follows the request */
    bool is_deferred;

    struct h2_pairs headers, trailers;
    bool has_headers; /* the first list came; the next is the trailers */
    bool has_end;     /* END_STREAM came */
    bool is_closed;
    uint32_t reset_code; /* of RST_STREAM, when that closed it */
    bool is_reset;
    char *answer; /* the DATA as it came */
    size_t answer_size, answer_capacity;
};

struct h2_options {
    bool keeps_windows;        /* gives no window back by itself: see h2_client_consume */
    uint32_t window_bytes;     /* of a stream; 0: 1 MiB */
    uint32_t connection_bytes; /* of the connection; 0: 16 MiB */
};

struct h2_client *h2_client_new(
    struct dk_loop *loop, const char *address, const struct h2_options *options);
/* Closes the socket; calls that are open become closed without a status. Accepts NULL. */
void h2_client_free(struct h2_client *client);

/* Begins a call: POST path, content-type application/grpc, te, and the given pairs (a NULL-ended
 * list of name, value, …; a pair with a name from above replaces it). */
struct h2_call *h2_call_open(
    struct h2_client *client, const char *path, const char *const *headers);
/* One message with its prefix. */
void h2_call_send(struct h2_call *call, struct dk_bytes message);
/* Bytes as they are. */
void h2_call_send_raw(struct h2_call *call, struct dk_bytes bytes);
void h2_call_half_close(struct h2_call *call);
void h2_call_reset(struct h2_call *call, uint32_t code);
void h2_call_free(struct h2_call *call);

/* Begins a call with one message and half-closes it. */
struct h2_call *h2_call_unary(
    struct h2_client *client,
    const char *path,
    const char *const *headers,
    struct dk_bytes message);

/* Turns the loop until the call is closed. False: H2_WAIT_MS passed. */
bool h2_call_wait(struct h2_call *call);
/* Turns the loop until `is_true`. False: H2_WAIT_MS passed. */
bool h2_wait(struct dk_loop *loop, bool (*is_true)(void *context), void *context);

/* The grpc-status of the trailers, or of a trailers-only answer; −1: none came. */
int h2_call_status(const struct h2_call *call);
/* :status; −1: no headers came. */
int h2_call_http_status(const struct h2_call *call);
/* grpc-message as it was before percent-encoding; "" when there is none. Lives as the call. */
const char *h2_call_message(struct h2_call *call);
/* The n-th whole message of the answer; data NULL when there is none. */
struct dk_bytes h2_call_answer(const struct h2_call *call, size_t index);
size_t h2_call_answers(const struct h2_call *call);
/* A header's value as it came; NULL: there is none. Trailers-only answers have headers alone. */
const char *h2_pairs_find(const struct h2_pairs *pairs, const char *name);

/* Stops and resumes reading the socket. */
void h2_client_pause(struct h2_client *client, bool is_paused);
/* Gives windows back by hand (keeps_windows). */
void h2_client_consume(struct h2_call *call, size_t size);
void h2_client_ping(struct h2_client *client);

/* What the connection has seen. */
bool h2_client_is_closed(const struct h2_client *client);
struct h2_seen {
    unsigned goaways;
    uint32_t goaway_code;  /* of the last */
    int32_t goaway_stream; /* last stream id of the last */
    unsigned pongs;
    unsigned settings;
    uint32_t calls_max, window_bytes, header_bytes_max; /* of the server's SETTINGS */
};
const struct h2_seen *h2_client_seen(const struct h2_client *client);
struct nghttp2_session *h2_client_session(struct h2_client *client);
/* What was queued by way of the session leaves at the end of the turn. */
void h2_client_touch(struct h2_client *client);

#endif /* TESTS_SUPPORT_H2_CLIENT_H */
