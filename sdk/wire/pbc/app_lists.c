/*
 * Lists of what an application wants, by protobuf-c.
 */
#include "wire/pbc/app_lists.h"

#include "wire/pbc/parts.h"

#include <dapr/proto/runtime/v1/appcallback.pb-c.h>

typedef Dapr__Proto__Runtime__V1__TopicSubscription subscription_message;
typedef Dapr__Proto__Runtime__V1__TopicRule rule_message;
typedef Dapr__Proto__Runtime__V1__TopicRoutes routes_message;
typedef Dapr__Proto__Runtime__V1__BulkSubscribeConfig bulk_message;

static const struct dk_bytes absent = {0};

/* Each of these gives NULL when its part could not be made; `writing` then knows why. */

static char *text_of(const struct dk__pbc_writing *writing, const char *what, const char *text) {
    return dk__pbc_text(writing, what, dk_bytes_of(text));
}

static rule_message *rule_of(const struct dk__pbc_writing *writing, const struct dk_app_rule *row) {
    rule_message *rule = dk__pbc_take(writing, sizeof *rule);
    if (rule == NULL) {
        return NULL;
    }
    dapr__proto__runtime__v1__topic_rule__init(rule);
    rule->match = text_of(writing, "match", row->match);
    rule->path = rule->match;
    return rule->match == NULL ? NULL : rule;
}

static routes_message *routes_of(
    const struct dk__pbc_writing *writing, const struct dk_app_topic *topic) {
    routes_message *routes = dk__pbc_take(writing, sizeof *routes);
    size_t count = 0;
    while (topic->rules != NULL && topic->rules[count].match != NULL) {
        count++;
    }
    rule_message **rules = dk__pbc_take(writing, count * sizeof(rule_message *));
    if (routes == NULL || rules == NULL) {
        return NULL;
    }
    dapr__proto__runtime__v1__topic_routes__init(routes);
    for (size_t i = 0; i < count; i++) {
        rules[i] = rule_of(writing, &topic->rules[i]);
        if (rules[i] == NULL) {
            return NULL;
        }
    }
    routes->n_rules = count;
    routes->rules = rules;
    const bool has_default = topic->run != NULL || topic->run_many != NULL;
    routes->default_ = text_of(writing, "default", has_default ? DK__APP_DEFAULT_PATH : "");
    return routes->default_ == NULL ? NULL : routes;
}

static bulk_message *bulk_of(
    const struct dk__pbc_writing *writing, const struct dk_app_topic *topic) {
    bulk_message *bulk = dk__pbc_take(writing, sizeof *bulk);
    if (bulk == NULL) {
        return NULL;
    }
    dapr__proto__runtime__v1__bulk_subscribe_config__init(bulk);
    bulk->enabled = 1;
    bulk->max_messages_count = topic->events_max;
    bulk->max_await_duration_ms = topic->await_ms;
    return bulk;
}

static subscription_message *subscription_of(
    const struct dk__pbc_writing *writing, const struct dk_app_topic *topic) {
    subscription_message *subscription = dk__pbc_take(writing, sizeof *subscription);
    if (subscription == NULL) {
        return NULL;
    }
    dapr__proto__runtime__v1__topic_subscription__init(subscription);
    subscription->pubsub_name = text_of(writing, "pubsub", topic->pubsub);
    subscription->topic = text_of(writing, "topic", topic->topic);
    subscription->dead_letter_topic =
        text_of(writing, "dead_letter_topic", topic->dead_letter_topic);
    subscription->routes = routes_of(writing, topic);
    if (topic->run_many != NULL) {
        subscription->bulk_subscribe = bulk_of(writing, topic);
    }
    subscription->n_metadata = topic->metadata.count;
    subscription->metadata = dk__pbc_map(
        writing,
        &dapr__proto__runtime__v1__topic_subscription__metadata_entry__descriptor,
        "metadata",
        topic->metadata);
    const bool is_whole = subscription->pubsub_name != NULL && subscription->topic != NULL &&
                          subscription->dead_letter_topic != NULL && subscription->routes != NULL &&
                          (topic->run_many == NULL || subscription->bulk_subscribe != NULL) &&
                          subscription->metadata != NULL;
    return is_whole ? subscription : NULL;
}

struct dk_bytes dk__encode_app_topics(
    struct dk__arena *arena, const struct dk_app_topic *topics, struct dk_fault *fault) {
    const struct dk__pbc_writing writing = {.arena = arena, .fault = fault};
    Dapr__Proto__Runtime__V1__ListTopicSubscriptionsResponse response =
        DAPR__PROTO__RUNTIME__V1__LIST_TOPIC_SUBSCRIPTIONS_RESPONSE__INIT;
    size_t count = 0;
    while (topics != NULL && topics[count].topic != NULL) {
        count++;
    }
    subscription_message **list = dk__pbc_take(&writing, count * sizeof(subscription_message *));
    for (size_t i = 0; i < count && list != NULL; i++) {
        list[i] = subscription_of(&writing, &topics[i]);
        if (list[i] == NULL) {
            return absent;
        }
    }
    response.n_subscriptions = count;
    response.subscriptions = list;
    return list == NULL ? absent : dk__pbc_write(&writing, &response.base);
}

struct dk_bytes dk__encode_app_bindings(
    struct dk__arena *arena, const struct dk_app_binding *bindings, struct dk_fault *fault) {
    const struct dk__pbc_writing writing = {.arena = arena, .fault = fault};
    Dapr__Proto__Runtime__V1__ListInputBindingsResponse response =
        DAPR__PROTO__RUNTIME__V1__LIST_INPUT_BINDINGS_RESPONSE__INIT;
    size_t count = 0;
    while (bindings != NULL && bindings[count].name != NULL) {
        count++;
    }
    char **names = dk__pbc_take(&writing, count * sizeof(char *));
    for (size_t i = 0; i < count && names != NULL; i++) {
        names[i] = text_of(&writing, "binding", bindings[i].name);
        if (names[i] == NULL) {
            return absent;
        }
    }
    response.n_bindings = count;
    response.bindings = names;
    return names == NULL ? absent : dk__pbc_write(&writing, &response.base);
}
