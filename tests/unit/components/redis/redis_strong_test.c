/*
 * Strong writes: answered when the replicas have them, on a connection that others need not share.
 */
#include "clients/redis/redis_link.h"

#include "statestore/redis/redis_call.h"
#include "support/redis_rig.h"
#include "support/redis_server.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

static struct redis_server server, replica;
static struct redis_rig rig;

static void begin(void) {
    redis_server_start(&server, NULL);
}

static void end(void) {
    redis_rig_close(&rig);
    redis_server_stop(&replica);
    redis_server_stop(&server);
}

TestSuite(redis_strong, .init = begin, .fini = end);

#define OPEN(...) \
    redis_rig_open_well(&rig, (const char *const[]){"redisHost", server.host, __VA_ARGS__, NULL})

static const struct dk_get get_key = {.key = DK_BYTES("key")};
static const struct dk_set set_key = {.key = DK_BYTES("key"), .value = DK_BYTES("new")};

static void assert_failed(
    const struct redis_rig_call *call, enum dk_error error, const char *words) {
    cr_assert(eq(int, call->error, error), "%s", call->text);
    cr_assert(ne(ptr, strstr(call->text, words), NULL), "%s", call->text);
}

static char master_port[16];

static void start_replica(void) {
    (void)snprintf(master_port, sizeof master_port, "%d", server.port);
    redis_server_start(
        &replica,
        (const char *const[]){
            "--replicaof", "127.0.0.1", master_port, "--repl-diskless-sync-delay", "0", NULL});
    redis_server_do(&server, "CONFIG SET repl-diskless-sync-delay 0");
    /* "online" alone is too early: until its first word, up to a second later, it gets no writes. */
    redis_server_do(&server, "SET probe 1");
    while (strcmp(redis_server_text(&replica, "GET probe"), "1") != 0 ||
           strstr(redis_server_text(&server, "INFO replication"), "state=online") == NULL) {
    }
    redis_server_do(&server, "SET probe 2");
    while (strcmp(redis_server_text(&replica, "GET probe"), "2") != 0) {
    }
}

static struct dk_set strong(void) {
    struct dk_set request = set_key;
    request.consistency = DK_STRONG;
    return request;
}

Test(redis_strong, writes_are_confirmed_by_their_replicas_with_one_wait) {
    start_replica();
    OPEN("readTimeout", "3s");
    cr_assert(eq(i64, redis_link_replicas(redis_state_of(rig.store)->link), 1));
    redis_server_do(&server, "CONFIG RESETSTAT");
    struct redis_rig_call *calls[10];
    for (size_t i = 0; i < 10; i++) {
        calls[i] = redis_rig_set(&rig, strong());
    }

    for (size_t i = 0; i < 10; i++) {
        cr_assert(eq(int, redis_rig_wait(calls[i])->error, DK_OK), "%s", calls[i]->text);
    }

    cr_assert(eq(i64, redis_server_calls(&server, "wait"), 1));
    cr_assert(eq(str, (char *)redis_server_text(&replica, "HGET key version"), "10"));
}

Test(redis_strong, writes_say_how_many_replicas_did_not_confirm) {
    start_replica();
    OPEN("readTimeout", "200");
    redis_server_pause(&replica);

    struct redis_rig_call *call = redis_rig_wait(redis_rig_set(&rig, strong()));

    assert_failed(call, DK_UNAVAILABLE, "written, but only 0 of 1 replicas confirmed");
    cr_assert(eq(str, (char *)redis_rig_value(&rig, "key"), "new"));
    redis_server_resume(&replica);
}

static bool is_strong_lost(void *context) {
    (void)context;
    return !redis_link_is_ready(redis_state_of(rig.store)->strong);
}

static bool is_waiting(void *context) {
    (void)context;
    return strstr(redis_server_text(&server, "INFO clients"), "blocked_clients:1") != NULL;
}

Test(redis_strong, writes_hold_up_nobody_else_while_they_wait_for_a_slow_replica) {
    start_replica();
    OPEN("readTimeout", "3s");
    cr_assert(eq(int, redis_rig_wait(redis_rig_set(&rig, strong()))->error, DK_OK));
    redis_server_pause(&replica);
    struct redis_rig_call *slow = redis_rig_set(&rig, strong());
    redis_rig_until(&rig, is_waiting, NULL);

    struct redis_rig_call *get_call = redis_rig_wait(redis_rig_get(&rig, get_key));
    struct redis_rig_call *set_call = redis_rig_wait(redis_rig_set(&rig, set_key));

    cr_assert(eq(int, get_call->error, DK_OK), "%s", get_call->text);
    cr_assert(eq(int, set_call->error, DK_OK), "%s", set_call->text);
    cr_assert(not(slow->is_done));
    redis_server_resume(&replica);
    cr_assert(eq(int, redis_rig_wait(slow)->error, DK_OK), "%s", slow->text);
}

Test(redis_strong, writes_open_a_connection_of_their_own) {
    start_replica();
    OPEN("readTimeout", "3s");
    redis_server_do(&server, "CONFIG RESETSTAT");
    cr_assert(eq(int, redis_rig_put(&rig, "key", "v"), DK_OK));
    cr_assert(eq(ptr, redis_state_of(rig.store)->strong, NULL));

    for (int i = 0; i < 3; i++) {
        cr_assert(eq(int, redis_rig_wait(redis_rig_set(&rig, strong()))->error, DK_OK));
    }

    const struct redis_link *link = redis_state_of(rig.store)->strong;
    cr_assert(eq(u64, redis_link_counts(link).commands, 3 + 3 + 3)); /* login, writes, WAITs */
}

Test(redis_strong, writes_have_a_connection_that_mends_itself) {
    start_replica();
    OPEN("redisMaxRetryInterval", "20");
    cr_assert(eq(int, redis_rig_wait(redis_rig_set(&rig, strong()))->error, DK_OK));
    const struct redis_link *link = redis_state_of(rig.store)->strong;
    redis_server_do(&server, "CLIENT KILL TYPE normal SKIPME yes");
    redis_rig_until(&rig, is_strong_lost, NULL);

    struct redis_rig_call *call = redis_rig_wait(redis_rig_set(&rig, strong()));

    cr_assert(eq(int, call->error, DK_OK), "%s", call->text);
    cr_assert(redis_link_is_ready(link));
}

Test(redis_strong, writes_are_answered_when_the_store_closes) {
    start_replica();
    OPEN("readTimeout", "3s");
    cr_assert(eq(int, redis_rig_wait(redis_rig_set(&rig, strong()))->error, DK_OK));
    redis_server_pause(&replica);
    struct redis_rig_call *waiting = redis_rig_set(&rig, strong());
    redis_rig_until(&rig, is_waiting, NULL);
    struct redis_rig_call *behind = redis_rig_set(&rig, strong());
    redis_rig_turn(&rig);

    redis_rig_close_store(&rig);

    assert_failed(waiting, DK_UNAVAILABLE, "written, but the connection was lost");
    assert_failed(behind, DK_UNAVAILABLE, "the write may have happened");
    redis_server_resume(&replica);
}

Test(redis_strong, writes_say_that_the_user_may_not_ask_the_replicas) {
    start_replica();
    redis_server_do(&server, "ACL SETUSER dapr on >secret ~* +@all -wait");
    OPEN("redisUsername", "dapr", "redisPassword", "secret");

    struct redis_rig_call *call = redis_rig_wait(redis_rig_set(&rig, strong()));

    assert_failed(call, DK_DENIED, "written, but the replicas cannot be asked: NOPERM");
}

Test(redis_strong, writes_say_that_nothing_more_fits_behind_them) {
    start_replica();
    OPEN("inflightMax", "64");
    cr_assert(eq(int, redis_rig_wait(redis_rig_set(&rig, strong()))->error, DK_OK));
    redis_server_pause(&replica);
    struct redis_rig_call *waiting = redis_rig_set(&rig, strong());
    redis_rig_until(&rig, is_waiting, NULL);
    struct redis_rig_call *behind[70];
    for (size_t i = 0; i < 70; i++) {
        behind[i] = redis_rig_set(&rig, strong());
    }

    assert_failed(behind[69], DK_EXHAUSTED, "inflightMax");
    redis_server_resume(&replica);
    cr_assert(eq(int, redis_rig_wait(waiting)->error, DK_OK), "%s", waiting->text);
    for (size_t i = 0; i < 63; i++) {
        cr_assert(eq(int, redis_rig_wait(behind[i])->error, DK_OK), "%s", behind[i]->text);
    }
}

Test(redis_strong, writes_need_no_confirmation_without_replicas) {
    OPEN("readTimeout", "3s");

    cr_assert(eq(int, redis_rig_wait(redis_rig_set(&rig, strong()))->error, DK_OK));
}
