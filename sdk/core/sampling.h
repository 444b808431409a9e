#ifndef DK_CORE_SAMPLING_H
#define DK_CORE_SAMPLING_H

#include "core/trace_context.h"

/*
 * Which traces are recorded, and the ids of their spans. Thread: any.
 *
 * Source: OpenTelemetry's specification, "Sampling"; W3C Trace Context for the ids.
 */

/* OpenTelemetry's samplers. A parent, where the sampler asks it, decides by its sampled flag. */
enum dk__sampler {
    DK__SAMPLER_ALWAYS_ON,
    DK__SAMPLER_ALWAYS_OFF,
    DK__SAMPLER_RATIO,
    DK__SAMPLER_PARENT_ALWAYS_ON, /* OpenTelemetry's default */
    DK__SAMPLER_PARENT_ALWAYS_OFF,
    DK__SAMPLER_PARENT_RATIO,
};

struct dk__sampling {
    enum dk__sampler sampler;
    uint64_t ratio_below; /* of the 63 bits of an id that OpenTelemetry's ratio samplers compare */
};

/* `ratio`: 0 to 1. */
struct dk__sampling dk__sampling_make(enum dk__sampler sampler, double ratio);

/* True: it is recorded, and `ret_context` has an id for its span. False: it is for whoever is called next.
 * `parent` may be NULL: a root. */
bool dk__sampling_decide(
    const struct dk__sampling *sampling,
    const struct dk__trace_context *parent,
    struct dk__trace_context *ret_context);

/* Another id for a span of the context's trace. */
void dk__span_id_make(struct dk__trace_context *context);

#endif /* DK_CORE_SAMPLING_H */
