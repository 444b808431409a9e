#ifndef DK_WIRE_H2_RECENT_H
#define DK_WIRE_H2_RECENT_H

#include <stdbool.h>
#include <stdint.h>

/*
 * The streams that a peer opened last, and which of them it has ended itself. A frame for a stream
 * that is no more is then told apart: still on its way when we ended the stream, or sent against
 * the rules. nghttp2 would have to keep every closed stream to know.
 *
 * Thread: the loop's. Zeroed is empty. Bound: DK__H2_RECENT_MAX; of older streams nothing is known.
 */
enum { DK__H2_RECENT_MAX = 256 };

enum dk__h2_recent_state {
    DK__H2_RECENT_UNKNOWN, /* too old */
    DK__H2_RECENT_NEVER,   /* passed over: a later one was opened */
    DK__H2_RECENT_OURS,    /* open, or ended or refused by us: the peer may not know yet */
    DK__H2_RECENT_ENDED,   /* by the peer: nothing may follow */
};

struct dk__h2_recent {
    uint32_t opened; /* in all; the newest is at (opened − 1) % DK__H2_RECENT_MAX */
    int32_t ids[DK__H2_RECENT_MAX];
    bool ended[DK__H2_RECENT_MAX];
};

/* The newest id; 0: none was opened. */
int32_t dk__h2_recent_newest(const struct dk__h2_recent *recent);
/* `id` is greater than every one before. */
void dk__h2_recent_open(struct dk__h2_recent *recent, int32_t id);
/* The peer has ended its side, and the stream is closed. */
void dk__h2_recent_end(struct dk__h2_recent *recent, int32_t id);
enum dk__h2_recent_state dk__h2_recent_find(const struct dk__h2_recent *recent, int32_t id);

#endif /* DK_WIRE_H2_RECENT_H */
