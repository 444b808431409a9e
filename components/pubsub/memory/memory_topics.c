/*
 * Topics, groups and messages of the in-memory broker, on the loop's thread.
 */
#include "pubsub/memory/memory_topics.h"

#include <stdlib.h>
#include <string.h>

static struct memory_hub *hubs; /* the loop's, as all that runs here */

/* ── deliveries ─────────────────────────────────────────────────────────────────────────────── */

static struct memory_hub *hub_of(const struct memory_delivery *delivery) {
    return delivery->group->topic->hub;
}

static int by_number(const struct memory_delivery *left, const struct memory_delivery *right) {
    return left->number < right->number ? -1 : left->number > right->number;
}

bool memory_has_expired(const struct memory_delivery *delivery) {
    return delivery->event->expires_ms != 0 && delivery->event->expires_ms <= dk_clock_ms();
}

void memory_delivery_out(struct memory_delivery *delivery) {
    dk_timer_stop(hub_of(delivery)->loop, &delivery->delay);
    if (delivery->list != NULL) {
        DL_DELETE(*delivery->list, delivery);
        delivery->list = NULL;
    }
}

void memory_delivery_ready(struct memory_delivery *delivery) {
    struct memory_group *group = delivery->group;
    memory_delivery_out(delivery);
    delivery->list = &group->ready;
    if (group->ready == NULL || group->ready->prev->number < delivery->number) {
        DL_APPEND(group->ready, delivery); /* a new one: no need to look for its place */
    } else {
        DL_INSERT_INORDER(group->ready, delivery, by_number);
    }
}

void memory_delivery_later(struct memory_delivery *delivery, int64_t ms) {
    if (dk_timer_set(hub_of(delivery)->loop, &delivery->delay, ms * 1000) != DK_OK) {
        memory_delivery_ready(delivery); /* no room for a timer: sooner than asked for */
        return;
    }
    delivery->list = &delivery->group->later;
    DL_APPEND(delivery->group->later, delivery);
}

static void event_release(struct memory_hub *hub, struct memory_event *event) {
    event->holders--;
    if (event->holders == 0) {
        hub->bytes -= event->bytes;
        free(event);
    }
}

void memory_delivery_free(struct memory_delivery *delivery) {
    struct memory_hub *hub = hub_of(delivery);
    memory_delivery_out(delivery);
    hub->bytes -= (int64_t)sizeof *delivery;
    event_release(hub, delivery->event);
    free(delivery);
}

/* ── messages ───────────────────────────────────────────────────────────────────────────────── */

/* Copies to a place and goes past it. */
static struct dk_bytes copy_to(char **place, struct dk_bytes bytes) {
    const struct dk_bytes copy = {.data = *place, .size = bytes.size};
    if (bytes.size > 0) {
        memcpy(*place, bytes.data, bytes.size);
        *place += bytes.size;
    }
    return copy;
}

int64_t memory_message_bytes(const struct dk_message *message) {
    size_t bytes = message->data.size + message->content_type.size;
    for (size_t i = 0; i < message->metadata.count; i++) {
        bytes += sizeof(struct dk_pair) + message->metadata.items[i].key.size +
                 message->metadata.items[i].value.size;
    }
    return (int64_t)(sizeof(struct memory_event) + bytes);
}

/* One allocation: the event, its pairs, the bytes of all its texts. NULL without memory. */
static struct memory_event *event_new(const struct dk_message *message, int64_t expires_ms) {
    const int64_t bytes = memory_message_bytes(message);
    struct memory_event *event = malloc((size_t)bytes);
    if (event == NULL) {
        return NULL;
    }
    char *place = (char *)(event->pairs + message->metadata.count);
    for (size_t i = 0; i < message->metadata.count; i++) {
        event->pairs[i].key = copy_to(&place, message->metadata.items[i].key);
        event->pairs[i].value = copy_to(&place, message->metadata.items[i].value);
    }
    event->bytes = bytes;
    event->expires_ms = expires_ms;
    event->message = (struct dk_message){
        .data = copy_to(&place, message->data),
        .content_type = copy_to(&place, message->content_type),
        .metadata = {.items = event->pairs, .count = message->metadata.count},
    };
    return event;
}

/* What nobody will see any more makes room. */
static void hub_drop_expired(struct memory_hub *hub) {
    struct memory_topic *topic = NULL, *topic_after = NULL;
    HASH_ITER(hh, hub->topics, topic, topic_after) {
        for (struct memory_group *group = topic->groups; group != NULL; group = group->next) {
            struct memory_delivery *delivery = NULL, *after = NULL;
            DL_FOREACH_SAFE(group->ready, delivery, after) {
                if (memory_has_expired(delivery)) {
                    memory_delivery_free(delivery);
                }
            }
        }
    }
}

/* A delivery for a group, not yet ready. */
static struct memory_delivery *delivery_new(
    struct memory_group *group, struct memory_event *event) {
    struct memory_delivery *delivery = calloc(1, sizeof *delivery);
    if (delivery != NULL) {
        delivery->group = group;
        delivery->event = event;
        group->topic->hub->bytes += (int64_t)sizeof *delivery;
        event->holders++;
    }
    return delivery;
}

enum dk_error memory_topic_add(
    struct memory_topic *topic,
    const struct dk_message *message,
    int64_t expires_ms,
    int64_t bytes_max) {
    struct memory_hub *hub = topic->hub;
    struct memory_delivery *made = NULL, *delivery = NULL, *after = NULL;
    int64_t bytes = memory_message_bytes(message);
    for (struct memory_group *group = topic->groups; group != NULL; group = group->next) {
        bytes += (int64_t)sizeof *delivery;
    }
    if (hub->bytes + bytes > bytes_max) {
        hub_drop_expired(hub);
    }
    struct memory_event *event =
        hub->bytes + bytes > bytes_max ? NULL : event_new(message, expires_ms);
    if (event == NULL) {
        return DK_EXHAUSTED;
    }
    event->holders = 1; /* ours, while the groups get theirs */
    hub->bytes += event->bytes;
    bool is_whole = true;
    for (struct memory_group *group = topic->groups; group != NULL && is_whole;
         group = group->next) {
        delivery = delivery_new(group, event);
        is_whole = delivery != NULL;
        if (is_whole) {
            DL_APPEND(made, delivery);
        }
    }
    DL_FOREACH_SAFE(made, delivery, after) {
        DL_DELETE(made, delivery);
        if (is_whole) {
            delivery->group->published++;
            delivery->number = delivery->group->published;
            memory_delivery_ready(delivery);
        } else {
            memory_delivery_free(delivery);
        }
    }
    event_release(hub, event);
    return is_whole ? DK_OK : DK_EXHAUSTED;
}

/* ── topics ─────────────────────────────────────────────────────────────────────────────────── */

struct memory_topic *memory_topic_find(const struct memory_hub *hub, struct dk_bytes name) {
    struct memory_topic *topic = NULL;
    HASH_FIND(hh, hub->topics, name.data, name.size, topic);
    return topic;
}

static struct memory_topic *topic_new(struct memory_hub *hub, struct dk_bytes name) {
    struct memory_topic *topic = calloc(1, sizeof *topic + name.size + 1);
    if (topic != NULL) {
        topic->hub = hub;
        topic->name_size = name.size;
        memcpy(topic->name, name.data, name.size);
        HASH_ADD_KEYPTR(hh, hub->topics, topic->name, topic->name_size, topic);
    }
    return topic;
}

static struct memory_group *group_new(struct memory_topic *topic, struct dk_bytes name) {
    struct memory_group *group = calloc(1, sizeof *group + name.size + 1);
    if (group != NULL) {
        group->topic = topic;
        group->name_size = name.size;
        if (name.size > 0) {
            memcpy(group->name, name.data, name.size);
        }
        LL_APPEND(topic->groups, group);
    }
    return group;
}

struct memory_group *memory_group_of(
    struct memory_hub *hub, struct dk_bytes topic_name, struct dk_bytes name) {
    struct memory_topic *topic = memory_topic_find(hub, topic_name);
    if (topic == NULL) {
        topic = topic_new(hub, topic_name);
    }
    if (topic == NULL) {
        return NULL;
    }
    for (struct memory_group *group = topic->groups; group != NULL; group = group->next) {
        const struct dk_bytes other = {.data = group->name, .size = group->name_size};
        if (dk_bytes_equal(other, name)) {
            return group;
        }
    }
    return group_new(topic, name);
}

/* ── hubs ───────────────────────────────────────────────────────────────────────────────────── */

struct memory_hub *memory_hub_open(struct dk_loop *loop, const char *name) {
    struct memory_hub *hub = hubs;
    while (hub != NULL && strcmp(hub->name, name) != 0) {
        hub = hub->next;
    }
    if (hub == NULL) {
        hub = calloc(1, sizeof *hub + strlen(name) + 1);
        if (hub == NULL) {
            return NULL;
        }
        hub->loop = loop;
        memcpy(hub->name, name, strlen(name));
        LL_PREPEND(hubs, hub);
    }
    hub->instances++;
    return hub;
}

static void group_free(struct memory_group *group) {
    while (group->ready != NULL) {
        /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): freeing takes it out of the list */
        memory_delivery_free(group->ready);
    }
    while (group->later != NULL) {
        /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
        memory_delivery_free(group->later);
    }
    free(group);
}

void memory_hub_close(struct memory_hub *hub) {
    struct memory_topic *topic = NULL, *after = NULL;
    if (hub == NULL || --hub->instances > 0) {
        return;
    }
    HASH_ITER(hh, hub->topics, topic, after) {
        while (topic->groups != NULL) {
            struct memory_group *group = topic->groups;
            topic->groups = group->next;
            group_free(group);
        }
        /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the walk read next before this one went */
        HASH_DEL(hub->topics, topic);
        free(topic);
    }
    LL_DELETE(hubs, hub); /* NOLINT(clang-analyzer-unix.Malloc): hubs lead to living ones alone */
    free(hub);
}
