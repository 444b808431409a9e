/*
 * Four threads put numbered records into one small queue while a fifth takes them out, full chunks and now and
 * then what is not full; who finds it full tries again. Every record comes out once, whole, in its thread's order
 * within a chunk, and every refusal was counted.
 */
#include "core/span_queue.h"

#include "support/span_records.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS = 4, RECORDS = 20000, SPANS_MAX = 100, CHUNK_SPANS_MAX = 16, SWEEP_EVERY = 7 };

static struct dk__span_queue *queue;
static _Atomic(uint32_t) done;
static _Atomic(uint64_t) refused;

static void *put_all(void *context) {
    char body[DK__SPAN_BODY_BYTES];
    struct dk__span_record record = {.kind = *(const unsigned char *)context, .body = body};
    bool is_news = false;
    for (uint64_t i = 1; i <= RECORDS; i++) {
        record.start_ns = i;
        record.body_used = (uint32_t)(i % DK__SPAN_BODY_BYTES);
        memset(body, (int)(i % 251), record.body_used);
        while (!dk__span_queue_put(queue, &record, &is_news)) {
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

/* A thread's records lie in one chunk or another, as the desks were free; within each they are in order. */
static bool chunk_check(const struct dk__span_chunk *chunk, uint64_t *sums) {
    uint64_t last[THREADS] = {0};
    for (size_t i = 1; i <= chunk->spans; i++) {
        const struct dk__span_record *record =
            (const struct dk__span_record *)(const void *)(chunk->end - i * SPAN_RECORD_BYTES);
        if (record->kind >= THREADS || record->start_ns <= last[record->kind] ||
            !is_whole(record)) {
            return false;
        }
        last[record->kind] = record->start_ns;
        sums[record->kind] += record->start_ns;
    }
    return true;
}

static bool take_all(uint64_t *sums, uint64_t *ret_taken) {
    for (unsigned round = 0;; round++) {
        const bool is_over = atomic_load(&done) == THREADS; /* before the look into the queue */
        if (is_over || round % SWEEP_EVERY == 0) {
            dk__span_queue_sweep(queue);
        }
        struct dk__span_chunk *chunk = dk__span_queue_take(queue);
        if (chunk == NULL && is_over) {
            return true;
        }
        if (chunk == NULL) {
            (void)sched_yield();
            continue;
        }
        *ret_taken += chunk->spans;
        const bool is_good = chunk_check(chunk, sums);
        dk__span_queue_release(queue, chunk);
        if (!is_good) {
            return false;
        }
    }
}

int main(void) {
    const struct dk__span_queue_config config = {
        .spans_max = SPANS_MAX, .chunk_spans_max = CHUNK_SPANS_MAX, .format = &span_record_format};
    static unsigned char names[THREADS];
    pthread_t threads[THREADS];
    uint64_t sums[THREADS] = {0}, taken = 0;
    if (dk__span_queue_new(&config, &queue) != DK_OK) {
        return EXIT_FAILURE;
    }
    for (unsigned i = 0; i < THREADS; i++) {
        names[i] = (unsigned char)i;
        if (pthread_create(&threads[i], NULL, put_all, &names[i]) != 0) {
            return EXIT_FAILURE;
        }
    }
    bool is_good = take_all(sums, &taken);
    if (!is_good) {
        (void)fprintf(stderr, "a record is out of order or torn\n");
        return EXIT_FAILURE;
    }
    for (unsigned i = 0; i < THREADS; i++) {
        (void)pthread_join(threads[i], NULL);
        is_good = is_good && sums[i] == (uint64_t)RECORDS * (RECORDS + 1) / 2; /* each once */
    }
    const struct dk__span_queue_counts counts = dk__span_queue_counts(queue);
    (void)printf(
        "%llu taken, %llu refused\n",
        (unsigned long long)taken,
        (unsigned long long)counts.dropped);
    dk__span_queue_free(queue);
    return is_good && taken == (uint64_t)THREADS * RECORDS &&
                   counts.dropped == atomic_load(&refused)
               ? EXIT_SUCCESS
               : EXIT_FAILURE;
}
