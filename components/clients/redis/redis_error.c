/*
 * One table from Redis' error words to dk_error and a hint for the user.
 */
#include "clients/redis/redis_error.h"

#include <string.h>

struct meaning {
    const char *start; /* of the error's text */
    enum dk_error error;
    const char *hint;
};

static const struct meaning meanings[] = {
    /* text begins with, class, hint */
    {"NOAUTH", DK_DENIED, "the server wants a password (redisPassword)"},
    {"WRONGPASS", DK_DENIED, "wrong user name or password (redisUsername, redisPassword)"},
    {"ERR invalid password", DK_DENIED, "wrong password (redisPassword)"},
    {"ERR Client sent AUTH, but no password is set",
     DK_DENIED,
     "the server has no password (redisPassword)"},
    {"ERR AUTH <password> called without any password",
     DK_DENIED,
     "the server has no password (redisPassword)"},
    {"NOPERM", DK_DENIED, "the user lacks a right"},
    {"DENIED", DK_DENIED, "the server is in protected mode"},
    {"READONLY", DK_UNAVAILABLE, "the server is a replica and takes no writes"},
    {"LOADING", DK_UNAVAILABLE, "the server is still loading its data"},
    {"MASTERDOWN", DK_UNAVAILABLE, "the replica has lost its master"},
    {"NOREPLICAS", DK_UNAVAILABLE, "too few replicas are connected to the server"},
    {"MISCONF", DK_UNAVAILABLE, "the server takes no writes until it can save its data"},
    {"BUSY", DK_UNAVAILABLE, "the server is busy with a script"},
    {"UNBLOCKED", DK_UNAVAILABLE, "the server has just become a replica"},
    {"TRYAGAIN", DK_UNAVAILABLE, "the server asks to try again"},
    {"ERR max number of clients reached", DK_UNAVAILABLE, "the server has no room for a client"},
    {"OOM", DK_EXHAUSTED, "the server is out of memory (its maxmemory)"},
    {"TOOLARGE", DK_TOO_LARGE, "the value is too large to be read"}, /* our reader's own word */
    {"MOVED", DK_UNSUPPORTED, "the server is part of a cluster, which is not supported"},
    {"ASK ", DK_UNSUPPORTED, "the server is part of a cluster, which is not supported"},
    {"CROSSSLOT", DK_UNSUPPORTED, "the server is part of a cluster, which is not supported"},
    {"CLUSTERDOWN", DK_UNSUPPORTED, "the server is part of a cluster, which is not supported"},
    {"WRONGTYPE", DK_INTERNAL, "the key holds something that is no state"},
};

static const struct meaning *meaning_of(const struct redisReply *reply) {
    for (size_t i = 0; i < sizeof meanings / sizeof meanings[0]; i++) {
        if (redis_reply_is(reply, meanings[i].start)) {
            return &meanings[i];
        }
    }
    return NULL;
}

bool redis_reply_is(const struct redisReply *reply, const char *word) {
    const size_t size = strlen(word);
    return reply != NULL && reply->type == REDIS_REPLY_ERROR && reply->len >= size &&
           memcmp(reply->str, word, size) == 0;
}

enum dk_error redis_error_of(const struct redisReply *reply) {
    if (reply == NULL) {
        return DK_UNAVAILABLE;
    }
    const struct meaning *meaning = meaning_of(reply);
    return meaning == NULL ? DK_INTERNAL : meaning->error;
}

enum dk_error redis_fault_of(const struct redisReply *reply, struct dk_fault *fault) {
    const struct meaning *meaning = meaning_of(reply);
    if (meaning == NULL) {
        return dk_fault_set(fault, DK_INTERNAL, "redis: %s", reply->str);
    }
    return dk_fault_set(fault, meaning->error, "redis: %s: %s", meaning->hint, reply->str);
}
