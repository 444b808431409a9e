/* Pages of sorted entries against the plainest sorted set there is: one array. */
#include "document/index_tree.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>
#include <string.h>

typedef DaprKit__Document__V1__IndexEntry entry_t;
typedef DaprKit__Document__V1__IndexPage page_t;

enum { IDS_MAX = 20000, MEMORY_MAX = 400000, NO_PLACE = 99 };

/* Memory of a test: all of it goes at its end. */
static void *blocks[MEMORY_MAX];
static size_t block_count, block_limit;

static void *take(void *context, size_t size) {
    (void)context;
    if (block_count >= block_limit) {
        return NULL;
    }
    return blocks[block_count++] = calloc(1, size);
}

/* The store: what a transaction would have written. */
static struct {
    page_t *pages[IDS_MAX];
    DaprKit__Document__V1__IndexDirectory *directory;
    uint64_t next_page;
} stored;

static const struct dk_bytes an_etag = DK_BYTES("1");

static void start(void) {
    block_limit = MEMORY_MAX;
    memset(&stored, 0, sizeof stored);
}

static void end(void) {
    while (block_count > 0) {
        free(blocks[--block_count]);
    }
}

TestSuite(index_tree, .init = start, .fini = end);

static char *id_of(const char *prefix, unsigned number) {
    char *id = take(NULL, 160);
    (void)snprintf(id, 160, "%s%06u", prefix, number);
    return id;
}

static entry_t *entry_of(char *id) {
    entry_t *entry = take(NULL, sizeof *entry);
    dapr_kit__document__v1__index_entry__init(entry);
    entry->id = id;
    return entry;
}

static struct index_tree tree_open(void) {
    struct index_tree tree = {.next_page = &stored.next_page, .take = take};
    cr_assert(index_tree_open(
        &tree, stored.directory, stored.directory == NULL ? (struct dk_bytes){0} : an_etag));
    return tree;
}

static void tree_load(struct index_tree *tree, size_t position) {
    if (position < tree->count && tree->leaves[position].page == NULL) {
        page_t *page = stored.pages[tree->leaves[position].number];
        cr_assert(ne(ptr, page, NULL));
        page_t *copy = take(NULL, sizeof *copy);
        *copy = *page;
        copy->entries = take(NULL, (page->n_entries + 1) * sizeof *copy->entries);
        if (page->n_entries > 0) {
            memcpy(copy->entries, page->entries, page->n_entries * sizeof *copy->entries);
        }
        cr_assert(index_tree_load(tree, position, copy, an_etag));
    }
}

static void tree_put(struct index_tree *tree, char *id) {
    tree_load(tree, index_tree_seek(tree, id));
    cr_assert(index_tree_put(tree, entry_of(id)));
}

static void tree_remove(struct index_tree *tree, char *id) {
    tree_load(tree, index_tree_seek(tree, id));
    index_tree_remove(tree, id);
}

/* Balances and stores what changed, as the writer of the index does. */
static size_t tree_store(struct index_tree *tree) {
    size_t position = NO_PLACE, writes = 0;
    enum index_balance balance = INDEX_BALANCED;
    while ((balance = index_tree_balance(tree, &position)) == INDEX_WANTS_LEAF) {
        tree_load(tree, position);
    }
    cr_assert(eq(int, balance, INDEX_BALANCED));
    for (size_t i = 0; i < tree->gone_count; i++) {
        stored.pages[tree->gone[i].number] = NULL;
    }
    for (size_t i = 0; i < tree->count; i++) {
        if (tree->leaves[i].is_changed) {
            stored.pages[tree->leaves[i].number] = tree->leaves[i].page;
            writes++;
        }
    }
    if (tree->is_changed) {
        stored.directory = tree->count == 0 ? NULL : index_tree_directory(tree);
    }
    return writes;
}

/* Every page within its bounds, in its range, sorted; gives the ids back in order. */
static size_t expect_sound(char **ret_ids) {
    struct index_tree tree = tree_open();
    size_t count = 0, pages = 0;
    for (size_t i = 0; i < tree.count; i++) {
        tree_load(&tree, i); /* holds first and end against the directory */
        const page_t *page = tree.leaves[i].page;
        cr_assert(page->n_entries <= INDEX_ENTRIES_MAX);
        cr_assert(
            page->n_entries <= 1 ||
            dapr_kit__document__v1__index_page__get_packed_size(page) <= INDEX_PAGE_BYTES_MAX);
        for (size_t k = 0; k < page->n_entries; k++) {
            char *id = page->entries[k]->id;
            cr_assert(strcmp(id, page->first) >= 0);
            cr_assert(page->end[0] == '\0' || strcmp(id, page->end) < 0);
            cr_assert(count == 0 || strcmp(ret_ids[count - 1], id) < 0);
            ret_ids[count++] = id;
        }
    }
    for (size_t i = 0; i < stored.next_page; i++) {
        pages += stored.pages[i] != NULL;
    }
    cr_assert(eq(sz, pages, tree.count), "pages that no directory names");
    return count;
}

static char *ids[IDS_MAX];

Test(index_tree, begin_with_one_page_and_end_with_none) {
    struct index_tree tree = tree_open();
    tree_put(&tree, "a");
    (void)tree_store(&tree);
    cr_assert(eq(sz, expect_sound(ids), 1));

    tree = tree_open();
    tree_remove(&tree, "a");
    (void)tree_store(&tree);

    cr_assert(eq(sz, expect_sound(ids), 0));
    cr_assert(eq(ptr, stored.directory, NULL));
}

Test(index_tree, hold_an_entry_once_and_replace_it) {
    struct index_tree tree = tree_open();
    tree_put(&tree, "a");
    entry_t *newer = entry_of("a");
    newer->version = 2;

    cr_assert(index_tree_put(&tree, newer));

    cr_assert(eq(ptr, index_tree_find(&tree, "a"), newer));
    (void)tree_store(&tree);
    cr_assert(eq(sz, expect_sound(ids), 1));
}

Test(index_tree, cut_a_page_at_one_more_than_its_bound) {
    struct index_tree tree = tree_open();
    for (unsigned i = 0; i < INDEX_ENTRIES_MAX; i++) {
        tree_put(&tree, id_of("", i));
    }
    (void)tree_store(&tree);
    cr_assert(eq(sz, tree.count, 1));

    tree = tree_open();
    tree_put(&tree, id_of("", INDEX_ENTRIES_MAX));
    const size_t writes = tree_store(&tree);

    cr_assert(eq(sz, tree.count, 2));
    cr_assert(eq(sz, writes, 2));
    cr_assert(eq(sz, expect_sound(ids), INDEX_ENTRIES_MAX + 1));
}

Test(index_tree, cut_by_bytes_where_ids_are_long) {
    char prefix[121] = "";
    memset(prefix, 'x', 120);
    struct index_tree tree = tree_open();
    for (unsigned i = 0; i < 500; i++) {
        tree_put(&tree, id_of(prefix, i * 7919 % 500));
    }
    (void)tree_store(&tree);

    cr_assert(eq(sz, expect_sound(ids), 500));
    cr_assert(ge(sz, tree.count, 500 * 126 / INDEX_PAGE_BYTES_MAX));
}

Test(index_tree, fill_pages_where_ids_grow) {
    for (unsigned batch = 0; batch < 80; batch++) {
        struct index_tree tree = tree_open();
        for (unsigned i = 0; i < 100; i++) {
            tree_put(&tree, id_of("", batch * 100 + i));
        }
        (void)tree_store(&tree);
    }

    cr_assert(eq(sz, expect_sound(ids), 8000));
    cr_assert(le(sz, stored.directory->n_pages, 8000 / (INDEX_ENTRIES_MAX * 3 / 4)));
}

Test(index_tree, join_pages_that_lost_most_of_theirs) {
    struct index_tree tree = tree_open();
    for (unsigned i = 0; i < 5000; i++) {
        tree_put(&tree, id_of("", i));
    }
    (void)tree_store(&tree);

    for (unsigned batch = 0; batch < 50; batch++) {
        tree = tree_open();
        for (unsigned i = batch * 100; i < batch * 100 + 99; i++) {
            tree_remove(&tree, id_of("", i));
        }
        (void)tree_store(&tree);
    }

    cr_assert(eq(sz, expect_sound(ids), 50));
    cr_assert(le(sz, stored.directory->n_pages, 2));
}

Test(index_tree, refuse_a_page_that_its_directory_does_not_know_any_more) {
    struct index_tree tree = tree_open();
    for (unsigned i = 0; i <= INDEX_ENTRIES_MAX; i++) {
        tree_put(&tree, id_of("", i));
    }
    (void)tree_store(&tree);
    struct index_tree reader = tree_open();
    page_t cut = *stored.pages[reader.leaves[0].number];
    cut.end = "000100";

    cr_assert(not(index_tree_load(&reader, 0, &cut, an_etag)));
}

Test(index_tree, say_when_memory_ends) {
    struct index_tree tree = tree_open();
    tree_put(&tree, "a");
    (void)tree_store(&tree);
    bool is_over = false;
    for (unsigned i = 0; i < 5000 && !is_over; i++) {
        struct index_tree next = tree_open();
        tree_load(&next, 0);
        entry_t *entry = entry_of(id_of("", i));
        block_limit = block_count; /* the next one is refused */
        is_over = !index_tree_put(&next, entry);
        block_limit = MEMORY_MAX;
    }

    cr_assert(is_over);
    cr_assert(eq(sz, expect_sound(ids), 1));
}

/* Random batches of puts and removes, in a small space of ids so that both meet; an array of flags
 * is the oracle. */
Test(index_tree, equal_a_sorted_set_whatever_comes, .timeout = 60) {
    enum { SPACE = 6000, BATCHES = 400 };
    static bool oracle[SPACE];
    srand(7);
    for (int batch = 0; batch < BATCHES; batch++) {
        struct index_tree tree = tree_open();
        const int removes_percent = batch / 50 % 2 == 0 ? 20 : 85; /* grow, shrink, grow … */
        for (int i = rand() % 150; i >= 0; i--) {
            const unsigned number = (unsigned)(rand() % SPACE);
            char *id = id_of("", number);
            oracle[number] = rand() % 100 >= removes_percent;
            if (oracle[number]) {
                tree_put(&tree, id);
            } else {
                tree_remove(&tree, id);
            }
        }
        (void)tree_store(&tree);
        if (batch % 10 == 9) {
            const size_t count = expect_sound(ids);
            size_t at = 0;
            for (unsigned number = 0; number < SPACE; number++) {
                if (oracle[number]) {
                    cr_assert(at < count);
                    cr_assert(eq(str, ids[at], id_of("", number)));
                    at++;
                }
            }
            cr_assert(eq(sz, at, count));
        }
    }
}
