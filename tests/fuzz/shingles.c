/*
 * Shingles, MinHash and SimHash of any bytes.
 *
 * Held: ASCII's case and separators around a text change nothing; there are at most as many shingles
 * as bytes; a text that goes on after another one keeps the other's shingles; a signature is like
 * itself.
 */
#include "compute/shingles.h"
#include "compute/minhash.h"
#include "compute/simhash.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TEXT_BYTES_MAX = 8192 };

struct list {
    uint64_t items[2 * TEXT_BYTES_MAX];
    size_t count;
};

static void require(bool holds, const char *what) {
    if (!holds) {
        (void)fprintf(stderr, "shingles: %s\n", what);
        abort();
    }
}

static void list_take(void *context, const uint64_t *shingles, size_t count) {
    struct list *list = context;
    require(count > 0 && count <= SHINGLE_BATCH, "a batch of a wrong size");
    require(list->count + count <= 2 * TEXT_BYTES_MAX, "more shingles than bytes");
    memcpy(list->items + list->count, shingles, count * sizeof *shingles);
    list->count += count;
}

static void list_fill(struct list *list, const char *text, size_t size) {
    const struct dk_bytes bytes = {.data = text, .size = size};
    list->count = 0;
    require(shingles_each(bytes, NULL, list_take, list, NULL) == DK_OK, "refused");
    require(list->count <= size, "more shingles than bytes");
}

static bool begins_with(const struct list *list, const struct list *part) {
    return part->count <= list->count &&
           memcmp(list->items, part->items, part->count * sizeof part->items[0]) == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct list plain, other;
    static char text[2 * TEXT_BYTES_MAX];
    struct minhash_signature signature;
    struct minhash minhash = {.is_begun = false};
    struct simhash simhash = {0}, twice = {0};
    if (size > TEXT_BYTES_MAX - 16) {
        return 0;
    }
    list_fill(&plain, (const char *)data, size);

    size_t at = 0;
    text[at++] = '\n';
    for (size_t i = 0; i < size; i++) {
        const char c = (char)data[i];
        const char lower = (char)(c | 32);
        text[at++] = lower >= 'a' && lower <= 'z' ? (char)(c ^ 32) : c;
    }
    text[at++] = ',';
    list_fill(&other, text, at);
    require(other.count == plain.count && begins_with(&other, &plain), "case or space counts");

    memcpy(text + at, "a b c d e f", 11);
    list_fill(&other, text, at + 11);
    require(
        plain.count < 2 || begins_with(&other, &plain), "what follows changes what came before");
    require(other.count >= 2, "six words are less than two shingles");

    if (plain.count > 0) {
        minhash_add(&minhash, plain.items, plain.count);
        require(minhash_end(&minhash, &signature), "no signature");
        require(minhash_similarity(&signature, &signature) == 1.0, "not like itself");
    }
    simhash_add(&simhash, plain.items, plain.count);
    simhash_add(&twice, plain.items, plain.count);
    simhash_add(&twice, plain.items, plain.count);
    require(simhash_end(&simhash) == simhash_end(&twice), "twice the text, another direction");
    return 0;
}
