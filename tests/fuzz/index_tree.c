/*
 * The pages of the document index. The input is a program: of each three bytes the first says what
 * to do (put, remove, or balance and go on from what would be stored), the other two give the id;
 * ids are short or long, so that pages are cut by count and by bytes.
 *
 * Held: an array of flags has the same ids; pages are sorted, in their range and in their bounds.
 */
#include "document/index_tree.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SPACE = 4096, ID_BYTES_MAX = 129, BLOCKS_MAX = 1 << 20, STEPS_MAX = 20000 };

static void *blocks[BLOCKS_MAX];
static size_t block_count;
static char ids[SPACE][ID_BYTES_MAX];

static void *take(void *context, size_t size) {
    (void)context;
    if (block_count == BLOCKS_MAX) {
        return NULL;
    }
    return blocks[block_count++] = calloc(1, size == 0 ? 1 : size);
}

static void require(bool holds, const char *what) {
    if (!holds) {
        (void)fprintf(stderr, "index_tree: %s\n", what);
        abort();
    }
}

static void balance(struct index_tree *tree) {
    size_t position = 0;
    require(index_tree_balance(tree, &position) == INDEX_BALANCED, "all pages are loaded");
}

/* What a later writer has: the directory, every page loaded as stored. */
static void reopen(struct index_tree *tree, uint64_t *next_page) {
    struct index_tree later = {.next_page = next_page, .take = take};
    const struct dk_bytes etag = DK_BYTES("1");
    require(index_tree_open(&later, index_tree_directory(tree), etag), "memory");
    for (size_t i = 0; i < tree->count; i++) {
        require(index_tree_load(&later, i, tree->leaves[i].page, etag), "a page out of its range");
    }
    *tree = later;
}

static void compare(const struct index_tree *tree, const bool *oracle) {
    size_t number = 0;
    for (size_t i = 0; i < tree->count; i++) {
        const DaprKit__Document__V1__IndexPage *page = tree->leaves[i].page;
        require(page->n_entries <= INDEX_ENTRIES_MAX, "too many entries in a page");
        require(
            page->n_entries <= 1 ||
                dapr_kit__document__v1__index_page__get_packed_size(page) <= INDEX_PAGE_BYTES_MAX,
            "too many bytes in a page");
        for (size_t k = 0; k < page->n_entries; k++, number++) {
            while (number < SPACE && !oracle[number]) {
                number++;
            }
            require(number < SPACE, "an entry that nobody put");
            require(strcmp(page->entries[k]->id, ids[number]) == 0, "another entry stands here");
        }
    }
    while (number < SPACE && !oracle[number]) {
        number++;
    }
    require(number == SPACE, "an entry is missing");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    bool oracle[SPACE] = {false};
    uint64_t next_page = 0;
    struct index_tree tree = {.next_page = &next_page, .take = take};
    if (ids[0][0] == '\0') {
        for (int i = 0; i < SPACE; i++) { /* every fourth is long */
            (void)snprintf(ids[i], ID_BYTES_MAX, i % 4 == 0 ? "%04d%0120d" : "%04d%d", i, 0);
        }
    }

    for (size_t i = 0; i + 2 < size && i < 3 * (size_t)STEPS_MAX; i += 3) {
        /* A run of neighbours for each instruction: pages fill with short inputs. */
        const unsigned from = (unsigned)(data[i + 1] << 8 | data[i + 2]) % SPACE;
        for (unsigned k = from; k < from + (data[i] >> 2) && k < SPACE; k++) {
            if (data[i] % 4 < 2) {
                DaprKit__Document__V1__IndexEntry *entry = take(NULL, sizeof *entry);
                require(entry != NULL, "memory");
                dapr_kit__document__v1__index_entry__init(entry);
                entry->id = ids[k];
                require(index_tree_put(&tree, entry), "memory");
                oracle[k] = true;
            } else if (data[i] % 4 == 2) {
                index_tree_remove(&tree, ids[k]);
                oracle[k] = false;
            }
        }
        if (data[i] % 4 == 3) {
            balance(&tree);
            reopen(&tree, &next_page);
        }
    }
    balance(&tree);
    compare(&tree, oracle);

    while (block_count > 0) {
        free(blocks[--block_count]);
    }
    return 0;
}
