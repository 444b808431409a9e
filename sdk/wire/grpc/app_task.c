/*
 * The work of an application that nobody calls for. A task lies with its call in one structure and
 * runs again and again; all but its run, and the asking for one, is on the loop.
 *
 *     begin, timer, wake ─▶ task_start ─▶ a worker: run ─▶ task_on_return ─▶ timer, or again at once
 */
#include "core/log.h"
#include "core/loop.h"
#include "wire/grpc/app.h"
#include "wire/grpc/rpc_metrics.h"

#include <dk/log.h>
#include <dk/metric.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>

enum { TASK_RETRY_MS = 100 }; /* when the workers' queue is full */

struct dk__app_task {
    struct dk_call call; /* first */
    const struct dk_app_task *row;
    struct dk_loop *loop;
    size_t arena_bytes_max;
    struct dk_timer timer;
    int64_t began_us; /* its run, on the worker */
    struct dk__work wake;
    /* From the worker that wakes to the loop that has heard: the work is posted once. Release pairs
     * with the acquire in task_on_wake: what was written before the waking, the run sees. */
    _Atomic(bool) is_woken;
    bool is_running, is_wanted; /* wanted: once more after this run */
};

static struct dk__app_task *task_of(struct dk__task *task) {
    return (struct dk__app_task *)(void *)task;
}

static void task_start(struct dk__app_task *task);

static void task_set_timer(struct dk__app_task *task, int64_t delay_ms) {
    if (dk_timer_set(task->loop, &task->timer, delay_ms * 1000) != DK_OK) {
        dk_log(
            DK_LOG_ERROR,
            "app",
            "no room for a timer, the task waits to be woken",
            "task=%s",
            task->row->name);
    }
}

static void task_run(struct dk__task *base) {
    struct dk__app_task *task = task_of(base);
    struct dk__call_trace *trace = &base->call.trace;
    task->began_us = dk__clock_us();
    dk__trace_begin(
        &base->call,
        task->call.app->tracer,
        NULL,
        DK_SPAN_INTERNAL,
        dk_bytes_of(task->row->name),
        0);
    if (trace->context.is_set) {
        dk__log_context_trace(trace->context.trace_id, trace->context.span_id);
    }
    task->row->run(&task->call);
    if (task->call.fault.error != DK_OK) {
        dk_span_fail(trace->span, dk_bytes_of(task->call.fault.text));
    }
    dk__trace_end(&base->call);
}

/* A run is rare: it looks its series up. */
static void task_count(const struct dk__app_task *task) {
    const char *const values[DK_METRIC_LABELS_MAX] = {
        dk__app_role(task->call.app->config.app),
        task->row->name,
        dk_error_name(task->call.fault.error)};
    if (dk_metrics_are_wanted()) {
        dk_series_observe(
            dk_metric_series(&dk__app_metrics[DK__TASK_DURATION], values),
            dk__clock_us() - task->began_us);
    }
}

static void task_on_return(struct dk__task *base) {
    struct dk__app_task *task = task_of(base);
    if (task->call.fault.error != DK_OK) {
        dk_log(
            DK_LOG_WARN,
            "app",
            "a task has failed",
            "task=%s error=\"%s\"",
            task->row->name,
            task->call.fault.text);
    }
    if (base->was_run) {
        task_count(task);
    }
    task->is_running = false;
    dk__task_reset(base);
    if (!base->was_run) {
        return; /* the workers have stopped */
    }
    if (task->is_wanted) {
        task_start(task);
    } else if (task->row->every_ms > 0) {
        task_set_timer(task, task->row->every_ms);
    }
}

static void task_start(struct dk__app_task *task) {
    const struct dk__app *app = task->call.app;
    if (task->is_running) {
        task->is_wanted = true;
        return;
    }
    dk_timer_stop(task->loop, &task->timer);
    task->is_wanted = false;
    task->call = (struct dk_call){.app = app};
    dk__task_init(
        &task->call.task,
        task->arena_bytes_max,
        app->config.handler_us > 0 ? dk_loop_now_us(task->loop) + app->config.handler_us
                                   : INT64_MAX);
    task->call.task.run = task_run;
    task->call.task.on_return = task_on_return;
    const enum dk_error error = dk__workers_give(app->config.workers, &task->call.task);
    if (error == DK_OK) {
        task->is_running = true;
        return;
    }
    dk__task_reset(&task->call.task);
    if (error == DK_EXHAUSTED) {
        task_set_timer(task, TASK_RETRY_MS);
    }
}

static void task_on_due(struct dk_timer *timer) {
    task_start(
        (struct dk__app_task *)(void *)((char *)timer - offsetof(struct dk__app_task, timer)));
}

static void task_on_wake(struct dk__work *work) {
    struct dk__app_task *task =
        (struct dk__app_task *)(void *)((char *)work - offsetof(struct dk__app_task, wake));
    (void)atomic_exchange_explicit(&task->is_woken, false, memory_order_acquire);
    task_start(task);
}

void dk_call_wake(struct dk_call *call, const struct dk_app_task *row) {
    struct dk__app_task *task = &call->app->tasks[row - call->app->config.app->tasks];
    if (!atomic_exchange_explicit(&task->is_woken, true, memory_order_acq_rel)) {
        dk__loop_post(task->loop, &task->wake);
    }
}

enum dk_error dk__app_tasks_begin(
    struct dk__app *app, struct dk_loop *loop, size_t arena_bytes_max, struct dk_fault *fault) {
    const struct dk_app_task *rows = app->config.app->tasks;
    size_t count = 0;
    while (rows != NULL && rows[count].name != NULL) {
        count++;
    }
    if (count == 0) {
        return DK_OK;
    }
    app->tasks = calloc(count, sizeof *app->tasks);
    if (app->tasks == NULL) {
        return dk_fault_set(fault, DK_EXHAUSTED, "no memory for the tasks");
    }
    app->task_count = count;
    for (size_t i = 0; i < count; i++) {
        struct dk__app_task *task = &app->tasks[i];
        task->row = &rows[i];
        task->loop = loop;
        task->arena_bytes_max = arena_bytes_max;
        task->timer.on_due = task_on_due;
        task->wake.on_arrival = task_on_wake;
        task->call.app = app;
    }
    for (size_t i = 0; i < count; i++) {
        task_start(&app->tasks[i]);
    }
    return DK_OK;
}

void dk__app_tasks_end(struct dk__app *app) {
    for (size_t i = 0; i < app->task_count; i++) {
        dk_timer_stop(app->tasks[i].loop, &app->tasks[i].timer);
    }
    free(app->tasks);
    app->tasks = NULL;
    app->task_count = 0;
}
