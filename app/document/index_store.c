/*
 * The index as keys and values. A change goes through once:
 *
 *     open ─▶ root, directory of all ids
 *     load ─▶ pages of the ids          (in the same call: the documents' heads)
 *     open facets, load ─▶ directories and pages of tags and languages that change
 *     commit ─▶ one transaction: root, what changed, what is gone
 */
#include "document/index_store.h"

#include <inttypes.h>
#include <string.h>

enum {
    READ_KEYS_MAX = 128, /* in one call: 128 pages are 2 MiB */
    TENANT_KEYS = 2,     /* of open: root and first directory */
};

static void *call_take(void *context, size_t size) {
    return dk_call_take(context, size);
}

static enum dk_error no_memory(struct dk_call *call) {
    return dk_call_fail(call, DK_EXHAUSTED, "index: no memory left for this call");
}

static struct dk_bytes key_of(const struct index_store *store, const char *kind, const char *name) {
    const char *key = dk_call_format(store->call, "index/%s/%s/%s", store->tenant, kind, name);
    return dk_bytes_of(key);
}

static struct dk_bytes page_key(const struct index_store *store, uint64_t number) {
    return dk_bytes_of(
        dk_call_format(store->call, "index/%s/page/%" PRIu64, store->tenant, number));
}

struct dk_bytes index_root_key(struct dk_call *call, const char *tenant) {
    const char *key = dk_call_format(call, "index/%s/root", tenant);
    if (key == NULL) {
        (void)no_memory(call);
    }
    return dk_bytes_of(key);
}

enum dk_error index_read_many(
    struct dk_call *call,
    const char *component,
    const struct dk_bytes *keys,
    size_t count,
    struct dk_state_item *ret_items) {
    size_t slice = READ_KEYS_MAX;
    for (size_t at = 0; at < count;) {
        const size_t asked = count - at < slice ? count - at : slice;
        const enum dk_error error =
            dk_daprd_get_many(call, component, keys + at, asked, ret_items + at);
        if (error == DK_OK) {
            at += asked;
        } else if (error == DK_TOO_LARGE && asked > 1) {
            slice = asked / 2;
        } else {
            return error;
        }
    }
    return DK_OK;
}

/* Adds a facet with its stored directory, or with none. */
static enum dk_error facet_add(
    struct index_store *store, const char *name, const struct dk_state_item *item) {
    struct ProtobufCMessage *directory = NULL;
    if (item->value.data != NULL) {
        const enum dk_error error = dk_call_unpack(
            store->call,
            &dapr_kit__document__v1__index_directory__descriptor,
            item->value,
            &directory);
        if (error == DK_INVALID) {
            return dk_call_fail(
                store->call, DK_INTERNAL, "index: directory '%s' is unreadable", name);
        }
        if (error != DK_OK) {
            return error;
        }
    }
    struct index_facet *facet = &store->facets[store->count];
    *facet = (struct index_facet){
        .name = name,
        .tree = {.next_page = &store->root->next_page, .take = call_take, .context = store->call}};
    if (!index_tree_open(
            &facet->tree,
            (DaprKit__Document__V1__IndexDirectory *)directory,
            item->value.data == NULL ? (struct dk_bytes){0} : item->etag)) {
        return no_memory(store->call);
    }
    store->count++;
    return DK_OK;
}

static enum dk_error root_read(struct index_store *store, const struct dk_state_item *item) {
    if (item->value.data == NULL) {
        return DK_OK;
    }
    struct ProtobufCMessage *root = NULL;
    const enum dk_error error = dk_call_unpack(
        store->call, &dapr_kit__document__v1__index_root__descriptor, item->value, &root);
    if (error == DK_INVALID) {
        return dk_call_fail(
            store->call, DK_INTERNAL, "index: root of tenant '%s' is unreadable", store->tenant);
    }
    if (error == DK_OK) {
        store->root = (DaprKit__Document__V1__IndexRoot *)root;
        store->root_etag = item->etag;
    }
    return error;
}

enum dk_error index_store_open_reader(
    struct index_store *store,
    struct dk_call *call,
    const char *component,
    const char *tenant,
    size_t facets_max) {
    *store = (struct index_store){
        .call = call,
        .component = component,
        .tenant = tenant,
        .root = dk_call_take(call, sizeof *store->root),
        .facets = dk_call_take(call, (facets_max + 1) * sizeof *store->facets)};
    if (store->facets == NULL || store->root == NULL) {
        return no_memory(call);
    }
    dapr_kit__document__v1__index_root__init(store->root);
    return DK_OK;
}

enum dk_error index_store_open(
    struct index_store *store,
    struct dk_call *call,
    const char *component,
    const char *tenant,
    size_t facets_max) {
    enum dk_error error = index_store_open_reader(store, call, component, tenant, facets_max);
    if (error != DK_OK) {
        return error;
    }
    const struct dk_bytes keys[TENANT_KEYS] = {
        index_root_key(call, tenant), key_of(store, "directory", INDEX_FACET_IDS)};
    struct dk_state_item items[TENANT_KEYS] = {0};
    if (keys[0].data == NULL || keys[1].data == NULL) {
        return no_memory(call);
    }
    error = dk_daprd_get_many(call, component, keys, TENANT_KEYS, items);
    if (error == DK_OK) {
        error = root_read(store, &items[0]);
    }
    return error == DK_OK ? facet_add(store, INDEX_FACET_IDS, &items[1]) : error;
}

struct index_facet *index_store_facet(struct index_store *store, const char *name) {
    for (size_t i = 0; i < store->count; i++) {
        if (strcmp(store->facets[i].name, name) == 0) {
            return &store->facets[i];
        }
    }
    return NULL;
}

enum dk_error index_store_open_facets(
    struct index_store *store, const char *const *names, size_t count) {
    struct dk_bytes *keys = dk_call_take(store->call, (count + 1) * sizeof *keys);
    struct dk_state_item *items = dk_call_take(store->call, (count + 1) * sizeof *items);
    if (keys == NULL || items == NULL) {
        return no_memory(store->call);
    }
    for (size_t i = 0; i < count; i++) {
        keys[i] = key_of(store, "directory", names[i]);
        if (keys[i].data == NULL) {
            return no_memory(store->call);
        }
    }
    enum dk_error error = index_read_many(store->call, store->component, keys, count, items);
    for (size_t i = 0; error == DK_OK && i < count; i++) {
        error = facet_add(store, names[i], &items[i]);
    }
    return error;
}

/* The places that are not loaded, each once; `ret_keys` are their keys. */
static enum dk_error places_pick(
    const struct index_store *store,
    const struct index_place *places,
    size_t count,
    struct index_place *ret_places,
    struct dk_bytes *ret_keys,
    size_t *ret_count) {
    size_t picked = 0;
    for (size_t i = 0; i < count; i++) {
        const struct index_tree *tree = places[i].tree;
        bool is_known =
            places[i].position >= tree->count || tree->leaves[places[i].position].page != NULL;
        for (size_t k = 0; k < picked && !is_known; k++) {
            is_known = ret_places[k].tree == tree && ret_places[k].position == places[i].position;
        }
        if (!is_known) {
            ret_places[picked] = places[i];
            ret_keys[picked] = page_key(store, tree->leaves[places[i].position].number);
            if (ret_keys[picked].data == NULL) {
                return no_memory(store->call);
            }
            picked++;
        }
    }
    *ret_count = picked;
    return DK_OK;
}

static enum dk_error place_load(
    const struct index_store *store,
    const struct index_place *place,
    const struct dk_state_item *item) {
    struct ProtobufCMessage *page = NULL;
    if (item->value.data != NULL) {
        const enum dk_error error = dk_call_unpack(
            store->call, &dapr_kit__document__v1__index_page__descriptor, item->value, &page);
        if (error == DK_INVALID) {
            return dk_call_fail(
                store->call,
                DK_INTERNAL,
                "index: page '%.*s' is unreadable",
                (int)item->key.size,
                item->key.data);
        }
        if (error != DK_OK) {
            return error;
        }
    }
    if (page == NULL ||
        !index_tree_load(
            place->tree, place->position, (DaprKit__Document__V1__IndexPage *)page, item->etag)) {
        return dk_call_fail(store->call, DK_ETAG_MISMATCH, "index: changed while it was read");
    }
    return DK_OK;
}

enum dk_error index_store_load(
    struct index_store *store,
    const struct index_place *places,
    size_t count,
    const struct dk_bytes *others,
    size_t other_count,
    struct dk_state_item *ret_others) {
    const size_t all = count + other_count;
    struct index_place *picked = dk_call_take(store->call, (count + 1) * sizeof *picked);
    struct dk_bytes *keys = dk_call_take(store->call, (all + 1) * sizeof *keys);
    struct dk_state_item *items = dk_call_take(store->call, (all + 1) * sizeof *items);
    if (picked == NULL || keys == NULL || items == NULL) {
        return no_memory(store->call);
    }
    size_t pages = 0;
    enum dk_error error = places_pick(store, places, count, picked, keys, &pages);
    if (error != DK_OK) {
        return error;
    }
    if (other_count > 0) {
        memcpy(keys + pages, others, other_count * sizeof *keys);
    }
    error = index_read_many(store->call, store->component, keys, pages + other_count, items);
    for (size_t i = 0; error == DK_OK && i < pages; i++) {
        error = place_load(store, &picked[i], &items[i]);
    }
    if (error == DK_OK && other_count > 0) {
        memcpy(ret_others, items + pages, other_count * sizeof *items);
    }
    return error;
}

static enum dk_error facet_balance(struct index_store *store, struct index_facet *facet) {
    size_t position = 0;
    for (;;) {
        switch (index_tree_balance(&facet->tree, &position)) {
        case INDEX_BALANCED:
            return DK_OK;
        case INDEX_WANTS_LEAF: {
            const struct index_place place = {&facet->tree, position};
            const enum dk_error error = index_store_load(store, &place, 1, NULL, 0, NULL);
            if (error != DK_OK) {
                return error;
            }
            break;
        }
        case INDEX_FULL:
            return dk_call_fail(
                store->call,
                DK_EXHAUSTED,
                "index: '%s' of tenant '%s' has %d pages, which is the most",
                facet->name,
                store->tenant,
                INDEX_PAGES_MAX);
        case INDEX_NO_MEMORY:
            return no_memory(store->call);
        }
    }
}

/* The steps of one transaction, while they are collected. */
struct steps {
    struct index_store *store;
    struct dk_state_step *items;
    size_t count, bytes;
};

static enum dk_error steps_put(
    struct steps *steps,
    struct dk_bytes key,
    struct dk_bytes etag,
    const struct ProtobufCMessage *message) {
    const struct dk_bytes value = dk_call_pack(steps->store->call, message);
    if (key.data == NULL || value.data == NULL) {
        return no_memory(steps->store->call);
    }
    steps->items[steps->count++].item = (struct dk_state_item){
        .key = key, .value = value, .etag = etag, .concurrency = DK_FIRST_WRITE};
    steps->bytes += key.size + value.size;
    return DK_OK;
}

static enum dk_error steps_drop(struct steps *steps, struct dk_bytes key, struct dk_bytes etag) {
    if (key.data == NULL) {
        return no_memory(steps->store->call);
    }
    steps->items[steps->count++] = (struct dk_state_step){
        .is_delete = true, .item = {.key = key, .etag = etag, .concurrency = DK_FIRST_WRITE}};
    return DK_OK;
}

static size_t facet_step_count(const struct index_facet *facet) {
    size_t count = facet->tree.gone_count + 1;
    for (size_t i = 0; i < facet->tree.count; i++) {
        count += facet->tree.leaves[i].is_changed ? 1 : 0;
    }
    return count;
}

static enum dk_error steps_of_facet(struct steps *steps, const struct index_facet *facet) {
    const struct index_store *store = steps->store;
    const struct index_tree *tree = &facet->tree;
    enum dk_error error = DK_OK;
    if (tree->is_changed) {
        const struct dk_bytes key = key_of(store, "directory", facet->name);
        if (tree->count > 0) {
            const DaprKit__Document__V1__IndexDirectory *directory = index_tree_directory(tree);
            error = directory == NULL ? no_memory(store->call)
                                      : steps_put(steps, key, tree->etag, &directory->base);
        } else if (tree->etag.data != NULL) {
            error = steps_drop(steps, key, tree->etag);
        }
    }
    for (size_t i = 0; error == DK_OK && i < tree->count; i++) {
        const struct index_leaf *leaf = &tree->leaves[i];
        if (leaf->is_changed) {
            error = steps_put(steps, page_key(store, leaf->number), leaf->etag, &leaf->page->base);
        }
    }
    for (size_t i = 0; error == DK_OK && i < tree->gone_count; i++) {
        error = steps_drop(steps, page_key(store, tree->gone[i].number), tree->gone[i].etag);
    }
    return error;
}

enum dk_error index_store_commit(struct index_store *store) {
    size_t count = 1;
    for (size_t i = 0; i < store->count; i++) {
        const enum dk_error error = facet_balance(store, &store->facets[i]);
        if (error != DK_OK) {
            return error;
        }
        count += facet_step_count(&store->facets[i]);
    }
    struct steps steps = {
        .store = store, .items = dk_call_take(store->call, count * sizeof *steps.items)};
    if (steps.items == NULL) {
        return no_memory(store->call);
    }
    enum dk_error error = steps_put(
        &steps, index_root_key(store->call, store->tenant), store->root_etag, &store->root->base);
    for (size_t i = 0; error == DK_OK && i < store->count; i++) {
        error = steps_of_facet(&steps, &store->facets[i]);
    }
    if (error == DK_OK && steps.bytes > INDEX_WRITE_BYTES_MAX) {
        error = dk_call_fail(
            store->call, DK_TOO_LARGE, "index: a change of %zu bytes is too long", steps.bytes);
    }
    return error == DK_OK
               ? dk_daprd_transact(store->call, store->component, steps.items, steps.count)
               : error;
}

/* ── tenants ────────────────────────────────────────────────────────────────────────────────── */

static const struct dk_bytes tenants_key = DK_BYTES("index/tenants");

static enum dk_error tenants_read(
    struct dk_call *call,
    const char *component,
    DaprKit__Document__V1__IndexTenants *ret_tenants,
    struct dk_bytes *ret_etag) {
    struct dk_state_item item = {0};
    struct ProtobufCMessage *message = NULL;
    dapr_kit__document__v1__index_tenants__init(ret_tenants);
    enum dk_error error = dk_daprd_get(call, component, tenants_key, &item);
    if (error != DK_OK || item.value.data == NULL) {
        return error;
    }
    error = dk_call_unpack(
        call, &dapr_kit__document__v1__index_tenants__descriptor, item.value, &message);
    if (error == DK_INVALID) {
        return dk_call_fail(call, DK_INTERNAL, "index: the list of tenants is unreadable");
    }
    if (error == DK_OK) {
        *ret_tenants = *(DaprKit__Document__V1__IndexTenants *)message;
        *ret_etag = item.etag;
    }
    return error;
}

enum dk_error index_tenants(
    struct dk_call *call, const char *component, char ***ret_names, size_t *ret_count) {
    DaprKit__Document__V1__IndexTenants tenants;
    struct dk_bytes etag = {0};
    const enum dk_error error = tenants_read(call, component, &tenants, &etag);
    if (error == DK_OK) {
        *ret_names = tenants.names;
        *ret_count = tenants.n_names;
    }
    return error;
}

enum dk_error index_tenant_add(struct dk_call *call, const char *component, const char *tenant) {
    DaprKit__Document__V1__IndexTenants tenants;
    struct dk_bytes etag = {0};
    const enum dk_error error = tenants_read(call, component, &tenants, &etag);
    if (error != DK_OK) {
        return error;
    }
    for (size_t i = 0; i < tenants.n_names; i++) {
        if (strcmp(tenants.names[i], tenant) == 0) {
            return DK_OK;
        }
    }
    if (tenants.n_names >= INDEX_TENANTS_MAX) {
        return dk_call_fail(
            call, DK_EXHAUSTED, "index: %d tenants are the most", INDEX_TENANTS_MAX);
    }
    char **names = dk_call_take(call, (tenants.n_names + 1) * sizeof *names);
    if (names == NULL) {
        return no_memory(call);
    }
    if (tenants.n_names > 0) {
        memcpy(names, tenants.names, tenants.n_names * sizeof *names);
    }
    names[tenants.n_names] = dk_call_format(call, "%s", tenant);
    if (names[tenants.n_names] == NULL) {
        return no_memory(call);
    }
    tenants.names = names;
    tenants.n_names++;
    const struct dk_state_item item = {
        .key = tenants_key,
        .value = dk_call_pack(call, &tenants.base),
        .etag = etag,
        .concurrency = DK_FIRST_WRITE};
    return item.value.data == NULL ? no_memory(call) : dk_daprd_save(call, component, &item, 1);
}
