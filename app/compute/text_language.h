#ifndef COMPUTE_TEXT_LANGUAGE_H
#define COMPUTE_TEXT_LANGUAGE_H

#include <dk/bytes.h>
#include <dk/error.h>

/*
 * The language of a text, by its most frequent runs of one to five characters (Cavnar, Trenkle 1994,
 * "N-Gram-Based Text Categorization") against the 170 fingerprints of libexttextcat.
 *
 * Sample: a fingerprint holds 400 runs, and a few KiB of text settle which these are; longer texts
 *         are known by TEXT_LANGUAGE_SLICES slices of TEXT_LANGUAGE_SLICE_BYTES, spread evenly, so
 *         that a foreign foreword or a licence at the head does not decide. So the cost of a text is
 *         bounded, about 1.5 ms, whatever its length.
 * Close relatives (bs/hr/sr, da/nb/nn, id/ms, cs/sk) take some sentences to be told apart; their
 * confidence is low. Where Asturian, Galician, Scots and other neighbours of a language that is
 * written much more are ahead of it by less than 3 %, within which libexttextcat itself calls a
 * result open, the larger one is answered.
 */
enum {
    TEXT_LANGUAGE_CODE_BYTES_MAX = 12,
    TEXT_LANGUAGE_LETTERS_MIN = 20, /* of fewer letters nothing is said */
    TEXT_LANGUAGE_SLICES = 4,
    TEXT_LANGUAGE_SLICE_BYTES = 2048,
};

/* Where Debian's libexttextcat-data puts the fingerprints. */
#define TEXT_LANGUAGES_FOLDER "/usr/share/libexttextcat"

struct text_language {
    char code
        [TEXT_LANGUAGE_CODE_BYTES_MAX]; /* ISO 639-1 where there is one, else 639-3; empty: none */
    /* 0 to 1: m / (m + 0.03), m being the part by which the second-best is farther than the best. At
     * 3 % it is 0.5. */
    double confidence;
};

struct text_languages;

/* Reads fpdb.conf in `folder` and the fingerprints it names: 170 files, some 3 MiB of memory.
 * Errors: DK_NOT_FOUND with the file that cannot be read, DK_INVALID when fpdb.conf names none or
 * more than fits, DK_EXHAUSTED. */
enum dk_error text_languages_new(
    const char *folder, struct text_languages **ret_languages, struct dk_fault *fault);
void text_languages_free(struct text_languages *languages);

/*
 * Tells the language of a text; an empty code when it has too few letters, or is like no language.
 *
 * Thread: any, several at once: fingerprints are only read.
 * Bound:  the text may have any length and must be valid UTF-8 (text_check); some 300 KiB of
 *         memory. libexttextcat ends the process where malloc fails.
 */
void text_languages_tell(
    const struct text_languages *languages,
    struct dk_bytes text,
    struct text_language *ret_language);

#endif /* COMPUTE_TEXT_LANGUAGE_H */
