#ifndef DK_WIRE_OTLP_ENCODE_H
#define DK_WIRE_OTLP_ENCODE_H

#include "core/span_queue.h"

#include <dk/bytes.h>
#include <stddef.h>

/*
 * Spans as an ExportTraceServiceRequest, written from its end to its beginning: so each length is
 * known when its turn comes, and every byte is written once.
 *
 *     a span ends ─▶ dk__otlp_format ─▶ a chunk of the queue ─▶ dk__otlp_request: ready to be sent
 *
 * Pure; thread: any.
 * Source: proto/opentelemetry/proto/collector/trace/v1/trace_service.proto.
 */
extern const struct dk__span_format dk__otlp_format;

/* Who reports: service.name and the other attributes of the process; UTF-8. */
struct dk__otlp_resource {
    struct dk_pairs attributes;
    const char *scope_version; /* of this SDK */
};

/* What dk__otlp_request needs before the spans: the head of each chunk, at least. */
size_t dk__otlp_resource_bytes(const struct dk__otlp_resource *resource);

/* Owner: the request is a view of the chunk, which has spans; it can be asked for again. */
struct dk_bytes dk__otlp_request(
    struct dk__span_chunk *chunk, const struct dk__otlp_resource *resource);

#endif /* DK_WIRE_OTLP_ENCODE_H */
