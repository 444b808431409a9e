/*
 * Handlers that ask their sidecar side by side: four threads share a client; a fifth plays the loop
 * and takes their callers away while they wait; deadlines race with answers; at the end the client
 * is closed under all of them. The thread sanitizer watches; every question must end, and in one of
 * the ways it may.
 *
 * The sidecar is on wire/core: see core_client_stress.c.
 */
#include "support/fake_daprd.h"

#include <dk/daprd.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { WORKERS = 4, ROUNDS = 150, RACE_US = 600 };

#define B(literal) ((struct dk_bytes)DK_BYTES(literal))

static struct fake_daprd fake;
static struct dk__daprd *daprd;
static _Atomic(unsigned) ended[DK_INTERNAL + 1];
static _Atomic(unsigned) through; /* workers that have done their rounds */

static void must(bool holds, const char *words) {
    if (!holds) {
        (void)fprintf(stderr, "%s\n", words);
        exit(EXIT_FAILURE);
    }
}

static int64_t now_us(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void count(const struct fake_handler *handler, enum dk_error error, enum dk_error also) {
    if (error != DK_OK && error != also) {
        (void)fprintf(
            stderr, "error %d instead of %d: %s\n", error, also, handler->call.fault.text);
        exit(EXIT_FAILURE);
    }
    (void)atomic_fetch_add_explicit(&ended[error], 1, memory_order_relaxed);
}

/* ── the fifth thread ───────────────────────────────────────────────────────────────────────── */

static struct {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    struct fake_handler *handlers[WORKERS]; /* whose caller is to go away */
    bool is_over;
} loop = {.mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static void *loop_run(void *context) {
    (void)context;
    (void)pthread_mutex_lock(&loop.mutex);
    while (!loop.is_over) {
        for (size_t i = 0; i < WORKERS; i++) {
            struct fake_handler *handler = loop.handlers[i];
            if (handler != NULL) {
                (void)pthread_mutex_unlock(&loop.mutex);
                fake_handler_abandon(handler);
                (void)pthread_mutex_lock(&loop.mutex);
                loop.handlers[i] = NULL;
                (void)pthread_cond_broadcast(&loop.changed);
            }
        }
        (void)pthread_cond_wait(&loop.changed, &loop.mutex);
    }
    (void)pthread_mutex_unlock(&loop.mutex);
    return NULL;
}

static void loop_abandon(size_t worker, struct fake_handler *handler) {
    (void)pthread_mutex_lock(&loop.mutex);
    loop.handlers[worker] = handler;
    (void)pthread_cond_broadcast(&loop.changed);
    (void)pthread_mutex_unlock(&loop.mutex);
}

/* The loop has forgotten the handler, as before its call is freed. */
static void loop_await(size_t worker) {
    (void)pthread_mutex_lock(&loop.mutex);
    while (loop.handlers[worker] != NULL) {
        (void)pthread_cond_wait(&loop.changed, &loop.mutex);
    }
    (void)pthread_mutex_unlock(&loop.mutex);
}

/* ── workers ────────────────────────────────────────────────────────────────────────────────── */

static enum dk_error ask(struct fake_handler *handler) {
    struct dk_state_item item = {.key = B("k"), .value = B("v")};
    const enum dk_error error = dk_daprd_get(&handler->call, "store", B("k"), &item);
    return error == DK_OK ? dk_daprd_save(&handler->call, "store", &item, 1) : error;
}

static void ask_plainly(void) {
    const struct dk_daprd_message messages[] = {{.data = B("0")}, {.data = B("1")}};
    bool failed[2];
    struct fake_handler handler;
    fake_handler_begin(&handler, daprd, (struct dk_pairs){0});
    count(&handler, ask(&handler), DK_OK);
    count(
        &handler,
        dk_daprd_publish_many(&handler.call, "pubsub", "topic", messages, 2, failed),
        DK_OK);
    fake_handler_end(&handler);
}

static void ask_while_the_caller_goes(size_t worker) {
    struct fake_handler handler;
    fake_handler_begin(&handler, daprd, (struct dk_pairs){0});
    loop_abandon(worker, &handler);
    count(&handler, ask(&handler), DK_CANCELLED);
    loop_await(worker);
    fake_handler_end(&handler);
}

static void ask_beside_the_deadline(unsigned seed) {
    struct fake_handler handler;
    fake_handler_begin(&handler, daprd, (struct dk_pairs){0});
    handler.call.task.call.deadline_us = now_us() + seed % RACE_US;
    count(&handler, ask(&handler), DK_TIMEOUT);
    fake_handler_end(&handler);
}

static void *worker_run(void *context) {
    const size_t worker = *(const size_t *)context;
    for (unsigned round = 0; round < ROUNDS; round++) {
        ask_plainly();
        ask_while_the_caller_goes(worker);
        ask_beside_the_deadline(round * 37);
    }
    (void)atomic_fetch_add(&through, 1);
    /* Until the client is closed under it. */
    for (enum dk_error error = DK_OK; error == DK_OK;) {
        struct fake_handler handler;
        fake_handler_begin(&handler, daprd, (struct dk_pairs){0});
        error = ask(&handler);
        count(&handler, error, DK_UNAVAILABLE);
        fake_handler_end(&handler);
    }
    return NULL;
}

int main(void) {
    pthread_t workers[WORKERS], looping;
    size_t numbers[WORKERS];
    fake_daprd_open(&fake);
    fake.transport = &dk__transport_core;
    fake_daprd_start(&fake);
    struct dk__daprd_settings settings = fake_daprd_settings(&fake);
    settings.timeout_ms = 60000;
    settings.patience_ms = 60000; /* a slow machine is no fault */
    must(dk__daprd_new(&settings, &daprd, NULL) == DK_OK, "no client");
    must(pthread_create(&looping, NULL, loop_run, NULL) == 0, "no thread");
    for (size_t i = 0; i < WORKERS; i++) {
        numbers[i] = i;
        must(pthread_create(&workers[i], NULL, worker_run, &numbers[i]) == 0, "no thread");
    }
    while (atomic_load(&through) < WORKERS) {
        const struct timespec pause = {.tv_nsec = 5000000};
        (void)nanosleep(&pause, NULL);
    }
    dk__daprd_close(daprd);
    for (size_t i = 0; i < WORKERS; i++) {
        (void)pthread_join(workers[i], NULL);
    }
    (void)pthread_mutex_lock(&loop.mutex);
    loop.is_over = true;
    (void)pthread_cond_broadcast(&loop.changed);
    (void)pthread_mutex_unlock(&loop.mutex);
    (void)pthread_join(looping, NULL);
    dk__daprd_free(daprd);
    fake_daprd_close(&fake);
    (void)printf(
        "ok %u, cancelled %u, ended with the program %u, late %u\n",
        atomic_load(&ended[DK_OK]),
        atomic_load(&ended[DK_CANCELLED]),
        atomic_load(&ended[DK_UNAVAILABLE]),
        atomic_load(&ended[DK_TIMEOUT]));
    return EXIT_SUCCESS;
}
