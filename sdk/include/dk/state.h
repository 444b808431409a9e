#ifndef DK_STATE_H
#define DK_STATE_H

#include <dk/bytes.h>
#include <dk/error.h>
#include <dk/instance.h>
#include <dk/loop.h>
#include <dk/reply.h>
#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * A state store, as Dapr sees it. Source: dapr.proto.components.v1 StateStore,
 * TransactionalStateStore, QueriableStateStore, TransactionalStoreMultiMaxSize.
 *
 * Thread: every function of a backend runs on the loop's thread, one after the other.
 * Owner:  a request and all it points to live until its reply is given away.
 */

enum dk_concurrency { DK_CONCURRENCY_UNSPECIFIED, DK_FIRST_WRITE, DK_LAST_WRITE };
enum dk_consistency { DK_CONSISTENCY_UNSPECIFIED, DK_EVENTUAL, DK_STRONG };

/* Keys are UTF-8, 1 byte and more, and arrive with daprd's prefix; the store keeps them verbatim. */

struct dk_get {
    struct dk_bytes key;
    struct dk_pairs metadata;
    enum dk_consistency consistency;
};

struct dk_set {
    struct dk_bytes key;
    struct dk_bytes value; /* any bytes, possibly none */
    struct dk_bytes etag;  /* absent when the caller gave none or an empty one */
    struct dk_pairs metadata;
    struct dk_bytes content_type;
    enum dk_concurrency concurrency;
    enum dk_consistency consistency;
};

struct dk_delete {
    struct dk_bytes key;
    struct dk_bytes etag; /* absent when the caller gave none or an empty one */
    struct dk_pairs metadata;
    enum dk_concurrency concurrency;
    enum dk_consistency consistency;
};

struct dk_bulk_get {
    const struct dk_get *items;
    size_t count;
};

struct dk_bulk_set {
    const struct dk_set *items;
    size_t count;
};

struct dk_bulk_delete {
    const struct dk_delete *items;
    size_t count;
};

/* One step of a transaction: exactly one of the two. ("delete" is a word of C++.) */
struct dk_operation {
    bool is_delete;
    union {
        struct dk_set set;
        struct dk_delete remove;
    };
};

/* All or nothing, in this order. */
struct dk_transact {
    const struct dk_operation *operations;
    size_t count;
    struct dk_pairs metadata;
};

struct dk_sort {
    struct dk_bytes key; /* a JSON path with dots, "person.org" */
    bool descending;
};

struct dk_query {
    struct dk_bytes filter_operator; /* EQ NEQ GT GTE LT LTE IN AND OR; absent: every item */
    struct dk_bytes filter_operand;  /* JSON text of the operand */
    const struct dk_sort *sorts;
    size_t sort_count;
    int64_t limit;         /* 0: no limit */
    struct dk_bytes token; /* where to go on, from an earlier answer; may be absent */
    struct dk_pairs metadata;
};

/* One stored thing in an answer. Absent data with no error means: there is no such key. */
struct dk_item {
    struct dk_bytes key; /* needed in bulk and query answers, ignored for get */
    struct dk_bytes data;
    struct dk_bytes etag;  /* absent: none is sent */
    struct dk_bytes error; /* this item alone failed (bulk, query), UTF-8 */
    struct dk_bytes content_type;
    int64_t expires_ms; /* ms since 1970, sent as metadata ttlExpireTime in RFC 3339; 0: never */
};

/*
 * Adds an item to the answer of get (at most one), bulk_get (one for each request item, in order)
 * or query (the rows in order). Encoded at once; the item's memory may go afterwards. Then
 * dk_reply_ok. An answer that grows over its bound makes dk_reply_ok a DK_TOO_LARGE failure.
 */
void dk_reply_item(struct dk_reply *reply, const struct dk_item *item);

/* The next page's token in the answer of query. */
void dk_reply_token(struct dk_reply *reply, struct dk_bytes token);

/* A bulk delete that affected fewer rows than it should have: gives the reply away. */
void dk_reply_row_mismatch(struct dk_reply *reply, int64_t expected, int64_t affected);

/* Features, told to daprd in words. TRANSACTIONAL and QUERY_API follow from the functions. */
enum dk_state_feature {
    DK_STATE_ETAG = 1 << 0,
    DK_STATE_TTL = 1 << 1,
    DK_STATE_PARTITION_KEY = 1 << 2,
};

/* The metadata keys that daprd sends and every store should understand. */
#define DK_TTL_IN_SECONDS "ttlInSeconds"

/*
 * Reads ttlInSeconds from request metadata (name without regard to case).
 * ret_ttl_s: untouched when absent; −1 means never expires. Errors: DK_INVALID, words in `fault`,
 * for what is no integer or outside −1 … INT32_MAX.
 */
enum dk_error dk_ttl_parse(
    struct dk_pairs metadata, bool *ret_given, int64_t *ret_ttl_s, struct dk_fault *fault);

struct dk_state_backend {
    struct dk_backend base;
    unsigned features;                  /* enum dk_state_feature */
    int64_t transaction_operations_max; /* told by MultiMaxSize; 0: no limit */

    void (*get)(struct dk_instance *store, const struct dk_get *request, struct dk_reply *reply);
    void (*set)(struct dk_instance *store, const struct dk_set *request, struct dk_reply *reply);
    void (*remove)(
        struct dk_instance *store, const struct dk_delete *request, struct dk_reply *reply);

    /* NULL: the SDK makes single calls of it, all at once, and joins the answers. */
    void (*bulk_get)(
        struct dk_instance *store, const struct dk_bulk_get *request, struct dk_reply *reply);
    void (*bulk_set)(
        struct dk_instance *store, const struct dk_bulk_set *request, struct dk_reply *reply);
    void (*bulk_delete)(
        struct dk_instance *store, const struct dk_bulk_delete *request, struct dk_reply *reply);

    /* NULL: the store cannot, and the service it belongs to is not registered. */
    void (*transact)(
        struct dk_instance *store, const struct dk_transact *request, struct dk_reply *reply);
    void (*query)(
        struct dk_instance *store, const struct dk_query *request, struct dk_reply *reply);

    /* NULL: answered by the SDK, the process lives. */
    void (*ping)(struct dk_instance *store, struct dk_reply *reply);
};

#ifdef __cplusplus
}
#endif

#endif /* DK_STATE_H */
