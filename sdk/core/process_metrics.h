#ifndef DK_CORE_PROCESS_METRICS_H
#define DK_CORE_PROCESS_METRICS_H

#include <dk/metric.h>

/*
 * What every process shows of itself: what it is, what the kernel counts of it, what it logged. The
 * kernel is asked when somebody scrapes.
 *
 * Thread: main, which is the loop's.
 */
extern struct dk_metric dk__process_metrics[];

/* Adds them, with the program's name; twice is once. */
void dk__process_metrics_begin(const char *program);

/* Numbers in the families' own units, for /statusz too; 0 when the kernel does not say. */
int64_t dk__process_resident_bytes(void);
int64_t dk__process_start_ms(void); /* since 1970 */
int64_t dk__process_open_fds(void);

/* The program's own version ("1.4.0"), where it has one; lives as long as the process. Before threads. */
void dk__build_set_version(const char *version);
/* That, or the SDK's; the SDK's; and the commit that the SDK was built from or "unknown". */
const char *dk__build_version(void);
const char *dk__build_sdk_version(void);
const char *dk__build_commit(void);

#endif /* DK_CORE_PROCESS_METRICS_H */
