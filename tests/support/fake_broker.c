/* Backends of pub/sub and bindings without a server: see the header. */
#include "support/fake_broker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fake_broker fake_broker;

static int tokens[FAKE_BROKER_TOKENS_MAX];

static void must(bool holds, const char *what) {
    if (!holds) {
        (void)fprintf(stderr, "fake_broker: %s\n", what);
        abort();
    }
}

void fake_broker_reset(void) {
    fake_broker = (struct fake_broker){0};
}

static void note(const char *word, struct dk_bytes bytes) {
    const size_t size = strlen(fake_broker.events);
    const int more = snprintf(
        fake_broker.events + size,
        sizeof fake_broker.events - size,
        "%s(%.*s) ",
        word,
        (int)bytes.size,
        bytes.data == NULL ? "" : bytes.data);
    must((size_t)more < sizeof fake_broker.events - size, "too many events");
}

enum dk_error fake_broker_deliver(size_t subscription, size_t token, const char *text) {
    static const struct dk_pair pair = {DK_BYTES("k"), DK_BYTES("v")};
    const struct dk_message message = {
        .data = dk_bytes_of(text), .metadata = {.items = &pair, .count = 1}};
    must(fake_broker.subscriptions[subscription] != NULL, "the subscription has ended");
    return dk_deliver(fake_broker.subscriptions[subscription], &message, &tokens[token], NULL);
}

struct dk_reply *fake_broker_take(void) {
    struct dk_reply *reply = fake_broker.reply;
    must(reply != NULL, "no call waits");
    fake_broker.reply = NULL;
    return reply;
}

static void keep(const void *request, struct dk_reply *reply) {
    must(fake_broker.reply == NULL, "a second call waits");
    fake_broker.request = request;
    fake_broker.reply = reply;
}

static void fake_open(struct dk_instance *instance, struct dk_reply *reply) {
    (void)instance;
    fake_broker.opens++;
    dk_reply_ok(reply);
}

static void fake_close(struct dk_instance *instance) {
    (void)instance;
    fake_broker.closes++;
    for (size_t i = 0; i < fake_broker.subscription_count; i++) {
        must(
            fake_broker.subscriptions[i] == NULL ||
                fake_broker.subscriptions[i]->instance != instance,
            "closed under a subscription");
    }
}

static void fake_subscribe(struct dk_instance *instance, struct dk_subscription *subscription) {
    must(subscription->instance == instance, "another instance's subscription");
    must(fake_broker.subscription_count < FAKE_BROKER_SUBSCRIPTIONS_MAX, "too many subscriptions");
    fake_broker.subscriptions[fake_broker.subscription_count] = subscription;
    fake_broker.subscription_count++;
    note("subscribe", subscription->topic);
}

static void fake_unsubscribe(struct dk_instance *instance, struct dk_subscription *subscription) {
    (void)instance;
    note("unsubscribe", subscription->topic);
    for (size_t i = 0; i < fake_broker.subscription_count; i++) {
        if (fake_broker.subscriptions[i] == subscription) {
            fake_broker.subscriptions[i] = NULL;
        }
    }
}

static void fake_settle(
    struct dk_instance *instance,
    struct dk_subscription *subscription,
    const struct dk_settlement *settlement) {
    static const char *const words[] = {"handled", "refused", "abandoned"};
    char text[256];
    const struct dk_bytes more =
        settlement->outcome == DK_REFUSED ? settlement->error : settlement->response;
    (void)instance, (void)subscription;
    const int size = snprintf(
        text,
        sizeof text,
        "%d%s%.*s",
        (int)((int *)settlement->token - tokens),
        more.data == NULL ? "" : ":",
        (int)more.size,
        more.data == NULL ? "" : more.data);
    note(words[settlement->outcome], (struct dk_bytes){text, (size_t)size});
}

static void fake_on_credit(struct dk_instance *instance, struct dk_subscription *subscription) {
    (void)instance, (void)subscription;
    fake_broker.credits++;
}

static void fake_publish(
    struct dk_instance *broker, const struct dk_publish *request, struct dk_reply *reply) {
    (void)broker;
    keep(request, reply);
}

static void fake_bulk_publish(
    struct dk_instance *broker, const struct dk_bulk_publish *request, struct dk_reply *reply) {
    (void)broker;
    keep(request, reply);
}

static void fake_invoke(
    struct dk_instance *binding, const struct dk_invoke *request, struct dk_reply *reply) {
    (void)binding;
    keep(request, reply);
}

static void fake_ping(struct dk_instance *instance, struct dk_reply *reply) {
    (void)instance;
    keep(NULL, reply);
}

#define BASE                                                                                 \
    {                                                                                        \
        .name = "dk-fake", .title = "Fake", .summary = "Answers when a test says so.",       \
        .instance_size = sizeof(struct dk_instance), .open = fake_open, .close = fake_close, \
    }
#define SOURCE                                                                               \
    {                                                                                        \
        .subscribe = fake_subscribe, .unsubscribe = fake_unsubscribe, .settle = fake_settle, \
        .on_credit = fake_on_credit,                                                         \
    }

const struct dk_pubsub_backend fake_pubsub_backend = {
    .base = BASE,
    .features = DK_PUBSUB_MESSAGE_TTL | DK_PUBSUB_SUBSCRIBE_WILDCARDS,
    .publish = fake_publish,
    .bulk_publish = fake_bulk_publish,
    .source = SOURCE,
    .ping = fake_ping,
};

const struct dk_input_binding_backend fake_input_backend = {
    .base = BASE, .source = SOURCE, .ping = fake_ping};

static const struct dk_binding_operation operations[] = {
    {"create", "Creates."}, {"list", "Lists."}, {0}};

const struct dk_output_binding_backend fake_output_backend = {
    .base = BASE, .operations = operations, .invoke = fake_invoke};
