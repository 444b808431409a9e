#ifndef DK_WIRE_NANOPB_WRITER_H
#define DK_WIRE_NANOPB_WRITER_H

#include "core/chain.h"

#include <string.h>

/*
 * Fields on their way out. A message is measured before its first byte, so that it goes into one
 * contiguous place. All field numbers are below 16: a tag is one byte.
 *
 * Owner: the caller has a place of exactly the measured size. Thread: any.
 */
struct dk__place {
    char *at; /* where the next byte goes */
};

static inline size_t dk__varint_size(size_t value) {
    size_t size = 1;
    while (value >= 0x80) {
        value >>= 7;
        size++;
    }
    return size;
}

/* Tag, length and bytes. */
static inline size_t dk__delimited_size(size_t size) {
    return 1 + dk__varint_size(size) + size;
}

/* A field that is left out when it is empty, as proto3 does; number 0: there is no such field. */
static inline size_t dk__field_size(uint32_t number, struct dk_bytes bytes) {
    return number == 0 || bytes.size == 0 ? 0 : dk__delimited_size(bytes.size);
}

/* Tag and length of what follows. Inline, as the reader is: docs/decisions/0001-codec.md. */
static inline void dk__put_begin(struct dk__place *place, uint32_t number, size_t size) {
    enum { WIRE_DELIMITED = 2 };
    *place->at++ = (char)(number << 3 | WIRE_DELIMITED);
    while (size >= 0x80) {
        *place->at++ = (char)(size | 0x80);
        size >>= 7;
    }
    *place->at++ = (char)size;
}

static inline void dk__put_field(struct dk__place *place, uint32_t number, struct dk_bytes bytes) {
    if (number != 0 && bytes.size > 0) {
        dk__put_begin(place, number, bytes.size);
        memcpy(place->at, bytes.data, bytes.size);
        place->at += bytes.size;
    }
}

/* A map<string, string>. */
size_t dk__pairs_size(struct dk_pairs pairs);
void dk__put_pairs(struct dk__place *place, uint32_t number, struct dk_pairs pairs);

/* One field, straight into the chain; false at the chain's bound. */
bool dk__write_text(struct dk__chain *out, uint32_t number, struct dk_bytes text);

#endif /* DK_WIRE_NANOPB_WRITER_H */
