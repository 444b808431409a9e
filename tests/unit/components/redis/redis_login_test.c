/*
 * Init: what a user reads when it fails, and who is let in.
 */
#include "support/redis_rig.h"
#include "support/redis_server.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static struct redis_server server;
static struct redis_rig rig;

static void end(void) {
    redis_rig_close(&rig);
    redis_server_stop(&server);
}

TestSuite(redis_login, .fini = end);

#define OPEN(...) redis_rig_open(&rig, (const char *const[]){__VA_ARGS__, NULL})

static void assert_refused(
    const struct redis_rig_call *call, enum dk_error error, const char *words) {
    cr_assert(eq(int, call->error, error), "%s", call->text);
    cr_assert(ne(ptr, strstr(call->text, words), NULL), "%s", call->text);
}

Test(redis_login, says_that_nobody_listens) {
    char host[32];
    (void)snprintf(host, sizeof host, "127.0.0.1:%d", redis_server_free_port());

    assert_refused(OPEN("redisHost", host), DK_UNAVAILABLE, "connection refused");
}

Test(redis_login, says_that_there_is_no_such_socket) {
    assert_refused(
        OPEN("redisHost", "/no/such/socket"), DK_UNAVAILABLE, "No such file or directory");
}

Test(redis_login, says_that_a_host_cannot_be_resolved) {
    assert_refused(
        OPEN("redisHost", "no-such-host.invalid"), DK_UNAVAILABLE, "'no-such-host.invalid'");
}

Test(redis_login, resolves_a_name) {
    char host[32];
    redis_server_start(&server, NULL);
    (void)snprintf(host, sizeof host, "localhost:%d", server.port);

    cr_assert(eq(int, OPEN("redisHost", host)->error, DK_OK));
}

Test(redis_login, connects_to_a_unix_socket) {
    redis_server_start(&server, NULL);

    cr_assert(eq(int, OPEN("redisHost", server.path)->error, DK_OK));
    cr_assert(eq(int, redis_rig_put(&rig, "a", "b"), DK_OK));
}

/* A listener whose queue is full takes no one more: a dial that hangs, without leaving the host. */
Test(redis_login, says_that_the_dial_took_too_long) {
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof address;
    char host[32];
    const int listener = socket(AF_INET, SOCK_STREAM, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    cr_assert(eq(int, bind(listener, (struct sockaddr *)&address, size), 0));
    cr_assert(eq(int, listen(listener, 0), 0));
    cr_assert(eq(int, getsockname(listener, (struct sockaddr *)&address, &size), 0));
    const int first = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert(eq(int, connect(first, (struct sockaddr *)&address, size), 0));
    (void)snprintf(host, sizeof host, "127.0.0.1:%d", ntohs(address.sin_port));

    assert_refused(OPEN("redisHost", host, "dialTimeout", "200"), DK_UNAVAILABLE, "dial timeout");
    (void)close(first);
    (void)close(listener);
}

Test(redis_login, says_that_a_server_accepts_and_keeps_silent) {
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof address;
    char host[32];
    const int listener = socket(AF_INET, SOCK_STREAM, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    cr_assert(eq(int, bind(listener, (struct sockaddr *)&address, size), 0));
    cr_assert(eq(int, listen(listener, 8), 0));
    cr_assert(eq(int, getsockname(listener, (struct sockaddr *)&address, &size), 0));
    (void)snprintf(host, sizeof host, "127.0.0.1:%d", ntohs(address.sin_port));

    assert_refused(OPEN("redisHost", host, "readTimeout", "200"), DK_UNAVAILABLE, "silent for 2");
    (void)close(listener);
}

Test(redis_login, says_that_a_server_is_no_redis) {
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof address;
    char host[32];
    const int listener = socket(AF_INET, SOCK_STREAM, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    cr_assert(eq(int, bind(listener, (struct sockaddr *)&address, size), 0));
    cr_assert(eq(int, listen(listener, 8), 0));
    cr_assert(eq(int, getsockname(listener, (struct sockaddr *)&address, &size), 0));
    (void)snprintf(host, sizeof host, "127.0.0.1:%d", ntohs(address.sin_port));
    const pid_t web = fork();
    if (web == 0) {
        static const char answer[] = "HTTP/1.1 400 Bad Request\r\n\r\n";
        char question[64];
        const int client = accept(listener, NULL, NULL);
        const bool is_done = read(client, question, sizeof question) > 0 &&
                             write(client, answer, sizeof answer - 1) > 0 &&
                             read(client, question, sizeof question) >= 0;
        _exit(is_done ? 0 : 1);
    }

    assert_refused(OPEN("redisHost", host), DK_UNAVAILABLE, "not an answer of Redis");

    (void)kill(web, SIGKILL);
    (void)waitpid(web, NULL, 0);
    (void)close(listener);
}

Test(redis_login, says_that_the_password_is_wrong_and_not_which) {
    redis_server_start(&server, (const char *const[]){"--requirepass", "right", NULL});

    const struct redis_rig_call *call = OPEN("redisHost", server.host, "redisPassword", "wrong");

    assert_refused(call, DK_DENIED, "wrong user name or password (redisUsername, redisPassword)");
    cr_assert(eq(ptr, strstr(call->text, "'wrong'"), NULL));
}

Test(redis_login, says_that_a_password_is_wanted) {
    redis_server_start(&server, (const char *const[]){"--requirepass", "right", NULL});

    assert_refused(
        OPEN("redisHost", server.host), DK_DENIED, "the server wants a password (redisPassword)");
}

Test(redis_login, says_that_none_is_wanted) {
    redis_server_start(&server, NULL);

    assert_refused(
        OPEN("redisHost", server.host, "redisPassword", "x"),
        DK_DENIED,
        "the server has no password (redisPassword)");
}

Test(redis_login, lets_a_password_and_a_user_in) {
    redis_server_start(&server, NULL);
    redis_server_do(
        &server, "ACL SETUSER dapr on >secret ~app* +@read +@write +@scripting +@connection +info");

    cr_assert(eq(
        int,
        OPEN("redisHost", server.host, "redisUsername", "dapr", "redisPassword", "secret")->error,
        DK_OK));

    cr_assert(eq(int, redis_rig_put(&rig, "app||a", "1"), DK_OK));
    cr_assert(eq(int, redis_rig_put(&rig, "other", "1"), DK_DENIED));
}

Test(redis_login, says_that_a_user_may_not_run_scripts) {
    redis_server_start(&server, NULL);
    redis_server_do(&server, "ACL SETUSER dapr on >secret ~* +@all -@scripting");

    assert_refused(
        OPEN("redisHost", server.host, "redisUsername", "dapr", "redisPassword", "secret"),
        DK_DENIED,
        "lacks +@scripting");
}

Test(redis_login, lets_a_user_in_who_may_not_ask_for_info_nor_take_a_name) {
    redis_server_start(&server, NULL);
    redis_server_do(
        &server, "ACL SETUSER dapr on >secret ~* +ping +script +eval +evalsha +@hash +del +pttl");

    cr_assert(eq(
        int,
        OPEN("redisHost", server.host, "redisUsername", "dapr", "redisPassword", "secret")->error,
        DK_OK));
    cr_assert(eq(int, redis_rig_put(&rig, "a", "1"), DK_OK));
}

Test(redis_login, selects_the_database) {
    redis_server_start(&server, NULL);
    cr_assert(eq(int, OPEN("redisHost", server.host, "redisDB", "5")->error, DK_OK));

    cr_assert(eq(int, redis_rig_put(&rig, "a", "1"), DK_OK));

    cr_assert(eq(int, (int)redis_server_number(&server, "DBSIZE"), 0));
    redis_server_do(&server, "SWAPDB 0 5");
    cr_assert(eq(int, (int)redis_server_number(&server, "DBSIZE"), 1));
}

Test(redis_login, says_that_there_is_no_such_database) {
    redis_server_start(&server, NULL);

    assert_refused(
        OPEN("redisHost", server.host, "redisDB", "99"), DK_INTERNAL, "DB index is out of range");
}

Test(redis_login, says_that_there_is_no_room_for_a_client) {
    redis_server_start(&server, NULL);
    redis_server_do(&server, "CONFIG SET maxclients 1");
    redisContext *other = redisConnectUnix(server.path);
    freeReplyObject(redisCommand(other, "PING"));

    assert_refused(
        OPEN("redisHost", server.host), DK_UNAVAILABLE, "the server has no room for a client");
    redisFree(other);
}

Test(redis_login, says_that_the_server_is_loading) {
    redis_server_start(
        &server,
        (const char *const[]){"--enable-debug-command", "yes", "--rdbcompression", "no", NULL});
    redis_server_do(&server, "DEBUG POPULATE 4000 key 100");
    redis_server_do(&server, "SAVE");
    redis_server_kill(&server);
    server.arguments[4] = "--key-load-delay";
    server.arguments[5] = "1000"; /* µs per key: it loads for seconds */
    server.arguments[6] = "--loading-process-events-interval-bytes";
    server.arguments[7] = "1024";
    redis_server_again(&server);

    assert_refused(
        OPEN("redisHost", server.host), DK_UNAVAILABLE, "the server is still loading its data");
}

Test(redis_login, names_a_cluster_and_what_is_supported) {
    assert_refused(
        OPEN("redisHost", "127.0.0.1", "redisType", "cluster"),
        DK_UNSUPPORTED,
        "node is, alone or behind sentinels");
}
