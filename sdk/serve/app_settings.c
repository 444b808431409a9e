/*
 * The settings of an application's program. Runs once, before anything is served.
 */
#include "serve/app_settings.h"

#include "serve/words.h"

#include <dk/app.h>
#include <stdlib.h>
#include <string.h>

enum { VARIABLE_BYTES_MAX = 80 };

#define AT(field, ctype) DK_FIELD(struct dk__app_settings, field, ctype)

/* clang-format off */
static const struct dk_option app_rows[] = {
    /* name, type, where, default, min, max, flags, help */
    {"app-port", DK_INT, AT(port, int64_t), NULL, 1, 65535, 0,
     "Port that daprd calls. Also APP_PORT."},
    {"app-address", DK_TEXT, AT(address, const char *), "127.0.0.1", 2, 64, 0,
     "Numeric address of that port."},
    {"unix-socket", DK_TEXT, AT(unix_socket, const char *), NULL, 2, 100, 0,
     "Absolute path of a Unix socket to serve on, beside the port or alone; daprd needs the port."},
    {"tls-certificate", DK_TEXT, AT(tls_certificate, const char *), NULL, 1, 4096, 0,
     "PEM file of the port's certificate and chain: daprd's --app-protocol is grpcs then."},
    {"tls-key", DK_TEXT, AT(tls_key, const char *), NULL, 1, 4096, 0,
     "PEM file of its private key."},
    {"tls-client-ca", DK_TEXT, AT(tls_client_ca, const char *), NULL, 1, 4096, 0,
     "PEM file of authorities: callers must show a certificate of one of them."},
    {"handlers-max", DK_INT, AT(handlers_max, int64_t), "32", 1, 1024, 0,
     "Handlers that run at the same time, a thread each."},
    {"handler-queue-max", DK_INT, AT(handler_queue_max, int64_t), "1024", 1, 65536, 0,
     "Calls that wait for a handler; more are answered RESOURCE_EXHAUSTED."},
    {"handler-timeout", DK_DURATION_MS, AT(handler_ms, int64_t), "60s", 1, 86400000, 0,
     "How long a call may take, its wait for a handler included; daprd gives its calls no deadline."},
    {"header-bytes-max", DK_INT, AT(base.header_bytes_max, int64_t), "262144", 4096, 1048576, 0,
     "Largest header list accepted; daprd sends 180 bytes for each traced event of a bulk."},
    {"transport", DK_TEXT, AT(base.transport, const char *), NULL, 1, 8, 0,
     "How gRPC is served: h2 (nghttp2), which has no TLS, or core (gRPC C core). Without it: core on a "
     "port with TLS, h2 elsewhere."},
    DK_OPTION_END,
};
/* clang-format on */

static const char *const forms[] = {"metrics", "openapi", NULL};
_Static_assert(DK__ACTION_DESCRIBE_OPENAPI == DK__ACTION_DESCRIBE_METRICS + 1, "as the words");

static const struct dk__word_action action_rows[] = {
    {"--help", DK__ACTION_HELP, "Prints this text."},
    {"--version", DK__ACTION_VERSION, "Prints the version."},
    {"--describe",
     DK__ACTION_DESCRIBE_METRICS,
     "openapi or metrics: prints the page of the methods that HTTP reaches through daprd, or what "
     "it "
     "counts.",
     forms},
    {0},
};

static struct dk__words words_of(const struct dk_app *app) {
    return (struct dk__words){
        .actions = action_rows,
        .tables = {app_rows, dk__settings_shared, app->options},
    };
}

/* "retention-days" is DK_RETENTION_DAYS. False: the name is too long for that. */
static bool variable_of(const char *option, char variable[VARIABLE_BYTES_MAX]) {
    const int size = snprintf(variable, VARIABLE_BYTES_MAX, "DK_%s", option);
    for (char *letter = variable; *letter != '\0'; letter++) {
        if (*letter == '-') {
            *letter = '_';
        } else if (*letter >= 'a' && *letter <= 'z') {
            *letter = (char)(*letter - 'a' + 'A');
        }
    }
    return size < VARIABLE_BYTES_MAX;
}

static void add_environment(const struct dk_app *app, struct dk__words *words) {
    dk__words_add_variable(words, "APP_PORT", "app-port");
    dk__settings_add_environment(words);
    for (const struct dk_option *row = app->options; row != NULL && row->name != NULL; row++) {
        char variable[VARIABLE_BYTES_MAX];
        if (variable_of(row->name, variable)) {
            dk__words_add_variable(words, variable, row->name);
        }
    }
}

/* What the rows cannot say alone. */
static enum dk_error check(const struct dk__app_settings *settings, struct dk_fault *fault) {
    if (settings->port == 0 && settings->unix_socket == NULL) {
        (void)dk_fault_set(
            fault, DK_INVALID, "app-port: is not given; give it, or APP_PORT, or --unix-socket");
    }
    if (settings->unix_socket != NULL &&
        (settings->unix_socket[0] != '/' ||
         settings->unix_socket[strlen(settings->unix_socket) - 1] == '/')) {
        (void)dk_fault_set(
            fault, DK_INVALID, "unix-socket: '%s' is no absolute path", settings->unix_socket);
    }
    if ((settings->tls_certificate == NULL) != (settings->tls_key == NULL)) {
        (void)dk_fault_set(
            fault, DK_INVALID, "tls-certificate and tls-key: one is not given, they go together");
    }
    if (settings->tls_client_ca != NULL && settings->tls_certificate == NULL) {
        (void)dk_fault_set(
            fault, DK_INVALID, "tls-client-ca: is for TLS, and tls-certificate is not given");
    }
    return fault->error;
}

enum dk_error dk__app_settings_read(
    const struct dk_app *app,
    int argc,
    char **argv,
    struct dk__arena *arena,
    struct dk__app_settings *settings,
    struct dk_fault *fault) {
    struct dk__words words = words_of(app);
    int action = DK__ACTION_SERVE;
    if (dk__words_read(&words, argc, argv, &action, fault) != DK_OK) {
        return fault->error;
    }
    settings->base.action = (enum dk__action)action;
    if (settings->base.action != DK__ACTION_SERVE) {
        return DK_OK; /* help must not want a port */
    }
    if (app->config_size > 0) {
        settings->own = dk__arena_take(arena, app->config_size);
        if (settings->own == NULL) {
            return dk_fault_set(fault, DK_EXHAUSTED, "%s: no memory for settings", app->name);
        }
    }
    add_environment(app, &words);
    const struct dk_pairs pairs = dk__words_pairs(&words);
    (void)dk_options_parse(
        dk__settings_shared, pairs, &settings->base, dk__settings_take, arena, fault);
    (void)dk_options_parse(app_rows, pairs, settings, dk__settings_take, arena, fault);
    if (app->options != NULL) {
        (void)dk_options_parse(app->options, pairs, settings->own, dk__settings_take, arena, fault);
    }
    if (fault->error != DK_OK) {
        return fault->error;
    }
    settings->token =
        dk_bytes_of(getenv("APP_API_TOKEN")); /* NOLINT(concurrency-mt-unsafe): one thread */
    (void)dk__settings_finish(&settings->base, arena, fault);
    return check(settings, fault);
}

void dk__app_settings_help(const struct dk_app *app, FILE *output) {
    const struct dk__words words = words_of(app);
    (void)fprintf(
        output,
        "%s is an application behind Dapr.\n\nUsage: %s [option …]\n\n",
        app->name,
        app->name);
    dk__words_help(&words, output);
    (void)fprintf(
        output,
        "\nAPP_API_TOKEN in the environment is what callers must show as dapr-api-token. The "
        "sidecar is\nfound by DAPR_GRPC_ENDPOINT (with TLS also DAPR_GRPC_TLS_CA_PATH) or "
        "DAPR_GRPC_PORT, and "
        "DAPR_API_TOKEN.\nAn option of %s itself is also read from the environment: --some-name "
        "from DK_SOME_NAME.\nSIGTERM "
        "and SIGINT stop it: calls in flight finish first.\n",
        app->name);
}
