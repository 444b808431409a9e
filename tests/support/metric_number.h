#ifndef TESTS_SUPPORT_METRIC_NUMBER_H
#define TESTS_SUPPORT_METRIC_NUMBER_H

#include "core/metric.h"

#include <criterion/criterion.h>
#include <string.h>

/* What a family of a table shows for the series that begins with these label values, NULL-terminated:
 * its number, of a histogram the sum; −1: there is no such series. Thread: the loop's. */
static inline int64_t metric_number(
    const struct dk_metric *table, const char *name, const char *const *values) {
    int64_t found = -1;
    while (strcmp(table->name, name) != 0) {
        table++;
        cr_assert(table->name != NULL, "%s: no such family", name);
    }
    (void)dk__metrics_walk_begin();
    for (const struct dk_series *at = table->oldest; at != NULL; at = at->next) {
        size_t same = 0;
        while (values[same] != NULL && strcmp(values[same], at->values[same]) == 0) {
            same++;
        }
        found = values[same] == NULL ? dk__series_number(at) : found;
    }
    dk__metrics_walk_end();
    return found;
}

#endif /* TESTS_SUPPORT_METRIC_NUMBER_H */
