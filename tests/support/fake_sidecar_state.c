/*
 * The state store of the fake sidecar, in the manner of dk-redis behind daprd, with daprd's outbox
 * before it.
 */
#include "support/fake_sidecar.h"

#include <assert.h>
#include <dk/option.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct entry {
    uint32_t hash;              /* of the key: most of a search looks no further */
    struct dk_bytes key, value; /* absent value: deleted */
    uint64_t version;           /* of the value; the etag in decimal */
    int64_t expires_s;          /* of the test's clock; 0: never */
    bool is_marked; /* written first-write: as the built-in has it, later writes need the etag */
};

static struct entry *entries;
static size_t entry_count, entry_capacity;
static int64_t now_s;

void fake_sidecar_state_reset(void) {
    for (size_t i = 0; i < entry_count; i++) {
        free((void *)(uintptr_t)entries[i].key.data);
        free((void *)(uintptr_t)entries[i].value.data);
    }
    free(entries);
    entries = NULL;
    entry_count = entry_capacity = 0;
    now_s = 1;
}

static bool lives(const struct entry *entry) {
    return entry->value.data != NULL && (entry->expires_s == 0 || now_s < entry->expires_s);
}

static uint32_t hash_of(struct dk_bytes key) { /* FNV-1a */
    uint32_t hash = 2166136261U;

    for (size_t i = 0; i < key.size; i++) {
        hash = (hash ^ (unsigned char)key.data[i]) * 16777619U;
    }
    return hash;
}

static struct entry *find(struct dk_bytes key) {
    const uint32_t hash = hash_of(key);

    for (size_t i = 0; i < entry_count; i++) {
        if (entries[i].hash == hash && dk_bytes_equal(entries[i].key, key)) {
            return &entries[i];
        }
    }
    return NULL;
}

static struct entry *find_living(struct dk_bytes key) {
    struct entry *entry = find(key);

    return entry != NULL && lives(entry) ? entry : NULL;
}

static struct entry *make(struct dk_bytes key) {
    struct entry *entry = find(key);

    if (entry != NULL) {
        return entry;
    }
    if (entry_count == entry_capacity) {
        entry_capacity = entry_capacity == 0 ? 64 : entry_capacity * 2;
        entries = realloc(entries, entry_capacity * sizeof *entries);
        assert(entries != NULL);
    }
    entries[entry_count] = (struct entry){.hash = hash_of(key), .key = fake_copy(key)};
    return &entries[entry_count++];
}

static void drop(struct entry *entry) {
    free((void *)(uintptr_t)entry->value.data);
    entry->value = (struct dk_bytes){0};
    entry->version = 0;
    entry->expires_s = 0;
    entry->is_marked = false;
}

static void write(struct dk_bytes key, struct dk_bytes value, int64_t ttl_s, bool is_marked) {
    struct entry *entry = make(key);
    const uint64_t version = lives(entry) ? entry->version : 0;
    const bool was_marked = lives(entry) && entry->is_marked;
    const struct dk_bytes copy =
        fake_copy(value.data == NULL ? (struct dk_bytes)DK_BYTES("") : value);

    drop(entry);
    entry->value = copy;
    entry->version = version + 1;
    entry->is_marked = was_marked || is_marked;
    entry->expires_s = ttl_s > 0 ? now_s + ttl_s : 0;
}

/* ── for tests ──────────────────────────────────────────────────────────────────────────────── */

void fake_sidecar_advance_s(int64_t seconds) {
    now_s += seconds;
}

size_t fake_sidecar_key_count(void) {
    size_t count = 0;

    for (size_t i = 0; i < entry_count; i++) {
        count += lives(&entries[i]) ? 1 : 0;
    }
    return count;
}

struct dk_bytes fake_sidecar_key(size_t index) {
    for (size_t i = 0; i < entry_count; i++) {
        if (lives(&entries[i]) && index-- == 0) {
            return entries[i].key;
        }
    }
    assert(!"no such key");
    return (struct dk_bytes){0};
}

struct dk_bytes fake_sidecar_value(const char *key) {
    const struct entry *entry = find_living(dk_bytes_of(key));

    return entry == NULL ? (struct dk_bytes){0} : entry->value;
}

int64_t fake_sidecar_ttl_s(const char *key) {
    const struct entry *entry = find_living(dk_bytes_of(key));

    assert(entry != NULL);
    return entry->expires_s == 0 ? -1 : entry->expires_s - now_s;
}

void fake_sidecar_put(const char *key, struct dk_bytes value) {
    if (value.data != NULL) {
        write(dk_bytes_of(key), value, 0, false);
    } else if (find_living(dk_bytes_of(key)) != NULL) {
        drop(find(dk_bytes_of(key)));
    }
}

/* ── what daprd and the store say ───────────────────────────────────────────────────────────── */

static enum dk_error read_ttl(
    struct dk_call *call, const struct dk_state_item *item, int64_t *ret_ttl_s) {
    const struct dk_bytes text =
        dk_pairs_find(item->metadata, (struct dk_bytes)DK_BYTES(DK_TTL_IN_SECONDS));

    *ret_ttl_s = 0;
    if (text.data != NULL && !dk_integer_parse(text, ret_ttl_s)) {
        return dk_call_fail(call, DK_INVALID, "state: ttlInSeconds is no number");
    }
    return DK_OK;
}

static bool etag_holds(const struct dk_state_item *item) {
    const struct entry *entry = find_living(item->key);
    char text[24];

    if (item->etag.size == 0) {
        return entry == NULL || (item->concurrency != DK_FIRST_WRITE && !entry->is_marked);
    }
    snprintf(text, sizeof text, "%llu", entry == NULL ? 0ULL : (unsigned long long)entry->version);
    return dk_bytes_equal(item->etag, dk_bytes_of(text));
}

static void fill(struct dk_call *call, struct dk_bytes key, struct dk_state_item *item) {
    const struct entry *entry = find_living(key);

    *item = (struct dk_state_item){.key = key};
    if (entry == NULL) {
        return;
    }
    char *value = dk_call_take(call, entry->value.size + 1);
    assert(value != NULL);
    memcpy(value, entry->value.data, entry->value.size);
    item->value = (struct dk_bytes){.data = value, .size = entry->value.size};
    item->etag = dk_bytes_of(dk_call_format(call, "%llu", (unsigned long long)entry->version));
}

static const struct dk_bytes *first_key(const struct dk_bytes *keys, size_t count) {
    static const struct dk_bytes none;

    return count == 0 ? &none : &keys[0];
}

/* ── the contract ───────────────────────────────────────────────────────────────────────────── */

enum dk_error dk_daprd_get(
    struct dk_call *call,
    const char *store,
    const struct dk_bytes key,
    struct dk_state_item *ret_item) {
    const enum dk_error error = fake_sidecar_enter(call, "get", key);

    (void)store; /* there is one */
    if (error != DK_OK) {
        return error;
    }
    fill(call, key, ret_item);
    return fake_sidecar_leave(call);
}

enum dk_error dk_daprd_get_many(
    struct dk_call *call,
    const char *store,
    const struct dk_bytes *keys,
    size_t count,
    struct dk_state_item *ret_items) {
    const enum dk_error error = fake_sidecar_enter(call, "get_many", *first_key(keys, count));
    size_t bytes = 0;

    (void)store;
    if (error != DK_OK) {
        return error;
    }
    for (size_t i = 0; i < count; i++) {
        fill(call, keys[i], &ret_items[i]);
        bytes += keys[i].size + ret_items[i].value.size;
    }
    if (bytes > 4U << 20) {
        return dk_call_fail(call, DK_TOO_LARGE, "daprd: the answer is over 4 MiB");
    }
    return fake_sidecar_leave(call);
}

enum dk_error dk_daprd_save(
    struct dk_call *call, const char *store, const struct dk_state_item *items, size_t count) {
    enum dk_error error =
        fake_sidecar_enter(call, "save", count == 0 ? (struct dk_bytes){0} : items[0].key);
    size_t bytes = 0;

    (void)store;
    for (size_t i = 0; i < count; i++) {
        bytes += items[i].key.size + items[i].value.size;
    }
    if (error == DK_OK && bytes > 4U << 20) {
        error = dk_call_fail(call, DK_TOO_LARGE, "daprd: the request is over 4 MiB");
    }
    if (error != DK_OK) {
        return error;
    }
    for (size_t i = 0; i < count; i++) {
        int64_t ttl_s = 0;
        enum dk_error of_item = read_ttl(call, &items[i], &ttl_s);
        if (of_item == DK_OK && !etag_holds(&items[i])) {
            of_item = dk_call_fail(call, DK_ETAG_MISMATCH, "state: the etag is stale");
        }
        if (of_item == DK_OK) {
            write(items[i].key, items[i].value, ttl_s, items[i].concurrency == DK_FIRST_WRITE);
        }
        error = error == DK_OK ? of_item : error;
    }
    return error != DK_OK ? error : fake_sidecar_leave(call);
}

enum dk_error dk_daprd_delete(
    struct dk_call *call, const char *store, const struct dk_state_item *items, size_t count) {
    enum dk_error error =
        fake_sidecar_enter(call, "delete", count == 0 ? (struct dk_bytes){0} : items[0].key);

    (void)store;
    if (error != DK_OK) {
        return error;
    }
    for (size_t i = 0; i < count; i++) {
        struct entry *entry = find_living(items[i].key);
        if (items[i].etag.size > 0 && !etag_holds(&items[i])) {
            error = dk_call_fail(call, DK_ETAG_MISMATCH, "state: the etag is stale");
        } else if (entry != NULL) {
            drop(entry);
        }
    }
    return error != DK_OK ? error : fake_sidecar_leave(call);
}

static bool is_projection(const struct dk_state_step *step) {
    const struct dk_bytes word =
        dk_pairs_find(step->item.metadata, (struct dk_bytes)DK_BYTES("outbox.projection"));

    return !step->is_delete && dk_bytes_equal(word, (struct dk_bytes)DK_BYTES("true"));
}

/* One event for each upsert; a projection of the same key, wherever it stands, is its data. */
static void events_add(const char *store, const struct dk_state_step *steps, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (steps[i].is_delete || is_projection(&steps[i])) {
            continue;
        }
        const struct dk_state_item *data = &steps[i].item;
        for (size_t k = 0; k < count; k++) {
            if (is_projection(&steps[k]) && dk_bytes_equal(steps[k].item.key, data->key)) {
                data = &steps[k].item;
                break;
            }
        }
        fake_records_add(
            &fake_sidecar.events,
            &(struct fake_record){
                .topic = store,
                .key = steps[i].item.key,
                .data = data->value,
                .content_type =
                    dk_pairs_find(data->metadata, (struct dk_bytes)DK_BYTES("contentType")),
                .metadata = steps[i].item.metadata});
    }
}

enum dk_error dk_daprd_transact(
    struct dk_call *call, const char *store, const struct dk_state_step *steps, size_t count) {
    const enum dk_error error =
        fake_sidecar_enter(call, "transact", count == 0 ? (struct dk_bytes){0} : steps[0].item.key);
    int64_t ttl_s = 0;

    if (error != DK_OK) {
        return error;
    }
    for (size_t i = 0; i < count; i++) {
        if (fake_sidecar.has_outbox && is_projection(&steps[i])) {
            continue;
        }
        const bool is_bound = !steps[i].is_delete || steps[i].item.etag.size > 0;
        if (read_ttl(call, &steps[i].item, &ttl_s) != DK_OK ||
            (is_bound && !etag_holds(&steps[i].item))) {
            return dk_call_fail(call, DK_INTERNAL, "daprd: failed to execute the transaction");
        }
    }
    if (fake_sidecar.has_outbox) {
        events_add(store, steps, count);
    }
    for (size_t i = 0; i < count; i++) {
        const struct dk_state_item *item = &steps[i].item;
        if (steps[i].is_delete) {
            if (find_living(item->key) != NULL) {
                drop(find(item->key));
            }
        } else if (!fake_sidecar.has_outbox || !is_projection(&steps[i])) {
            (void)read_ttl(call, item, &ttl_s); /* it has been read above */
            write(item->key, item->value, ttl_s, item->concurrency == DK_FIRST_WRITE);
        }
    }
    return fake_sidecar_leave(call);
}
