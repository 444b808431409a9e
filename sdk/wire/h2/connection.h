#ifndef DK_WIRE_H2_CONNECTION_H
#define DK_WIRE_H2_CONNECTION_H

#include "core/chain.h"
#include "wire/h2/budget.h"
#include "wire/h2/recent.h"
#include "wire/h2/stream.h"

#include <dk/loop.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dk__listener;
struct nghttp2_session;

enum {
    DK__H2_READ_BYTES_PER_TURN = 256 * 1024, /* then other connections are served first */
    DK__H2_OUTBOX_MARK = 256 * 1024,         /* an outbox is filled so far, then written */
    DK__H2_OUTBOX_BEYOND = 128 * 1024,       /* frames that were begun before the mark */
    DK__H2_WRITES_PER_TURN = 16,             /* then other connections are served first */
    DK__H2_WAITING_PER_OUTBOX = 8,           /* × outbox_bytes_max wait for windows of the peer */
    DK__H2_HANDSHAKE_US = 10 * 1000 * 1000,  /* until the peer's first SETTINGS */
    DK__H2_STALL_US = 30 * 1000 * 1000,      /* a peer that does not read */
    DK__H2_LINGER_US = 1000 * 1000,          /* after our last byte, until the peer closes */
    DK__H2_DRAIN_US = 1000 * 1000,           /* until the second GOAWAY without an answer */
};

/*
 * One connection: a session of nghttp2 between a socket and streams.
 *
 *     readable ─▶ read ─▶ nghttp2 ─▶ streams ─▶ RPCs       … the turn goes on …
 *     turn end ─▶ nghttp2 ─▶ outbox ─▶ one write           all answers of the turn at once
 *
 * Thread: the loop's. Owner: its listener's list.
 * Bound:  the outbox is filled up to a mark; while it cannot be written nothing is read. What
 *         waits for the peer's windows stays in the RPCs, DK__H2_WAITING_PER_OUTBOX ×
 *         outbox_bytes_max in all; an answer beyond it becomes RESOURCE_EXHAUSTED.
 */
struct dk__h2_connection {
    struct dk__listener *listener;
    struct dk__h2_connection *next, **at; /* in the listener's list */
    struct nghttp2_session *session;
    struct dk_watch watch;
    struct dk_deferred turn_end;
    struct dk_timer patience; /* handshake, then stalls, then lingering */
    struct dk_timer drain;
    struct dk__chain outbox;
    struct dk__h2_streams streams;
    uint32_t orphan_count;            /* streams of ours among the listener's orphans */
    struct dk__h2_stream *headers_of; /* whose header block comes now; NULL: nobody's */
    struct dk__h2_stream *latest;     /* that was looked for; a short cut */
    size_t waiting_bytes;             /* in the RPCs' `out` */
    size_t request_bytes;             /* of messages that its streams hold */
    size_t credit_bytes;              /* came and not yet given back to the peer's window */
    struct dk__h2_recent recent;
    struct dk__h2_budget resets, controls;
    int64_t blocked_at_us; /* since when is_blocked */
    bool has_settings;     /* the peer's first frame came */
    bool is_blocked;       /* the socket takes no more; nothing is read meanwhile */
    bool is_condemned;     /* a GOAWAY for cause is on its way; nothing is read any more */
    bool is_failed;        /* no byte can leave: ends with this turn */
    bool is_lingering;     /* our side is shut down */
    bool is_closing;       /* its streams are being closed */
};

/* Takes the descriptor over. False, and it is closed, when there is no memory. */
bool dk__h2_connection_new(struct dk__listener *listener, int descriptor);
/* Ends it at once: streams are closed, their RPCs abandoned. */
void dk__h2_connection_free(struct dk__h2_connection *connection);

/* GOAWAY in two steps: first the notice, then, when the peer has surely seen it, the last id. */
void dk__h2_connection_drain(struct dk__h2_connection *connection);

/* There may be something to send: it leaves at the end of the turn. */
void dk__h2_connection_touch(struct dk__h2_connection *connection);
/* Writes what can be written now. */
void dk__h2_connection_flush(struct dk__h2_connection *connection);

#endif /* DK_WIRE_H2_CONNECTION_H */
