#ifndef DK_SERVE_LIFE_H
#define DK_SERVE_LIFE_H

#include "core/lane.h"
#include "serve/listener_metrics.h"
#include "wire/grpc/rpc_trace.h"
#include "wire/grpc/server.h"

#include <dk/error.h>
#include <dk/loop.h>
#include <signal.h>
#include <stdbool.h>

struct dk__life;
struct dk__listener;
struct dk__tracer;
struct dk__transport;

enum { DK__DOOR_ADDRESSES_MAX = 2, DK__DOOR_LABEL_BYTES = 128 };

/* One server and what it listens by, of a program. */
struct dk__door {
    struct dk__server server;
    struct dk__listener *listeners[DK__DOOR_ADDRESSES_MAX];         /* NULL: not open */
    const struct dk__transport *transports[DK__DOOR_ADDRESSES_MAX]; /* whose they are */
    char labels[DK__DOOR_ADDRESSES_MAX][DK__DOOR_LABEL_BYTES];      /* their names in metrics */
    struct dk__life *life;                                          /* set by dk__life_add */
    struct dk__door *next;                                          /* private, as what follows */
    struct dk__listener_metrics metrics[DK__DOOR_ADDRESSES_MAX];
    struct dk__rpc_trace tracing;
};

/*
 * The life of a program between its start and its end, whatever it serves:
 *
 *     open ─▶ … doors open … ─▶ run ─▶ SIGTERM ─▶ drain ─▶ calls finish and their answers are read,
 *                                                          at most drain_ms ─▶ run returns ─▶ close
 *
 * Thread: main, which is also the loop's.
 * Owner:  the caller's, zeroed; it sets the first three members before open.
 */
struct dk__life {
    int64_t drain_ms;
    /* The program stops: nobody shall find it any more, streams end. The servers are draining. */
    void (*on_drain)(void *context);
    void *context;

    struct dk__tracer *tracer; /* of doors that are added; the caller sets it, or NULL */
    struct dk_loop *loop;
    sigset_t stop; /* the signals that end it */
    bool is_draining;
    struct dk__door *doors; /* private, as what follows */
    struct dk_timer drain_deadline;
    struct dk_timer repeats_due;  /* log lines that were held */
    struct dk__work repeats_held; /* posted by whoever logged the first of them */
};

/* Makes the loop and takes the signals. Errors: DK_EXHAUSTED, DK_INTERNAL. */
enum dk_error dk__life_open(struct dk__life *life, struct dk_fault *fault);

/* Prepares the door's server. The door lives until dk__life_close. Errors: DK_EXHAUSTED. */
enum dk_error dk__life_add(
    struct dk__life *life,
    struct dk__door *door,
    const struct dk__limits *limits,
    struct dk_fault *fault);

/* Opens the door at an address, as the transport's listen; `label` names it in metrics. Bound: DK__DOOR_ADDRESSES_MAX, asserted. */
enum dk_error dk__life_listen(
    struct dk__door *door,
    const struct dk__transport *transport,
    const char *address,
    const char *label,
    struct dk_fault *fault);

/* Serves until the signal and through the drain. Errors: DK_INTERNAL when the loop fails. */
enum dk_error dk__life_run(struct dk__life *life, struct dk_fault *fault);

/* Closes every listener at once. The servers, and so what they serve, still stand: free that, then
 * call dk__life_close. Accepts a life that was opened by half. */
void dk__life_shut(struct dk__life *life);

/* Forgets the servers and the loop. Accepts a life that was never opened. */
void dk__life_close(struct dk__life *life);

/* Says how it ended; the process' exit code. DK_CANCELLED: it was stopped while it started. */
int dk__life_end(const struct dk_fault *fault);

#endif /* DK_SERVE_LIFE_H */
