/*
 * Spans: sampling, ids, and their way into the queue. On whatever thread the call is.
 */
#include "core/trace.h"

#include "core/call.h"
#include "core/utf8.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

enum { SEEDS = 3 };

struct dk__tracer {
    struct dk__tracer_config config;
    uint64_t ratio_below; /* of the 63 bits of an id that OpenTelemetry's ratio samplers compare */
    uint64_t seeds[SEEDS];
    struct dk__span_queue *queue;
    void (*on_batch)(void *context);
    void *context;
    _Alignas(64) _Atomic(uint64_t) ids; /* how many were given */
    _Atomic(bool) was_called;           /* on_batch, since the last rearm */
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
    tracer->ratio_below =
        config->ratio >= 1 ? UINT64_C(1) << 63 : (uint64_t)(config->ratio * 0x1p63);
    if (getrandom(tracer->seeds, sizeof tracer->seeds, 0) != (ssize_t)sizeof tracer->seeds) {
        (void)dk_fault_set(fault, DK_EXHAUSTED, "trace: no random numbers for ids");
        goto fail;
    }
    if (dk__span_queue_new(config->queue_max, &tracer->queue) != DK_OK) {
        (void)dk_fault_set(
            fault, DK_EXHAUSTED, "trace: no memory for a queue of %u spans", config->queue_max);
        goto fail;
    }
    *ret_tracer = tracer;
    return DK_OK;

fail:
    dk__tracer_free(tracer);
    return DK_EXHAUSTED;
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

void dk__tracer_rearm(struct dk__tracer *tracer) {
    atomic_store_explicit(&tracer->was_called, false, memory_order_relaxed);
}

struct dk__span_queue *dk__tracer_queue(struct dk__tracer *tracer) {
    return tracer->queue;
}

struct dk__span_queue_counts dk__tracer_counts(const struct dk__tracer *tracer) {
    return tracer == NULL ? (struct dk__span_queue_counts){0}
                          : dk__span_queue_counts(tracer->queue);
}

/* ── ids and sampling ───────────────────────────────────────────────────────────────────────── */

/* The finishing step of SplitMix64 over a counter from a random start: 64 bits that do not repeat. */
static uint64_t mix(uint64_t number) {
    number = (number ^ (number >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    number = (number ^ (number >> 27)) * UINT64_C(0x94D049BB133111EB);
    return number ^ (number >> 31);
}

static uint64_t id_take(struct dk__tracer *tracer, uint64_t *ret_high) {
    uint64_t low = 0;
    while (low == 0) {
        const uint64_t step = UINT64_C(0x9E3779B97F4A7C15) *
                              atomic_fetch_add_explicit(&tracer->ids, 1, memory_order_relaxed);
        low = mix(tracer->seeds[0] + step);
        *ret_high = mix(tracer->seeds[1] ^ step) ^ tracer->seeds[2];
    }
    return low;
}

static void trace_id_make(struct dk__tracer *tracer, struct dk__trace_context *context) {
    uint64_t halves[2] = {0};
    halves[1] = id_take(tracer, &halves[0]);
    memcpy(context->trace_id, halves, sizeof context->trace_id);
}

static void span_id_make(struct dk__tracer *tracer, struct dk__trace_context *context) {
    uint64_t unused = 0;
    const uint64_t id = id_take(tracer, &unused);
    memcpy(context->span_id, &id, sizeof context->span_id);
}

/* As OpenTelemetry's SDKs decide it: the last eight bytes, without their last bit. */
static bool is_in_ratio(const struct dk__tracer *tracer, const unsigned char *trace_id) {
    uint64_t number = 0;
    for (int i = 8; i < DK__TRACE_ID_BYTES; i++) {
        number = number << 8 | trace_id[i];
    }
    return number >> 1 < tracer->ratio_below;
}

static bool is_sampled(
    const struct dk__tracer *tracer,
    const struct dk__trace_context *parent,
    const unsigned char *trace_id) {
    switch (tracer->config.sampler) {
    case DK__SAMPLER_ALWAYS_ON:
        return true;
    case DK__SAMPLER_ALWAYS_OFF:
        return false;
    case DK__SAMPLER_RATIO:
        return is_in_ratio(tracer, trace_id);
    case DK__SAMPLER_PARENT_ALWAYS_ON:
        return parent == NULL || (parent->flags & DK__TRACE_SAMPLED) != 0;
    case DK__SAMPLER_PARENT_ALWAYS_OFF:
        return parent != NULL && (parent->flags & DK__TRACE_SAMPLED) != 0;
    case DK__SAMPLER_PARENT_RATIO:
        return parent != NULL ? (parent->flags & DK__TRACE_SAMPLED) != 0
                              : is_in_ratio(tracer, trace_id);
    }
    return false;
}

/* True: it is recorded, and `ret_context` has an id for its span. */
static bool decide(
    struct dk__tracer *tracer,
    const struct dk__trace_context *parent,
    struct dk__trace_context *ret_context) {
    if (parent != NULL) {
        *ret_context = *parent;
    } else {
        *ret_context = (struct dk__trace_context){.is_set = true};
        trace_id_make(tracer, ret_context);
        span_id_make(tracer, ret_context);
    }
    if (!is_sampled(tracer, parent, ret_context->trace_id)) {
        ret_context->flags = 0;
        return false;
    }
    ret_context->flags = DK__TRACE_SAMPLED;
    if (parent != NULL) {
        span_id_make(tracer, ret_context);
    }
    return true;
}

/* ── a span's life ──────────────────────────────────────────────────────────────────────────── */

static uint64_t now_ns(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

/* Room for one more entry; false: there is none. A text that does not fit whole is cut at a character. */
static bool entry_add(
    struct dk__span_record *record,
    enum dk__span_entry_kind kind,
    const char *key,
    int64_t number,
    struct dk_bytes text) {
    enum { ALIGN = _Alignof(struct dk__span_entry) };
    if (text.size > DK_SPAN_TEXT_BYTES_MAX) {
        text.size = dk__utf8_whole((struct dk_bytes){text.data, DK_SPAN_TEXT_BYTES_MAX});
    }
    const size_t size =
        (offsetof(struct dk__span_entry, text) + text.size + ALIGN - 1) / ALIGN * ALIGN;
    if (size > DK__SPAN_BODY_BYTES - record->body_used) {
        return false;
    }
    struct dk__span_entry *entry = (void *)(record->body + record->body_used);
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

static void span_init(
    struct dk_span *span,
    struct dk__tracer *tracer,
    const struct dk__trace_context *self,
    const struct dk__trace_context *parent,
    enum dk_span_kind kind,
    struct dk_bytes name) {
    struct dk__span_record *record = &span->record;
    span->tracer = tracer;
    span->place = NULL;
    memset(record, 0, offsetof(struct dk__span_record, body));
    record->self = *self;
    if (parent != NULL) {
        memcpy(record->parent_id, parent->span_id, sizeof record->parent_id);
    }
    record->kind = (uint8_t)kind;
    record->start_ns = now_ns();
    (void)entry_add(record, DK__SPAN_NAME, NULL, 0, name);
}

static struct dk_span *span_take(struct dk__call *call) {
    void *memory =
        dk__arena_take_bytes(&call->arena, sizeof(struct dk_span) + _Alignof(struct dk_span) - 1);
    if (memory == NULL) {
        return NULL;
    }
    const size_t over = (uintptr_t)memory % _Alignof(struct dk_span);
    return (void *)((char *)memory + (over == 0 ? 0 : _Alignof(struct dk_span) - over));
}

void dk__trace_begin(
    struct dk__call *call,
    struct dk__tracer *tracer,
    const struct dk__trace_context *parent,
    enum dk_span_kind kind,
    struct dk_bytes name) {
    struct dk__call_trace *trace = &call->trace;
    struct dk_span *span = trace->span;
    trace->tracer = tracer;
    trace->span = NULL;
    if (tracer == NULL) {
        return;
    }
    parent = parent != NULL && parent->is_set ? parent : NULL;
    if (decide(tracer, parent, &trace->context)) {
        span = span != NULL ? span : span_take(call);
        if (span != NULL) {
            span_init(span, tracer, &trace->context, parent, kind, name);
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
    const struct dk__call_trace *trace = &call->trace;
    if (trace->tracer == NULL || (trace->context.flags & DK__TRACE_SAMPLED) == 0) {
        return NULL;
    }
    struct dk_span *span = span_take(call);
    if (span != NULL) {
        struct dk__trace_context self = trace->context;
        span_id_make(trace->tracer, &self);
        span_init(span, trace->tracer, &self, &trace->context, kind, name);
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
    struct dk_span *span,
    struct dk__trace_context *ret_context) {
    parent = parent != NULL && parent->is_set ? parent : NULL;
    if (tracer == NULL) {
        *ret_context = parent != NULL ? *parent : (struct dk__trace_context){.is_set = false};
        return NULL;
    }
    if (!decide(tracer, parent, ret_context)) {
        return NULL;
    }
    span_init(span, tracer, ret_context, parent, kind, name);
    return span;
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
        (void)entry_add(&span->record, DK__SPAN_NAME, NULL, 0, name);
    }
}

void dk_span_text(struct dk_span *span, const char *key, struct dk_bytes value) {
    if (span != NULL && !entry_add(&span->record, DK__SPAN_TEXT, key, 0, value)) {
        span->record.attributes_dropped++;
    }
}

void dk_span_number(struct dk_span *span, const char *key, int64_t value) {
    if (span != NULL &&
        !entry_add(&span->record, DK__SPAN_NUMBER, key, value, (struct dk_bytes){0})) {
        span->record.attributes_dropped++;
    }
}

void dk_span_event(struct dk_span *span, const char *name, struct dk_bytes message) {
    if (span != NULL &&
        !entry_add(&span->record, DK__SPAN_EVENT, name, (int64_t)now_ns(), message)) {
        span->record.events_dropped++;
    }
}

void dk_span_fail(struct dk_span *span, struct dk_bytes words) {
    if (span != NULL) {
        span->record.has_failed = true;
        (void)entry_add(&span->record, DK__SPAN_WORDS, NULL, 0, words);
    }
}

void dk_span_end(struct dk_span *span) {
    if (span == NULL) {
        return;
    }
    struct dk__tracer *tracer = span->tracer;
    if (span->place != NULL) {
        *span->place = NULL;
    }
    span->record.end_ns = now_ns();
    if (span->record.end_ns < span->record.start_ns) { /* somebody has set the clock */
        span->record.end_ns = span->record.start_ns;
    }
    (void)dk__span_queue_put(tracer->queue, &span->record); /* a full one counts what it refuses */
    if (tracer->on_batch != NULL &&
        dk__span_queue_counts(tracer->queue).waiting >= tracer->config.batch_max &&
        !atomic_load_explicit(&tracer->was_called, memory_order_relaxed) &&
        !atomic_exchange_explicit(&tracer->was_called, true, memory_order_relaxed)) {
        tracer->on_batch(tracer->context);
    }
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
