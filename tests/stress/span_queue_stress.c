/*
 * Four threads put numbered records into one small queue while a fifth takes them out; who finds it
 * full tries again. Every record comes out once, in its thread's order and whole, and every refusal
 * was counted.
 */
#include "core/span_queue.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS = 4, RECORDS = 20000, SIZE_MAX_OF_QUEUE = 100 };

static struct dk__span_queue *queue;
static _Atomic(uint32_t) done;
static _Atomic(uint64_t) refused;

static void *put_all(void *context) {
    struct dk__span_record record = {.kind = *(const unsigned char *)context};
    for (uint64_t i = 1; i <= RECORDS; i++) {
        record.start_ns = i;
        record.body_used = (uint32_t)(i % DK__SPAN_BODY_BYTES);
        memset(record.body, (int)(i % 251), record.body_used);
        while (!dk__span_queue_put(queue, &record)) {
            (void)atomic_fetch_add(&refused, 1);
            (void)sched_yield();
        }
    }
    (void)atomic_fetch_add(&done, 1);
    return NULL;
}

static bool is_whole(const struct dk__span_record *record) {
    bool is_good = record->body_used == record->start_ns % DK__SPAN_BODY_BYTES;
    for (uint32_t i = 0; i < record->body_used; i++) {
        is_good &= (unsigned char)record->body[i] == record->start_ns % 251;
    }
    return is_good;
}

int main(void) {
    static unsigned char names[THREADS];
    pthread_t threads[THREADS];
    uint64_t last[THREADS] = {0}, taken = 0;
    if (dk__span_queue_new(SIZE_MAX_OF_QUEUE, &queue) != DK_OK) {
        return EXIT_FAILURE;
    }
    for (unsigned i = 0; i < THREADS; i++) {
        names[i] = (unsigned char)i;
        if (pthread_create(&threads[i], NULL, put_all, &names[i]) != 0) {
            return EXIT_FAILURE;
        }
    }
    for (;;) {
        const bool is_over = atomic_load(&done) == THREADS; /* before the look into the queue */
        const struct dk__span_record *record = dk__span_queue_peek(queue);
        if (record == NULL && is_over) {
            break;
        }
        if (record == NULL) {
            (void)sched_yield();
            continue;
        }
        if (record->start_ns != 1 + last[record->kind] || !is_whole(record)) {
            (void)fprintf(
                stderr, "thread %d: a record is out of order or torn\n", (int)record->kind);
            return EXIT_FAILURE;
        }
        last[record->kind] = record->start_ns;
        taken++;
        dk__span_queue_pop(queue);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    const struct dk__span_queue_counts counts = dk__span_queue_counts(queue);
    (void)printf(
        "%llu taken, %llu refused\n",
        (unsigned long long)taken,
        (unsigned long long)counts.dropped);
    dk__span_queue_free(queue);
    return taken == (uint64_t)THREADS * RECORDS && counts.dropped == atomic_load(&refused)
               ? EXIT_SUCCESS
               : EXIT_FAILURE;
}
