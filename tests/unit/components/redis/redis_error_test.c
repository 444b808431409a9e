#include "clients/redis/redis_error.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

static redisReply error_reply(char *text) {
    return (redisReply){.type = REDIS_REPLY_ERROR, .str = text, .len = strlen(text)};
}

Test(redis_error, has_a_class_for_every_word_of_a_server) {
    static const struct {
        char *text;
        enum dk_error error;
    } rows[] = {
        {"NOAUTH Authentication required.", DK_DENIED},
        {"WRONGPASS invalid username-password pair or user is disabled.", DK_DENIED},
        {"ERR invalid password", DK_DENIED},
        {"ERR Client sent AUTH, but no password is set", DK_DENIED},
        {"NOPERM this user has no permissions to run the 'evalsha' command", DK_DENIED},
        {"DENIED Redis is running in protected mode", DK_DENIED},
        {"READONLY You can't write against a read only replica.", DK_UNAVAILABLE},
        {"LOADING Redis is loading the dataset in memory", DK_UNAVAILABLE},
        {"MASTERDOWN Link with MASTER is down", DK_UNAVAILABLE},
        {"MISCONF Redis is configured to save RDB snapshots", DK_UNAVAILABLE},
        {"UNBLOCKED force unblock from blocking operation", DK_UNAVAILABLE},
        {"BUSY Redis is busy running a script", DK_UNAVAILABLE},
        {"ERR max number of clients reached", DK_UNAVAILABLE},
        {"OOM command not allowed when used memory > 'maxmemory'.", DK_EXHAUSTED},
        {"TOOLARGE an answer has at most 67108864 bytes", DK_TOO_LARGE},
        {"MOVED 3999 127.0.0.1:6381", DK_UNSUPPORTED},
        {"CROSSSLOT Keys in request don't hash to the same slot", DK_UNSUPPORTED},
        {"ERR unknown command", DK_INTERNAL},
        {"", DK_INTERNAL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const redisReply reply = error_reply(rows[i].text);
        struct dk_fault fault = {0};
        cr_assert(eq(int, redis_error_of(&reply), rows[i].error), "%s", rows[i].text);
        cr_assert(eq(int, redis_fault_of(&reply, &fault), rows[i].error));
        cr_assert(ne(ptr, strstr(fault.text, rows[i].text), NULL), "%s", fault.text);
    }
}

Test(redis_error, counts_a_missing_answer_as_unavailable) {
    cr_assert(eq(int, redis_error_of(NULL), DK_UNAVAILABLE));
    cr_assert(not(redis_reply_is(NULL, "OOM")));
}

Test(redis_error, looks_at_error_answers_only) {
    char text[] = "READONLY is a fine value";
    const redisReply value = {.type = REDIS_REPLY_STRING, .str = text, .len = strlen(text)};

    cr_assert(not(redis_reply_is(&value, "READONLY")));
}
