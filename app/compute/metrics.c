/*
 * The families of the compute service.
 */
#include "compute/metrics.h"

#include <time.h>

enum { RESULTS, TIMES, FAILURES, INDEX };

/* clang-format off */
struct dk_metric compute_metrics[] = {
    [RESULTS] =
    {"dk_compute_results_total", DK_METRIC_COUNTER, "Results of functions: computed, stored (found in the store) or shared (another call was computing it).",
     {"function", "source"}},
    [TIMES] =
    {"dk_compute_function_seconds", DK_METRIC_HISTOGRAM, "Time of a function on a core, the wait for one not included.",
     {"function"}, .divisor = 1000000, .bounds = dk_metric_bounds_us},
    [FAILURES] =
    {"dk_compute_failures_total", DK_METRIC_COUNTER, "Functions that gave no result, by reason.",
     {"function", "reason"}},
    [INDEX] =
    {"dk_compute_index_changes_total", DK_METRIC_COUNTER, "Documents put into the index of near duplicates, removed from it, or late (a newer version was there).",
     {"change"}},
    {0}};
/* clang-format on */

int64_t compute_metrics_now_us(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void compute_metrics_result(const char *function, enum compute_source source) {
    static const char *const words[] = {"computed", "stored", "shared"};
    const char *const values[] = {function, words[source]};
    dk_series_add(dk_metric_series(&compute_metrics[RESULTS], values), 1);
}

void compute_metrics_ran(const char *function, int64_t us, enum dk_error error) {
    if (error == DK_OK) {
        const char *const values[] = {function};
        dk_series_observe(dk_metric_series(&compute_metrics[TIMES], values), us);
    } else {
        const char *const values[] = {function, dk_error_name(error)};
        dk_series_add(dk_metric_series(&compute_metrics[FAILURES], values), 1);
    }
}

void compute_metrics_indexed(const char *change) {
    const char *const values[] = {change};
    dk_series_add(dk_metric_series(&compute_metrics[INDEX], values), 1);
}
