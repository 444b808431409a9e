/*
 * The rows of PubSub, on the loop's thread. Publishing walks as every call does; a subscription is
 * a stream whose first message names its topic, and whose later ones settle.
 */
#include "wire/nanopb/pubsub.h"
#include "core/utf8.h"
#include "wire/grpc/block.h"
#include "wire/grpc/feed.h"
#include "wire/grpc/rpc_trace.h"
#include "wire/grpc/services.h"

#include <dk/log.h>

enum { FEATURE_WORDS_MAX = 4 };

struct dk__pubsub_services {
    struct dk__block block; /* first */
    const struct dk_pubsub_backend *backend;
    struct dk__feeds feeds;
};

static struct dk__pubsub_services *services_of(const struct dk__rpc *rpc) {
    return rpc->service->context;
}

static void run_features(struct dk__rpc *rpc, struct dk_bytes message) {
    const struct dk_pubsub_backend *backend = services_of(rpc)->backend;
    const char *words[FEATURE_WORDS_MAX];
    size_t count = 0;
    (void)message;
    if (backend->bulk_publish != NULL) {
        words[count++] = "BULK_PUBSUB";
    }
    if ((backend->features & DK_PUBSUB_MESSAGE_TTL) != 0) {
        words[count++] = "MESSAGE_TTL";
    }
    if ((backend->features & DK_PUBSUB_SUBSCRIBE_WILDCARDS) != 0) {
        words[count++] = "SUBSCRIBE_WILDCARDS";
    }
    /* Without it daprd's bulk subscriptions wait a second for company that never comes: it hands
     * out one message of a stream at a time. Source: dapr-protocol, "Bulk subscribe". */
    words[count++] = "BULK_SUBSCRIBE_IMMEDIATE";
    dk__block_answer_words(rpc, words, count);
}

static void run_ping(struct dk__rpc *rpc, struct dk_bytes message) {
    (void)message;
    dk__block_ping(rpc, services_of(rpc)->backend->ping);
}

static void run_publish(struct dk__rpc *rpc, struct dk_bytes message) {
    struct dk__walk walk;
    if (dk__walk_begin(&walk, rpc, &dk__plain_ops, sizeof(struct dk_publish)) &&
        dk__walk_decoded(
            &walk, rpc, dk__decode_publish(message, &rpc->call.arena, walk.request, &walk.fault))) {
        const struct dk_publish *request = walk.request;
        dk__rpc_trace_follow_event(rpc, request->data);
        services_of(rpc)->backend->publish(walk.instance, request, &rpc->reply);
    }
}

static void bulk_publish_on_failed_entry(
    struct dk_reply *reply, struct dk_bytes entry_id, struct dk_bytes error) {
    struct dk__rpc *rpc = dk__rpc_of(reply);
    if (!dk__answer_is_open(rpc)) {
        return;
    }
    if (!dk__utf8_is_valid(entry_id) || !dk__utf8_is_valid(error)) {
        dk__answer_fault(rpc, "the broker gave a failed entry's words that are not UTF-8");
    } else if (!dk__encode_failed_entry(&rpc->out, entry_id, error)) {
        dk__answer_fault(rpc, NULL);
    }
}

static const struct dk__reply_ops bulk_publish_ops = {
    .ok = dk__rpc_reply_ok,
    .fail = dk__rpc_reply_fail,
    .failed_entry = bulk_publish_on_failed_entry,
};

static void run_bulk_publish(struct dk__rpc *rpc, struct dk_bytes message) {
    const struct dk_pubsub_backend *backend = services_of(rpc)->backend;
    struct dk__walk walk;
    if (!dk__walk_begin(&walk, rpc, &bulk_publish_ops, sizeof(struct dk_bulk_publish)) ||
        !dk__walk_decoded(
            &walk,
            rpc,
            dk__decode_bulk_publish(message, &rpc->call.arena, walk.request, &walk.fault))) {
        return;
    }
    if (backend->bulk_publish == NULL) { /* daprd asks Features first */
        dk_reply_fail(
            &rpc->reply, DK_UNSUPPORTED, "%s: publishes one message a call", backend->base.name);
        return;
    }
    const struct dk_bulk_publish *request = walk.request;
    if (request->count > 0) { /* one of them: a span has one parent */
        dk__rpc_trace_follow_event(rpc, request->entries[0].data);
    }
    backend->bulk_publish(walk.instance, request, &rpc->reply);
}

/* ── the stream ─────────────────────────────────────────────────────────────────────────────── */

static void pull_on_open(struct dk__rpc *rpc) {
    struct dk__pubsub_services *services = services_of(rpc);
    (void)dk__feed_begin(&services->feeds, rpc, &services->backend->source, &dk__pull_numbers);
}

/* The first message; it stays with the RPC, for topic and metadata are views of it. */
static void pull_begin(struct dk__feed *feed, struct dk_bytes message) {
    struct dk__arena *arena = &feed->rpc->call.arena;
    struct dk__pull_request request;
    struct dk_fault fault = {0};
    char *copy = dk__arena_take_bytes(arena, message.size);
    if (copy == NULL) {
        (void)dk_fault_set(&fault, DK_EXHAUSTED, "the topic does not fit into arena-bytes-max");
        dk__feed_fail(feed, &fault);
        return;
    }
    memcpy(copy, message.data, message.size);
    message.data = copy;
    if (dk__decode_pull(message, arena, &request, &fault) == DK_OK && request.topic.size == 0) {
        (void)dk_fault_set(
            &fault, DK_INVALID, "topic: the first message of a stream names it, this one does not");
    }
    if (fault.error != DK_OK) {
        dk__feed_fail(feed, &fault);
    } else {
        dk__feed_subscribe(feed, request.topic, request.metadata);
    }
}

static void pull_settle(struct dk__feed *feed, struct dk_bytes message) {
    struct dk__arena scratch = {
        .pool = feed->rpc->call.arena.pool, .bytes_max = feed->rpc->server->limits.arena_bytes_max};
    const struct dk_bytes topic = feed->subscription.base.topic;
    struct dk__pull_request request;
    struct dk_fault fault; /* not zeroed: 2 KiB for each message */
    fault.error = DK_OK;
    fault.text[0] = '\0';
    if (dk__decode_pull(message, &scratch, &request, &fault) != DK_OK) {
        dk__feed_fail(feed, &fault);
    } else if (request.topic.data != NULL) {
        (void)dk_fault_set(
            &fault,
            DK_INVALID,
            "topic: this stream has '%.*s' already, a second one needs a stream of its own",
            (int)topic.size,
            topic.data);
        dk__feed_fail(feed, &fault);
    } else if (request.message_id.size == 0) {
        (void)dk_fault_set(&fault, DK_INVALID, "ack_message_id: is empty");
        dk__feed_fail(feed, &fault);
    } else {
        dk__feed_settle(feed, request.message_id, request.error, (struct dk_bytes){0});
    }
    dk__arena_reset(&scratch);
}

static void pull_on_message(struct dk__rpc *rpc, struct dk_bytes message) {
    struct dk__feed *feed = dk__feed_of(rpc);
    if (dk__feed_is_subscribed(feed)) {
        pull_settle(feed, message);
    } else {
        pull_begin(feed, message);
    }
}

static const struct dk__streaming pull_streaming = {
    .on_open = pull_on_open,
    .on_message = pull_on_message,
    .on_half_close = dk__feed_on_half_close,
    .on_writable = dk__feed_on_writable,
    .on_over = dk__feed_on_over,
};

/* daprd pauses once for each stream, at the same time, and never resumes: a new Init does. */
static void set_paused(struct dk__rpc *rpc, bool is_paused) {
    struct dk__walk walk;
    if (dk__walk_instance(&walk, rpc, &dk__plain_ops)) {
        if (dk__instances_is_paused(walk.instance) != is_paused) {
            dk_log(
                DK_LOG_INFO,
                services_of(rpc)->backend->base.name,
                is_paused ? "instance is paused" : "instance goes on",
                "component=\"%s\"",
                walk.instance->name);
        }
        dk__instances_pause(walk.instance, is_paused);
        dk__feeds_pause(&services_of(rpc)->feeds, walk.instance->name, is_paused);
        dk_reply_ok(&rpc->reply);
    }
}

static void run_pause(struct dk__rpc *rpc, struct dk_bytes message) {
    (void)message;
    set_paused(rpc, true);
}

static void run_resume(struct dk__rpc *rpc, struct dk_bytes message) {
    (void)message;
    set_paused(rpc, false);
}

static const struct dk__method pubsub_methods[] = {
    {"Init", dk__block_run_init},
    {"Features", run_features},
    {"Ping", run_ping},
    {"Publish", run_publish},
    {"BulkPublish", run_bulk_publish},
    {"PullMessages", .streaming = &pull_streaming},
    {"Pause", run_pause},
    {"Resume", run_resume},
    {0},
};

enum dk_error dk__pubsub_services_new(
    struct dk__server *server,
    const struct dk_pubsub_backend *backend,
    struct dk__pubsub_services **ret_services) {
    struct dk__pubsub_services *services = dk__block_new(
        server,
        &backend->base,
        sizeof *services,
        "pubsub",
        "dapr.proto.components.v1.PubSub",
        pubsub_methods);
    if (services == NULL) {
        return DK_EXHAUSTED;
    }
    services->backend = backend;
    services->block.ping = backend->ping;
    *ret_services = services;
    return DK_OK;
}

void dk__pubsub_services_drain(struct dk__pubsub_services *services) {
    if (services != NULL) {
        dk__feeds_drain(&services->feeds);
    }
}

void dk__pubsub_services_free(struct dk__pubsub_services *services) {
    if (services != NULL) {
        dk__feeds_end(&services->feeds);
        dk__block_free(&services->block);
    }
}
