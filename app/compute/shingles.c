/*
 * From text to shingles in one pass and without memory of its own:
 *
 *     bytes ─ class of each ─▶ word, lower case ─ XXH3 ─▶ ring of five ─ XXH3 ─▶ batch ─▶ take
 *
 * Thread: any.
 */
#include "compute/shingles.h"

#include <stdbool.h>
#include <string.h>
#include <xxhash.h>

/* A longer run of letters counts as several words: it is data, not prose. */
enum { WORD_BYTES_MAX = 256, CHARACTER_BYTES_MAX = 4 };

struct shingling {
    uint64_t words[SHINGLE_WORDS]; /* the last ones, oldest first */
    size_t word_count;             /* of these */
    size_t shingle_count;          /* in the batch */
    bool has_given;                /* whether a shingle has been made at all */
    shingles_take_fn *take;
    void *context;
    char word[WORD_BYTES_MAX]; /* the one that is being read */
    size_t word_bytes;
    uint64_t batch[SHINGLE_BATCH];
};

enum kind { SEPARATOR, LETTER, WORD };

/* Characters beyond ASCII that are not a letter of a longer word, in order. */
static const struct {
    uint32_t first, last;
    enum kind kind;
} ranges[] = {
    {0x0080, 0x00A9, SEPARATOR}, {0x00AB, 0x00B4, SEPARATOR}, {0x00B6, 0x00B9, SEPARATOR},
    {0x00BB, 0x00BF, SEPARATOR}, {0x00D7, 0x00D7, SEPARATOR}, {0x00F7, 0x00F7, SEPARATOR},
    {0x0E00, 0x0EFF, WORD}, /* Thai, Lao */
    {0x1000, 0x109F, WORD}, /* Burmese */
    {0x1780, 0x17FF, WORD}, /* Khmer */
    {0x2000, 0x206F, SEPARATOR}, {0x3000, 0x3004, SEPARATOR}, {0x3008, 0x3020, SEPARATOR},
    {0x3040, 0x30FF, WORD}, /* kana */
    {0x3400, 0x9FFF, WORD}, /* Han */
    {0xF900, 0xFAFF, WORD}, /* Han, compatibility */
    {0xFEFF, 0xFEFF, SEPARATOR}, {0xFF01, 0xFF0F, SEPARATOR}, {0xFF1A, 0xFF20, SEPARATOR},
    {0xFF3B, 0xFF40, SEPARATOR}, {0xFF5B, 0xFF65, SEPARATOR}, {0x20000, 0x3FFFF, WORD},
};

static enum kind kind_of(uint32_t character) {
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0] && ranges[i].first <= character; i++) {
        if (character <= ranges[i].last) {
            return ranges[i].kind;
        }
    }
    return LETTER;
}

/* The character at `at`, which is beyond ASCII; a byte that begins none stands for itself alone,
 * as a letter of Latin-1's upper half would be wrong to call a separator: it becomes U+FFFD. */
static uint32_t decode(const unsigned char *at, const unsigned char *end, size_t *ret_size) {
    const size_t size = *at >= 0xF0 ? 4 : *at >= 0xE0 ? 3 : *at >= 0xC0 ? 2 : 1;
    *ret_size = 1;
    if (size == 1 || size > (size_t)(end - at)) {
        return 0xFFFD;
    }
    uint32_t character = *at & (0xFFU >> (size + 1));
    for (size_t i = 1; i < size; i++) {
        if ((at[i] & 0xC0) != 0x80) {
            return 0xFFFD;
        }
        character = character << 6 | (at[i] & 0x3F);
    }
    *ret_size = size;
    return character;
}

/* Lower case of an ASCII letter, a digit itself; 0 for what separates. */
static const unsigned char ascii_letters[128] = {
    ['0'] = '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', ['A'] = 'a', 'b', 'c',
    'd',         'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n',         'o', 'p',
    'q',         'r', 's', 't', 'u', 'v', 'w', 'x', 'y', 'z', ['a'] = 'a', 'b', 'c',
    'd',         'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n',         'o', 'p',
    'q',         'r', 's', 't', 'u', 'v', 'w', 'x', 'y', 'z',
};

static void flush(struct shingling *shingling) {
    if (shingling->shingle_count > 0) {
        shingling->take(shingling->context, shingling->batch, shingling->shingle_count);
        shingling->shingle_count = 0;
    }
}

static void add_shingle(struct shingling *shingling) {
    if (shingling->shingle_count == SHINGLE_BATCH) {
        flush(shingling);
    }
    shingling->batch[shingling->shingle_count] =
        XXH3_64bits(shingling->words, shingling->word_count * sizeof shingling->words[0]);
    shingling->shingle_count++;
    shingling->has_given = true;
}

static void end_word(struct shingling *shingling) {
    if (shingling->word_bytes == 0) {
        return;
    }
    if (shingling->word_count == SHINGLE_WORDS) {
        memmove(
            shingling->words,
            shingling->words + 1,
            (SHINGLE_WORDS - 1) * sizeof shingling->words[0]);
        shingling->word_count--;
    }
    shingling->words[shingling->word_count] = XXH3_64bits(shingling->word, shingling->word_bytes);
    shingling->word_count++;
    shingling->word_bytes = 0;
    if (shingling->word_count == SHINGLE_WORDS) {
        add_shingle(shingling);
    }
}

static void add_letter(struct shingling *shingling, const void *bytes, size_t size) {
    if (shingling->word_bytes + size > WORD_BYTES_MAX) {
        end_word(shingling);
    }
    memcpy(shingling->word + shingling->word_bytes, bytes, size);
    shingling->word_bytes += size;
}

/* One character beyond ASCII; returns its bytes. */
static size_t add_character(
    struct shingling *shingling, const unsigned char *at, const unsigned char *end) {
    size_t size = 0;
    const enum kind kind = kind_of(decode(at, end, &size));
    if (kind != LETTER) {
        end_word(shingling);
    }
    if (kind != SEPARATOR) {
        add_letter(shingling, at, size);
    }
    if (kind == WORD) {
        end_word(shingling);
    }
    return size;
}

/* A word's ASCII letters, as many as there are in a row. */
static const unsigned char *add_ascii(
    struct shingling *shingling, const unsigned char *at, const unsigned char *end) {
    size_t bytes = shingling->word_bytes;
    while (at < end && *at < 0x80 && ascii_letters[*at] != 0) {
        if (bytes == WORD_BYTES_MAX) {
            shingling->word_bytes = bytes;
            end_word(shingling);
            bytes = 0;
        }
        shingling->word[bytes] = (char)ascii_letters[*at];
        bytes++;
        at++;
    }
    shingling->word_bytes = bytes;
    return at;
}

enum dk_error shingles_each(
    struct dk_bytes text,
    const struct watch *watch,
    shingles_take_fn *take,
    void *context,
    struct dk_fault *fault) {
    struct shingling shingling;
    shingling.word_count = 0;
    shingling.shingle_count = 0;
    shingling.word_bytes = 0;
    shingling.has_given = false;
    shingling.take = take;
    shingling.context = context;
    const unsigned char *at = (const unsigned char *)text.data, *const end = at + text.size;
    const unsigned char *look = at;
    while (at < end) {
        if (at >= look) {
            if (watch_is_over(watch)) {
                return dk_fault_set(fault, DK_CANCELLED, "shingles: given up in the middle");
            }
            look = (size_t)(end - at) > WATCH_INTERVAL_BYTES ? at + WATCH_INTERVAL_BYTES : end;
        }
        if (*at >= 0x80) {
            at += add_character(&shingling, at, end);
        } else if (ascii_letters[*at] != 0) {
            at = add_ascii(&shingling, at, look);
        } else {
            end_word(&shingling);
            at++;
        }
    }
    end_word(&shingling);
    if (!shingling.has_given && shingling.word_count > 0) {
        add_shingle(&shingling);
    }
    flush(&shingling);
    return DK_OK;
}
