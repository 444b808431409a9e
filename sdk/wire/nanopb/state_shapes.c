/*
 * The requests of the state services, field by field. Source: proto/dapr/proto/components/v1.
 * StateOptions land in the struct around them, so they have a shape for each such struct.
 */
#include "wire/nanopb/state_shapes.h"

#define KEY(type)          DK__REQUIRED(type, key)
#define CONCURRENCY_NUMBER DK_LAST_WRITE
#define CONSISTENCY_NUMBER DK_STRONG

/* clang-format off */

/* ── parts ─────────────────────────────────────────────────────────────────────────────────── */

static const struct dk__row etag_rows[] = {
    {1, DK__ETAG, 0, "etag.value"},
    {0},
};
static const struct dk__shape shape_etag = {.name = DK__PROTO("Etag"), .rows = etag_rows};

static const struct dk__row set_options_rows[] = {
    {1, DK__ENUM, DK__AT(dk_set, concurrency), "options.concurrency", NULL, CONCURRENCY_NUMBER},
    {2, DK__ENUM, DK__AT(dk_set, consistency), "options.consistency", NULL, CONSISTENCY_NUMBER},
    {0},
};
static const struct dk__shape shape_set_options = {
    .name = DK__PROTO("StateOptions"), .rows = set_options_rows};

static const struct dk__row delete_options_rows[] = {
    {1, DK__ENUM, DK__AT(dk_delete, concurrency), "options.concurrency", NULL, CONCURRENCY_NUMBER},
    {2, DK__ENUM, DK__AT(dk_delete, consistency), "options.consistency", NULL, CONSISTENCY_NUMBER},
    {0},
};
static const struct dk__shape shape_delete_options = {
    .name = DK__PROTO("StateOptions"), .rows = delete_options_rows};

/* ── single calls ──────────────────────────────────────────────────────────────────────────── */

static const struct dk__row get_rows[] = {
    {1, DK__STRING, DK__AT(dk_get, key), "key"},
    {2, DK__MAP, DK__AT(dk_get, metadata), "metadata"},
    {3, DK__ENUM, DK__AT(dk_get, consistency), "consistency", NULL, CONSISTENCY_NUMBER},
    {0},
};
const struct dk__shape dk__shape_get = {
    .name = DK__PROTO("GetRequest"), .rows = get_rows, .size = sizeof(struct dk_get), .required_at = KEY(dk_get)};

static const struct dk__row set_rows[] = {
    {1, DK__STRING, DK__AT(dk_set, key), "key"},
    {2, DK__BYTES, DK__AT(dk_set, value), "value"},
    {3, DK__MESSAGE, DK__AT(dk_set, etag), "etag", &shape_etag},
    {4, DK__MAP, DK__AT(dk_set, metadata), "metadata"},
    {5, DK__MESSAGE, 0, "options", &shape_set_options},
    {6, DK__STRING, DK__AT(dk_set, content_type), "content_type"},
    {0},
};
const struct dk__shape dk__shape_set = {
    .name = DK__PROTO("SetRequest"), .rows = set_rows, .size = sizeof(struct dk_set), .required_at = KEY(dk_set)};

static const struct dk__row delete_rows[] = {
    {1, DK__STRING, DK__AT(dk_delete, key), "key"},
    {2, DK__MESSAGE, DK__AT(dk_delete, etag), "etag", &shape_etag},
    {3, DK__MAP, DK__AT(dk_delete, metadata), "metadata"},
    {4, DK__MESSAGE, 0, "options", &shape_delete_options},
    {0},
};
const struct dk__shape dk__shape_delete = {
    .name = DK__PROTO("DeleteRequest"), .rows = delete_rows, .size = sizeof(struct dk_delete),
    .required_at = KEY(dk_delete)};

/* ── many at once; their options (parallelism) are a hint that nobody needs here ───────────── */

static const struct dk__row bulk_get_rows[] = {
    {1, DK__REPEATED, 0, "items", &dk__shape_get},
    {0},
};
const struct dk__shape dk__shape_bulk_get = {
    .name = DK__PROTO("BulkGetRequest"), .rows = bulk_get_rows, .size = sizeof(struct dk_bulk_get)};

static const struct dk__row bulk_set_rows[] = {
    {1, DK__REPEATED, 0, "items", &dk__shape_set},
    {0},
};
const struct dk__shape dk__shape_bulk_set = {
    .name = DK__PROTO("BulkSetRequest"), .rows = bulk_set_rows, .size = sizeof(struct dk_bulk_set)};

static const struct dk__row bulk_delete_rows[] = {
    {1, DK__REPEATED, 0, "items", &dk__shape_delete},
    {0},
};
const struct dk__shape dk__shape_bulk_delete = {
    .name = DK__PROTO("BulkDeleteRequest"), .rows = bulk_delete_rows, .size = sizeof(struct dk_bulk_delete)};

/* ── transactions ──────────────────────────────────────────────────────────────────────────── */

static const struct dk__row operation_rows[] = {
    {1, DK__ONEOF, DK__AT(dk_operation, remove), "delete", &dk__shape_delete, 1},
    {2, DK__ONEOF, DK__AT(dk_operation, set), "set", &dk__shape_set, 0},
    {0},
};
static const struct dk__shape shape_operation = {
    .name = DK__PROTO("TransactionalStateOperation"),
    .rows = operation_rows,
    .size = sizeof(struct dk_operation),
    .oneof_at = DK__AT(dk_operation, set),
    .oneof_size = sizeof(struct dk_operation) - DK__AT(dk_operation, set),
};

static const struct dk__row transact_rows[] = {
    {1, DK__REPEATED, DK__AT(dk_transact, operations), "operations", &shape_operation},
    {2, DK__MAP, DK__AT(dk_transact, metadata), "metadata"},
    {0},
};
const struct dk__shape dk__shape_transact = {
    .name = DK__PROTO("TransactionalStateRequest"), .rows = transact_rows, .size = sizeof(struct dk_transact)};

/* ── query ─────────────────────────────────────────────────────────────────────────────────── */

static const struct dk__row sorting_rows[] = {
    {1, DK__STRING, DK__AT(dk_sort, key), "sort.key"},
    {2, DK__FLAG, DK__AT(dk_sort, descending), "sort.order"},
    {0},
};
static const struct dk__shape shape_sorting = {
    .name = DK__PROTO("Sorting"), .rows = sorting_rows, .size = sizeof(struct dk_sort)};

static const struct dk__row pagination_rows[] = {
    {1, DK__INT64, DK__AT(dk__query_parts, query.limit), "pagination.limit"},
    {2, DK__STRING, DK__AT(dk__query_parts, query.token), "pagination.token"},
    {0},
};
static const struct dk__shape shape_pagination = {
    .name = DK__PROTO("Pagination"), .rows = pagination_rows};

static const struct dk__row query_part_rows[] = {
    {1, DK__ANY_MAP, DK__AT(dk__query_parts, query.filter_operator), "filter"},
    {2, DK__REPEATED, DK__AT(dk__query_parts, sorts), "sort", &shape_sorting},
    {3, DK__MESSAGE, 0, "pagination", &shape_pagination},
    {0},
};
static const struct dk__shape shape_query_part = {
    .name = DK__PROTO("Query"), .rows = query_part_rows};

static const struct dk__row query_rows[] = {
    {1, DK__MESSAGE, 0, "query", &shape_query_part},
    {2, DK__MAP, DK__AT(dk__query_parts, query.metadata), "metadata"},
    {0},
};
const struct dk__shape dk__shape_query = {
    .name = DK__PROTO("QueryRequest"), .rows = query_rows, .size = sizeof(struct dk__query_parts)};

/* clang-format on */

/* The engine writes lists as {items, count} and the filter as two texts in a row. */
_Static_assert(
    DK__AT(dk_query, filter_operand) == DK__AT(dk_query, filter_operator) + sizeof(struct dk_bytes),
    "the operand stands behind its operator");
_Static_assert(
    DK__AT(dk_transact, count) == DK__AT(dk_transact, operations) + sizeof(void *), "items, count");
_Static_assert(DK__AT(dk_bulk_get, count) == sizeof(void *), "items, count");
_Static_assert(DK__AT(dk_operation, is_delete) == 0, "the flag of the oneof comes first");
_Static_assert(
    DK__AT(dk_set, key) == 0 && DK__AT(dk_delete, key) == 0, "a member begins with its key");

const struct dk__shape *const dk__state_shapes[] = {
    &dk__shape_init,
    &dk__shape_get,
    &dk__shape_set,
    &dk__shape_delete,
    &dk__shape_bulk_get,
    &dk__shape_bulk_set,
    &dk__shape_bulk_delete,
    &dk__shape_transact,
    &dk__shape_query,
    NULL,
};
