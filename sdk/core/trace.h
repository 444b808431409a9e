#ifndef DK_CORE_TRACE_H
#define DK_CORE_TRACE_H

#include "core/span_queue.h"
#include "core/trace_context.h"

#include <dk/error.h>
#include <dk/trace.h>

struct dk__arena;
struct dk__call;

/*
 * Who decides what is recorded, gives ids, and keeps finished spans until an exporter takes them.
 * A program has one, or none: then nothing is recorded and nothing costs.
 *
 *     dk__trace_begin: sampled? ──yes──▶ a span in the call's arena ─▶ dk_span_end ─▶ queue ─▶ wire/otlp
 *                          └──no──▶ the context alone, for whoever is called next
 *
 * Thread: any, but for what says otherwise.
 */
struct dk__tracer;

/* OpenTelemetry's samplers. A parent, where the sampler asks it, decides by its sampled flag. */
enum dk__sampler {
    DK__SAMPLER_ALWAYS_ON,
    DK__SAMPLER_ALWAYS_OFF,
    DK__SAMPLER_RATIO,
    DK__SAMPLER_PARENT_ALWAYS_ON, /* OpenTelemetry's default */
    DK__SAMPLER_PARENT_ALWAYS_OFF,
    DK__SAMPLER_PARENT_RATIO,
};

struct dk__tracer_config {
    enum dk__sampler sampler;
    double ratio;       /* 0 to 1, of DK__SAMPLER_…RATIO: the share of traces, by their id */
    uint32_t queue_max; /* finished spans that wait; more are dropped and counted */
    uint32_t batch_max; /* so many waiting, and on_batch is called */
};

/* Errors: DK_EXHAUSTED without memory or without random numbers. */
enum dk_error dk__tracer_new(
    const struct dk__tracer_config *config, struct dk__tracer **ret_tracer, struct dk_fault *fault);
/* No span of it lives any more. Accepts NULL. */
void dk__tracer_free(struct dk__tracer *tracer);

/* `on_batch` is called once when batch_max spans wait, by the thread that ended the last of them, and
 * not again before dk__tracer_rearm. Before others use the tracer. */
void dk__tracer_listen(struct dk__tracer *tracer, void (*on_batch)(void *context), void *context);
/* Before the queue is emptied. Thread: the exporter's. */
void dk__tracer_rearm(struct dk__tracer *tracer);
struct dk__span_queue *dk__tracer_queue(struct dk__tracer *tracer);
/* Accepts NULL: nothing was counted. */
struct dk__span_queue_counts dk__tracer_counts(const struct dk__tracer *tracer);

/* ── what a call carries ────────────────────────────────────────────────────────────────────── */

/* A member of struct dk__call, zeroed at birth: untraced. */
struct dk__call_trace {
    struct dk__tracer *tracer; /* NULL: off */
    struct dk_span *span;      /* the call's own; NULL: not recorded */
    /* What whoever is called next gets for a parent: the span, else the caller's, else an unsampled
     * one. Not set: off. */
    struct dk__trace_context context;
};

struct dk_span {
    struct dk__tracer *tracer;
    struct dk_span **place; /* who ends it, if nobody else does; NULL: nobody */
    struct dk__span_record record;
};

/*
 * Decides, and begins the call's own span where it is recorded. `parent` may be unset or NULL: a
 * root. Twice: the second decides anew, and the first span, which was not ended, is forgotten.
 * Without a tracer, or memory in the arena for a span, nothing is recorded. Thread: the call's.
 */
void dk__trace_begin(
    struct dk__call *call,
    struct dk__tracer *tracer,
    const struct dk__trace_context *parent,
    enum dk_span_kind kind,
    struct dk_bytes name);
/* Ends the call's own span, if there is one. */
void dk__trace_end(struct dk__call *call);

/* A child of the call's span that takes its place: dk__trace_end ends it. For a call that continues
 * what another began; it has that one's tracer and context, and no span yet. */
void dk__trace_enter(struct dk__call *call, enum dk_span_kind kind, struct dk_bytes name);

/* A child of the call's span; NULL: not recorded. Lies in the call's arena. */
struct dk_span *dk__span_begin(struct dk__call *call, enum dk_span_kind kind, struct dk_bytes name);
/*
 * A span of no call: of a message, of a batch. `span` is the caller's memory; it is what is returned
 * when it is recorded. Into `ret_context` goes what whoever continues gets for a parent, set in any
 * case. `tracer` and `parent` may be NULL.
 */
struct dk_span *dk__span_begin_at(
    struct dk__tracer *tracer,
    const struct dk__trace_context *parent,
    enum dk_span_kind kind,
    struct dk_bytes name,
    struct dk_span *span,
    struct dk__trace_context *ret_context);

#endif /* DK_CORE_TRACE_H */
