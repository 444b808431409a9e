/*
 * Four threads end spans as fast as they can while their collector is there, goes away, comes back, is too slow, and
 * the program stops: once when the collector is well, once while it is away, once while it hangs. Every span that
 * was begun was put or dropped, the end comes in time, and nothing is left when the collector is well.
 */
#include "wire/grpc/status.h"
#include "wire/otlp/exporter.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    THREADS = 4,
    SENDS = 40, /* until the program stops */
    QUEUE_MAX = 4096,
    BATCH_MAX = 128,
    DELAY_MS = 5,
    TIMEOUT_MS = 1000,
    FLUSH_MS = 200,
};

/* What the collector does when the program stops. */
enum ending { WELL, AWAY, HANGING };

static struct collector {
    struct dk__otlp_sender base; /* first */
    pthread_mutex_t mutex;       /* of what follows */
    pthread_cond_t changed;
    unsigned sends;
    bool is_cancelled;
    enum ending ending;
} collector = {.mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static struct dk__tracer *tracer;
static _Atomic(bool) is_stopping;
static _Atomic(uint64_t) ended;

/* Well, then away for a send, which is tried again, then refusing for good; at the end as it is asked to be. */
static int code_of(unsigned send) {
    if (send >= SENDS) {
        return collector.ending == WELL ? DK__CODE_OK : DK__CODE_UNAVAILABLE;
    }
    return send % 20 == 7   ? DK__CODE_UNAVAILABLE
           : send % 10 == 3 ? DK__CODE_INVALID_ARGUMENT
                            : DK__CODE_OK;
}

static void collector_send(
    struct dk__otlp_sender *sender,
    struct dk_bytes request,
    int64_t wait_ms,
    struct dk__otlp_answer *ret_answer) {
    unsigned sum = 0;
    (void)sender;
    (void)wait_ms;
    for (size_t i = 0; i < request.size; i++) { /* reads every byte, so that a race is seen */
        sum += (unsigned char)request.data[i];
    }
    (void)pthread_mutex_lock(&collector.mutex);
    const int code = sum > 0 ? code_of(collector.sends) : DK__CODE_INTERNAL;
    collector.sends++;
    (void)pthread_cond_broadcast(&collector.changed);
    while (collector.sends > SENDS && collector.ending == HANGING && !collector.is_cancelled) {
        (void)pthread_cond_wait(&collector.changed, &collector.mutex);
    }
    (void)pthread_mutex_unlock(&collector.mutex);
    dk__otlp_answer_set(
        ret_answer,
        code,
        (struct dk_bytes)DK_BYTES("stress"),
        (struct dk_bytes){0},
        (struct dk_bytes){0});
}

static void collector_cancel(struct dk__otlp_sender *sender) {
    (void)sender;
    (void)pthread_mutex_lock(&collector.mutex);
    collector.is_cancelled = true;
    (void)pthread_cond_broadcast(&collector.changed);
    (void)pthread_mutex_unlock(&collector.mutex);
}

static void collector_free(struct dk__otlp_sender *sender) {
    (void)sender;
}

static const struct dk__otlp_sender_ops collector_ops = {
    .send = collector_send, .cancel = collector_cancel, .free = collector_free};

static void await_sends(unsigned sends) {
    (void)pthread_mutex_lock(&collector.mutex);
    while (collector.sends < sends) {
        (void)pthread_cond_wait(&collector.changed, &collector.mutex);
    }
    (void)pthread_mutex_unlock(&collector.mutex);
}

static void *end_spans(void *context) {
    static const struct dk_bytes name = DK_BYTES("stress");
    struct dk__span_memory memory;
    struct dk__trace_context next;
    uint64_t mine = 0;
    (void)context;
    while (!atomic_load_explicit(&is_stopping, memory_order_relaxed)) {
        struct dk_span *span =
            dk__span_begin_at(tracer, NULL, DK_SPAN_INTERNAL, name, &memory, &next);
        dk_span_number(span, "number", (int64_t)mine);
        dk_span_text(span, "text", name);
        dk_span_end(span);
        mine++;
    }
    (void)atomic_fetch_add(&ended, mine);
    return NULL;
}

/* False, and words: a span was lost without a count. */
static bool life(enum ending ending) {
    static const struct dk_pair attributes[] = {{DK_BYTES("service.name"), DK_BYTES("stress")}};
    const struct dk__otlp_resource resource = {{attributes, 1}, "1.0"};
    const struct dk__tracer_config config = {
        .sampler = DK__SAMPLER_ALWAYS_ON,
        .queue_max = QUEUE_MAX,
        .batch_max = BATCH_MAX,
        .head_bytes = dk__otlp_resource_bytes(&resource),
        .format = &dk__otlp_format};
    struct dk_fault fault = {.error = DK_OK};
    struct dk__otlp_exporter *exporter = NULL;
    pthread_t threads[THREADS];
    collector.base.ops = &collector_ops;
    collector.sends = 0;
    collector.is_cancelled = false;
    collector.ending = ending;
    atomic_store(&is_stopping, false);
    atomic_store(&ended, 0);
    if (dk__tracer_new(&config, &tracer, &fault) != DK_OK) {
        return false;
    }
    const struct dk__otlp_exporter_config how = {
        .tracer = tracer,
        .sender = &collector.base,
        .resource = resource,
        .delay_ms = DELAY_MS,
        .timeout_ms = TIMEOUT_MS};
    if (dk__otlp_exporter_new(&how, &exporter, &fault) != DK_OK) {
        return false;
    }
    for (unsigned i = 0; i < THREADS; i++) {
        if (pthread_create(&threads[i], NULL, end_spans, NULL) != 0) {
            return false;
        }
    }
    await_sends(SENDS + 1);
    atomic_store(&is_stopping, true);
    for (unsigned i = 0; i < THREADS; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    const struct dk__span_queue_counts before = dk__tracer_counts(tracer);
    const bool is_closed = dk__otlp_exporter_close(exporter, FLUSH_MS);
    const struct dk__span_queue_counts after = dk__tracer_counts(tracer);
    (void)printf(
        "ending %d: %llu ended, %llu put, %llu dropped, %llu left\n",
        (int)ending,
        (unsigned long long)atomic_load(&ended),
        (unsigned long long)after.put,
        (unsigned long long)after.dropped,
        (unsigned long long)after.waiting);
    dk__tracer_free(tracer);
    return is_closed && before.put + before.dropped == atomic_load(&ended) &&
           after.put == before.put && (ending != WELL || after.waiting == 0);
}

int main(void) {
    bool is_good = life(WELL);
    is_good = life(AWAY) && is_good;
    is_good = life(HANGING) && is_good;
    return is_good ? EXIT_SUCCESS : EXIT_FAILURE;
}
