/*
 * Init and lists of words: the messages that every block has.
 */
#include "wire/nanopb/common.h"

#include "wire/nanopb/common_shapes.h"
#include "wire/nanopb/writer.h"

DK__DECODE(dk__decode_init, dk__shape_init, dk_pairs)

bool dk__encode_words(struct dk__chain *out, const char *const *words, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (!dk__write_text(out, 1, dk_bytes_of(words[i]))) {
            return false;
        }
    }
    return true;
}
