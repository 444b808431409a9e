#ifndef DK_SERVE_TRACING_H
#define DK_SERVE_TRACING_H

#include "core/environment.h"
#include "serve/settings.h"
#include "wire/otlp/exporter.h"
#include "wire/otlp/settings.h"

/*
 * A program's traces, from its settings to the flush at its end:
 *
 *     read ─▶ open ─▶ … the servers bear `tracer` … ─▶ close
 *
 * Thread: main. Owner: the caller's, zeroed; it outlives what is served.
 */
struct dk__tracing {
    struct dk__otlp_settings settings;
    struct dk__tracer *tracer; /* NULL: nothing is traced */
    struct dk__otlp_exporter *exporter;
};

enum { DK__TRACING_FLUSH_MS = 2000 }; /* what the end of the program waits for a collector */

/* Errors: DK_INVALID with every fault of the variables in one text. */
enum dk_error dk__tracing_read(
    struct dk__tracing *tracing,
    dk__look_up_fn *look_up,
    void *context,
    const char *program,
    const struct dk__settings *settings,
    struct dk__arena *arena,
    struct dk_fault *fault);
/* Errors: as the sender's and the exporter's. */
enum dk_error dk__tracing_open(struct dk__tracing *tracing, struct dk_fault *fault);
/* Nothing is served any more. Accepts what was never opened. */
void dk__tracing_close(struct dk__tracing *tracing);

#endif /* DK_SERVE_TRACING_H */
