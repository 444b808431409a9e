/*
 * The services of an application and AppCallback on a server, on the loop's thread.
 */
#include "wire/grpc/app.h"

#include "wire/grpc/app_body.h"
#include "wire/pbc/app_lists.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Takes the same time wherever the two differ; only their sizes show. */
static bool is_token(struct dk_bytes token, struct dk_bytes shown) {
    unsigned differs = token.size != shown.size;
    for (size_t i = 0; i < token.size && i < shown.size; i++) {
        differs |= (unsigned)(unsigned char)token.data[i] ^ (unsigned char)shown.data[i];
    }
    return differs == 0;
}

/* False: the RPC was ended. */
static bool is_let_in(const struct dk__app *app, struct dk__rpc *rpc) {
    static const struct dk_bytes name = DK_BYTES("dapr-api-token");
    static const struct dk__status refused = {
        .code = DK__CODE_UNAUTHENTICATED,
        .message = DK_BYTES("dapr-api-token: is missing or is not this application's"),
    };
    const struct dk_bytes token = app->config.token;
    if (token.size == 0 || is_token(token, dk_pairs_find(rpc->metadata, name))) {
        return true;
    }
    dk__rpc_finish(rpc, &refused);
    return false;
}

static void run_typed(struct dk__rpc *rpc, struct dk_bytes request) {
    const struct dk__app *app = rpc->service->context;
    const size_t service = (size_t)(rpc->service - app->services);
    const size_t method = (size_t)(rpc->method - rpc->service->methods);
    (void)request;
    if (is_let_in(app, rpc)) {
        dk__app_call_give(
            rpc, app, &app->config.app->services[service].methods[method], dk__app_run_typed);
    }
}

/* A callback with a token, on a worker. */
static void run_on_worker(struct dk__rpc *rpc, void (*run)(struct dk__task *task)) {
    const struct dk__app *app = rpc->service->context;
    if (is_let_in(app, rpc)) {
        dk__app_call_give(rpc, app, NULL, run);
    }
}

static void run_invoke(struct dk__rpc *rpc, struct dk_bytes request) {
    (void)request;
    run_on_worker(rpc, dk__app_run_invoke);
}

static void run_event(struct dk__rpc *rpc, struct dk_bytes request) {
    (void)request;
    run_on_worker(rpc, dk__app_run_event);
}

static void run_events(struct dk__rpc *rpc, struct dk_bytes request) {
    (void)request;
    run_on_worker(rpc, dk__app_run_events);
}

static void run_binding(struct dk__rpc *rpc, struct dk_bytes request) {
    (void)request;
    run_on_worker(rpc, dk__app_run_binding);
}

static void run_job(struct dk__rpc *rpc, struct dk_bytes request) {
    (void)request;
    run_on_worker(rpc, dk__app_run_job);
}

/* The lists and the health check are answered on the loop, not on a worker: a list that came too
 * late once is taken for an empty one, and slow probes count as failures for ever. */
static void answer_list(struct dk__rpc *rpc, struct dk_bytes list, const struct dk_fault *fault) {
    if (list.data == NULL) {
        const struct dk__status status =
            dk__status_of_app(fault->error, fault->text, &rpc->call.arena);
        dk__rpc_finish(rpc, &status);
    } else {
        dk__rpc_answer(rpc, list);
    }
}

static void run_list_topics(struct dk__rpc *rpc, struct dk_bytes request) {
    const struct dk__app *app = rpc->service->context;
    struct dk_fault fault = {0};
    (void)request;
    answer_list(
        rpc, dk__encode_app_topics(&rpc->call.arena, app->config.app->topics, &fault), &fault);
}

static void run_list_bindings(struct dk__rpc *rpc, struct dk_bytes request) {
    const struct dk__app *app = rpc->service->context;
    struct dk_fault fault = {0};
    (void)request;
    answer_list(
        rpc, dk__encode_app_bindings(&rpc->call.arena, app->config.app->bindings, &fault), &fault);
}

static void run_health(struct dk__rpc *rpc, struct dk_bytes request) {
    static const struct dk_bytes empty = DK_BYTES("");
    (void)request;
    dk__rpc_answer(rpc, empty);
}

static const struct dk__method callback_methods[] = {
    {"OnInvoke", run_invoke},
    {"ListTopicSubscriptions", run_list_topics},
    {"OnTopicEvent", run_event},
    {"OnBulkTopicEvent", run_events},
    {"ListInputBindings", run_list_bindings},
    {"OnBindingEvent", run_binding},
    {"OnJobEvent", run_job},
    {0},
};
/* What daprd asks when a method above is not there, under the names of before. */
static const struct dk__method alpha_methods[] = {
    {"OnBulkTopicEventAlpha1", run_events},
    {"OnJobEventAlpha1", run_job},
    {0},
};
static const struct dk__method health_methods[] = {{"HealthCheck", run_health}, {0}};
static const struct dk__service health_service = {
    .name = "dapr.proto.runtime.v1.AppCallbackHealthCheck", .methods = health_methods};

static const struct dk_app_method *methods_of(const struct dk_app_service *service) {
    static const struct dk_app_method none = {0};
    return service->methods == NULL ? &none : service->methods;
}

static size_t method_count(const struct dk_app_service *service) {
    const struct dk_app_method *const methods = methods_of(service);
    size_t count = 0;
    while (methods[count].name != NULL) {
        count++;
    }
    return count;
}

/* Rows of the server for rows of the application, in their order. */
static struct dk__method *rows_of(const struct dk_app_service *service) {
    const size_t count = method_count(service);
    struct dk__method *rows = calloc(count + 1, sizeof *rows);
    for (size_t i = 0; i < count && rows != NULL; i++) {
        rows[i].name = service->methods[i].name;
        rows[i].run = run_typed;
    }
    return rows;
}

static const struct dk_app_service *services_of(const struct dk__app *app) {
    static const struct dk_app_service none = {0};
    return app->config.app->services == NULL ? &none : app->config.app->services;
}

/* Every fault of every row in one text. */
static enum dk_error methods_check(const struct dk_app_service *services, struct dk_fault *fault) {
    enum dk_error error = DK_OK;
    for (const struct dk_app_service *service = services; service->name != NULL; service++) {
        for (const struct dk_app_method *method = methods_of(service); method->name != NULL;
             method++) {
            if (dk__app_method_check(method, fault) != DK_OK) {
                error = DK_INVALID;
            }
        }
    }
    return error;
}

static enum dk_error routes_make(struct dk__app *app, struct dk_fault *fault) {
    const struct dk_app_service *const services = services_of(app);
    size_t count = 0;
    for (const struct dk_app_service *service = services; service->name != NULL; service++) {
        count += method_count(service);
        app->service_count++;
    }
    app->routes = calloc(count + 1, sizeof *app->routes);
    app->services = calloc(app->service_count + 1, sizeof *app->services);
    app->first_routes = calloc(app->service_count + 1, sizeof *app->first_routes);
    if (app->routes == NULL || app->services == NULL || app->first_routes == NULL) {
        return dk_fault_set(fault, DK_EXHAUSTED, "no memory for the routes");
    }
    struct dk__app_route *route = app->routes;
    for (size_t i = 0; i < app->service_count; i++) {
        for (const struct dk_app_method *method = methods_of(&services[i]); method->name != NULL;
             method++) {
            if (method->verb != NULL && method->path != NULL) {
                *route = (struct dk__app_route){method->verb, method->path, method};
                route++;
            }
        }
    }
    enum dk_error error = methods_check(services, fault);
    if (dk__app_routes_check(app->routes, fault) != DK_OK) {
        error = DK_INVALID;
    }
    return error;
}

const char *dk__app_role(const struct dk_app *app) {
    const char *const name = app->name == NULL ? "" : app->name;
    return strncmp(name, "dk-", 3) == 0 ? name + 3 : name;
}

uint32_t dk__app_route_of(
    const struct dk__app *app, const struct dk_app_method *method, uint32_t otherwise) {
    for (size_t i = 0; i < app->service_count; i++) {
        const struct dk_app_method *const rows = methods_of(&services_of(app)[i]);
        const size_t count = method_count(&services_of(app)[i]);
        for (size_t at = 0; at < count; at++) {
            if (&rows[at] == method) {
                return app->first_routes[i] + (uint32_t)at;
            }
        }
    }
    return otherwise;
}

static enum dk_error add(
    struct dk__server *server, const struct dk__service *service, struct dk_fault *fault) {
    const enum dk_error error = dk__server_add(server, service);
    if (error != DK_OK) {
        return dk_fault_set(
            fault,
            error,
            "%s: is there already, has a method twice, or is one more than the %d services of a "
            "server",
            service->name,
            DK__SERVICES_MAX);
    }
    return DK_OK;
}

static enum dk_error services_add(
    struct dk__app *app, struct dk__server *server, struct dk_fault *fault) {
    app->callback = (struct dk__service){
        .name = "dapr.proto.runtime.v1.AppCallback",
        .methods = callback_methods,
        .context = app,
        .kind = DK__KIND_APP,
        .owner = dk__app_role(app->config.app)};
    app->callback_alpha = app->callback;
    app->callback_alpha.name = "dapr.proto.runtime.v1.AppCallbackAlpha";
    app->callback_alpha.methods = alpha_methods;
    enum dk_error error = add(server, &app->callback, fault);
    if (error == DK_OK) {
        error = add(server, &app->callback_alpha, fault);
    }
    if (error == DK_OK) {
        error = add(server, &health_service, fault);
    }
    for (size_t i = 0; i < app->service_count && error == DK_OK; i++) {
        const struct dk_app_service *service = &services_of(app)[i];
        struct dk__method *rows = rows_of(service);
        if (rows == NULL) {
            return dk_fault_set(fault, DK_EXHAUSTED, "%s: no memory", service->name);
        }
        app->services[i] = app->callback;
        app->services[i].name = service->name;
        app->services[i].methods = rows;
        app->first_routes[i] = server->route_count;
        error = add(server, &app->services[i], fault);
    }
    return error;
}

enum dk_error dk__app_new(
    struct dk__server *server,
    const struct dk__app_config *config,
    struct dk__app **ret_app,
    struct dk_fault *fault) {
    struct dk__app *app = calloc(1, sizeof *app);
    if (app == NULL) {
        return dk_fault_set(fault, DK_EXHAUSTED, "no memory for the application");
    }
    app->config = *config;
    app->tracer = server->tracer;
    enum dk_error error = routes_make(app, fault);
    if (error == DK_OK || error == DK_INVALID) { /* one text names the faults of all tables */
        const enum dk_error second = dk__app_tables_check(config->app, fault);
        error = error == DK_OK ? second : error;
    }
    if (error == DK_OK) {
        error = services_add(app, server, fault);
    }
    if (error != DK_OK) {
        dk__app_free(app);
        return error;
    }
    *ret_app = app;
    return DK_OK;
}

void dk__app_free(struct dk__app *app) {
    if (app == NULL) {
        return;
    }
    dk__app_tasks_end(app);
    for (size_t i = 0; app->services != NULL && i < app->service_count; i++) {
        free((void *)(uintptr_t)app->services[i].methods);
    }
    free(app->services);
    free(app->first_routes);
    free(app->routes);
    free(app);
}
