/*
 * Makes the view of a text. Each spelling is folded once: the table of spellings leads from the
 * bytes of a word straight to its term.
 *
 *     word ─ XXH3 ─▶ spellings ─ known ─▶ term
 *                        └─ new ─ fold ─ XXH3 ─▶ terms ─▶ term
 *
 * Thread: any.
 */
#include "compute/text.h"

#include "compute/text_table.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

enum { BLOCK_BYTES = 64 * 1024 };

/* Memory for folded forms, which stay where they are while more come. */
struct text_block {
    struct text_block *older;
    size_t used;
    char bytes[BLOCK_BYTES];
};
_Static_assert((int)TEXT_FOLDED_WORD_BYTES_MAX < (int)BLOCK_BYTES, "a folded word fits a block");

struct building {
    struct text *text;
    struct text_table spellings, terms;
    size_t words_room, terms_room, sentences_room;
};

/* Room for one item more; doubles, so that adding costs the same however long a list is. */
static void *grown(void *items, size_t count, size_t *room, size_t item_bytes) {
    if (count < *room) {
        return items;
    }
    const size_t more = *room == 0 ? 64 : 2 * *room;
    void *larger = realloc(items, more * item_bytes);
    if (larger != NULL) {
        *room = more;
    }
    return larger;
}

static char *text_keep(struct text *text, const char *bytes, size_t size) {
    struct text_block *block = text->blocks;
    if (block == NULL || BLOCK_BYTES - block->used <= size) {
        block = malloc(sizeof *block);
        if (block == NULL) {
            return NULL;
        }
        block->older = text->blocks;
        block->used = 0;
        text->blocks = block;
    }
    char *kept = block->bytes + block->used;
    memcpy(kept, bytes, size);
    kept[size] = '\0';
    block->used += size + 1;
    return kept;
}

static bool building_add_term(struct building *building, const char *folded, size_t size) {
    struct text *text = building->text;
    struct text_term *terms =
        grown(text->terms, text->term_count, &building->terms_room, sizeof *terms);
    char *kept = text_keep(text, folded, size);
    text->terms = terms == NULL ? text->terms : terms;
    if (terms == NULL || kept == NULL) {
        return false;
    }
    terms[text->term_count] =
        (struct text_term){.folded = kept, .size = (uint32_t)size, .count = 0};
    text->term_count++;
    return true;
}

/* The term of a spelling that is met for the first time. */
static bool building_fold(struct building *building, struct dk_bytes word, uint32_t *ret_term) {
    char folded[TEXT_FOLDED_WORD_BYTES_MAX];
    bool is_new = false;
    const size_t size = text_fold_word(word.data, word.size, folded);
    struct text_slot *slot = text_table_take(&building->terms, XXH3_64bits(folded, size), &is_new);
    if (slot == NULL) {
        return false;
    }
    if (is_new) {
        slot->value = (uint32_t)building->text->term_count;
        if (!building_add_term(building, folded, size)) {
            return false;
        }
    }
    *ret_term = slot->value;
    return true;
}

static bool building_add_word(struct building *building, struct text_word *word) {
    struct text *text = building->text;
    const struct dk_bytes bytes = text_word_bytes(text, word);
    bool is_new = false;
    struct text_word *words =
        grown(text->words, text->word_count, &building->words_room, sizeof *words);
    if (words == NULL) {
        return false;
    }
    text->words = words;
    struct text_slot *slot =
        text_table_take(&building->spellings, XXH3_64bits(bytes.data, bytes.size), &is_new);
    if (slot == NULL || (is_new && !building_fold(building, bytes, &slot->value))) {
        return false;
    }
    word->term = slot->value;
    text->terms[word->term].count++;
    text->words[text->word_count] = *word;
    text->word_count++;
    return true;
}

/* The sentence that was open ends at `end`. */
static void end_sentence(struct text *text, uint32_t end) {
    if (text->sentence_count > 0) {
        struct text_sentence *sentence = &text->sentences[text->sentence_count - 1];
        sentence->size = end - sentence->offset;
        sentence->word_count = (uint32_t)text->word_count - sentence->first_word;
    }
}

static bool building_begin_sentence(struct building *building, const struct text_reader *reader) {
    struct text *text = building->text;
    struct text_sentence *sentences =
        grown(text->sentences, text->sentence_count, &building->sentences_room, sizeof *sentences);
    if (sentences == NULL) {
        return false;
    }
    text->sentences = sentences;
    end_sentence(text, reader->sentence_end);
    sentences[text->sentence_count] = (struct text_sentence){
        .offset = reader->sentence_begin, .first_word = (uint32_t)text->word_count};
    text->sentence_count++;
    return true;
}

static enum dk_error building_read(
    struct building *building, const struct watch *watch, struct dk_fault *fault) {
    struct text_reader reader;
    struct text_word word;
    size_t look = WATCH_INTERVAL_BYTES;
    text_reader_begin(&reader, building->text->source);
    while (text_reader_next(&reader, &word)) {
        if (word.offset >= look) {
            if (watch_is_over(watch)) {
                return dk_fault_set(fault, DK_CANCELLED, "text: given up in the middle");
            }
            look = word.offset + WATCH_INTERVAL_BYTES;
        }
        const bool begins = (word.flags & TEXT_BEGINS_SENTENCE) != 0;
        if ((begins && !building_begin_sentence(building, &reader)) ||
            !building_add_word(building, &word)) {
            return dk_fault_set(fault, DK_EXHAUSTED, "text: no memory for its words");
        }
    }
    end_sentence(building->text, reader.sentence_end);
    return DK_OK;
}

/* The part of a text that is read: whole characters. */
static struct dk_bytes part_of(struct dk_bytes source) {
    if (source.size > TEXT_BYTES_MAX) {
        source.size = TEXT_BYTES_MAX;
        while (source.size > 0 && ((unsigned char)source.data[source.size] & 0xC0) == 0x80) {
            source.size--;
        }
    }
    return source;
}

enum dk_error text_new(
    struct dk_bytes source,
    const struct watch *watch,
    struct text **ret_text,
    struct dk_fault *fault) {
    const struct dk_bytes part = part_of(source);
    struct text *text = NULL;
    enum dk_error error = text_check(part, watch, fault);
    if (error != DK_OK) {
        return error;
    }
    text = calloc(1, sizeof *text);
    if (text == NULL) {
        return dk_fault_set(fault, DK_EXHAUSTED, "text: no memory for its words");
    }
    text->source = part;
    text->covers_all = part.size == source.size;

    struct building building = {.text = text};
    error = building_read(&building, watch, fault);
    text_table_free(&building.spellings);
    text_table_free(&building.terms);
    if (error != DK_OK) {
        text_free(text);
        return error;
    }
    *ret_text = text;
    return DK_OK;
}

void text_free(struct text *text) {
    if (text == NULL) {
        return;
    }
    while (text->blocks != NULL) {
        struct text_block *older = text->blocks->older;
        free(text->blocks);
        text->blocks = older;
    }
    free(text->words);
    free(text->terms);
    free(text->sentences);
    free(text);
}
