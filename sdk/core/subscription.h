#ifndef DK_CORE_SUBSCRIPTION_H
#define DK_CORE_SUBSCRIPTION_H

#include "core/slots.h"

#include <dk/subscription.h>

/*
 * The window between a backend that delivers and a peer that settles, whatever carries the
 * messages. Each message on its way has a slot; the slot's ticket is the message's id on the wire,
 * so an id that nobody waits for is recognised without a map.
 *
 *     opened ─▶ dk_deliver, settle … ─▶ (draining: no credit, settlements still come) ─▶ closed
 *
 * Thread: the loop's.
 * Owner:  the structure is the carrier's; the window lives from open to close.
 * Bound:  window_max messages that are not settled.
 */
struct dk__subscription;
struct dk__subscription_metrics;
struct dk__subscription_spans;
struct dk__span_memory;

/* What carries the messages. */
struct dk__subscription_ops {
    bool (*can_send)(const struct dk__subscription *subscription);
    /* Sends one message under an id. Errors as dk_deliver's; nothing was sent then. */
    enum dk_error (*send)(
        struct dk__subscription *subscription,
        struct dk_bytes id,
        const struct dk_message *message,
        struct dk_fault *fault);
    /* Begins the span of a message that was sent, in `memory`; NULL: it is not recorded. Asked only of a
     * subscription that is traced. */
    struct dk_span *(*trace)(
        const struct dk__subscription *subscription,
        const struct dk_message *message,
        struct dk__span_memory *memory);
};

enum { DK__WINDOW_MAX = 65535, DK__MESSAGE_ID_BYTES = 24 };

struct dk__subscription_counts {
    uint64_t delivered, handled, refused, abandoned;
    uint64_t stale; /* settlements of messages that are not out */
};

struct dk__subscription {
    struct dk_subscription base; /* first: what the backend sees */
    const struct dk_source *source;
    const struct dk__subscription_ops *ops;
    struct dk__slots *slots; /* NULL: not open */
    uint32_t window_max;
    bool is_traced;   /* there is a tracer: ops->trace */
    bool is_paused;   /* by the peer */
    bool is_draining; /* the program stops */
    bool is_closing;
    struct dk__subscription_counts counts;
    struct dk__subscription_metrics *metrics; /* NULL: off */
    struct dk__subscription_spans *spans;     /* NULL: off */
};

/* Begins with the backend's subscribe. Before: base, source and ops are set, the rest is zeroed;
 * is_paused and is_traced may be set. Errors: DK_EXHAUSTED without memory. */
enum dk_error dk__subscription_open(struct dk__subscription *subscription, uint32_t window_max);

/* One settlement from the peer: `outcome` is DK_HANDLED or DK_REFUSED, `bytes` the application's
 * answer or the words of the refusal. False for an id that is no id of a message on its way. */
bool dk__subscription_settle(
    struct dk__subscription *subscription,
    struct dk_bytes id,
    enum dk_outcome outcome,
    struct dk_bytes bytes);

/* The carrier takes messages again: the backend hears of it when there is credit. */
void dk__subscription_writable(struct dk__subscription *subscription);
/* Takes credit away, or gives it back. Twice is once. */
void dk__subscription_pause(struct dk__subscription *subscription, bool is_paused);
/* Takes credit away for good; messages on their way may still be settled. */
void dk__subscription_drain(struct dk__subscription *subscription);
/* Messages on their way. */
uint32_t dk__subscription_outstanding(const struct dk__subscription *subscription);

/* Settles all that is out as abandoned, then the backend's unsubscribe. Accepts one that never
 * opened; closing twice is once. */
void dk__subscription_close(struct dk__subscription *subscription);

#endif /* DK_CORE_SUBSCRIPTION_H */
