#ifndef DK_WIRE_GRPC_OBSERVER_H
#define DK_WIRE_GRPC_OBSERVER_H

struct dk__rpc;
struct dk__server;
struct dk__status;

/*
 * Who looks at every RPC of a server: metrics, traces. It sees the two ends and touches nothing of
 * the RPC but what is named for it.
 *
 *     dk__rpc_begin ─ route found, or not ─▶ on_begun ─▶ … the RPC … ─▶ status decided ─▶ on_ended
 *
 * Thread: the loop's. Owner: the observer's; it lives longer than the server serves.
 */
struct dk__observer {
    /* Once for each RPC, first of all: metadata, service and method are known (NULL: nobody serves
     * that path), nothing ran yet. NULL: it need not know. */
    void (*on_begun)(struct dk__observer *observer, struct dk__rpc *rpc);
    /* Once for each RPC, right before its status goes to the transport. What the RPC held is still
     * there; a backend may hold its reply longer than this. */
    void (*on_ended)(
        struct dk__observer *observer, struct dk__rpc *rpc, const struct dk__status *status);
    struct dk__observer *next; /* private */
};

/* Adds one; they hear in the order in which they were added. Thread: main, before it serves. */
void dk__server_observe(struct dk__server *server, struct dk__observer *observer);

#endif /* DK_WIRE_GRPC_OBSERVER_H */
