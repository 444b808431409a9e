#ifndef DK_WIRE_GRPC_TRANSPORT_H
#define DK_WIRE_GRPC_TRANSPORT_H

#include "wire/grpc/server.h"

#include <dk/error.h>
#include <stdbool.h>
#include <stdint.h>

struct dk__listener;

/* What a listener counts, for metrics and people. */
struct dk__listener_counts {
    uint32_t connections, streams; /* open now */
    /* Since it was made, of a transport that counts_frames: */
    uint64_t resets_by_peer, resets_by_us;
    int64_t stall_us; /* in which a connection took no more bytes while answers waited */
};

/*
 * The seam: two ways to travel, one set of method rows. wire/h2 serves with nghttp2 on the loop,
 * wire/core with gRPC C core and a thread that posts to the loop.
 *
 * Thread: the loop's. Each call comes up through dk__rpc_* (wire/grpc/rpc.h) on the loop.
 */
struct dk__transport {
    const char *name; /* "h2", "core": the word of --transport */

    /* Serves on an address: "unix:/path" (made here, mode as the umask says) or "host:port" with
     * a numeric host; port 0 takes a free one. Nothing is accepted before this returns.
     * Errors: DK_UNAVAILABLE when the address is taken, DK_INVALID when it makes no sense or a file
     * of server->tls cannot be used; DK_UNSUPPORTED: TLS, which this transport has not. */
    enum dk_error (*listen)(
        struct dk__server *server,
        const char *address,
        struct dk__listener **ret_listener,
        struct dk_fault *fault);

    /* The port bound, for host:port; 0 for a Unix socket. */
    int (*port)(const struct dk__listener *listener);

    /* No new connections; GOAWAY to the living, whose calls go on. */
    void (*drain)(struct dk__listener *listener);

    /* Ends everything at once: open RPCs are abandoned. Accepts NULL. The socket's file is the
     * caller's to remove. */
    void (*close)(struct dk__listener *listener);

    /* True when no connection is left: every answer was written and its peer has gone. Calls that
     * have finished are not enough, the bytes of a large answer wait for a slow reader. While the
     * server drains, dk__server_tell_idle follows when this becomes true. */
    bool (*is_quiet)(const struct dk__listener *listener);

    struct dk__listener_counts (*counts)(const struct dk__listener *listener);
    bool counts_frames;
};

extern const struct dk__transport dk__transport_h2;
extern const struct dk__transport dk__transport_core;

#endif /* DK_WIRE_GRPC_TRANSPORT_H */
