#ifndef DK_PUBSUB_H
#define DK_PUBSUB_H

#include <dk/bytes.h>
#include <dk/error.h>
#include <dk/instance.h>
#include <dk/reply.h>
#include <dk/subscription.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * A message broker, as Dapr sees it. Source: dapr.proto.components.v1 PubSub.
 *
 * Thread: every function of a backend runs on the loop's thread, one after the other.
 * Owner:  a request and all it points to live until its reply is given away.
 */

struct dk_publish {
    struct dk_bytes data; /* a CloudEvent as JSON, or the caller's bytes with rawPayload */
    struct dk_bytes pubsub_name;
    struct dk_bytes topic; /* UTF-8, 1 byte and more */
    struct dk_pairs metadata;
    struct dk_bytes content_type; /* daprd leaves it empty */
};

struct dk_publish_entry {
    struct dk_bytes entry_id; /* UTF-8, 1 byte and more, unique within the request */
    struct dk_bytes data;
    struct dk_bytes content_type;
    struct dk_pairs metadata;
};

struct dk_bulk_publish {
    const struct dk_publish_entry *entries;
    size_t count;
    struct dk_bytes pubsub_name;
    struct dk_bytes topic; /* UTF-8, 1 byte and more */
    struct dk_pairs metadata;
};

/*
 * Names an entry of bulk_publish that was not published, and why; then dk_reply_ok, and daprd's
 * caller sees the list. dk_reply_fail instead fails every entry: source, dapr-protocol "BulkPublish".
 * Encoded at once; the texts' memory may go afterwards.
 */
void dk_reply_failed_entry(struct dk_reply *reply, struct dk_bytes entry_id, struct dk_bytes error);

/* Features, told to daprd in words. BULK_PUBSUB follows from bulk_publish. */
enum dk_pubsub_feature {
    DK_PUBSUB_MESSAGE_TTL = 1 << 0, /* the broker keeps ttlInSeconds; else daprd does */
    DK_PUBSUB_SUBSCRIBE_WILDCARDS = 1 << 1,
};

struct dk_pubsub_backend {
    struct dk_backend base;
    unsigned features; /* enum dk_pubsub_feature */

    void (*publish)(
        struct dk_instance *broker, const struct dk_publish *request, struct dk_reply *reply);
    /* NULL: daprd publishes the entries one by one. */
    void (*bulk_publish)(
        struct dk_instance *broker, const struct dk_bulk_publish *request, struct dk_reply *reply);
    struct dk_source source;
    /* NULL: answered by the SDK, the process lives. */
    void (*ping)(struct dk_instance *broker, struct dk_reply *reply);
};

#ifdef __cplusplus
}
#endif

#endif /* DK_PUBSUB_H */
