#ifndef COMPUTE_CHANGES_H
#define COMPUTE_CHANGES_H

#include <dk/app.h>

/*
 * Events of the topic of documents: what can be found in each new content is computed, put into the
 * index of near duplicates, and published.
 *
 *     DocumentChanged ─▶ late? ─▶ content ─▶ functions ─▶ near duplicates ─▶ index ─▶ ComputeResult
 *
 * Verdicts: DONE for what was published, what asks for nothing, and what a newer version has
 *           overtaken. DROP, with the reason noted and, where the document is known, published as
 *           ComputeResult.error: data that is no DocumentChanged or contradicts itself, text that is
 *           no UTF-8, content over content_bytes_max. RETRY for everything that another time may
 *           mend: sidecar, state store, broker or document service away, no place to compute.
 * Order:    of two events of a document the one with the newer version wins, however they come; an
 *           event that comes again is answered from what is kept, and published again, because only
 *           this event knows whether that has happened.
 * Thread:   the worker of the call.
 */
enum dk_verdict changes_on_event(struct dk_call *call, const struct dk_event *event);

#endif /* COMPUTE_CHANGES_H */
