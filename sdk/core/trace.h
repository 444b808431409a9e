#ifndef DK_CORE_TRACE_H
#define DK_CORE_TRACE_H

#include "core/sampling.h"
#include "core/span_queue.h"
#include "core/trace_context.h"

#include <dk/error.h>
#include <dk/trace.h>
#include <stddef.h>

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

struct dk__tracer_config {
    enum dk__sampler sampler;
    double ratio;       /* 0 to 1, of DK__SAMPLER_…RATIO: the share of traces, by their id */
    uint32_t queue_max; /* finished spans that wait; more are dropped and counted */
    uint32_t batch_max; /* that leave together; so many, and on_batch is called */
    size_t head_bytes;  /* what a batch needs beside its spans */
    const struct dk__span_format *format; /* how they are written; a literal */
};

/* Errors: DK_EXHAUSTED without memory or without random numbers. */
enum dk_error dk__tracer_new(
    const struct dk__tracer_config *config, struct dk__tracer **ret_tracer, struct dk_fault *fault);
/* No span of it lives any more. Accepts NULL. */
void dk__tracer_free(struct dk__tracer *tracer);

/* `on_batch` is called when a batch is full, by the thread that ended the last span of it, and not again
 * before one was taken out of the queue. Before others use the tracer. */
void dk__tracer_listen(struct dk__tracer *tracer, void (*on_batch)(void *context), void *context);
/* Spans go by the monotonic clock and show the time of day: this looks how far the two are apart, now
 * and then, for somebody may set the clock. Thread: the exporter's. */
void dk__tracer_set_clock(struct dk__tracer *tracer);
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
    int64_t common_us; /* when the first common span began that the call has joined; 0: none */
};

/* What the methods need for their own spans: see dk/trace.h for the rest. */
struct dk_span {
    struct dk__tracer *tracer;
    struct dk_span **place;  /* who ends it, if nobody else does; NULL: nobody */
    struct dk__call *call;   /* whose own span it is, else NULL */
    struct dk__arena *arena; /* has a larger body, once it is needed; NULL: there is none */
    /* Of a common span: who has it, how many calls it had, how many of them failed; 0: it is none. */
    uint32_t holders, members, failures;
    uint32_t body_size;
    int64_t begun_us; /* of a common one, on the monotonic clock */
    struct dk__span_record record;
    _Alignas(8) char body[]; /* the first body */
};

/* Memory for a span of no call. */
struct dk__span_memory {
    _Alignas(max_align_t) char bytes[sizeof(struct dk_span) + DK__SPAN_BODY_BYTES];
};

/*
 * Decides, and begins the call's own span where it is recorded, at `begun_us` of the monotonic clock, or
 * now for 0. Without a name it has that of its form: see dk__span_form. `parent` may be unset or NULL: a
 * root. Twice: the second decides anew, and the first span, which was not ended, is forgotten.
 * Without a tracer, or memory in the arena for a span, nothing is recorded. Thread: the call's.
 */
void dk__trace_begin(
    struct dk__call *call,
    struct dk__tracer *tracer,
    const struct dk__trace_context *parent,
    enum dk_span_kind kind,
    struct dk_bytes name,
    int64_t begun_us);
/* Ends the call's own span, if there is one. */
void dk__trace_end(struct dk__call *call);

/* A child of the call's span that takes its place: dk__trace_end ends it. For a call that continues
 * what another began; it has that one's tracer and context, and no span yet. */
void dk__trace_enter(struct dk__call *call, enum dk_span_kind kind, struct dk_bytes name);

/* A child of the call's span; NULL: not recorded. Lies in the call's arena. */
struct dk_span *dk__span_begin(struct dk__call *call, enum dk_span_kind kind, struct dk_bytes name);
/*
 * A span of no call: of a message. It lies in `memory`, the caller's, and is returned when it is
 * recorded. Into `ret_context` goes what whoever continues gets for a parent, set in any case. `tracer`
 * and `parent` may be NULL.
 */
struct dk_span *dk__span_begin_at(
    struct dk__tracer *tracer,
    const struct dk__trace_context *parent,
    enum dk_span_kind kind,
    struct dk_bytes name,
    struct dk__span_memory *memory,
    struct dk__trace_context *ret_context);

/*
 * What many spans say alike is written once: the name and the attributes of `span`, a model that never
 * ends, at the end of `memory`. Gives the form, a view of it, for dk__span_form of other spans of this tracer,
 * which live shorter; absent without room. The model may go on.
 */
struct dk_span *dk__span_model(
    struct dk__tracer *tracer, struct dk_bytes name, struct dk__span_memory *memory);
struct dk_bytes dk__tracer_form(
    const struct dk__tracer *tracer, const struct dk_span *span, char *memory, size_t size);
/* The span says all that `form` does, beside what is its own; the last form counts. Accepts NULL. */
void dk__span_form(struct dk_span *span, struct dk_bytes form);

/* The reply is given: its span ends, failed with `words` unless they are NULL. */
void dk__reply_span_end(struct dk_reply *reply, const char *words);

#endif /* DK_CORE_TRACE_H */
