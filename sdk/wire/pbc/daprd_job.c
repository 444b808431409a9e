/*
 * Jobs, by protobuf-c's structs.
 */
#include "wire/pbc/daprd_job.h"

#include <dapr/proto/runtime/v1/jobs.pb-c.h>
#include <inttypes.h>

typedef Dapr__Proto__Common__V1__JobFailurePolicy policy_message;
typedef Dapr__Proto__Common__V1__JobFailurePolicyConstant constant_message;

enum { MS_PER_S = 1000, NS_PER_MS = 1000000 };

/* ── writing ────────────────────────────────────────────────────────────────────────────────── */

/* A job's parts that are messages of their own. */
struct parts {
    Google__Protobuf__Any data;
    policy_message policy;
    Dapr__Proto__Common__V1__JobFailurePolicyDrop drop;
    constant_message constant;
    Google__Protobuf__Duration interval;
};

/* Fields that are optional in Dapr's description are left out when they are zero or empty: protobuf-c
 * knows no difference, and to daprd neither an empty time nor no repeats mean anything else. */

/* An optional text; false: noted. */
static bool text_set(
    const struct dk__pbc_writing *writing, const char *what, struct dk_bytes text, char **ret) {
    if (text.data == NULL) {
        return true;
    }
    *ret = dk__pbc_text(writing, what, text);
    return *ret != NULL;
}

static bool policy_set(
    const struct dk__pbc_writing *writing,
    const struct dk_daprd_job *job,
    struct parts *parts,
    policy_message **ret) {
    dapr__proto__common__v1__job_failure_policy__init(&parts->policy);
    switch (job->failure) {
    case DK_JOB_FAILURE_UNSPECIFIED:
        return true;
    case DK_JOB_FAILURE_DROP:
        dapr__proto__common__v1__job_failure_policy_drop__init(&parts->drop);
        parts->policy.policy_case = DAPR__PROTO__COMMON__V1__JOB_FAILURE_POLICY__POLICY_DROP;
        parts->policy.drop = &parts->drop;
        break;
    case DK_JOB_FAILURE_RETRY:
        if (job->retry_ms < 0) {
            (void)dk_fault_set(
                writing->fault,
                DK_INVALID,
                "retry_ms: %" PRId64 " is less than nothing",
                job->retry_ms);
            return false;
        }
        dapr__proto__common__v1__job_failure_policy_constant__init(&parts->constant);
        google__protobuf__duration__init(&parts->interval);
        parts->interval.seconds = job->retry_ms / MS_PER_S;
        parts->interval.nanos = (int32_t)(job->retry_ms % MS_PER_S) * NS_PER_MS;
        parts->constant.interval = &parts->interval;
        parts->constant.max_retries = job->retries;
        parts->policy.policy_case = DAPR__PROTO__COMMON__V1__JOB_FAILURE_POLICY__POLICY_CONSTANT;
        parts->policy.constant = &parts->constant;
        break;
    }
    *ret = &parts->policy;
    return true;
}

static bool data_set(
    const struct dk__pbc_writing *writing,
    const struct dk_daprd_job *job,
    struct parts *parts,
    Google__Protobuf__Any **ret) {
    if (job->data.data == NULL && job->data_type.data == NULL) {
        return true;
    }
    google__protobuf__any__init(&parts->data);
    parts->data.type_url = dk__pbc_text(writing, "data_type", job->data_type);
    parts->data.value = dk__pbc_binary(job->data);
    *ret = &parts->data;
    return parts->data.type_url != NULL;
}

struct dk_bytes dk__encode_daprd_schedule_job(
    const struct dk__pbc_writing *writing, const struct dk_daprd_job *job) {
    Dapr__Proto__Runtime__V1__ScheduleJobRequest request =
        DAPR__PROTO__RUNTIME__V1__SCHEDULE_JOB_REQUEST__INIT;
    Dapr__Proto__Runtime__V1__Job planned = DAPR__PROTO__RUNTIME__V1__JOB__INIT;
    struct parts parts;
    request.job = &planned;
    request.overwrite = job->is_overwriting;
    planned.repeats = job->repeats;
    planned.name = dk__pbc_name(writing, "name", job->name);
    if (planned.name == NULL || !text_set(writing, "schedule", job->schedule, &planned.schedule) ||
        !text_set(writing, "due_time", job->due_time, &planned.due_time) ||
        !text_set(writing, "ttl", job->ttl, &planned.ttl) ||
        !policy_set(writing, job, &parts, &planned.failure_policy) ||
        !data_set(writing, job, &parts, &planned.data)) {
        return (struct dk_bytes){0};
    }
    if (planned.schedule[0] == '\0' && planned.due_time[0] == '\0') {
        (void)dk_fault_set(
            writing->fault,
            DK_INVALID,
            "job '%s': has neither a schedule nor a due time",
            planned.name);
        return (struct dk_bytes){0};
    }
    return dk__pbc_write(writing, &request.base);
}

struct dk_bytes dk__encode_daprd_get_job(
    const struct dk__pbc_writing *writing, struct dk_bytes name) {
    Dapr__Proto__Runtime__V1__GetJobRequest request =
        DAPR__PROTO__RUNTIME__V1__GET_JOB_REQUEST__INIT;
    request.name = dk__pbc_name(writing, "name", name);
    return request.name == NULL ? (struct dk_bytes){0} : dk__pbc_write(writing, &request.base);
}

struct dk_bytes dk__encode_daprd_delete_job(
    const struct dk__pbc_writing *writing, struct dk_bytes name) {
    Dapr__Proto__Runtime__V1__DeleteJobRequest request =
        DAPR__PROTO__RUNTIME__V1__DELETE_JOB_REQUEST__INIT;
    request.name = dk__pbc_name(writing, "name", name);
    return request.name == NULL ? (struct dk_bytes){0} : dk__pbc_write(writing, &request.base);
}

/* ── reading ────────────────────────────────────────────────────────────────────────────────── */

static struct dk_bytes text_of(const char *text) {
    return text[0] == '\0' ? (struct dk_bytes){0} : dk_bytes_of(text);
}

static void policy_read(const policy_message *policy, struct dk_daprd_job *ret_job) {
    if (policy == NULL) {
        return;
    }
    if (policy->policy_case == DAPR__PROTO__COMMON__V1__JOB_FAILURE_POLICY__POLICY_DROP) {
        ret_job->failure = DK_JOB_FAILURE_DROP;
    } else if (
        policy->policy_case == DAPR__PROTO__COMMON__V1__JOB_FAILURE_POLICY__POLICY_CONSTANT) {
        const constant_message *constant = policy->constant;
        ret_job->failure = DK_JOB_FAILURE_RETRY;
        ret_job->retries = constant->max_retries;
        if (constant->interval != NULL) {
            ret_job->retry_ms =
                constant->interval->seconds * MS_PER_S + constant->interval->nanos / NS_PER_MS;
        }
    }
}

enum dk_error dk__decode_daprd_job(
    struct dk_bytes message,
    struct dk__arena *arena,
    struct dk_daprd_job *ret_job,
    struct dk_fault *fault) {
    const Dapr__Proto__Runtime__V1__GetJobResponse *response = dk__pbc_answer(
        &dapr__proto__runtime__v1__get_job_response__descriptor, message, arena, fault);
    if (response == NULL) {
        return fault->error;
    }
    if (response->job == NULL) {
        return dk_fault_set(fault, DK_INTERNAL, "daprd: its answer has no job");
    }
    const Dapr__Proto__Runtime__V1__Job *job = response->job;
    struct dk_daprd_job read = {
        .name = dk_bytes_of(job->name),
        .schedule = text_of(job->schedule),
        .due_time = text_of(job->due_time),
        .ttl = text_of(job->ttl),
        .repeats = job->repeats};
    if (job->data != NULL) {
        read.data_type = dk_bytes_of(job->data->type_url);
        read.data = dk__pbc_bytes(job->data->value);
    }
    policy_read(job->failure_policy, &read);
    *ret_job = read;
    return DK_OK;
}
