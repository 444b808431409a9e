#ifndef DOCUMENT_METRICS_H
#define DOCUMENT_METRICS_H

#include "document/messages.h"

#include <dk/app.h>
#include <dk/metric.h>
#include <stdint.h>

/*
 * What an operator wants to know of documents beside the calls that the SDK counts: changes, and how
 * far their events are behind.
 *
 * Thread: any.
 */
extern struct dk_metric document_metrics[];

/* A change was written, or not. */
void document_metrics_changed(pb_change change, enum dk_error error);

/* Slots of the journal that were taken (or, below 0, became free). */
void document_metrics_backlog(int64_t slots);
/* An event has reached the broker, so long after its change took a slot; or the broker did not take it. */
void document_metrics_told(int64_t delay_ms);
void document_metrics_untold(void);

/* A result of the compute service, by what became of it: dk_verdict's word. */
void document_metrics_annotated(enum dk_verdict verdict);

#endif /* DOCUMENT_METRICS_H */
