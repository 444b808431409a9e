#ifndef TESTS_SUPPORT_FAKE_BROKER_H
#define TESTS_SUPPORT_FAKE_BROKER_H

#include <dk/binding.h>
#include <dk/pubsub.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * Backends of pub/sub and both bindings without a server: a subscription stands here until a test
 * delivers to it, what is settled is written down, a unary call waits until the test answers it.
 *
 * Thread: the test's. One record for the process: fake_broker_reset before each test.
 */
enum { FAKE_BROKER_SUBSCRIPTIONS_MAX = 8, FAKE_BROKER_TOKENS_MAX = 64 };

struct fake_broker {
    struct dk_subscription *subscriptions[FAKE_BROKER_SUBSCRIPTIONS_MAX]; /* NULL once it ended */
    size_t subscription_count;
    unsigned opens, closes, credits;
    /* Each event and a blank: "subscribe(orders)", "handled(3:answer)", "refused(0:no)",
     * "abandoned(1)", "unsubscribe(orders)". */
    char events[4096];
    struct dk_reply *reply; /* of the unary call that waits */
    const void *request;
};
extern struct fake_broker fake_broker;

extern const struct dk_pubsub_backend fake_pubsub_backend; /* ttl and wildcards */
extern const struct dk_input_binding_backend fake_input_backend;
extern const struct dk_output_binding_backend fake_output_backend; /* create, list */

void fake_broker_reset(void);
/* Delivers a text to the n-th subscription, under a token of that number. */
enum dk_error fake_broker_deliver(size_t subscription, size_t token, const char *text);
/* Takes the waiting reply, for dk_reply_*. */
struct dk_reply *fake_broker_take(void);

#endif /* TESTS_SUPPORT_FAKE_BROKER_H */
