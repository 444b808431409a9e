/* Claims of one process, and the sums of the index. */
#include "document/quota.h"

#include "document/index_store.h"
#include "document/methods.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { CHANGE_ID_BYTES = 33 };

struct claim {
    char tenant[DOCUMENT_TENANT_BYTES_MAX + 1], id[DOCUMENT_ID_BYTES_MAX + 1];
    char change_id[CHANGE_ID_BYTES];
    uint64_t version;          /* of the head that is to be */
    uint64_t documents, bytes; /* more than the version before */
    time_t noted_s;            /* monotonic */
    /* Of those who want to make the same version one can win: the largest claim is counted. */
    bool counts;
};

struct quota {
    pthread_mutex_t lock; /* for all below */
    struct claim claims[QUOTA_CLAIMS_MAX];
    size_t count;
};

struct sum {
    uint64_t documents, bytes;
};

static time_t now_s(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

struct quota *quota_new(void) {
    struct quota *quota = calloc(1, sizeof *quota);
    if (quota != NULL && pthread_mutex_init(&quota->lock, NULL) != 0) {
        free(quota);
        return NULL;
    }
    return quota;
}

void quota_free(struct quota *quota) {
    if (quota != NULL) {
        (void)pthread_mutex_destroy(&quota->lock);
        free(quota);
    }
}

/* ── with the lock held ─────────────────────────────────────────────────────────────────────── */

static bool claim_is_of(const struct claim *claim, const char *tenant, const char *id) {
    return strcmp(claim->id, id) == 0 && strcmp(claim->tenant, tenant) == 0;
}

/* Says again which claim for one version of a document counts. */
static void claims_elect(
    struct quota *quota, const char *tenant, const char *id, uint64_t version) {
    struct claim *largest = NULL;
    for (size_t i = 0; i < quota->count; i++) {
        struct claim *claim = &quota->claims[i];
        if (claim->version == version && claim_is_of(claim, tenant, id)) {
            claim->counts = false;
            if (largest == NULL || claim->bytes > largest->bytes) {
                largest = claim;
            }
        }
    }
    if (largest != NULL) {
        largest->counts = true;
    }
}

static void claim_drop(struct quota *quota, struct claim *claim) {
    const struct claim dropped = *claim;
    quota->count--;
    if (claim != &quota->claims[quota->count]) {
        *claim = quota->claims[quota->count];
    }
    if (dropped.counts) {
        claims_elect(quota, dropped.tenant, dropped.id, dropped.version);
    }
}

/* Drops what a change has claimed for a document, if it has. */
static void claim_forget(
    struct quota *quota, const char *tenant, const char *id, const char *change_id) {
    for (size_t i = 0; i < quota->count; i++) {
        struct claim *claim = &quota->claims[i];
        if (strcmp(claim->change_id, change_id) == 0 && claim_is_of(claim, tenant, id)) {
            claim_drop(quota, claim);
            return;
        }
    }
}

/* All claims of a tenant; those too old are forgotten on the way. */
static struct sum claims_sum(struct quota *quota, const char *tenant) {
    const time_t oldest_s = now_s() - QUOTA_CLAIM_S;
    struct sum sum = {0};
    for (size_t i = quota->count; i > 0; i--) {
        struct claim *claim = &quota->claims[i - 1];
        if (claim->noted_s < oldest_s) {
            claim_drop(quota, claim);
        }
    }
    for (size_t i = 0; i < quota->count; i++) {
        const struct claim *claim = &quota->claims[i];
        if (claim->counts && strcmp(claim->tenant, tenant) == 0) {
            sum.documents += claim->documents;
            sum.bytes += claim->bytes;
        }
    }
    return sum;
}

/* ── from any thread ────────────────────────────────────────────────────────────────────────── */

/* Notes a claim and gives the sum of all, this one included whether there was room or not. */
static struct sum claim_note(struct quota *quota, const struct claim *claim) {
    (void)pthread_mutex_lock(&quota->lock);
    claim_forget(quota, claim->tenant, claim->id, claim->change_id);
    const bool has_room = quota->count < QUOTA_CLAIMS_MAX;
    if (has_room) {
        quota->claims[quota->count++] = *claim;
        claims_elect(quota, claim->tenant, claim->id, claim->version);
    }
    struct sum sum = claims_sum(quota, claim->tenant);
    (void)pthread_mutex_unlock(&quota->lock);
    if (!has_room) {
        sum.documents += claim->documents;
        sum.bytes += claim->bytes;
    }
    return sum;
}

void quota_settle(struct quota *quota, const char *tenant, const char *id, uint64_t version) {
    (void)pthread_mutex_lock(&quota->lock);
    for (size_t i = quota->count; i > 0; i--) {
        struct claim *claim = &quota->claims[i - 1];
        if (claim->version <= version && claim_is_of(claim, tenant, id)) {
            claim_drop(quota, claim);
        }
    }
    (void)pthread_mutex_unlock(&quota->lock);
}

/* Copies of a tenant's claims from `*at` on, QUOTA_LOOK_MAX at most. */
static size_t claims_copy(
    struct quota *quota, const char *tenant, size_t *at, struct claim *ret_claims) {
    size_t count = 0;
    (void)pthread_mutex_lock(&quota->lock);
    for (; *at < quota->count && count < QUOTA_LOOK_MAX; (*at)++) {
        if (strcmp(quota->claims[*at].tenant, tenant) == 0) {
            ret_claims[count++] = quota->claims[*at];
        }
    }
    (void)pthread_mutex_unlock(&quota->lock);
    return count;
}

/* Settles those of some claims that the index has. */
static enum dk_error claims_look(
    const struct document_scope *scope,
    struct quota *quota,
    const struct claim *claims,
    size_t count) {
    struct index_store store;
    struct index_place places[QUOTA_LOOK_MAX];
    const char *const name = INDEX_FACET_IDS;
    enum dk_error error =
        index_store_open_reader(&store, scope->call, scope->config->index_store, scope->tenant, 1);
    if (error == DK_OK) {
        error = index_store_open_facets(&store, &name, 1);
    }
    if (error != DK_OK) {
        return error;
    }
    struct index_tree *tree = &store.facets[0].tree;
    for (size_t i = 0; i < count; i++) {
        places[i] = (struct index_place){tree, index_tree_seek(tree, claims[i].id)};
    }
    error = index_store_load(&store, places, count, NULL, 0, NULL);
    for (size_t i = 0; error == DK_OK && i < count; i++) {
        const DaprKit__Document__V1__IndexEntry *entry = index_tree_find(tree, claims[i].id);
        if (entry != NULL) {
            quota_settle(quota, scope->tenant, claims[i].id, entry->version);
        }
    }
    return error == DK_ETAG_MISMATCH ? DK_OK : error; /* another look may be luckier */
}

/* Looks at the index for all claims of the tenant: other processes handle events too. */
static enum dk_error quota_look(const struct document_scope *scope, struct quota *quota) {
    const struct dk_call_memory memory = dk_call_memory_begin(scope->call);
    struct claim *claims = dk_call_take(scope->call, QUOTA_LOOK_MAX * sizeof *claims);
    enum dk_error error = DK_OK;
    size_t at = 0;
    if (claims == NULL) {
        return document_no_memory(scope->call);
    }
    for (int i = 0; i < QUOTA_LOOKS_MAX && error == DK_OK; i++) {
        const size_t count = claims_copy(quota, scope->tenant, &at, claims);
        if (count == 0) {
            break;
        }
        const struct dk_call_memory part = dk_call_memory_begin(scope->call);
        error = claims_look(scope, quota, claims, count);
        dk_call_memory_end(scope->call, part);
    }
    dk_call_memory_end(scope->call, memory);
    return error;
}

static enum dk_error sums_read(const struct document_scope *scope, struct sum *ret_sum) {
    struct dk_state_item item = {0};
    struct ProtobufCMessage *message = NULL;
    const struct dk_bytes key = index_root_key(scope->call, scope->tenant);
    enum dk_error error = key.data == NULL
                              ? DK_EXHAUSTED
                              : dk_daprd_get(scope->call, scope->config->index_store, key, &item);
    *ret_sum = (struct sum){0};
    if (error != DK_OK || item.value.data == NULL) {
        return error;
    }
    error = dk_call_unpack(
        scope->call, &dapr_kit__document__v1__index_root__descriptor, item.value, &message);
    if (error == DK_INVALID) {
        return dk_call_fail(
            scope->call, DK_INTERNAL, "index: root of tenant '%s' is unreadable", scope->tenant);
    }
    if (error == DK_OK) {
        const DaprKit__Document__V1__IndexRoot *root = (const void *)message;
        *ret_sum = (struct sum){.documents = root->documents, .bytes = root->bytes};
    }
    return error;
}

static bool is_within(const struct document_config *config, struct sum has, struct sum wanted) {
    return has.documents + wanted.documents <= (uint64_t)config->quota_documents &&
           has.bytes + wanted.bytes <= (uint64_t)config->quota_bytes;
}

static enum dk_error quota_check(
    const struct document_scope *scope, struct quota *quota, const struct claim *claim) {
    struct sum wanted = claim_note(quota, claim), has;
    enum dk_error error = sums_read(scope, &has); /* after the claims: none is missed */
    if (error != DK_OK || is_within(scope->config, has, wanted)) {
        return error;
    }
    error = quota_look(scope, quota);
    if (error != DK_OK) {
        return error;
    }
    wanted = claim_note(quota, claim);
    error = sums_read(scope, &has);
    if (error != DK_OK || is_within(scope->config, has, wanted)) {
        return error;
    }
    return dk_call_fail(
        scope->call,
        DK_EXHAUSTED,
        "quota: tenant '%s' has %" PRIu64 " of %" PRId64 " documents and %" PRIu64 " of %" PRId64
        " bytes; '%s' wants %" PRIu64 " documents and %" PRIu64 " bytes more",
        scope->tenant,
        has.documents + wanted.documents - claim->documents,
        scope->config->quota_documents,
        has.bytes + wanted.bytes - claim->bytes,
        scope->config->quota_bytes,
        claim->id,
        claim->documents,
        claim->bytes);
}

static struct quota *quota_of(const struct document_scope *scope) {
    const struct document_service *service = dk_call_app(scope->call);
    return service->quota;
}

enum dk_error document_quota_take(
    const struct document_scope *scope,
    const pb_document *next,
    const char *change_id,
    uint64_t size) {
    struct claim claim = {
        .version = next->version,
        .documents = next->version == 1 ? 1 : 0,
        .bytes = size > next->size ? size - next->size : 0,
        .noted_s = now_s()};
    if (quota_of(scope) == NULL || (claim.documents == 0 && claim.bytes == 0)) {
        return DK_OK;
    }
    (void)snprintf(claim.tenant, sizeof claim.tenant, "%s", scope->tenant);
    (void)snprintf(claim.id, sizeof claim.id, "%s", next->id);
    (void)snprintf(claim.change_id, sizeof claim.change_id, "%s", change_id);
    const enum dk_error error = quota_check(scope, quota_of(scope), &claim);
    if (error != DK_OK) {
        document_quota_give_back(scope, next->id, change_id);
    }
    return error;
}

void document_quota_give_back(
    const struct document_scope *scope, const char *id, const char *change_id) {
    struct quota *quota = quota_of(scope);
    if (quota != NULL) {
        (void)pthread_mutex_lock(&quota->lock);
        claim_forget(quota, scope->tenant, id, change_id);
        (void)pthread_mutex_unlock(&quota->lock);
    }
}

enum dk_error documents_get_quota(
    struct dk_call *call, const struct ProtobufCMessage *request, struct ProtobufCMessage *answer) {
    DaprKit__Document__V1__Quota *quota = (void *)answer;
    struct document_scope scope;
    struct sum has = {0};
    (void)request;
    enum dk_error error = document_scope_open(call, &scope);
    if (error == DK_OK) {
        error = sums_read(&scope, &has);
    }
    if (error != DK_OK) {
        return error;
    }
    quota->tenant = dk_call_format(call, "%s", scope.tenant);
    quota->documents = has.documents;
    quota->documents_max = (uint64_t)scope.config->quota_documents;
    quota->bytes = has.bytes;
    quota->bytes_max = (uint64_t)scope.config->quota_bytes;
    return quota->tenant == NULL ? document_no_memory(call) : DK_OK;
}
