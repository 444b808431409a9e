#ifndef TESTS_SUPPORT_FAKE_DAPRD_H
#define TESTS_SUPPORT_FAKE_DAPRD_H

#include "core/lane.h"
#include "wire/daprd/daprd.h"
#include "wire/grpc/app.h"
#include "wire/grpc/transport.h"

#include <pthread.h>

/*
 * A sidecar for tests of the client: a gRPC server of ours on a thread of its own, which notes what
 * it is asked and answers as a test's function says; and the handler's side of a call to it.
 *
 * Thread: the test's, but for fake_daprd_fn. What fails to start aborts the test.
 */
enum { FAKE_DAPRD_QUESTIONS_MAX = 16, FAKE_DAPRD_PAIRS_MAX = 16, FAKE_DAPRD_HELD_MAX = 8 };

struct fake_question {
    char path[128];
    struct dk_bytes request; /* a copy */
    struct dk_pair pairs[FAKE_DAPRD_PAIRS_MAX];
    size_t pair_count;
};

struct fake_daprd;
/* Answers a question, by dk__rpc_answer, dk__rpc_finish or fake_daprd_hold. `index` counts from 0;
 * the first FAKE_DAPRD_QUESTIONS_MAX are noted. On the server's thread. */
typedef void fake_daprd_fn(
    struct fake_daprd *fake, size_t index, struct dk__rpc *rpc, struct dk_bytes request);

struct fake_daprd {
    fake_daprd_fn *answer;                 /* NULL: an empty message */
    const void *context;                   /* the function's */
    const struct dk__transport *transport; /* NULL: wire/h2 */

    pthread_mutex_t mutex; /* of: */
    struct fake_question questions[FAKE_DAPRD_QUESTIONS_MAX];
    size_t question_count;
    size_t held_count;
    pthread_cond_t changed;

    char folder[64], address[96]; /* "unix:…" */
    struct dk_loop *loop;         /* NULL: it does not run */
    struct dk__server server;
    struct dk__listener *listener;
    pthread_t thread;
    struct dk__work stop;
    struct dk__rpc *held[FAKE_DAPRD_HELD_MAX];
};

/* Chooses an address, at which nobody answers yet. */
void fake_daprd_open(struct fake_daprd *fake);
void fake_daprd_start(struct fake_daprd *fake);
/* Stops, if it runs; held calls are answered empty. */
void fake_daprd_close(struct fake_daprd *fake);

/* Within fake_daprd_fn: no answer until the end. */
void fake_daprd_hold(struct fake_daprd *fake, struct dk__rpc *rpc);
/* Waits until so many are held. */
void fake_daprd_await_held(struct fake_daprd *fake, size_t count);
size_t fake_daprd_count(struct fake_daprd *fake);
/* Metadata of a question; absent: none of that name. */
struct dk_bytes fake_daprd_header(struct fake_daprd *fake, size_t index, const char *name);

/* A handler's call whose dk_daprd_… asks `daprd`. */
struct fake_handler {
    struct dk_call call;
    struct dk__rpc rpc;
    struct dk__app app;
};
void fake_handler_begin(
    struct fake_handler *handler, struct dk__daprd *daprd, struct dk_pairs headers);
void fake_handler_end(struct fake_handler *handler);
/* Nobody wants its answer any more, as the loop says it. Thread: any. */
void fake_handler_abandon(struct fake_handler *handler);

/* Settings of a client to it: no token, 10 s, 64 calls, 1 s of patience. */
struct dk__daprd_settings fake_daprd_settings(const struct fake_daprd *fake);

#endif /* TESTS_SUPPORT_FAKE_DAPRD_H */
