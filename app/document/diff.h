#ifndef DOCUMENT_DIFF_H
#define DOCUMENT_DIFF_H

#include "document/scope.h"

/*
 * Which lines two texts do not share, and their unified form. The smallest set of changes up to
 * DOCUMENT_DIFF_EDITS_MAX; beyond, what lies between the common beginning and end is replaced as a
 * whole, which is right and not small.
 *
 * Owner: everything lies in the call's memory and points into the texts.
 */
enum {
    DOCUMENT_DIFF_BYTES_MAX =
        2 << 20, /* of each text: both lie in the call's memory, and what is made of them */
    DOCUMENT_DIFF_LINES_MAX = 20000, /* of each text */
    DOCUMENT_DIFF_EDITS_MAX = 1500,  /* time: lines × this; memory: this squared × 4 bytes */
    DOCUMENT_DIFF_CONTEXT_MAX = 100,
};

struct document_line {
    const char *data;
    size_t size; /* with its newline, which the last one may lack */
    uint64_t hash;
    bool is_changed; /* removed of the one text, added to the other */
};

struct document_lines {
    struct document_line *items;
    size_t count;
};

struct document_diff {
    struct document_lines from, to;
    size_t removed, added; /* lines */
};

/* Errors: DK_INVALID over DOCUMENT_DIFF_LINES_MAX. */
enum dk_error document_diff_make(
    struct dk_call *call, struct dk_bytes from, struct dk_bytes to, struct document_diff *ret_diff);

/* The unified form with `context` equal lines around a change; empty when nothing changed. */
enum dk_error document_diff_unified(
    struct dk_call *call,
    const struct document_diff *diff,
    const char *from_name,
    const char *to_name,
    size_t context,
    char **ret_text);

#endif /* DOCUMENT_DIFF_H */
