#ifndef DK_WIRE_OTLP_ENCODE_H
#define DK_WIRE_OTLP_ENCODE_H

#include "core/span_queue.h"

#include <dk/bytes.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * Spans as an ExportTraceServiceRequest, written from its end to its beginning: so each length is
 * known when its turn comes, and every byte is written once.
 *
 *     begin ─▶ add, add, … ─▶ end: the request, ready to be sent
 *
 * Pure; thread: any. Owner: the memory is the caller's; the request is a view of its end.
 * Bound: the memory; a span that does not fit is not added, what was added stays.
 * Source: proto/opentelemetry/proto/collector/trace/v1/trace_service.proto.
 */
struct dk__otlp_batch {
    char *memory, *at; /* what is written begins at `at` */
    char *end, *floor; /* below `floor` there is room for the resource alone */
    size_t spans;
    bool is_full; /* private: something did not fit */
};

/* Who reports: service.name and the other attributes of the process; UTF-8. */
struct dk__otlp_resource {
    struct dk_pairs attributes;
    const char *scope_version; /* of this SDK */
};

/* What dk__otlp_batch_end needs beside the spans; at most what `memory` has, else nothing fits. */
size_t dk__otlp_resource_bytes(const struct dk__otlp_resource *resource);

void dk__otlp_batch_begin(
    struct dk__otlp_batch *batch,
    const struct dk__otlp_resource *resource,
    char *memory,
    size_t size);
/* False: no room. */
bool dk__otlp_batch_add(struct dk__otlp_batch *batch, const struct dk__span_record *record);
struct dk_bytes dk__otlp_batch_end(
    struct dk__otlp_batch *batch, const struct dk__otlp_resource *resource);

#endif /* DK_WIRE_OTLP_ENCODE_H */
