/*
 * An application's program in people's words, on the loop's thread.
 */
#include "serve/app_status.h"

#include "serve/door_status.h"
#include "wire/daprd/daprd.h"
#include "wire/grpc/rpc_metrics.h"

#include <inttypes.h>
#include <stddef.h>

static int64_t read_running(const struct dk_metric_reader *reader) {
    const struct dk__app_status *status =
        (const struct dk__app_status
             *)(const void *)((const char *)reader - offsetof(struct dk__app_status, running));
    return dk__workers_counts(status->workers).running;
}

static int64_t read_waiting(const struct dk_metric_reader *reader) {
    const struct dk__app_status *status =
        (const struct dk__app_status
             *)(const void *)((const char *)reader - offsetof(struct dk__app_status, waiting));
    return dk__workers_counts(status->workers).waiting;
}

void dk__app_status_begin(struct dk__app_status *status, const char *role) {
    status->running.read = read_running;
    status->waiting.read = read_waiting;
    dk_metric_read_begin(&dk__app_metrics[DK__APP_INFLIGHT], &role, &status->running);
    dk_metric_read_begin(&dk__app_metrics[DK__TASK_QUEUE], &role, &status->waiting);
}

void dk__app_status_end(struct dk__app_status *status) {
    dk_metric_read_end(&status->running);
    dk_metric_read_end(&status->waiting);
}

void dk__app_status_check(void *context, struct dk__monitor *monitor) {
    const struct dk__app_status *const status = context;
    if (status->life->is_draining) {
        dk__monitor_ready(monitor, false, "the program is stopping\n");
    } else if (!status->is_serving) {
        dk__monitor_ready(monitor, false, "the application has not opened yet\n");
    } else if (!dk__daprd_is_reachable(status->daprd)) {
        dk__monitor_ready(monitor, false, "sidecar: cannot be reached (yet)\n");
    } else {
        dk__monitor_ready(monitor, true, "sidecar: can be reached\n");
    }
}

void dk__app_status_write(void *context, FILE *output) {
    const struct dk__app_status *const status = context;
    const struct dk__workers_counts counts = dk__workers_counts(status->workers);
    (void)fprintf(
        output,
        "%s, sidecar %s\n\nworkers\n"
        "  handlers at work       %" PRIu32 " of %" PRId64 " (handlers-max)\n"
        "  waiting for a worker   %" PRIu32 " of %" PRId64 " (handler-queue-max)\n",
        status->life->is_draining ? "stopping"
        : status->is_serving      ? "serving"
                                  : "opening",
        dk__daprd_is_reachable(status->daprd) ? "can be reached" : "cannot be reached",
        counts.running,
        status->settings->handlers_max,
        counts.waiting,
        status->settings->handler_queue_max);
    dk__door_status_write(status->life, output);
}
