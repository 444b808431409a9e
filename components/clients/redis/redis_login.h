#ifndef CLIENTS_REDIS_LOGIN_H
#define CLIENTS_REDIS_LOGIN_H

#include "clients/redis/redis_connection.h"

/* What a server said of itself while we logged in. */
struct redis_greeting {
    bool is_replica;
    int64_t replicas; /* connected to it; 0 when it does not tell */
};

/* `fault` has no error when the server is ready for commands. */
typedef void redis_logged_in_fn(void *context, const struct dk_fault *fault);

/*
 * The first words on a fresh connection, all in one write: AUTH, a name, SELECT, INFO
 * replication, PING. The first refusal is the answer; later ones follow from it.
 *
 * Thread: the loop's. Owner: a member of the caller's structure, which must outlive the
 *         connection it speaks on: the answers in flight point to it.
 */
struct redis_login {
    struct redis_greeting greeting;
    struct dk_fault fault;
    unsigned awaited;
    bool is_over; /* the outcome was told */
    redis_logged_in_fn *on_logged_in;
    void *context;
};

struct redis_credentials {
    const char *username, *password; /* NULL or empty: none */
    int64_t database;
    bool is_sentinel; /* no database, no replication to ask for */
};

enum dk_error redis_login_start(
    struct redis_login *login,
    struct redis_connection *connection,
    const struct redis_credentials *credentials,
    redis_logged_in_fn *on_logged_in,
    void *context,
    struct dk_fault *fault);

#endif /* CLIENTS_REDIS_LOGIN_H */
