/*
 * Validation and folding. ASCII, which most texts mostly are, never reaches utf8proc:
 *
 *     "The Straße is"  ─▶  "the stra" │ "aße" → "asse" ...
 *      ASCII: copied in lower case      a run of other characters, with the ASCII character before it,
 *                                       which a mark at its beginning may change
 *
 * A run can end before any ASCII character, since none of them joins what stands before it.
 *
 * Thread: any.
 */
#include "compute/text_utf8.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

enum {
    RUN_BYTES_LEAST = 256, /* a run that is longer ends at the next character that allows it */
    /* Nobody writes so many marks in a row, and utf8proc takes the square of their number to sort
     * them. */
    RUN_BYTES_MAX = 1024,
    RUN_BYTES_ROOM = RUN_BYTES_MAX + 2 * TEXT_CHARACTER_BYTES_MAX,
    EXPANSION_MAX = 18, /* characters that one folds to, U+FDFA */
    RUN_CODEPOINTS_MAX = EXPANSION_MAX * RUN_BYTES_ROOM,
    WORD_CODEPOINTS_MAX = TEXT_WORD_BYTES_MAX / 3 * EXPANSION_MAX + TEXT_WORD_BYTES_MAX,
};

#define FOLDING \
    (UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD | UTF8PROC_IGNORE)

static const uint64_t high_bits = UINT64_C(0x8080808080808080);

/* Bytes at `at` that are ASCII, in a row. */
static size_t ascii_span(const unsigned char *at, const unsigned char *end) {
    const unsigned char *const begin = at;
    while (end - at >= 8) {
        uint64_t eight = 0;
        memcpy(&eight, at, sizeof eight);
        if ((eight & high_bits) != 0) {
            break;
        }
        at += 8;
    }
    while (at < end && *at < 0x80) {
        at++;
    }
    return (size_t)(at - begin);
}

static size_t ascii_lower(const unsigned char *at, size_t size, char *target) {
    for (size_t i = 0; i < size; i++) {
        const unsigned char is_upper = (unsigned char)(at[i] - 'A') < 26;
        target[i] = (char)(at[i] | is_upper << 5);
    }
    return size;
}

enum dk_error text_check(struct dk_bytes text, const struct watch *watch, struct dk_fault *fault) {
    const unsigned char *const begin = text_begin(text), *at = begin;
    const unsigned char *const end = at + text.size, *look = at;

    while (at < end) {
        if (at >= look) {
            if (watch_is_over(watch)) {
                return dk_fault_set(fault, DK_CANCELLED, "text: given up in the middle");
            }
            look = at + ((size_t)(end - at) < WATCH_INTERVAL_BYTES ? (size_t)(end - at)
                                                                   : WATCH_INTERVAL_BYTES);
        }
        at += ascii_span(at, look);
        for (; at < end && *at >= 0x80;) {
            utf8proc_int32_t character = 0;
            const utf8proc_ssize_t size = utf8proc_iterate(at, end - at, &character);
            if (size <= 0) {
                return dk_fault_set(
                    fault,
                    DK_INVALID,
                    "text: byte %zu (0x%02X) is not valid UTF-8",
                    (size_t)(at - begin),
                    *at);
            }
            at += size;
        }
    }
    return DK_OK;
}

/* Whether a run may end before this character: it joins nothing before it, nor does what it
 * folds to. */
static bool begins_run(uint32_t character) {
    const utf8proc_property_t *property = utf8proc_get_property((utf8proc_int32_t)character);
    return character < 0x80 ||
           (property->combining_class == 0 && property->decomp_seqindex == UINT16_MAX &&
            property->category != UTF8PROC_CATEGORY_MC &&
            property->category != UTF8PROC_CATEGORY_MN &&
            (character < 0x1100 || character > 0x11FF)); /* Hangul's parts */
}

/* Where the run that begins at `at` ends. */
static const unsigned char *run_end(const unsigned char *at, const unsigned char *end) {
    const unsigned char *const begin = at;
    size_t size = 0;
    (void)text_decode(at, &size);
    for (at += size; at < end && *at >= 0x80; at += size) {
        const uint32_t character = text_decode(at, &size);
        const size_t bytes = (size_t)(at - begin);
        if (bytes >= RUN_BYTES_LEAST && (begins_run(character) || bytes >= RUN_BYTES_MAX)) {
            break;
        }
    }
    return at;
}

/* Folds a run into `codepoints`, whose room is enough, and turns them to bytes in place. */
static size_t run_fold(
    const unsigned char *run, size_t size, utf8proc_int32_t *codepoints, size_t codepoints_max) {
    const utf8proc_ssize_t count = utf8proc_decompose(
        run, (utf8proc_ssize_t)size, codepoints, (utf8proc_ssize_t)codepoints_max, FOLDING);
    if (count < 0 || (size_t)count >= codepoints_max) {
        return 0;
    }
    const utf8proc_ssize_t bytes = utf8proc_reencode(codepoints, count, FOLDING);
    return bytes < 0 ? 0 : (size_t)bytes;
}

/* The apostrophe of typesetters is the one of typewriters: Snowball knows only this. */
static size_t straighten(char *folded, size_t size) {
    size_t target = 0;
    for (size_t i = 0; i < size; i++) {
        if (size - i >= 3 && memcmp(folded + i, "\xE2\x80\x99", 3) == 0) {
            folded[target++] = '\'';
            i += 2;
        } else {
            folded[target++] = folded[i];
        }
    }
    return target;
}

size_t text_fold_word(const char *word, size_t size, char *buffer) {
    const unsigned char *const at = (const unsigned char *)word;
    if (ascii_span(at, at + size) == size) {
        return ascii_lower(at, size, buffer);
    }
    utf8proc_int32_t codepoints[WORD_CODEPOINTS_MAX];
    const size_t bytes = run_fold(at, size, codepoints, WORD_CODEPOINTS_MAX);
    if (bytes == 0) {
        memcpy(buffer, word, size);
        return size;
    }
    memcpy(buffer, codepoints, bytes);
    return straighten(buffer, bytes);
}

struct folding {
    char *bytes;
    size_t size, room;
    utf8proc_int32_t *codepoints; /* of one run */
};

static bool folding_reserve(struct folding *folding, size_t more) {
    if (folding->room - folding->size > more) { /* and one for the NUL */
        return true;
    }
    const size_t room = folding->size + more + folding->room / 2 + 1;
    char *bytes = realloc(folding->bytes, room);
    if (bytes == NULL) {
        return false;
    }
    folding->bytes = bytes;
    folding->room = room;
    return true;
}

/* One piece: ASCII up to where it may be copied, or a run. NULL without memory. */
static const unsigned char *folding_add(
    struct folding *folding, const unsigned char *at, const unsigned char *end) {
    const size_t limit =
        (size_t)(end - at) < WATCH_INTERVAL_BYTES ? (size_t)(end - at) : WATCH_INTERVAL_BYTES;
    size_t ascii = ascii_span(at, at + limit);
    if (ascii > 0 && at + ascii < end && at[ascii] >= 0x80) {
        ascii--;
    }
    if (ascii > 0) {
        if (!folding_reserve(folding, ascii)) {
            return NULL;
        }
        folding->size += ascii_lower(at, ascii, folding->bytes + folding->size);
        return at + ascii;
    }
    const unsigned char *const next = run_end(at, end);
    if (folding->codepoints == NULL) {
        folding->codepoints = malloc(RUN_CODEPOINTS_MAX * sizeof *folding->codepoints);
    }
    if (folding->codepoints == NULL) {
        return NULL;
    }
    const size_t bytes = run_fold(at, (size_t)(next - at), folding->codepoints, RUN_CODEPOINTS_MAX);
    if (!folding_reserve(folding, bytes)) {
        return NULL;
    }
    memcpy(folding->bytes + folding->size, folding->codepoints, bytes);
    folding->size += bytes;
    return next;
}

enum dk_error text_fold(
    struct dk_bytes text,
    const struct watch *watch,
    char **ret_folded,
    size_t *ret_size,
    struct dk_fault *fault) {
    enum dk_error error = text_check(text, watch, fault);
    if (error != DK_OK) {
        return error;
    }
    struct folding folding = {.room = text.size + text.size / 16 + 1};
    const unsigned char *at = text_begin(text);
    const unsigned char *const end = at + text.size, *look = at;
    folding.bytes = malloc(folding.room);
    if (folding.bytes == NULL) {
        return dk_fault_set(fault, DK_EXHAUSTED, "text: no memory to fold %zu bytes", text.size);
    }
    while (at != NULL && at < end) {
        if (at >= look) {
            if (watch_is_over(watch)) {
                error = dk_fault_set(fault, DK_CANCELLED, "text: given up in the middle");
                break;
            }
            look = (size_t)(end - at) < WATCH_INTERVAL_BYTES ? end : at + WATCH_INTERVAL_BYTES;
        }
        at = folding_add(&folding, at, end);
    }
    free(folding.codepoints);
    if (at == NULL) {
        error = dk_fault_set(fault, DK_EXHAUSTED, "text: no memory to fold %zu bytes", text.size);
    }
    if (error != DK_OK) {
        free(folding.bytes);
        return error;
    }
    folding.bytes[folding.size] = '\0';
    *ret_folded = folding.bytes;
    *ret_size = folding.size;
    return DK_OK;
}
