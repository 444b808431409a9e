#ifndef DK_CORE_SUBSCRIPTION_SPANS_H
#define DK_CORE_SUBSCRIPTION_SPANS_H

#include "core/trace.h"

#include <dk/subscription.h>

/*
 * Spans of the messages that are out, from their delivery until they are settled; by place of the window.
 *
 * Thread: the loop's. Bound: window_max of them, a struct dk__span_memory each, which is kept.
 */
struct dk__subscription_spans;

/* NULL: no memory; then nothing is recorded, and NULL is fine below. */
struct dk__subscription_spans *dk__subscription_spans_new(uint32_t window_max);
/* Spans of what is still out end as abandoned. */
void dk__subscription_spans_free(struct dk__subscription_spans *spans);

/* Memory for the span of a message under this ticket; NULL: none. */
struct dk__span_memory *dk__subscription_spans_room(
    struct dk__subscription_spans *spans, uint64_t ticket);
/* The span that lies there; NULL: it is not recorded. */
void dk__subscription_spans_delivered(
    struct dk__subscription_spans *spans, uint64_t ticket, struct dk_span *span);
/* It came back; `words` of a refusal. Ticket 0 for one that was abandoned: that waits for the free. */
void dk__subscription_spans_settled(
    struct dk__subscription_spans *spans,
    uint64_t ticket,
    enum dk_outcome outcome,
    struct dk_bytes words);

#endif /* DK_CORE_SUBSCRIPTION_SPANS_H */
