#ifndef DK_CORE_SPAN_QUEUE_H
#define DK_CORE_SPAN_QUEUE_H

#include "core/lane.h"
#include "core/trace_context.h"

#include <dk/error.h>
#include <dk/trace.h>
#include <stddef.h>
#include <stdint.h>

/* What a span says of itself: its name, attributes, events, links and words, one after the other. */
enum dk__span_entry_kind {
    DK__SPAN_NAME,   /* text */
    DK__SPAN_TEXT,   /* key, text */
    DK__SPAN_NUMBER, /* key, number */
    DK__SPAN_EVENT,  /* key: its name; number: ns since 1970; text: its message, or empty */
    DK__SPAN_LINK,   /* text: a struct dk__trace_context */
    DK__SPAN_WORDS,  /* text: of the status */
};

struct dk__span_entry {
    const char *key; /* a literal */
    int64_t number;
    uint16_t size;
    uint8_t kind;
    char text[]; /* `size` bytes; UTF-8, but of a link */
};

enum { DK__SPAN_BODY_BYTES = 768 };

/* A finished span. */
struct dk__span_record {
    struct dk__trace_context self;
    unsigned char parent_id[DK__SPAN_ID_BYTES]; /* zeros: a root */
    uint64_t start_ns, end_ns;                  /* since 1970 */
    uint8_t kind;                               /* enum dk_span_kind */
    bool has_failed, has_backend_us;
    uint16_t attributes_dropped, events_dropped;
    /* What nearly every call says, beside its entries: the common span that it joined first (not set: none), and
     * "dapr.backend.duration_us". */
    struct dk__trace_context link;
    int64_t backend_us;
    /* Name and attributes, as the queue's format wrote them before; may be absent. */
    struct dk_bytes form;
    uint32_t body_used; /* at most DK__SPAN_BODY_BYTES */
    const char *body;   /* entries; aligned as they are */
};

/* The entry after `entry`, the first for NULL; NULL after the last. */
const struct dk__span_entry *dk__span_entry_next(
    const struct dk__span_record *record, const struct dk__span_entry *entry);

/*
 * How a span is written: before `at`, from its end to its beginning, and not below `floor`. Gives where
 * it begins; NULL, and what is below `at` is nothing: there is no room. Pure; thread: any.
 */
struct dk__span_format {
    char *(*write)(const struct dk__span_record *record, char *floor, char *at);
    /* The same of name and attributes alone, for dk__span_record.form. */
    char *(*write_form)(const struct dk__span_record *record, char *floor, char *at);
};

/* Spans that are written and leave together. */
struct dk__span_chunk {
    struct dk__work work; /* first; private */
    uint32_t spans;
    char *floor, *at,
        *end; /* what is written lies in [at, end); from floor - head_bytes there is room */
    char bytes[];
};

struct dk__span_queue_config {
    uint32_t spans_max;       /* that wait; one more is refused and counted, nobody waits */
    uint32_t chunk_spans_max; /* of one chunk; less when their bytes fill it */
    size_t head_bytes;        /* of each chunk, for whoever takes it */
    const struct dk__span_format *format; /* a literal */
};

/*
 * Finished spans on their way to the exporter. Each is written once, where it ends, into a chunk that is
 * given away whole.
 *
 *     any thread: put ─▶ the open chunk ─(full)─▶ take ─▶ … ─▶ release      the exporter's
 *                              └────────(sweep)────▲
 *
 * Thread: put from any: who finds the open chunk in use writes into another, and finds all in use only
 *         when more threads than there are chunks end a span in one moment; then the span is refused.
 *         sweep, take and release from one at a time, the exporter's.
 * Owner:  put copies; a chunk taken is the taker's until release.
 * Bound:  spans_max; DK__SPAN_QUEUE_BYTES_MAX of each chunk.
 */
struct dk__span_queue;

enum { DK__SPAN_QUEUE_BYTES_MAX = 1 << 20 };

/* Errors: DK_EXHAUSTED without memory. Chunks come when they are needed. */
enum dk_error dk__span_queue_new(
    const struct dk__span_queue_config *config, struct dk__span_queue **ret_queue);
/* Accepts NULL. */
void dk__span_queue_free(struct dk__span_queue *queue);

/* False: it is full, or there is no memory for a chunk. `ret_is_news`: a chunk can be taken, and none could
 * be before; whoever takes is to be woken. */
bool dk__span_queue_put(
    struct dk__span_queue *queue, const struct dk__span_record *record, bool *ret_is_news);

/* What is written and not full can be taken, too. */
void dk__span_queue_sweep(struct dk__span_queue *queue);
/* The oldest that can be taken; NULL: none. */
struct dk__span_chunk *dk__span_queue_take(struct dk__span_queue *queue);
void dk__span_queue_release(struct dk__span_queue *queue, struct dk__span_chunk *chunk);

/* How many wait now, and how many were put and refused in all. Thread: any. */
struct dk__span_queue_counts {
    uint64_t waiting, put, dropped;
};
struct dk__span_queue_counts dk__span_queue_counts(const struct dk__span_queue *queue);

#endif /* DK_CORE_SPAN_QUEUE_H */
