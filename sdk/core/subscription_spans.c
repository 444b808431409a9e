/*
 * A span for each place of a window, on the loop's thread. The memory of a place comes with its first recorded
 * message and serves all that follow.
 */
#include "core/subscription_spans.h"

#include "core/slots.h"

#include <stdlib.h>

struct dk__subscription_spans {
    uint32_t window_max;
    struct place {
        struct dk__span_memory *memory; /* NULL: never needed */
        struct dk_span *span;           /* in it; NULL: no recorded message is out */
    } places[];
};

static void place_end(struct place *place, enum dk_outcome outcome, struct dk_bytes words) {
    static const struct dk_bytes outcomes[] = {
        [DK_HANDLED] = DK_BYTES("handled"),
        [DK_REFUSED] = DK_BYTES("refused"),
        [DK_ABANDONED] = DK_BYTES("abandoned"),
    };
    struct dk_span *span = place->span;
    place->span = NULL;
    dk_span_text(span, "dapr.message.outcome", outcomes[outcome]);
    if (outcome != DK_HANDLED) {
        dk_span_fail(span, words);
    }
    dk_span_end(span);
}

struct dk__subscription_spans *dk__subscription_spans_new(uint32_t window_max) {
    struct dk__subscription_spans *spans =
        calloc(1, sizeof *spans + window_max * sizeof spans->places[0]);
    if (spans != NULL) {
        spans->window_max = window_max;
    }
    return spans;
}

void dk__subscription_spans_free(struct dk__subscription_spans *spans) {
    static const struct dk_bytes words =
        DK_BYTES("the stream ended before the message was settled");
    for (uint32_t i = 0; spans != NULL && i < spans->window_max; i++) {
        place_end(&spans->places[i], DK_ABANDONED, words);
        free(spans->places[i].memory);
    }
    free(spans);
}

struct dk__span_memory *dk__subscription_spans_room(
    struct dk__subscription_spans *spans, uint64_t ticket) {
    if (spans == NULL) {
        return NULL;
    }
    struct place *place = &spans->places[dk__slots_place(ticket)];
    if (place->memory == NULL) {
        place->memory = malloc(sizeof *place->memory);
    }
    return place->memory;
}

void dk__subscription_spans_delivered(
    struct dk__subscription_spans *spans, uint64_t ticket, struct dk_span *span) {
    if (spans != NULL) {
        spans->places[dk__slots_place(ticket)].span = span;
    }
}

void dk__subscription_spans_settled(
    struct dk__subscription_spans *spans,
    uint64_t ticket,
    enum dk_outcome outcome,
    struct dk_bytes words) {
    if (spans != NULL && ticket != 0) {
        place_end(&spans->places[dk__slots_place(ticket)], outcome, words);
    }
}
