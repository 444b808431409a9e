/*
 * A ring of marks. Librdkafka hands offsets out in rising order, so the ring is sorted and a
 * settlement finds its mark by bisection; settled marks leave at the front only.
 */
#include "clients/kafka/kafka_offsets.h"

#include <stdlib.h>

struct kafka_offset_mark {
    int64_t offset;
    bool is_settled;
};

static struct kafka_offset_mark *mark_at(const struct kafka_offsets *offsets, uint32_t place) {
    const uint32_t at = offsets->first + place;
    return &offsets->marks[at < offsets->window ? at : at - offsets->window];
}

static struct kafka_offset_mark *mark_find(const struct kafka_offsets *offsets, int64_t offset) {
    uint32_t low = 0;
    uint32_t high = offsets->count;

    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        struct kafka_offset_mark *mark = mark_at(offsets, middle);
        if (mark->offset == offset) {
            return mark;
        }
        if (mark->offset < offset) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

enum dk_error kafka_offsets_open(struct kafka_offsets *offsets, uint32_t window) {
    *offsets = (struct kafka_offsets){.next = -1, .stored = -1};
    if (window == 0 || window > KAFKA_OFFSETS_WINDOW_MAX) {
        return DK_INVALID;
    }
    offsets->marks = calloc(window, sizeof *offsets->marks);
    if (offsets->marks == NULL) {
        return DK_EXHAUSTED;
    }
    offsets->window = window;
    return DK_OK;
}

void kafka_offsets_close(struct kafka_offsets *offsets) {
    free(offsets->marks);
    *offsets = (struct kafka_offsets){.next = -1, .stored = -1};
}

bool kafka_offsets_take(struct kafka_offsets *offsets, int64_t offset) {
    if (offsets->count == offsets->window || offset < 0) {
        return false;
    }
    if (offsets->count > 0 && offset <= mark_at(offsets, offsets->count - 1)->offset) {
        return false;
    }
    if (offset < offsets->next) {
        /* The log begins anew below what we had settled: the position follows it down. */
        offsets->next = -1;
        offsets->stored = -1;
    }
    *mark_at(offsets, offsets->count++) = (struct kafka_offset_mark){.offset = offset};
    return true;
}

bool kafka_offsets_settle(struct kafka_offsets *offsets, int64_t offset) {
    struct kafka_offset_mark *mark = mark_find(offsets, offset);
    if (mark == NULL || mark->is_settled) {
        return false;
    }
    mark->is_settled = true;
    while (offsets->count > 0 && mark_at(offsets, 0)->is_settled) {
        offsets->next = mark_at(offsets, 0)->offset + 1;
        offsets->first = offsets->first + 1 < offsets->window ? offsets->first + 1 : 0;
        offsets->count--;
    }
    return true;
}

int64_t kafka_offsets_lowest(const struct kafka_offsets *offsets) {
    return offsets->count == 0 ? -1 : mark_at(offsets, 0)->offset;
}

uint32_t kafka_offsets_room(const struct kafka_offsets *offsets) {
    return offsets->window - offsets->count;
}

bool kafka_offsets_store(struct kafka_offsets *offsets, int64_t *ret_next) {
    if (offsets->next < 0 || offsets->next == offsets->stored) {
        return false;
    }
    offsets->stored = offsets->next;
    *ret_next = offsets->next;
    return true;
}
