/*
 * The store against a real Redis: what is written lies in the built-in's layout, and reads back.
 */
#include "support/redis_rig.h"
#include "support/redis_server.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

static struct redis_server server;
static struct redis_rig rig;

static void begin(void) {
    redis_server_start(&server, NULL);
    redis_rig_open_well(&rig, (const char *const[]){"redisHost", server.host, NULL});
}

static void end(void) {
    redis_rig_close(&rig);
    redis_server_stop(&server);
}

Test(redis_store, writes_the_layout_of_the_built_in, .init = begin, .fini = end) {
    cr_assert(eq(int, redis_rig_put(&rig, "app||key", "value"), DK_OK));

    cr_assert(eq(int, (int)redis_server_number(&server, "HLEN app||key"), 2));
    cr_assert(eq(str, (char *)redis_server_text(&server, "HGET app||key data"), "value"));
    cr_assert(eq(str, (char *)redis_server_text(&server, "HGET app||key version"), "1"));
}

Test(redis_store, reads_what_it_wrote, .init = begin, .fini = end) {
    cr_assert(eq(int, redis_rig_put(&rig, "key", "one"), DK_OK));
    cr_assert(eq(int, redis_rig_put(&rig, "key", "two"), DK_OK));

    cr_assert(eq(str, (char *)redis_rig_value(&rig, "key"), "two"));
    cr_assert(eq(str, (char *)redis_rig_etag(&rig, "key"), "2"));
}
