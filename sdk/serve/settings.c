/*
 * The settings of a component program, and those that it shares with an application's. Runs once,
 * before anything is served.
 */
#include "serve/settings.h"

#include "serve/words.h"

#include <grp.h>
#include <stdlib.h>
#include <string.h>

enum { GROUP_BUFFER_BYTES = 16384 };

static const char *const level_words[] = {"debug", "info", "warn", "error", NULL};
static const char *const format_words[] = {"text", "json", NULL};

#define AT(field, ctype) DK_FIELD(struct dk__settings, field, ctype)

/* clang-format off */
const struct dk_option dk__settings_shared[] = {
    /* name, type, where, default, min, max, flags, help */
    {"socket-mode", DK_TEXT, AT(socket_mode_text, const char *), "0660", 3, 4, 0,
     "Permissions of the sockets, octal."},
    {"socket-group", DK_TEXT, AT(socket_group, const char *), NULL, 1, 64, 0,
     "Group of the sockets, by name or number; the process' own when not given."},
    {"log-level", DK_ENUM, AT(log_level, int), "info", 0, 0, 0,
     "Least level that is logged. SIGUSR1 turns debug on in a running process, and off again.", NULL, level_words},
    {"log-format", DK_ENUM, AT(log_format, int), "text", 0, 0, 0,
     "Log lines for people, or in Dapr's JSON.", NULL, format_words},
    {"log-repeats-max", DK_INT, AT(log_repeats_max, int64_t), "100", 0, 1000000, 0,
     "Lines of one scope and message written in 10 s; the rest is counted and told in one line. 0: no bound."},
    {"drain-timeout", DK_DURATION_MS, AT(drain_ms, int64_t), "4s", 0, 600000, 0,
     "How long SIGTERM lets calls finish and callers read their answers."},
    {"calls-max", DK_INT, AT(calls_max, int64_t), "1024", 1, 65536, 0,
     "Calls in flight, one connection; more are refused."},
    {"connections-max", DK_INT, AT(connections_max, int64_t), "128", 1, 65536, 0,
     "Connections to one socket; more wait."},
    {"request-bytes-max", DK_INT, AT(request_bytes_max, int64_t), "16777216", 1024, 1073741824, 0,
     "Largest message accepted."},
    {"reply-bytes-max", DK_INT, AT(reply_bytes_max, int64_t), "4194304", 1024, 1073741824, 0,
     "Largest message sent; daprd takes 4 MiB."},
    {"arena-bytes-max", DK_INT, AT(arena_bytes_max, int64_t), "37748736", 16384, 2147483647, 0,
     "Memory of one call, its request included."},
    {"outbox-bytes-max", DK_INT, AT(outbox_bytes_max, int64_t), "8388608", 65536, 1073741824, 0,
     "Unwritten bytes of one connection; at the bound it is no longer read."},
    {"otlp-endpoint", DK_TEXT, AT(otlp_endpoint, const char *), NULL, 1, 512, 0,
     "Collector of traces, by OTLP/gRPC: http://host:port, https://host:port or unix:/path. Nothing is traced without it. Also OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, OTEL_EXPORTER_OTLP_ENDPOINT; OpenTelemetry's other variables count too."},
    {"trace-queue-max", DK_INT, AT(trace_queue_max, int64_t), NULL, 1, 1048576, 0,
     "Finished spans that wait for the collector, 2048 when not given; more are dropped and counted. Also OTEL_BSP_MAX_QUEUE_SIZE."},
    {"metrics-port", DK_INT, AT(metrics_port, int64_t), "0", 0, 65535, 0,
     "Port of /metrics, /healthz, /readyz and /statusz by HTTP; 0: none. Also DK_METRICS_PORT."},
    {"metrics-listen-address", DK_TEXT, AT(metrics_address, const char *), "127.0.0.1", 2, 64, 0,
     "Numeric address of that port. Also DK_METRICS_LISTEN_ADDRESS."},
    DK_OPTION_END,
};

static const struct dk_option component_rows[] = {
    {"socket-dir", DK_TEXT, AT(socket_dir, const char *), "/tmp/dapr-components-sockets", 1, 100, 0,
     "Folder of the sockets; made when it is missing. Also DAPR_COMPONENT_SOCKETS_FOLDER, DAPR_COMPONENTS_SOCKETS_FOLDER."},
    {"socket-extension", DK_TEXT, AT(socket_extension, const char *), ".sock", 1, 16, 0,
     "End of a socket's file name. Also DAPR_COMPONENTS_SOCKETS_EXTENSION."},
    {"name", DK_TEXT, AT(rename, const char *), NULL, 1, 64, 0,
     "Name of the socket and so of the component type; 'redis' takes the place of the built-in state.redis."},
    {"restart-sidecar", DK_BOOL, AT(restarts_sidecar, bool), "false", 0, 0, 0,
     "After a restart of this program, have the sidecar at DAPR_GRPC_PORT shut down (DAPR_API_TOKEN): its supervisor starts it anew, and it initialises every component again."},
    {"check-server", DK_TEXT, AT(check_servers, const char *), NULL, 3, 2048, 0,
     "host:port, several separated by commas: --check fails until one of them takes a TCP connection, so that a probe keeps daprd from starting before its server."},
    {"transport", DK_TEXT, AT(transport, const char *), "h2", 1, 8, 0,
     "How gRPC is served: h2 (nghttp2), or core (gRPC C core) in a -core build."},
    {"spin-us", DK_INT, AT(spin_us, int64_t), "0", 0, 1000, 0,
     "Microseconds to poll before sleeping: lower latency for a busy core."},
    {"header-bytes-max", DK_INT, AT(header_bytes_max, int64_t), "32768", 4096, 1048576, 0,
     "Largest header list accepted."},
    {"window-max", DK_INT, AT(window_max, int64_t), "256", 1, 65535, 0,
     "Messages of one subscription that daprd has not settled; at the bound no more are delivered."},
    DK_OPTION_END,
};
/* clang-format on */

static const char *const describe_words[] = {"yaml", "markdown", "metrics", NULL};
_Static_assert(
    DK__ACTION_DESCRIBE_MARKDOWN == DK__ACTION_DESCRIBE_YAML + 1 &&
        DK__ACTION_DESCRIBE_METRICS == DK__ACTION_DESCRIBE_YAML + 2,
    "as the words");

static const struct dk__word_action action_rows[] = {
    {"--help", DK__ACTION_HELP, "Prints this text."},
    {"--version", DK__ACTION_VERSION, "Prints the version."},
    {"--check", DK__ACTION_CHECK, "Connects to the running program as daprd does, and explains."},
    {"--describe",
     DK__ACTION_DESCRIBE_YAML,
     "yaml, markdown or metrics: prints the settings of the component, or what it counts.",
     describe_words},
    {0},
};

static enum dk_error read_mode(struct dk__settings *settings, struct dk_fault *fault) {
    char *end = NULL;
    const unsigned long mode = strtoul(settings->socket_mode_text, &end, 8);
    if (*end != '\0' || mode == 0 || mode > 0777) {
        return dk_fault_set(
            fault,
            DK_INVALID,
            "socket-mode: '%s' is no octal mode between 0001 and 0777",
            settings->socket_mode_text);
    }
    settings->socket_mode = (mode_t)mode;
    return DK_OK;
}

static enum dk_error read_group(
    struct dk__settings *settings, struct dk__arena *arena, struct dk_fault *fault) {
    settings->socket_gid = (gid_t)-1;
    if (settings->socket_group == NULL) {
        return DK_OK;
    }
    int64_t number = 0;
    if (dk_integer_parse(dk_bytes_of(settings->socket_group), &number) && number >= 0 &&
        number < (int64_t)UINT32_MAX) {
        settings->socket_gid = (gid_t)number;
        return DK_OK;
    }
    char *buffer = dk__arena_take_bytes(arena, GROUP_BUFFER_BYTES);
    struct group group, *found = NULL;
    if (buffer == NULL ||
        getgrnam_r(settings->socket_group, &group, buffer, GROUP_BUFFER_BYTES, &found) != 0 ||
        found == NULL) {
        return dk_fault_set(
            fault, DK_INVALID, "socket-group: '%s' is no group here", settings->socket_group);
    }
    settings->socket_gid = found->gr_gid;
    return DK_OK;
}

static enum dk_error check_names(const struct dk__settings *settings, struct dk_fault *fault) {
    if (settings->rename != NULL && strchr(settings->rename, '/') != NULL) {
        return dk_fault_set(
            fault, DK_INVALID, "name: '%s' has a '/', it is a file name", settings->rename);
    }
    if (settings->socket_extension[0] != '.' || strchr(settings->socket_extension, '/') != NULL) {
        return dk_fault_set(
            fault,
            DK_INVALID,
            "socket-extension: '%s' does not begin with a dot or has a '/'",
            settings->socket_extension);
    }
    return DK_OK;
}

void *dk__settings_take(void *context, size_t size) {
    return dk__arena_take(context, size);
}

static void gather_limits(struct dk__settings *settings) {
    settings->limits = (struct dk__limits){
        .request_bytes_max = (size_t)settings->request_bytes_max,
        .reply_bytes_max = (size_t)settings->reply_bytes_max,
        .arena_bytes_max = (size_t)settings->arena_bytes_max,
        .header_bytes_max = (size_t)settings->header_bytes_max,
        .outbox_bytes_max = (size_t)settings->outbox_bytes_max,
        .calls_max = (uint32_t)settings->calls_max,
        .connections_max = (uint32_t)settings->connections_max,
        .window_max = (uint32_t)settings->window_max,
    };
}

static const struct dk__words program_words = {
    .actions = action_rows, .tables = {dk__settings_shared, component_rows}};

void dk__settings_add_environment(struct dk__words *words) {
    dk__words_add_variable(words, "DK_METRICS_PORT", "metrics-port");
    dk__words_add_variable(words, "DK_METRICS_LISTEN_ADDRESS", "metrics-listen-address");
}

/* Behind the command line, in this order: the injector writes the singular name, daprd reads the
 * plural one. */
static void add_environment(struct dk__words *words) {
    dk__settings_add_environment(words);
    dk__words_add_variable(words, "DAPR_COMPONENT_SOCKETS_FOLDER", "socket-dir");
    dk__words_add_variable(words, "DAPR_COMPONENTS_SOCKETS_FOLDER", "socket-dir");
    dk__words_add_variable(words, "DAPR_COMPONENTS_SOCKETS_EXTENSION", "socket-extension");
}

enum dk_error dk__settings_finish(
    struct dk__settings *settings, struct dk__arena *arena, struct dk_fault *fault) {
    (void)read_mode(settings, fault);
    (void)read_group(settings, arena, fault);
    gather_limits(settings);
    return fault->error;
}

enum dk_error dk__settings_read(
    int argc,
    char **argv,
    struct dk__arena *arena,
    struct dk__settings *settings,
    struct dk_fault *fault) {
    struct dk__words words = program_words;
    int action = DK__ACTION_SERVE;

    if (dk__words_read(&words, argc, argv, &action, fault) != DK_OK) {
        return fault->error;
    }
    settings->action = (enum dk__action)action;
    add_environment(&words);
    const struct dk_pairs properties = dk__words_pairs(&words);
    (void)dk_options_parse(
        dk__settings_shared, properties, settings, dk__settings_take, arena, fault);
    if (dk_options_parse(component_rows, properties, settings, dk__settings_take, arena, fault) !=
        DK_OK) {
        return fault->error;
    }
    (void)dk__settings_finish(settings, arena, fault);
    (void)check_names(settings, fault);
    return fault->error;
}

void dk__settings_help(const char *program, FILE *output) {
    (void)fprintf(
        output,
        "%s serves Dapr components on Unix sockets.\n\nUsage: %s [option …]\n\n",
        program,
        program);
    dk__words_help(&program_words, output);
    (void)fprintf(output, "\nSIGTERM and SIGINT stop it: calls in flight finish first.\n");
}
