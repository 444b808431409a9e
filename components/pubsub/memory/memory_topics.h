#ifndef PUBSUB_MEMORY_TOPICS_H
#define PUBSUB_MEMORY_TOPICS_H

#include <dk/loop.h>
#include <dk/subscription.h>
#include <stdint.h>
#include <uthash.h>
#include <utlist.h>

/*
 * What the in-memory broker keeps: topics with their groups, and for each group the messages that
 * it has still to handle. A message is one event, shared by the deliveries of all groups.
 *
 *     delivery:  ready ─▶ out ─▶ freed
 *                  ▲       ├─▶ later ─┐
 *                  └───────┴──────────┘
 *
 * Thread: the loop's. Owner: the hub owns all of it, readers excepted.
 */
struct memory_event {
    unsigned holders;
    int64_t bytes;
    int64_t expires_ms; /* since 1970; 0: never */
    struct dk_message message;
    struct dk_pair pairs[]; /* its metadata; the bytes of all texts lie behind */
};

struct memory_delivery {
    struct memory_delivery *prev, *next;
    struct memory_delivery **list; /* of its group: ready or later; NULL: out */
    struct memory_group *group;
    struct memory_event *event;
    uint64_t number; /* its place in the order of the group */
    struct dk_timer delay;
    bool was_out; /* delivered before */
};

struct memory_group {
    struct memory_group *next;
    struct memory_topic *topic;
    struct memory_delivery *ready; /* in order of their numbers */
    struct memory_delivery *later; /* each with its delay armed */
    struct memory_reader *readers; /* the broker's; the first one is served next */
    uint64_t published;
    size_t name_size;
    char name[];
};

struct memory_topic {
    UT_hash_handle hh;
    struct memory_hub *hub;
    struct memory_group *groups;
    size_t name_size;
    char name[]; /* NUL-terminated */
};

struct memory_hub {
    struct memory_hub *next;
    struct dk_loop *loop;
    unsigned instances;
    struct memory_topic *topics; /* a hash by name */
    int64_t bytes;               /* of all events and deliveries */
    char name[];
};

/* The hub of that name, made when there is none yet; NULL without memory. Closing it as often
 * forgets all it holds; there is no reader by then. close accepts NULL. */
struct memory_hub *memory_hub_open(struct dk_loop *loop, const char *name);
void memory_hub_close(struct memory_hub *hub);

/* NULL: nobody has subscribed to it yet. */
struct memory_topic *memory_topic_find(const struct memory_hub *hub, struct dk_bytes name);
/* The group of a topic; both are made when they are not there. NULL without memory. */
struct memory_group *memory_group_of(
    struct memory_hub *hub, struct dk_bytes topic, struct dk_bytes name);
/* What a message takes: its texts, and a little for each. */
int64_t memory_message_bytes(const struct dk_message *message);
/* Copies a message and makes it ready in every group. DK_EXHAUSTED, and nothing was done, when it
 * would be more than bytes_max or there is no memory. */
enum dk_error memory_topic_add(
    struct memory_topic *topic,
    const struct dk_message *message,
    int64_t expires_ms,
    int64_t bytes_max);

bool memory_has_expired(const struct memory_delivery *delivery);
/* On its way: in no list. */
void memory_delivery_out(struct memory_delivery *delivery);
/* At its place in the order. */
void memory_delivery_ready(struct memory_delivery *delivery);
/* Calls delay.on_due, set before, in so many ms. */
void memory_delivery_later(struct memory_delivery *delivery, int64_t ms);
void memory_delivery_free(struct memory_delivery *delivery);

#endif /* PUBSUB_MEMORY_TOPICS_H */
