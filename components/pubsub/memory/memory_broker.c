/*
 * Publish and subscribe in memory. Everything runs on the loop, so a function simply does what it
 * says.
 *
 *     publish ─▶ topic ─▶ a delivery for each group ─▶ ready ─▶ dk_deliver ─▶ settle ─▶ gone
 *                                                        ▲                      │
 *                                                        └── refused: later ────┤
 *                                                        └── abandoned: at once ┘
 */
#include "pubsub/memory/memory_broker.h"

#include "pubsub/memory/memory_topics.h"

#include <dk/log.h>
#include <dk/option.h>
#include <inttypes.h>
#include <stdlib.h>

struct memory_config {
    const char *consumer_id;
    int64_t bytes_max;
    int64_t message_bytes_max;
    int64_t ttl_ms;
    int64_t redeliver_ms;
};

struct memory_pubsub {
    struct dk_instance base;
    struct memory_hub *hub; /* NULL: never opened */
};

/* A subscription in its group; the subscription's context. */
struct memory_reader {
    struct memory_reader *prev, *next;
    struct memory_group *group;
    struct dk_subscription *subscription;
};

static struct memory_pubsub *memory_of(struct dk_instance *instance) {
    return (struct memory_pubsub *)instance;
}

static const struct memory_config *config_of(const struct dk_instance *instance) {
    return instance->configuration;
}

/* ── delivering ─────────────────────────────────────────────────────────────────────────────── */

/* The next one, in turn, that may be given a message. */
static struct memory_reader *reader_next(struct memory_group *group) {
    struct memory_reader *reader = NULL;
    DL_FOREACH(group->readers, reader) {
        if (dk_subscription_credit(reader->subscription) > 0) {
            DL_DELETE(group->readers, reader);
            DL_APPEND(group->readers, reader);
            return reader;
        }
    }
    return NULL;
}

/* Delivers while there is a message and somebody to take it. */
static void group_pump(struct memory_group *group) {
    struct dk_fault fault = {0};
    while (group->ready != NULL) {
        struct memory_delivery *delivery = group->ready;
        if (memory_has_expired(delivery)) {
            memory_delivery_free(delivery);
            continue;
        }
        struct memory_reader *reader = reader_next(group);
        if (reader == NULL) {
            return;
        }
        memory_delivery_out(delivery);
        struct dk_message message = delivery->event->message;
        message.is_again = delivery->was_out;
        delivery->was_out = true;
        const enum dk_error error = dk_deliver(reader->subscription, &message, delivery, &fault);
        if (error == DK_EXHAUSTED) {
            delivery->was_out = message.is_again;
            memory_delivery_ready(delivery);
            return;
        }
        if (error != DK_OK) { /* it can never be sent: holding on to it would help nobody */
            dk_log(
                DK_LOG_ERROR,
                "memory",
                "a message was dropped",
                "topic=\"%s\" reason=\"%s\"",
                group->topic->name,
                fault.text);
            memory_delivery_free(delivery);
            fault = (struct dk_fault){0};
        }
    }
}

static void delivery_on_due(struct dk_timer *timer) {
    struct memory_delivery *delivery =
        (struct memory_delivery *)(void *)((char *)timer - offsetof(struct memory_delivery, delay));
    memory_delivery_ready(delivery);
    group_pump(delivery->group);
}

static void memory_subscribe(struct dk_instance *instance, struct dk_subscription *subscription) {
    struct memory_reader *reader = calloc(1, sizeof *reader);
    struct memory_group *group = memory_group_of(
        memory_of(instance)->hub,
        subscription->topic,
        dk_bytes_of(config_of(instance)->consumer_id));
    if (reader == NULL || group == NULL) {
        free(reader);
        dk_log(DK_LOG_ERROR, "memory", "no memory for a subscription", NULL);
        return;
    }
    *reader = (struct memory_reader){.group = group, .subscription = subscription};
    subscription->context = reader;
    DL_APPEND(group->readers, reader);
    group_pump(group); /* what waited while the group had no subscription */
}

static void memory_unsubscribe(struct dk_instance *instance, struct dk_subscription *subscription) {
    struct memory_reader *reader = subscription->context;
    (void)instance;
    if (reader != NULL) {
        DL_DELETE(reader->group->readers, reader);
        group_pump(reader->group); /* what it gave back goes to the others */
        free(reader);
    }
}

static void memory_settle(
    struct dk_instance *instance,
    struct dk_subscription *subscription,
    const struct dk_settlement *settlement) {
    struct memory_delivery *delivery = settlement->token;
    struct memory_group *group = delivery->group;
    (void)subscription;
    switch (settlement->outcome) {
    case DK_HANDLED:
        memory_delivery_free(delivery);
        break;
    case DK_REFUSED:
        delivery->delay.on_due = delivery_on_due;
        memory_delivery_later(delivery, config_of(instance)->redeliver_ms);
        break;
    case DK_ABANDONED:
        memory_delivery_ready(delivery);
        return; /* the next credit comes from another subscription: see unsubscribe */
    }
    group_pump(group);
}

static void memory_on_credit(struct dk_instance *instance, struct dk_subscription *subscription) {
    const struct memory_reader *reader = subscription->context;
    (void)instance;
    if (reader != NULL) {
        group_pump(reader->group);
    }
}

/* ── publishing ─────────────────────────────────────────────────────────────────────────────── */

/* What a publish may say of its message; 0: nothing was said. */
struct memory_wish {
    int64_t ttl_ms;
};
static const char *const ttl_aliases[] = {"ttl", NULL};

/* clang-format off */
static const struct dk_option wish_options[] = {
    /* name, type, where, default, min, max, flags, help, aliases */
    {"ttlInSeconds", DK_DURATION_S, DK_FIELD(struct memory_wish, ttl_ms, int64_t), NULL, 1, INT64_C(1000) * INT32_MAX, 0,
     "Lifetime of the message.", ttl_aliases},
    DK_OPTION_END,
};
/* clang-format on */

static enum dk_error memory_publish_one(
    const struct dk_instance *instance,
    struct memory_topic *topic,
    const struct dk_message *message,
    struct dk_fault *fault) {
    const struct memory_config *config = config_of(instance);
    struct memory_wish wish = {0};
    /* No text among the rows: no memory is taken. */
    if (dk_options_parse(wish_options, message->metadata, &wish, NULL, NULL, fault) != DK_OK) {
        return fault->error;
    }
    if (memory_message_bytes(message) > config->message_bytes_max) {
        return dk_fault_set(
            fault,
            DK_INVALID,
            "memory: a message of %" PRId64 " bytes, maxMessageBytes is %" PRId64,
            memory_message_bytes(message),
            config->message_bytes_max);
    }
    const int64_t ttl_ms = wish.ttl_ms > 0 ? wish.ttl_ms : config->ttl_ms;
    const int64_t expires_ms = ttl_ms > 0 ? dk_clock_ms() + ttl_ms : 0;
    if (memory_topic_add(topic, message, expires_ms, config->bytes_max) != DK_OK) {
        return dk_fault_set(
            fault,
            DK_EXHAUSTED,
            "memory: maxBytes %" PRId64 " reached, messages wait for subscriptions of '%s' and "
            "other topics",
            config->bytes_max,
            topic->name);
    }
    for (struct memory_group *group = topic->groups; group != NULL; group = group->next) {
        group_pump(group);
    }
    return DK_OK;
}

static void memory_publish(
    struct dk_instance *broker, const struct dk_publish *request, struct dk_reply *reply) {
    const struct dk_message message = {
        .data = request->data,
        .content_type = request->content_type,
        .metadata = request->metadata};
    struct memory_topic *topic = memory_topic_find(memory_of(broker)->hub, request->topic);
    struct dk_fault fault = {0};
    if (topic != NULL && /* else nobody ever subscribed: there is no group to keep it for */
        memory_publish_one(broker, topic, &message, &fault) != DK_OK) {
        dk_reply_fault(reply, &fault);
        return;
    }
    dk_reply_ok(reply);
}

/* Each entry stands for itself; the ones that were not taken are named. */
static void memory_bulk_publish(
    struct dk_instance *broker, const struct dk_bulk_publish *request, struct dk_reply *reply) {
    struct memory_topic *topic = memory_topic_find(memory_of(broker)->hub, request->topic);
    for (size_t i = 0; topic != NULL && i < request->count; i++) {
        const struct dk_publish_entry *entry = &request->entries[i];
        /* daprd sends no metadata with an entry when its caller gave none of its own. */
        const struct dk_pairs metadata =
            entry->metadata.count > 0 ? entry->metadata : request->metadata;
        const struct dk_message message = {
            .data = entry->data, .content_type = entry->content_type, .metadata = metadata};
        struct dk_fault fault = {0};
        if (memory_publish_one(broker, topic, &message, &fault) != DK_OK) {
            dk_reply_failed_entry(reply, entry->entry_id, dk_bytes_of(fault.text));
        }
    }
    dk_reply_ok(reply);
}

/* ── life ───────────────────────────────────────────────────────────────────────────────────── */

static void memory_open(struct dk_instance *instance, struct dk_reply *reply) {
    struct memory_pubsub *memory = memory_of(instance);
    memory->hub = memory_hub_open(instance->loop, instance->name);
    if (memory->hub == NULL) {
        dk_reply_fail(reply, DK_EXHAUSTED, "memory: no memory for a broker");
        return;
    }
    dk_reply_ok(reply);
}

static void memory_close(struct dk_instance *instance) {
    memory_hub_close(memory_of(instance)->hub);
}

#define AT(field, ctype) DK_FIELD(struct memory_config, field, ctype)

/* clang-format off */
static const struct dk_option memory_options[] = {
    /* name, type, where, default, min, max, flags, help */
    {"consumerID", DK_TEXT, AT(consumer_id, const char *), NULL, 0, 256, 0,
     "Consumer group of the subscriptions; daprd gives the application's id."},
    {"maxBytes", DK_INT, AT(bytes_max, int64_t), "268435456", 1024, INT64_MAX, 0,
     "Bytes of all messages that wait or are on their way; a publish beyond is refused."},
    {"maxMessageBytes", DK_INT, AT(message_bytes_max, int64_t), "4000000", 1, 4000000, 0,
     "Bytes of one message with its metadata; daprd takes at most 4 MiB, envelope included."},
    {"ttlInSeconds", DK_DURATION_S, AT(ttl_ms, int64_t), "0", 0, INT64_C(1000) * INT32_MAX, 0,
     "Lifetime of messages whose publish names none; 0 keeps them."},
    {"redeliverInterval", DK_DURATION_MS, AT(redeliver_ms, int64_t), "1s", 1, 86400000, 0,
     "Time after which a refused message is delivered again."},
    DK_OPTION_END,
};
/* clang-format on */

const struct dk_pubsub_backend memory_broker = {
    .base =
        {
            .name = "dk-memory",
            .title = "In-memory (dapr-kit)",
            .summary = "Keeps messages in the component's own memory until they are handled.",
            .options = memory_options,
            .config_size = sizeof(struct memory_config),
            .instance_size = sizeof(struct memory_pubsub),
            .open = memory_open,
            .close = memory_close,
        },
    .features = DK_PUBSUB_MESSAGE_TTL,
    .publish = memory_publish,
    .bulk_publish = memory_bulk_publish,
    .source =
        {
            .subscribe = memory_subscribe,
            .unsubscribe = memory_unsubscribe,
            .settle = memory_settle,
            .on_credit = memory_on_credit,
        },
};
