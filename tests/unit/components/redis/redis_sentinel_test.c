/*
 * Failover: the sentinels say where the master is, and say it again when it has moved.
 */
#include "support/redis_rig.h"
#include "support/redis_server.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

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

/*
 * Until a test lets a master die, the sentinel waits a minute for its answers: on a busy machine servers are late, a
 * master that was only late would be replaced before anybody looked, and one whose replica is not yet known would have
 * to wait for twice the time of a failover before it is tried again.
 */
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
            "sentinel down-after-milliseconds main 60000",
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
           OPEN(sentinel.host, "sentinelMasterName", "main", "poolTimeout", "30s")->error,
           DK_OK));
    cr_assert(eq(int, redis_rig_put(&rig, "key", "old"), DK_OK));
    wait_until_safe();
    (void)redis_server_number(&master, "WAIT 1 5000");
    while (strcmp(redis_server_text(&replica, "HGET key data"), "old") != 0) {
    }

    redis_server_kill(&master);
    redis_server_do(&sentinel, "SENTINEL SET main down-after-milliseconds 1000");
    (void)redis_rig_wait(redis_rig_ping(&rig)); /* the link notices, and looks for the new one */

    cr_assert(eq(int, redis_rig_put(&rig, "key", "new"), DK_OK));
    cr_assert(eq(str, (char *)redis_server_text(&replica, "HGET key data"), "new"));
    cr_assert(eq(str, (char *)redis_server_text(&replica, "HGET key version"), "2"));
}

/* ── a sentinel by script ───────────────────────────────────────────────────────────────────── */

static int listen_on_loopback(int *ret_port) {
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof address;
    const int listener = socket(AF_INET, SOCK_STREAM, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    cr_assert(eq(int, bind(listener, (struct sockaddr *)&address, size), 0));
    cr_assert(eq(int, listen(listener, 8), 0));
    cr_assert(eq(int, getsockname(listener, (struct sockaddr *)&address, &size), 0));
    *ret_port = ntohs(address.sin_port);
    return listener;
}

/* Reads until the peer has said these words; false when it hangs up first. */
static bool hears(int descriptor, const char *words) {
    static char heard[4096];
    size_t size = 0;
    do {
        const ssize_t got = read(descriptor, heard + size, sizeof heard - 1 - size);
        if (got <= 0) {
            return false;
        }
        size += (size_t)got;
        heard[size] = '\0';
    } while (strstr(heard, words) == NULL);
    return true;
}

static void say(int descriptor, const char *format, ...) {
    char text[512];
    va_list values;
    va_start(values, format);
    const int size = vsnprintf(text, sizeof text, format, values);
    va_end(values);
    if (write(descriptor, text, (size_t)size) != size) {
        _exit(1);
    }
}

/* "+PONG" to the login, then what is asked of a sentinel, in one answer to two questions. */
static void play_sentinel(int descriptor, int old_port) {
    char port[16];
    const int digits = snprintf(port, sizeof port, "%d", old_port);
    if (!hears(descriptor, "PING")) {
        _exit(2);
    }
    say(descriptor, "+PONG\r\n");
    if (!hears(descriptor, "+switch-master")) {
        _exit(3);
    }
    say(descriptor,
        "*2\r\n$9\r\n127.0.0.1\r\n$%d\r\n%s\r\n"
        "*3\r\n$9\r\nsubscribe\r\n$14\r\n+switch-master\r\n:1\r\n",
        digits,
        port);
}

static void play_switch(int descriptor, int old_port, int new_port) {
    char news[128];
    const int size =
        snprintf(news, sizeof news, "main 127.0.0.1 %d 127.0.0.1 %d", old_port, new_port);
    say(descriptor, "*3\r\n$7\r\nmessage\r\n$14\r\n+switch-master\r\n$%d\r\n%s\r\n", size, news);
}

/* The news comes while the old master, which will never answer, is being logged in to. */
Test(redis_sentinel, leads_to_a_master_that_moved_during_the_login) {
    char host[32], word = '\0';
    int sentinel_port = 0, old_port = 0;
    const int asked = listen_on_loopback(&sentinel_port), old = listen_on_loopback(&old_port);
    redis_server_start(&replica, NULL); /* the new master */
    (void)snprintf(host, sizeof host, "127.0.0.1:%d", sentinel_port);
    const pid_t actor = fork();
    if (actor == 0) {
        const int watched = accept(asked, NULL, NULL);
        play_sentinel(watched, old_port);
        const int dialled = accept(old, NULL, NULL);
        if (!hears(dialled, "PING")) {
            _exit(4);
        }
        play_switch(watched, old_port, replica.port);
        /* Until they leave: they hold us to nothing more. */
        _exit(read(dialled, &word, 1) == 0 && read(watched, &word, 1) == 0 ? 0 : 5);
    }

    const struct redis_rig_call *call =
        OPEN(host, "sentinelMasterName", "main", "readTimeout", "15s", "dialTimeout", "15s");

    cr_assert(eq(int, call->error, DK_OK), "%s", call->text);
    cr_assert(eq(int, redis_rig_put(&rig, "key", "value"), DK_OK));
    cr_assert(eq(str, (char *)redis_server_text(&replica, "HGET key data"), "value"));
    redis_rig_close_store(&rig);
    int status = 0;
    cr_assert(eq(int, waitpid(actor, &status, 0), actor));
    cr_assert(eq(int, status, 0));
    (void)close(asked);
    (void)close(old);
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
        cr_assert(eq(int, dk__loop_turn(rig.loop, 10000), DK_OK)); /* the rig keeps every call */
    }
}
