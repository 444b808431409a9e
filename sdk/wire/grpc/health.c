/*
 * grpc.health.v1 on the loop's thread. Every service of a server is as well as the server: SERVING
 * until it drains. A Watch stream stands in the server's list from its question to its end.
 */
#include "wire/pbc/health.h"
#include "wire/grpc/rpc.h"
#include "wire/grpc/services.h"

/* An open Watch; lies in the arena of its RPC. */
struct dk__health_watcher {
    struct dk__health_watcher *next;
    struct dk__health_watcher **at; /* what points here */
    struct dk__rpc *rpc;
};

static const struct dk__status status_ok = {.code = DK__CODE_OK};

static void health_fail(struct dk__rpc *rpc, enum dk__code code, const char *text) {
    const struct dk__status status = {.code = code, .message = dk_bytes_of(text)};
    dk__rpc_finish(rpc, &status);
}

/* Decodes the question; false: the RPC was ended. */
static bool health_service(struct dk__rpc *rpc, struct dk_bytes message, struct dk_bytes *ret) {
    struct dk_fault fault = {0};
    if (dk__decode_health_request(message, &rpc->call.arena, ret, &fault) != DK_OK) {
        const struct dk__status status = dk__status_of(fault.error, fault.text, &rpc->call.arena);
        dk__rpc_finish(rpc, &status);
        return false;
    }
    return true;
}

static enum dk__health health_of(const struct dk__server *server, struct dk_bytes service) {
    if (service.size > 0 && dk__server_service(server, service) == NULL) {
        return DK__HEALTH_SERVICE_UNKNOWN;
    }
    return server->is_draining ? DK__HEALTH_NOT_SERVING : DK__HEALTH_SERVING;
}

/* False: it did not fit, the RPC is for the caller to end. */
static bool health_send(struct dk__rpc *rpc, enum dk__health health) {
    dk__rpc_message_begin(rpc);
    rpc->message_failed |= !dk__encode_health(&rpc->out, health);
    return dk__rpc_message_end(rpc);
}

static void run_check(struct dk__rpc *rpc, struct dk_bytes message) {
    struct dk_bytes service;
    if (!health_service(rpc, message, &service)) {
        return;
    }
    const enum dk__health health = health_of(rpc->server, service);
    if (health == DK__HEALTH_SERVICE_UNKNOWN) {
        health_fail(rpc, DK__CODE_NOT_FOUND, "health: this service is not served here");
    } else if (!health_send(rpc, health)) {
        dk__rpc_finish_failed_message(rpc);
    } else {
        dk__rpc_finish(rpc, &status_ok);
    }
}

static void run_list(struct dk__rpc *rpc, struct dk_bytes message) {
    const struct dk__server *server = rpc->server;
    (void)message;
    dk__rpc_message_begin(rpc);
    for (size_t i = 0; i < server->service_count && !rpc->message_failed; i++) {
        const struct dk_bytes name = dk_bytes_of(server->services[i]->name);
        rpc->message_failed = !dk__encode_health_entry(&rpc->out, name, health_of(server, name));
    }
    if (!dk__rpc_message_end(rpc)) {
        dk__rpc_finish_failed_message(rpc);
    } else {
        dk__rpc_finish(rpc, &status_ok);
    }
}

static void watch_on_message(struct dk__rpc *rpc, struct dk_bytes message) {
    struct dk__server *server = rpc->server;
    struct dk__health_watcher *watcher = dk__arena_take(&rpc->call.arena, sizeof *watcher);
    struct dk_bytes service;
    if (watcher == NULL) {
        health_fail(rpc, DK__CODE_RESOURCE_EXHAUSTED, "health: no memory in this call");
        return;
    }
    if (!health_service(rpc, message, &service)) {
        return;
    }
    if (!health_send(rpc, health_of(server, service))) {
        dk__rpc_finish_failed_message(rpc);
        return;
    }
    *watcher =
        (struct dk__health_watcher){.next = server->watchers, .at = &server->watchers, .rpc = rpc};
    if (watcher->next != NULL) {
        watcher->next->at = &watcher->next;
    }
    server->watchers = watcher;
    rpc->context = watcher;
}

static void watch_leave(struct dk__rpc *rpc) {
    struct dk__health_watcher *watcher = rpc->context;
    if (watcher == NULL) { /* it ended before its question came */
        return;
    }
    *watcher->at = watcher->next;
    if (watcher->next != NULL) {
        watcher->next->at = watcher->at;
    }
    rpc->context = NULL;
}

static const struct dk__streaming watch_streaming = {
    .on_message = watch_on_message,
    .on_over = watch_leave,
    .one_request = true,
};

static const struct dk__method health_methods[] = {
    {"Check", run_check},
    {"List", run_list},
    {"Watch", .streaming = &watch_streaming},
    {0},
};

static const struct dk__service health_service_row = {
    .name = "grpc.health.v1.Health", .methods = health_methods};

enum dk_error dk__health_add(struct dk__server *server) {
    return dk__server_add(server, &health_service_row);
}

void dk__health_drain(struct dk__server *server) {
    while (server->watchers != NULL) {
        struct dk__rpc *rpc = server->watchers->rpc;
        watch_leave(rpc);
        /* A watcher that does not read gets the end without the news: it says the same. */
        (void)health_send(rpc, DK__HEALTH_NOT_SERVING);
        health_fail(rpc, DK__CODE_UNAVAILABLE, "the server is shutting down");
    }
}
