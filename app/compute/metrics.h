#ifndef COMPUTE_METRICS_H
#define COMPUTE_METRICS_H

#include <dk/error.h>
#include <dk/metric.h>
#include <stdint.h>

/*
 * What an operator wants to know of computing beside the calls that the SDK counts. Thread: any.
 */
extern struct dk_metric compute_metrics[];

/* Where a function's result came from. */
enum compute_source { COMPUTE_COMPUTED, COMPUTE_STORED, COMPUTE_SHARED };
void compute_metrics_result(const char *function, enum compute_source source);
/* A function has run, on a core. */
void compute_metrics_ran(const char *function, int64_t us, enum dk_error error);
/* The index of near duplicates: a document was put there, taken away, or its event came too late. */
void compute_metrics_indexed(const char *change);

/* Monotonic µs. */
int64_t compute_metrics_now_us(void);

#endif /* COMPUTE_METRICS_H */
