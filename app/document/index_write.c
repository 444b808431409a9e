/*
 * From heads to the index, a group of documents at a time:
 *
 *     root, directory of ids ─▶ pages of the ids and the heads ─▶ entries that differ
 *       ─▶ facets they move in and out of ─▶ pages of those ─▶ one transaction
 *
 * The heads are read after the root, and the transaction holds only while the root is as it was.
 * So whoever writes last has read the newest heads, and an older look cannot undo a newer one.
 */
#include "document/index_write.h"

#include "document/index_facets.h"
#include "document/index_store.h"
#include "document/quota.h"

#include <dapr_kit/document/v1/events.pb-c.h>
#include <dk/log.h>
#include <stdlib.h>
#include <string.h>

static enum dk_error no_memory(struct dk_call *call) {
    return dk_call_fail(call, DK_EXHAUSTED, "index: no memory left for this call");
}

/* One try at one group. */
struct refresh {
    struct dk_call *call;
    struct index_store store;
    const char *const *ids;
    size_t count;
    struct dk_state_item *heads;
    struct index_move *moves;
    size_t move_count;
    uint64_t *versions; /* of the heads that were read, 0 where there is none */
    bool is_changed;
};

/* Reads the pages where the ids stand or would stand, and their heads. */
static enum dk_error refresh_read(struct refresh *refresh) {
    struct dk_call *call = refresh->call;
    struct index_tree *ids = &refresh->store.facets[0].tree;
    struct index_place *places = dk_call_take(call, refresh->count * sizeof *places);
    struct dk_bytes *keys = dk_call_take(call, refresh->count * sizeof *keys);
    refresh->heads = dk_call_take(call, refresh->count * sizeof *refresh->heads);
    if (places == NULL || keys == NULL || refresh->heads == NULL) {
        return no_memory(call);
    }
    for (size_t i = 0; i < refresh->count; i++) {
        places[i] = (struct index_place){ids, index_tree_seek(ids, refresh->ids[i])};
        keys[i] = dk_bytes_of(
            dk_call_format(call, "documents/%s/head/%s", refresh->store.tenant, refresh->ids[i]));
        if (keys[i].data == NULL) {
            return no_memory(call);
        }
    }
    return index_store_load(
        &refresh->store, places, refresh->count, keys, refresh->count, refresh->heads);
}

/* The entry that the head of an id asks for; NULL: the id is no more. */
static enum dk_error refresh_entry(
    struct refresh *refresh, size_t i, DaprKit__Document__V1__IndexEntry **ret_entry) {
    *ret_entry = NULL;
    if (refresh->heads[i].value.data == NULL) {
        return DK_OK;
    }
    struct ProtobufCMessage *message = NULL;
    const enum dk_error error = dk_call_unpack(
        refresh->call,
        &dapr_kit__document__v1__head_record__descriptor,
        refresh->heads[i].value,
        &message);
    if (error != DK_OK && error != DK_INVALID) {
        return error;
    }
    const DaprKit__Document__V1__HeadRecord *head = (DaprKit__Document__V1__HeadRecord *)message;
    if (error == DK_INVALID || head->document == NULL ||
        strcmp(head->document->id, refresh->ids[i]) != 0) {
        /* Verify names it to its owner; here it must not hold up the others of its group. */
        dk_log(
            DK_LOG_ERROR,
            "index",
            "a head is unreadable, its document stands in no list",
            "tenant=%s id=%s",
            refresh->store.tenant,
            refresh->ids[i]);
        return DK_OK;
    }
    *ret_entry = index_entry_of(refresh->call, head);
    return *ret_entry == NULL ? no_memory(refresh->call) : DK_OK;
}

/* Compares entries with heads; changes those of all ids and notes what moves elsewhere. */
static enum dk_error refresh_compare(struct refresh *refresh) {
    struct index_tree *ids = &refresh->store.facets[0].tree;
    DaprKit__Document__V1__IndexRoot *root = refresh->store.root;
    const size_t moves_max = refresh->count * 2 * INDEX_ENTRY_FACETS_MAX;
    refresh->moves = dk_call_take(refresh->call, moves_max * sizeof *refresh->moves);
    if (refresh->moves == NULL) {
        return no_memory(refresh->call);
    }
    for (size_t i = 0; i < refresh->count; i++) {
        DaprKit__Document__V1__IndexEntry *after = NULL;
        const enum dk_error error = refresh_entry(refresh, i, &after);
        if (error != DK_OK) {
            return error;
        }
        const DaprKit__Document__V1__IndexEntry *before = index_tree_find(ids, refresh->ids[i]);
        refresh->versions[i] = after == NULL ? 0 : after->version;
        if (index_entry_equal(before, after)) {
            continue;
        }
        if (!index_moves_of(refresh->call, before, after, refresh->moves, &refresh->move_count)) {
            return no_memory(refresh->call);
        }
        root->documents += (uint64_t)(after != NULL) - (uint64_t)(before != NULL); /* may wrap */
        root->bytes += (after != NULL ? after->size : 0) - (before != NULL ? before->size : 0);
        if (after == NULL) {
            index_tree_remove(ids, refresh->ids[i]);
        } else if (!index_tree_put(ids, after)) {
            return no_memory(refresh->call);
        }
        refresh->is_changed = true;
    }
    return DK_OK;
}

static int move_compare(const void *left, const void *right) {
    const struct index_move *a = left, *b = right;
    const int order = strcmp(a->facet, b->facet);
    return order != 0 ? order : strcmp(a->id, b->id);
}

/* Opens the facets of all moves and loads the pages that the moves touch. */
static enum dk_error refresh_open_facets(struct refresh *refresh) {
    struct dk_call *call = refresh->call;
    const char **names = dk_call_take(call, refresh->move_count * sizeof *names);
    struct index_place *places = dk_call_take(call, refresh->move_count * sizeof *places);
    if (names == NULL || places == NULL) {
        return no_memory(call);
    }
    qsort(refresh->moves, refresh->move_count, sizeof *refresh->moves, move_compare);
    size_t count = 0;
    for (size_t i = 0; i < refresh->move_count; i++) {
        if (count == 0 || strcmp(names[count - 1], refresh->moves[i].facet) != 0) {
            names[count++] = refresh->moves[i].facet;
        }
    }
    const enum dk_error error = index_store_open_facets(&refresh->store, names, count);
    if (error != DK_OK) {
        return error;
    }
    for (size_t i = 0; i < refresh->move_count; i++) {
        const struct index_move *move = &refresh->moves[i];
        places[i].tree = &index_store_facet(&refresh->store, move->facet)->tree;
        places[i].position = index_tree_seek(places[i].tree, move->id);
    }
    return index_store_load(&refresh->store, places, refresh->move_count, NULL, 0, NULL);
}

static enum dk_error refresh_move(struct refresh *refresh) {
    const enum dk_error error = refresh_open_facets(refresh);
    for (size_t i = 0; error == DK_OK && i < refresh->move_count; i++) {
        const struct index_move *move = &refresh->moves[i];
        struct index_tree *tree = &index_store_facet(&refresh->store, move->facet)->tree;
        if (!move->is_in) {
            index_tree_remove(tree, move->id);
            continue;
        }
        DaprKit__Document__V1__IndexEntry *entry = dk_call_take(refresh->call, sizeof *entry);
        if (entry == NULL) {
            return no_memory(refresh->call);
        }
        dapr_kit__document__v1__index_entry__init(entry);
        entry->id = dk_call_format(refresh->call, "%s", move->id);
        if (entry->id == NULL || !index_tree_put(tree, entry)) {
            return no_memory(refresh->call);
        }
    }
    return error;
}

static enum dk_error group_try(
    const struct index_writer *writer, const char *tenant, struct refresh *refresh) {
    struct index_store *store = &refresh->store;
    enum dk_error error = index_store_open(
        store,
        refresh->call,
        writer->component,
        tenant,
        refresh->count * 2 * INDEX_ENTRY_FACETS_MAX);
    if (error == DK_OK) {
        error = refresh_read(refresh);
    }
    if (error == DK_OK) {
        error = refresh_compare(refresh);
    }
    if (error == DK_OK && refresh->move_count > 0) {
        error = refresh_move(refresh);
    }
    if (error == DK_OK && refresh->is_changed && store->root_etag.data == NULL) {
        /* Before its root is there: a tenant with an index is always known. */
        error = index_tenant_add(refresh->call, writer->component, tenant);
    }
    return error == DK_OK && refresh->is_changed ? index_store_commit(store) : error;
}

/* daprd calls a stale etag in a transaction INTERNAL, as it does other things; what it really was
 * shows when everything is read again. */
static bool is_conflict(enum dk_error error) {
    return error == DK_ETAG_MISMATCH || error == DK_INTERNAL;
}

static enum dk_error group_refresh(
    struct index_writer *writer,
    struct dk_call *call,
    const char *tenant,
    const char *const *ids,
    size_t count) {
    uint64_t versions[INDEX_GROUP_MAX] = {0};
    enum dk_error error = DK_ETAG_MISMATCH;
    (void)pthread_mutex_lock(&writer->turn);
    for (int i = 0; i < INDEX_TRIES_MAX && is_conflict(error) && !dk_call_is_over(call); i++) {
        const struct dk_call_memory memory = dk_call_memory_begin(call);
        struct refresh refresh = {.call = call, .ids = ids, .count = count, .versions = versions};
        error = group_try(writer, tenant, &refresh);
        dk_call_memory_end(call, memory);
    }
    (void)pthread_mutex_unlock(&writer->turn);
    for (size_t i = 0; error == DK_OK && writer->quota != NULL && i < count; i++) {
        quota_settle(writer->quota, tenant, ids[i], versions[i]);
    }
    return error;
}

enum dk_error index_refresh(
    struct index_writer *writer,
    struct dk_call *call,
    const char *tenant,
    const char *const *ids,
    size_t count) {
    size_t group = INDEX_GROUP_MAX;
    for (size_t at = 0; at < count;) {
        const size_t size = count - at < group ? count - at : group;
        const enum dk_error error = group_refresh(writer, call, tenant, ids + at, size);
        if (error == DK_OK) {
            at += size;
        } else if (error == DK_TOO_LARGE && size > 1) {
            group = size / 2; /* many long tags: fewer documents in one transaction */
        } else {
            return error;
        }
    }
    return DK_OK;
}

/* ── events ─────────────────────────────────────────────────────────────────────────────────── */

/* Which document an event speaks of, and where its verdict goes. */
struct subject {
    const char *tenant, *id;
    size_t event;
};

static int subject_compare(const void *left, const void *right) {
    const struct subject *a = left, *b = right;
    const int order = strcmp(a->tenant, b->tenant);
    return order != 0 ? order : strcmp(a->id, b->id);
}

/* The subjects of those events that can be read, sorted; the others are dropped. */
static size_t subjects_read(
    struct dk_call *call,
    const struct dk_event *events,
    size_t count,
    struct subject *ret_subjects,
    enum dk_verdict *verdicts) {
    size_t read = 0;
    for (size_t i = 0; i < count; i++) {
        struct ProtobufCMessage *message = NULL;
        const enum dk_error error = dk_call_read_json(
            call, &dapr_kit__document__v1__document_changed__descriptor, events[i].data, &message);
        const DaprKit__Document__V1__DocumentChanged *change =
            (DaprKit__Document__V1__DocumentChanged *)message;
        if (error == DK_EXHAUSTED) {
            verdicts[i] = DK_VERDICT_RETRY;
        } else if (error != DK_OK || change->tenant[0] == '\0' || change->id[0] == '\0') {
            verdicts[i] = DK_VERDICT_DROP;
            dk_log(
                DK_LOG_WARN,
                "index",
                "an event names no document and is dropped",
                "topic=%.*s event=%.*s",
                (int)events[i].topic.size,
                events[i].topic.data,
                (int)events[i].id.size,
                events[i].id.data);
        } else {
            ret_subjects[read++] =
                (struct subject){.tenant = change->tenant, .id = change->id, .event = i};
        }
    }
    qsort(ret_subjects, read, sizeof *ret_subjects, subject_compare);
    return read;
}

void index_handle_events(
    struct index_writer *writer,
    struct dk_call *call,
    const struct dk_event *events,
    size_t count,
    enum dk_verdict *verdicts) {
    struct subject *subjects = dk_call_take(call, (count + 1) * sizeof *subjects);
    const char **ids = dk_call_take(call, (count + 1) * sizeof *ids);
    if (subjects == NULL || ids == NULL) {
        (void)no_memory(call);
        for (size_t i = 0; i < count; i++) {
            verdicts[i] = DK_VERDICT_RETRY;
        }
        return;
    }
    const size_t read = subjects_read(call, events, count, subjects, verdicts);
    for (size_t at = 0, end = 0; at < read; at = end) {
        size_t id_count = 0;
        for (end = at; end < read && strcmp(subjects[end].tenant, subjects[at].tenant) == 0;
             end++) {
            if (id_count == 0 || strcmp(ids[id_count - 1], subjects[end].id) != 0) {
                ids[id_count++] = subjects[end].id;
            }
        }
        const bool is_done =
            index_refresh(writer, call, subjects[at].tenant, ids, id_count) == DK_OK;
        for (size_t i = at; i < end; i++) {
            verdicts[subjects[i].event] = is_done ? DK_VERDICT_DONE : DK_VERDICT_RETRY;
        }
    }
}
