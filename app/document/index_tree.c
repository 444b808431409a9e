/*
 * Sorted entries in pages. Pages are cut in the middle, but the last one near its end: ids that
 * grow, as times and counters do, leave full pages behind instead of halves. Two pages are joined
 * only when the result is at most half full, so that the next few entries do not cut it again.
 */
#include "document/index_tree.h"

#include <assert.h>
#include <string.h>

enum { LEAVES_MIN = 4, ENTRIES_MIN = 8 };

static char *text_copy(const struct index_tree *tree, const char *text) {
    const size_t size = strlen(text) + 1;
    char *copy = tree->take(tree->context, size);
    if (copy != NULL) {
        memcpy(copy, text, size);
    }
    return copy;
}

/* An array with room for one more, its items kept; NULL: no memory. */
static void *array_grow(
    const struct index_tree *tree, void *items, size_t count, size_t *capacity, size_t item_size) {
    if (count < *capacity) {
        return items;
    }
    const size_t wanted = count * 2 < LEAVES_MIN ? LEAVES_MIN : count * 2;
    void *grown = tree->take(tree->context, wanted * item_size);
    if (grown == NULL) {
        return NULL;
    }
    if (count > 0) {
        memcpy(grown, items, count * item_size);
    }
    *capacity = wanted;
    return grown;
}

/* An empty leaf at `position`; those from there move up. */
static struct index_leaf *leaf_insert(struct index_tree *tree, size_t position) {
    struct index_leaf *leaves =
        array_grow(tree, tree->leaves, tree->count, &tree->capacity, sizeof *leaves);
    if (leaves == NULL) {
        return NULL;
    }
    tree->leaves = leaves;
    memmove(leaves + position + 1, leaves + position, (tree->count - position) * sizeof *leaves);
    tree->count++;
    leaves[position] = (struct index_leaf){0};
    return leaves + position;
}

/* A new leaf with an empty page from `first` to below `end`. */
static struct index_leaf *leaf_new(
    struct index_tree *tree, size_t position, const char *first, const char *end) {
    DaprKit__Document__V1__IndexPage *page = tree->take(tree->context, sizeof *page);
    char *first_copy = text_copy(tree, first), *end_copy = text_copy(tree, end);
    struct index_leaf *leaf = leaf_insert(tree, position);
    if (page == NULL || first_copy == NULL || end_copy == NULL || leaf == NULL) {
        return NULL;
    }
    dapr_kit__document__v1__index_page__init(page);
    page->first = first_copy;
    page->end = end_copy;
    *leaf = (struct index_leaf){
        .first = first_copy, .number = (*tree->next_page)++, .page = page, .is_changed = true};
    tree->is_changed = true;
    return leaf;
}

/* Takes a leaf out of the tree; a stored page is remembered as gone. */
static bool leaf_drop(struct index_tree *tree, size_t position) {
    if (tree->leaves[position].etag.data != NULL) {
        struct index_leaf *gone =
            array_grow(tree, tree->gone, tree->gone_count, &tree->gone_capacity, sizeof *gone);
        if (gone == NULL) {
            return false;
        }
        tree->gone = gone;
        gone[tree->gone_count++] = tree->leaves[position];
    }
    tree->count--;
    memmove(
        tree->leaves + position,
        tree->leaves + position + 1,
        (tree->count - position) * sizeof *tree->leaves);
    tree->is_changed = true;
    return true;
}

static bool leaf_reserve(const struct index_tree *tree, struct index_leaf *leaf, size_t more) {
    DaprKit__Document__V1__IndexPage *page = leaf->page;
    const size_t needed = page->n_entries + more;
    if (needed <= leaf->capacity) {
        return true;
    }
    const size_t wanted = needed + needed / 2 + ENTRIES_MIN;
    DaprKit__Document__V1__IndexEntry **entries =
        tree->take(tree->context, wanted * sizeof *entries);
    if (entries == NULL) {
        return false;
    }
    if (page->n_entries > 0) {
        memcpy(entries, page->entries, page->n_entries * sizeof *entries);
    }
    page->entries = entries;
    leaf->capacity = wanted;
    return true;
}

static size_t page_bytes(const DaprKit__Document__V1__IndexPage *page) {
    return dapr_kit__document__v1__index_page__get_packed_size(page);
}

static bool page_is_full(const DaprKit__Document__V1__IndexPage *page) {
    return page->n_entries > 1 &&
           (page->n_entries > INDEX_ENTRIES_MAX || page_bytes(page) > INDEX_PAGE_BYTES_MAX);
}

static bool page_is_small(const DaprKit__Document__V1__IndexPage *page) {
    return page->n_entries == 0 ||
           (page->n_entries < INDEX_ENTRIES_MAX / 4 && page_bytes(page) < INDEX_PAGE_BYTES_MAX / 4);
}

/* How many entries stay on the left when a page is cut: 1 … n_entries − 1. */
static size_t page_cut(const DaprKit__Document__V1__IndexPage *page) {
    const bool is_last = page->end[0] == '\0';
    const size_t bytes_left = is_last ? (size_t)INDEX_PAGE_BYTES_MAX / 8 * 7 : page_bytes(page) / 2;
    const size_t entries_left =
        is_last ? (size_t)INDEX_ENTRIES_MAX / 8 * 7 : (page->n_entries + 1) / 2;
    size_t at = 0;
    for (size_t bytes = 0; at + 1 < page->n_entries && at < entries_left && bytes < bytes_left;
         at++) {
        bytes += dapr_kit__document__v1__index_entry__get_packed_size(page->entries[at]) + 2;
    }
    return at;
}

static bool leaf_split(struct index_tree *tree, size_t position) {
    DaprKit__Document__V1__IndexPage *page = tree->leaves[position].page;
    const size_t at = page_cut(page);
    struct index_leaf *right = leaf_new(tree, position + 1, page->entries[at]->id, page->end);
    if (right == NULL) {
        return false;
    }
    struct index_leaf *left = &tree->leaves[position];
    right->page->entries = page->entries + at;
    right->page->n_entries = page->n_entries - at;
    right->capacity = right->page->n_entries;
    page->n_entries = at;
    page->end = right->page->first;
    left->capacity = at;
    left->is_changed = true;
    return true;
}

/* Puts the entries of the leaf behind `position` into it, when both together are half a page. */
static enum index_balance leaf_join(struct index_tree *tree, size_t position) {
    struct index_leaf *left = &tree->leaves[position];
    DaprKit__Document__V1__IndexPage *right = tree->leaves[position + 1].page;
    DaprKit__Document__V1__IndexPage *page = left->page;
    if (page->n_entries + right->n_entries > INDEX_ENTRIES_MAX / 2 ||
        page_bytes(page) + page_bytes(right) > INDEX_PAGE_BYTES_MAX / 2) {
        return INDEX_BALANCED;
    }
    if (!leaf_reserve(tree, left, right->n_entries)) {
        return INDEX_NO_MEMORY;
    }
    if (right->n_entries > 0) {
        memcpy(
            page->entries + page->n_entries,
            right->entries,
            right->n_entries * sizeof(DaprKit__Document__V1__IndexEntry *));
    }
    page->n_entries += right->n_entries;
    page->end = right->end;
    left->is_changed = true;
    return leaf_drop(tree, position + 1) ? INDEX_BALANCED : INDEX_NO_MEMORY;
}

bool index_tree_open(
    struct index_tree *tree,
    const DaprKit__Document__V1__IndexDirectory *directory,
    struct dk_bytes etag) {
    tree->etag = etag;
    for (size_t i = 0; directory != NULL && i < directory->n_pages; i++) {
        struct index_leaf *leaf = leaf_insert(tree, tree->count);
        if (leaf == NULL) {
            return false;
        }
        leaf->first = directory->pages[i]->first;
        leaf->number = directory->pages[i]->number;
    }
    return true;
}

size_t index_tree_seek(const struct index_tree *tree, const char *id) {
    size_t low = 0, high = tree->count; /* leaves below `low` begin at or before id */
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (strcmp(tree->leaves[middle].first, id) <= 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low == 0 ? 0 : low - 1;
}

bool index_tree_load(
    struct index_tree *tree,
    size_t position,
    DaprKit__Document__V1__IndexPage *page,
    struct dk_bytes etag) {
    struct index_leaf *leaf = &tree->leaves[position];
    const char *end = position + 1 < tree->count ? leaf[1].first : "";
    if (strcmp(page->first, leaf->first) != 0 || strcmp(page->end, end) != 0) {
        return false;
    }
    leaf->page = page;
    leaf->etag = etag;
    leaf->capacity = page->n_entries;
    return true;
}

size_t index_page_seek(
    const DaprKit__Document__V1__IndexPage *page, const char *id, bool *ret_found) {
    size_t low = 0, high = page->n_entries;
    *ret_found = false;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const int order = strcmp(page->entries[middle]->id, id);
        if (order < 0) {
            low = middle + 1;
        } else {
            *ret_found = *ret_found || order == 0;
            high = middle;
        }
    }
    return low;
}

DaprKit__Document__V1__IndexEntry *index_tree_find(const struct index_tree *tree, const char *id) {
    if (tree->count == 0) {
        return NULL;
    }
    const DaprKit__Document__V1__IndexPage *page = tree->leaves[index_tree_seek(tree, id)].page;
    assert(page != NULL);
    bool is_there = false;
    const size_t at = index_page_seek(page, id, &is_there);
    return is_there ? page->entries[at] : NULL;
}

bool index_tree_put(struct index_tree *tree, DaprKit__Document__V1__IndexEntry *entry) {
    if (tree->count == 0 && leaf_new(tree, 0, "", "") == NULL) {
        return false;
    }
    struct index_leaf *leaf = &tree->leaves[index_tree_seek(tree, entry->id)];
    DaprKit__Document__V1__IndexPage *page = leaf->page;
    assert(page != NULL);
    bool is_there = false;
    const size_t at = index_page_seek(page, entry->id, &is_there);
    if (!is_there) {
        if (!leaf_reserve(tree, leaf, 1)) {
            return false;
        }
        memmove(
            page->entries + at + 1,
            page->entries + at,
            (page->n_entries - at) * sizeof *page->entries);
        page->n_entries++;
    }
    page->entries[at] = entry;
    leaf->is_changed = true;
    return true;
}

void index_tree_remove(struct index_tree *tree, const char *id) {
    if (tree->count == 0) {
        return;
    }
    struct index_leaf *leaf = &tree->leaves[index_tree_seek(tree, id)];
    DaprKit__Document__V1__IndexPage *page = leaf->page;
    assert(page != NULL);
    bool is_there = false;
    const size_t at = index_page_seek(page, id, &is_there);
    if (is_there) {
        page->n_entries--;
        memmove(
            page->entries + at,
            page->entries + at + 1,
            (page->n_entries - at) * sizeof *page->entries);
        leaf->is_changed = leaf->has_shrunk = true;
    }
}

/* Joins a leaf that lost entries with a neighbour; at most one join for each call. */
static enum index_balance leaf_shrink(struct index_tree *tree, size_t at, size_t *ret_position) {
    const size_t left = at > 0 ? at - 1 : at, neighbour = at > 0 ? at - 1 : at + 1;
    if (!page_is_small(tree->leaves[at].page)) {
        return INDEX_BALANCED;
    }
    if (tree->count == 1) {
        if (tree->leaves[0].page->n_entries > 0 || leaf_drop(tree, 0)) {
            return INDEX_BALANCED;
        }
        return INDEX_NO_MEMORY;
    }
    if (tree->leaves[neighbour].page == NULL) {
        *ret_position = neighbour;
        return INDEX_WANTS_LEAF;
    }
    const bool was_shrunk = tree->leaves[left].has_shrunk;
    const size_t before = tree->count;
    const enum index_balance balance = leaf_join(tree, left);
    if (balance == INDEX_BALANCED && tree->count < before) {
        tree->leaves[left].has_shrunk = was_shrunk || tree->leaves[left].page->n_entries == 0;
    }
    return balance;
}

enum index_balance index_tree_balance(struct index_tree *tree, size_t *ret_position) {
    for (size_t i = 0; i < tree->count; i++) {
        while (tree->leaves[i].is_changed && page_is_full(tree->leaves[i].page)) {
            if (tree->count >= INDEX_PAGES_MAX) {
                return INDEX_FULL;
            }
            if (!leaf_split(tree, i)) {
                return INDEX_NO_MEMORY;
            }
        }
    }
    for (size_t i = tree->count; i > 0; i--) {
        if (i - 1 < tree->count && tree->leaves[i - 1].has_shrunk) {
            const enum index_balance balance = leaf_shrink(tree, i - 1, ret_position);
            if (balance != INDEX_BALANCED) {
                return balance;
            }
        }
    }
    return INDEX_BALANCED;
}

DaprKit__Document__V1__IndexDirectory *index_tree_directory(const struct index_tree *tree) {
    DaprKit__Document__V1__IndexDirectory *directory = tree->take(tree->context, sizeof *directory);
    DaprKit__Document__V1__IndexPageReference *references =
        tree->take(tree->context, (tree->count + 1) * sizeof *references);
    DaprKit__Document__V1__IndexPageReference **pages =
        tree->take(tree->context, (tree->count + 1) * sizeof(void *));
    if (directory == NULL || references == NULL || pages == NULL) {
        return NULL;
    }
    dapr_kit__document__v1__index_directory__init(directory);
    for (size_t i = 0; i < tree->count; i++) {
        dapr_kit__document__v1__index_page_reference__init(&references[i]);
        references[i].first = tree->leaves[i].first;
        references[i].number = tree->leaves[i].number;
        pages[i] = &references[i];
    }
    directory->pages = pages;
    directory->n_pages = tree->count;
    return directory;
}
