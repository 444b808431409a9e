#ifndef TESTS_SUPPORT_REDIS_SERVER_H
#define TESTS_SUPPORT_REDIS_SERVER_H

#include <hiredis/hiredis.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * A real Redis of a test's own: private folder, a free port on 127.0.0.1, a Unix socket; it dies
 * with the test. The test fails with words when redis-server is not installed.
 *
 * Thread: the test's. Owner: the test's structure; redis_server_stop gives all back.
 */
enum { REDIS_SERVER_ARGUMENTS_MAX = 48 };

struct redis_server {
    char folder[64];
    char path[96]; /* of the Unix socket */
    int port;      /* 0: it listens on the socket alone */
    char host[32]; /* "127.0.0.1:port" */
    const char *program;
    const char *arguments[REDIS_SERVER_ARGUMENTS_MAX]; /* the test's own, NULL-terminated */
    pid_t process;
};

/* Starts it and waits until it answers; `arguments` are name, value, …, NULL, or NULL. A port among
 * them is known to the caller only. */
void redis_server_start(struct redis_server *server, const char *const *arguments);
/* The same with another program's name and its configuration file: a sentinel. */
void redis_server_start_sentinel(struct redis_server *server, const char *const *lines);

/* As kill -9; then again with the same port, folder and arguments. */
void redis_server_kill(struct redis_server *server);
void redis_server_again(struct redis_server *server);
/* Starts without waiting: it may still be loading. */
void redis_server_again_at_once(struct redis_server *server);

/* It stands still, as in a long pause of its machine. */
void redis_server_pause(struct redis_server *server);
void redis_server_resume(struct redis_server *server);

/* Kills it and removes its folder. Accepts one that is dead already. */
void redis_server_stop(struct redis_server *server);

/* One command beside the component's connection; freeReplyObject is the caller's. */
struct redisReply *redis_server_ask(struct redis_server *server, const char *format, ...);
/* The same, when only success matters: fails the test on an error answer. */
void redis_server_do(struct redis_server *server, const char *format, ...);
/* The same for an integer, and for a text up to 4095 bytes ("" for nil). */
long long redis_server_number(struct redis_server *server, const char *format, ...);
const char *redis_server_text(struct redis_server *server, const char *format, ...);

/* How often the server ran a command ("hgetall") since its start or CONFIG RESETSTAT. */
int64_t redis_server_calls(struct redis_server *server, const char *command);

/* A port that no test is given besides: see support/free_port.h. */
int redis_server_free_port(void);

#endif /* TESTS_SUPPORT_REDIS_SERVER_H */
