#ifndef DK_SERVE_SETTINGS_H
#define DK_SERVE_SETTINGS_H

#include "core/arena.h"
#include "wire/grpc/server.h"

#include <dk/error.h>
#include <dk/option.h>
#include <stdio.h>
#include <sys/types.h>

/*
 * What a component program is told from outside: the command line first, then the environment,
 * then defaults. The rows are one table, which parses, checks and prints --help.
 */
enum dk__action {
    DK__ACTION_SERVE,
    DK__ACTION_CHECK,
    DK__ACTION_HELP,
    DK__ACTION_VERSION,
    DK__ACTION_DESCRIBE_YAML,
    DK__ACTION_DESCRIBE_MARKDOWN,
    DK__ACTION_DESCRIBE_METRICS,
    DK__ACTION_DESCRIBE_OPENAPI, /* an application's */
};

struct dk__settings {
    enum dk__action action;
    const char *socket_dir;
    const char *socket_extension; /* with its dot */
    const char *socket_mode_text;
    mode_t socket_mode;
    const char *socket_group; /* NULL: the process' own */
    gid_t socket_gid;
    const char *rename; /* the socket's name when the program serves one service; or NULL */
    bool restarts_sidecar;
    const char *check_servers; /* host:port, …: what --check wants to reach too; or NULL */
    const char *transport;
    int log_level, log_format;
    int64_t log_repeats_max;
    int64_t drain_ms;
    int64_t spin_us;
    int64_t calls_max, connections_max;
    int64_t request_bytes_max, reply_bytes_max, arena_bytes_max;
    int64_t header_bytes_max, outbox_bytes_max;
    int64_t window_max;
    const char *otlp_endpoint; /* NULL: OpenTelemetry's variables name it, or nothing is traced */
    int64_t trace_queue_max;   /* 0: as those variables say */
    int64_t metrics_port;      /* 0: off */
    const char *metrics_address;
    struct dk__limits limits; /* of the eight *_max, together */
};

/* The rows that an application's program has too; all land in struct dk__settings. */
extern const struct dk_option dk__settings_shared[];
/* DK_METRICS_PORT and DK_METRICS_LISTEN_ADDRESS, behind the command line. */
struct dk__words;
void dk__settings_add_environment(struct dk__words *words);
/* A dk_take_fn; its context is a struct dk__arena. */
void *dk__settings_take(void *context, size_t size);
/* After the rows were parsed: mode, group and limits as numbers. Errors: DK_INVALID. */
enum dk_error dk__settings_finish(
    struct dk__settings *settings, struct dk__arena *arena, struct dk_fault *fault);

/*
 * Reads the command line ("--name value" or "--name=value") and the environment.
 *
 * Owner:  texts lie in the arena. `settings` is zeroed before.
 * Errors: DK_INVALID with every fault in one text; an unknown word names the nearest place to look
 *         (--help). Thread: main.
 */
enum dk_error dk__settings_read(
    int argc,
    char **argv,
    struct dk__arena *arena,
    struct dk__settings *settings,
    struct dk_fault *fault);

/* The text of --help. */
void dk__settings_help(const char *program, FILE *output);

#endif /* DK_SERVE_SETTINGS_H */
