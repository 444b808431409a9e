#ifndef DK_WIRE_NANOPB_READER_H
#define DK_WIRE_NANOPB_READER_H

#include <dk/bytes.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * Protobuf's wire format, read in place. Inline, because nearly every tag and length is one byte
 * and a call for each was most of a decode's time: docs/decisions/0001-codec.md.
 *
 * Owner:  views point into the message. Thread: any.
 * Errors: false for what is cut off or malformed; the reader then stands anywhere.
 */
struct dk__reader {
    const unsigned char *at, *end;
};

enum dk__wire {
    DK__WIRE_VARINT = 0,
    DK__WIRE_FIXED64 = 1,
    DK__WIRE_DELIMITED = 2,
    DK__WIRE_GROUP = 3,
    DK__WIRE_GROUP_END = 4,
    DK__WIRE_FIXED32 = 5,
};

/* Groups within an unknown field; deeper ones are malformed. */
enum { DK__GROUP_DEPTH_MAX = 32 };

static inline struct dk__reader dk__reader_of(struct dk_bytes message) {
    const unsigned char *at = (const unsigned char *)(message.data == NULL ? "" : message.data);
    return (struct dk__reader){.at = at, .end = at + message.size};
}

/* A varint of two bytes and more; the way out of dk__read_varint. */
bool dk__read_long_varint(struct dk__reader *reader, uint64_t *ret_value);

/* At most ten bytes that make at most 64 bits. */
static inline bool dk__read_varint(struct dk__reader *reader, uint64_t *ret_value) {
    if (reader->at < reader->end && *reader->at < 0x80) {
        *ret_value = *reader->at++;
        return true;
    }
    return dk__read_long_varint(reader, ret_value);
}

/* A field's number, 1 … 2^29 − 1, and how it is written. */
static inline bool dk__read_tag(
    struct dk__reader *reader, uint32_t *ret_number, enum dk__wire *ret_wire) {
    uint64_t tag = 0;
    if (!dk__read_varint(reader, &tag) || tag > UINT32_MAX || tag < 8 || (tag & 7) > 5) {
        return false;
    }
    *ret_number = (uint32_t)(tag >> 3);
    *ret_wire = (enum dk__wire)(tag & 7);
    return true;
}

/* The content of a length-delimited field; present when it is empty. */
static inline bool dk__read_view(struct dk__reader *reader, struct dk_bytes *ret) {
    uint64_t size = 0;
    if (!dk__read_varint(reader, &size) || size > (uint64_t)(reader->end - reader->at)) {
        return false;
    }
    *ret = (struct dk_bytes){.data = (const char *)reader->at, .size = (size_t)size};
    reader->at += size;
    return true;
}

/* Goes past the field whose tag was just read, whatever it is, groups with all they hold. */
bool dk__read_past(struct dk__reader *reader, uint32_t number, enum dk__wire wire);

#endif /* DK_WIRE_NANOPB_READER_H */
