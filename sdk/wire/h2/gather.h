#ifndef DK_WIRE_H2_GATHER_H
#define DK_WIRE_H2_GATHER_H

#include <dk/bytes.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/uio.h>

struct dk__h2_link;

/*
 * Bytes on their way to a link, in the order in which they came: frames are copied, what they carry is
 * seen where it lies, and one system call takes them all.
 *
 * Thread: the link's. Owner: views stay until they are written or the gather is begun anew.
 * Bound:  DK__H2_GATHER_PARTS; while a frame's head and data have room, so has any frame after them.
 */
enum {
    DK__H2_GATHER_PARTS = 64,
    DK__H2_GATHER_FRAME_BYTES_MAX =
        9 + 16384,                     /* of a frame that is copied: HTTP/2's default bound */
    DK__H2_GATHER_HEAD_BYTES_MAX = 16, /* before data: a frame's head, a message's prefix */
};

/* Zeroed: empty. */
struct dk__h2_gather {
    struct iovec parts[DK__H2_GATHER_PARTS];
    size_t count, first; /* the first that is not written whole */
    size_t copied;
    char copies[DK__H2_GATHER_FRAME_BYTES_MAX + DK__H2_GATHER_PARTS * DK__H2_GATHER_HEAD_BYTES_MAX];
};

/* Forgets what is not written. */
void dk__h2_gather_reset(struct dk__h2_gather *gather);
/* Whether any frame still fits. */
bool dk__h2_gather_has_room(const struct dk__h2_gather *gather);
/* A whole frame, at most DK__H2_GATHER_FRAME_BYTES_MAX. False: no room; write first. */
bool dk__h2_gather_frame(struct dk__h2_gather *gather, struct dk_bytes frame);
/* A head of two parts, together at most DK__H2_GATHER_HEAD_BYTES_MAX, and the data behind it. False: no
 * room, and nothing was added; write first. */
bool dk__h2_gather_data(
    struct dk__h2_gather *gather,
    struct dk_bytes head,
    struct dk_bytes prefix,
    struct dk_bytes data);
/* Writes. 1: all of it, 0: the link takes no more now, −1: the connection is over. */
int dk__h2_gather_write(struct dk__h2_gather *gather, struct dk__h2_link *link);

#endif /* DK_WIRE_H2_GATHER_H */
