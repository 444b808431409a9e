/*
 * A completion queue and its thread:
 *
 *     grpc_call_start_batch ─▶ completion queue ─▶ thread ─▶ on_event ─▶ a lane, a waiting thread
 *
 * What gRPC has to say goes to our log at debug: whoever gives up on an error logs it.
 */
#include "wire/core/queue.h"

#include "core/system_error.h"

#include <assert.h>
#include <dk/log.h>
#include <grpc/support/log.h>
#include <grpc/support/time.h>
#include <signal.h>

static void queue_on_log(gpr_log_func_args *line) {
    dk_log(DK_LOG_DEBUG, "grpc", line->message, NULL);
}

static void queue_take_log(void) {
    gpr_set_log_function(queue_on_log);
}

void dk__core_event_give(
    struct dk__core_event *event, void (*on_event)(struct dk__core_event *event, bool is_ok)) {
    event->on_event = on_event;
    /* Release pairs with the acquire in queue_thread. */
    atomic_store_explicit(&event->owner, DK__OWNER_TRANSPORT, memory_order_release);
}

static void *queue_thread(void *context) {
    grpc_completion_queue *core = context;
    for (;;) {
        const grpc_event event =
            grpc_completion_queue_next(core, gpr_inf_future(GPR_CLOCK_MONOTONIC), NULL);
        if (event.type == GRPC_QUEUE_SHUTDOWN) {
            return NULL;
        }
        struct dk__core_event *ours = event.tag;
        const enum dk__owner owner = atomic_load_explicit(&ours->owner, memory_order_acquire);
        assert(owner == DK__OWNER_TRANSPORT);
        (void)owner;
        ours->on_event(ours, event.success != 0);
    }
}

enum dk_error dk__core_queue_open(struct dk__core_queue *queue, struct dk_fault *fault) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    sigset_t all, before;
    (void)pthread_once(&once, queue_take_log);
    grpc_init();
    queue->core = grpc_completion_queue_create_for_next(NULL);
    /* Signals are the loops' business: a handler must not run on this thread. */
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    const int number = pthread_create(&queue->thread, NULL, queue_thread, queue->core);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (number == 0) {
        return DK_OK;
    }
    grpc_completion_queue_shutdown(queue->core);
    (void)grpc_completion_queue_next(queue->core, gpr_inf_future(GPR_CLOCK_MONOTONIC), NULL);
    grpc_completion_queue_destroy(queue->core);
    queue->core = NULL;
    grpc_shutdown();
    char text[DK__SYSTEM_ERROR_BYTES];
    return dk_fault_set(
        fault, DK_EXHAUSTED, "grpc: no thread for its queue: %s", dk__system_error(number, text));
}

void dk__core_queue_close(struct dk__core_queue *queue) {
    if (queue->core == NULL) {
        return;
    }
    grpc_completion_queue_shutdown(queue->core);
    (void)pthread_join(queue->thread, NULL);
    grpc_completion_queue_destroy(queue->core);
    queue->core = NULL;
    grpc_shutdown();
}

/* ── waiting ────────────────────────────────────────────────────────────────────────────────── */

void dk__core_wait_init(struct dk__core_wait *wait) {
    (void)pthread_mutex_init(&wait->mutex, NULL);
    (void)pthread_cond_init(&wait->changed, NULL);
    wait->is_ok = true;
}

void dk__core_wait_destroy(struct dk__core_wait *wait) {
    (void)pthread_cond_destroy(&wait->changed);
    (void)pthread_mutex_destroy(&wait->mutex);
}

static void wait_on_event(struct dk__core_event *event, bool is_ok) {
    struct dk__core_wait *wait = (struct dk__core_wait *)(void *)event;
    (void)pthread_mutex_lock(&wait->mutex);
    wait->is_ok = is_ok;
    wait->is_pending = false;
    /* Within the lock: after it the waiter may let go of the whole. */
    (void)pthread_cond_signal(&wait->changed);
    (void)pthread_mutex_unlock(&wait->mutex);
}

void dk__core_wait_begin(struct dk__core_wait *wait) {
    assert(!wait->is_pending);
    wait->is_pending = true;
    dk__core_event_give(&wait->event, wait_on_event);
}

bool dk__core_wait_for(struct dk__core_wait *wait) {
    (void)pthread_mutex_lock(&wait->mutex);
    while (wait->is_pending) {
        (void)pthread_cond_wait(&wait->changed, &wait->mutex);
    }
    const bool is_ok = wait->is_ok;
    (void)pthread_mutex_unlock(&wait->mutex);
    return is_ok;
}
