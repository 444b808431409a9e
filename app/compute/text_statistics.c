/*
 * Counts a text in one pass over its words. Distinct words are a set of hashes; when it is full, the
 * half of it goes whose hashes begin with a bit more that is 1, and each that stays stands for two.
 *
 * Thread: any.
 */
#include "compute/text_statistics.h"

#include "compute/text_table.h"
#include "compute/text_words.h"

#include <string.h>
#include <xxhash.h>

struct distinct {
    struct text_table kept;
    unsigned depth; /* a hash that is kept begins with so many zeros */
};

static bool is_sampled(const struct distinct *distinct, uint64_t hash) {
    return distinct->depth == 0 || hash >> (64 - distinct->depth) == 0;
}

/* False without memory. */
static bool distinct_halve(struct distinct *distinct) {
    struct text_table kept = {0};
    bool is_new = false;
    distinct->depth++;
    for (size_t i = 0; i < distinct->kept.slot_count; i++) {
        const uint64_t hash = distinct->kept.slots[i].key;
        if (hash != 0 && is_sampled(distinct, hash) &&
            text_table_take(&kept, hash, &is_new) == NULL) {
            text_table_free(&kept);
            return false;
        }
    }
    text_table_free(&distinct->kept);
    distinct->kept = kept;
    return true;
}

static bool distinct_add(struct distinct *distinct, struct dk_bytes word) {
    char folded[TEXT_FOLDED_WORD_BYTES_MAX];
    const uint64_t hash = XXH3_64bits(folded, text_fold_word(word.data, word.size, folded));
    bool is_new = false;
    if (!is_sampled(distinct, hash)) {
        return true;
    }
    if (text_table_take(&distinct->kept, hash, &is_new) == NULL) {
        return false;
    }
    return distinct->kept.count <= TEXT_DISTINCT_EXACT_MAX || distinct_halve(distinct);
}

static enum dk_error count_words(
    struct dk_bytes text,
    const struct watch *watch,
    struct distinct *distinct,
    struct text_statistics *statistics,
    struct dk_fault *fault) {
    struct text_reader reader;
    struct text_word word;
    size_t look = WATCH_INTERVAL_BYTES;
    text_reader_begin(&reader, text);
    while (text_reader_next(&reader, &word)) {
        const struct dk_bytes bytes = {.data = text.data + word.offset, .size = word.size};
        if (word.offset >= look) {
            if (watch_is_over(watch)) {
                return dk_fault_set(fault, DK_CANCELLED, "statistics: given up in the middle");
            }
            look = word.offset + WATCH_INTERVAL_BYTES;
        }
        statistics->words++;
        statistics->sentences += (word.flags & TEXT_BEGINS_SENTENCE) != 0;
        if (!distinct_add(distinct, bytes)) {
            return dk_fault_set(fault, DK_EXHAUSTED, "statistics: no memory for distinct words");
        }
    }
    return DK_OK;
}

static void count_characters(struct dk_bytes text, struct text_statistics *statistics) {
    size_t characters = 0, line_ends = 0;
    for (size_t i = 0; i < text.size; i++) {
        characters += ((unsigned char)text.data[i] & 0xC0) != 0x80;
        line_ends += text.data[i] == '\n';
    }
    statistics->bytes = text.size;
    statistics->characters = characters;
    statistics->lines = line_ends + (text.size > 0 && text.data[text.size - 1] != '\n' ? 1 : 0);
}

enum dk_error text_statistics_count(
    struct dk_bytes text,
    const struct watch *watch,
    struct text_statistics *ret_statistics,
    struct dk_fault *fault) {
    struct text_statistics statistics = {0};
    struct distinct distinct = {0};
    if (text.size > TEXT_READ_BYTES_MAX) {
        return dk_fault_set(
            fault,
            DK_TOO_LARGE,
            "statistics: %zu bytes are more than %d",
            text.size,
            TEXT_READ_BYTES_MAX);
    }
    enum dk_error error = text_check(text, watch, fault);
    if (error != DK_OK) {
        return error;
    }
    count_characters(text, &statistics);
    error = count_words(text, watch, &distinct, &statistics, fault);
    statistics.distinct_words = (uint64_t)distinct.kept.count << distinct.depth;
    text_table_free(&distinct.kept);
    if (error == DK_OK) {
        *ret_statistics = statistics;
    }
    return error;
}
