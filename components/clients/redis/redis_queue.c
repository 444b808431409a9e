/*
 * A list and a timer.
 */
#include "clients/redis/redis_queue.h"

static void queue_on_due(struct dk_timer *timer) {
    struct redis_queue *queue =
        (struct redis_queue *)(void *)((char *)timer - offsetof(struct redis_queue, timer));
    const int64_t now_us = dk_loop_now_us(queue->loop);

    while (queue->first != NULL && queue->first->until_us <= now_us) {
        struct redis_waiter *waiter = queue->first;
        queue->first = waiter->next;
        if (queue->first == NULL) {
            queue->end = &queue->first;
        }
        queue->count--;
        waiter->on_wait_over(waiter, false);
    }
    if (queue->first != NULL) {
        (void)dk_timer_set(queue->loop, &queue->timer, queue->first->until_us - now_us);
    }
}

void redis_queue_init(
    struct redis_queue *queue, struct dk_loop *loop, size_t count_max, int64_t patience_us) {
    *queue = (struct redis_queue){
        .loop = loop,
        .end = &queue->first,
        .count_max = count_max,
        .patience_us = patience_us,
        .timer.on_due = queue_on_due,
    };
}

enum dk_error redis_queue_put(struct redis_queue *queue, struct redis_waiter *waiter) {
    if (queue->count >= queue->count_max ||
        (queue->first == NULL &&
         dk_timer_set(queue->loop, &queue->timer, queue->patience_us) != DK_OK)) {
        return DK_EXHAUSTED;
    }
    waiter->next = NULL;
    waiter->until_us = dk_loop_now_us(queue->loop) + queue->patience_us;
    *queue->end = waiter;
    queue->end = &waiter->next;
    queue->count++;
    return DK_OK;
}

void redis_queue_release(struct redis_queue *queue, bool is_ready) {
    struct redis_waiter *waiter = queue->first;

    dk_timer_stop(queue->loop, &queue->timer);
    queue->first = NULL;
    queue->end = &queue->first;
    queue->count = 0;
    while (waiter != NULL) {
        struct redis_waiter *next = waiter->next; /* the waiter may end in its callback */
        waiter->on_wait_over(waiter, is_ready);
        waiter = next;
    }
}
