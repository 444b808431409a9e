/*
 * Streams that deliver, on the loop's thread: a message goes straight from the backend's memory
 * into the RPC's output, a settlement straight to the backend.
 */
#include "wire/grpc/feed.h"

#include "core/instances.h"
#include "core/utf8.h"
#include "wire/grpc/block.h"
#include "wire/grpc/rpc_trace.h"

#include <dk/log.h>
#include <inttypes.h>

static struct dk__feed *feed_around(const struct dk__subscription *subscription) {
    return (struct dk__feed *)(uintptr_t)subscription; /* ours; it is its first member */
}

static bool feed_can_send(const struct dk__subscription *subscription) {
    return dk__rpc_can_send(feed_around(subscription)->rpc);
}

/* One text that is no UTF-8 would cost daprd the whole stream with words that name nothing. */
static enum dk_error check_texts(const struct dk_message *message, struct dk_fault *fault) {
    if (!dk__utf8_is_valid(message->content_type)) {
        return dk_fault_set(fault, DK_INVALID, "a message's content type is not UTF-8");
    }
    for (size_t i = 0; i < message->metadata.count; i++) {
        const struct dk_pair *pair = &message->metadata.items[i];
        if (!dk__utf8_is_valid(pair->key) || !dk__utf8_is_valid(pair->value)) {
            return dk_fault_set(
                fault,
                DK_INVALID,
                "a message's metadata '%.*s' is not UTF-8",
                (int)pair->key.size,
                pair->key.data);
        }
    }
    return DK_OK;
}

static enum dk_error feed_send(
    struct dk__subscription *subscription,
    struct dk_bytes id,
    const struct dk_message *message,
    struct dk_fault *fault) {
    const struct dk__feed *feed = feed_around(subscription);
    struct dk__rpc *rpc = feed->rpc;
    const struct dk_bytes topic = subscription->base.topic;
    const size_t size = dk__message_size(feed->numbers, topic, id, message);

    if (check_texts(message, fault) != DK_OK) {
        return DK_INVALID;
    }
    if (size > rpc->server->limits.reply_bytes_max) {
        return dk_fault_set(
            fault,
            DK_INVALID,
            "a message of %zu bytes, reply-bytes-max = %zu is what daprd takes",
            size,
            rpc->server->limits.reply_bytes_max);
    }
    dk__rpc_message_begin(rpc);
    rpc->message_failed |= !dk__encode_message(&rpc->out, feed->numbers, topic, id, message, size);
    if (!dk__rpc_message_end(rpc)) {
        return dk_fault_set(fault, DK_EXHAUSTED, "no memory for a message of %zu bytes", size);
    }
    return DK_OK;
}

static struct dk_span *feed_trace(
    const struct dk__subscription *subscription,
    const struct dk_message *message,
    struct dk__span_memory *memory) {
    return dk__rpc_trace_message(
        feed_around(subscription)->rpc, &subscription->base, message, memory);
}

static const struct dk__subscription_ops feed_ops = {
    .can_send = feed_can_send, .send = feed_send, .trace = feed_trace};

static const char *scope_of(const struct dk__feed *feed) {
    return dk__block_of(feed->rpc)->backend->name;
}

/* The backend and the list forget it; the RPC is for the caller. */
static void feed_close(struct dk__feed *feed) {
    const struct dk__subscription_counts *counts = &feed->subscription.counts;
    const struct dk_subscription *base = &feed->subscription.base;
    if (dk__feed_is_subscribed(feed)) {
        dk__subscription_close(&feed->subscription);
        dk_log(
            DK_LOG_INFO,
            scope_of(feed),
            "subscription has ended",
            "component=\"%s\" topic=\"%.*s\" delivered=%" PRIu64 " handled=%" PRIu64
            " refused=%" PRIu64 " abandoned=%" PRIu64 " stale=%" PRIu64,
            base->instance->name,
            (int)base->topic.size,
            base->topic.data,
            counts->delivered,
            counts->handled,
            counts->refused,
            counts->abandoned,
            counts->stale);
    }
    *feed->at = feed->next;
    if (feed->next != NULL) {
        feed->next->at = feed->at;
    }
    feed->rpc->context = NULL;
}

static void feed_end(struct dk__feed *feed, const struct dk__status *status) {
    struct dk__rpc *rpc = feed->rpc;
    feed_close(feed);
    dk__rpc_finish(rpc, status);
}

static void feed_end_stopped(struct dk__feed *feed) {
    static const struct dk__status stopped = {
        .code = DK__CODE_UNAVAILABLE, .message = DK_BYTES("the server is shutting down")};
    feed_end(feed, &stopped);
}

void dk__feed_fail(struct dk__feed *feed, const struct dk_fault *fault) {
    struct dk__rpc *rpc = feed->rpc;
    dk_log(DK_LOG_WARN, scope_of(feed), "a stream broke a rule", "reason=\"%s\"", fault->text);
    feed_close(feed);
    dk_reply_fault(&rpc->reply, fault);
}

struct dk__feed *dk__feed_begin(
    struct dk__feeds *feeds,
    struct dk__rpc *rpc,
    const struct dk_source *source,
    const struct dk__message_numbers *numbers) {
    struct dk__walk walk;
    if (!dk__walk_begin(&walk, rpc, &dk__plain_ops, sizeof(struct dk__feed))) {
        return NULL;
    }
    struct dk__feed *feed = walk.request;
    *feed = (struct dk__feed){
        .subscription =
            {.base = {.instance = walk.instance, .topic = {.data = "", .size = 0}},
             .source = source,
             .ops = &feed_ops,
             .is_traced = rpc->server->tracer != NULL,
             .is_paused = dk__instances_is_paused(walk.instance)},
        .rpc = rpc,
        .numbers = numbers,
        .next = feeds->first,
        .at = &feeds->first,
    };
    if (feed->next != NULL) {
        feed->next->at = &feed->next;
    }
    feeds->first = feed;
    rpc->context = feed;
    return feed;
}

struct dk__feed *dk__feed_of(const struct dk__rpc *rpc) {
    return rpc->context;
}

bool dk__feed_is_subscribed(const struct dk__feed *feed) {
    return feed->subscription.slots != NULL;
}

void dk__feed_subscribe(struct dk__feed *feed, struct dk_bytes topic, struct dk_pairs metadata) {
    struct dk_subscription *base = &feed->subscription.base;
    base->topic = topic;
    base->metadata = metadata;
    dk_log(
        DK_LOG_INFO,
        scope_of(feed),
        "subscription begins",
        "component=\"%s\" topic=\"%.*s\"",
        base->instance->name,
        (int)topic.size,
        topic.data);
    if (dk__subscription_open(&feed->subscription, feed->rpc->server->limits.window_max) != DK_OK) {
        struct dk_fault fault = {0};
        (void)dk_fault_set(&fault, DK_EXHAUSTED, "no memory for a window of messages");
        dk__feed_fail(feed, &fault);
    }
}

void dk__feed_settle(
    struct dk__feed *feed, struct dk_bytes id, struct dk_bytes error, struct dk_bytes response) {
    struct dk__subscription *subscription = &feed->subscription;
    const bool is_handled = error.data == NULL;
    const bool is_known = dk__subscription_settle(
        subscription, id, is_handled ? DK_HANDLED : DK_REFUSED, is_handled ? response : error);
    if (!is_known) {
        dk_log(
            DK_LOG_DEBUG,
            scope_of(feed),
            "a settlement of no message that is out",
            "id=\"%.*s\"",
            (int)id.size,
            id.data);
    }
    if (subscription->is_draining && dk__subscription_outstanding(subscription) == 0) {
        feed_end_stopped(feed);
    }
}

/* Nothing can be settled any more. */
void dk__feed_on_half_close(struct dk__rpc *rpc) {
    static const struct dk__status ok = {.code = DK__CODE_OK};
    feed_end(dk__feed_of(rpc), &ok);
}

void dk__feed_on_writable(struct dk__rpc *rpc) {
    dk__subscription_writable(&dk__feed_of(rpc)->subscription);
}

void dk__feed_on_over(struct dk__rpc *rpc) {
    if (dk__feed_of(rpc) != NULL) {
        feed_close(dk__feed_of(rpc));
    }
}

void dk__feeds_pause(struct dk__feeds *feeds, const char *instance, bool is_paused) {
    for (struct dk__feed *feed = feeds->first; feed != NULL; feed = feed->next) {
        if (strcmp(feed->subscription.base.instance->name, instance) == 0) {
            dk__subscription_pause(&feed->subscription, is_paused);
        }
    }
}

void dk__feeds_drain(struct dk__feeds *feeds) {
    struct dk__feed *next = NULL;
    /* All of them first: what one gives back is for no other. */
    for (struct dk__feed *feed = feeds->first; feed != NULL; feed = feed->next) {
        dk__subscription_drain(&feed->subscription);
    }
    for (struct dk__feed *feed = feeds->first; feed != NULL; feed = next) {
        next = feed->next;
        if (dk__subscription_outstanding(&feed->subscription) == 0) {
            feed_end_stopped(feed);
        }
    }
}

void dk__feeds_end(struct dk__feeds *feeds) {
    while (feeds->first != NULL) {
        feed_end_stopped(feeds->first);
    }
}
