/*
 * What is served: a list of services, and a hash table from full path to method row. The table is
 * built when services are added, on the main thread before the loop turns; calls only read it.
 */
#include "wire/grpc/server.h"

#include "wire/grpc/observer.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

const struct dk__limits dk__limits_default = {
    .request_bytes_max = (size_t)16 << 20,
    .reply_bytes_max = (size_t)4 << 20,
    .arena_bytes_max = (size_t)36 << 20,
    .header_bytes_max = (size_t)32 << 10,
    .outbox_bytes_max = (size_t)8 << 20,
    .calls_max = 1024,
    .connections_max = 128,
    .window_max = 256,
};

/* Paths are long and share their beginning: eight bytes a step, mixed so that the high bits of
 * every word reach the low bits that choose the place. Not against an attacker: the table holds
 * our own paths, and a foreign path that lands anywhere is compared and refused. */
static uint64_t path_hash(struct dk_bytes path) {
    uint64_t hash = path.size;
    size_t at = 0;
    while (at < path.size) {
        const size_t rest = path.size - at;
        const size_t part = rest < sizeof(uint64_t) ? rest : sizeof(uint64_t);
        uint64_t word = 0;
        memcpy(&word, path.data + at, part);
        hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
        hash ^= hash >> 32;
        at += part;
    }
    return hash;
}

/* The place of a path: its own, or the empty one where it belongs. */
static struct dk__route *place_of(
    struct dk__route *routes, size_t mask, uint64_t hash, struct dk_bytes path) {
    for (size_t at = (size_t)hash & mask;; at = (at + 1) & mask) {
        struct dk__route *route = &routes[at];
        if (route->path == NULL || (route->hash == hash && route->path_size == path.size &&
                                    memcmp(route->path, path.data, path.size) == 0)) {
            return route;
        }
    }
}

static size_t method_count(const struct dk__service *service) {
    size_t count = 0;
    while (service->methods[count].name != NULL) {
        count++;
    }
    return count;
}

/* "/service/method" on the heap; NULL without memory. */
static char *path_new(const struct dk__service *service, const struct dk__method *method) {
    const size_t service_size = strlen(service->name), method_size = strlen(method->name);
    char *path = malloc(service_size + method_size + sizeof "//");
    if (path != NULL) {
        path[0] = '/';
        memcpy(path + 1, service->name, service_size);
        path[1 + service_size] = '/';
        memcpy(path + 2 + service_size, method->name, method_size + 1);
    }
    return path;
}

/* Room for all methods and as many empty places, so that a search ends soon. */
static enum dk_error routes_grow(struct dk__server *server, size_t methods) {
    size_t size = 16;
    while (size < methods * 2) {
        size *= 2;
    }
    if (server->routes != NULL && size <= server->route_mask + 1) {
        return DK_OK;
    }
    struct dk__route *routes = calloc(size, sizeof *routes);
    if (routes == NULL) {
        return DK_EXHAUSTED;
    }
    for (size_t i = 0; server->routes != NULL && i <= server->route_mask; i++) {
        const struct dk__route *old = &server->routes[i];
        if (old->path != NULL) {
            const struct dk_bytes path = {.data = old->path, .size = old->path_size};
            *place_of(routes, size - 1, old->hash, path) = *old;
        }
    }
    free(server->routes);
    server->routes = routes;
    server->route_mask = size - 1;
    return DK_OK;
}

enum dk_error dk__server_init(
    struct dk__server *server, struct dk_loop *loop, const struct dk__limits *limits) {
    *server = (struct dk__server){.loop = loop, .limits = *limits};
    return routes_grow(server, 0);
}

enum dk_error dk__server_add(struct dk__server *server, const struct dk__service *service) {
    size_t methods = method_count(service);
    if (server->service_count == DK__SERVICES_MAX) {
        return DK_EXHAUSTED;
    }
    if (dk__server_service(server, dk_bytes_of(service->name)) != NULL) {
        return DK_INVALID;
    }
    for (size_t i = 0; i < server->service_count; i++) {
        methods += method_count(server->services[i]);
    }
    if (routes_grow(server, methods) != DK_OK) {
        return DK_EXHAUSTED;
    }
    for (const struct dk__method *method = service->methods; method->name != NULL; method++) {
        char *path = path_new(service, method);
        if (path == NULL) {
            return DK_EXHAUSTED;
        }
        const struct dk_bytes view = dk_bytes_of(path);
        const uint64_t hash = path_hash(view);
        struct dk__route *route = place_of(server->routes, server->route_mask, hash, view);
        if (route->path != NULL) { /* a row twice in one service */
            free(path);
            return DK_INVALID;
        }
        *route = (struct dk__route){
            .path = path,
            .path_size = view.size,
            .hash = hash,
            .service = service,
            .method = method,
            .number = server->route_count,
        };
        server->route_count++;
    }
    server->services[server->service_count] = service;
    server->service_count++;
    return DK_OK;
}

void dk__server_clear(struct dk__server *server) {
    for (size_t i = 0; server->routes != NULL && i <= server->route_mask; i++) {
        free(server->routes[i].path);
    }
    free(server->routes);
    server->routes = NULL;
    server->route_mask = 0;
    server->route_count = 0;
    server->service_count = 0;
}

void dk__server_tell_idle(struct dk__server *server) {
    if (server->is_draining && server->on_idle != NULL) {
        server->on_idle(server);
    }
}

const struct dk__route *dk__server_route(const struct dk__server *server, struct dk_bytes path) {
    if (server->routes == NULL || path.size == 0) {
        return NULL;
    }
    const struct dk__route *route =
        place_of(server->routes, server->route_mask, path_hash(path), path);
    return route->path == NULL ? NULL : route;
}

const struct dk__route *dk__server_route_numbered(
    const struct dk__server *server, uint32_t number) {
    const struct dk__route *route = server->routes;
    assert(number < server->route_count);
    while (route->path == NULL || route->number != number) {
        route++;
    }
    return route;
}

const struct dk__service *dk__server_service(
    const struct dk__server *server, struct dk_bytes name) {
    for (size_t i = 0; i < server->service_count; i++) {
        if (dk_bytes_equal(dk_bytes_of(server->services[i]->name), name)) {
            return server->services[i];
        }
    }
    return NULL;
}

void dk__server_observe(struct dk__server *server, struct dk__observer *observer) {
    struct dk__observer **at = &server->observers;
    while (*at != NULL) {
        at = &(*at)->next;
    }
    *at = observer;
    observer->next = NULL;
}
