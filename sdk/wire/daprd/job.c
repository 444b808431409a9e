/*
 * Jobs, as a handler plans them. By the methods that every daprd with jobs has, since 1.14; those
 * without Alpha1 are the same and came in 1.18.
 */
#include "wire/daprd/ask.h"
#include "wire/pbc/daprd_job.h"

#define DAPR "/dapr.proto.runtime.v1.Dapr/"

static const struct dk__question schedule_job = {.path = DAPR "ScheduleJobAlpha1"};
static const struct dk__question get_job = {.path = DAPR "GetJobAlpha1", .is_harmless = true};
static const struct dk__question delete_job = {.path = DAPR "DeleteJobAlpha1"};

enum dk_error dk_daprd_schedule_job(struct dk_call *call, const struct dk_daprd_job *job) {
    struct dk__asking asking;
    dk__asking_begin(&asking, call, &schedule_job);
    return dk__asking_tell(&asking, dk__encode_daprd_schedule_job(&asking.writing, job));
}

enum dk_error dk_daprd_get_job(
    struct dk_call *call, struct dk_bytes name, struct dk_daprd_job *ret_job) {
    struct dk__asking asking;
    struct dk_bytes answer;
    dk__asking_begin(&asking, call, &get_job);
    enum dk_error error =
        dk__asking_send(&asking, dk__encode_daprd_get_job(&asking.writing, name), &answer);
    if (error == DK_OK) {
        error = dk__decode_daprd_job(answer, asking.writing.arena, ret_job, &asking.fault);
    }
    return dk__asking_end(&asking, error);
}

enum dk_error dk_daprd_delete_job(struct dk_call *call, struct dk_bytes name) {
    struct dk__asking asking;
    dk__asking_begin(&asking, call, &delete_job);
    return dk__asking_tell(&asking, dk__encode_daprd_delete_job(&asking.writing, name));
}
