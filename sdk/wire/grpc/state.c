/*
 * The rows of the state services, on the loop's thread: bytes in, the backend's function, and an
 * answer from dk_reply_*. Each run_… walks the same way:
 *
 *     instance ─▶ place for the request in the arena ─▶ decode ─▶ backend
 *
 * A step that fails gives the reply away and the walk ends.
 */
#include "wire/nanopb/state.h"
#include "core/instances.h"
#include "wire/grpc/bulk.h"
#include "wire/grpc/rpc.h"
#include "wire/grpc/services.h"
#include "wire/grpc/state_reply.h"

#include <stdlib.h>

enum { STATE_SERVICES = 4, FEATURE_WORDS_MAX = 5 };

struct dk__state_services {
    const struct dk_state_backend *backend;
    struct dk__instances *instances;
    struct dk__service rows[STATE_SERVICES];
};

/* One call on its way to the backend. The fault's text is not zeroed: 2 KiB in every call. */
struct walk {
    const struct dk_state_backend *backend;
    struct dk_instance *store;
    void *request;
    struct dk_fault fault;
};

static struct dk__state_services *services_of(const struct dk__rpc *rpc) {
    return rpc->service->context;
}

/* Finds the store and holds it until the call is over. */
static bool walk_store(struct walk *walk, struct dk__rpc *rpc, const struct dk__reply_ops *ops) {
    struct dk__state_services *services = services_of(rpc);
    rpc->reply.ops = ops;
    walk->fault.error = DK_OK;
    walk->fault.text[0] = '\0';
    walk->backend = services->backend;
    walk->store = dk__instances_find(services->instances, rpc->instance);
    if (walk->store == NULL) {
        dk_reply_fail(
            &rpc->reply,
            DK_NOT_READY,
            "%s: instance '%.*s' is not initialised; daprd sends Init once at its start: restart "
            "daprd (or SIGHUP it) after restarting this component",
            walk->backend->base.name,
            (int)rpc->instance.size,
            rpc->instance.data);
        return false;
    }
    dk__instances_hold(walk->store);
    rpc->held = walk->store;
    return true;
}

/* The store, and room for the decoded request. */
static bool walk_begin(
    struct walk *walk, struct dk__rpc *rpc, const struct dk__reply_ops *ops, size_t request_size) {
    if (!walk_store(walk, rpc, ops)) {
        return false;
    }
    walk->request = dk__arena_take(&rpc->call.arena, request_size);
    if (walk->request == NULL) {
        dk_reply_fail(&rpc->reply, DK_EXHAUSTED, "the request does not fit into arena-bytes-max");
        return false;
    }
    return true;
}

static bool walk_decoded(struct walk *walk, struct dk__rpc *rpc, enum dk_error error) {
    if (error != DK_OK) {
        dk_reply_fault(&rpc->reply, &walk->fault);
        return false;
    }
    return true;
}

static void run_init(struct dk__rpc *rpc, struct dk_bytes message) {
    struct dk_fault fault = {0};
    struct dk_pairs properties = {0};
    rpc->reply.ops = &dk__state_plain_ops;
    if (dk__decode_init(message, &rpc->call.arena, &properties, &fault) != DK_OK) {
        dk_reply_fault(&rpc->reply, &fault);
        return;
    }
    dk__instances_open(services_of(rpc)->instances, rpc->instance, properties, &rpc->reply);
}

static void run_features(struct dk__rpc *rpc, struct dk_bytes message) {
    const struct dk_state_backend *backend = services_of(rpc)->backend;
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
    rpc->reply.ops = &dk__state_plain_ops;
    dk__rpc_message_begin(rpc);
    rpc->message_failed |= !dk__encode_features(&rpc->out, words, count);
    dk_reply_ok(&rpc->reply);
}

static void run_ping(struct dk__rpc *rpc, struct dk_bytes message) {
    struct walk walk;
    (void)message;
    if (services_of(rpc)->backend->ping == NULL) {
        rpc->reply.ops = &dk__state_plain_ops;
        dk_reply_ok(&rpc->reply);
    } else if (walk_store(&walk, rpc, &dk__state_plain_ops)) {
        walk.backend->ping(walk.store, &rpc->reply);
    }
}

static void run_get(struct dk__rpc *rpc, struct dk_bytes message) {
    struct walk walk;
    if (walk_begin(&walk, rpc, &dk__state_get_ops, sizeof(struct dk_get)) &&
        walk_decoded(
            &walk, rpc, dk__decode_get(message, &rpc->call.arena, walk.request, &walk.fault))) {
        walk.backend->get(walk.store, walk.request, &rpc->reply);
    }
}

static void run_set(struct dk__rpc *rpc, struct dk_bytes message) {
    struct walk walk;
    if (walk_begin(&walk, rpc, &dk__state_plain_ops, sizeof(struct dk_set)) &&
        walk_decoded(
            &walk, rpc, dk__decode_set(message, &rpc->call.arena, walk.request, &walk.fault))) {
        walk.backend->set(walk.store, walk.request, &rpc->reply);
    }
}

static void run_delete(struct dk__rpc *rpc, struct dk_bytes message) {
    struct walk walk;
    if (walk_begin(&walk, rpc, &dk__state_plain_ops, sizeof(struct dk_delete)) &&
        walk_decoded(
            &walk, rpc, dk__decode_delete(message, &rpc->call.arena, walk.request, &walk.fault))) {
        walk.backend->delete (walk.store, walk.request, &rpc->reply);
    }
}

static void run_bulk_get(struct dk__rpc *rpc, struct dk_bytes message) {
    struct walk walk;
    if (!walk_begin(&walk, rpc, &dk__state_bulk_get_ops, sizeof(struct dk_bulk_get)) ||
        !walk_decoded(
            &walk,
            rpc,
            dk__decode_bulk_get(message, &rpc->call.arena, walk.request, &walk.fault))) {
        return;
    }
    if (walk.backend->bulk_get == NULL) {
        dk__bulk_get(walk.backend, walk.store, walk.request, &rpc->reply);
    } else {
        walk.backend->bulk_get(walk.store, walk.request, &rpc->reply);
    }
}

static void run_bulk_set(struct dk__rpc *rpc, struct dk_bytes message) {
    struct walk walk;
    if (!walk_begin(&walk, rpc, &dk__state_plain_ops, sizeof(struct dk_bulk_set)) ||
        !walk_decoded(
            &walk,
            rpc,
            dk__decode_bulk_set(message, &rpc->call.arena, walk.request, &walk.fault))) {
        return;
    }
    if (walk.backend->bulk_set == NULL) {
        dk__bulk_set(walk.backend, walk.store, walk.request, &rpc->reply);
    } else {
        walk.backend->bulk_set(walk.store, walk.request, &rpc->reply);
    }
}

static void run_bulk_delete(struct dk__rpc *rpc, struct dk_bytes message) {
    struct walk walk;
    if (!walk_begin(&walk, rpc, &dk__state_bulk_delete_ops, sizeof(struct dk_bulk_delete)) ||
        !walk_decoded(
            &walk,
            rpc,
            dk__decode_bulk_delete(message, &rpc->call.arena, walk.request, &walk.fault))) {
        return;
    }
    if (walk.backend->bulk_delete == NULL) {
        dk__bulk_delete(walk.backend, walk.store, walk.request, &rpc->reply);
    } else {
        walk.backend->bulk_delete(walk.store, walk.request, &rpc->reply);
    }
}

static void run_transact(struct dk__rpc *rpc, struct dk_bytes message) {
    struct walk walk;
    if (!walk_begin(&walk, rpc, &dk__state_plain_ops, sizeof(struct dk_transact)) ||
        !walk_decoded(
            &walk,
            rpc,
            dk__decode_transact(message, &rpc->call.arena, walk.request, &walk.fault))) {
        return;
    }
    /* daprd keeps to MultiMaxSize; others on the socket may not know of it. */
    const struct dk_transact *transact = walk.request;
    const int64_t count_max = walk.backend->transaction_operations_max;
    if (count_max > 0 && transact->count > (uint64_t)count_max) {
        dk_reply_fail(
            &rpc->reply,
            DK_INVALID,
            "%s: a transaction of %zu operations, %lld are allowed",
            walk.backend->base.name,
            transact->count,
            (long long)count_max);
        return;
    }
    walk.backend->transact(walk.store, transact, &rpc->reply);
}

static void run_multi_max_size(struct dk__rpc *rpc, struct dk_bytes message) {
    const struct dk_state_backend *backend = services_of(rpc)->backend;
    (void)message;
    rpc->reply.ops = &dk__state_plain_ops;
    dk__rpc_message_begin(rpc);
    rpc->message_failed |= !dk__encode_max_size(&rpc->out, backend->transaction_operations_max);
    dk_reply_ok(&rpc->reply);
}

static void run_query(struct dk__rpc *rpc, struct dk_bytes message) {
    struct walk walk;
    if (walk_begin(&walk, rpc, &dk__state_query_ops, sizeof(struct dk_query)) &&
        walk_decoded(
            &walk, rpc, dk__decode_query(message, &rpc->call.arena, walk.request, &walk.fault))) {
        walk.backend->query(walk.store, walk.request, &rpc->reply);
    }
}

static const struct dk__method state_methods[] = {
    {"Init", run_init},
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

static enum dk_error services_add(struct dk__state_services *services, struct dk__server *server) {
    const bool can_transact = services->backend->transact != NULL;
    const bool can_query = services->backend->query != NULL;
    const struct {
        const char *name;
        const struct dk__method *methods;
        bool is_served;
    } rows[STATE_SERVICES] = {
        {"dapr.proto.components.v1.StateStore", state_methods, true},
        {"dapr.proto.components.v1.TransactionalStateStore", transact_methods, can_transact},
        {"dapr.proto.components.v1.TransactionalStoreMultiMaxSize", max_size_methods, can_transact},
        {"dapr.proto.components.v1.QueriableStateStore", query_methods, can_query},
    };
    for (size_t i = 0; i < STATE_SERVICES; i++) {
        services->rows[i] = (struct dk__service){
            .name = rows[i].name, .methods = rows[i].methods, .context = services};
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
    struct dk__state_services *services = calloc(1, sizeof *services);
    if (services == NULL) {
        return DK_EXHAUSTED;
    }
    services->backend = backend;
    services->instances = dk__instances_new(server->loop, &backend->base, DK__INSTANCES_MAX);
    const enum dk_error error =
        services->instances == NULL ? DK_EXHAUSTED : services_add(services, server);
    if (error != DK_OK) {
        dk__state_services_free(services);
        return error;
    }
    *ret_services = services;
    return DK_OK;
}

void dk__state_services_free(struct dk__state_services *services) {
    if (services != NULL) {
        dk__instances_free(services->instances);
        free(services);
    }
}
