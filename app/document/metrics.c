/*
 * The families of the document service.
 */
#include "document/metrics.h"

enum { CHANGES, BACKLOG, EVENTS, DELAY, ANNOTATIONS };

/* clang-format off */
struct dk_metric document_metrics[] = {
    [CHANGES] =
    {"dk_document_changes_total", DK_METRIC_COUNTER, "Changes of documents that were tried, by kind and by what came of it.",
     {"change", "result"}},
    [BACKLOG] =
    {"dk_document_journal_backlog", DK_METRIC_GAUGE, "Slots of the journal in use: changes under way or not told yet; 1024 are all."},
    [EVENTS] =
    {"dk_document_events_total", DK_METRIC_COUNTER, "Events given to the broker: told, or untold, which are tried again.",
     {"result"}},
    [DELAY] =
    {"dk_document_event_delay_seconds", DK_METRIC_HISTOGRAM, "From a change to its event at the broker.",
     .divisor = 1000000, .bounds = dk_metric_bounds_us},
    [ANNOTATIONS] =
    {"dk_document_annotations_total", DK_METRIC_COUNTER, "Results of the compute service: done, dropped, or to be tried again.",
     {"result"}},
    {0}};
/* clang-format on */

static void count(int row, const char *const *values) {
    dk_series_add(dk_metric_series(&document_metrics[row], values), 1);
}

static const char *change_word(pb_change change) {
    switch ((int)change) {
    case PB_CHANGE(CREATED):
        return "created";
    case PB_CHANGE(UPDATED):
        return "updated";
    case PB_CHANGE(TAGGED):
        return "tagged";
    case PB_CHANGE(DELETED):
        return "deleted";
    case PB_CHANGE(RESTORED):
        return "restored";
    case PB_CHANGE(ANNOTATED):
        return "annotated";
    default:
        return "unspecified";
    }
}

void document_metrics_changed(pb_change change, enum dk_error error) {
    count(CHANGES, (const char *const[]){change_word(change), dk_error_name(error)});
}

void document_metrics_backlog(int64_t slots) {
    dk_series_add(dk_metric_series(&document_metrics[BACKLOG], NULL), slots);
}

void document_metrics_told(int64_t delay_ms) {
    enum { US_PER_MS = 1000 };
    count(EVENTS, (const char *const[]){"told"});
    dk_series_observe(dk_metric_series(&document_metrics[DELAY], NULL), delay_ms * US_PER_MS);
}

void document_metrics_untold(void) {
    count(EVENTS, (const char *const[]){"untold"});
}

void document_metrics_annotated(enum dk_verdict verdict) {
    const char *const words[] = {
        verdict == DK_VERDICT_DONE   ? "done"
        : verdict == DK_VERDICT_DROP ? "dropped"
                                     : "retry"};
    count(ANNOTATIONS, words);
}
