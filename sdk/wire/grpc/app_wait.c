/*
 * Where the loop ends what a handler waits for:
 *
 *     worker: wait_begin ─▶ waits ─▶ wait_end        loop: on_over ─▶ end(context)
 *
 * The mutex keeps the two from passing each other: after wait_end nobody touches the context.
 */
#include "wire/grpc/app.h"

void dk__app_wait_init(struct dk__app_wait *wait) {
    (void)pthread_mutex_init(&wait->mutex, NULL);
}

void dk__app_wait_destroy(struct dk__app_wait *wait) {
    (void)pthread_mutex_destroy(&wait->mutex);
}

void dk__app_on_over(struct dk__rpc *rpc) {
    struct dk_call *call = rpc->context;
    struct dk__app_wait *wait = &call->wait;
    (void)pthread_mutex_lock(&wait->mutex);
    wait->is_over = true;
    if (wait->end != NULL) {
        wait->end(wait->context);
    }
    (void)pthread_mutex_unlock(&wait->mutex);
}

bool dk__app_wait_begin(struct dk_call *call, void (*end)(void *context), void *context) {
    struct dk__app_wait *wait = &call->wait;
    if (call->task.workers != NULL) { /* NULL: a test's own call */
        dk__task_wait(&call->task);
    }
    if (call->rpc == NULL) {
        return true;
    }
    (void)pthread_mutex_lock(&wait->mutex);
    const bool is_over = wait->is_over;
    if (!is_over) {
        wait->end = end;
        wait->context = context;
    }
    (void)pthread_mutex_unlock(&wait->mutex);
    return !is_over;
}

void dk__app_wait_end(struct dk_call *call) {
    struct dk__app_wait *wait = &call->wait;
    if (call->rpc == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&wait->mutex);
    wait->end = NULL;
    wait->context = NULL;
    (void)pthread_mutex_unlock(&wait->mutex);
}
