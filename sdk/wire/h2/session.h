#ifndef DK_WIRE_H2_SESSION_H
#define DK_WIRE_H2_SESSION_H

#include <dk/bytes.h>
#include <dk/error.h>
#include <stdbool.h>
#include <stdint.h>

struct dk__h2_connection;
struct dk__h2_stream;
struct dk__listener;

enum {
    DK__H2_STREAM_WINDOW_BYTES = 1024 * 1024,         /* what a stream may send ahead */
    DK__H2_CONNECTION_WINDOW_BYTES = 4 * 1024 * 1024, /* and all of a connection */
    DK__H2_CREDIT_BYTES = 32 * 1024,        /* windows are given back in steps of this size */
    DK__H2_RESETS_PER_SECOND_MAX = 4096,    /* of calls under way (CVE-2023-44487) */
    DK__H2_CONTROLS_PER_SECOND_MAX = 50000, /* frames that ask for work and bring none */
    DK__H2_HEADERS_PER_BOUND = 4,   /* × header_bytes_max: a list beyond it ends the connection */
    DK__H2_ACKS_WAITING_MAX = 1000, /* PING and SETTINGS whose answers the peer does not read */
};

/*
 * nghttp2's side of a connection: its callbacks become events of streams, and back.
 *
 * Thread: the loop's. nghttp2's HTTP validation is on; every rule of HTTP/2 itself is its work.
 */

/* What all sessions of a listener share. */
enum dk_error dk__h2_session_setup(struct dk__listener *listener);
void dk__h2_session_teardown(struct dk__listener *listener);

/* A session with our SETTINGS queued; false without memory. */
bool dk__h2_session_new(struct dk__h2_connection *connection);

/* Digests bytes. False: the session has ended, perhaps with a GOAWAY still to send. */
bool dk__h2_session_receive(struct dk__h2_connection *connection, struct dk_bytes bytes);

/* Fills the outbox up to the mark. False: the session cannot go on. `ret_is_empty`: nothing more
 * wants to leave. */
bool dk__h2_session_send(struct dk__h2_connection *connection, bool *ret_is_empty);

/* True when neither side has anything more to say. */
bool dk__h2_session_is_over(const struct dk__h2_connection *connection);

void dk__h2_session_notice(struct dk__h2_connection *connection);
void dk__h2_session_goaway(struct dk__h2_connection *connection);
/* GOAWAY for cause; what is open ends. */
void dk__h2_session_end(struct dk__h2_connection *connection, uint32_t error_code);

/* More to read in the stream's rpc.out, or its end. */
void dk__h2_session_resume(struct dk__h2_stream *stream);
void dk__h2_session_reset(struct dk__h2_stream *stream, uint32_t error_code);
/* Gives the stream's window back to the peer. */
void dk__h2_session_credit(struct dk__h2_stream *stream);

#endif /* DK_WIRE_H2_SESSION_H */
