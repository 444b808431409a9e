/*
 * The answers are librdkafka's own business: it takes note of metadata whoever asked for it.
 */
#include "clients/kafka/kafka_looks.h"

#include <stdlib.h>
#include <string.h>

enum { LOOK_MS = 2000, ROOM_FIRST = 16 };

struct kafka_look {
    struct kafka_looks *looks;
    struct kafka_question *question;
    char *topic;
    struct kafka_look *next;
};

static void look_end(struct kafka_look *look) {
    struct kafka_look **at = &look->looks->under_way;
    while (*at != look) {
        at = &(*at)->next;
    }
    *at = look->next;
    look->looks->count--;
    kafka_question_drop(look->question);
    free(look->topic);
    free(look);
}

static void look_on_metadata(void *context, const struct kafka_metadata *metadata) {
    (void)metadata;
    look_end(context);
}

void kafka_looks_again(
    struct kafka_looks *looks, struct dk_loop *loop, rd_kafka_t *client, const char *topic) {
    if (looks->count == KAFKA_LOOKS_MAX) {
        return;
    }
    for (const struct kafka_look *other = looks->under_way; other != NULL; other = other->next) {
        if (strcmp(other->topic, topic) == 0) {
            return;
        }
    }
    struct kafka_look *look = calloc(1, sizeof *look);
    if (look == NULL) {
        return;
    }
    look->looks = looks;
    look->next = looks->under_way;
    looks->under_way = look;
    looks->count++;
    look->topic = strdup(topic);
    if (look->topic == NULL ||
        kafka_question_ask(
            loop, client, topic, LOOK_MS, look_on_metadata, look, &look->question, NULL) != DK_OK) {
        look_end(look);
    }
}

/* Where a topic is, or would be. */
static size_t place_of(const struct kafka_looks *looks, const char *topic, bool *ret_is_met) {
    size_t low = 0, high = looks->topic_count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const int order = strcmp(looks->topics[middle], topic);
        if (order == 0) {
            *ret_is_met = true;
            return middle;
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    *ret_is_met = false;
    return low;
}

static bool remember(struct kafka_looks *looks, size_t place, const char *topic) {
    if (looks->topic_count == looks->topic_room) {
        const size_t room = looks->topic_room == 0 ? ROOM_FIRST : looks->topic_room * 2;
        char **topics = realloc(looks->topics, room * sizeof *topics);
        if (topics == NULL) {
            return false;
        }
        looks->topics = topics;
        looks->topic_room = room;
    }
    char *copy = strdup(topic);
    if (copy == NULL) {
        return false;
    }
    memmove(
        looks->topics + place + 1,
        looks->topics + place,
        (looks->topic_count - place) * sizeof *looks->topics);
    looks->topics[place] = copy;
    looks->topic_count++;
    return true;
}

void kafka_looks_meet(
    struct kafka_looks *looks, struct dk_loop *loop, rd_kafka_t *client, const char *topic) {
    bool is_met = false;
    const size_t place = place_of(looks, topic, &is_met);
    if (!is_met && looks->topic_count < KAFKA_LOOKS_TOPICS_MAX && remember(looks, place, topic)) {
        kafka_looks_again(looks, loop, client, topic);
    }
}

void kafka_looks_end(struct kafka_looks *looks) {
    struct kafka_look *next = NULL;
    for (struct kafka_look *look = looks->under_way; look != NULL; look = next) {
        next = look->next;
        look_end(look);
    }
    for (size_t i = 0; i < looks->topic_count; i++) {
        free(looks->topics[i]);
    }
    free(looks->topics);
    *looks = (struct kafka_looks){0};
}
