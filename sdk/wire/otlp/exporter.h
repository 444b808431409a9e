#ifndef DK_WIRE_OTLP_EXPORTER_H
#define DK_WIRE_OTLP_EXPORTER_H

#include "core/trace.h"
#include "wire/otlp/encode.h"
#include "wire/otlp/sender.h"

#include <dk/error.h>

/*
 * Takes finished spans out of a tracer's queue and sends them, on a thread of its own: a collector that
 * is away, slow or full of errors costs spans and never a call.
 *
 *     new ─▶ a batch is full, or delay_ms are over ─▶ take ─▶ send ─▶ … ─▶ close: flush
 *                                                          ▲    │ it may pass
 *                                                          └wait┘ DK__OTLP_RETRY_MS_MAX at most
 *
 * What cannot be sent is dropped, counted, and said in a log line, one in DK__OTLP_LOG_MS at most.
 */
struct dk__otlp_exporter;

enum {
    DK__OTLP_RETRY_MS_MAX = 30000, /* how long one batch is tried again */
    DK__OTLP_RETRY_MS_FIRST = 500, /* the first wait; each is twice the one before, jittered, */
    DK__OTLP_RETRY_MS_MOST = 5000, /* and at most this */
    DK__OTLP_LOG_MS = 30000,
};

struct dk__otlp_exporter_config {
    struct dk__tracer
        *tracer; /* lives longer; of dk__otlp_format, with the resource's bytes as head */
    struct dk__otlp_sender *sender;
    struct dk__otlp_resource resource; /* lives longer */
    int64_t delay_ms, timeout_ms;      /* between batches that are not full; of one send */
};

/* Thread: any, before spans begin. Owner: takes the sender, also when it fails.
 * Errors: DK_EXHAUSTED without memory, descriptor or thread. */
enum dk_error dk__otlp_exporter_new(
    const struct dk__otlp_exporter_config *config,
    struct dk__otlp_exporter **ret_exporter,
    struct dk_fault *fault);

struct dk__otlp_counts {
    uint64_t exported;         /* spans that the collector took */
    uint64_t failed;           /* spans that it did not, after all tries */
    uint64_t requests, errors; /* sends, and those without an OK */
};
/* Thread: any. Accepts NULL. */
struct dk__otlp_counts dk__otlp_exporter_counts(const struct dk__otlp_exporter *exporter);

/* Sends what waits, `flush_ms` at most, and ends. No span ends any more. A collector that was away is
 * asked once. False: the thread did not end in time (it looks up a name); then tracer, resource and
 * settings must stay. Accepts NULL. */
bool dk__otlp_exporter_close(struct dk__otlp_exporter *exporter, int64_t flush_ms);

#endif /* DK_WIRE_OTLP_EXPORTER_H */
