#ifndef DK_WIRE_NANOPB_FIELDS_H
#define DK_WIRE_NANOPB_FIELDS_H

#include "core/arena.h"

#include <dk/bytes.h>
#include <dk/error.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Messages as tables: which field number lands where in a struct of the contract. One engine reads
 * them; a test holds the tables against proto/.
 */
enum dk__kind {
    DK__STRING,   /* struct dk_bytes, UTF-8; a view */
    DK__ETAG,     /* struct dk_bytes, UTF-8; a view, absent when it is empty */
    DK__BYTES,    /* struct dk_bytes; a view */
    DK__ENUM,     /* an enum of int size; a number above `limit` is unspecified (0) */
    DK__INT64,    /* int64_t */
    DK__FLAG,     /* bool, from an enum or bool field: number 1 is true */
    DK__MAP,      /* struct dk_pairs */
    DK__MESSAGE,  /* a shape whose offsets count from `offset`; one that comes twice merges */
    DK__ONEOF,    /* the same, for a member of a oneof: another member before it is forgotten */
    DK__REPEATED, /* {const T *items; size_t count} of the shape's structs */
    DK__ANY_MAP,  /* map<string, google.protobuf.Any> of at most one entry, as two struct dk_bytes:
                     the key, and the Any's value */
};

struct dk__shape;

struct dk__row {
    uint32_t number;
    enum dk__kind kind;
    size_t offset;
    const char *name; /* the proto field, for errors */
    const struct dk__shape *shape;
    int limit; /* DK__ENUM: largest known number; DK__ONEOF: 1 for the member that sets the flag */
};

struct dk__shape {
    const char *name;           /* the proto message, "dapr.proto.components.v1.SetRequest" */
    const struct dk__row *rows; /* in order of their numbers, ended by number 0 */
    size_t size;                /* of the struct; 0 when it lands within its parent's */
    size_t required_at; /* offset plus one of a row's text that must not be empty; 0: none */
    size_t oneof_at;    /* offset of the members of a oneof; the flag is a bool at offset 0 */
    size_t oneof_size;  /* bytes there; 0: no oneof */
};

/*
 * A repeated name in a map is found by looking through what came before. Two bounds keep that from
 * holding up the loop: the entries of one map, and the work in one message, in comparisons, of
 * which each DK__PAIRS_WORK_BYTES of a name of the same size are one more. 200 names in each of
 * 100 items are half of it.
 */
enum { DK__PAIRS_MAX = 512, DK__PAIRS_WORK_MAX = 4 << 20, DK__PAIRS_WORK_BYTES = 16 };
enum { DK__MESSAGE_DEPTH_MAX = 8 };

/* Reads a message of a shape into a zeroed struct. See wire/nanopb/common.h for the promises. */
enum dk_error dk__shape_decode(
    const struct dk__shape *shape,
    struct dk_bytes message,
    struct dk__arena *arena,
    void *ret,
    struct dk_fault *fault);

#endif /* DK_WIRE_NANOPB_FIELDS_H */
