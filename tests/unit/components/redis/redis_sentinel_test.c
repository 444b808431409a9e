/*
 * Failover: the sentinels say where the master is, and say it again when it has moved.
 */
#include "support/redis_rig.h"
#include "support/redis_server.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>
#include <string.h>

static struct redis_server master, replica, sentinel;
static struct redis_rig rig;
static char master_port[16], monitor[96];

static void end(void) {
    redis_rig_close(&rig);
    redis_server_stop(&sentinel);
    redis_server_stop(&replica);
    redis_server_stop(&master);
}

TestSuite(redis_sentinel, .fini = end, .timeout = 50);

static void start(void) {
    redis_server_start(&master, (const char *const[]){"--repl-diskless-sync-delay", "0", NULL});
    (void)snprintf(master_port, sizeof master_port, "%d", master.port);
    redis_server_start(
        &replica,
        (const char *const[]){
            "--replicaof", "127.0.0.1", master_port, "--repl-diskless-sync-delay", "0", NULL});
    (void)snprintf(monitor, sizeof monitor, "sentinel monitor main 127.0.0.1 %d 1", master.port);
    redis_server_start_sentinel(
        &sentinel,
        (const char *const[]){
            monitor,
            "sentinel down-after-milliseconds main 300",
            "sentinel failover-timeout main 3000",
            NULL});
}

/* The sentinel knows the replica, and the replica is in step. */
static void wait_until_safe(void) {
    while (strstr(redis_server_text(&replica, "INFO replication"), "master_link_status:up") ==
           NULL) {
    }
    for (;;) {
        struct redisReply *replicas = redis_server_ask(&sentinel, "SENTINEL REPLICAS main");
        const size_t count = replicas->type == REDIS_REPLY_ARRAY ? replicas->elements : 0;
        freeReplyObject(replicas);
        if (count == 1) {
            return;
        }
    }
}

#define OPEN(hosts, ...)             \
    redis_rig_open(                  \
        &rig,                        \
        (const char *const[]){       \
            "failover",              \
            "true",                  \
            "redisHost",             \
            hosts,                   \
            "redisMaxRetryInterval", \
            "20",                    \
            __VA_ARGS__,             \
            NULL})

static void assert_refused(const struct redis_rig_call *call, const char *words) {
    cr_assert(ne(int, call->error, DK_OK));
    cr_assert(ne(ptr, strstr(call->text, words), NULL), "%s", call->text);
}

Test(redis_sentinel, leads_to_the_master) {
    start();

    cr_assert(eq(int, OPEN(sentinel.host, "sentinelMasterName", "main")->error, DK_OK));
    cr_assert(eq(int, redis_rig_put(&rig, "key", "value"), DK_OK));

    cr_assert(eq(str, (char *)redis_server_text(&master, "HGET key data"), "value"));
}

Test(redis_sentinel, is_asked_after_one_that_is_dead) {
    char hosts[96];
    start();
    (void)snprintf(
        hosts, sizeof hosts, "127.0.0.1:%d, %s", redis_server_free_port(), sentinel.host);

    cr_assert(eq(int, OPEN(hosts, "sentinelMasterName", "main")->error, DK_OK));
}

Test(redis_sentinel, says_that_it_knows_no_such_master) {
    start();

    const struct redis_rig_call *call = OPEN(sentinel.host, "sentinelMasterName", "other");

    assert_refused(call, "knows no master 'other' (sentinelMasterName)");
}

Test(redis_sentinel, says_what_each_of_the_dead_said) {
    char hosts[96];
    const int first = redis_server_free_port();
    (void)snprintf(hosts, sizeof hosts, "127.0.0.1:%d,no-such-host.invalid", first);

    const struct redis_rig_call *call = OPEN(hosts, "sentinelMasterName", "main");

    assert_refused(call, "connection refused");
    assert_refused(call, "sentinel 'no-such-host.invalid:6379'");
}

Test(redis_sentinel, may_want_a_password_of_its_own) {
    start();
    redis_server_do(&sentinel, "ACL SETUSER default on >watch");

    assert_refused(OPEN(sentinel.host, "sentinelMasterName", "main"), "wants a password");
    redis_rig_close(&rig);

    cr_assert(
        eq(int,
           OPEN(sentinel.host, "sentinelMasterName", "main", "sentinelPassword", "watch")->error,
           DK_OK));
}

Test(redis_sentinel, leads_to_the_new_master_after_the_old_one_died) {
    start();
    cr_assert(
        eq(int,
           OPEN(sentinel.host, "sentinelMasterName", "main", "poolTimeout", "15s")->error,
           DK_OK));
    cr_assert(eq(int, redis_rig_put(&rig, "key", "old"), DK_OK));
    wait_until_safe();
    (void)redis_server_number(&master, "WAIT 1 5000");
    while (strcmp(redis_server_text(&replica, "HGET key data"), "old") != 0) {
    }

    redis_server_kill(&master);
    (void)redis_rig_wait(redis_rig_ping(&rig)); /* the link notices, and looks for the new one */

    cr_assert(eq(int, redis_rig_put(&rig, "key", "new"), DK_OK));
    cr_assert(eq(str, (char *)redis_server_text(&replica, "HGET key data"), "new"));
    cr_assert(eq(str, (char *)redis_server_text(&replica, "HGET key version"), "2"));
}

/* A sentinel that has not yet heard enough of the replica refuses at first. */
static void ask_for_failover(void) {
    for (bool is_taken = false; !is_taken;) {
        struct redisReply *reply = redis_server_ask(&sentinel, "SENTINEL FAILOVER main");
        is_taken = reply->type == REDIS_REPLY_STATUS;
        freeReplyObject(reply);
    }
}

static int master_port_by_sentinel(void) {
    struct redisReply *reply = redis_server_ask(&sentinel, "SENTINEL get-master-addr-by-name main");
    const int port = (int)strtol(reply->element[1]->str, NULL, 10);
    freeReplyObject(reply);
    return port;
}

Test(redis_sentinel, leads_away_from_a_master_that_was_demoted) {
    start();
    cr_assert(
        eq(int,
           OPEN(sentinel.host, "sentinelMasterName", "main", "poolTimeout", "15s")->error,
           DK_OK));
    wait_until_safe();

    ask_for_failover();
    while (master_port_by_sentinel() != replica.port) {
    }

    /* Calls may fail while the masters change places, and then succeed at the new one. */
    while (redis_rig_put(&rig, "key", "new") != DK_OK ||
           strcmp(redis_server_text(&replica, "HGET key data"), "new") != 0) {
    }
}
