/*
 * The exporter's thread: it sleeps until a batch is full or its time has come, and nobody waits for it.
 *
 *     any thread: dk_span_end ─▶ queue ─(full batch)─▶ eventfd ─▶ this thread ─▶ sender
 */
#include "wire/otlp/exporter.h"

#include "wire/grpc/status.h"

#include <dk/log.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum { CANCEL_MS = 500 }; /* what a cancelled send has to end */

struct dk__otlp_exporter {
    struct dk__otlp_exporter_config config;
    int wake; /* an eventfd: a batch is full, or stop */
    pthread_t thread;
    _Atomic(bool) is_stopping;
    _Atomic(int64_t) stop_ms; /* until when the flush may last; written before is_stopping */
    _Atomic(uint64_t) exported, failed, requests, errors;

    /* The thread's own. */
    int64_t logged_ms; /* 0: never */
    uint64_t logged_failed, logged_dropped;
    uint32_t jitter;

    pthread_mutex_t mutex; /* of: */
    pthread_cond_t has_ended;
    bool is_over;
};

static int64_t now_ms(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void count(_Atomic(uint64_t) *counter, uint64_t number) {
    (void)atomic_fetch_add_explicit(counter, number, memory_order_relaxed);
}

static uint64_t counted(const _Atomic(uint64_t) *counter) {
    return atomic_load_explicit(counter, memory_order_relaxed);
}

static bool is_stopping(const struct dk__otlp_exporter *exporter) {
    /* Acquire pairs with the release in close: whoever sees it sees stop_ms. */
    return atomic_load_explicit(&exporter->is_stopping, memory_order_acquire);
}

static void wake(void *context) {
    static const uint64_t one = 1;
    const struct dk__otlp_exporter *exporter = context;
    const ssize_t size = write(exporter->wake, &one, sizeof one);
    (void)size; /* it cannot fail: the thread takes the count back long before it is full */
}

/* Until `end_ms`, or it is woken. */
static void sleep_until(const struct dk__otlp_exporter *exporter, int64_t end_ms) {
    const int64_t left_ms = end_ms - now_ms();
    struct pollfd wait = {.fd = exporter->wake, .events = POLLIN};
    uint64_t ignored = 0;
    if (left_ms > 0 && poll(&wait, 1, (int)left_ms) > 0) {
        const ssize_t size = read(exporter->wake, &ignored, sizeof ignored);
        (void)size;
    }
}

/* ── words ──────────────────────────────────────────────────────────────────────────────────── */

/* What was lost since the last line, at most one line in DK__OTLP_LOG_MS; the last line at the end. */
static void log_losses(struct dk__otlp_exporter *exporter, const char *reason, bool is_last) {
    const uint64_t failed = counted(&exporter->failed);
    const uint64_t dropped = dk__tracer_counts(exporter->config.tracer).dropped;
    const int64_t at_ms = now_ms();
    if ((failed == exporter->logged_failed && dropped == exporter->logged_dropped) ||
        (!is_last && exporter->logged_ms != 0 && at_ms - exporter->logged_ms < DK__OTLP_LOG_MS)) {
        return;
    }
    dk_log(
        DK_LOG_WARN,
        "trace",
        "spans are lost",
        "not_taken=%llu queue_full=%llu reason=\"%s\"",
        (unsigned long long)(failed - exporter->logged_failed),
        (unsigned long long)(dropped - exporter->logged_dropped),
        reason);
    exporter->logged_ms = at_ms;
    exporter->logged_failed = failed;
    exporter->logged_dropped = dropped;
}

/* ── a batch ────────────────────────────────────────────────────────────────────────────────── */

/* How long the next send may take; 0: there is no time left. */
static int64_t send_ms(const struct dk__otlp_exporter *exporter) {
    if (!is_stopping(exporter)) {
        return exporter->config.timeout_ms;
    }
    const int64_t left_ms =
        atomic_load_explicit(&exporter->stop_ms, memory_order_relaxed) - now_ms();
    const int64_t least_ms =
        left_ms < exporter->config.timeout_ms ? left_ms : exporter->config.timeout_ms;
    return least_ms > 0 ? least_ms : 0;
}

/* Half of the wait is certain, half is chance: processes that lost their collector together do not
 * come back together. */
static int64_t jittered(struct dk__otlp_exporter *exporter, int64_t wait_ms) {
    exporter->jitter = exporter->jitter * 1664525U + 1013904223U;
    return wait_ms / 2 + (int64_t)(exporter->jitter >> 16) % (wait_ms / 2 + 1);
}

/* Sends until it is taken, refused for good, or there was trying enough. */
static void batch_send(
    struct dk__otlp_exporter *exporter, struct dk_bytes request, uint64_t spans) {
    const int64_t end_ms = now_ms() + DK__OTLP_RETRY_MS_MAX;
    struct dk__otlp_answer answer = {.words = "no time left to send"};
    for (int64_t wait_ms = DK__OTLP_RETRY_MS_FIRST;; wait_ms *= 2) {
        const bool is_last = is_stopping(exporter);
        const int64_t limit_ms = send_ms(exporter);
        if (limit_ms == 0) {
            break;
        }
        exporter->config.sender->ops->send(exporter->config.sender, request, limit_ms, &answer);
        count(&exporter->requests, 1);
        if (answer.code == DK__CODE_OK) {
            const uint64_t rejected =
                (uint64_t)answer.rejected < spans ? (uint64_t)answer.rejected : spans;
            count(&exporter->exported, spans - rejected);
            count(&exporter->failed, rejected);
            log_losses(exporter, "the collector rejected some, or was too slow", false);
            return;
        }
        count(&exporter->errors, 1);
        wait_ms = wait_ms < DK__OTLP_RETRY_MS_MOST ? wait_ms : DK__OTLP_RETRY_MS_MOST;
        const int64_t own_ms = jittered(exporter, wait_ms);
        const int64_t next_ms = now_ms() + (own_ms > answer.wait_ms ? own_ms : answer.wait_ms);
        if (!answer.may_pass || is_last || next_ms > end_ms) {
            break;
        }
        log_losses(exporter, answer.words, false); /* what the full queue has dropped meanwhile */
        while (!is_stopping(exporter) && now_ms() < next_ms) {
            sleep_until(exporter, next_ms); /* a full batch wakes it too, once */
        }
    }
    count(&exporter->failed, spans);
    log_losses(exporter, answer.words, false);
}

/* Sends all that can be taken; while stopping, as much as there is time for. */
static void batches_export(struct dk__otlp_exporter *exporter) {
    const struct dk__otlp_exporter_config *config = &exporter->config;
    struct dk__span_queue *queue = dk__tracer_queue(config->tracer);
    struct dk__span_chunk *chunk = NULL;
    while (send_ms(exporter) > 0 && (chunk = dk__span_queue_take(queue)) != NULL) {
        batch_send(exporter, dk__otlp_request(chunk, &config->resource), chunk->spans);
        dk__span_queue_release(queue, chunk);
    }
}

/* ── the thread ─────────────────────────────────────────────────────────────────────────────── */

static void *exporter_run(void *context) {
    struct dk__otlp_exporter *exporter = context;
    const struct dk__otlp_exporter_config *config = &exporter->config;
    int64_t due_ms = now_ms() + config->delay_ms;
    for (;;) {
        const bool is_last = is_stopping(exporter);
        const bool is_due = now_ms() >= due_ms;
        if (is_last || is_due) {
            dk__span_queue_sweep(dk__tracer_queue(config->tracer));
            dk__tracer_set_clock(config->tracer);
        }
        batches_export(exporter);
        if (is_last) {
            break;
        }
        due_ms = is_due ? now_ms() + config->delay_ms : due_ms;
        if (!is_stopping(exporter)) {
            sleep_until(exporter, due_ms);
        }
    }
    count(&exporter->failed, dk__tracer_counts(config->tracer).waiting);
    log_losses(exporter, "the program ended", true);
    (void)pthread_mutex_lock(&exporter->mutex);
    exporter->is_over = true;
    (void)pthread_cond_signal(&exporter->has_ended);
    (void)pthread_mutex_unlock(&exporter->mutex);
    return NULL;
}

static bool thread_start(struct dk__otlp_exporter *exporter) {
    sigset_t all, before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before); /* the loop's thread takes signals */
    const bool is_good = pthread_create(&exporter->thread, NULL, exporter_run, exporter) == 0;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return is_good;
}

/* ── an exporter's life ─────────────────────────────────────────────────────────────────────── */

static void exporter_free(struct dk__otlp_exporter *exporter) {
    exporter->config.sender->ops->free(exporter->config.sender);
    if (exporter->wake >= 0) {
        (void)close(exporter->wake);
    }
    (void)pthread_cond_destroy(&exporter->has_ended);
    (void)pthread_mutex_destroy(&exporter->mutex);
    free(exporter);
}

/* On CLOCK_MONOTONIC, so that nobody's change of the time makes a stop long. */
static void conditions_init(struct dk__otlp_exporter *exporter) {
    pthread_condattr_t attributes;
    (void)pthread_mutex_init(&exporter->mutex, NULL);
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&exporter->has_ended, &attributes);
    (void)pthread_condattr_destroy(&attributes);
}

enum dk_error dk__otlp_exporter_new(
    const struct dk__otlp_exporter_config *config,
    struct dk__otlp_exporter **ret_exporter,
    struct dk_fault *fault) {
    struct dk__otlp_exporter *exporter = calloc(1, sizeof *exporter);
    if (exporter == NULL) {
        config->sender->ops->free(config->sender);
        return dk_fault_set(fault, DK_EXHAUSTED, "otlp: no memory for an exporter");
    }
    exporter->config = *config;
    exporter->jitter = (uint32_t)getpid();
    conditions_init(exporter);
    exporter->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (exporter->wake < 0) {
        exporter_free(exporter);
        return dk_fault_set(fault, DK_EXHAUSTED, "otlp: no descriptor for an exporter");
    }
    dk__tracer_listen(config->tracer, wake, exporter);
    if (!thread_start(exporter)) {
        dk__tracer_listen(config->tracer, NULL, NULL);
        exporter_free(exporter);
        return dk_fault_set(fault, DK_EXHAUSTED, "otlp: no thread for an exporter");
    }
    *ret_exporter = exporter;
    return DK_OK;
}

struct dk__otlp_counts dk__otlp_exporter_counts(const struct dk__otlp_exporter *exporter) {
    if (exporter == NULL) {
        return (struct dk__otlp_counts){0};
    }
    return (struct dk__otlp_counts){
        .exported = counted(&exporter->exported),
        .failed = counted(&exporter->failed),
        .requests = counted(&exporter->requests),
        .errors = counted(&exporter->errors)};
}

/* False: it has not ended by then. */
static bool wait_for_end(struct dk__otlp_exporter *exporter, int64_t end_ms) {
    const struct timespec end = {
        .tv_sec = (time_t)(end_ms / 1000), .tv_nsec = (long)(end_ms % 1000) * 1000000};
    int result = 0;
    (void)pthread_mutex_lock(&exporter->mutex);
    while (!exporter->is_over && result != ETIMEDOUT) {
        result = pthread_cond_timedwait(&exporter->has_ended, &exporter->mutex, &end);
    }
    const bool is_over = exporter->is_over;
    (void)pthread_mutex_unlock(&exporter->mutex);
    return is_over;
}

bool dk__otlp_exporter_close(struct dk__otlp_exporter *exporter, int64_t flush_ms) {
    if (exporter == NULL) {
        return true;
    }
    const int64_t end_ms = now_ms() + flush_ms;
    atomic_store_explicit(&exporter->stop_ms, end_ms, memory_order_relaxed);
    atomic_store_explicit(&exporter->is_stopping, true, memory_order_release);
    wake(exporter);
    bool is_over = wait_for_end(exporter, end_ms);
    if (!is_over) { /* a send that began before waits for longer than the flush may last */
        exporter->config.sender->ops->cancel(exporter->config.sender);
        is_over = wait_for_end(exporter, now_ms() + CANCEL_MS);
    }
    if (!is_over) {
        dk_log(DK_LOG_WARN, "trace", "the exporter does not end, spans are lost", NULL);
        (void)pthread_detach(exporter->thread);
        return false; /* it keeps what it has: the process is about to end */
    }
    (void)pthread_join(exporter->thread, NULL);
    dk__tracer_listen(exporter->config.tracer, NULL, NULL);
    dk_log(
        DK_LOG_DEBUG,
        "trace",
        "the exporter is closed",
        "exported=%llu not_taken=%llu queue_full=%llu requests=%llu",
        (unsigned long long)counted(&exporter->exported),
        (unsigned long long)counted(&exporter->failed),
        (unsigned long long)dk__tracer_counts(exporter->config.tracer).dropped,
        (unsigned long long)counted(&exporter->requests));
    exporter_free(exporter);
    return true;
}
