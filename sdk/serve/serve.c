/*
 * The life of a component program, on the main thread, which is also the loop's.
 *
 *     settings ─▶ one server per service ─▶ sockets appear ─▶ loop
 *                                                              │ SIGTERM
 *     exit 0 ◀─ instances close ◀─ listeners close ◀─ calls finish and their answers are read,
 *                                                     at most drain-timeout
 */
#include "core/loop.h"
#include "serve/check.h"
#include "serve/describe.h"
#include "serve/notify.h"
#include "serve/settings.h"
#include "serve/socket.h"
#include "serve/transports.h"
#include "wire/grpc/services.h"
#include "wire/grpc/transport.h"

#include <dk/log.h>
#include <dk/serve.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SERVICES_PER_PROGRAM_MAX = 16, SETTINGS_BYTES_MAX = 65536, EXIT_USAGE = 2 };

struct program;

/* One socket with all that answers on it. */
struct room {
    struct program *program;
    struct dk__socket socket;
    struct dk__server server;
    struct dk__listener *listener;
    struct dk__services *services;
};

struct program {
    const char *name;
    struct dk__settings settings;
    const struct dk__transport *transport;
    struct dk_loop *loop;
    struct room rooms[SERVICES_PER_PROGRAM_MAX];
    size_t room_count;
    sigset_t stop; /* the signals that end it */
    struct dk_timer drain_deadline;
    bool is_draining;
};

static struct program *program_of(struct dk_timer *timer) {
    return (struct program *)(void *)((char *)timer - offsetof(struct program, drain_deadline));
}

static void drain_check(struct program *program) {
    for (size_t i = 0; i < program->room_count; i++) {
        const struct room *room = &program->rooms[i];
        if (room->server.rpcs_open != 0 || !program->transport->is_quiet(room->listener)) {
            return;
        }
    }
    dk__loop_stop(program->loop);
}

static void drain_on_deadline(struct dk_timer *timer) {
    struct program *program = program_of(timer);
    uint64_t open = 0;
    for (size_t i = 0; i < program->room_count; i++) {
        open += program->rooms[i].server.rpcs_open;
    }
    dk_log(
        DK_LOG_WARN,
        "serve",
        "drain-timeout reached, calls and unread answers are cut off",
        "calls=%llu",
        (unsigned long long)open);
    dk__loop_stop(program->loop);
}

/* Calls or connections of one server have ended; the loop stops after this turn. */
static void drain_on_idle(struct dk__server *server) {
    struct room *room = (struct room *)(void *)((char *)server - offsetof(struct room, server));
    drain_check(room->program);
}

static void drain(struct program *program) {
    dk__notify("STOPPING=1");
    program->is_draining = true;
    for (size_t i = 0; i < program->room_count; i++) {
        struct room *room = &program->rooms[i];
        dk__socket_remove(&room->socket); /* first: nobody finds a socket that will not answer */
        room->server.is_draining = true;
        room->server.on_idle = drain_on_idle;
        program->transport->drain(room->listener);
        dk__services_drain(room->services, &room->server);
    }
    if (dk_timer_set(program->loop, &program->drain_deadline, program->settings.drain_ms * 1000) !=
        DK_OK) {
        dk__loop_stop(program->loop);
        return;
    }
    drain_check(program);
}

static void on_signal(void *context, int number) {
    struct program *program = context;
    if (program->is_draining) {
        dk_log(DK_LOG_WARN, "serve", "second signal, stopping at once", "signal=%d", number);
        dk__loop_stop(program->loop);
        return;
    }
    dk_log(DK_LOG_INFO, "serve", "stopping", "signal=%d", number);
    drain(program);
}

static enum dk_error room_open(
    struct program *program,
    struct room *room,
    const struct dk_service *service,
    struct dk_fault *fault) {
    const char *const name =
        program->settings.rename != NULL ? program->settings.rename : service->name;
    char address[sizeof "unix:" + DK__SOCKET_PATH_BYTES];

    if (dk__server_init(&room->server, program->loop, &program->settings.limits) != DK_OK ||
        dk__services_new(&room->server, &service->backends, &room->services) != DK_OK) {
        return dk_fault_set(fault, DK_EXHAUSTED, "%s: no memory to serve", name);
    }
    if (dk__socket_prepare(&room->socket, &program->settings, name, &program->stop, fault) !=
        DK_OK) {
        return fault->error;
    }
    (void)snprintf(address, sizeof address, "unix:%s", room->socket.bind_path);
    if (program->transport->listen(&room->server, address, &room->listener, fault) != DK_OK) {
        return fault->error;
    }
    return dk__socket_publish(&room->socket, &program->settings, fault);
}

/* Accepts a room that was never, or only half, opened. */
static void room_close(struct program *program, struct room *room) {
    dk__socket_remove(&room->socket);
    program->transport->close(room->listener);
    dk__services_free(room->services);
    dk__server_clear(&room->server);
}

static enum dk_error open_all(
    struct program *program, const struct dk_service *services, struct dk_fault *fault) {
    (void)sigemptyset(&program->stop);
    (void)sigaddset(&program->stop, SIGTERM);
    (void)sigaddset(&program->stop, SIGINT);

    if (dk__loop_new(&program->loop, fault) != DK_OK ||
        dk__loop_on_signal(program->loop, &program->stop, on_signal, program, fault) != DK_OK) {
        return fault->error;
    }
    dk__loop_spin(program->loop, program->settings.spin_us);
    for (const struct dk_service *service = services; service->name != NULL; service++) {
        struct room *room = &program->rooms[program->room_count];
        program->room_count++;
        room->program = program;
        if (room_open(program, room, service, fault) != DK_OK) {
            return fault->error;
        }
        dk_log(
            DK_LOG_INFO,
            "serve",
            "socket is ready",
            "path=%s transport=%s",
            room->socket.path,
            program->transport->name);
    }
    return DK_OK;
}

/* What the loop did in its life: a warm process takes no chunk from the heap any more. */
static void log_counts(const struct program *program) {
    if (program->loop == NULL) {
        return;
    }
    const struct dk__loop_counts counts = dk__loop_counts(program->loop);
    dk_log(
        DK_LOG_DEBUG,
        "serve",
        "the loop is closed",
        "turns=%llu waits=%llu ready=%llu chunks_from_heap=%llu",
        (unsigned long long)counts.turns,
        (unsigned long long)counts.waits,
        (unsigned long long)counts.ready,
        (unsigned long long)dk__loop_pool(program->loop)->heap_takes);
}

static int serve(struct program *program, const struct dk_service *services) {
    struct dk_fault fault = {0};
    program->drain_deadline.on_due = drain_on_deadline;
    if (open_all(program, services, &fault) == DK_OK) {
        dk__notify("READY=1");
        if (dk__loop_run(program->loop) != DK_OK) {
            (void)dk_fault_set(&fault, DK_INTERNAL, "the event loop failed");
        }
        dk_timer_stop(program->loop, &program->drain_deadline);
    }
    for (size_t i = 0; i < program->room_count; i++) {
        program->rooms[i].server.on_idle = NULL; /* it would look at rooms that are closed */
    }
    for (size_t i = 0; i < program->room_count; i++) {
        room_close(program, &program->rooms[i]);
    }
    log_counts(program);
    dk__loop_free(program->loop);
    if (fault.error != DK_OK && fault.error != DK_CANCELLED) { /* stopped while it started */
        dk_log(DK_LOG_ERROR, "serve", "cannot serve", "reason=\"%s\"", fault.text);
        return EXIT_FAILURE;
    }
    dk_log(DK_LOG_INFO, "serve", "stopped", NULL);
    return EXIT_SUCCESS;
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
    return DK_OK;
}

static int act(struct program *program, const struct dk_service *services) {
    switch (program->settings.action) {
    case DK__ACTION_HELP:
        dk__settings_help(program->name, stdout);
        return EXIT_SUCCESS;
    case DK__ACTION_VERSION:
        (void)printf("%s %s\n", program->name, DK_VERSION);
        return EXIT_SUCCESS;
    case DK__ACTION_DESCRIBE_YAML:
        dk__describe(services, DK__DESCRIBE_YAML, stdout);
        return EXIT_SUCCESS;
    case DK__ACTION_DESCRIBE_MARKDOWN:
        dk__describe(services, DK__DESCRIBE_MARKDOWN, stdout);
        return EXIT_SUCCESS;
    case DK__ACTION_CHECK:
        return dk__check(&program->settings, services, stdout) ? EXIT_SUCCESS : EXIT_FAILURE;
    case DK__ACTION_SERVE:
        return serve(program, services);
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
    if (dk__settings_read(argc, argv, &arena, &program->settings, &fault) != DK_OK ||
        check_settings(program, services, &fault) != DK_OK) {
        (void)fprintf(stderr, "%s: %s\n", program->name, fault.text);
        code = EXIT_USAGE;
        goto done;
    }
    dk_log_setup(
        (enum dk_log_level)program->settings.log_level,
        (enum dk_log_format)program->settings.log_format,
        program->name);
    (void)signal(SIGPIPE, SIG_IGN); /* a peer that left is an error of its write, not our end */
    code = act(program, services);

done:
    dk__arena_reset(&arena);
    dk__pool_clear(&pool);
    free(program);
    return code;
}
