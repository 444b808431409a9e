/*
 * What a client's session says, collected: a frame of 16 KiB by itself costs the kernel nearly twice as much as
 * its share of a large write.
 */
#include "wire/h2/gather.h"

#include "wire/h2/link.h"

#include <stdint.h>
#include <string.h>

enum { PARTS_OF_DATA = 2, PARTS_FOR_A_FRAME = 1 };

void dk__h2_gather_reset(struct dk__h2_gather *gather) {
    gather->count = gather->first = gather->copied = 0;
}

static void part_add(struct dk__h2_gather *gather, const char *data, size_t size) {
    if (size > 0) {
        gather->parts[gather->count++] =
            (struct iovec){.iov_base = (char *)(uintptr_t)data, .iov_len = size};
    }
}

static void copy(struct dk__h2_gather *gather, struct dk_bytes bytes) {
    if (bytes.size > 0) {
        memcpy(gather->copies + gather->copied, bytes.data, bytes.size);
        gather->copied += bytes.size;
    }
}

bool dk__h2_gather_has_room(const struct dk__h2_gather *gather) {
    return gather->count < DK__H2_GATHER_PARTS &&
           sizeof gather->copies - gather->copied >= DK__H2_GATHER_FRAME_BYTES_MAX;
}

bool dk__h2_gather_frame(struct dk__h2_gather *gather, struct dk_bytes frame) {
    const char *start = gather->copies + gather->copied;
    if (gather->count == DK__H2_GATHER_PARTS ||
        frame.size > sizeof gather->copies - gather->copied) {
        return false;
    }
    copy(gather, frame);
    part_add(gather, start, frame.size);
    return true;
}

bool dk__h2_gather_data(
    struct dk__h2_gather *gather,
    struct dk_bytes head,
    struct dk_bytes prefix,
    struct dk_bytes data) {
    const char *start = gather->copies + gather->copied;
    if (gather->count + PARTS_OF_DATA + PARTS_FOR_A_FRAME > DK__H2_GATHER_PARTS ||
        head.size + prefix.size + DK__H2_GATHER_FRAME_BYTES_MAX >
            sizeof gather->copies - gather->copied) {
        return false;
    }
    copy(gather, head);
    copy(gather, prefix);
    part_add(gather, start, head.size + prefix.size);
    part_add(gather, data.data, data.size);
    return true;
}

int dk__h2_gather_write(struct dk__h2_gather *gather, struct dk__h2_link *link) {
    while (gather->first < gather->count) {
        ssize_t sent = dk__h2_link_write_parts(
            link, gather->parts + gather->first, gather->count - gather->first);
        if (sent <= 0) {
            return (int)sent;
        }
        while (sent > 0) {
            struct iovec *part = &gather->parts[gather->first];
            const size_t taken = (size_t)sent < part->iov_len ? (size_t)sent : part->iov_len;
            part->iov_base = (char *)part->iov_base + taken;
            part->iov_len -= taken;
            sent -= (ssize_t)taken;
            gather->first += part->iov_len == 0 ? 1 : 0;
        }
    }
    dk__h2_gather_reset(gather);
    return 1;
}
