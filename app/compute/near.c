/* The LSH index in state. Thread: the worker of the call. */
#include "compute/near.h"

#include "compute/bucket.h"
#include "compute/functions.h"
#include "compute/lsh.h"
#include "compute/metrics.h"
#include "compute/service.h"

#include <dk/daprd.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* A tombstone lives as long as a late event may come; then the id may be anybody's. */
#define TOMBSTONE_TTL_S "2592000" /* 30 days */

/* ── records ────────────────────────────────────────────────────────────────────────────────── */

static struct dk_bytes record_key(struct dk_call *call, const char *tenant, const char *id) {
    return dk_bytes_of(dk_call_format(call, "compute/index/%s/document/%s", tenant, id));
}

/* NULL: there is none. */
static enum dk_error record_read(
    struct dk_call *call, const struct dk_state_item *item, pb_record **ret_record) {
    struct ProtobufCMessage *message = NULL;
    *ret_record = NULL;
    if (item->value.data == NULL) {
        return DK_OK;
    }
    const enum dk_error error = dk_call_unpack(
        call, &dapr_kit__compute__v1__document_record__descriptor, item->value, &message);
    pb_record *record = (pb_record *)message;
    if (error == DK_INVALID ||
        (error == DK_OK && record->n_minhash != 0 && record->n_minhash != MINHASH_BINS)) {
        return dk_call_fail(
            call,
            DK_INTERNAL,
            "index: the record '%.*s' is unreadable",
            (int)item->key.size,
            item->key.data);
    }
    *ret_record = error == DK_OK ? record : NULL;
    return error;
}

static enum dk_error record_get(
    struct dk_call *call,
    const struct near_document *document,
    struct dk_state_item *ret_item,
    pb_record **ret_record) {
    const struct dk_bytes key = record_key(call, document->tenant, document->id);
    if (key.data == NULL) {
        return compute_no_memory(call);
    }
    const enum dk_error error = dk_daprd_get(call, service_of(call)->config.store, key, ret_item);
    return error == DK_OK ? record_read(call, ret_item, ret_record) : error;
}

/* NULL: the record has no signature. */
static const struct minhash_signature *record_signature(
    const pb_record *record, struct minhash_signature *room) {
    if (record == NULL || record->n_minhash != MINHASH_BINS || record->deleted) {
        return NULL;
    }
    memcpy(room->values, record->minhash, sizeof room->values);
    return room;
}

/* Writes a document's record over what was read. Errors: DK_ETAG_MISMATCH too. */
static enum dk_error record_save(
    struct dk_call *call, const struct near_document *document, const struct dk_state_item *read) {
    static const struct dk_pair tombstone[] = {
        {.key = DK_BYTES("ttlInSeconds"), .value = DK_BYTES(TOMBSTONE_TTL_S)}};
    struct minhash_signature signature;
    pb_record record;
    dapr_kit__compute__v1__document_record__init(&record);
    record.version = document->version;
    record.content_sha256 = pb_text(document->content_sha256);
    record.deleted = document->is_deleted;
    if (document->signature != NULL) {
        signature = *document->signature;
        record.minhash = signature.values;
        record.n_minhash = MINHASH_BINS;
    }
    const struct dk_state_item item = {
        .key = read->key,
        .value = dk_call_pack(call, &record.base),
        .etag = read->value.data == NULL ? (struct dk_bytes){0} : read->etag,
        .metadata = {.items = tombstone, .count = document->is_deleted ? 1 : 0},
        .concurrency = DK_FIRST_WRITE,
    };
    if (item.value.data == NULL) {
        return compute_no_memory(call);
    }
    return dk_daprd_save(call, service_of(call)->config.store, &item, 1);
}

/* ── buckets ────────────────────────────────────────────────────────────────────────────────── */

enum {
    BUCKETS_MAX = 2 * LSH_BANDS, /* of a change: those to leave, those to join */
    BUCKET_FORMAT = 1,
};

struct buckets {
    struct dk_bytes keys[BUCKETS_MAX];
    bool joins[BUCKETS_MAX];
    size_t count;
    struct dk_state_item items[BUCKETS_MAX];
    pb_bucket *read[BUCKETS_MAX];
};

static enum dk_error buckets_add(
    struct dk_call *call,
    struct buckets *buckets,
    const char *tenant,
    unsigned band,
    uint64_t place,
    bool joins) {
    const char *key =
        dk_call_format(call, "compute/index/%s/bucket/%u/%016" PRIx64, tenant, band, place);
    if (key == NULL) {
        return compute_no_memory(call);
    }
    buckets->keys[buckets->count] = dk_bytes_of(key);
    buckets->joins[buckets->count] = joins;
    buckets->count++;
    return DK_OK;
}

static enum dk_error buckets_read(struct dk_call *call, struct buckets *buckets) {
    memset(buckets->items, 0, sizeof buckets->items);
    enum dk_error error = dk_daprd_get_many(
        call, service_of(call)->config.store, buckets->keys, buckets->count, buckets->items);
    for (size_t i = 0; error == DK_OK && i < buckets->count; i++) {
        struct ProtobufCMessage *message = NULL;
        const struct dk_bytes value = buckets->items[i].value;
        error = dk_call_unpack(
            call,
            &dapr_kit__compute__v1__bucket__descriptor,
            value.data == NULL ? (struct dk_bytes)DK_BYTES("") : value,
            &message);
        buckets->read[i] = (pb_bucket *)message;
        if (error == DK_INVALID) {
            return dk_call_fail(
                call,
                DK_INTERNAL,
                "index: the bucket '%.*s' is unreadable",
                (int)buckets->keys[i].size,
                buckets->keys[i].data);
        }
    }
    return error;
}

/* Where a signature lies and another one does not (NULL: nowhere). */
static enum dk_error buckets_add_places(
    struct dk_call *call,
    struct buckets *buckets,
    const char *tenant,
    const struct minhash_signature *signature,
    const struct minhash_signature *without,
    bool joins) {
    struct lsh_places places, left_out;
    enum dk_error error = DK_OK;
    if (signature == NULL) {
        return DK_OK;
    }
    lsh_places_of(signature, &places);
    if (without != NULL) {
        lsh_places_of(without, &left_out);
    }
    for (unsigned band = 0; error == DK_OK && band < LSH_BANDS; band++) {
        if (without == NULL || places.bands[band] != left_out.bands[band]) {
            error = buckets_add(call, buckets, tenant, band, places.bands[band], joins);
        }
    }
    return error;
}

/* Changes what was read; `ret_items` are the buckets to be written. */
static enum dk_error buckets_change(
    struct dk_call *call,
    struct buckets *buckets,
    const char *id,
    struct dk_state_item *ret_items,
    size_t *ret_count) {
    *ret_count = 0;
    for (size_t i = 0; i < buckets->count; i++) {
        const struct dk_state_item *read = &buckets->items[i];
        bool has_changed = false;
        if (buckets->joins[i]) {
            char **room = dk_call_take(call, BUCKET_IDS_MAX * sizeof *room);
            if (room == NULL) {
                return compute_no_memory(call);
            }
            has_changed = bucket_add(buckets->read[i], pb_text(id), room);
        } else {
            has_changed = bucket_remove(buckets->read[i], id);
        }
        if (!has_changed) {
            continue;
        }
        buckets->read[i]->format = BUCKET_FORMAT;
        const struct dk_bytes value = dk_call_pack(call, &buckets->read[i]->base);
        if (value.data == NULL) {
            return compute_no_memory(call);
        }
        ret_items[*ret_count] = (struct dk_state_item){
            .key = buckets->keys[i],
            .value = value,
            .etag = read->value.data == NULL ? (struct dk_bytes){0} : read->etag,
            .concurrency = DK_FIRST_WRITE,
        };
        (*ret_count)++;
    }
    return DK_OK;
}

static enum dk_error too_many_tries(struct dk_call *call, const char *id) {
    return dk_call_fail(
        call, DK_UNAVAILABLE, "index: others changed it %d times beside '%s'", NEAR_TRIES_MAX, id);
}

/* Reads, changes and writes until nothing is left to be written. */
static enum dk_error buckets_write(struct dk_call *call, struct buckets *buckets, const char *id) {
    for (int tries = 0; tries < NEAR_TRIES_MAX; tries++) {
        struct dk_state_item items[BUCKETS_MAX];
        size_t count = 0;
        enum dk_error error = buckets_read(call, buckets);
        if (error == DK_OK) {
            error = buckets_change(call, buckets, id, items, &count);
        }
        if (error != DK_OK || count == 0) {
            return error;
        }
        error = dk_daprd_save(call, service_of(call)->config.store, items, count);
        if (error != DK_ETAG_MISMATCH) {
            return error;
        }
    }
    return too_many_tries(call, id);
}

/* ── documents ──────────────────────────────────────────────────────────────────────────────── */

enum dk_error near_is_late(
    struct dk_call *call, const struct near_document *document, bool *ret_is_late) {
    struct dk_state_item item = {0};
    pb_record *record = NULL;
    const enum dk_error error = record_get(call, document, &item, &record);
    *ret_is_late = error == DK_OK && record != NULL && record->version > document->version;
    return error;
}

/* Writes the record; `ret_former`, in `room`, is the signature that stood there, NULL for none. */
static enum dk_error near_put_record(
    struct dk_call *call,
    const struct near_document *document,
    struct minhash_signature *room,
    const struct minhash_signature **ret_former,
    bool *ret_is_late) {
    *ret_is_late = false;
    for (int tries = 0; tries < NEAR_TRIES_MAX; tries++) {
        struct dk_state_item item = {0};
        pb_record *record = NULL;
        enum dk_error error = record_get(call, document, &item, &record);
        if (error != DK_OK) {
            return error;
        }
        *ret_former = record_signature(record, room);
        if (record != NULL && record->version > document->version) {
            *ret_is_late = true;
            return DK_OK;
        }
        if (record != NULL && record->version == document->version &&
            record->deleted == document->is_deleted &&
            strcmp(record->content_sha256, document->content_sha256) == 0) {
            return DK_OK;
        }
        error = record_save(call, document, &item);
        if (error != DK_ETAG_MISMATCH) {
            return error;
        }
    }
    return too_many_tries(call, document->id);
}

static enum dk_error put(
    struct dk_call *call, const struct near_document *document, bool *ret_is_late) {
    struct minhash_signature room;
    const struct minhash_signature *former = NULL;
    struct buckets *buckets = dk_call_take(call, sizeof *buckets);
    if (buckets == NULL) {
        return compute_no_memory(call);
    }
    enum dk_error error = near_put_record(call, document, &room, &former, ret_is_late);
    if (error != DK_OK || *ret_is_late) {
        return error;
    }
    error = buckets_add_places(call, buckets, document->tenant, former, document->signature, false);
    if (error == DK_OK) {
        error =
            buckets_add_places(call, buckets, document->tenant, document->signature, NULL, true);
    }
    if (error != DK_OK || buckets->count == 0) {
        return error;
    }
    return buckets_write(call, buckets, document->id);
}

enum dk_error near_put(
    struct dk_call *call, const struct near_document *document, bool *ret_is_late) {
    const enum dk_error error = put(call, document, ret_is_late);
    if (error == DK_OK) {
        compute_metrics_indexed(
            *ret_is_late                  ? "late"
            : document->signature == NULL ? "removed"
                                          : "put");
    }
    return error;
}

/* ── questions ──────────────────────────────────────────────────────────────────────────────── */

static int by_similarity(const void *left, const void *right) {
    const pb_near_duplicate *a = *(pb_near_duplicate *const *)left;
    const pb_near_duplicate *b = *(pb_near_duplicate *const *)right;
    if (a->similarity < b->similarity || a->similarity > b->similarity) {
        return a->similarity > b->similarity ? -1 : 1;
    }
    return strcmp(a->document_id, b->document_id);
}

/* Adds a candidate that its record proves. */
static enum dk_error near_verify(
    struct dk_call *call,
    const struct near_question *question,
    const struct candidate *candidate,
    const struct dk_state_item *item,
    pb_near_duplicate **documents,
    size_t *count) {
    struct minhash_signature room;
    pb_record *record = NULL;
    const enum dk_error error = record_read(call, item, &record);
    const struct minhash_signature *signature = record_signature(record, &room);
    if (error != DK_OK || signature == NULL) {
        return error;
    }
    const double similarity = minhash_similarity(signature, question->signature);
    if (similarity < question->similarity_min) {
        return DK_OK;
    }
    pb_near_duplicate *found = dk_call_take(call, sizeof *found);
    if (found == NULL) {
        return compute_no_memory(call);
    }
    dapr_kit__compute__v1__near_duplicate__init(found);
    found->document_id = pb_text(candidate->document_id);
    found->similarity = similarity;
    found->content_sha256 = record->content_sha256;
    documents[*count] = found;
    (*count)++;
    return DK_OK;
}

static enum dk_error near_candidates(
    struct dk_call *call,
    const struct near_question *question,
    struct candidate ret_candidates[static CANDIDATES_MAX],
    size_t *ret_count) {
    struct buckets *buckets = dk_call_take(call, sizeof *buckets);
    if (buckets == NULL) {
        return compute_no_memory(call);
    }
    enum dk_error error =
        buckets_add_places(call, buckets, question->tenant, question->signature, NULL, true);
    if (error == DK_OK) {
        error = buckets_read(call, buckets);
    }
    if (error == DK_OK) {
        *ret_count = bucket_candidates(
            (const pb_bucket *const *)buckets->read,
            buckets->count,
            question->excluded,
            ret_candidates);
    }
    return error;
}

enum dk_error near_find(
    struct dk_call *call,
    const struct near_question *question,
    pb_near_duplicate ***ret_documents,
    size_t *ret_count) {
    struct candidate candidates[CANDIDATES_MAX];
    struct dk_bytes keys[CANDIDATES_MAX];
    struct dk_state_item items[CANDIDATES_MAX] = {0};
    size_t candidate_count = 0, count = 0;
    pb_near_duplicate **documents = dk_call_take(call, CANDIDATES_MAX * sizeof *documents);
    if (documents == NULL) {
        return compute_no_memory(call);
    }
    enum dk_error error = near_candidates(call, question, candidates, &candidate_count);
    for (size_t i = 0; error == DK_OK && i < candidate_count; i++) {
        keys[i] = record_key(call, question->tenant, candidates[i].document_id);
        if (keys[i].data == NULL) {
            error = compute_no_memory(call);
        }
    }
    if (error == DK_OK && candidate_count > 0) {
        error =
            dk_daprd_get_many(call, service_of(call)->config.store, keys, candidate_count, items);
    }
    for (size_t i = 0; error == DK_OK && i < candidate_count; i++) {
        error = near_verify(call, question, &candidates[i], &items[i], documents, &count);
    }
    if (error != DK_OK) {
        return error;
    }
    qsort(documents, count, sizeof(pb_near_duplicate *), by_similarity);
    *ret_documents = documents;
    *ret_count = count < question->limit ? count : question->limit;
    return DK_OK;
}
