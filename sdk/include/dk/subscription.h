#ifndef DK_SUBSCRIPTION_H
#define DK_SUBSCRIPTION_H

#include <dk/bytes.h>
#include <dk/error.h>
#include <dk/instance.h>
#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * A stream of messages from a backend to daprd, each of which daprd settles: PullMessages of a
 * pub/sub component, Read of an input binding.
 *
 *     subscribe ─▶ dk_deliver ─▶ settle, once for each message, in any order ─▶ … ─▶ unsubscribe
 *                      │ a credit and a slot each                    ▲
 *                      └─ no credit: stop, until on_credit ──────────┘
 *
 * A stream never ends because of trouble behind the backend: daprd would not open it again. A
 * backend that loses its server keeps the subscription and goes on when the server is back.
 *
 * Thread: the loop's. Owner: the SDK; valid from subscribe until unsubscribe returns.
 */
struct dk_subscription {
    struct dk_instance *instance; /* stays open until unsubscribe returns, replaced or not */
    struct dk_bytes topic;        /* what PullMessages named; "" for an input binding */
    struct dk_pairs metadata;     /* of the subscription; none for an input binding */
    void *context;                /* the backend's own, NULL at birth */
};

/* One message on its way to daprd. Its memory may go when dk_deliver returns. */
struct dk_message {
    struct dk_bytes data;
    struct dk_bytes content_type; /* leave it absent: daprd overwrites the message's own with it */
    struct dk_pairs metadata;     /* UTF-8; keys of [0-9a-z._-] reach applications as headers */
    bool is_again;                /* it was delivered before, for metrics */
};

/*
 * How many messages may be delivered now: 0 when the window is full of unsettled ones, when the
 * stream's share of unsent bytes is used up, while daprd has paused the instance, and while the
 * program stops. Bound: window_max of the program's settings.
 */
uint32_t dk_subscription_credit(const struct dk_subscription *subscription);

/*
 * Sends a message; `token` comes back with its settlement, exactly once. Never calls back into the
 * backend. `token` is not NULL.
 *
 * Errors: DK_EXHAUSTED without credit, or memory: keep the message until there is credit again.
 *         DK_INVALID when it can never be sent, words in `fault`: it is larger than the transport's
 *         reply_bytes_max (4 MiB, daprd's receive limit), or a text of it is no UTF-8, for which
 *         daprd would drop the whole stream. The token then does not come back.
 *         `fault` may be NULL.
 */
enum dk_error dk_deliver(
    struct dk_subscription *subscription,
    const struct dk_message *message,
    void *token,
    struct dk_fault *fault);

enum dk_outcome {
    DK_HANDLED,   /* daprd and its application are done with it, a dead-lettered one included */
    DK_REFUSED,   /* it was not handled: deliver it again by the backend's rules */
    DK_ABANDONED, /* the stream is gone; nobody knows. Treated as not handled, without a penalty */
};

struct dk_settlement {
    void *token;
    enum dk_outcome outcome;
    struct dk_bytes error;    /* DK_REFUSED: daprd's words, UTF-8; may be empty */
    struct dk_bytes response; /* DK_HANDLED of an input binding: the application's answer */
};

/* What a block that delivers messages does; a part of its backend's table. */
struct dk_source {
    /* Begins; may deliver at once. It cannot fail: what is wrong for good is logged, what may pass
     * is tried again within. */
    void (*subscribe)(struct dk_instance *instance, struct dk_subscription *subscription);
    /* Ends. Every message still out has been settled as DK_ABANDONED before. */
    void (*unsubscribe)(struct dk_instance *instance, struct dk_subscription *subscription);
    /* A message was settled; its credit is back. The settlement's bytes go when this returns. May
     * deliver. */
    void (*settle)(
        struct dk_instance *instance,
        struct dk_subscription *subscription,
        const struct dk_settlement *settlement);
    /* There is credit again after there was none for another reason than a full window: the peer
     * reads again, or Resume came. May deliver. */
    void (*on_credit)(struct dk_instance *instance, struct dk_subscription *subscription);
};

#ifdef __cplusplus
}
#endif

#endif /* DK_SUBSCRIPTION_H */
