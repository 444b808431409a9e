/*
 * An application's program, on the main thread, which is also the loop's.
 *
 *     settings ─▶ workers ─▶ services and routes ─▶ open, on a worker ─▶ port ─▶ life.c
 *                                                                                  │ SIGTERM, drain
 *     exit 0 ◀─ close ◀─ listeners close ◀─ handlers are told and have HANDLERS_END_US ◀┘
 */
#include "core/log.h"
#include "core/loop.h"
#include "core/metric.h"
#include "core/metric_text.h"
#include "core/process_metrics.h"
#include "core/workers.h"
#include "serve/app_settings.h"
#include "serve/app_status.h"
#include "serve/life.h"
#include "serve/monitor.h"
#include "serve/notify.h"
#include "serve/socket.h"
#include "serve/tracing.h"
#include "serve/transports.h"
#include "serve/words.h"
#include "wire/daprd/daprd.h"
#include "wire/grpc/app.h"
#include "wire/grpc/rpc_metrics.h"
#include "wire/grpc/services.h"
#include "wire/grpc/transport.h"
#include "wire/pbc/descriptors.h"
#include "wire/pbc/openapi.h"

#include <dk/log.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    SETTINGS_BYTES_MAX = 65536,
    ADDRESS_BYTES_MAX = 128,
    HANDLERS_END_US = 2000 * 1000, /* for handlers that heard that they are over */
    HANDLERS_LOOK_US = 20 * 1000,
    EXIT_USAGE = 2,
};

struct program {
    const struct dk_app *app;
    struct dk__app_settings settings;
    struct dk__daprd_settings sidecar;
    struct dk__daprd *daprd;
    struct dk__server_tls tls;
    struct dk__tracing tracing;
    struct dk__life life;
    struct dk__door door;
    struct dk__workers *workers;
    struct dk__app *services;
    struct dk__app_opening opening;
    struct dk__socket socket;
    struct dk__rpc_metrics *metrics; /* NULL: off */
    struct dk__app_status status;
    struct dk__monitor *monitor; /* NULL: off */
    bool is_opening, has_opened;
};

static void program_on_drain(void *context) {
    struct program *program = context;
    dk__socket_remove(&program->socket);
    dk__health_drain(&program->door.server);
    if (program->is_opening) { /* its call is over; nothing is served yet */
        dk__daprd_close(program->daprd);
        dk__workers_stop(program->workers);
    }
}

/* ── start ──────────────────────────────────────────────────────────────────────────────────── */

static enum dk_error services_make(struct program *program, struct dk_fault *fault) {
    const struct dk_app *app = program->app;
    struct dk__server *server = &program->door.server;
    const struct dk__app_settings *settings = &program->settings;
    const struct dk__app_config config = {
        .app = app,
        .workers = program->workers,
        .daprd = program->daprd,
        .token = settings->token,
        .handler_us = settings->handler_ms * 1000,
    };
    if (dk__reflection_add(
            server, app->descriptors != NULL ? app->descriptors : &dk__callback_protos) != DK_OK ||
        dk__health_add(server) != DK_OK) {
        return dk_fault_set(fault, DK_EXHAUSTED, "%s: no memory to serve", app->name);
    }
    return dk__app_new(server, &config, &program->services, fault);
}

static void program_on_opened(struct dk__app_opening *opening, const struct dk_fault *fault) {
    struct program *program =
        (struct program *)(void *)((char *)opening - offsetof(struct program, opening));
    program->is_opening = false;
    program->has_opened = fault->error == DK_OK;
}

/* The application's open, on a worker, so that a signal is heard meanwhile. */
static enum dk_error open_shared(struct program *program, struct dk_fault *fault) {
    struct dk__app_opening *opening = &program->opening;
    if (program->app->open == NULL) {
        return DK_OK;
    }
    opening->open = program->app->open;
    opening->config = program->settings.own;
    opening->on_opened = program_on_opened;
    opening->arena_bytes_max = program->settings.base.limits.arena_bytes_max;
    program->is_opening = true;
    if (dk__app_open(program->services, opening, fault) != DK_OK) {
        program->is_opening = false;
        return fault->error;
    }
    while (program->is_opening) {
        if (dk__loop_turn(program->life.loop, -1) != DK_OK) {
            return dk_fault_set(fault, DK_INTERNAL, "the event loop failed");
        }
    }
    if (program->life.is_draining) {
        return dk_fault_set(fault, DK_CANCELLED, "open: stopped");
    }
    if (!program->has_opened) { /* whatever it was: it is no stop */
        return dk_fault_set(fault, DK_UNAVAILABLE, "%s", opening->call.fault.text);
    }
    return DK_OK;
}

/* Named on the command line, or what is fastest there: gRPC core sends each answer by itself and on a
 * thread more, but has TLS. */
static const struct dk__transport *transport_of(const struct program *program) {
    const char *name = program->settings.base.transport;
    if (name == NULL) {
        name = program->door.server.tls != NULL ? "core" : "h2";
    }
    return dk__transport_named(name);
}

static enum dk_error listen_at(
    struct program *program, const char *address, struct dk_fault *fault) {
    const struct dk__transport *transport = transport_of(program);
    if (dk__life_listen(&program->door, transport, address, address, fault) != DK_OK) {
        return fault->error;
    }
    dk_log(
        DK_LOG_INFO,
        "serve",
        "address is ready",
        "address=%s transport=%s tls=%s",
        address,
        transport->name,
        program->door.server.tls != NULL ? "yes" : "no");
    return DK_OK;
}

static enum dk_error listen_port(struct program *program, struct dk_fault *fault) {
    const struct dk__app_settings *settings = &program->settings;
    const bool is_bare_v6 = strchr(settings->address, ':') != NULL && settings->address[0] != '[';
    char address[ADDRESS_BYTES_MAX];
    if (settings->tls_certificate != NULL) {
        program->tls = (struct dk__server_tls){
            .certificate_path = settings->tls_certificate,
            .key_path = settings->tls_key,
            .client_ca_path = settings->tls_client_ca,
        };
        program->door.server.tls = &program->tls;
    }
    (void)snprintf(
        address,
        sizeof address,
        is_bare_v6 ? "[%s]:%d" : "%s:%d",
        settings->address,
        (int)settings->port);
    const enum dk_error error = listen_at(program, address, fault);
    program->door.server.tls = NULL;
    return error;
}

/* As a component's: made in a folder of its own, renamed when it answers. */
static enum dk_error listen_socket(struct program *program, struct dk_fault *fault) {
    struct dk__settings place = program->settings.base;
    char folder[ADDRESS_BYTES_MAX], address[sizeof "unix:" + DK__SOCKET_PATH_BYTES];
    const char *slash = strrchr(program->settings.unix_socket, '/');
    (void)snprintf(
        folder,
        sizeof folder,
        "%.*s",
        slash == program->settings.unix_socket ? 1 : (int)(slash - program->settings.unix_socket),
        program->settings.unix_socket);
    place.socket_dir = folder;
    place.socket_extension = "";
    if (dk__socket_prepare(&program->socket, &place, slash + 1, &program->life.stop, fault) !=
        DK_OK) {
        return fault->error;
    }
    (void)snprintf(address, sizeof address, "unix:%s", program->socket.bind_path);
    const char *path = program->socket.path;
    if (dk__life_listen(&program->door, transport_of(program), address, path, fault) != DK_OK ||
        dk__socket_publish(&program->socket, &place, fault) != DK_OK) {
        return fault->error;
    }
    dk_log(DK_LOG_INFO, "serve", "socket is ready", "path=%s", program->socket.path);
    return DK_OK;
}

static void metrics_add(const struct dk_app *app) {
    dk__process_metrics_begin(app->name);
    dk_metrics_add(dk__app_metrics);
    dk_metrics_add(dk__grpc_metrics);
    if (app->metrics != NULL) {
        dk_metrics_add(app->metrics);
    }
}

/* Before the application opens: who looks sees why it takes its time. */
static enum dk_error monitor_open(struct program *program, struct dk_fault *fault) {
    if (!dk_metrics_are_wanted()) {
        return DK_OK;
    }
    const struct dk__monitor_config config = {
        .loop = program->life.loop,
        .program = program->app->name,
        .address = program->settings.base.metrics_address,
        .port = (int)program->settings.base.metrics_port,
        .check = dk__app_status_check,
        .write_status = dk__app_status_write,
        .context = &program->status};
    program->status = (struct dk__app_status){
        .life = &program->life,
        .settings = &program->settings,
        .workers = program->workers,
        .daprd = program->daprd};
    program->metrics = dk__rpc_metrics_new(&program->door.server);
    if (program->metrics == NULL) {
        return dk_fault_set(fault, DK_EXHAUSTED, "%s: no memory for metrics", program->app->name);
    }
    dk__app_status_begin(&program->status, dk__app_role(program->app));
    return dk__monitor_open(&config, &program->monitor, fault);
}

static enum dk_error start(struct program *program, struct dk_fault *fault) {
    const struct dk__app_settings *settings = &program->settings;
    /* The exporter after the life, which has taken the signals: its threads must not get them. */
    if (dk__life_open(&program->life, fault) != DK_OK ||
        dk__tracing_open(&program->tracing, fault) != DK_OK) {
        return fault->error;
    }
    program->life.tracer = program->tracing.tracer;
    if (dk__life_add(&program->life, &program->door, &settings->base.limits, fault) != DK_OK ||
        dk__workers_new(
            program->life.loop,
            (uint32_t)settings->handlers_max,
            (uint32_t)settings->handler_queue_max,
            &program->workers,
            fault) != DK_OK ||
        dk__daprd_new(&program->sidecar, &program->daprd, fault) != DK_OK ||
        services_make(program, fault) != DK_OK || monitor_open(program, fault) != DK_OK ||
        open_shared(program, fault) != DK_OK) {
        return fault->error;
    }
    if (settings->unix_socket != NULL && listen_socket(program, fault) != DK_OK) {
        return fault->error;
    }
    if (settings->port != 0 && listen_port(program, fault) != DK_OK) {
        return fault->error;
    }
    program->status.is_serving = true;
    return dk__app_tasks_begin(
        program->services, program->life.loop, settings->base.limits.arena_bytes_max, fault);
}

/* ── end ────────────────────────────────────────────────────────────────────────────────────── */

/* Handlers still at work after the drain hear that they are over. One that does not listen keeps
 * its memory for ever, so the process cannot end in order: it ends all the same. */
static void handlers_end(struct program *program) {
    if (program->workers == NULL) {
        return;
    }
    if (program->daprd != NULL) {
        dk__daprd_close(program->daprd);
    }
    dk__workers_stop(program->workers);
    const int64_t until_us = dk_loop_now_us(program->life.loop) + HANDLERS_END_US;
    uint32_t running = dk__workers_counts(program->workers).running;
    while (running > 0 && dk_loop_now_us(program->life.loop) < until_us &&
           dk__loop_turn(program->life.loop, HANDLERS_LOOK_US) == DK_OK) {
        running = dk__workers_counts(program->workers).running;
    }
    if (running > 0) {
        dk_log(
            DK_LOG_ERROR,
            "serve",
            "handlers do not end, the program ends without them",
            "handlers=%u",
            running);
        dk__log_flush_all();
        _exit(EXIT_FAILURE);
    }
    dk__workers_free(program->workers);
}

static int serve(struct program *program) {
    struct dk_fault fault = {0};
    if (program->settings.base.metrics_port != 0) {
        dk__metrics_want(true);
        metrics_add(program->app);
    }
    program->life.drain_ms = program->settings.base.drain_ms;
    program->life.on_drain = program_on_drain;
    program->life.context = program;
    if (start(program, &fault) == DK_OK) {
        dk__notify("READY=1");
        (void)dk__life_run(&program->life, &fault);
    }
    dk__socket_remove(&program->socket);
    dk__monitor_close(program->monitor);
    dk__app_status_end(&program->status);
    handlers_end(program);
    dk__life_shut(&program->life);
    dk__rpc_metrics_free(program->metrics);
    dk__app_free(program->services);
    if (program->has_opened && program->app->close != NULL) {
        program->app->close(program->opening.shared);
    }
    dk__daprd_free(program->daprd);
    dk__life_close(&program->life);
    dk__tracing_close(&program->tracing);
    return dk__life_end(&fault);
}

static int describe(const struct dk_app *app) {
    static const struct dk_app_service none[] = {{0}};
    const struct dk__openapi page = {
        .title = app->name,
        .version = dk__build_version(),
        .app_id = dk__app_role(app),
        .services = app->services != NULL ? app->services : none,
        .comments = {
            .find = app->descriptors != NULL ? dk__descriptor_comment : NULL,
            .context = app->descriptors}};
    char *text = dk__openapi_write(&page);
    if (text == NULL) {
        (void)fprintf(stderr, "%s: no memory for the page\n", app->name);
        return EXIT_FAILURE;
    }
    (void)puts(text);
    free(text);
    return EXIT_SUCCESS;
}

static int act(struct program *program) {
    switch (program->settings.base.action) {
    case DK__ACTION_HELP:
        dk__app_settings_help(program->app, stdout);
        return EXIT_SUCCESS;
    case DK__ACTION_VERSION:
        dk__words_version(program->app->name, stdout);
        (void)putchar('\n');
        return EXIT_SUCCESS;
    case DK__ACTION_SERVE:
        return serve(program);
    case DK__ACTION_DESCRIBE_OPENAPI:
        return describe(program->app);
    case DK__ACTION_DESCRIBE_METRICS:
        metrics_add(program->app);
        dk__metrics_describe(program->app->name, stdout);
        return EXIT_SUCCESS;
    case DK__ACTION_CHECK:
    case DK__ACTION_DESCRIBE_YAML:
    case DK__ACTION_DESCRIBE_MARKDOWN:
        break; /* no words of an application */
    }
    return EXIT_FAILURE;
}

static enum dk_error settings_read(
    struct program *program,
    int argc,
    char **argv,
    struct dk__arena *arena,
    struct dk_fault *fault) {
    struct dk__app_settings *settings = &program->settings;
    if (dk__app_settings_read(program->app, argc, argv, arena, settings, fault) != DK_OK ||
        settings->base.action != DK__ACTION_SERVE) {
        return fault->error;
    }
    (void)dk__daprd_settings_read(dk__look_up_environment, NULL, &program->sidecar, fault);
    if (dk__tracing_read(
            &program->tracing,
            dk__look_up_environment,
            NULL,
            program->app->name,
            &settings->base,
            arena,
            fault) != DK_OK) {
        return fault->error;
    }
    if (transport_of(program) == NULL) {
        return dk_fault_set(
            fault,
            DK_INVALID,
            "transport: '%s' is none of: %s",
            settings->base.transport,
            dk__transport_names);
    }
    return DK_OK;
}

int dk_app_run(const struct dk_app *app, int argc, char **argv) {
    struct dk__pool pool = {0};
    struct dk__arena arena = {.pool = &pool, .bytes_max = SETTINGS_BYTES_MAX + app->config_size};
    struct dk_fault fault = {0};
    struct program *program = calloc(1, sizeof *program);
    int code = EXIT_FAILURE;

    if (program == NULL) {
        (void)fprintf(stderr, "%s: no memory\n", app->name);
        return EXIT_FAILURE;
    }
    program->app = app;
    dk__build_set_version(app->version);
    if (settings_read(program, argc, argv, &arena, &fault) != DK_OK) {
        (void)fprintf(stderr, "%s: %s\n", app->name, fault.text);
        code = EXIT_USAGE;
        goto done;
    }
    dk_log_setup(
        (enum dk_log_level)program->settings.base.log_level,
        (enum dk_log_format)program->settings.base.log_format,
        app->name);
    dk__log_hold_after((uint32_t)program->settings.base.log_repeats_max);
    (void)signal(SIGUSR1, SIG_IGN); /* until the loop takes it: it must not end us */
    (void)signal(SIGPIPE, SIG_IGN); /* a peer that left is an error of its write, not our end */
    code = act(program);

done:
    dk__arena_reset(&arena);
    dk__pool_clear(&pool);
    free(program);
    return code;
}
