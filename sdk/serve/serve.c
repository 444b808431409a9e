/*
 * A component program, on the main thread, which is also the loop's.
 *
 *     settings ─▶ one server per service ─▶ sockets appear ─▶ life.c: loop, signals, drain
 *                                                                       │
 *     exit 0 ◀─ instances close ◀─ listeners close ◀────────────────────┘
 */
#include "core/instances.h"
#include "core/log.h"
#include "core/loop.h"
#include "core/metric.h"
#include "core/metric_text.h"
#include "core/process_metrics.h"
#include "core/subscription_metrics.h"
#include "serve/check.h"
#include "serve/component_status.h"
#include "serve/describe.h"
#include "serve/life.h"
#include "serve/mark.h"
#include "serve/monitor.h"
#include "serve/notify.h"
#include "serve/settings.h"
#include "serve/sidecar_restart.h"
#include "serve/socket.h"
#include "serve/tracing.h"
#include "serve/transports.h"
#include "serve/words.h"
#include "wire/grpc/rpc_metrics.h"
#include "wire/grpc/services.h"
#include "wire/grpc/transport.h"

#include <dk/binding.h>
#include <dk/log.h>
#include <dk/pubsub.h>
#include <dk/serve.h>
#include <dk/state.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SERVICES_PER_PROGRAM_MAX = 16, SETTINGS_BYTES_MAX = 65536, EXIT_USAGE = 2 };

/* One socket with all that answers on it. */
struct room {
    struct dk__socket socket;
    struct dk__door door;
    struct dk__services *services;
    struct dk__rpc_metrics *metrics; /* NULL: off */
    struct dk__sidecar_watch watch;
};

struct program {
    const char *name;
    struct dk__settings settings;
    const struct dk__transport *transport;
    struct dk__tracing tracing;
    struct dk__life life;
    struct dk__sidecar_restart restart;
    bool has_lived; /* an earlier life of this program had one of the sockets */
    struct room rooms[SERVICES_PER_PROGRAM_MAX];
    size_t room_count;
    struct dk__component_status status;
    struct dk__monitor *monitor; /* NULL: off */
};

static void program_on_drain(void *context) {
    struct program *program = context;
    for (size_t i = 0; i < program->room_count; i++) {
        struct room *room = &program->rooms[i];
        dk__socket_remove(&room->socket); /* first: nobody finds a socket that will not answer */
        dk__services_drain(room->services, &room->door.server);
    }
}

/* Before the socket appears: a life that anybody has met has left its mark. */
static enum dk_error room_mark(struct program *program, struct room *room, struct dk_fault *fault) {
    bool has_lived = false;
    if (!program->settings.restarts_sidecar) {
        return DK_OK;
    }
    dk__sidecar_watch_begin(&room->watch, &program->restart, &room->door.server);
    if (dk__mark_leave(room->socket.path, &has_lived, fault) != DK_OK) {
        return fault->error;
    }
    program->has_lived |= has_lived;
    return DK_OK;
}

static enum dk_error room_open(
    struct program *program,
    struct room *room,
    const struct dk_service *service,
    struct dk_fault *fault) {
    const char *const name =
        program->settings.rename != NULL ? program->settings.rename : service->name;
    char address[sizeof "unix:" + DK__SOCKET_PATH_BYTES];

    if (dk__life_add(&program->life, &room->door, &program->settings.limits, fault) != DK_OK) {
        return fault->error;
    }
    if (dk__services_new(&room->door.server, &service->backends, &room->services) != DK_OK) {
        return dk_fault_set(fault, DK_EXHAUSTED, "%s: no memory to serve", name);
    }
    if (dk_metrics_are_wanted()) {
        room->metrics = dk__rpc_metrics_new(&room->door.server);
        if (room->metrics == NULL) {
            return dk_fault_set(fault, DK_EXHAUSTED, "%s: no memory for metrics", name);
        }
    }
    if (dk__socket_prepare(&room->socket, &program->settings, name, &program->life.stop, fault) !=
        DK_OK) {
        return fault->error;
    }
    (void)snprintf(address, sizeof address, "unix:%s", room->socket.bind_path);
    if (dk__life_listen(&room->door, program->transport, address, room->socket.path, fault) !=
            DK_OK ||
        room_mark(program, room, fault) != DK_OK) {
        return fault->error;
    }
    return dk__socket_publish(&room->socket, &program->settings, fault);
}

/* Every family of the program: its backends' tables beside the SDK's. */
static void metrics_add(const char *name, const struct dk_service *services) {
    dk__process_metrics_begin(name);
    dk_metrics_add(dk__component_metrics);
    dk_metrics_add(dk__instance_metrics);
    dk_metrics_add(dk__subscription_metrics_table);
    dk_metrics_add(dk__grpc_metrics);
    for (const struct dk_service *service = services; service->name != NULL; service++) {
        const struct dk_backends *const backends = &service->backends;
        struct dk_metric *const tables[] = {
            backends->state != NULL ? backends->state->base.metrics : NULL,
            backends->pubsub != NULL ? backends->pubsub->base.metrics : NULL,
            backends->input_binding != NULL ? backends->input_binding->base.metrics : NULL,
            backends->output_binding != NULL ? backends->output_binding->base.metrics : NULL};
        for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
            if (tables[i] != NULL) {
                dk_metrics_add(tables[i]);
            }
        }
    }
}

static enum dk_error monitor_open(struct program *program, struct dk_fault *fault) {
    struct dk__component_status *const status = &program->status;
    if (!dk_metrics_are_wanted()) {
        return DK_OK;
    }
    const struct dk__monitor_config config = {
        .loop = program->life.loop,
        .program = program->name,
        .address = program->settings.metrics_address,
        .port = (int)program->settings.metrics_port,
        .check = dk__component_status_check,
        .write_status = dk__component_status_write,
        .context = status};
    status->life = &program->life;
    return dk__monitor_open(&config, &program->monitor, fault);
}

static enum dk_error open_all(
    struct program *program, const struct dk_service *services, struct dk_fault *fault) {
    /* The exporter after the life, which has taken the signals: its threads must not get them. */
    if (dk__life_open(&program->life, fault) != DK_OK ||
        dk__tracing_open(&program->tracing, fault) != DK_OK) {
        return fault->error;
    }
    program->life.tracer = program->tracing.tracer;
    dk__loop_spin(program->life.loop, program->settings.spin_us);
    /* First: a port that is taken ends the program before daprd has found a socket. */
    if (monitor_open(program, fault) != DK_OK) {
        return fault->error;
    }
    for (const struct dk_service *service = services; service->name != NULL; service++) {
        struct room *room = &program->rooms[program->room_count];
        program->room_count++;
        if (room_open(program, room, service, fault) != DK_OK) {
            return fault->error;
        }
        program->status.rooms[program->status.room_count] =
            (struct dk__status_room){.path = room->socket.path, .services = room->services};
        program->status.room_count++;
        dk_log(
            DK_LOG_INFO,
            "serve",
            "socket is ready",
            "path=%s transport=%s",
            room->socket.path,
            program->transport->name);
    }
    return program->has_lived ? dk__sidecar_restart_begin(&program->restart, fault) : DK_OK;
}

/* Accepts rooms that were never, or only half, opened. */
static void close_all(struct program *program) {
    dk__sidecar_restart_end(&program->restart);
    dk__component_status_end(&program->status);
    dk__monitor_close(program->monitor);
    for (size_t i = 0; i < program->room_count; i++) {
        dk__socket_remove(&program->rooms[i].socket);
    }
    dk__life_shut(&program->life);
    for (size_t i = 0; i < program->room_count; i++) {
        dk__services_free(program->rooms[i].services);
        dk__rpc_metrics_free(program->rooms[i].metrics);
    }
    dk__life_close(&program->life);
}

static int serve(struct program *program, const struct dk_service *services) {
    struct dk_fault fault = {0};
    if (program->settings.metrics_port != 0) {
        dk__metrics_want(true);
        metrics_add(program->name, services);
    }
    program->life.drain_ms = program->settings.drain_ms;
    program->life.on_drain = program_on_drain;
    program->life.context = program;
    if (open_all(program, services, &fault) == DK_OK) {
        dk__notify("READY=1");
        (void)dk__life_run(&program->life, &fault);
    }
    close_all(program);
    dk__tracing_close(&program->tracing);
    return dk__life_end(&fault);
}

static enum dk_error check_settings(
    struct program *program, const struct dk_service *services, struct dk_fault *fault) {
    size_t count = 0;
    while (services[count].name != NULL) {
        count++;
    }
    if (count > SERVICES_PER_PROGRAM_MAX) {
        return dk_fault_set(
            fault, DK_INVALID, "more than %d services in one program", SERVICES_PER_PROGRAM_MAX);
    }
    if (program->settings.rename != NULL && count != 1) {
        return dk_fault_set(
            fault, DK_INVALID, "name: this program serves %zu sockets, --name is for one", count);
    }
    program->transport = dk__transport_named(program->settings.transport);
    if (program->transport == NULL) {
        return dk_fault_set(
            fault,
            DK_INVALID,
            "transport: '%s' is not in this build, which has: %s",
            program->settings.transport,
            dk__transport_names);
    }
    return program->settings.restarts_sidecar
               ? dk__sidecar_restart_read(&program->restart, dk__look_up_environment, NULL, fault)
               : DK_OK;
}

static int act(struct program *program, const struct dk_service *services) {
    switch (program->settings.action) {
    case DK__ACTION_HELP:
        dk__settings_help(program->name, stdout);
        return EXIT_SUCCESS;
    case DK__ACTION_VERSION:
        dk__words_version(program->name, stdout);
        (void)putchar('\n');
        return EXIT_SUCCESS;
    case DK__ACTION_DESCRIBE_YAML:
        dk__describe(services, DK__DESCRIBE_YAML, stdout);
        return EXIT_SUCCESS;
    case DK__ACTION_DESCRIBE_MARKDOWN:
        dk__describe(services, DK__DESCRIBE_MARKDOWN, stdout);
        return EXIT_SUCCESS;
    case DK__ACTION_DESCRIBE_METRICS:
        metrics_add(program->name, services);
        dk__metrics_describe(program->name, stdout);
        return EXIT_SUCCESS;
    case DK__ACTION_CHECK:
        return dk__check(&program->settings, services, stdout) ? EXIT_SUCCESS : EXIT_FAILURE;
    case DK__ACTION_SERVE:
        return serve(program, services);
    case DK__ACTION_DESCRIBE_OPENAPI:
        break; /* no word of a component */
    }
    return EXIT_FAILURE;
}

int dk_serve(int argc, char **argv, const struct dk_service *services) {
    struct dk__pool pool = {0};
    struct dk__arena arena = {.pool = &pool, .bytes_max = SETTINGS_BYTES_MAX};
    struct dk_fault fault = {0};
    struct program *program = calloc(1, sizeof *program);
    int code = EXIT_FAILURE;

    if (program == NULL) {
        (void)fprintf(stderr, "%s: no memory\n", argv[0]);
        return EXIT_FAILURE;
    }
    const char *const slash = strrchr(argv[0], '/');
    program->name = slash == NULL ? argv[0] : slash + 1;
    dk__build_set_version(services[0].version);
    if (dk__settings_read(argc, argv, &arena, &program->settings, &fault) != DK_OK ||
        check_settings(program, services, &fault) != DK_OK ||
        (program->settings.action == DK__ACTION_SERVE && dk__tracing_read(
                                                             &program->tracing,
                                                             dk__look_up_environment,
                                                             NULL,
                                                             program->name,
                                                             &program->settings,
                                                             &arena,
                                                             &fault) != DK_OK)) {
        (void)fprintf(stderr, "%s: %s\n", program->name, fault.text);
        code = EXIT_USAGE;
        goto done;
    }
    dk_log_setup(
        (enum dk_log_level)program->settings.log_level,
        (enum dk_log_format)program->settings.log_format,
        program->name);
    dk__log_hold_after((uint32_t)program->settings.log_repeats_max);
    (void)signal(SIGUSR1, SIG_IGN); /* until the loop takes it: it must not end us */
    (void)signal(SIGPIPE, SIG_IGN); /* a peer that left is an error of its write, not our end */
    code = act(program, services);

done:
    dk__arena_reset(&arena);
    dk__pool_clear(&pool);
    free(program);
    return code;
}
