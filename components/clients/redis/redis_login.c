/*
 * Login as one pipeline. Its commands are small, so that a server that does not know us yet (it
 * takes little from strangers) accepts them together.
 */
#include "clients/redis/redis_login.h"

#include "clients/redis/redis_error.h"
#include "clients/redis/redis_words.h"

#include <stdlib.h>
#include <string.h>

static bool is_set(const char *text) {
    return text != NULL && text[0] != '\0';
}

/* The first trouble is the answer, at once: a server that refuses us may hang up before it has
 * answered the rest. What comes afterwards finds the login over. */
static void login_arrive(struct redis_login *login, const struct redisReply *answer) {
    login->awaited--;
    if (login->is_over || answer == NULL) {
        return; /* NULL: the connection's owner hears of the loss itself */
    }
    if (login->fault.error != DK_OK || login->awaited == 0) {
        login->is_over = true;
        login->on_logged_in(login->context, &login->fault);
    }
}

/* An answer that must be good. */
static void login_on_needed(void *context, const struct redisReply *answer) {
    struct redis_login *login = context;
    if (answer != NULL && answer->type == REDIS_REPLY_ERROR && !login->is_over) {
        (void)redis_fault_of(answer, &login->fault);
    }
    login_arrive(login, answer);
}

/* An answer that may be refused for want of a right, which an ACL user need not have; not because
 * there is no room for clients. */
static void login_on_optional(void *context, const struct redisReply *answer) {
    const bool is_fine = answer == NULL || answer->type != REDIS_REPLY_ERROR ||
                         redis_reply_is(answer, "NOPERM") || redis_error_of(answer) == DK_INTERNAL;
    if (is_fine) {
        login_arrive(context, answer);
    } else {
        login_on_needed(context, answer);
    }
}

/* The value behind "name:" in INFO's lines; NULL when there is none. */
static const char *info_find(const char *info, const char *name) {
    const size_t size = strlen(name);
    const char *line = info;
    while (line != NULL) {
        if (strncmp(line, name, size) == 0 && line[size] == ':') {
            return line + size + 1;
        }
        line = strchr(line, '\n');
        line = line == NULL ? NULL : line + 1;
    }
    return NULL;
}

static void login_on_info(void *context, const struct redisReply *answer) {
    struct redis_login *login = context;
    if (answer != NULL && answer->type == REDIS_REPLY_STRING) {
        const char *role = info_find(answer->str, "role");
        const char *replicas = info_find(answer->str, "connected_slaves");
        login->greeting.is_replica = role != NULL && strncmp(role, "slave", 5) == 0;
        login->greeting.replicas = replicas == NULL ? 0 : strtoll(replicas, NULL, 10);
    }
    login_on_optional(login, answer);
}

struct step {
    struct dk_bytes words[3];
    size_t count;
    redis_answer_fn *on_answer;
};

static size_t steps_of(
    const struct redis_credentials *credentials,
    char number[REDIS_NUMBER_BYTES_MAX],
    struct step *steps) {
    size_t count = 0;
    if (is_set(credentials->password)) {
        const bool has_user = is_set(credentials->username);
        const struct dk_bytes user = dk_bytes_of(credentials->username);
        const struct dk_bytes password = dk_bytes_of(credentials->password);
        steps[count++] = (struct step){
            {DK_BYTES("AUTH"), has_user ? user : password, password},
            has_user ? 3 : 2,
            login_on_needed};
    }
    if (!credentials->is_sentinel) {
        steps[count++] = (struct step){
            {DK_BYTES("CLIENT"), DK_BYTES("SETNAME"), DK_BYTES("dapr-kit")}, 3, login_on_optional};
        steps[count++] =
            (struct step){{DK_BYTES("INFO"), DK_BYTES("replication")}, 2, login_on_info};
    }
    if (!credentials->is_sentinel && credentials->database != 0) {
        steps[count++] = (struct step){
            {DK_BYTES("SELECT"), redis_number_word(number, credentials->database)},
            2,
            login_on_needed};
    }
    /* PING is what a server that is loading, or wants a password, refuses. */
    steps[count++] = (struct step){{DK_BYTES("PING")}, 1, login_on_needed};
    return count;
}

enum dk_error redis_login_start(
    struct redis_login *login,
    struct redis_connection *connection,
    const struct redis_credentials *credentials,
    redis_logged_in_fn *on_logged_in,
    void *context,
    struct dk_fault *fault) {
    enum { STEPS_MAX = 5 };
    struct step steps[STEPS_MAX];
    char number[REDIS_NUMBER_BYTES_MAX];
    const size_t count = steps_of(credentials, number, steps);

    *login = (struct redis_login){.on_logged_in = on_logged_in, .context = context};
    for (size_t i = 0; i < count; i++) {
        const enum dk_error error = redis_connection_send(
            connection, steps[i].words, steps[i].count, 0, steps[i].on_answer, login);
        if (error != DK_OK) {
            return dk_fault_set(fault, error, "redis: login cannot be sent");
        }
        login->awaited++;
    }
    return DK_OK;
}
