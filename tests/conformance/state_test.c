/*
 * Every store through every case: in this process with store_rig.c, and through the socket of a
 * real program with socket_rig.c. DK_STORE and DK_CASE name one of each: CTest has an entry for
 * every pair, from the rows below and the list in state_cases.c.
 */
#include "conformance/state_cases.h"

#include "statestore/memory/memory_store.h"
#include "statestore/redis/redis_store.h"
#include "support/redis_server.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>
#include <string.h>

static const char *const *no_properties(bool other) {
    static const char *const none[] = {NULL};
    (void)other;
    return none;
}

static void nothing(void) {
}

/* A server for each case; the second instance has a database of its own. */
static struct redis_server redis;

static void redis_begin(void) {
    redis_server_start(&redis, NULL);
}

static void redis_end(void) {
    redis_server_stop(&redis);
}

static const char *const *redis_properties(bool other) {
    static const char *const first[] = {"redisHost", redis.host, NULL};
    static const char *const second[] = {"redisHost", redis.host, "redisDB", "1", NULL};
    return other ? second : first;
}

static const struct store_row store_rows[] = {
    {
        .name = "memory",
        .backend = &memory_store,
        .properties = no_properties,
        .begin = nothing,
        .end = nothing,
    },
    {
        .name = "redis",
        .backend = &redis_store,
        .properties = redis_properties,
        .begin = redis_begin,
        .end = redis_end,
        .keeps_ttl_when_omitted = true,
        .creates_with_stale_etag = true,
        .first_write_is_sticky = true,
    },
};

static const struct store_row *row_named(const char *name) {
    for (size_t i = 0; i < sizeof store_rows / sizeof store_rows[0]; i++) {
        if (name != NULL && strcmp(store_rows[i].name, name) == 0) {
            return &store_rows[i];
        }
    }
    return NULL;
}

static const struct state_case *case_named(const char *name) {
    for (const struct state_case *one = state_cases; one->name != NULL; one++) {
        if (name != NULL && strcmp(one->name, name) == 0) {
            return one;
        }
    }
    return NULL;
}

Test(conformance, state, .timeout = 50) {
    const struct store_row *row = row_named(getenv("DK_STORE"));
    const struct state_case *one = case_named(getenv("DK_CASE"));
    cr_assert(row != NULL, "DK_STORE names none of the stores");
    cr_assert(one != NULL, "DK_CASE names none of the cases");
    struct store_rig rig;
    row->begin();
    store_rig_open(&rig, row->backend);
    const struct rig_answer opened = store_rig_init(&rig, "a", row->properties(false));
    cr_assert(eq(int, opened.error, DK_OK), "%s", opened.text == NULL ? "" : opened.text);

    one->run(&rig, row);

    store_rig_close(&rig);
    row->end();
}
