/*
 * A connection's socket, on the loop's thread: reads feed the session, the end of a turn writes
 * what all of it has queued. A connection is freed only from here, never within nghttp2.
 */
#include "wire/h2/connection.h"

#include "core/loop.h"
#include "wire/h2/listener.h"
#include "wire/h2/session.h"

#include <dk/log.h>
#include <errno.h>
#include <nghttp2/nghttp2.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum { VIEWS_PER_WRITE = 64 };

#define CONNECTION_OF(member, pointer)                                \
    ((struct dk__h2_connection *)(void *)((char *)(pointer)-offsetof( \
        struct dk__h2_connection, member)))

static struct dk_loop *loop_of(const struct dk__h2_connection *connection) {
    return connection->listener->server->loop;
}

/* What the socket is watched for follows from the state. False: the kernel has no room. */
static bool connection_watch(struct dk__h2_connection *connection) {
    const unsigned wanted = connection->is_blocked ? DK_WRITABLE : DK_READABLE;
    return dk_watch_set(loop_of(connection), &connection->watch, wanted) == DK_OK;
}

/* Ends the connection if nothing happens for that long. */
static bool connection_expect(struct dk__h2_connection *connection, int64_t patience_us) {
    return dk_timer_set(loop_of(connection), &connection->patience, patience_us) == DK_OK;
}

/* ── writing ────────────────────────────────────────────────────────────────────────────────── */

/* One write. False: the socket takes no more for now, or for ever (is_failed). */
static bool connection_write(struct dk__h2_connection *connection) {
    struct dk__h2_counts *counts = &connection->listener->counts;
    struct iovec views[VIEWS_PER_WRITE];
    const struct msghdr message = {
        .msg_iov = views,
        .msg_iovlen = (size_t)dk__chain_views(&connection->outbox, views, VIEWS_PER_WRITE),
    };
    const ssize_t size = sendmsg(connection->watch.descriptor, &message, MSG_NOSIGNAL);
    counts->writes++;
    if (size < 0) {
        connection->is_failed = errno != EAGAIN && errno != EINTR;
        return false;
    }
    counts->bytes_written += (uint64_t)size;
    dk__chain_consume(&connection->outbox, (size_t)size);
    if (connection->is_blocked) {
        connection->is_failed = !connection_expect(connection, connection->listener->stall_us);
    }
    return !connection->is_failed;
}

static void connection_block(struct dk__h2_connection *connection) {
    if (!connection->is_blocked) {
        connection->is_blocked = true;
        connection->blocked_at_us = dk_loop_now_us(loop_of(connection));
        connection->is_failed = !connection_expect(connection, connection->listener->stall_us) ||
                                !connection_watch(connection);
    }
}

static void connection_unblock(struct dk__h2_connection *connection) {
    if (connection->is_blocked) {
        connection->is_blocked = false;
        connection->listener->counts.stall_us +=
            dk_loop_now_us(loop_of(connection)) - connection->blocked_at_us;
        dk_timer_stop(loop_of(connection), &connection->patience);
        connection->is_failed = !connection_watch(connection);
    }
}

/* Everything was said: no more from us, and the peer has a moment to read and to close. Closing at
 * once could take the GOAWAY away from it. */
static void connection_linger(struct dk__h2_connection *connection) {
    connection->is_lingering = true;
    connection->is_failed = shutdown(connection->watch.descriptor, SHUT_WR) != 0 ||
                            !connection_expect(connection, DK__H2_LINGER_US);
}

void dk__h2_connection_flush(struct dk__h2_connection *connection) {
    bool is_empty = false;
    for (int i = 0; !connection->is_failed && !connection->is_lingering; i++) {
        if (!dk__h2_session_send(connection, &is_empty)) {
            connection->is_failed = true;
        } else if (connection->outbox.bytes == 0) {
            connection_unblock(connection);
            if (dk__h2_session_is_over(connection)) {
                connection_linger(connection);
            }
            return;
        } else if (i == DK__H2_WRITES_PER_TURN || !connection_write(connection)) {
            connection_block(connection);
            return;
        }
    }
}

static void connection_on_turn_end(struct dk_deferred *deferred) {
    struct dk__h2_connection *connection = CONNECTION_OF(turn_end, deferred);
    if (!connection->is_blocked) {
        dk__h2_connection_flush(connection);
    }
    if (connection->is_failed) {
        dk__h2_connection_free(connection);
    }
}

void dk__h2_connection_touch(struct dk__h2_connection *connection) {
    dk_defer(loop_of(connection), &connection->turn_end);
}

/* ── reading ────────────────────────────────────────────────────────────────────────────────── */

static void connection_digest(struct dk__h2_connection *connection, struct dk_bytes bytes) {
    const bool had_settings = connection->has_settings;
    connection->listener->counts.bytes_read += bytes.size;
    if (connection->is_condemned || connection->is_lingering) {
        return;
    }
    (void)dk__h2_session_receive(connection, bytes);
    if (!had_settings && connection->has_settings) {
        dk_timer_stop(loop_of(connection), &connection->patience);
    }
}

static void connection_read(struct dk__h2_connection *connection) {
    struct dk__listener *listener = connection->listener;
    size_t left = DK__H2_READ_BYTES_PER_TURN;
    while (left > 0) {
        const ssize_t size =
            read(connection->watch.descriptor, listener->read_buffer, DK__H2_READ_BYTES);
        listener->counts.reads++;
        if (size < 0 && (errno == EAGAIN || errno == EINTR)) {
            return;
        }
        if (size <= 0) {
            connection->is_failed = true; /* the peer has gone, nobody waits for an answer */
            return;
        }
        connection_digest(
            connection, (struct dk_bytes){.data = listener->read_buffer, .size = (size_t)size});
        if (size < DK__H2_READ_BYTES) {
            return; /* the socket is empty; asking again would be a system call for nothing */
        }
        left -= (size_t)size;
    }
}

static void connection_on_ready(struct dk_watch *watch, unsigned ready) {
    struct dk__h2_connection *connection = CONNECTION_OF(watch, watch);
    if (connection->is_blocked) {
        dk__h2_connection_flush(connection); /* a socket that hung up fails here */
    } else if ((ready & DK_READABLE) != 0) {
        connection_read(connection);
    }
    dk__h2_connection_touch(connection);
}

static void connection_on_impatience(struct dk_timer *timer) {
    struct dk__h2_connection *connection = CONNECTION_OF(patience, timer);
    if (connection->is_blocked) {
        connection->listener->counts.stalled++;
        dk_log(DK_LOG_WARN, "h2", "connection ended, its peer does not read", NULL);
    }
    dk__h2_connection_free(connection);
}

static void connection_on_drain(struct dk_timer *timer) {
    struct dk__h2_connection *connection = CONNECTION_OF(drain, timer);
    dk__h2_session_goaway(connection);
    dk__h2_connection_touch(connection);
}

/* ── life ───────────────────────────────────────────────────────────────────────────────────── */

bool dk__h2_connection_new(struct dk__listener *listener, int descriptor) {
    struct dk__h2_connection *connection = calloc(1, sizeof *connection);
    if (connection == NULL) {
        (void)close(descriptor);
        return false;
    }
    connection->listener = listener;
    connection->watch =
        (struct dk_watch){.on_ready = connection_on_ready, .descriptor = descriptor};
    connection->turn_end.on_turn_end = connection_on_turn_end;
    connection->patience.on_due = connection_on_impatience;
    connection->drain.on_due = connection_on_drain;
    connection->outbox = (struct dk__chain){
        .pool = dk__loop_pool(listener->server->loop),
        .bytes_max = DK__H2_OUTBOX_MARK + DK__H2_OUTBOX_BEYOND,
    };
    connection->next = listener->connections;
    connection->at = &listener->connections;
    if (connection->next != NULL) {
        connection->next->at = &connection->next;
    }
    listener->connections = connection;
    listener->connection_count++;
    if (!dk__h2_session_new(connection) || !connection_watch(connection) ||
        !connection_expect(connection, listener->handshake_us)) {
        dk__h2_connection_free(connection);
        return false;
    }
    dk__h2_connection_touch(connection);
    return true;
}

void dk__h2_connection_free(struct dk__h2_connection *connection) {
    struct dk__listener *listener = connection->listener;
    struct dk_loop *loop = loop_of(connection);

    connection->is_closing = true;
    while (connection->streams.first != NULL) {
        dk__h2_stream_close(connection->streams.first);
    }
    dk__h2_orphans_disown(connection);
    (void)dk_watch_set(loop, &connection->watch, 0);
    dk_timer_stop(loop, &connection->patience);
    dk_timer_stop(loop, &connection->drain);
    dk_defer_stop(loop, &connection->turn_end);
    (void)close(connection->watch.descriptor);
    nghttp2_session_del(connection->session); /* NULL is fine: it may be half-built */
    dk__chain_reset(&connection->outbox);
    *connection->at = connection->next;
    if (connection->next != NULL) {
        connection->next->at = connection->at;
    }
    listener->connection_count--;
    free(connection);
    dk__h2_listener_on_closed(listener);
}

void dk__h2_connection_drain(struct dk__h2_connection *connection) {
    dk__h2_session_notice(connection);
    if (dk_timer_set(loop_of(connection), &connection->drain, DK__H2_DRAIN_US) != DK_OK) {
        dk__h2_session_goaway(connection);
    }
    dk__h2_connection_touch(connection);
}
