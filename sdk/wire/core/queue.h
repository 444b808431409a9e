#ifndef DK_WIRE_CORE_QUEUE_H
#define DK_WIRE_CORE_QUEUE_H

#include "core/call.h"

#include <dk/error.h>
#include <grpc/grpc.h>
#include <pthread.h>
#include <stdbool.h>

/*
 * gRPC's completion queue with the one thread that reads it. Its API cannot wait on our epoll, so
 * this thread hands each event to whoever it belongs to and does nothing else.
 */

/*
 * What an event belongs to; a member of whatever starts an operation, and the operation's tag.
 *
 * Owner: from dk__core_event_give until on_event the thread's. `owner` shows the thread sanitizer
 *        the edge that gRPC's own code, which it cannot see, makes: released before the operation
 *        starts, acquired by the thread that gets the event.
 */
struct dk__core_event {
    _Atomic(enum dk__owner) owner;
    /* On the queue's thread: short, never waits; the event is given back by it. */
    void (*on_event)(struct dk__core_event *event, bool is_ok);
};

/* Call it right before the operation that carries the event as its tag. */
void dk__core_event_give(
    struct dk__core_event *event, void (*on_event)(struct dk__core_event *event, bool is_ok));

struct dk__core_queue {
    grpc_completion_queue *core;
    pthread_t thread;
};

/* Starts gRPC too. Errors: DK_EXHAUSTED when no thread is to be had; then nothing was started. */
enum dk_error dk__core_queue_open(struct dk__core_queue *queue, struct dk_fault *fault);
/* Waits until the thread has given back what is under way; nothing may be started any more. gRPC
 * ends with the last queue. Accepts a zeroed queue. */
void dk__core_queue_close(struct dk__core_queue *queue);

/*
 * An event that one thread waits for.
 *
 * Thread: whoever starts the operation; another may wait, one at a time. Owner: a member, zeroed
 *         at birth, then dk__core_wait_init; the operation under way keeps it.
 */
struct dk__core_wait {
    struct dk__core_event event;
    pthread_mutex_t mutex; /* of: */
    bool is_pending, is_ok;
    pthread_cond_t changed;
};

void dk__core_wait_init(struct dk__core_wait *wait);
void dk__core_wait_destroy(struct dk__core_wait *wait);
/* Right before the operation that carries &wait->event. */
void dk__core_wait_begin(struct dk__core_wait *wait);
/* Until the event has come; whether it brought success. True at once when nothing was begun. */
bool dk__core_wait_for(struct dk__core_wait *wait);

#endif /* DK_WIRE_CORE_QUEUE_H */
