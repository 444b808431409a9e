/*
 * OpenTelemetry's variables. Runs once, before anything is served.
 */
#include "wire/otlp/settings.h"

#include "wire/otlp/pair_list.h"

#include <dk/option.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    VARIABLE_BYTES_MAX = 64,
    QUEUE_DEFAULT = 2048, /* OpenTelemetry's, as all below */
    QUEUE_MAX = 1 << 20,
    BATCH_DEFAULT = 512,
    DELAY_MS_DEFAULT = 5000,
    TIMEOUT_MS_DEFAULT = 10000,
    EXPORT_MS_DEFAULT = 30000,
    MS_MAX = 600000,
};

static const char port_default[] = "4317";

struct reading {
    dk__look_up_fn *look_up;
    void *context;
    struct dk__arena *arena;
    struct dk_fault *fault;
};

static const char *find(const struct reading *reading, const char *name) {
    const char *value = reading->look_up(reading->context, name);
    return value == NULL || value[0] == '\0' ? NULL : value;
}

/* OTEL_EXPORTER_OTLP_TRACES_X, else OTEL_EXPORTER_OTLP_X; `ret_name` is the one that is there. */
static const char *find_otlp(
    const struct reading *reading, const char *rest, char ret_name[VARIABLE_BYTES_MAX]) {
    (void)snprintf(ret_name, VARIABLE_BYTES_MAX, "OTEL_EXPORTER_OTLP_TRACES_%s", rest);
    const char *value = find(reading, ret_name);
    if (value == NULL) {
        (void)snprintf(ret_name, VARIABLE_BYTES_MAX, "OTEL_EXPORTER_OTLP_%s", rest);
        value = find(reading, ret_name);
    }
    return value;
}

static void number_check(
    const struct reading *reading,
    const char *name,
    const char *text,
    int64_t least,
    int64_t most,
    int64_t *value) {
    int64_t number = 0;
    if (text == NULL) {
        return;
    }
    if (!dk_integer_parse(dk_bytes_of(text), &number) || number < least || number > most) {
        (void)dk_fault_set(
            reading->fault,
            DK_INVALID,
            "%s: '%s' is not a whole number from %lld to %lld",
            name,
            text,
            (long long)least,
            (long long)most);
        return;
    }
    *value = number;
}

static void number_read(
    const struct reading *reading, const char *name, int64_t least, int64_t most, int64_t *value) {
    number_check(reading, name, find(reading, name), least, most, value);
}

/* OpenTelemetry's booleans: true, in any case; whatever else is false. */
static bool is_true(const char *text) {
    bool value = false;
    return text != NULL && dk_bool_parse(dk_bytes_of(text), &value) && value;
}

/* ── where to ───────────────────────────────────────────────────────────────────────────────── */

static void endpoint_refuse(const struct reading *reading, const char *name, const char *text) {
    (void)dk_fault_set(
        reading->fault,
        DK_INVALID,
        "%s: '%s' is no endpoint; it reads http://host:port, https://host:port, host:port or "
        "unix:/path",
        name,
        text);
}

/* "host", "host:port", "[v6]:port"; a slash may end it. False: another shape. */
static bool authority_read(
    const struct reading *reading, struct dk_bytes text, struct dk__otlp_settings *settings) {
    const char *port = NULL;
    if (text.size > 0 && text.data[text.size - 1] == '/') {
        text.size--;
    }
    struct dk_bytes host = text;
    if (text.size > 0 && text.data[0] == '[') {
        const char *end = memchr(text.data, ']', text.size);
        if (end == NULL) {
            return false;
        }
        host = (struct dk_bytes){text.data + 1, (size_t)(end - text.data) - 1};
        port = end + 1 < text.data + text.size ? end + 1 : NULL;
    } else {
        port = text.size == 0 ? NULL : memchr(text.data, ':', text.size);
        host.size = port == NULL ? text.size : (size_t)(port - text.data);
    }
    int64_t number = 0;
    const size_t port_size = port == NULL ? 0 : (size_t)(text.data + text.size - port) - 1;
    if (host.size == 0 || memchr(host.data, '/', host.size) != NULL ||
        memchr(host.data, '@', host.size) != NULL ||
        (port != NULL &&
         (*port != ':' || !dk_integer_parse((struct dk_bytes){port + 1, port_size}, &number) ||
          number < 1 || number > UINT16_MAX))) {
        return false;
    }
    settings->host = dk__arena_copy_text(reading->arena, host);
    settings->port =
        port == NULL ? port_default
                     : dk__arena_copy_text(reading->arena, (struct dk_bytes){port + 1, port_size});
    return true;
}

static void endpoint_read(
    const struct reading *reading,
    const char *name,
    const char *text,
    struct dk__otlp_settings *settings) {
    char unused[VARIABLE_BYTES_MAX];
    if (strncmp(text, "unix:", 5) == 0) {
        settings->socket_path = text[5] == '/' && text[6] == '/' ? text + 7 : text + 5;
        if (settings->socket_path[0] != '/') {
            endpoint_refuse(reading, name, text);
        }
        return;
    }
    struct dk_bytes rest = dk_bytes_of(text);
    if (strncmp(text, "http://", 7) == 0) {
        rest = dk_bytes_of(text + 7);
    } else if (strncmp(text, "https://", 8) == 0) {
        rest = dk_bytes_of(text + 8);
        settings->has_tls = true;
    } else {
        settings->has_tls = !is_true(find_otlp(reading, "INSECURE", unused));
    }
    if (!authority_read(reading, rest, settings)) {
        endpoint_refuse(reading, name, text);
    } else if (settings->host == NULL || settings->port == NULL) {
        (void)dk_fault_set(reading->fault, DK_EXHAUSTED, "%s: no memory for it", name);
    }
}

static void files_read(const struct reading *reading, struct dk__otlp_settings *settings) {
    char name[VARIABLE_BYTES_MAX];
    settings->certificate_path = find_otlp(reading, "CLIENT_CERTIFICATE", name);
    settings->key_path = find_otlp(reading, "CLIENT_KEY", name);
    settings->ca_path = find_otlp(reading, "CERTIFICATE", name);
    if ((settings->certificate_path == NULL) != (settings->key_path == NULL)) {
        (void)dk_fault_set(
            reading->fault,
            DK_INVALID,
            "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE and …_CLIENT_KEY: one is not given, they go "
            "together");
    }
}

static void protocol_check(const struct reading *reading) {
    char name[VARIABLE_BYTES_MAX];
    const char *compression = find_otlp(reading, "COMPRESSION", name);
    if (compression != NULL && strcmp(compression, "none") != 0) {
        (void)dk_fault_set(
            reading->fault,
            DK_INVALID,
            "%s: '%s' is not done here; allowed: none",
            name,
            compression);
    }
    const char *protocol = find_otlp(reading, "PROTOCOL", name);
    if (protocol != NULL && strcmp(protocol, "grpc") != 0) {
        (void)dk_fault_set(
            reading->fault,
            DK_INVALID,
            "%s: '%s' is not spoken here; allowed: grpc",
            name,
            protocol);
    }
}

static void headers_read(const struct reading *reading, struct dk__otlp_settings *settings) {
    char name[VARIABLE_BYTES_MAX];
    const char *text = find_otlp(reading, "HEADERS", name);
    const struct dk__pair_list list = {
        .variable = name, .pairs_max = DK__OTLP_HEADERS_MAX, .is_header = true};
    if (text == NULL) {
        return;
    }
    struct dk_pair *pairs =
        dk__arena_take(reading->arena, DK__OTLP_HEADERS_MAX * sizeof(struct dk_pair));
    if (pairs == NULL) {
        (void)dk_fault_set(reading->fault, DK_EXHAUSTED, "%s: no memory for it", name);
        return;
    }
    settings->headers.items = pairs;
    (void)dk__pair_list_read(
        &list, text, reading->arena, pairs, &settings->headers.count, reading->fault);
}

/* ── which ──────────────────────────────────────────────────────────────────────────────────── */

static bool is_ratio(enum dk__sampler sampler) {
    return sampler == DK__SAMPLER_RATIO || sampler == DK__SAMPLER_PARENT_RATIO;
}

static void sampler_read(const struct reading *reading, struct dk__tracer_config *config) {
    static const struct {
        const char *word;
        enum dk__sampler sampler;
    } rows[] = {
        {"always_on", DK__SAMPLER_ALWAYS_ON},
        {"always_off", DK__SAMPLER_ALWAYS_OFF},
        {"traceidratio", DK__SAMPLER_RATIO},
        {"parentbased_always_on", DK__SAMPLER_PARENT_ALWAYS_ON},
        {"parentbased_always_off", DK__SAMPLER_PARENT_ALWAYS_OFF},
        {"parentbased_traceidratio", DK__SAMPLER_PARENT_RATIO},
    };
    const char *word = find(reading, "OTEL_TRACES_SAMPLER");
    bool is_known = word == NULL;
    config->sampler = DK__SAMPLER_PARENT_ALWAYS_ON;
    config->ratio = 1;
    for (size_t i = 0; word != NULL && i < sizeof rows / sizeof rows[0]; i++) {
        if (strcmp(word, rows[i].word) == 0) {
            config->sampler = rows[i].sampler;
            is_known = true;
        }
    }
    if (!is_known) {
        (void)dk_fault_set(
            reading->fault,
            DK_INVALID,
            "OTEL_TRACES_SAMPLER: '%s' is none of always_on, always_off, traceidratio, "
            "parentbased_always_on, parentbased_always_off, parentbased_traceidratio",
            word);
    }
    const char *argument = find(reading, "OTEL_TRACES_SAMPLER_ARG");
    if (argument != NULL && is_ratio(config->sampler)) {
        char *end = NULL;
        const double ratio = strtod(argument, &end);
        if (*end != '\0' || !(ratio >= 0 && ratio <= 1)) {
            (void)dk_fault_set(
                reading->fault,
                DK_INVALID,
                "OTEL_TRACES_SAMPLER_ARG: '%s' is not a number from 0 to 1",
                argument);
        }
        config->ratio = ratio;
    }
}

static void numbers_read(
    const struct reading *reading,
    const struct dk__otlp_program *program,
    struct dk__otlp_settings *settings) {
    char name[VARIABLE_BYTES_MAX];
    int64_t queue = QUEUE_DEFAULT, batch = BATCH_DEFAULT, export_ms = EXPORT_MS_DEFAULT;
    settings->delay_ms = DELAY_MS_DEFAULT;
    settings->timeout_ms = TIMEOUT_MS_DEFAULT;
    number_read(reading, "OTEL_BSP_MAX_QUEUE_SIZE", 1, QUEUE_MAX, &queue);
    number_read(reading, "OTEL_BSP_MAX_EXPORT_BATCH_SIZE", 1, QUEUE_MAX, &batch);
    number_read(reading, "OTEL_BSP_SCHEDULE_DELAY", 1, MS_MAX, &settings->delay_ms);
    number_read(reading, "OTEL_BSP_EXPORT_TIMEOUT", 1, MS_MAX, &export_ms);
    const char *timeout = find_otlp(reading, "TIMEOUT", name);
    number_check(reading, name, timeout, 1, MS_MAX, &settings->timeout_ms);
    queue = program->queue_max > 0 ? program->queue_max : queue;
    settings->timeout_ms = settings->timeout_ms < export_ms ? settings->timeout_ms : export_ms;
    settings->tracer.queue_max = (uint32_t)queue;
    settings->tracer.batch_max = (uint32_t)(batch < queue ? batch : queue);
}

/* ── who reports ────────────────────────────────────────────────────────────────────────────── */

static void attribute_add(
    struct dk_pair *pairs, size_t *count, const char *key, const char *value) {
    const struct dk_bytes name = dk_bytes_of(key);
    for (size_t i = 0; i < *count; i++) {
        if (dk_bytes_equal(pairs[i].key, name)) {
            return; /* what the user says counts */
        }
    }
    pairs[(*count)++] = (struct dk_pair){.key = name, .value = dk_bytes_of(value)};
}

/* OTEL_SERVICE_NAME before OTEL_RESOURCE_ATTRIBUTES, those before what we know. */
static void resource_read(
    const struct reading *reading,
    const struct dk__otlp_program *program,
    struct dk__otlp_settings *settings) {
    enum { OWN = 5 };
    const struct dk__pair_list list = {
        .variable = "OTEL_RESOURCE_ATTRIBUTES", .pairs_max = DK__OTLP_ATTRIBUTES_MAX};
    const char *name = find(reading, "OTEL_SERVICE_NAME");
    const char *text = find(reading, list.variable);
    size_t count = 0;
    struct dk_pair *pairs =
        dk__arena_take(reading->arena, (DK__OTLP_ATTRIBUTES_MAX + OWN) * sizeof(struct dk_pair));
    if (pairs == NULL) {
        (void)dk_fault_set(reading->fault, DK_EXHAUSTED, "otlp: no memory for a resource");
        return;
    }
    if (text != NULL) {
        (void)dk__pair_list_read(&list, text, reading->arena, pairs, &count, reading->fault);
    }
    for (size_t i = 0; name != NULL && i < count; i++) {
        if (dk_bytes_equal(pairs[i].key, dk_bytes_of("service.name"))) {
            pairs[i].value = dk_bytes_of(name);
        }
    }
    attribute_add(pairs, &count, "service.name", name != NULL ? name : program->name);
    attribute_add(pairs, &count, "service.version", program->version);
    attribute_add(pairs, &count, "telemetry.sdk.name", "dapr-kit");
    attribute_add(pairs, &count, "telemetry.sdk.language", "c");
    attribute_add(pairs, &count, "telemetry.sdk.version", program->version);
    settings->resource = (struct dk_pairs){.items = pairs, .count = count};
}

/* Whether there is something to trace for; OTEL_TRACES_EXPORTER says which exporter, and we have one. */
static bool is_wanted(const struct reading *reading) {
    const char *exporter = find(reading, "OTEL_TRACES_EXPORTER");
    if (is_true(find(reading, "OTEL_SDK_DISABLED"))) {
        return false;
    }
    if (exporter != NULL && strcmp(exporter, "otlp") != 0 && strcmp(exporter, "none") != 0) {
        (void)dk_fault_set(
            reading->fault,
            DK_INVALID,
            "OTEL_TRACES_EXPORTER: '%s' is not in this program; allowed: otlp, none",
            exporter);
    }
    return exporter == NULL || strcmp(exporter, "none") != 0;
}

enum dk_error dk__otlp_settings_read(
    dk__look_up_fn *look_up,
    void *context,
    const struct dk__otlp_program *program,
    struct dk__arena *arena,
    struct dk__otlp_settings *ret_settings,
    struct dk_fault *fault) {
    const struct reading reading = {look_up, context, arena, fault};
    struct dk__otlp_settings settings = {.is_on = true};
    char name[VARIABLE_BYTES_MAX] = "otlp-endpoint";
    const char *endpoint = program->endpoint;
    *ret_settings = (struct dk__otlp_settings){.is_on = false};
    if (endpoint == NULL) {
        endpoint = find_otlp(&reading, "ENDPOINT", name);
    }
    if (endpoint == NULL || !is_wanted(&reading)) {
        return fault->error;
    }
    protocol_check(&reading);
    endpoint_read(&reading, name, endpoint, &settings);
    files_read(&reading, &settings);
    headers_read(&reading, &settings);
    sampler_read(&reading, &settings.tracer);
    numbers_read(&reading, program, &settings);
    resource_read(&reading, program, &settings);
    if (fault->error == DK_OK) {
        *ret_settings = settings;
    }
    return fault->error;
}
