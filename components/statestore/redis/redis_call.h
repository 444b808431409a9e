#ifndef STATESTORE_REDIS_CALL_H
#define STATESTORE_REDIS_CALL_H

#include "clients/redis/redis_link.h"
#include "statestore/redis/redis_scripts.h"

#include <dk/state.h>

/* What is traced of this turn's write to the server: one span for all of its calls. */
struct redis_traced {
    struct dk_span *span;    /* NULL: none yet */
    struct dk_bytes command; /* a literal: of the first call, */
    bool is_mixed;           /* and others have others */
    size_t calls, commands;
    struct dk_deferred turn_end;
};

/* One instance. */
struct redis_state {
    struct dk_instance base;
    struct redis_settings settings;
    struct redis_link *link;
    struct redis_link *strong; /* of strong writes and their WAITs; NULL before the first */
    char shas[REDIS_SCRIPTS][REDIS_SHA_BYTES];

    struct dk_reply *open_reply; /* NULL once given away */
    struct dk_fault open_fault;
    int64_t dial_timeout_ms; /* the user's, while Init's deadline shortens it */
    unsigned loading;        /* scripts on their way to the server */

    struct redis_call *unconfirmed; /* strong writes of this turn, for one WAIT together */
    struct dk_deferred confirm;
    struct redis_traced traced;
};

struct redis_state *redis_state_of(struct dk_instance *store);

/*
 * One call of daprd on its way through Redis; in its reply's arena, ends with the reply.
 *
 * `run` sends the call's commands from its request, which lives as long as the reply. It runs
 * again when the link was not ready, when the script was unknown, and, for reads, once when the
 * answer was lost: the request is the only copy there needs to be.
 */
struct redis_call {
    struct redis_waiter waiter;
    struct redis_state *state;
    struct redis_link *link; /* of the present run */
    struct dk_reply *reply;
    const void *request;
    void (*run)(struct redis_call *call);
    unsigned runs_again;
    bool is_strong;          /* replicas are to confirm it */
    bool is_script_unknown;  /* send its text instead of its sum */
    struct redis_call *next; /* in `unconfirmed` and its WAIT */
};

/* Begins a call of `size` bytes, whose head is a redis_call. At the arena's bound the reply is
 * failed. */
void redis_call_start(
    struct dk_instance *store,
    const void *request,
    struct dk_reply *reply,
    size_t size,
    void (*run)(struct redis_call *call));

/*
 * The same for a write. A strong one goes, where there are replicas, with the WAIT for them over a
 * link of its own, which the first one opens: a connection that waits answers nobody else, and
 * readers must not wait for a slow replica.
 */
void redis_call_start_write(
    struct dk_instance *store,
    const void *request,
    struct dk_reply *reply,
    bool is_strong,
    size_t size,
    void (*run)(struct redis_call *call));

/* Sends one command of the call. When it cannot: waits for the link to run the call anew, or
 * fails the reply. */
void redis_call_send(
    struct redis_call *call,
    const struct dk_bytes *words,
    size_t count,
    redis_answer_fn *on_answer);

/*
 * Before the first of `batch` commands of the call that leave together: they are in the span of the turn's write, which
 * is named as the command (a literal), or "PIPELINE" and the command where several recorded calls write together.
 * Strong writes go another way and have a span each. A call that runs again leaves the span that it had.
 */
void redis_call_trace(struct redis_call *call, struct dk_bytes command, size_t batch);
/* Names this turn's span, and lets it end with its last call. */
void redis_traced_on_turn_end(struct dk_deferred *deferred);

/* Writes the first two words of a script's command: by sum, or by text when the sum is unknown. */
void redis_call_name_script(
    const struct redis_call *call, enum redis_script script, struct dk_bytes words[2]);

/* The link is not ready: runs the call when it is, or fails the reply when it takes too long. */
void redis_call_wait(struct redis_call *call);

/* A read's answer was lost: runs it again if that may be. */
void redis_call_lost_read(struct redis_call *call);

/* True when an error answer to a script means that nothing ran, and the call has been set on its
 * way again: NOSCRIPT, or READONLY from a server that has just been demoted. */
bool redis_call_goes_again(struct redis_call *call, const struct redisReply *answer);

/* Fails the reply with what the server said; NULL: the connection was lost under a write. */
void redis_call_refuse(struct redis_call *call, const struct redisReply *answer);

/* The write is done: answers, after the replicas have confirmed a strong one. */
void redis_call_written(struct redis_call *call);

/* Sends the WAIT for all strong writes of this turn. */
void redis_call_on_turn_end(struct dk_deferred *deferred);

#endif /* STATESTORE_REDIS_CALL_H */
