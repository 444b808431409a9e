/*
 * The rare ways of the wire format: long varints, and fields that nobody knows.
 */
#include "wire/nanopb/reader.h"

enum { VARINT_BYTES_MAX = 10 };

bool dk__read_long_varint(struct dk__reader *reader, uint64_t *ret_value) {
    uint64_t value = 0;
    for (unsigned i = 0; i < VARINT_BYTES_MAX && reader->at < reader->end; i++) {
        const uint64_t byte = *reader->at++;
        if (i == VARINT_BYTES_MAX - 1 && byte > 1) {
            return false; /* more than 64 bits */
        }
        value |= (byte & 0x7F) << (7 * i);
        if (byte < 0x80) {
            *ret_value = value;
            return true;
        }
    }
    return false;
}

static bool past_bytes(struct dk__reader *reader, size_t size) {
    if (size > (size_t)(reader->end - reader->at)) {
        return false;
    }
    reader->at += size;
    return true;
}

/* One field that is no group. */
static bool past_plain(struct dk__reader *reader, enum dk__wire wire) {
    uint64_t value = 0;
    struct dk_bytes view;
    switch (wire) {
    case DK__WIRE_VARINT:
        return dk__read_varint(reader, &value);
    case DK__WIRE_FIXED64:
        return past_bytes(reader, sizeof(uint64_t));
    case DK__WIRE_DELIMITED:
        return dk__read_view(reader, &view);
    case DK__WIRE_FIXED32:
        return past_bytes(reader, sizeof(uint32_t));
    case DK__WIRE_GROUP:
    case DK__WIRE_GROUP_END:
        break;
    }
    return false;
}

/* A list of the groups that are open takes the place of recursion. */
bool dk__read_past(struct dk__reader *reader, uint32_t number, enum dk__wire wire) {
    uint32_t open[DK__GROUP_DEPTH_MAX];
    size_t depth = 0;
    for (;;) {
        if (wire == DK__WIRE_GROUP) {
            if (depth == DK__GROUP_DEPTH_MAX) {
                return false;
            }
            open[depth++] = number;
        } else if (wire == DK__WIRE_GROUP_END) {
            if (depth == 0 || open[--depth] != number) {
                return false; /* a group's end carries the number of its begin */
            }
        } else if (!past_plain(reader, wire)) {
            return false;
        }
        if (depth == 0) {
            return true;
        }
        if (!dk__read_tag(reader, &number, &wire)) {
            return false;
        }
    }
}
