/*
 * One call of an application: to a worker and back, and what its handler may ask of it. The
 * functions of dk/app.h run on the worker, the others on the loop.
 */
#include "wire/grpc/app.h"

#include "core/log.h"
#include "core/utf8.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

/* ── on the loop ────────────────────────────────────────────────────────────────────────────── */

static void fail(struct dk__rpc *rpc, enum dk_error error, const char *text) {
    struct dk__status status = {.code = DK__CODE_OK};
    if (!rpc->is_finished) { /* else it is late: a release, nobody reads the words */
        status = dk__status_of_app(error, text, &rpc->call.arena);
    }
    dk__rpc_finish(rpc, &status);
}

static void call_on_return(struct dk__task *task) {
    struct dk_call *call = dk__app_call_of(task);
    struct dk__rpc *rpc = call->rpc;
    rpc->route = dk__app_route_of(call->app, call->method, rpc->route); /* what OnInvoke was for */
    if (!task->was_run) {
        fail(rpc, DK_UNAVAILABLE, "the application is shutting down");
    } else {
        for (size_t i = 0; i < call->header_count && !rpc->is_finished; i++) {
            rpc->ops->add_header(rpc, call->headers[i].key, call->headers[i].value);
        }
        const size_t size_max = rpc->server->limits.reply_bytes_max;
        if (call->fault.error == DK_OK && call->answer.size > size_max) {
            (void)dk_call_fail(
                call,
                DK_TOO_LARGE,
                "the answer has %zu bytes, more than reply-bytes-max = %zu; ask for less at once",
                call->answer.size,
                size_max);
        }
        if (call->fault.error != DK_OK) {
            fail(rpc, call->fault.error, call->fault.text);
        } else {
            dk__rpc_answer(rpc, call->answer);
        }
    }
    dk__task_reset(task);
    dk__app_wait_destroy(&call->wait);
    free(call);
}

static bool is_of_events(const struct dk_call *call) {
    return call->run == dk__app_run_event || call->run == dk__app_run_events;
}

/* On a worker, around what it does for an RPC: the time between the RPC's span and this one it waited
 * for a worker. */
static void call_run(struct dk__task *task) {
    static const struct dk_bytes unnamed = DK_BYTES("handler");
    struct dk_call *call = dk__app_call_of(task);
    struct dk__call_trace *trace = &task->call.trace;
    dk__trace_enter(&task->call, is_of_events(call) ? DK_SPAN_CONSUMER : DK_SPAN_INTERNAL, unnamed);
    if (trace->context.is_set) {
        dk__log_context_trace(trace->context.trace_id, trace->context.span_id);
    }
    call->run(task);
    if (call->method != NULL) {
        dk_span_name(trace->span, dk_bytes_of(call->method->name));
    }
    if (call->fault.error != DK_OK) {
        dk_span_fail(trace->span, dk_bytes_of(call->fault.text));
    }
    dk__trace_end(&task->call);
}

void dk__app_call_give(
    struct dk__rpc *rpc,
    const struct dk__app *app,
    const struct dk_app_method *method,
    void (*run)(struct dk__task *task)) {
    if (app->config.handler_us > 0 && !dk__rpc_limit(rpc, app->config.handler_us)) {
        fail(rpc, DK_EXHAUSTED, "no more room for timers");
        return;
    }
    struct dk_call *call = calloc(1, sizeof *call);
    if (call == NULL) {
        fail(rpc, DK_EXHAUSTED, "no memory for another call");
        return;
    }
    dk__task_init(&call->task, rpc->server->limits.arena_bytes_max, rpc->call.deadline_us);
    call->task.run = call_run;
    call->task.on_return = call_on_return;
    call->task.call.trace.tracer = rpc->call.trace.tracer;
    call->task.call.trace.context = rpc->call.trace.context;
    call->run = run;
    call->rpc = rpc;
    call->app = app;
    call->method = method;
    dk__app_wait_init(&call->wait);
    /* Also where nothing is traced here: a caller's trace is found in the log. */
    (void)dk__trace_find(rpc->metadata, &call->task.log_trace);
    rpc->context = call;
    rpc->on_over = dk__app_on_over;
    const enum dk_error error = dk__workers_give(app->config.workers, &call->task);
    if (error != DK_OK) {
        rpc->on_over = NULL;
        dk__app_wait_destroy(&call->wait);
        free(call);
        fail(
            rpc,
            error == DK_EXHAUSTED ? DK_EXHAUSTED : DK_UNAVAILABLE,
            error == DK_EXHAUSTED ? "handler-queue-max calls wait for a worker; try again later"
                                  : "the application is shutting down");
    }
}

/* ── a call without an RPC ──────────────────────────────────────────────────────────────────── */

static void open_run(struct dk__task *task) {
    struct dk__app_opening *opening =
        (struct dk__app_opening *)(void *)((char *)task - offsetof(struct dk__app_opening, call));
    struct dk_call *call = &opening->call;
    const enum dk_error error = opening->open(call, opening->config, &opening->shared);
    if (error == DK_OK) {
        call->fault.error = DK_OK;
    } else if (call->fault.error != error) {
        (void)dk_call_fail(call, error, "open: failed with %s", dk_error_name(error));
    }
}

static void open_on_return(struct dk__task *task) {
    struct dk__app_opening *opening =
        (struct dk__app_opening *)(void *)((char *)task - offsetof(struct dk__app_opening, call));
    struct dk_fault *fault = &opening->call.fault;
    if (!task->was_run) {
        (void)dk_fault_set(fault, DK_CANCELLED, "open: stopped before it began");
    } else if (fault->error == DK_OK) {
        opening->app->config.shared = opening->shared;
    }
    dk__task_reset(task);
    opening->on_opened(opening, fault);
}

enum dk_error dk__app_open(
    struct dk__app *app, struct dk__app_opening *opening, struct dk_fault *fault) {
    struct dk_call *call = &opening->call;
    dk__task_init(&call->task, opening->arena_bytes_max, INT64_MAX);
    call->task.run = open_run;
    call->task.on_return = open_on_return;
    call->app = app;
    opening->app = app;
    const enum dk_error error = dk__workers_give(app->config.workers, &call->task);
    return error == DK_OK ? DK_OK : dk_fault_set(fault, error, "open: no worker takes it");
}

/* ── on a worker ────────────────────────────────────────────────────────────────────────────── */

void *dk_call_take(struct dk_call *call, size_t size) {
    return dk__arena_take(&call->task.call.arena, size);
}

char *dk_call_format(struct dk_call *call, const char *format, ...) {
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    const int size = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    char *text = size < 0 ? NULL : dk__arena_take_bytes(&call->task.call.arena, (size_t)size + 1);
    if (text != NULL) {
        (void)vsnprintf(text, (size_t)size + 1, format, again);
    }
    va_end(again);
    return text;
}

struct dk_call_memory dk_call_memory_begin(struct dk_call *call) {
    const struct dk__arena_part part = dk__arena_part_begin(&call->task.call.arena);
    return (struct dk_call_memory){.kept = part.newest, .bytes = part.bytes_taken};
}

void dk_call_memory_end(struct dk_call *call, struct dk_call_memory memory) {
    dk__arena_part_end(
        &call->task.call.arena,
        (struct dk__arena_part){.newest = memory.kept, .bytes_taken = memory.bytes});
}

struct dk_bytes dk_call_header(const struct dk_call *call, struct dk_bytes name) {
    return call->rpc == NULL ? (struct dk_bytes){0} : dk_pairs_find(call->rpc->metadata, name);
}

static bool is_header_name(struct dk_bytes name) {
    for (size_t i = 0; i < name.size; i++) {
        const char letter = name.data[i];
        if (!(letter >= 'a' && letter <= 'z') && !(letter >= '0' && letter <= '9') &&
            letter != '.' && letter != '_' && letter != '-') {
            return false;
        }
    }
    return name.size > 0 && !(name.size >= 5 && memcmp(name.data, "grpc-", 5) == 0);
}

bool dk__app_is_header_value(struct dk_bytes value) {
    for (size_t i = 0; i < value.size; i++) {
        if (value.data[i] < ' ' || value.data[i] > '~') {
            return false;
        }
    }
    return true;
}

bool dk_call_set_header(struct dk_call *call, struct dk_bytes name, struct dk_bytes value) {
    const bool is_binary = name.size > 4 && memcmp(name.data + name.size - 4, "-bin", 4) == 0;
    if (!is_header_name(name) || (!is_binary && !dk__app_is_header_value(value)) ||
        call->header_count == DK__APP_HEADERS_MAX) {
        return false;
    }
    const char *name_copy = dk__arena_copy_text(&call->task.call.arena, name);
    const char *value_copy = dk__arena_copy_text(&call->task.call.arena, value);
    if (name_copy == NULL || value_copy == NULL) {
        return false;
    }
    call->headers[call->header_count] = (struct dk_pair){
        .key = {.data = name_copy, .size = name.size},
        .value = {.data = value_copy, .size = value.size}};
    call->header_count++;
    return true;
}

int64_t dk_call_deadline_us(const struct dk_call *call) {
    return call->task.call.deadline_us;
}

struct dk_span *dk_call_span_begin(
    struct dk_call *call, enum dk_span_kind kind, struct dk_bytes name) {
    return dk__span_begin(&call->task.call, kind, name);
}

bool dk_call_is_over(const struct dk_call *call) {
    return call->task.call.is_over || (call->rpc != NULL && call->rpc->call.is_over);
}

void *dk_call_app(const struct dk_call *call) {
    return call->app->config.shared;
}

enum dk_error dk_call_fail(struct dk_call *call, enum dk_error error, const char *format, ...) {
    char raw[DK_FAULT_TEXT_BYTES_MAX + 4];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(raw, sizeof raw, format, arguments);
    va_end(arguments);
    call->fault.error = error;
    (void)dk__utf8_clean(dk_bytes_of(raw), call->fault.text, sizeof call->fault.text);
    return error;
}

const struct dk_fault *dk_call_fault(const struct dk_call *call) {
    return &call->fault;
}
