/*
 * Few subscriptions with few topics each, asked once for each assigned partition: lists do.
 */
#include "clients/kafka/kafka_topics.h"

#include <regex.h>
#include <stdlib.h>
#include <string.h>

enum { TOPIC_BYTES_MAX = 249 }; /* Kafka's own limit of a name */

struct kafka_wish {
    char *name;
    bool is_pattern;
    regex_t pattern;
};

struct kafka_interest {
    struct kafka_interest *older;
    struct dk_subscription *subscription;
    size_t count;
    struct kafka_wish wishes[];
};

static void interest_free(struct kafka_interest *interest) {
    for (size_t i = 0; i < interest->count; i++) {
        if (interest->wishes[i].is_pattern) {
            regfree(&interest->wishes[i].pattern);
        }
        free(interest->wishes[i].name);
    }
    free(interest);
}

static bool is_topic_name(const char *name) {
    static const char good[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    const size_t size = strlen(name);
    return size >= 1 && size <= TOPIC_BYTES_MAX && strspn(name, good) == size &&
           strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

static bool has(const struct kafka_interest *interest, const char *name) {
    for (size_t i = 0; i < interest->count; i++) {
        if (strcmp(interest->wishes[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

/* Takes the name when it becomes a wish. */
static enum dk_error wish_add(
    struct kafka_interest *interest, char *name, bool *ret_is_taken, struct dk_fault *fault) {
    struct kafka_wish *wish = &interest->wishes[interest->count];
    char reason[128];

    *ret_is_taken = false;
    if (has(interest, name)) {
        return DK_OK;
    }
    if (name[0] == '^') {
        const int error = regcomp(&wish->pattern, name, REG_EXTENDED | REG_NOSUB);
        if (error != 0) {
            (void)regerror(error, &wish->pattern, reason, sizeof reason);
            return dk_fault_set(
                fault, DK_INVALID, "topic: '%s' is no expression: %s", name, reason);
        }
        wish->is_pattern = true;
    } else if (!is_topic_name(name)) {
        return dk_fault_set(
            fault,
            DK_INVALID,
            "topic: '%s' is no topic of Kafka: 1 to %d of letters, digits, '.', '_' and '-'",
            name,
            TOPIC_BYTES_MAX);
    }
    wish->name = name;
    interest->count++;
    *ret_is_taken = true;
    return DK_OK;
}

enum dk_error kafka_topics_add(
    struct kafka_topics *topics,
    struct dk_subscription *subscription,
    const struct dk_bytes *names,
    size_t count,
    struct dk_fault *fault) {
    enum dk_error error = DK_OK;
    struct kafka_interest *interest =
        calloc(1, sizeof *interest + count * sizeof interest->wishes[0]);
    if (interest == NULL) {
        return dk_fault_set(fault, DK_EXHAUSTED, "topic: no memory for a subscription");
    }
    interest->subscription = subscription;
    for (size_t i = 0; i < count; i++) {
        bool is_taken = false;
        char *name = strndup(names[i].data, names[i].size);
        if (name == NULL) {
            interest_free(interest);
            return dk_fault_set(fault, DK_EXHAUSTED, "topic: no memory for a subscription");
        }
        const enum dk_error added = wish_add(interest, name, &is_taken, fault);
        error = error == DK_OK ? added : error;
        if (!is_taken) {
            free(name);
        }
    }
    interest->older = topics->newest;
    topics->newest = interest;
    return error;
}

void kafka_topics_remove(struct kafka_topics *topics, const struct dk_subscription *subscription) {
    for (struct kafka_interest **link = &topics->newest; *link != NULL; link = &(*link)->older) {
        struct kafka_interest *interest = *link;
        if (interest->subscription == subscription) {
            *link = interest->older;
            interest_free(interest);
            return;
        }
    }
}

void kafka_topics_close(struct kafka_topics *topics) {
    while (topics->newest != NULL) {
        struct kafka_interest *interest = topics->newest;
        topics->newest = interest->older;
        interest_free(interest);
    }
}

static bool wants(const struct kafka_interest *interest, const char *topic, bool by_pattern) {
    for (size_t i = 0; i < interest->count; i++) {
        const struct kafka_wish *wish = &interest->wishes[i];
        if (wish->is_pattern != by_pattern) {
            continue;
        }
        if (by_pattern ? regexec(&wish->pattern, topic, 0, NULL, 0) == 0
                       : strcmp(wish->name, topic) == 0) {
            return true;
        }
    }
    return false;
}

struct dk_subscription *kafka_topics_find(const struct kafka_topics *topics, const char *topic) {
    for (int by_pattern = 0; by_pattern < 2; by_pattern++) {
        for (const struct kafka_interest *interest = topics->newest; interest != NULL;
             interest = interest->older) {
            if (wants(interest, topic, by_pattern == 1)) {
                return interest->subscription;
            }
        }
    }
    return NULL;
}

rd_kafka_topic_partition_list_t *kafka_topics_list(const struct kafka_topics *topics) {
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(4);
    for (const struct kafka_interest *interest = topics->newest; list != NULL && interest != NULL;
         interest = interest->older) {
        for (size_t i = 0; i < interest->count; i++) {
            const char *name = interest->wishes[i].name;
            if (rd_kafka_topic_partition_list_find(list, name, RD_KAFKA_PARTITION_UA) == NULL) {
                (void)rd_kafka_topic_partition_list_add(list, name, RD_KAFKA_PARTITION_UA);
            }
        }
    }
    if (list != NULL) {
        rd_kafka_topic_partition_list_sort(list, NULL, NULL);
    }
    return list;
}
