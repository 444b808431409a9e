/*
 * RPCs as numbers, on the loop's thread. A cell has the series of one method of one instance, so a
 * call costs no search. The time at its end is read once for all calls of a turn, at the turn's end:
 *
 *     on_ended ─▶ counter of the code, and a note ─▶ … ─▶ turn end: one clock, all notes ─▶ histograms
 */
#include "wire/grpc/rpc_metrics.h"

#include "core/instances.h"
#include "core/loop.h"
#include "core/metric.h"
#include "wire/grpc/observer.h"
#include "wire/grpc/rpc.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    CODES = 17,
    NOTES_MAX = 128, /* of one turn; more are settled within it */
    NAME_BYTES_MAX = DK_METRIC_VALUE_BYTES_MAX + 1,
};

enum { COMPONENT_REQUESTS, COMPONENT_DURATION };

struct dk_metric dk__component_metrics[] = {
    [COMPONENT_REQUESTS] =
        {"dk_component_requests_total",
         DK_METRIC_COUNTER,
         "Calls of daprd that have ended, by gRPC's code; component is empty for a call of no "
         "instance, as Init.",
         {"component", "kind", "backend", "operation", "code"},
         .series_max = 2048},
    [COMPONENT_DURATION] =
        {"dk_component_request_duration_seconds",
         DK_METRIC_HISTOGRAM,
         "Time of these calls from the turn that read them to the end of the turn that answered; "
         "streams are not among them.",
         {"component", "kind", "backend", "operation"},
         .divisor = 1000000,
         .bounds = dk_metric_bounds_us,
         .series_max = 512,
         .has_exemplars = true},
    {0},
};

struct dk_metric dk__app_metrics[] = {
    [DK__APP_REQUESTS] =
        {"dk_app_requests_total",
         DK_METRIC_COUNTER,
         "Calls that have ended, by gRPC's code; a method that was reached by HTTP has its gRPC "
         "name.",
         {"role", "method", "code"},
         .series_max = 2048},
    [DK__APP_DURATION] =
        {"dk_app_request_duration_seconds",
         DK_METRIC_HISTOGRAM,
         "Time of these calls, their wait for a worker included.",
         {"role", "method"},
         .divisor = 1000000,
         .bounds = dk_metric_bounds_us,
         .series_max = 512,
         .has_exemplars = true},
    [DK__APP_INFLIGHT] =
        {"dk_app_inflight", DK_METRIC_GAUGE, "Handlers at work; at most --handlers-max.", {"role"}},
    [DK__TASK_QUEUE] =
        {"dk_task_queue_depth",
         DK_METRIC_GAUGE,
         "Calls and tasks that wait for a worker; at most --handler-queue-max.",
         {"role"}},
    [DK__TASK_DURATION] =
        {"dk_task_duration_seconds",
         DK_METRIC_HISTOGRAM,
         "Time of the runs of the application's own tasks; code is ok or an error's name.",
         {"role", "task", "code"},
         .divisor = 1000000,
         .bounds = dk_metric_bounds_us},
    {0},
};

struct dk_metric dk__grpc_metrics[] = {
    [DK__GRPC_OTHERS] =
        {"dk_grpc_other_requests_total",
         DK_METRIC_COUNTER,
         "Calls of neither a component nor an application: reflection, health, and with an empty "
         "service whatever nobody serves.",
         {"service", "code"}},
    [DK__GRPC_CONNECTIONS] =
        {"dk_grpc_connections",
         DK_METRIC_GAUGE,
         "Connections that are open; at most --connections-max for each listener.",
         {"listener"}},
    [DK__GRPC_STREAMS] =
        {"dk_grpc_streams",
         DK_METRIC_GAUGE,
         "Calls under way; at most --calls-max for each connection.",
         {"listener"}},
    [DK__GRPC_RSTS] =
        {"dk_grpc_rst_total",
         DK_METRIC_COUNTER,
         "Streams that were reset: by=peer by whoever called, by=self by this program.",
         {"listener", "by"}},
    [DK__GRPC_STALLS] =
        {"dk_grpc_flow_control_stall_seconds_total",
         DK_METRIC_COUNTER,
         "Time in which a connection took no more bytes while answers waited.",
         {"listener"},
         .divisor = 1000000},
    {0},
};

/* The series of one method; NULL: not used yet. */
struct cell {
    struct dk_series *duration;
    struct dk_series *counts[CODES];
};

/* A call that has ended in this turn. */
struct note {
    struct dk_series *duration;
    int64_t begun_us;
    bool is_traced;
    unsigned char trace_id[16];
};

struct dk__rpc_metrics {
    struct dk__observer observer; /* first */
    struct dk__server *server;
    struct dk_deferred turn_end;
    struct note notes[NOTES_MAX];
    size_t note_count;
    struct dk_series *others[CODES]; /* of paths that nobody serves */
    struct cell cells[];             /* of calls without an instance, by the route's number */
};

const char *dk__code_name(unsigned code) {
    static const char *const names[CODES] = {
        "OK",
        "CANCELLED",
        "UNKNOWN",
        "INVALID_ARGUMENT",
        "DEADLINE_EXCEEDED",
        "NOT_FOUND",
        "ALREADY_EXISTS",
        "PERMISSION_DENIED",
        "RESOURCE_EXHAUSTED",
        "FAILED_PRECONDITION",
        "ABORTED",
        "OUT_OF_RANGE",
        "UNIMPLEMENTED",
        "INTERNAL",
        "UNAVAILABLE",
        "DATA_LOSS",
        "UNAUTHENTICATED",
    };
    return names[code < CODES ? code : DK__CODE_UNKNOWN];
}

/* ── which series ───────────────────────────────────────────────────────────────────────────── */

/* The cell of an RPC whose route is known: its instance's, made with the first call of it. */
static struct cell *cell_of(struct dk__rpc_metrics *metrics, const struct dk__rpc *rpc) {
    struct cell *cells = metrics->cells;
    if (rpc->held != NULL) {
        void **const own = dk__instances_observed(rpc->held);
        if (*own == NULL) {
            *own = calloc(metrics->server->route_count, sizeof *cells);
        }
        cells = *own != NULL ? *own : cells; /* without memory: counted as of no instance */
    }
    return &cells[rpc->route];
}

/* A row's two families and the label values they share; the code follows them. */
struct labels {
    struct dk_metric *requests, *duration;
    const char *values[DK_METRIC_LABELS_MAX];
    size_t count;
    char method[NAME_BYTES_MAX];
};

static void labels_make(
    struct labels *labels, const struct dk__rpc_metrics *metrics, const struct dk__rpc *rpc) {
    const struct dk__route *const route = dk__server_route_numbered(metrics->server, rpc->route);
    const struct dk__service *const service = route->service;
    memset(labels, 0, sizeof *labels);
    if (service->kind == NULL) {
        labels->requests = &dk__grpc_metrics[DK__GRPC_OTHERS];
        labels->values[labels->count++] = service->name;
    } else if (strcmp(service->kind, DK__KIND_APP) == 0) {
        labels->requests = &dk__app_metrics[DK__APP_REQUESTS];
        labels->duration = &dk__app_metrics[DK__APP_DURATION];
        (void)snprintf(
            labels->method, sizeof labels->method, "%s/%s", service->name, route->method->name);
        labels->values[labels->count++] = service->owner;
        labels->values[labels->count++] = labels->method;
    } else {
        labels->requests = &dk__component_metrics[COMPONENT_REQUESTS];
        labels->duration = &dk__component_metrics[COMPONENT_DURATION];
        labels->values[labels->count++] = rpc->held == NULL ? "" : rpc->held->name;
        labels->values[labels->count++] = service->kind;
        labels->values[labels->count++] = service->owner;
        labels->values[labels->count++] = route->method->name;
    }
}

static void cell_fill(
    struct cell *cell,
    const struct dk__rpc_metrics *metrics,
    const struct dk__rpc *rpc,
    unsigned code) {
    struct labels labels;
    labels_make(&labels, metrics, rpc);
    if (labels.duration != NULL && rpc->method->streaming == NULL) {
        cell->duration = dk_metric_series(labels.duration, labels.values);
    }
    labels.values[labels.count] = dk__code_name(code);
    cell->counts[code] = dk_metric_series(labels.requests, labels.values);
}

static void count_unserved(struct dk__rpc_metrics *metrics, unsigned code) {
    if (metrics->others[code] == NULL) {
        const char *const values[DK_METRIC_LABELS_MAX] = {"", dk__code_name(code)};
        metrics->others[code] = dk_metric_series(&dk__grpc_metrics[DK__GRPC_OTHERS], values);
    }
    dk__series_add_alone(metrics->others[code], 1);
}

/* ── the turn ───────────────────────────────────────────────────────────────────────────────── */

static void notes_settle(struct dk__rpc_metrics *metrics) {
    const int64_t now_us = dk__clock_us();
    for (size_t i = 0; i < metrics->note_count; i++) {
        const struct note *note = &metrics->notes[i];
        if (note->is_traced) {
            dk_series_observe_traced(note->duration, now_us - note->begun_us, note->trace_id);
        } else {
            dk__series_observe_alone(note->duration, now_us - note->begun_us);
        }
    }
    metrics->note_count = 0;
}

static void on_turn_end(struct dk_deferred *deferred) {
    notes_settle((struct dk__rpc_metrics
                      *)(void *)((char *)deferred - offsetof(struct dk__rpc_metrics, turn_end)));
}

static void note_add(
    struct dk__rpc_metrics *metrics, struct dk_series *duration, const struct dk__rpc *rpc) {
    if (metrics->note_count == NOTES_MAX) {
        notes_settle(metrics);
    }
    struct note *note = &metrics->notes[metrics->note_count];
    metrics->note_count++;
    note->duration = duration;
    note->begun_us = rpc->begun_us;
    note->is_traced = rpc->trace_id != NULL;
    if (note->is_traced) {
        memcpy(note->trace_id, rpc->trace_id, sizeof note->trace_id);
    }
    dk_defer(metrics->server->loop, &metrics->turn_end);
}

static void on_ended(
    struct dk__observer *observer, struct dk__rpc *rpc, const struct dk__status *status) {
    struct dk__rpc_metrics *const metrics = (struct dk__rpc_metrics *)(void *)observer;
    const unsigned code = (unsigned)status->code < CODES ? status->code : DK__CODE_UNKNOWN;
    if (rpc->method == NULL) {
        count_unserved(metrics, code);
        return;
    }
    struct cell *const cell = cell_of(metrics, rpc);
    if (cell->counts[code] == NULL) {
        cell_fill(cell, metrics, rpc, code);
    }
    dk__series_add_alone(cell->counts[code], 1);
    if (cell->duration != NULL) {
        note_add(metrics, cell->duration, rpc);
    }
}

struct dk__rpc_metrics *dk__rpc_metrics_new(struct dk__server *server) {
    struct dk__rpc_metrics *metrics =
        calloc(1, sizeof *metrics + server->route_count * sizeof metrics->cells[0]);
    if (metrics != NULL) {
        metrics->server = server;
        metrics->observer.on_ended = on_ended;
        metrics->turn_end.on_turn_end = on_turn_end;
        dk__server_observe(server, &metrics->observer);
    }
    return metrics;
}

void dk__rpc_metrics_free(struct dk__rpc_metrics *metrics) {
    if (metrics != NULL) {
        dk_defer_stop(metrics->server->loop, &metrics->turn_end);
        free(metrics);
    }
}
