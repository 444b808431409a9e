/*
 * Lists from the index. Each condition is a facet, a sorted set; ids that stand in all of them are
 * found by leaping: whichever set is behind seeks the id of the one that is ahead.
 *
 *     tag=red       a  b        f     k
 *     language=en      b  d  e     g  k        b, k
 *
 * A reader takes no part in the root's etag. It sees by a page's range that its directory is old,
 * and then reads the directory again and goes on from where it was.
 */
#include "document/index_list.h"

#include "document/index_facets.h"
#include "document/index_store.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { WALKS_MAX = 3, HASH_DIGITS = 16 };

/* Numbers of FNV-1a, 64 bits. */
#define HASH_BASIS UINT64_C(0xcbf29ce484222325)
#define HASH_PRIME UINT64_C(0x100000001b3)

struct list {
    struct dk_call *call;
    struct index_store store;
    const char *names[WALKS_MAX];
    size_t walk_count;
    size_t pages_left;
};

static enum dk_error no_memory(struct dk_call *call) {
    return dk_call_fail(call, DK_EXHAUSTED, "list: no memory left for this call");
}

/* The facets that a query walks through. */
static enum dk_error list_begin(struct list *list, const struct index_query *query) {
    if (query->tag[0] != '\0') {
        list->names[list->walk_count++] = index_facet_of_tag(list->call, query->tag);
    }
    if (query->language[0] != '\0') {
        list->names[list->walk_count++] = index_facet_of_language(list->call, query->language);
    }
    if (query->is_deleted) {
        list->names[list->walk_count++] = INDEX_FACET_DELETED;
    }
    if (list->walk_count == 0) {
        list->names[list->walk_count++] = INDEX_FACET_IDS;
    }
    for (size_t i = 0; i < list->walk_count; i++) {
        if (list->names[i] == NULL) {
            return no_memory(list->call);
        }
    }
    return DK_OK;
}

/* The first id of a facet from a position on; NULL: none, or `pages_left` is used up. */
static enum dk_error walk_seek(
    struct list *list,
    struct index_tree *tree,
    const struct index_position *position,
    const char **ret_id) {
    *ret_id = NULL;
    for (size_t i = index_tree_seek(tree, position->id); i < tree->count; i++) {
        if (tree->leaves[i].page == NULL) {
            const struct index_place place = {tree, i};
            if (list->pages_left == 0) {
                return DK_OK;
            }
            list->pages_left--;
            const enum dk_error error = index_store_load(&list->store, &place, 1, NULL, 0, NULL);
            if (error != DK_OK) {
                return error;
            }
        }
        const DaprKit__Document__V1__IndexPage *page = tree->leaves[i].page;
        bool is_there = false;
        size_t at = index_page_seek(page, position->id, &is_there);
        at += is_there && position->is_behind ? 1 : 0;
        if (at < page->n_entries) {
            *ret_id = page->entries[at]->id;
            return DK_OK;
        }
    }
    return DK_OK;
}

/* The next id that all facets have; `position` moves on to it. NULL as walk_seek has it. */
static enum dk_error list_next(
    struct list *list, struct index_position *position, const char **ret_id) {
    size_t agreed = 0;
    for (size_t i = 0; agreed < list->walk_count; i = (i + 1) % list->walk_count) {
        const enum dk_error error = walk_seek(list, &list->store.facets[i].tree, position, ret_id);
        if (error != DK_OK || *ret_id == NULL) {
            return error;
        }
        const bool is_same = !position->is_behind && strcmp(*ret_id, position->id) == 0;
        agreed = is_same ? agreed + 1 : 1;
        *position = (struct index_position){.id = *ret_id};
    }
    return DK_OK;
}

/* Reads on with one reading of the directories, until it is done or they are seen to be old. */
static enum dk_error list_run(
    struct list *list,
    const struct index_query *query,
    size_t limit,
    struct index_position *position,
    const char **ret_ids,
    size_t *count,
    bool *ret_is_end) {
    enum dk_error error = index_store_open_facets(&list->store, list->names, list->walk_count);
    while (error == DK_OK && *count < limit) {
        const char *id = NULL;
        error = list_next(list, position, &id);
        if (error != DK_OK) {
            break;
        }
        if (id == NULL ? list->pages_left > 0
                       : strncmp(id, query->prefix, strlen(query->prefix)) != 0) {
            *ret_is_end = true;
            break;
        }
        if (id == NULL) {
            break;
        }
        ret_ids[(*count)++] = id;
        position->is_behind = true;
    }
    return error;
}

enum dk_error index_list(
    struct dk_call *call,
    const char *component,
    const char *tenant,
    const struct index_query *query,
    size_t limit,
    struct index_position *position,
    const char **ret_ids,
    size_t *ret_count,
    bool *ret_is_end) {
    struct list list = {.call = call, .pages_left = INDEX_LIST_PAGES_MAX};
    *ret_count = 0;
    *ret_is_end = false;
    if (strcmp(position->id, query->prefix) < 0) {
        *position = (struct index_position){.id = query->prefix};
    }
    enum dk_error error = list_begin(&list, query);
    if (error != DK_OK) {
        return error;
    }
    for (int i = 0; i < INDEX_LIST_TRIES_MAX; i++) {
        error = index_store_open_reader(&list.store, call, component, tenant, WALKS_MAX);
        if (error == DK_OK) {
            error = list_run(&list, query, limit, position, ret_ids, ret_count, ret_is_end);
        }
        if (error != DK_ETAG_MISMATCH) {
            break;
        }
    }
    return error;
}

/* ── cursors ────────────────────────────────────────────────────────────────────────────────── */

/* Sixteen digits of what the list is of, 'a' for at or 'b' for behind, the id. */
static void hash_add(uint64_t *hash, const char *text) {
    const char *at = text;
    do { /* the NUL too: "ab" "c" is not "a" "bc" */
        *hash = (*hash ^ (unsigned char)*at) * HASH_PRIME;
    } while (*at++ != '\0');
}

static uint64_t query_hash(const char *tenant, const struct index_query *query) {
    uint64_t hash = HASH_BASIS;
    hash_add(&hash, tenant);
    hash_add(&hash, query->prefix);
    hash_add(&hash, query->tag);
    hash_add(&hash, query->language);
    hash_add(&hash, query->is_deleted ? "deleted" : "");
    hash_add(&hash, query->include_deleted ? "all" : "");
    return hash;
}

const char *index_cursor_write(
    struct dk_call *call,
    const char *tenant,
    const struct index_query *query,
    struct index_position position) {
    const char *text = dk_call_format(
        call,
        "%016" PRIx64 "%c%s",
        query_hash(tenant, query),
        position.is_behind ? 'b' : 'a',
        position.id);
    if (text == NULL) {
        (void)no_memory(call);
    }
    return text;
}

enum dk_error index_cursor_read(
    struct dk_call *call,
    const char *tenant,
    const struct index_query *query,
    const char *cursor,
    struct index_position *ret_position) {
    if (cursor[0] == '\0') {
        *ret_position = (struct index_position){.id = ""};
        return DK_OK;
    }
    char digits[HASH_DIGITS + 1];
    (void)snprintf(digits, sizeof digits, "%016" PRIx64, query_hash(tenant, query));
    if (strlen(cursor) <= HASH_DIGITS || strncmp(cursor, digits, HASH_DIGITS) != 0 ||
        (cursor[HASH_DIGITS] != 'a' && cursor[HASH_DIGITS] != 'b')) {
        return dk_call_fail(
            call,
            DK_INVALID,
            "cursor: '%.150s' is none of this list; take next_cursor of an answer to the same "
            "prefix, tag, language and include_deleted",
            cursor);
    }
    *ret_position = (struct index_position){
        .id = cursor + HASH_DIGITS + 1, .is_behind = cursor[HASH_DIGITS] == 'b'};
    return DK_OK;
}
