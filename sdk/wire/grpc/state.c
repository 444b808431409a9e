/*
 * The rows of the state services, on the loop's thread: bytes in, the backend's function, and an
 * answer from dk_reply_*. Each run_… walks as wire/grpc/block.h says.
 */
#include "wire/nanopb/state.h"
#include "wire/grpc/block.h"
#include "wire/grpc/bulk.h"
#include "wire/grpc/rpc_trace.h"
#include "wire/grpc/services.h"
#include "wire/grpc/state_reply.h"

enum { MORE_SERVICES = 3, FEATURE_WORDS_MAX = 5 };

struct dk__state_services {
    struct dk__block block; /* first */
    const struct dk_state_backend *backend;
    struct dk__service rows[MORE_SERVICES];
};

static const struct dk_state_backend *backend_of(const struct dk__rpc *rpc) {
    const struct dk__state_services *services = rpc->service->context;
    return services->backend;
}

static void run_features(struct dk__rpc *rpc, struct dk_bytes message) {
    const struct dk_state_backend *backend = backend_of(rpc);
    const char *words[FEATURE_WORDS_MAX];
    size_t count = 0;
    (void)message;
    if ((backend->features & DK_STATE_ETAG) != 0) {
        words[count++] = "ETAG";
    }
    if (backend->transact != NULL) {
        words[count++] = "TRANSACTIONAL";
    }
    if (backend->query != NULL) {
        words[count++] = "QUERY_API";
    }
    if ((backend->features & DK_STATE_TTL) != 0) {
        words[count++] = "TTL";
    }
    if ((backend->features & DK_STATE_PARTITION_KEY) != 0) {
        words[count++] = "PARTITION_KEY";
    }
    dk__block_answer_words(rpc, words, count);
}

static void run_ping(struct dk__rpc *rpc, struct dk_bytes message) {
    (void)message;
    dk__block_ping(rpc, backend_of(rpc)->ping);
}

static void run_get(struct dk__rpc *rpc, struct dk_bytes message) {
    struct dk__walk walk;
    if (dk__walk_begin(&walk, rpc, &dk__state_get_ops, sizeof(struct dk_get)) &&
        dk__walk_decoded(
            &walk, rpc, dk__decode_get(message, &rpc->call.arena, walk.request, &walk.fault))) {
        const struct dk_get *request = walk.request;
        dk__rpc_trace_follow(rpc, request->metadata);
        backend_of(rpc)->get(walk.instance, request, &rpc->reply);
    }
}

static void run_set(struct dk__rpc *rpc, struct dk_bytes message) {
    struct dk__walk walk;
    if (dk__walk_begin(&walk, rpc, &dk__plain_ops, sizeof(struct dk_set)) &&
        dk__walk_decoded(
            &walk, rpc, dk__decode_set(message, &rpc->call.arena, walk.request, &walk.fault))) {
        const struct dk_set *request = walk.request;
        dk__rpc_trace_follow(rpc, request->metadata);
        backend_of(rpc)->set(walk.instance, request, &rpc->reply);
    }
}

static void run_delete(struct dk__rpc *rpc, struct dk_bytes message) {
    struct dk__walk walk;
    if (dk__walk_begin(&walk, rpc, &dk__plain_ops, sizeof(struct dk_delete)) &&
        dk__walk_decoded(
            &walk, rpc, dk__decode_delete(message, &rpc->call.arena, walk.request, &walk.fault))) {
        const struct dk_delete *request = walk.request;
        dk__rpc_trace_follow(rpc, request->metadata);
        backend_of(rpc)->remove(walk.instance, request, &rpc->reply);
    }
}

static void run_bulk_get(struct dk__rpc *rpc, struct dk_bytes message) {
    struct dk__walk walk;
    if (!dk__walk_begin(&walk, rpc, &dk__state_bulk_get_ops, sizeof(struct dk_bulk_get)) ||
        !dk__walk_decoded(
            &walk,
            rpc,
            dk__decode_bulk_get(message, &rpc->call.arena, walk.request, &walk.fault))) {
        return;
    }
    const struct dk_bulk_get *request = walk.request;
    if (request->count > 0) {
        dk__rpc_trace_follow(rpc, request->items[0].metadata);
    }
    if (backend_of(rpc)->bulk_get == NULL) {
        dk__bulk_get(backend_of(rpc), walk.instance, request, &rpc->reply);
    } else {
        backend_of(rpc)->bulk_get(walk.instance, request, &rpc->reply);
    }
}

static void run_bulk_set(struct dk__rpc *rpc, struct dk_bytes message) {
    struct dk__walk walk;
    if (!dk__walk_begin(&walk, rpc, &dk__plain_ops, sizeof(struct dk_bulk_set)) ||
        !dk__walk_decoded(
            &walk,
            rpc,
            dk__decode_bulk_set(message, &rpc->call.arena, walk.request, &walk.fault))) {
        return;
    }
    const struct dk_bulk_set *request = walk.request;
    if (request->count > 0) {
        dk__rpc_trace_follow(rpc, request->items[0].metadata);
    }
    if (backend_of(rpc)->bulk_set == NULL) {
        dk__bulk_set(backend_of(rpc), walk.instance, request, &rpc->reply);
    } else {
        backend_of(rpc)->bulk_set(walk.instance, request, &rpc->reply);
    }
}

static void run_bulk_delete(struct dk__rpc *rpc, struct dk_bytes message) {
    struct dk__walk walk;
    if (!dk__walk_begin(&walk, rpc, &dk__state_bulk_delete_ops, sizeof(struct dk_bulk_delete)) ||
        !dk__walk_decoded(
            &walk,
            rpc,
            dk__decode_bulk_delete(message, &rpc->call.arena, walk.request, &walk.fault))) {
        return;
    }
    const struct dk_bulk_delete *request = walk.request;
    if (request->count > 0) {
        dk__rpc_trace_follow(rpc, request->items[0].metadata);
    }
    if (backend_of(rpc)->bulk_delete == NULL) {
        dk__bulk_delete(backend_of(rpc), walk.instance, request, &rpc->reply);
    } else {
        backend_of(rpc)->bulk_delete(walk.instance, request, &rpc->reply);
    }
}

static void run_transact(struct dk__rpc *rpc, struct dk_bytes message) {
    struct dk__walk walk;
    if (!dk__walk_begin(&walk, rpc, &dk__plain_ops, sizeof(struct dk_transact)) ||
        !dk__walk_decoded(
            &walk,
            rpc,
            dk__decode_transact(message, &rpc->call.arena, walk.request, &walk.fault))) {
        return;
    }
    /* daprd keeps to MultiMaxSize; others on the socket may not know of it. */
    const struct dk_transact *transact = walk.request;
    const int64_t count_max = backend_of(rpc)->transaction_operations_max;
    if (count_max > 0 && transact->count > (uint64_t)count_max) {
        dk_reply_fail(
            &rpc->reply,
            DK_INVALID,
            "%s: a transaction of %zu operations, %lld are allowed",
            backend_of(rpc)->base.name,
            transact->count,
            (long long)count_max);
        return;
    }
    dk__rpc_trace_follow(rpc, transact->metadata);
    backend_of(rpc)->transact(walk.instance, transact, &rpc->reply);
}

static void run_multi_max_size(struct dk__rpc *rpc, struct dk_bytes message) {
    const struct dk_state_backend *backend = backend_of(rpc);
    (void)message;
    rpc->reply.ops = &dk__plain_ops;
    dk__rpc_message_begin(rpc);
    rpc->message_failed |= !dk__encode_max_size(&rpc->out, backend->transaction_operations_max);
    dk_reply_ok(&rpc->reply);
}

static void run_query(struct dk__rpc *rpc, struct dk_bytes message) {
    struct dk__walk walk;
    if (dk__walk_begin(&walk, rpc, &dk__state_query_ops, sizeof(struct dk_query)) &&
        dk__walk_decoded(
            &walk, rpc, dk__decode_query(message, &rpc->call.arena, walk.request, &walk.fault))) {
        const struct dk_query *query = walk.request;
        dk__rpc_trace_follow(rpc, query->metadata);
        backend_of(rpc)->query(walk.instance, query, &rpc->reply);
    }
}

static const struct dk__method state_methods[] = {
    {"Init", dk__block_run_init},
    {"Features", run_features},
    {"Ping", run_ping},
    {"Get", run_get},
    {"Set", run_set},
    {"Delete", run_delete},
    {"BulkGet", run_bulk_get},
    {"BulkSet", run_bulk_set},
    {"BulkDelete", run_bulk_delete},
    {0},
};
static const struct dk__method transact_methods[] = {{"Transact", run_transact}, {0}};
static const struct dk__method max_size_methods[] = {{"MultiMaxSize", run_multi_max_size}, {0}};
static const struct dk__method query_methods[] = {{"Query", run_query}, {0}};

/* The services beside StateStore that the backend can do. */
static enum dk_error services_add(struct dk__state_services *services, struct dk__server *server) {
    const bool can_transact = services->backend->transact != NULL;
    const bool can_query = services->backend->query != NULL;
    const struct {
        const char *name;
        const struct dk__method *methods;
        bool is_served;
    } rows[MORE_SERVICES] = {
        {"dapr.proto.components.v1.TransactionalStateStore", transact_methods, can_transact},
        {"dapr.proto.components.v1.TransactionalStoreMultiMaxSize", max_size_methods, can_transact},
        {"dapr.proto.components.v1.QueriableStateStore", query_methods, can_query},
    };
    for (size_t i = 0; i < MORE_SERVICES; i++) {
        services->rows[i] = (struct dk__service){
            .name = rows[i].name,
            .methods = rows[i].methods,
            .context = services,
            .kind = services->block.row.kind,
            .owner = services->block.row.owner};
        const enum dk_error error =
            rows[i].is_served ? dk__server_add(server, &services->rows[i]) : DK_OK;
        if (error != DK_OK) {
            return error;
        }
    }
    return DK_OK;
}

enum dk_error dk__state_services_new(
    struct dk__server *server,
    const struct dk_state_backend *backend,
    struct dk__state_services **ret_services) {
    struct dk__state_services *services = dk__block_new(
        server,
        &backend->base,
        sizeof *services,
        "state",
        "dapr.proto.components.v1.StateStore",
        state_methods);
    if (services == NULL) {
        return DK_EXHAUSTED;
    }
    services->backend = backend;
    services->block.ping = backend->ping;
    const enum dk_error error = services_add(services, server);
    if (error != DK_OK) {
        dk__state_services_free(services);
        return error;
    }
    *ret_services = services;
    return DK_OK;
}

void dk__state_services_free(struct dk__state_services *services) {
    if (services != NULL) {
        dk__block_free(&services->block);
    }
}
