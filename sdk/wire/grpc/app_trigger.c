/*
 * Events of input bindings and jobs, on a worker. Both are kept by whoever brings them until they
 * are answered without an error.
 *
 * A name without a handler is FAILED_PRECONDITION: NOT_FOUND would end a job for good, and the
 * application that knows the name may be on its way.
 */
#include "wire/pbc/app_trigger.h"

#include "wire/grpc/app.h"

/* The handler's error, with words; what an earlier step noted is forgotten with DK_OK. */
static void note(
    struct dk_call *call, const char *kind, struct dk_bytes name, enum dk_error error) {
    if (error == DK_OK) {
        call->fault.error = DK_OK;
    } else if (call->fault.error != error) {
        (void)dk_call_fail(
            call, error, "%s '%s': failed with %s", kind, name.data, dk_error_name(error));
    }
}

static void no_memory(struct dk_call *call) {
    (void)dk_call_fail(call, DK_EXHAUSTED, "the answer takes more memory than arena-bytes-max");
}

void dk__app_run_binding(struct dk__task *task) {
    struct dk_call *call = dk__app_call_of(task);
    struct dk_binding_event event;
    if (dk__decode_app_binding_event(call->rpc->request, &task->call.arena, &event, &call->fault) !=
        DK_OK) {
        return;
    }
    const struct dk_app_binding *binding = call->app->config.app->bindings;
    while (binding != NULL && binding->name != NULL &&
           !dk_bytes_equal(dk_bytes_of(binding->name), event.name)) {
        binding++;
    }
    if (binding == NULL || binding->name == NULL) {
        (void)dk_call_fail(
            call,
            DK_NOT_READY,
            "binding '%s': this application has no handler for it",
            event.name.data);
        return;
    }
    struct dk_bytes data = {0};
    const enum dk_error error = binding->run(call, &event, &data);
    note(call, "binding", event.name, error);
    if (error == DK_OK) {
        call->answer = dk__encode_app_binding_answer(&task->call.arena, data);
        if (call->answer.data == NULL) {
            no_memory(call);
        }
    }
}

/* Whether a row takes a name; the longer row wins, and the one without '*' among equals. */
static bool takes(const struct dk_app_job *job, struct dk_bytes name) {
    const struct dk_bytes row = dk_bytes_of(job->name);
    if (row.size == 0 || row.data[row.size - 1] != '*') {
        return dk_bytes_equal(row, name);
    }
    return name.size >= row.size - 1 && memcmp(name.data, row.data, row.size - 1) == 0;
}

static const struct dk_app_job *job_of(const struct dk_app *app, struct dk_bytes name) {
    const struct dk_app_job *best = NULL;
    for (const struct dk_app_job *job = app->jobs; job != NULL && job->name != NULL; job++) {
        if (dk_bytes_equal(dk_bytes_of(job->name), name)) {
            return job;
        }
        if (takes(job, name) && (best == NULL || strlen(job->name) > strlen(best->name))) {
            best = job;
        }
    }
    return best;
}

void dk__app_run_job(struct dk__task *task) {
    static const struct dk_bytes empty = DK_BYTES("");
    struct dk_call *call = dk__app_call_of(task);
    struct dk_job request;
    if (dk__decode_app_job(call->rpc->request, &task->call.arena, &request, &call->fault) !=
        DK_OK) {
        return;
    }
    const struct dk_app_job *job = job_of(call->app->config.app, request.name);
    if (job == NULL) {
        (void)dk_call_fail(
            call,
            DK_NOT_READY,
            "job '%s': this application has no handler for it",
            request.name.data);
        return;
    }
    const enum dk_error error = job->run(call, &request);
    note(call, "job", request.name, error);
    if (error == DK_UNSUPPORTED) {
        /* UNIMPLEMENTED has daprd try the method's older name, and the job would run twice. */
        call->fault.error = DK_NOT_READY;
    }
    call->answer = empty; /* a JobEventResponse has no fields */
}
