#ifndef DOCUMENT_INDEX_TREE_H
#define DOCUMENT_INDEX_TREE_H

#include <dapr_kit/document/v1/index.pb-c.h>
#include <dk/bytes.h>
#include <dk/option.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A sorted set of entries, cut into pages: one facet of the index, as much of it as is in memory.
 * A directory says where each page begins, so the few pages that a change touches are all that must
 * be loaded.
 *
 *     directory   ""      "k"     "t"
 *                 │        │       └─▶ page 7: entries from "t"
 *                 │        └─────────▶ page 4: from "k" to below "t"
 *                 └──────────────────▶ page 1: to below "k"
 *
 * Pure: nothing here reads or writes state. Ids are compared byte by byte.
 *
 * Thread: one at a time.
 * Owner:  all memory is of `take` and ends with it; nothing is freed before.
 * Bound:  INDEX_ENTRIES_MAX and INDEX_PAGE_BYTES_MAX of a page (one entry alone may be longer),
 *         INDEX_PAGES_MAX of a directory.
 */
enum {
    INDEX_ENTRIES_MAX = 512,
    INDEX_PAGE_BYTES_MAX = 16 * 1024, /* encoded */
    INDEX_PAGES_MAX = 8192,
};

/* A page, by what the directory says of it and, once it is loaded, itself. */
struct index_leaf {
    char *first;
    uint64_t number;
    DaprKit__Document__V1__IndexPage *page; /* NULL: not loaded */
    struct dk_bytes etag;                   /* of the stored page; absent: it is new */
    size_t capacity;                        /* of page->entries */
    bool is_changed, has_shrunk;
};

struct index_tree {
    struct dk_bytes etag; /* of the stored directory; absent: there is none */
    bool is_changed;      /* the directory, not its pages */
    struct index_leaf *leaves;
    size_t count, capacity;
    struct index_leaf *gone; /* pages that are no more, though stored */
    size_t gone_count, gone_capacity;

    uint64_t *next_page; /* numbers for new pages, counted up */
    dk_take_fn *take;
    void *context;
};

/* A tree of a stored directory, or of none: NULL. False: no memory. `tree` is zeroed but for
 * next_page, take and context. */
bool index_tree_open(
    struct index_tree *tree,
    const DaprKit__Document__V1__IndexDirectory *directory,
    struct dk_bytes etag);

/* The position of the leaf that has or would have `id`; count 0: there is none yet. */
size_t index_tree_seek(const struct index_tree *tree, const char *id);

/* Gives a leaf its stored page. False: the page is not that of the directory, which was changed
 * since it was read. */
bool index_tree_load(
    struct index_tree *tree,
    size_t position,
    DaprKit__Document__V1__IndexPage *page,
    struct dk_bytes etag);

/* The entry of an id in its leaf, which must be loaded; NULL: there is none. */
DaprKit__Document__V1__IndexEntry *index_tree_find(const struct index_tree *tree, const char *id);

/* Puts an entry in the place of its id, whose leaf must be loaded. False: no memory. */
bool index_tree_put(struct index_tree *tree, DaprKit__Document__V1__IndexEntry *entry);

/* Takes an id out; that it is not there is no fault. */
void index_tree_remove(struct index_tree *tree, const char *id);

enum index_balance {
    INDEX_BALANCED,
    INDEX_WANTS_LEAF, /* load ret_position and call again */
    INDEX_FULL,       /* more than INDEX_PAGES_MAX */
    INDEX_NO_MEMORY,
};

/* After all changes: cuts pages that are too long, joins small ones with a neighbour, and lets go
 * of a set that became empty. */
enum index_balance index_tree_balance(struct index_tree *tree, size_t *ret_position);

/* The first entry of a page that is not below `id`; n_entries when all are. */
size_t index_page_seek(
    const DaprKit__Document__V1__IndexPage *page, const char *id, bool *ret_found);

/* The directory as it is to be stored; NULL: no memory. */
DaprKit__Document__V1__IndexDirectory *index_tree_directory(const struct index_tree *tree);

#endif /* DOCUMENT_INDEX_TREE_H */
