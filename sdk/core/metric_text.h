#ifndef DK_CORE_METRIC_TEXT_H
#define DK_CORE_METRIC_TEXT_H

#include <dk/metric.h>
#include <stdio.h>

/*
 * Families as text: for Prometheus in its two forms, for people as rows of a page.
 *
 * Source: prometheus.io "Exposition formats" 0.0.4; OpenMetrics 1.0.
 */
enum dk__metrics_form { DK__METRICS_TEXT, DK__METRICS_OPENMETRICS };

/* What an Accept header prefers; NULL and whatever names neither is text. Thread: any. */
enum dk__metrics_form dk__metrics_form_of(const char *accept);
const char *dk__metrics_content_type(enum dk__metrics_form form);

/* One family with all its series. Thread: the loop's, within a walk. */
void dk__metric_write(const struct dk_metric *metric, enum dk__metrics_form form, FILE *output);

/* Every family of the process. Thread: the loop's. */
void dk__metrics_write(enum dk__metrics_form form, FILE *output);

/* The gauges whose names begin so, one a line, for people. Thread: the loop's. */
void dk__metrics_write_gauges(const char *prefix, FILE *output);

/* A Markdown section with one table row for each family that was added. Thread: main. */
void dk__metrics_describe(const char *program, FILE *output);

#endif /* DK_CORE_METRIC_TEXT_H */
