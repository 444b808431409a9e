/*
 * Checking, folding and reading any bytes.
 *
 * Held: what is refused is no UTF-8 by the table of RFC 3629 either; folding gives UTF-8, and folding
 * twice what folding once gave; words and sentences come in order, inside each other and inside the
 * text; every term is UTF-8 and as often there as its words.
 */
#include "compute/text.h"
#include "support/text_oracle.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_BYTES_MAX = 64 * 1024 };

static void require_folds_once(struct dk_bytes source) {
    char *once = NULL, *twice = NULL;
    size_t once_size = 0, twice_size = 0;
    text_oracle_require(
        text_fold(source, NULL, &once, &once_size, NULL) == DK_OK, "valid text is not folded");
    const struct dk_bytes folded = {.data = once, .size = once_size};
    text_oracle_require(
        text_fold(folded, NULL, &twice, &twice_size, NULL) == DK_OK, "folding makes no UTF-8");
    text_oracle_require(
        once_size == twice_size && memcmp(once, twice, once_size) == 0, "folding twice differs");
    free(once);
    free(twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const struct dk_bytes source = {.data = (const char *)data, .size = size};
    struct text *text = NULL;
    if (size > INPUT_BYTES_MAX) {
        return 0;
    }
    const bool is_utf8 = text_oracle_is_utf8(source);
    text_oracle_require(
        (text_check(source, NULL, NULL) == DK_OK) == is_utf8, "another view of what UTF-8 is");
    if (!is_utf8) {
        text_oracle_require(text_new(source, NULL, &text, NULL) == DK_INVALID, "not refused");
        return 0;
    }
    require_folds_once(source);
    text_oracle_require(text_new(source, NULL, &text, NULL) == DK_OK, "valid text is refused");
    text_oracle_require_whole(text);
    text_free(text);
    return 0;
}
