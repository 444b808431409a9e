#ifndef DK_WIRE_H2_H2_H
#define DK_WIRE_H2_H2_H

#include <stdint.h>

struct dk__listener;

/*
 * What wire/h2 offers beside the seam of wire/grpc/transport.h: what one listener has counted
 * since it was made, for tests and benchmarks. "≥ 8 answers per write" is answers / writes.
 *
 * Thread: the loop's.
 */
struct dk__h2_counts {
    uint64_t connections; /* accepted */
    uint64_t calls;       /* streams opened by peers */
    uint64_t answers;     /* statuses sent */
    uint64_t reads, writes, bytes_read, bytes_written;
    uint64_t refused;                      /* streams refused: a bound was met */
    uint64_t calmed;                       /* connections ended with ENHANCE_YOUR_CALM */
    uint64_t stalled;                      /* connections ended because their peer did not read */
    uint64_t resets_by_peer, resets_by_us; /* RST_STREAM frames */
    int64_t stall_us; /* of connections that could not be written, once they could again */
    uint64_t pauses;  /* times accepting rested for want of descriptors */
};

struct dk__h2_counts dk__h2_counts(const struct dk__listener *listener);

#endif /* DK_WIRE_H2_H2_H */
