/*
 * Traces of a program, on the main thread. Without an endpoint there is no tracer, no thread and no
 * memory.
 */
#include "serve/tracing.h"

#include "core/process_metrics.h"
#include "serve/transports.h"

#include <dk/log.h>

enum dk_error dk__tracing_read(
    struct dk__tracing *tracing,
    dk__look_up_fn *look_up,
    void *context,
    const char *program,
    const struct dk__settings *settings,
    struct dk__arena *arena,
    struct dk_fault *fault) {
    const struct dk__otlp_program self = {
        .name = program,
        .version = dk__build_version(),
        .endpoint = settings->otlp_endpoint,
        .queue_max = settings->trace_queue_max,
    };
    return dk__otlp_settings_read(look_up, context, &self, arena, &tracing->settings, fault);
}

enum dk_error dk__tracing_open(struct dk__tracing *tracing, struct dk_fault *fault) {
    const struct dk__otlp_settings *settings = &tracing->settings;
    struct dk__otlp_exporter_config config = {
        .resource = {.attributes = settings->resource, .scope_version = dk__build_sdk_version()},
        .delay_ms = settings->delay_ms,
        .timeout_ms = settings->timeout_ms,
    };
    if (!settings->is_on) {
        return DK_OK;
    }
    struct dk__tracer_config tracer = settings->tracer;
    tracer.head_bytes = dk__otlp_resource_bytes(&config.resource);
    tracer.format = &dk__otlp_format;
    if (dk__tracer_new(&tracer, &tracing->tracer, fault) != DK_OK ||
        dk__otlp_sender_new(settings, &config.sender, fault) != DK_OK) {
        return fault->error;
    }
    config.tracer = tracing->tracer;
    if (dk__otlp_exporter_new(&config, &tracing->exporter, fault) != DK_OK) {
        return fault->error;
    }
    dk_log(
        DK_LOG_INFO,
        "trace",
        "traces are exported",
        "endpoint=%s port=%s tls=%s queue_max=%u batch_max=%u",
        settings->socket_path != NULL ? settings->socket_path : settings->host,
        settings->socket_path != NULL ? "" : settings->port,
        settings->has_tls ? "yes" : "no",
        settings->tracer.queue_max,
        settings->tracer.batch_max);
    return DK_OK;
}

void dk__tracing_close(struct dk__tracing *tracing) {
    const bool is_over = dk__otlp_exporter_close(tracing->exporter, DK__TRACING_FLUSH_MS);
    tracing->exporter = NULL;
    if (is_over) { /* else its thread still reads the queue, and the process ends soon */
        dk__tracer_free(tracing->tracer);
    }
    tracing->tracer = NULL;
}
