#include "wire/pbc/daprd_job.h"

#include "support/codec_memory.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <dapr/proto/runtime/v1/jobs.pb-c.h>
#include <string.h>

static struct codec_memory memory;
static struct dk__pbc_writing writing;

static void setup(void) {
    codec_memory_begin(&memory);
    writing = (struct dk__pbc_writing){.arena = &memory.arena, .fault = &memory.fault};
}

static void teardown(void) {
    codec_memory_end(&memory);
}

TestSuite(daprd_job, .init = setup, .fini = teardown);

#define B(literal) ((struct dk_bytes)DK_BYTES(literal))

static Dapr__Proto__Runtime__V1__ScheduleJobRequest *scheduled(const struct dk_daprd_job *job) {
    const struct dk_bytes bytes = dk__encode_daprd_schedule_job(&writing, job);
    cr_assert(ne(ptr, (void *)bytes.data, NULL), "%s", memory.fault.text);
    return dapr__proto__runtime__v1__schedule_job_request__unpack(
        NULL, bytes.size, (const uint8_t *)bytes.data);
}

/* What daprd would answer to get of a job that was planned so. */
static struct dk_daprd_job come_back(Dapr__Proto__Runtime__V1__Job *job) {
    static char bytes[512];
    struct dk_daprd_job read = {0};
    Dapr__Proto__Runtime__V1__GetJobResponse response =
        DAPR__PROTO__RUNTIME__V1__GET_JOB_RESPONSE__INIT;
    response.job = job;
    cr_assert(le(sz, protobuf_c_message_get_packed_size(&response.base), sizeof bytes));
    const struct dk_bytes packed = {
        bytes, protobuf_c_message_pack(&response.base, (uint8_t *)bytes)};
    cr_assert(
        eq(int, dk__decode_daprd_job(packed, &memory.arena, &read, &memory.fault), DK_OK),
        "%s",
        memory.fault.text);
    return read;
}

Test(daprd_job, says_all_that_was_said_and_comes_back_the_same) {
    const struct dk_daprd_job job = {
        .name = B("purge"),
        .schedule = B("@every 1m"),
        .due_time = B("10s"),
        .ttl = B("1h"),
        .repeats = 3,
        .data_type = B("type.googleapis.com/x"),
        .data = {"a\0b", 3},
        .failure = DK_JOB_FAILURE_RETRY,
        .retry_ms = 1500,
        .retries = 7,
        .is_overwriting = true};

    Dapr__Proto__Runtime__V1__ScheduleJobRequest *request = scheduled(&job);
    const struct dk_daprd_job read = come_back(request->job);

    cr_assert(request->overwrite);
    cr_assert(eq(i64, request->job->failure_policy->constant->interval->seconds, 1));
    cr_assert(eq(i32, request->job->failure_policy->constant->interval->nanos, 500000000));
    cr_assert(dk_bytes_equal(read.name, job.name));
    cr_assert(dk_bytes_equal(read.schedule, job.schedule));
    cr_assert(dk_bytes_equal(read.due_time, job.due_time));
    cr_assert(dk_bytes_equal(read.ttl, job.ttl));
    cr_assert(eq(u32, read.repeats, 3));
    cr_assert(dk_bytes_equal(read.data_type, job.data_type));
    cr_assert(dk_bytes_equal(read.data, job.data));
    cr_assert(eq(int, read.failure, DK_JOB_FAILURE_RETRY));
    cr_assert(eq(i64, read.retry_ms, 1500));
    cr_assert(eq(u32, read.retries, 7));
    dapr__proto__runtime__v1__schedule_job_request__free_unpacked(request, NULL);
}

/* An empty due time is one to daprd, and none of its times. */
Test(daprd_job, leaves_out_what_was_left_out) {
    const struct dk_daprd_job job = {
        .name = B("once"), .due_time = B("1s"), .failure = DK_JOB_FAILURE_DROP};

    Dapr__Proto__Runtime__V1__ScheduleJobRequest *request = scheduled(&job);
    const struct dk_daprd_job read = come_back(request->job);

    const size_t fields = 2 + 6 + 4 + 2 + 2; /* job, name, due time, policy, drop */
    cr_assert(eq(sz, protobuf_c_message_get_packed_size(&request->base), fields));
    cr_assert(eq(ptr, (void *)read.schedule.data, NULL));
    cr_assert(eq(ptr, (void *)read.data.data, NULL));
    cr_assert(eq(int, read.failure, DK_JOB_FAILURE_DROP));
    dapr__proto__runtime__v1__schedule_job_request__free_unpacked(request, NULL);
}

Test(daprd_job, retries_without_end_say_no_number) {
    const struct dk_daprd_job job = {
        .name = B("n"), .due_time = B("1s"), .failure = DK_JOB_FAILURE_RETRY};

    Dapr__Proto__Runtime__V1__ScheduleJobRequest *request = scheduled(&job);

    const ProtobufCMessage *constant = &request->job->failure_policy->constant->base;
    cr_assert(eq(sz, protobuf_c_message_get_packed_size(constant), 2), "an interval of nothing");
    dapr__proto__runtime__v1__schedule_job_request__free_unpacked(request, NULL);
}

static void refused(const struct dk_daprd_job *job, const char *words) {
    cr_assert(
        eq(ptr, (void *)dk__encode_daprd_schedule_job(&writing, job).data, NULL), "%s", words);
    cr_assert(eq(int, memory.fault.error, DK_INVALID));
    cr_assert(ne(ptr, strstr(memory.fault.text, words), NULL), "%s", memory.fault.text);
}

Test(daprd_job, a_job_that_would_never_run_is_named) {
    refused(&(struct dk_daprd_job){.due_time = B("1s")}, "name");
    refused(&(struct dk_daprd_job){.name = B("n")}, "'n': has neither");
    refused(
        &(struct dk_daprd_job){
            .name = B("n"), .due_time = B("1s"), .failure = DK_JOB_FAILURE_RETRY, .retry_ms = -1},
        "retry_ms: -1");
    refused(&(struct dk_daprd_job){.name = B("n"), .schedule = B("\xff")}, "schedule");
}

Test(daprd_job, an_answer_without_a_job_is_no_job) {
    struct dk_daprd_job read = {0};

    cr_assert(
        eq(int, dk__decode_daprd_job(B(""), &memory.arena, &read, &memory.fault), DK_INTERNAL));
}
