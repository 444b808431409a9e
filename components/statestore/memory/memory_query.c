/*
 * Filter, sort and page over the memory store's JSON values. Parses each value once per query;
 * the rows live until the answer is encoded.
 *
 *     entries ─▶ JSON object? ─▶ filter ─▶ rows ─▶ sort ─▶ page ─▶ items
 */
#include "statestore/memory/memory_query.h"

#include "statestore/memory/memory_store.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct row {
    const struct memory_entry *entry;
    json_t *document;
    const struct dk_query *query; /* for the comparison of qsort, which has no context */
};

/* The member at a dotted path; NULL when the row lacks it. Owner: the document. */
static json_t *value_at(json_t *document, const char *path, size_t size) {
    json_t *value = document;
    while (size > 0 && value != NULL) {
        const char *const dot = memchr(path, '.', size);
        const size_t part = dot == NULL ? size : (size_t)(dot - path);
        value = json_object_getn(value, path, part);
        path += dot == NULL ? part : part + 1;
        size -= dot == NULL ? part : part + 1;
    }
    return value;
}

/* −1, 0, 1 for two numbers or two texts; 2 when they have no order. */
static int compare_values(const json_t *left, const json_t *right) {
    if (json_is_integer(left) && json_is_integer(right)) {
        const json_int_t a = json_integer_value(left), b = json_integer_value(right);
        return (a > b) - (a < b);
    }
    if (json_is_number(left) && json_is_number(right)) {
        const double a = json_number_value(left), b = json_number_value(right);
        return (a > b) - (a < b);
    }
    if (json_is_string(left) && json_is_string(right)) {
        const size_t a = json_string_length(left), b = json_string_length(right);
        const int order = memcmp(json_string_value(left), json_string_value(right), a < b ? a : b);
        return order != 0 ? (order > 0) - (order < 0) : (a > b) - (a < b);
    }
    return 2;
}

/* 1 and 1.0 are one number; everything else is equal as JSON is. */
static bool is_equal(json_t *left, json_t *right) {
    return compare_values(left, right) == 0 || json_equal(left, right) == 1;
}

static bool is_one_of(json_t *value, json_t *list) {
    size_t i = 0;
    json_t *candidate = NULL;
    json_array_foreach(list, i, candidate) {
        if (is_equal(value, candidate)) {
            return true;
        }
    }
    return false;
}

enum operator_kind {
    OP_EQ,
    OP_NEQ,
    OP_GT,
    OP_GTE,
    OP_LT,
    OP_LTE,
    OP_IN,
    OP_AND,
    OP_OR,
    OP_UNKNOWN
};

static enum operator_kind operator_of(struct dk_bytes word) {
    static const char *const words[] = {"EQ", "NEQ", "GT", "GTE", "LT", "LTE", "IN", "AND", "OR"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (dk_bytes_equal(word, dk_bytes_of(words[i]))) {
            return (enum operator_kind)i;
        }
    }
    return OP_UNKNOWN;
}

static bool is_match_of_comparison(enum operator_kind kind, json_t *value, json_t *operand) {
    const int order = compare_values(value, operand);
    switch (kind) {
    case OP_EQ:
        return is_equal(value, operand);
    case OP_NEQ:
        return !is_equal(value, operand);
    case OP_GT:
        return order == 1;
    case OP_GTE:
        return order == 1 || order == 0;
    case OP_LT:
        return order == -1;
    case OP_LTE:
        return order == -1 || order == 0;
    case OP_IN:
        return is_one_of(value, operand);
    case OP_AND:
    case OP_OR:
    case OP_UNKNOWN:
        break;
    }
    return false;
}

/* Checks a whole filter before any row is looked at: a query is right or wrong, whatever is stored. */
/* NOLINTNEXTLINE(misc-no-recursion): a filter is a tree, at most MEMORY_FILTER_DEPTH_MAX deep */
static enum dk_error filter_check(
    struct dk_bytes word, json_t *operand, int depth, struct dk_fault *fault) {
    const enum operator_kind kind = operator_of(word);
    if (kind == OP_UNKNOWN) {
        return dk_fault_set(
            fault,
            DK_INVALID,
            "query: '%.*s' is no operator; there are EQ NEQ GT GTE LT LTE IN AND OR",
            (int)word.size,
            word.data);
    }
    if (depth > MEMORY_FILTER_DEPTH_MAX) {
        return dk_fault_set(
            fault, DK_INVALID, "query: filters nest deeper than %d", MEMORY_FILTER_DEPTH_MAX);
    }
    if (kind != OP_AND && kind != OP_OR) {
        const char *path = json_object_iter_key(json_object_iter(operand));
        if (json_object_size(operand) != 1 ||
            (kind == OP_IN && !json_is_array(json_object_get(operand, path)))) {
            return dk_fault_set(
                fault,
                DK_INVALID,
                "query: %.*s wants one path with its %s",
                (int)word.size,
                word.data,
                kind == OP_IN ? "list of values" : "value");
        }
        return DK_OK;
    }
    if (!json_is_array(operand) || json_array_size(operand) == 0) {
        return dk_fault_set(
            fault, DK_INVALID, "query: %.*s wants a list of filters", (int)word.size, word.data);
    }
    size_t i = 0;
    json_t *part = NULL;
    json_array_foreach(operand, i, part) {
        void *const only = json_object_iter(part);
        if (json_object_size(part) != 1) {
            return dk_fault_set(
                fault,
                DK_INVALID,
                "query: a filter is one operator, not %zu",
                json_object_size(part));
        }
        const struct dk_bytes inner = dk_bytes_of(json_object_iter_key(only));
        if (filter_check(inner, json_object_iter_value(only), depth + 1, fault) != DK_OK) {
            return fault->error;
        }
    }
    return DK_OK;
}

/* A checked filter on one row; recursion is bounded by the check. */
/* NOLINTNEXTLINE(misc-no-recursion): a filter is a tree */
static bool is_match(struct dk_bytes word, json_t *operand, json_t *document) {
    const enum operator_kind kind = operator_of(word);
    if (kind != OP_AND && kind != OP_OR) {
        void *const only = json_object_iter(operand);
        const struct dk_bytes path = dk_bytes_of(json_object_iter_key(only));
        json_t *const value = value_at(document, path.data, path.size);
        return value != NULL && is_match_of_comparison(kind, value, json_object_iter_value(only));
    }
    size_t i = 0;
    json_t *part = NULL;
    json_array_foreach(operand, i, part) {
        void *const only = json_object_iter(part);
        const struct dk_bytes inner = dk_bytes_of(json_object_iter_key(only));
        if (is_match(inner, json_object_iter_value(only), document) == (kind == OP_OR)) {
            return kind == OP_OR;
        }
    }
    return kind == OP_AND;
}

static int compare_keys(struct dk_bytes left, struct dk_bytes right) {
    const size_t common = left.size < right.size ? left.size : right.size;
    const int order = memcmp(left.data, right.data, common);
    return order != 0 ? order : (left.size > right.size) - (left.size < right.size);
}

/* Rows without the sort key come last, whatever the direction. */
static int compare_rows(const void *left_row, const void *right_row) {
    const struct row *left = left_row, *right = right_row;
    const struct dk_query *query = left->query;
    for (size_t i = 0; i < query->sort_count; i++) {
        const struct dk_sort *sort = &query->sorts[i];
        json_t *const a = value_at(left->document, sort->key.data, sort->key.size);
        json_t *const b = value_at(right->document, sort->key.data, sort->key.size);
        if (a == NULL || b == NULL) {
            if (a != b) {
                return a == NULL ? 1 : -1;
            }
            continue;
        }
        int order = compare_values(a, b);
        if (order == 2) { /* different types: one fixed order among them */
            order = (json_typeof(a) > json_typeof(b)) - (json_typeof(a) < json_typeof(b));
        }
        if (order != 0) {
            return sort->descending ? -order : order;
        }
    }
    return compare_keys(left->entry->key, right->entry->key);
}

static size_t rows_gather(
    const struct memory_state *memory,
    const struct dk_query *request,
    json_t *operand,
    struct row *rows) {
    const int64_t now_ms = dk_clock_ms();
    size_t count = 0;
    for (const struct memory_entry *entry = memory->entries; entry != NULL;
         entry = entry->hh.next) {
        if (memory_is_gone(entry, now_ms)) {
            continue;
        }
        json_t *document = json_loadb(entry->value.data, entry->value.size, JSON_ALLOW_NUL, NULL);
        if (json_is_object(document) &&
            (operand == NULL || is_match(request->filter_operator, operand, document))) {
            rows[count++] = (struct row){entry, document, request};
        } else {
            json_decref(document);
        }
    }
    return count;
}

static void answer(
    const struct dk_query *request,
    const struct row *rows,
    size_t count,
    int64_t first,
    struct dk_reply *reply) {
    /* By what is left, not by the sum: token and limit are the caller's, and may be huge. */
    const int64_t left = first < (int64_t)count ? (int64_t)count - first : 0;
    const int64_t page = request->limit > 0 && request->limit < left ? request->limit : left;
    for (int64_t i = first; i < first + page; i++) {
        char etag[MEMORY_ETAG_BYTES];
        const struct dk_item item = memory_item(rows[i].entry, etag);
        dk_reply_item(reply, &item);
    }
    if (page < left) {
        char token[24];
        (void)snprintf(token, sizeof token, "%" PRId64, first + page);
        dk_reply_token(reply, dk_bytes_of(token));
    }
    dk_reply_ok(reply);
}

void memory_query(
    struct dk_instance *store, const struct dk_query *request, struct dk_reply *reply) {
    const struct memory_state *memory = (const struct memory_state *)store;
    struct dk_fault fault = {0};
    int64_t first = 0;
    json_t *operand = NULL;
    struct row *rows = NULL;
    size_t count = 0;

    if (request->token.size > 0 && (!dk_integer_parse(request->token, &first) || first < 0)) {
        dk_reply_fail(
            reply,
            DK_INVALID,
            "query: the token '%.*s' is none of ours",
            (int)request->token.size,
            request->token.data);
        return;
    }
    if (request->filter_operator.size > 0) {
        json_error_t error;
        operand = json_loadb(
            request->filter_operand.data, request->filter_operand.size, JSON_ALLOW_NUL, &error);
        if (operand == NULL) {
            dk_reply_fail(reply, DK_INVALID, "query: the filter is no JSON: %s", error.text);
            return;
        }
        if (filter_check(request->filter_operator, operand, 0, &fault) != DK_OK) {
            dk_reply_fault(reply, &fault);
            goto done;
        }
    }
    rows = calloc(HASH_COUNT(memory->entries) + 1, sizeof *rows);
    if (rows == NULL) {
        dk_reply_fail(reply, DK_EXHAUSTED, "query: no memory for the rows");
        goto done;
    }
    count = rows_gather(memory, request, operand, rows);
    qsort(rows, count, sizeof *rows, compare_rows);
    answer(request, rows, count, first, reply);

done:
    for (size_t i = 0; i < count; i++) {
        json_decref(rows[i].document);
    }
    free(rows);
    json_decref(operand);
}
