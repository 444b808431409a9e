#ifndef CLIENTS_REDIS_QUEUE_H
#define CLIENTS_REDIS_QUEUE_H

#include <dk/loop.h>
#include <stddef.h>

/* A call that waits for the link during an outage; a member of the caller's structure. */
struct redis_waiter {
    /* Ready, or the wait is spent, or the link ends. */
    void (*on_wait_over)(struct redis_waiter *waiter, bool is_ready);
    struct redis_waiter *next; /* private */
    int64_t until_us;          /* private */
};

/*
 * Calls in the order they came, each with the same patience, so that the first is the next whose
 * time is up and one timer serves all.
 *
 * Thread: the loop's. Owner: waiters are their callers' own memory. Bound: count_max.
 */
struct redis_queue {
    struct dk_loop *loop;
    struct redis_waiter *first, **end;
    size_t count, count_max;
    int64_t patience_us;
    struct dk_timer timer;
};

void redis_queue_init(
    struct redis_queue *queue, struct dk_loop *loop, size_t count_max, int64_t patience_us);

/* Errors: DK_EXHAUSTED at the bound; the waiter is then not called. */
enum dk_error redis_queue_put(struct redis_queue *queue, struct redis_waiter *waiter);

/* Lets all go who wait now; whoever comes meanwhile waits for the next time. */
void redis_queue_release(struct redis_queue *queue, bool is_ready);

#endif /* CLIENTS_REDIS_QUEUE_H */
