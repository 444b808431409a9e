#ifndef CLIENTS_REDIS_CONNECTION_H
#define CLIENTS_REDIS_CONNECTION_H

#include "clients/redis/redis_config.h"

#include <dk/bytes.h>
#include <dk/loop.h>
#include <hiredis/hiredis.h>

struct redis_tls_context;

/* The answer to one command, good during the call; NULL: the connection ended before it came, and
 * nobody knows whether the command ran. It may send, and may free the connection. */
typedef void redis_answer_fn(void *context, const struct redisReply *answer);

/* What the owner of a connection hears. */
struct redis_connection_events {
    /* It can be written to; nobody has logged in yet. */
    void (*on_open)(void *context);
    /* An error answer, before the command's own on_answer sees it; may be NULL. */
    void (*on_error)(void *context, const struct redisReply *answer);
    /* An answer nobody asked for, as subscribers get them; NULL: it ends the connection. */
    void (*on_push)(void *context, const struct redisReply *pushed);
    /* It is over, also before on_open. Everything in flight is answered NULL right after. */
    void (*on_lost)(void *context, const struct dk_fault *fault);
};

/*
 * One connection's life: dial, TLS, commands out, answers matched in order, the end.
 *
 *     send ─▶ chain ─▶ one write per turn ═════▶ server
 *     on_answer ◀─ oldest slot ◀─ reader ◀═════ server
 *
 * Thread: the loop's. Owner: whoever made it; free may be called from within its own callbacks.
 * Bound:  config's inflightMax commands in flight, REDIS_OUTBOX_BYTES_MAX bytes unsent.
 * Errors: a server that owes answers and is silent for readTimeout, or takes nothing for
 *         writeTimeout, is lost.
 */
struct redis_connection;

enum { REDIS_OUTBOX_BYTES_MAX = 64 * 1024 * 1024 };

/* Starts to dial. `tls` NULL is plain; it and the settings must outlive the connection. */
enum dk_error redis_connection_new(
    struct dk_loop *loop,
    const struct redis_settings *settings,
    struct redis_tls_context *tls,
    const struct redis_address *address,
    const struct redis_connection_events *events,
    void *context,
    struct redis_connection **ret_connection,
    struct dk_fault *fault);

/* Closes; what is in flight is answered NULL, on_lost is not called. Accepts NULL. */
void redis_connection_free(struct redis_connection *connection);

/*
 * Queues a command; it leaves at the end of the turn, with all others of the turn in one write.
 * `block_ms` is how long the server may rightly keep silent over it (WAIT), 0 for most.
 * Errors: DK_EXHAUSTED at a bound, DK_UNAVAILABLE when it is not open (any more).
 */
enum dk_error redis_connection_send(
    struct redis_connection *connection,
    const struct dk_bytes *words,
    size_t count,
    int64_t block_ms,
    redis_answer_fn *on_answer,
    void *context);

/* Takes no more commands and ends with on_lost when the last answer is in. */
void redis_connection_finish(struct redis_connection *connection);

/* How many more commands would find a place in flight. */
size_t redis_connection_room(const struct redis_connection *connection);

/* Commands without an answer, and bytes that the kernel has not taken. */
size_t redis_connection_inflight(const struct redis_connection *connection);
size_t redis_connection_unsent(const struct redis_connection *connection);

struct dk_series;
/* A histogram of how many commands leave in one turn; NULL: none. */
void redis_connection_count(struct redis_connection *connection, struct dk_series *write_commands);

/* Counts since birth, for tests and benchmarks. */
struct redis_connection_counts {
    uint64_t commands, writes, reads;
};
struct redis_connection_counts redis_connection_counts(const struct redis_connection *connection);

#endif /* CLIENTS_REDIS_CONNECTION_H */
