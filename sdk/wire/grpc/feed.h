#ifndef DK_WIRE_GRPC_FEED_H
#define DK_WIRE_GRPC_FEED_H

#include "core/subscription.h"
#include "wire/grpc/rpc.h"
#include "wire/nanopb/subscription.h"

/*
 * A stream that delivers: the RPC (PullMessages, Read) that carries a subscription.
 *
 *     begin ─▶ subscribe ─▶ settle … ─▶ end by us: failed, half-closed, drained
 *        └───────┴─────────────┴──────▶ over: cancelled, connection lost
 *
 * Thread: the loop's.
 * Owner:  it lies in the arena of its RPC; the instance is held until the RPC is let go, so that a
 *         replaced instance's streams go on until they end.
 * Bound:  window_max of the server's limits.
 */
struct dk__feed {
    struct dk__subscription subscription; /* first */
    struct dk__rpc *rpc;
    const struct dk__message_numbers *numbers;
    struct dk__feed *next, **at; /* what points here */
};

/* Those of one block. */
struct dk__feeds {
    struct dk__feed *first;
};

/* For streaming rows, in on_open; sets rpc->context. NULL: the RPC was ended with words. */
struct dk__feed *dk__feed_begin(
    struct dk__feeds *feeds,
    struct dk__rpc *rpc,
    const struct dk_source *source,
    const struct dk__message_numbers *numbers);
struct dk__feed *dk__feed_of(const struct dk__rpc *rpc);
bool dk__feed_is_subscribed(const struct dk__feed *feed);
/* The backend may deliver from now on. Topic and metadata live as long as the RPC. */
void dk__feed_subscribe(struct dk__feed *feed, struct dk_bytes topic, struct dk_pairs metadata);
/* A settlement: `error` is absent for a message that was handled. May end the RPC. */
void dk__feed_settle(
    struct dk__feed *feed, struct dk_bytes id, struct dk_bytes error, struct dk_bytes response);
/* Ends the RPC with these words. */
void dk__feed_fail(struct dk__feed *feed, const struct dk_fault *fault);

/* Streaming rows. */
void dk__feed_on_half_close(struct dk__rpc *rpc);
void dk__feed_on_writable(struct dk__rpc *rpc);
void dk__feed_on_over(struct dk__rpc *rpc);

/* Credit of every stream of the instances of that name, also of those that were replaced. */
void dk__feeds_pause(struct dk__feeds *feeds, const char *instance, bool is_paused);
/* Nothing is delivered any more; each stream ends when its last message was settled. */
void dk__feeds_drain(struct dk__feeds *feeds);
/* Ends every stream at once. */
void dk__feeds_end(struct dk__feeds *feeds);

#endif /* DK_WIRE_GRPC_FEED_H */
