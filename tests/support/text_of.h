#ifndef TESTS_SUPPORT_TEXT_OF_H
#define TESTS_SUPPORT_TEXT_OF_H

#include "compute/text_lexicon.h"

#include <stdlib.h>

/* A text and its lexicon, for tests: what cannot be made ends the process. Thread: its owner's. */
struct read_text {
    struct text *text;
    struct text_lexicon *lexicon;
};

static inline struct read_text text_of(struct dk_bytes source, const char *language) {
    struct read_text read = {0};
    if (text_new(source, NULL, &read.text, NULL) != DK_OK ||
        text_lexicon_new(read.text, language, &read.lexicon, NULL) != DK_OK) {
        abort();
    }
    return read;
}

static inline void text_drop(struct read_text *read) {
    text_lexicon_free(read->lexicon);
    text_free(read->text);
}

#endif /* TESTS_SUPPORT_TEXT_OF_H */
