/*
 * Spans, what several calls have in common, and their way into the queue. On whatever thread the call is.
 */
#include "core/trace.h"

#include "core/call.h"
#include "core/utf8.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    BODY_BYTES = 192, /* of most spans; one with more to say gets DK__SPAN_BODY_BYTES */
    NS_PER_US = 1000,
    NS_PER_S = 1000000000,
};

struct dk__tracer {
    struct dk__tracer_config config;
    struct dk__sampling sampling;
    struct dk__span_queue *queue;
    void (*on_batch)(void *context);
    void *context;
    _Alignas(64) _Atomic(int64_t) offset_ns; /* of the time of day, to the monotonic clock */
};

/* ── the tracer ─────────────────────────────────────────────────────────────────────────────── */

enum dk_error dk__tracer_new(
    const struct dk__tracer_config *config,
    struct dk__tracer **ret_tracer,
    struct dk_fault *fault) {
    /* Not calloc, which aligns for scalars alone: the counter lies in a cache line of its own. */
    struct dk__tracer *tracer = aligned_alloc(_Alignof(struct dk__tracer), sizeof *tracer);
    if (tracer == NULL) {
        return dk_fault_set(fault, DK_EXHAUSTED, "trace: no memory for a tracer");
    }
    memset(tracer, 0, sizeof *tracer);
    tracer->config = *config;
    tracer->sampling = dk__sampling_make(config->sampler, config->ratio);
    const struct dk__span_queue_config queue = {
        .spans_max = config->queue_max,
        .chunk_spans_max = config->batch_max,
        .head_bytes = config->head_bytes,
        .format = config->format};
    if (dk__span_queue_new(&queue, &tracer->queue) != DK_OK) {
        dk__tracer_free(tracer);
        return dk_fault_set(
            fault, DK_EXHAUSTED, "trace: no memory for a queue of %u spans", config->queue_max);
    }
    dk__tracer_set_clock(tracer);
    *ret_tracer = tracer;
    return DK_OK;
}

void dk__tracer_free(struct dk__tracer *tracer) {
    if (tracer != NULL) {
        dk__span_queue_free(tracer->queue);
        free(tracer);
    }
}

void dk__tracer_listen(struct dk__tracer *tracer, void (*on_batch)(void *context), void *context) {
    tracer->on_batch = on_batch;
    tracer->context = context;
}

static int64_t clock_ns(clockid_t clock) {
    struct timespec now;
    (void)clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

void dk__tracer_set_clock(struct dk__tracer *tracer) {
    atomic_store_explicit(
        &tracer->offset_ns,
        clock_ns(CLOCK_REALTIME) - clock_ns(CLOCK_MONOTONIC),
        memory_order_relaxed);
}

/* Since 1970. `at_ns` is of the monotonic clock; 0: now. */
static uint64_t time_of(const struct dk__tracer *tracer, int64_t at_ns) {
    const int64_t offset_ns = atomic_load_explicit(&tracer->offset_ns, memory_order_relaxed);
    return (uint64_t)((at_ns != 0 ? at_ns : clock_ns(CLOCK_MONOTONIC)) + offset_ns);
}

struct dk__span_queue *dk__tracer_queue(struct dk__tracer *tracer) {
    return tracer->queue;
}

struct dk__span_queue_counts dk__tracer_counts(const struct dk__tracer *tracer) {
    return tracer == NULL ? (struct dk__span_queue_counts){0}
                          : dk__span_queue_counts(tracer->queue);
}

/* ── a span's life ──────────────────────────────────────────────────────────────────────────── */

/* A body that has room for `size` more bytes, the larger one if need be; false: there is none. */
static bool body_ready(struct dk_span *span, size_t size) {
    struct dk__span_record *record = &span->record;
    if (size <= span->body_size - record->body_used) {
        return true;
    }
    if (span->body_size == DK__SPAN_BODY_BYTES || span->arena == NULL) {
        return false;
    }
    char *body = dk__arena_take(span->arena, DK__SPAN_BODY_BYTES);
    if (body == NULL) {
        return false;
    }
    memcpy(body, record->body, record->body_used);
    record->body = body;
    span->body_size = DK__SPAN_BODY_BYTES;
    return size <= span->body_size - record->body_used;
}

/* Room for one more entry; false: there is none. A text that does not fit whole is cut at a character. */
static bool entry_add(
    struct dk_span *span,
    enum dk__span_entry_kind kind,
    const char *key,
    int64_t number,
    struct dk_bytes text) {
    enum { ALIGN = _Alignof(struct dk__span_entry) };
    struct dk__span_record *record = &span->record;
    if (text.size > DK_SPAN_TEXT_BYTES_MAX) {
        text.size = dk__utf8_whole((struct dk_bytes){text.data, DK_SPAN_TEXT_BYTES_MAX});
    }
    const size_t size =
        (offsetof(struct dk__span_entry, text) + text.size + ALIGN - 1) / ALIGN * ALIGN;
    if (!body_ready(span, size)) {
        return false;
    }
    struct dk__span_entry *entry = (void *)((char *)(uintptr_t)record->body + record->body_used);
    entry->key = key;
    entry->number = number;
    entry->size = (uint16_t)text.size;
    entry->kind = (uint8_t)kind;
    if (text.size > 0) {
        memcpy(entry->text, text.data, text.size);
    }
    record->body_used += (uint32_t)size;
    return true;
}

/* Everything but its body; that has `body_size` bytes behind it. */
static void span_init(
    struct dk_span *span,
    struct dk__tracer *tracer,
    const struct dk__trace_context *self,
    const struct dk__trace_context *parent,
    enum dk_span_kind kind,
    uint32_t body_size) {
    struct dk__span_record *record = &span->record;
    *span = (struct dk_span){.tracer = tracer, .body_size = body_size};
    record->body = span->body;
    record->self = *self;
    if (parent != NULL) {
        memcpy(record->parent_id, parent->span_id, sizeof record->parent_id);
    }
    record->kind = (uint8_t)kind;
}

static void span_start(struct dk_span *span, struct dk_bytes name, int64_t begun_us) {
    span->record.start_ns = time_of(span->tracer, begun_us * NS_PER_US);
    if (name.data != NULL) {
        (void)entry_add(span, DK__SPAN_NAME, NULL, 0, name);
    }
}

static struct dk_span *span_take(struct dk__call *call) {
    enum { ALIGN = _Alignof(struct dk_span) };
    char *memory =
        dk__arena_take_bytes(&call->arena, sizeof(struct dk_span) + BODY_BYTES + ALIGN - 1);
    if (memory == NULL) {
        return NULL;
    }
    const size_t over = (uintptr_t)memory % ALIGN;
    return (void *)(memory + (over == 0 ? 0 : ALIGN - over));
}

/* A child of the call's span, in memory that has BODY_BYTES behind it. */
static void child_init(struct dk_span *span, const struct dk__call *call, enum dk_span_kind kind) {
    struct dk__trace_context self = call->trace.context;
    dk__span_id_make(&self);
    span_init(span, call->trace.tracer, &self, &call->trace.context, kind, BODY_BYTES);
}

static bool has_children(const struct dk__call *call) {
    return call->trace.tracer != NULL && (call->trace.context.flags & DK__TRACE_SAMPLED) != 0;
}

void dk__trace_begin(
    struct dk__call *call,
    struct dk__tracer *tracer,
    const struct dk__trace_context *parent,
    enum dk_span_kind kind,
    struct dk_bytes name,
    int64_t begun_us) {
    struct dk__call_trace *trace = &call->trace;
    struct dk_span *span = trace->span;
    trace->tracer = tracer;
    trace->span = NULL;
    if (tracer == NULL) {
        return;
    }
    parent = parent != NULL && parent->is_set ? parent : NULL;
    if (dk__sampling_decide(&tracer->sampling, parent, &trace->context)) {
        span = span != NULL ? span : span_take(call);
        if (span != NULL) {
            span_init(span, tracer, &trace->context, parent, kind, BODY_BYTES);
            span->call = call;
            span->arena = &call->arena;
            span_start(span, name, begun_us);
            trace->span = span;
        }
    }
}

void dk__trace_end(struct dk__call *call) {
    struct dk_span *span = call->trace.span;
    call->trace.span = NULL;
    dk_span_end(span);
}

struct dk_span *dk__span_begin(
    struct dk__call *call, enum dk_span_kind kind, struct dk_bytes name) {
    struct dk_span *span = has_children(call) ? span_take(call) : NULL;
    if (span != NULL) {
        child_init(span, call, kind);
        span->arena = &call->arena;
        span_start(span, name, 0);
    }
    return span;
}

void dk__trace_enter(struct dk__call *call, enum dk_span_kind kind, struct dk_bytes name) {
    call->trace.span = dk__span_begin(call, kind, name);
    if (call->trace.span != NULL) {
        call->trace.context = call->trace.span->record.self;
    }
}

struct dk_span *dk__span_begin_at(
    struct dk__tracer *tracer,
    const struct dk__trace_context *parent,
    enum dk_span_kind kind,
    struct dk_bytes name,
    struct dk__span_memory *memory,
    struct dk__trace_context *ret_context) {
    struct dk_span *span = (struct dk_span *)(void *)memory->bytes;
    parent = parent != NULL && parent->is_set ? parent : NULL;
    if (tracer == NULL) {
        *ret_context = parent != NULL ? *parent : (struct dk__trace_context){.is_set = false};
        return NULL;
    }
    if (!dk__sampling_decide(&tracer->sampling, parent, ret_context)) {
        return NULL;
    }
    span_init(span, tracer, ret_context, parent, kind, DK__SPAN_BODY_BYTES);
    span_start(span, name, 0);
    return span;
}

struct dk_span *dk__span_model(
    struct dk__tracer *tracer, struct dk_bytes name, struct dk__span_memory *memory) {
    static const struct dk__trace_context nobody = {.is_set = false};
    struct dk_span *span = (struct dk_span *)(void *)memory->bytes;
    span_init(span, tracer, &nobody, NULL, DK_SPAN_INTERNAL, DK__SPAN_BODY_BYTES);
    (void)entry_add(span, DK__SPAN_NAME, NULL, 0, name);
    return span;
}

struct dk_bytes dk__tracer_form(
    const struct dk__tracer *tracer, const struct dk_span *span, char *memory, size_t size) {
    char *end = memory + size;
    const char *start = tracer->config.format->write_form(&span->record, memory, end);
    return start == NULL ? (struct dk_bytes){0}
                         : (struct dk_bytes){.data = start, .size = (size_t)(end - start)};
}

void dk__span_form(struct dk_span *span, struct dk_bytes form) {
    if (span != NULL) {
        span->record.form = form;
    }
}

/* ── what several calls have in common ──────────────────────────────────────────────────────── */

static void span_finish(struct dk_span *span) {
    struct dk__tracer *tracer = span->tracer;
    struct dk__span_record *record = &span->record;
    const int64_t now_ns = clock_ns(CLOCK_MONOTONIC);
    bool is_news = false;
    record->end_ns = time_of(tracer, now_ns);
    if (record->end_ns < record->start_ns) { /* somebody has set the clock */
        record->end_ns = record->start_ns;
    }
    if (span->call != NULL && span->call->trace.common_us != 0) {
        record->has_backend_us = true;
        record->backend_us = now_ns / NS_PER_US - span->call->trace.common_us;
    }
    (void)dk__span_queue_put(
        tracer->queue, record, &is_news); /* a full one counts what it refuses */
    if (is_news && tracer->on_batch != NULL) {
        tracer->on_batch(tracer->context);
    }
}

static void common_drop(struct dk_span *span) {
    span->holders--;
    if (span->holders > 0) {
        return;
    }
    span->record.has_failed = span->failures == span->members;
    if (span->failures > 0 && !span->record.has_failed) {
        dk_span_number(span, "dapr.calls.failed", span->failures);
    }
    span_finish(span);
    free(span);
}

static void common_take(struct dk_span *span, struct dk_reply *reply) {
    struct dk__call_trace *trace = &reply->call->trace;
    span->holders++;
    span->members++;
    reply->span = span;
    trace->common_us = trace->common_us != 0 ? trace->common_us : span->begun_us;
}

struct dk_span *dk_reply_span_begin_common(
    struct dk_reply *reply, enum dk_span_kind kind, struct dk_bytes name) {
    if (!has_children(reply->call) || reply->span != NULL) {
        return NULL;
    }
    struct dk__span_memory *memory = malloc(sizeof *memory);
    struct dk_span *span = (struct dk_span *)(void *)memory;
    if (span != NULL) {
        child_init(span, reply->call, kind);
        span->body_size = DK__SPAN_BODY_BYTES;
        span->holders = 1;
        span->begun_us = clock_ns(CLOCK_MONOTONIC) / NS_PER_US;
        span_start(span, name, span->begun_us);
        common_take(span, reply);
    }
    return span;
}

bool dk_reply_span_join(struct dk_reply *reply, struct dk_span *common) {
    struct dk_span *own = reply->call->trace.span;
    if (common == NULL || own == NULL || reply->span != NULL) {
        return false;
    }
    const struct dk__trace_context *linked = &common->record.self;
    if (!own->record.link.is_set) {
        own->record.link = *linked;
    } else if (!entry_add(
                   own,
                   DK__SPAN_LINK,
                   NULL,
                   0,
                   (struct dk_bytes){.data = (const char *)linked, .size = sizeof *linked})) {
        return false;
    }
    common_take(common, reply);
    return true;
}

void dk__reply_span_end(struct dk_reply *reply, const char *words) {
    struct dk_span *span = reply->span;
    if (span == NULL) {
        return;
    }
    reply->span = NULL;
    if (span->holders == 0) {
        if (words != NULL) {
            dk_span_fail(span, dk_bytes_of(words));
        }
        dk_span_end(span);
        return;
    }
    if (words != NULL && span->failures == 0) { /* the first words count, if all fail */
        dk_span_fail(span, dk_bytes_of(words));
    }
    span->failures += words != NULL ? 1 : 0;
    common_drop(span);
}

void dk_reply_span_leave(struct dk_reply *reply) {
    dk__reply_span_end(reply, NULL);
}

/* ── the contract ───────────────────────────────────────────────────────────────────────────── */

struct dk_span *dk_reply_span_begin(
    struct dk_reply *reply, enum dk_span_kind kind, struct dk_bytes name) {
    struct dk_span *span = dk__span_begin(reply->call, kind, name);
    if (span != NULL && reply->span == NULL) {
        reply->span = span;
        span->place = &reply->span;
    }
    return span;
}

void dk_span_name(struct dk_span *span, struct dk_bytes name) {
    if (span != NULL) { /* the last name counts */
        (void)entry_add(span, DK__SPAN_NAME, NULL, 0, name);
    }
}

void dk_span_text(struct dk_span *span, const char *key, struct dk_bytes value) {
    if (span != NULL && !entry_add(span, DK__SPAN_TEXT, key, 0, value)) {
        span->record.attributes_dropped++;
    }
}

void dk_span_number(struct dk_span *span, const char *key, int64_t value) {
    if (span != NULL && !entry_add(span, DK__SPAN_NUMBER, key, value, (struct dk_bytes){0})) {
        span->record.attributes_dropped++;
    }
}

void dk_span_event(struct dk_span *span, const char *name, struct dk_bytes message) {
    if (span != NULL &&
        !entry_add(span, DK__SPAN_EVENT, name, (int64_t)time_of(span->tracer, 0), message)) {
        span->record.events_dropped++;
    }
}

void dk_span_fail(struct dk_span *span, struct dk_bytes words) {
    if (span != NULL) {
        span->record.has_failed = true;
        (void)entry_add(span, DK__SPAN_WORDS, NULL, 0, words);
    }
}

void dk_span_end(struct dk_span *span) {
    if (span == NULL) {
        return;
    }
    if (span->holders > 0) {
        common_drop(span);
        return;
    }
    if (span->place != NULL) {
        *span->place = NULL;
    }
    span_finish(span);
}

bool dk_reply_traceparent(
    const struct dk_reply *reply, const struct dk_span *span, char target[DK_TRACEPARENT_BYTES]) {
    const struct dk__trace_context *context =
        span != NULL ? &span->record.self : &reply->call->trace.context;
    if (!context->is_set) {
        return false;
    }
    dk__trace_write_text(context, target);
    return true;
}
