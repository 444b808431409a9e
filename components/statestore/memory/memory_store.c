/*
 * State in memory. Everything runs on the loop, so a function simply does what it says and gives
 * its reply away before it returns.
 *
 * Each write swaps one entry for another (or for none) and keeps the old one in its hands; that
 * makes a transaction a row of swaps that can be swapped back.
 */
#include "statestore/memory/memory_store.h"

#include "statestore/memory/memory_query.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SWEEP_ENTRIES_MAX = 4096 }; /* looked at in one sweep, so that no turn takes long */
static const int64_t sweep_interval_us = 1000000;

static struct memory_state *memory_of(struct dk_instance *store) {
    return (struct memory_state *)store;
}

bool memory_is_gone(const struct memory_entry *entry, int64_t now_ms) {
    return entry->expires_ms != 0 && entry->expires_ms <= now_ms;
}

struct dk_item memory_item(const struct memory_entry *entry, char *etag_text) {
    const int size = snprintf(etag_text, MEMORY_ETAG_BYTES, "%" PRIu64, entry->version);
    return (struct dk_item){
        .key = entry->key,
        .data = entry->value,
        .etag = {.data = etag_text, .size = (size_t)size},
        .expires_ms = entry->expires_ms,
    };
}

static int64_t entry_bytes(const struct memory_entry *entry) {
    return entry == NULL ? 0 : (int64_t)(sizeof *entry + entry->key.size + entry->value.size);
}

/* What is in the place of a key, gone or not. */
static struct memory_entry *memory_peek(struct memory_state *memory, struct dk_bytes key) {
    struct memory_entry *entry = NULL;
    HASH_FIND(hh, memory->entries, key.data, key.size, entry);
    return entry;
}

static struct memory_entry *memory_find(struct memory_state *memory, struct dk_bytes key) {
    struct memory_entry *entry = memory_peek(memory, key);
    return entry == NULL || memory_is_gone(entry, dk_clock_ms()) ? NULL : entry;
}

static struct memory_entry *entry_new(struct dk_bytes key, struct dk_bytes value) {
    struct memory_entry *entry = malloc(sizeof *entry + key.size + value.size);
    if (entry == NULL) {
        return NULL;
    }
    char *const bytes = (char *)(entry + 1);
    memcpy(bytes, key.data, key.size);
    if (value.size > 0) {
        memcpy(bytes + key.size, value.data, value.size);
    }
    *entry = (struct memory_entry){
        .key = {.data = bytes, .size = key.size},
        .value = {.data = bytes + key.size, .size = value.size},
    };
    return entry;
}

/* Puts an entry (or none) in the place of a key and hands back what was there, gone or not. */
static struct memory_entry *memory_swap(
    struct memory_state *memory, struct dk_bytes key, struct memory_entry *entry) {
    struct memory_entry *old = memory_peek(memory, key);
    if (old != NULL) {
        if (memory->sweep_at == old) {
            memory->sweep_at = old->hh.next;
        }
        HASH_DEL(memory->entries, old);
    }
    if (entry != NULL) {
        HASH_ADD_KEYPTR(hh, memory->entries, entry->key.data, entry->key.size, entry);
    }
    memory->bytes += entry_bytes(entry) - entry_bytes(old);
    return old;
}

/* The rule of the reference store, for set and delete alike. */
static enum dk_error memory_may_write(
    const struct memory_entry *entry,
    struct dk_bytes etag,
    enum dk_concurrency concurrency,
    struct dk_fault *fault) {
    if (etag.data == NULL) {
        if (concurrency == DK_FIRST_WRITE && entry != NULL) {
            return dk_fault_set(fault, DK_ETAG_MISMATCH, "memory: first-write, but the key exists");
        }
        return DK_OK;
    }
    char text[MEMORY_ETAG_BYTES];
    if (entry == NULL || !dk_bytes_equal(memory_item(entry, text).etag, etag)) {
        return dk_fault_set(
            fault, DK_ETAG_MISMATCH, "memory: the etag '%.*s' is stale", (int)etag.size, etag.data);
    }
    return DK_OK;
}

/* One set or delete; what was there before goes to ret_old, for the caller to free or put back. */
static enum dk_error memory_apply_set(
    struct memory_state *memory,
    const struct dk_set *request,
    struct memory_entry **ret_old,
    struct dk_fault *fault) {
    const struct memory_config *config = memory->base.configuration;
    const struct memory_entry *current = memory_find(memory, request->key);
    bool has_ttl = config->ttl_s > 0;
    int64_t ttl_s = config->ttl_s;

    if (dk_ttl_parse(request->metadata, &has_ttl, &ttl_s, fault) != DK_OK ||
        memory_may_write(current, request->etag, request->concurrency, fault) != DK_OK) {
        return fault->error;
    }
    struct memory_entry *entry = entry_new(request->key, request->value);
    const int64_t freed = entry_bytes(memory_peek(memory, request->key)); /* gone ones count too */
    if (entry == NULL || memory->bytes + entry_bytes(entry) - freed > config->bytes_max) {
        free(entry);
        return dk_fault_set(
            fault, DK_EXHAUSTED, "memory: maxBytes %" PRId64 " reached", config->bytes_max);
    }
    entry->version = ++memory->writes;
    entry->expires_ms = has_ttl && ttl_s > 0 ? dk_clock_ms() + ttl_s * 1000 : 0;
    *ret_old = memory_swap(memory, request->key, entry);
    return DK_OK;
}

static enum dk_error memory_apply_delete(
    struct memory_state *memory,
    const struct dk_delete *request,
    struct memory_entry **ret_old,
    struct dk_fault *fault) {
    const struct memory_entry *current = memory_find(memory, request->key);
    if (memory_may_write(current, request->etag, request->concurrency, fault) != DK_OK) {
        return fault->error;
    }
    *ret_old = memory_swap(memory, request->key, NULL);
    return DK_OK;
}

/* Expired entries give their memory back, a bounded number each time. */
static void memory_on_sweep(struct dk_timer *timer) {
    struct memory_state *memory =
        (struct memory_state *)(void *)((char *)timer - offsetof(struct memory_state, sweep));
    const int64_t now_ms = dk_clock_ms();

    if (memory->sweep_at == NULL) {
        memory->sweep_at = memory->entries;
    }
    for (int i = 0; i < SWEEP_ENTRIES_MAX && memory->sweep_at != NULL; i++) {
        struct memory_entry *entry = memory->sweep_at;
        memory->sweep_at = entry->hh.next;
        if (memory_is_gone(entry, now_ms)) {
            free(memory_swap(memory, entry->key, NULL));
        }
    }
    /* An unarmed sweep loses no correctness, only memory until the next write or restart. */
    (void)dk_timer_set(memory->base.loop, timer, sweep_interval_us);
}

static void memory_open(struct dk_instance *store, struct dk_reply *reply) {
    struct memory_state *memory = memory_of(store);
    memory->sweep.on_due = memory_on_sweep;
    if (dk_timer_set(store->loop, &memory->sweep, sweep_interval_us) != DK_OK) {
        dk_reply_fail(reply, DK_EXHAUSTED, "memory: no timer for the sweep");
        return;
    }
    dk_reply_ok(reply);
}

static void memory_close(struct dk_instance *store) {
    struct memory_state *memory = memory_of(store);
    struct memory_entry *entry = NULL, *next = NULL;
    dk_timer_stop(store->loop, &memory->sweep);
    HASH_ITER(hh, memory->entries, entry, next) {
        /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the walk read next before this one went */
        HASH_DEL(memory->entries, entry);
        free(entry);
    }
}

static void memory_get(
    struct dk_instance *store, const struct dk_get *request, struct dk_reply *reply) {
    const struct memory_entry *entry = memory_find(memory_of(store), request->key);
    if (entry != NULL) {
        char etag[MEMORY_ETAG_BYTES];
        const struct dk_item item = memory_item(entry, etag);
        dk_reply_item(reply, &item);
    }
    dk_reply_ok(reply);
}

static void memory_set(
    struct dk_instance *store, const struct dk_set *request, struct dk_reply *reply) {
    struct dk_fault fault = {0};
    struct memory_entry *old = NULL;
    if (memory_apply_set(memory_of(store), request, &old, &fault) != DK_OK) {
        dk_reply_fault(reply, &fault);
        return;
    }
    free(old);
    dk_reply_ok(reply);
}

static void memory_delete(
    struct dk_instance *store, const struct dk_delete *request, struct dk_reply *reply) {
    struct dk_fault fault = {0};
    struct memory_entry *old = NULL;
    if (memory_apply_delete(memory_of(store), request, &old, &fault) != DK_OK) {
        dk_reply_fault(reply, &fault);
        return;
    }
    free(old);
    dk_reply_ok(reply);
}

static struct dk_bytes operation_key(const struct dk_operation *operation) {
    return operation->is_delete ? operation->remove.key : operation->set.key;
}

/* Steps happen in order and each sees the ones before it; the first that fails undoes them all. */
static void memory_transact(
    struct dk_instance *store, const struct dk_transact *request, struct dk_reply *reply) {
    struct memory_state *memory = memory_of(store);
    struct dk_fault fault = {0};
    struct memory_entry **olds = dk_reply_take(reply, request->count * sizeof(*olds));
    size_t done = 0;

    if (olds == NULL) {
        dk_reply_fail(reply, DK_EXHAUSTED, "memory: the transaction is too large for its arena");
        return;
    }
    for (; done < request->count; done++) {
        const struct dk_operation *operation = &request->operations[done];
        const enum dk_error error =
            operation->is_delete
                ? memory_apply_delete(memory, &operation->remove, &olds[done], &fault)
                : memory_apply_set(memory, &operation->set, &olds[done], &fault);
        if (error != DK_OK) {
            break;
        }
    }
    const bool failed = done < request->count;
    while (done-- > 0) {
        free(
            failed ? memory_swap(memory, operation_key(&request->operations[done]), olds[done])
                   : olds[done]);
    }
    if (failed) {
        dk_reply_fault(reply, &fault);
    } else {
        dk_reply_ok(reply);
    }
}

#define AT(field, ctype) DK_FIELD(struct memory_config, field, ctype)

/* clang-format off */
static const struct dk_option memory_options[] = {
    /* name, type, where, default, min, max, flags, help */
    {"maxBytes", DK_INT, AT(bytes_max, int64_t), "268435456", 1024, INT64_MAX, 0,
     "Bytes of all keys and values together; a write beyond is refused."},
    {"ttlInSeconds", DK_INT, AT(ttl_s, int64_t), "0", 0, INT32_MAX, 0,
     "Lifetime of values whose request names none; 0 keeps them."},
    DK_OPTION_END,
};
/* clang-format on */

const struct dk_state_backend memory_store = {
    .base =
        {
            .name = "dk-memory",
            .title = "In-memory (dapr-kit)",
            .summary = "Keeps state in the component's own memory until it stops.",
            .options = memory_options,
            .config_size = sizeof(struct memory_config),
            .instance_size = sizeof(struct memory_state),
            .open = memory_open,
            .close = memory_close,
        },
    .features = DK_STATE_ETAG | DK_STATE_TTL,
    .get = memory_get,
    .set = memory_set,
    .remove = memory_delete,
    .transact = memory_transact,
    .query = memory_query,
};
