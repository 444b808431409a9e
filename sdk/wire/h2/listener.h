#ifndef DK_WIRE_H2_LISTENER_H
#define DK_WIRE_H2_LISTENER_H

#include "core/acceptor.h"
#include "wire/grpc/transport.h"
#include "wire/h2/h2.h"
#include "wire/h2/memory.h"
#include "wire/h2/stream.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dk__h2_connection;
struct nghttp2_option;
struct nghttp2_session_callbacks;

enum {
    DK__H2_READ_BYTES = 64 * 1024,    /* one read() */
    DK__H2_REQUESTS_PER_MESSAGE = 16, /* × request_bytes_max: messages in memory; half for one */
    DK__H2_REQUEST_KEPT_BYTES = 256 * 1024, /* of messages, beside that, for each connection */
};

/*
 * One listening socket with what its connections share.
 *
 * Thread: the loop's. Bound: connections_max; more wait in the kernel's backlog.
 */
struct dk__listener {
    struct dk__server *server;
    struct dk__acceptor acceptor;
    struct dk__h2_connection *connections;
    uint32_t connection_count;
    struct dk__h2_streams orphans;
    size_t request_bytes;           /* of messages that calls hold, orphans among them */
    struct dk__h2_counts counts;    /* but what the acceptor counts */
    int64_t handshake_us, stall_us; /* from connection.h; a test shortens them */
    uint32_t controls_max;          /* in a second, one connection; a test lowers it */
    struct dk__h2_memory memory;    /* of nghttp2's sessions */
    struct nghttp2_session_callbacks *callbacks;
    struct nghttp2_option *options;
    char *read_buffer; /* DK__H2_READ_BYTES: a read is digested before the next begins */
};

/* A connection has ended: there may be room for the next. */
void dk__h2_listener_on_closed(struct dk__listener *listener);

#endif /* DK_WIRE_H2_LISTENER_H */
