#ifndef DK_SERVE_APP_STATUS_H
#define DK_SERVE_APP_STATUS_H

#include "core/workers.h"
#include "serve/app_settings.h"
#include "serve/life.h"
#include "serve/monitor.h"

#include <dk/metric.h>

struct dk__daprd;

/*
 * What an application's program says on /readyz and /statusz, and its workers as metrics. Ready: it
 * serves, it is not draining, and its sidecar can be reached.
 *
 * Thread: the loop's. Owner: the program's, zeroed; it sets the first members before the monitor
 *         opens. What they point to outlives the monitor.
 */
struct dk__app_status {
    const struct dk__life *life;
    const struct dk__app_settings *settings;
    struct dk__workers *workers;
    struct dk__daprd *daprd;
    bool is_serving; /* set when the port is open */

    struct dk_metric_reader running, waiting; /* private */
};

/* Shows the workers under this role, until end. */
void dk__app_status_begin(struct dk__app_status *status, const char *role);
/* Before the workers go. Accepts one that never began. */
void dk__app_status_end(struct dk__app_status *status);

/* dk__monitor_config's functions; the context is the status. */
void dk__app_status_check(void *context, struct dk__monitor *monitor);
void dk__app_status_write(void *context, FILE *output);

#endif /* DK_SERVE_APP_STATUS_H */
