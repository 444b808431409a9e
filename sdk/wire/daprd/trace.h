#ifndef DK_WIRE_DAPRD_TRACE_H
#define DK_WIRE_DAPRD_TRACE_H

#include "core/trace_context.h"

#include <dk/bytes.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * The trace context of an incoming call as metadata of an outgoing one: traceparent, tracestate,
 * baggage, grpc-trace-bin. Source: W3C Trace Context, W3C Baggage, OpenCensus' BinaryEncoding.
 *
 * Pure; thread: any.
 */
enum { DK__TRACE_PAIRS_MAX = 11, DK__TRACE_BAGGAGE_MAX = 8 };

struct dk__trace {
    struct dk_pair pairs[DK__TRACE_PAIRS_MAX]; /* views of `incoming`, or of: */
    char traceparent[DK_TRACEPARENT_BYTES], binary[DK__TRACE_BINARY_BYTES];
    size_t count;
};

/*
 * Of each name the first counts; of baggage, DK__TRACE_BAGGAGE_MAX. What is no text for a header, or
 * is a grpc-trace-bin of another size than 29 bytes (daprd sends an empty one without a trace), stays
 * behind. With text_only grpc-trace-bin becomes a traceparent, where there is none: daprd copies all
 * metadata into a binding's, which carries texts alone.
 *
 * `own` is the context of who asks, and takes the place of the caller's where it is set: traceparent and
 * grpc-trace-bin name it; what else came with the caller's trace goes on as it is.
 */
void dk__trace_take(
    struct dk_pairs incoming,
    const struct dk__trace_context *own,
    bool text_only,
    struct dk__trace *ret_trace);

#endif /* DK_WIRE_DAPRD_TRACE_H */
