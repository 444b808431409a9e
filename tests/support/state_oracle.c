/*
 * Compares what two readers make of the same bytes.
 */
#include "support/state_oracle.h"

#include "wire/nanopb/state.h"

#include <dapr/proto/components/v1/state.pb-c.h>
#include <stdint.h>
#include <string.h>

#define ORACLE(name) Dapr__Proto__Components__V1__##name

/* Absent and empty are one thing. */
static bool same_etag(struct dk_bytes ours, const ORACLE(Etag) * theirs) {
    if (theirs == NULL || theirs->value[0] == '\0') {
        return ours.data == NULL || (ours.size > 0 && ours.data[0] == '\0');
    }
    return oracle_same_text(ours, theirs->value);
}

static bool same_enum(int ours, int theirs) {
    return ours == (theirs < 0 || theirs > 2 ? 0 : theirs);
}

static void compare_get(
    struct oracle_comparison *c, const struct dk_get *ours, const ORACLE(GetRequest) * theirs) {
    oracle_require(c, oracle_same_text(ours->key, theirs->key), "get: key");
    oracle_require(
        c, oracle_same_map(ours->metadata, theirs->n_metadata, theirs->metadata), "get: metadata");
    oracle_require(
        c, same_enum((int)ours->consistency, (int)theirs->consistency), "get: consistency");
}

static void compare_options(
    struct oracle_comparison *c,
    enum dk_concurrency concurrency,
    enum dk_consistency consistency,
    const ORACLE(StateOptions) * theirs) {
    oracle_require(
        c,
        same_enum((int)concurrency, theirs == NULL ? 0 : (int)theirs->concurrency),
        "options: concurrency");
    oracle_require(
        c,
        same_enum((int)consistency, theirs == NULL ? 0 : (int)theirs->consistency),
        "options: consistency");
}

static void compare_set(
    struct oracle_comparison *c, const struct dk_set *ours, const ORACLE(SetRequest) * theirs) {
    oracle_require(c, oracle_same_text(ours->key, theirs->key), "set: key");
    oracle_require(c, oracle_same_bytes(ours->value, theirs->value), "set: value");
    oracle_require(c, same_etag(ours->etag, theirs->etag), "set: etag");
    oracle_require(
        c, oracle_same_map(ours->metadata, theirs->n_metadata, theirs->metadata), "set: metadata");
    oracle_require(
        c, oracle_same_text(ours->content_type, theirs->content_type), "set: content_type");
    compare_options(c, ours->concurrency, ours->consistency, theirs->options);
}

static void compare_delete(
    struct oracle_comparison *c,
    const struct dk_delete *ours,
    const ORACLE(DeleteRequest) * theirs) {
    oracle_require(c, oracle_same_text(ours->key, theirs->key), "delete: key");
    oracle_require(c, same_etag(ours->etag, theirs->etag), "delete: etag");
    oracle_require(
        c,
        oracle_same_map(ours->metadata, theirs->n_metadata, theirs->metadata),
        "delete: metadata");
    compare_options(c, ours->concurrency, ours->consistency, theirs->options);
}

static void compare_transact(
    struct oracle_comparison *c,
    const struct dk_transact *ours,
    const ORACLE(TransactionalStateRequest) * theirs) {
    oracle_require(c, ours->count == theirs->n_operations, "transact: count");
    for (size_t i = 0; i < ours->count && c->difference == NULL; i++) {
        const struct dk_operation *operation = &ours->operations[i];
        const ORACLE(TransactionalStateOperation) *other = theirs->operations[i];
        const bool is_delete =
            other->request_case ==
            DAPR__PROTO__COMPONENTS__V1__TRANSACTIONAL_STATE_OPERATION__REQUEST_DELETE;
        const bool is_set = other->request_case ==
                            DAPR__PROTO__COMPONENTS__V1__TRANSACTIONAL_STATE_OPERATION__REQUEST_SET;
        oracle_require(c, is_delete || is_set, "transact: neither");
        oracle_require(c, operation->is_delete == is_delete, "transact: the member");
        if (c->difference == NULL && is_delete) {
            compare_delete(c, &operation->remove, other->delete_);
        } else if (c->difference == NULL) {
            compare_set(c, &operation->set, other->set);
        }
    }
    oracle_require(
        c,
        oracle_same_map(ours->metadata, theirs->n_metadata, theirs->metadata),
        "transact: metadata");
}

/* The last entry is the one operator: any before it had the same name. */
static void compare_filter(
    struct oracle_comparison *c, const struct dk_query *ours, const ORACLE(Query) * theirs) {
    if (theirs == NULL || theirs->n_filter == 0) {
        oracle_require(c, ours->filter_operator.data == NULL, "query: no filter");
        return;
    }
    const ORACLE(Query__FilterEntry) *last = theirs->filter[theirs->n_filter - 1];
    static const ProtobufCBinaryData nothing = {0};
    oracle_require(c, oracle_same_text(ours->filter_operator, last->key), "query: operator");
    oracle_require(
        c,
        oracle_same_bytes(ours->filter_operand, last->value == NULL ? nothing : last->value->value),
        "query: operand");
}

static void compare_query(
    struct oracle_comparison *c, const struct dk_query *ours, const ORACLE(QueryRequest) * theirs) {
    const ORACLE(Query) *query = theirs->query;
    const ORACLE(Pagination) *pagination = query == NULL ? NULL : query->pagination;
    compare_filter(c, ours, query);
    oracle_require(
        c, ours->sort_count == (query == NULL ? 0 : query->n_sort), "query: count of sorts");
    for (size_t i = 0; i < ours->sort_count && c->difference == NULL; i++) {
        oracle_require(
            c, oracle_same_text(ours->sorts[i].key, query->sort[i]->key), "query: sort key");
        oracle_require(
            c, ours->sorts[i].descending == ((int)query->sort[i]->order == 1), "query: order");
    }
    oracle_require(c, ours->limit == (pagination == NULL ? 0 : pagination->limit), "query: limit");
    oracle_require(
        c,
        pagination == NULL ? ours->token.size == 0
                           : oracle_same_text(ours->token, pagination->token),
        "query: token");
    oracle_require(
        c,
        oracle_same_map(ours->metadata, theirs->n_metadata, theirs->metadata),
        "query: metadata");
}

static void compare_init(
    struct oracle_comparison *c, const struct dk_pairs *ours, const ORACLE(InitRequest) * theirs) {
    const ORACLE(MetadataRequest) *metadata = theirs->metadata;
    oracle_require(
        c,
        metadata == NULL ? ours->count == 0
                         : oracle_same_map(*ours, metadata->n_properties, metadata->properties),
        "init: properties");
}

/* The list of a bulk request. */
#define COMPARE_ALL(name, type, message, compare_one)                                           \
    static void compare_##name(                                                                 \
        struct oracle_comparison *c, const struct type *ours, const ORACLE(message) * theirs) { \
        oracle_require(c, ours->count == theirs->n_items, #name ": count");                     \
        for (size_t i = 0; i < theirs->n_items && c->difference == NULL; i++) {                 \
            compare_one(c, &ours->items[i], theirs->items[i]);                                  \
        }                                                                                       \
    }

COMPARE_ALL(bulk_get, dk_bulk_get, BulkGetRequest, compare_get)
COMPARE_ALL(bulk_set, dk_bulk_set, BulkSetRequest, compare_set)
COMPARE_ALL(bulk_delete, dk_bulk_delete, BulkDeleteRequest, compare_delete)

/* ── both ───────────────────────────────────────────────────────────────────────────────────── */

union ours {
    struct dk_pairs init;
    struct dk_get get;
    struct dk_set set;
    struct dk_delete delete;
    struct dk_bulk_get bulk_get;
    struct dk_bulk_set bulk_set;
    struct dk_bulk_delete bulk_delete;
    struct dk_transact transact;
    struct dk_query query;
};

ORACLE_ROW(init, dk_pairs, InitRequest)
ORACLE_ROW(get, dk_get, GetRequest)
ORACLE_ROW(set, dk_set, SetRequest)
ORACLE_ROW(delete, dk_delete, DeleteRequest)
ORACLE_ROW(bulk_get, dk_bulk_get, BulkGetRequest)
ORACLE_ROW(bulk_set, dk_bulk_set, BulkSetRequest)
ORACLE_ROW(bulk_delete, dk_bulk_delete, BulkDeleteRequest)
ORACLE_ROW(transact, dk_transact, TransactionalStateRequest)
ORACLE_ROW(query, dk_query, QueryRequest)

static const struct oracle oracles[STATE_MESSAGES] = {
    [STATE_INIT] = ORACLE_OF(init, init_request),
    [STATE_GET] = ORACLE_OF(get, get_request),
    [STATE_SET] = ORACLE_OF(set, set_request),
    [STATE_DELETE] = ORACLE_OF(delete, delete_request),
    [STATE_BULK_GET] = ORACLE_OF(bulk_get, bulk_get_request),
    [STATE_BULK_SET] = ORACLE_OF(bulk_set, bulk_set_request),
    [STATE_BULK_DELETE] = ORACLE_OF(bulk_delete, bulk_delete_request),
    [STATE_TRANSACT] = ORACLE_OF(transact, transactional_state_request),
    [STATE_QUERY] = ORACLE_OF(query, query_request),
};

const ProtobufCMessageDescriptor *state_oracle_descriptor(enum state_message kind) {
    return oracles[kind].descriptor;
}

const char *state_oracle_read(
    enum state_message kind,
    struct dk_bytes message,
    struct codec_memory *memory,
    enum dk_error *ret_ours) {
    union ours ours;
    return oracle_read(&oracles[kind], message, memory, &ours, ret_ours);
}
