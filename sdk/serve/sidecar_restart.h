#ifndef DK_SERVE_SIDECAR_RESTART_H
#define DK_SERVE_SIDECAR_RESTART_H

#include "core/environment.h"
#include "wire/grpc/observer.h"

#include <dk/error.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

/*
 * How a restarted component gets its instances and streams back. daprd sends Init once in its own life and
 * never opens a stream again, so it is daprd that has to start anew: it is asked to shut down, and its
 * supervisor (the kubelet, systemd with Restart=always) starts it again.
 *
 *     mark of an earlier life? ─▶ begin: a thread ─▶ Shutdown to 127.0.0.1:DAPR_GRPC_PORT, every second
 *                                                    until it is taken, or daprd has sent an Init by itself
 *     end ─▶ the thread is told and joined
 *
 * Thread: main, which is also the loop's. Owner: the caller's, zeroed.
 * Bound:  ATTEMPTS_MAX attempts of ATTEMPT_MS at most; then it says that it gives up, and the component
 *         serves on as without it.
 */
struct dk__sidecar_restart {
    char port[sizeof "65535"];
    const char *token; /* DAPR_API_TOKEN; NULL: none */
    pthread_t thread;
    bool is_begun;
    int stop_descriptor; /* an eventfd; readable: the thread shall end */
    /* From the loop, which sees an Init succeed, to the thread; it orders nothing else. */
    _Atomic(bool) is_initialised;
};

/* DAPR_GRPC_PORT (50001) and DAPR_API_TOKEN. Errors: DK_INVALID. */
enum dk_error dk__sidecar_restart_read(
    struct dk__sidecar_restart *restart,
    dk__look_up_fn *look_up,
    void *context,
    struct dk_fault *fault);

/* Looks for an Init that succeeds at a server. Before it serves; lives as long; zeroed before. */
struct dk__sidecar_watch {
    struct dk__observer observer; /* first */
    struct dk__sidecar_restart *restart;
};
void dk__sidecar_watch_begin(
    struct dk__sidecar_watch *watch,
    struct dk__sidecar_restart *restart,
    struct dk__server *server);

/* Errors: DK_EXHAUSTED. */
enum dk_error dk__sidecar_restart_begin(
    struct dk__sidecar_restart *restart, struct dk_fault *fault);
/* Fine for one that never began. */
void dk__sidecar_restart_end(struct dk__sidecar_restart *restart);

#endif /* DK_SERVE_SIDECAR_RESTART_H */
