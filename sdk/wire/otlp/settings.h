#ifndef DK_WIRE_OTLP_SETTINGS_H
#define DK_WIRE_OTLP_SETTINGS_H

#include "core/arena.h"
#include "core/environment.h"
#include "core/trace.h"

#include <dk/error.h>

/*
 * Where spans go and which, as OpenTelemetry's environment variables say it:
 *
 *     OTEL_EXPORTER_OTLP_[TRACES_]ENDPOINT, …PROTOCOL, …INSECURE, …CERTIFICATE, …CLIENT_CERTIFICATE,
 *     …CLIENT_KEY, …HEADERS, …TIMEOUT; OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES,
 *     OTEL_TRACES_SAMPLER, OTEL_TRACES_SAMPLER_ARG, OTEL_TRACES_EXPORTER, OTEL_SDK_DISABLED,
 *     OTEL_BSP_SCHEDULE_DELAY, OTEL_BSP_EXPORT_TIMEOUT, OTEL_BSP_MAX_QUEUE_SIZE,
 *     OTEL_BSP_MAX_EXPORT_BATCH_SIZE
 *
 * What is of traces alone comes before what is of all signals; a variable that is empty counts as not
 * there. Without an endpoint nothing is traced.
 *
 * Source: OpenTelemetry's specification, "Environment Variable Specification", "OTLP Exporter
 *         Configuration".
 */
struct dk__otlp_settings {
    bool is_on;              /* false: the rest is zeroed */
    const char *socket_path; /* "unix:/path"; NULL: */
    const char *host, *port; /* a name or an address, without brackets; a number */
    bool has_tls;            /* https, or no scheme and not …INSECURE */
    const char *ca_path, *certificate_path, *key_path; /* NULL: none is named */
    struct dk_pairs headers;                           /* secrets, as they may be */
    int64_t timeout_ms, delay_ms;
    struct dk__tracer_config tracer;
    struct dk_pairs resource; /* service.name first */
};

enum { DK__OTLP_HEADERS_MAX = 16, DK__OTLP_ATTRIBUTES_MAX = 32 };

/* What the program knows by itself. */
struct dk__otlp_program {
    const char *name, *version; /* service.name, where nothing else names it; service.version */
    const char *endpoint;       /* --otlp-endpoint, before any variable; NULL: not given */
    int64_t queue_max;          /* --trace-queue-max; 0: not given */
};

/*
 * Thread: before others run. Owner: texts lie in the arena, the program's and the environment.
 * Errors: DK_INVALID naming every variable that is wrong, its value (of headers none) and what is
 *         allowed; DK_EXHAUSTED for a full arena.
 */
enum dk_error dk__otlp_settings_read(
    dk__look_up_fn *look_up,
    void *context,
    const struct dk__otlp_program *program,
    struct dk__arena *arena,
    struct dk__otlp_settings *ret_settings,
    struct dk_fault *fault);

#endif /* DK_WIRE_OTLP_SETTINGS_H */
