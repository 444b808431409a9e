/*
 * Spawns redis-server and talks to it by hiredis' blocking client, beside the code under test.
 */
#include "support/redis_server.h"

#include "support/child.h"
#include "support/free_port.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { READY_WITHIN_MS = 20000, LOOK_EVERY_MS = 5, ARGUMENTS_ALL_MAX = 80 };

int redis_server_free_port(void) {
    const int port = free_port();
    cr_assert(ne(int, port, 0));
    return port;
}

static redisContext *connect_to(const struct redis_server *server) {
    const struct timeval within = {.tv_sec = 10};
    redisContext *context = redisConnectUnixWithTimeout(server->path, within);
    if (context != NULL && context->err != 0) {
        redisFree(context);
        return NULL;
    }
    if (context != NULL) {
        (void)redisSetTimeout(context, within);
    }
    return context;
}

/* Answers at all, loading or asking for a password included. */
static bool is_listening(const struct redis_server *server) {
    redisContext *context = connect_to(server);
    redisReply *reply = context == NULL ? NULL : redisCommand(context, "PING");
    const bool is_there = reply != NULL;
    freeReplyObject(reply);
    if (context != NULL) {
        redisFree(context);
    }
    return is_there;
}

/* What it printed last, for a test that fails: its folder goes with the test. */
static const char *last_words(const struct redis_server *server) {
    static char line[512];
    char path[96];
    (void)snprintf(path, sizeof path, "%s/output", server->folder);
    FILE *output = fopen(path, "r");
    while (output != NULL && fgets(line, sizeof line, output) != NULL) {
    }
    if (output != NULL) {
        (void)fclose(output);
    }
    return line;
}

static void wait_until_listening(struct redis_server *server) {
    for (int ms = 0; !is_listening(server); ms += LOOK_EVERY_MS) {
        int status = 0;
        if (child_has_ended(server->process, &status)) {
            server->process = 0;
            const bool was_found = !(WIFEXITED(status) && WEXITSTATUS(status) == 127);
            cr_assert(
                was_found,
                "%s is not installed: apt-get install --no-install-recommends redis-server "
                "(with a policy-rc.d that exits 101)",
                server->program);
            cr_fatal("%s ended at once: %s", server->program, last_words(server));
        }
        cr_assert(lt(int, ms, READY_WITHIN_MS), "%s does not answer", server->program);
        child_pause_ms(LOOK_EVERY_MS);
    }
}

void redis_server_again_at_once(struct redis_server *server) {
    const char *all[ARGUMENTS_ALL_MAX];
    char port[16];
    size_t count = 0;
    (void)snprintf(port, sizeof port, "%d", server->port);
    const char *const own[] = {
        server->program,
        "--port",
        port,
        "--bind",
        "127.0.0.1",
        "--dir",
        server->folder,
        "--unixsocket",
        server->path,
        "--save",
        "",
        "--appendonly",
        "no",
        NULL};
    for (size_t i = 0; own[i] != NULL; i++) {
        all[count++] = own[i];
    }
    for (size_t i = 0; server->arguments[i] != NULL; i++) {
        all[count++] = server->arguments[i];
    }
    all[count] = NULL;
    server->process = child_start(server->folder, all);
}

void redis_server_again(struct redis_server *server) {
    redis_server_again_at_once(server);
    wait_until_listening(server);
}

static void make_folder(struct redis_server *server) {
    (void)snprintf(server->folder, sizeof server->folder, "/tmp/dk-redis-XXXXXX");
    child_folder_make(server->folder);
    (void)snprintf(server->path, sizeof server->path, "%s/socket", server->folder);
}

void redis_server_start(struct redis_server *server, const char *const *arguments) {
    *server = (struct redis_server){.program = "redis-server"};
    for (size_t i = 0; arguments != NULL && arguments[i] != NULL; i++) {
        cr_assert(lt(sz, i, REDIS_SERVER_ARGUMENTS_MAX - 1));
        server->arguments[i] = arguments[i];
    }
    make_folder(server);
    server->port = redis_server_free_port();
    (void)snprintf(server->host, sizeof server->host, "127.0.0.1:%d", server->port);
    redis_server_again(server);
}

void redis_server_start_sentinel(struct redis_server *server, const char *const *lines) {
    *server = (struct redis_server){.program = "redis-server"};
    make_folder(server);
    server->port = redis_server_free_port();
    (void)snprintf(server->host, sizeof server->host, "127.0.0.1:%d", server->port);
    char name[96];
    (void)snprintf(name, sizeof name, "%s/sentinel.conf", server->folder);
    FILE *file = fopen(name, "w");
    cr_assert(ne(ptr, file, NULL));
    (void)fprintf(
        file,
        "port %d\nbind 127.0.0.1\nunixsocket %s\ndir %s\n",
        server->port,
        server->path,
        server->folder);
    for (size_t i = 0; lines[i] != NULL; i++) {
        (void)fprintf(file, "%s\n", lines[i]);
    }
    (void)fclose(file);
    server->process = child_start(
        server->folder, (const char *const[]){server->program, name, "--sentinel", NULL});
    wait_until_listening(server);
}

void redis_server_kill(struct redis_server *server) {
    if (server->process > 0) {
        (void)kill(server->process, SIGKILL);
        (void)waitpid(server->process, NULL, 0);
        server->process = 0;
    }
    (void)unlink(server->path);
}

void redis_server_pause(struct redis_server *server) {
    int status = 0;
    cr_assert(eq(int, kill(server->process, SIGSTOP), 0));
    cr_assert(eq(int, waitpid(server->process, &status, WUNTRACED), server->process));
}

void redis_server_resume(struct redis_server *server) {
    cr_assert(eq(int, kill(server->process, SIGCONT), 0));
}

void redis_server_stop(struct redis_server *server) {
    redis_server_kill(server);
    if (server->folder[0] != '\0') {
        child_folder_remove(server->folder);
    }
}

/* A server that changes its role throws its clients out: then the question is put again. */
static struct redisReply *ask(struct redis_server *server, const char *format, va_list values) {
    enum { TRIES_MAX = 5 };
    redisReply *reply = NULL;
    for (int i = 0; reply == NULL && i < TRIES_MAX; i++) {
        va_list copy;
        redisContext *context = connect_to(server);
        cr_assert(ne(ptr, context, NULL), "no connection to %s", server->path);
        va_copy(copy, values);
        reply = redisvCommand(context, format, copy);
        va_end(copy);
        redisFree(context);
    }
    cr_assert(ne(ptr, reply, NULL), "no answer to '%s'", format);
    return reply;
}

struct redisReply *redis_server_ask(struct redis_server *server, const char *format, ...) {
    va_list values;
    va_start(values, format);
    struct redisReply *reply = ask(server, format, values);
    va_end(values);
    return reply;
}

void redis_server_do(struct redis_server *server, const char *format, ...) {
    va_list values;
    va_start(values, format);
    struct redisReply *reply = ask(server, format, values);
    va_end(values);
    cr_assert(ne(int, reply->type, REDIS_REPLY_ERROR), "'%s': %s", format, reply->str);
    freeReplyObject(reply);
}

long long redis_server_number(struct redis_server *server, const char *format, ...) {
    va_list values;
    va_start(values, format);
    struct redisReply *reply = ask(server, format, values);
    va_end(values);
    cr_assert(eq(int, reply->type, REDIS_REPLY_INTEGER), "'%s' gives no number", format);
    const long long number = reply->integer;
    freeReplyObject(reply);
    return number;
}

const char *redis_server_text(struct redis_server *server, const char *format, ...) {
    static char text[4096];
    va_list values;
    va_start(values, format);
    struct redisReply *reply = ask(server, format, values);
    va_end(values);
    cr_assert(ne(int, reply->type, REDIS_REPLY_ERROR), "'%s': %s", format, reply->str);
    (void)snprintf(text, sizeof text, "%s", reply->type == REDIS_REPLY_NIL ? "" : reply->str);
    freeReplyObject(reply);
    return text;
}

int64_t redis_server_calls(struct redis_server *server, const char *command) {
    char name[64];
    const int size = snprintf(name, sizeof name, "cmdstat_%s:calls=", command);
    struct redisReply *info = redis_server_ask(server, "INFO commandstats");
    const char *found = strstr(info->str, name);
    const int64_t calls = found == NULL ? 0 : strtoll(found + size, NULL, 10);
    freeReplyObject(info);
    return calls;
}
