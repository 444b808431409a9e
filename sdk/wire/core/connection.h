#ifndef DK_WIRE_CORE_CONNECTION_H
#define DK_WIRE_CORE_CONNECTION_H

#include <dk/loop.h>
#include <stdbool.h>

struct dk__listener;

enum {
    DK__CORE_HANDSHAKE_US = 10 * 1000 * 1000, /* until the peer's first byte */
    DK__CORE_IDLE_MS = 60 * 60 * 1000,        /* without a call; then GOAWAY */
};

/*
 * A connection that gRPC serves and we count. gRPC's own listening socket takes whoever comes and
 * tells nobody; so the socket is ours (core/acceptor.h), and gRPC gets the descriptor of a
 * connection when its peer has said something. A duplicate stays here: it hangs up when gRPC or
 * the peer has ended the connection.
 *
 *     accept ─▶ first byte ─▶ grpc_server_add_channel_from_fd ─▶ … ─▶ hang-up ─▶ room for the next
 *
 * Thread: the loop's. Owner: its listener's list.
 * Bound:  connections_max of the listener, two descriptors each.
 */
struct dk__core_connection {
    struct dk__listener *listener;
    struct dk__core_connection *next, **at; /* in the listener's list */
    struct dk_watch watch;                  /* gRPC's descriptor before it is gRPC's; then its
                                               duplicate */
    struct dk_timer handshake;
    bool is_given;
};

/* Takes the descriptor; false, and closed, without memory or room in the loop. */
bool dk__core_connection_new(struct dk__listener *listener, int descriptor);
/* Ends our part: one that gRPC has is gRPC's to end. */
void dk__core_connection_free(struct dk__core_connection *connection);

#endif /* DK_WIRE_CORE_CONNECTION_H */
