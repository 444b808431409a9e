#ifndef TESTS_SUPPORT_SPAN_RECORDS_H
#define TESTS_SUPPORT_SPAN_RECORDS_H

#include "core/trace.h"

#include <string.h>

/* A format of spans that a test reads as the records they were, oldest first. Their forms are left out. */
enum { SPAN_RECORD_BYTES = sizeof(struct dk__span_record) + DK__SPAN_BODY_BYTES };
_Static_assert(SPAN_RECORD_BYTES % 8 == 0, "records lie one before the other");

static inline char *span_record_write(const struct dk__span_record *record, char *floor, char *at) {
    if (at - floor < SPAN_RECORD_BYTES) {
        return NULL;
    }
    struct dk__span_record *copy = (void *)(at - SPAN_RECORD_BYTES);
    *copy = *record;
    copy->body = (char *)(copy + 1);
    if (record->body_used > 0) {
        memcpy(copy + 1, record->body, record->body_used);
    }
    return (char *)copy;
}

static inline char *span_record_write_form(
    const struct dk__span_record *record, char *floor, char *at) {
    (void)record;
    return floor <= at ? at : NULL;
}

static const struct dk__span_format span_record_format = {
    .write = span_record_write, .write_form = span_record_write_form};

/* Zeroed: nothing was read yet. */
struct span_records {
    struct dk__span_chunk *chunk;
    size_t read; /* of the chunk */
};

/* The next; NULL: none is there now. It stays until the next is asked for. */
static inline const struct dk__span_record *span_records_next(
    struct span_records *records, struct dk__span_queue *queue) {
    if (records->chunk == NULL || records->read == records->chunk->spans) {
        dk__span_queue_sweep(queue);
        struct dk__span_chunk *next = dk__span_queue_take(queue);
        if (next == NULL) {
            return NULL;
        }
        if (records->chunk != NULL) {
            dk__span_queue_release(queue, records->chunk);
        }
        *records = (struct span_records){.chunk = next};
    }
    records->read++;
    return (const struct dk__span_record
                *)(const void *)(records->chunk->end - records->read * SPAN_RECORD_BYTES);
}

/* Before the queue goes. */
static inline void span_records_end(struct span_records *records, struct dk__span_queue *queue) {
    if (records->chunk != NULL) {
        dk__span_queue_release(queue, records->chunk);
        records->chunk = NULL;
    }
}

#endif /* TESTS_SUPPORT_SPAN_RECORDS_H */
