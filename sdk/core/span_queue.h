#ifndef DK_CORE_SPAN_QUEUE_H
#define DK_CORE_SPAN_QUEUE_H

#include "core/trace_context.h"

#include <dk/error.h>
#include <dk/trace.h>
#include <stddef.h>
#include <stdint.h>

/* What a span says of itself: its name, attributes, events and words, one after the other. */
enum dk__span_entry_kind {
    DK__SPAN_NAME,   /* text */
    DK__SPAN_TEXT,   /* key, text */
    DK__SPAN_NUMBER, /* key, number */
    DK__SPAN_EVENT,  /* key: its name; number: ns since 1970; text: its message, or empty */
    DK__SPAN_WORDS,  /* text: of the status */
};

struct dk__span_entry {
    const char *key; /* a literal */
    int64_t number;
    uint16_t size;
    uint8_t kind;
    char text[]; /* `size` bytes, UTF-8 */
};

enum { DK__SPAN_BODY_BYTES = 768 };

/* A span as it is queued and exported; of plain bytes, so that it can be copied. */
struct dk__span_record {
    struct dk__trace_context self;
    unsigned char parent_id[DK__SPAN_ID_BYTES]; /* zeros: a root */
    uint64_t start_ns, end_ns;                  /* since 1970 */
    uint8_t kind;                               /* enum dk_span_kind */
    bool has_failed;
    uint16_t attributes_dropped, events_dropped;
    uint32_t body_used;
    _Alignas(8) char body[DK__SPAN_BODY_BYTES]; /* entries */
};

/* The entry after `entry`, the first for NULL; NULL after the last. */
const struct dk__span_entry *dk__span_entry_next(
    const struct dk__span_record *record, const struct dk__span_entry *entry);

/*
 * Finished spans on their way to the exporter.
 *
 * Thread: put from any; peek and pop from one at a time, the exporter's.
 * Owner:  put copies. Bound: `size_max` records; one more is refused and counted, nobody waits.
 */
struct dk__span_queue;

/* Errors: DK_EXHAUSTED without memory: 1 KiB for each record, which is touched when it is used. */
enum dk_error dk__span_queue_new(uint32_t size_max, struct dk__span_queue **ret_queue);
/* Accepts NULL. */
void dk__span_queue_free(struct dk__span_queue *queue);

/* False: it is full. */
bool dk__span_queue_put(struct dk__span_queue *queue, const struct dk__span_record *record);
/* The oldest, or NULL; it stays until pop. */
const struct dk__span_record *dk__span_queue_peek(struct dk__span_queue *queue);
void dk__span_queue_pop(struct dk__span_queue *queue);

/* How many wait now, and how many were taken and refused in all. Thread: any. */
struct dk__span_queue_counts {
    uint64_t waiting, put, dropped;
};
struct dk__span_queue_counts dk__span_queue_counts(const struct dk__span_queue *queue);

#endif /* DK_CORE_SPAN_QUEUE_H */
