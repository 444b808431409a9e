/*
 * The settings of a component program. Runs once, before anything is served.
 *
 *     argv ───▶ pairs ─┐
 *     environment ─────┼─▶ the rows below ─▶ struct dk__settings
 *     defaults ────────┘
 */
#include "serve/settings.h"

#include <dk/log.h>
#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { ARGUMENTS_MAX = 64, GROUP_BUFFER_BYTES = 16384 };

static const char *const level_words[] = {"debug", "info", "warn", "error", NULL};
static const char *const format_words[] = {"text", "json", NULL};

#define AT(field, ctype) DK_FIELD(struct dk__settings, field, ctype)

/* clang-format off */
static const struct dk_option setting_rows[] = {
    /* name, type, where, default, min, max, flags, help */
    {"socket-dir", DK_TEXT, AT(socket_dir, const char *), "/tmp/dapr-components-sockets", 1, 100, 0,
     "Folder of the sockets; made when it is missing. Also DAPR_COMPONENT_SOCKETS_FOLDER, DAPR_COMPONENTS_SOCKETS_FOLDER."},
    {"socket-extension", DK_TEXT, AT(socket_extension, const char *), ".sock", 1, 16, 0,
     "End of a socket's file name. Also DAPR_COMPONENTS_SOCKETS_EXTENSION."},
    {"socket-mode", DK_TEXT, AT(socket_mode_text, const char *), "0660", 3, 4, 0,
     "Permissions of the sockets, octal."},
    {"socket-group", DK_TEXT, AT(socket_group, const char *), NULL, 1, 64, 0,
     "Group of the sockets, by name or number; the process' own when not given."},
    {"name", DK_TEXT, AT(rename, const char *), NULL, 1, 64, 0,
     "Name of the socket and so of the component type; 'redis' takes the place of the built-in state.redis."},
    {"transport", DK_TEXT, AT(transport, const char *), "h2", 1, 8, 0,
     "How gRPC is served: h2 (nghttp2), or core (gRPC C core) in a -core build."},
    {"log-level", DK_ENUM, AT(log_level, int), "info", 0, 0, 0,
     "Least level that is logged.", NULL, level_words},
    {"log-format", DK_ENUM, AT(log_format, int), "text", 0, 0, 0,
     "Log lines for people, or in Dapr's JSON.", NULL, format_words},
    {"drain-timeout", DK_DURATION_MS, AT(drain_ms, int64_t), "4s", 0, 600000, 0,
     "How long SIGTERM lets calls finish and callers read their answers."},
    {"spin-us", DK_INT, AT(spin_us, int64_t), "0", 0, 1000, 0,
     "Microseconds to poll before sleeping: lower latency for a busy core."},
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
    {"header-bytes-max", DK_INT, AT(header_bytes_max, int64_t), "32768", 4096, 1048576, 0,
     "Largest header list accepted."},
    {"outbox-bytes-max", DK_INT, AT(outbox_bytes_max, int64_t), "8388608", 65536, 1073741824, 0,
     "Unwritten bytes of one connection; at the bound it is no longer read."},
    {"window-max", DK_INT, AT(window_max, int64_t), "256", 1, 65535, 0,
     "Messages of one subscription that daprd has not settled; at the bound no more are delivered."},
    DK_OPTION_END,
};
/* clang-format on */

/* Words that act by themselves. */
static const struct {
    const char *word;
    enum dk__action action;
    const char *help;
} action_rows[] = {
    {"--help", DK__ACTION_HELP, "Prints this text."},
    {"--version", DK__ACTION_VERSION, "Prints the version."},
    {"--check", DK__ACTION_CHECK, "Connects to the running program as daprd does, and explains."},
    {"--describe",
     DK__ACTION_DESCRIBE_YAML,
     "yaml or markdown: prints the settings of the component."},
};
enum { ACTION_ROWS = sizeof action_rows / sizeof action_rows[0] };

static const struct dk_option *setting_find(struct dk_bytes name) {
    for (const struct dk_option *row = setting_rows; row->name != NULL; row++) {
        if (dk_bytes_equal(dk_bytes_of(row->name), name)) {
            return row;
        }
    }
    return NULL;
}

/* The environment stands behind the command line, so its pairs are added only where none is. */
static void add_environment(struct dk_pair *pairs, size_t *count) {
    static const struct {
        const char *variable, *setting;
    } rows[] = {
        /* In this order: the injector writes the singular name, daprd reads the plural one. */
        {"DAPR_COMPONENT_SOCKETS_FOLDER", "socket-dir"},
        {"DAPR_COMPONENTS_SOCKETS_FOLDER", "socket-dir"},
        {"DAPR_COMPONENTS_SOCKETS_EXTENSION", "socket-extension"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *value =
            getenv(rows[i].variable); /* NOLINT(concurrency-mt-unsafe): one thread */
        const struct dk_pairs given = {.items = pairs, .count = *count};
        if (value != NULL && value[0] != '\0' &&
            dk_pairs_find(given, dk_bytes_of(rows[i].setting)).data == NULL) {
            pairs[*count] = (struct dk_pair){dk_bytes_of(rows[i].setting), dk_bytes_of(value)};
            (*count)++;
        }
    }
}

static enum dk_error read_action(
    const char *word, const char *operand, struct dk__settings *settings, bool *ret_used) {
    for (size_t i = 0; i < ACTION_ROWS; i++) {
        if (strcmp(word, action_rows[i].word) == 0) {
            settings->action = action_rows[i].action;
            *ret_used = false;
            if (settings->action != DK__ACTION_DESCRIBE_YAML) {
                return DK_OK;
            }
            *ret_used = true;
            if (operand != NULL && strcmp(operand, "markdown") == 0) {
                settings->action = DK__ACTION_DESCRIBE_MARKDOWN;
                return DK_OK;
            }
            return operand != NULL && strcmp(operand, "yaml") == 0 ? DK_OK : DK_INVALID;
        }
    }
    return DK_NOT_FOUND;
}

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

static void *take_from_arena(void *context, size_t size) {
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

/* Sorts the words into actions and pairs; "--name value" and "--name=value" are the same. */
static void read_words(
    int argc,
    char **argv,
    struct dk__settings *settings,
    struct dk_pair *pairs,
    size_t *count,
    struct dk_fault *fault) {
    for (int i = 1; i < argc; i++) {
        const char *const word = argv[i];
        const char *const next = i + 1 < argc ? argv[i + 1] : NULL;
        bool is_used = false;
        const enum dk_error action = read_action(word, next, settings, &is_used);
        if (action == DK_OK) {
            i += is_used ? 1 : 0;
            continue;
        }
        if (action == DK_INVALID) {
            (void)dk_fault_set(fault, DK_INVALID, "--describe: give it yaml or markdown");
            return;
        }
        struct dk_bytes name = dk_bytes_of(strncmp(word, "--", 2) == 0 ? word + 2 : "");
        struct dk_bytes value = dk_bytes_of(next);
        const char *equals = name.size > 0 ? memchr(name.data, '=', name.size) : NULL;
        if (equals != NULL) {
            value = dk_bytes_of(equals + 1);
            name.size = (size_t)(equals - name.data);
        }
        if (setting_find(name) == NULL) {
            (void)dk_fault_set(fault, DK_INVALID, "'%s' is no option; see --help", word);
            return;
        }
        if (value.data == NULL) {
            (void)dk_fault_set(fault, DK_INVALID, "%s: has no value", word);
            return;
        }
        if (*count == ARGUMENTS_MAX) {
            (void)dk_fault_set(fault, DK_INVALID, "more than %d options", ARGUMENTS_MAX);
            return;
        }
        pairs[*count] = (struct dk_pair){name, value};
        (*count)++;
        i += equals == NULL ? 1 : 0;
    }
}

enum dk_error dk__settings_read(
    int argc,
    char **argv,
    struct dk__arena *arena,
    struct dk__settings *settings,
    struct dk_fault *fault) {
    struct dk_pair pairs[ARGUMENTS_MAX + 4]; /* the environment adds at most three */
    size_t count = 0;

    read_words(argc, argv, settings, pairs, &count, fault);
    if (fault->error != DK_OK) {
        return fault->error;
    }
    add_environment(pairs, &count);
    const struct dk_pairs properties = {.items = pairs, .count = count};
    if (dk_options_parse(setting_rows, properties, settings, take_from_arena, arena, fault) !=
        DK_OK) {
        return fault->error;
    }
    (void)read_mode(settings, fault);
    (void)read_group(settings, arena, fault);
    (void)check_names(settings, fault);
    gather_limits(settings);
    return fault->error;
}

void dk__settings_help(const char *program, FILE *output) {
    (void)fprintf(
        output,
        "%s serves Dapr components on Unix sockets.\n\nUsage: %s [option …]\n\n",
        program,
        program);
    for (size_t i = 0; i < ACTION_ROWS; i++) {
        (void)fprintf(output, "  %-22s %s\n", action_rows[i].word, action_rows[i].help);
    }
    for (const struct dk_option *row = setting_rows; row->name != NULL; row++) {
        (void)fprintf(output, "  --%-20s %s", row->name, row->help);
        for (size_t i = 0; row->words != NULL && row->words[i] != NULL; i++) {
            (void)fprintf(output, "%s%s", i == 0 ? " One of " : ", ", row->words[i]);
        }
        (void)fprintf(output, "%s", row->words != NULL ? "." : "");
        if (row->default_text != NULL) {
            (void)fprintf(output, " [%s]", row->default_text);
        }
        (void)fprintf(output, "\n");
    }
    (void)fprintf(output, "\nSIGTERM and SIGINT stop it: calls in flight finish first.\n");
}
