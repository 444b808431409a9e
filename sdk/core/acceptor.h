#ifndef DK_CORE_ACCEPTOR_H
#define DK_CORE_ACCEPTOR_H

#include <dk/error.h>
#include <dk/loop.h>
#include <stdbool.h>
#include <stdint.h>

enum {
    DK__ACCEPTS_PER_TURN = 64,        /* then others are served first */
    DK__ACCEPT_PAUSE_US = 100 * 1000, /* without descriptors, until the next try */
    DK__ACCEPT_BACKLOG = 512,         /* connections the kernel keeps for us */
};

/*
 * A listening socket on a loop, whatever is spoken on its connections. It accepts while there is
 * room; without descriptors it rests for a moment, because a level-triggered watch would spin.
 *
 * Thread: the loop's. Owner: a member of a listener, which sets the first five before open.
 * Bound:  connections_max; who comes beyond waits in the kernel's backlog.
 */
struct dk__acceptor {
    struct dk_loop *loop;
    const char *scope; /* of its log lines */
    uint32_t connections_max;
    const uint32_t *connection_count; /* the listener's, who knows when one ends */
    /* Takes a connection's descriptor, non-blocking, and closes it also when it answers false for
     * want of memory. */
    bool (*on_accept)(struct dk__acceptor *acceptor, int descriptor);

    int port;                  /* bound, for host:port; 0 for a Unix socket */
    uint64_t accepted, pauses; /* since open */
    struct dk_watch watch;     /* private, as all that follows */
    struct dk_timer pause;
    bool is_open, is_pausing;
};

/* Binds and listens; nothing is accepted before this returns. The address as in
 * dk__address_parse; port 0 takes a free one.
 * Errors: DK_INVALID when the address makes no sense; DK_UNAVAILABLE when it is taken or not ours;
 *         DK_EXHAUSTED when the loop has no room for the watch. Nothing is left open then. */
enum dk_error dk__acceptor_open(
    struct dk__acceptor *acceptor, const char *address, struct dk_fault *fault);
/* A connection has ended: there may be room for the next. */
void dk__acceptor_resume(struct dk__acceptor *acceptor);
/* Who connects from now on is refused. Accepts a closed one, and a zeroed one. */
void dk__acceptor_close(struct dk__acceptor *acceptor);

#endif /* DK_CORE_ACCEPTOR_H */
