/* What each function of dk/daprd.h asks and what it makes of the answer; how it is asked is in
 * ask_test.c, the shapes are in tests/unit/wire/pbc. */
#include "support/fake_daprd.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <dapr/proto/common/v1/common.pb-c.h>
#include <dapr/proto/runtime/v1/jobs.pb-c.h>
#include <dapr/proto/runtime/v1/pubsub.pb-c.h>
#include <dapr/proto/runtime/v1/secret.pb-c.h>
#include <dapr/proto/runtime/v1/state.pb-c.h>
#include <dk/daprd.h>
#include <stdlib.h>

static struct fake_daprd fake;
static struct fake_handler handler;
static struct dk__daprd *daprd;

#define B(literal) ((struct dk_bytes)DK_BYTES(literal))
#define BINARY                                                                 \
    "\x00\x00\x0a\xf7\x65\x19\x16\xcd\x43\xdd\x84\x48\xeb\x21\x1c\x80\x31\x9c" \
    "\x01\xb7\xad\x6b\x71\x69\x20\x33\x31\x02\x01"

static void setup(void) {
    static const struct dk_pair pairs[] = {{DK_BYTES("grpc-trace-bin"), DK_BYTES(BINARY)}};
    fake_daprd_open(&fake);
    fake_daprd_start(&fake);
    const struct dk__daprd_settings settings = fake_daprd_settings(&fake);
    cr_assert(eq(int, dk__daprd_new(&settings, &daprd, NULL), DK_OK));
    fake_handler_begin(&handler, daprd, (struct dk_pairs){pairs, 1});
}

static void teardown(void) {
    fake_handler_end(&handler);
    dk__daprd_free(daprd);
    fake_daprd_close(&fake);
}

TestSuite(daprd_functions, .init = setup, .fini = teardown);

static void good(enum dk_error error) {
    cr_assert(eq(int, error, DK_OK), "%s", handler.call.fault.text);
}

/* Answers with the bytes that `context` points to. */
static void answer_bytes(
    struct fake_daprd *sidecar, size_t index, struct dk__rpc *rpc, struct dk_bytes request) {
    (void)index;
    (void)request;
    dk__rpc_answer(rpc, *(const struct dk_bytes *)sidecar->context);
}

static void answers(const ProtobufCMessage *message) {
    static char bytes[1024];
    static struct dk_bytes answer;
    cr_assert(le(sz, protobuf_c_message_get_packed_size(message), sizeof bytes));
    answer = (struct dk_bytes){bytes, protobuf_c_message_pack(message, (uint8_t *)bytes)};
    fake.context = &answer;
    fake.answer = answer_bytes;
}

static void asked(size_t index, const char *path) {
    cr_assert(gt(sz, fake_daprd_count(&fake), index));
    cr_assert(eq(str, fake.questions[index].path, (char *)path));
}

static void *question(size_t index, const ProtobufCMessageDescriptor *descriptor) {
    const struct dk_bytes bytes = fake.questions[index].request;
    void *message =
        protobuf_c_message_unpack(descriptor, NULL, bytes.size, (const uint8_t *)bytes.data);
    cr_assert(ne(ptr, message, NULL));
    return message;
}

#define DAPR "dapr.proto.runtime.v1.Dapr/"

/* ── state ──────────────────────────────────────────────────────────────────────────────────── */

Test(daprd_functions, get_gives_value_and_etag_in_the_calls_memory) {
    Dapr__Proto__Runtime__V1__GetStateResponse response =
        DAPR__PROTO__RUNTIME__V1__GET_STATE_RESPONSE__INIT;
    struct dk_state_item item;
    response.data.data = (uint8_t *)"value";
    response.data.len = 5;
    response.etag = "7";
    answers(&response.base);

    good(dk_daprd_get(&handler.call, "store", B("k"), &item));

    asked(0, DAPR "GetState");
    cr_assert(dk_bytes_equal(item.value, B("value")));
    cr_assert(dk_bytes_equal(item.etag, B("7")));
}

Test(daprd_functions, get_many_orders_what_comes) {
    Dapr__Proto__Runtime__V1__GetBulkStateResponse response =
        DAPR__PROTO__RUNTIME__V1__GET_BULK_STATE_RESPONSE__INIT;
    Dapr__Proto__Runtime__V1__BulkStateItem one = DAPR__PROTO__RUNTIME__V1__BULK_STATE_ITEM__INIT;
    Dapr__Proto__Runtime__V1__BulkStateItem *list[] = {&one};
    const struct dk_bytes keys[] = {B("a"), B("b")};
    struct dk_state_item items[2];
    one.key = "b";
    one.data.data = (uint8_t *)"2";
    one.data.len = 1;
    response.items = list;
    response.n_items = 1;
    answers(&response.base);

    good(dk_daprd_get_many(&handler.call, "store", keys, 2, items));

    asked(0, DAPR "GetBulkState");
    cr_assert(eq(ptr, (void *)items[0].value.data, NULL));
    cr_assert(dk_bytes_equal(items[1].value, B("2")));
}

Test(daprd_functions, one_is_deleted_by_the_method_for_one) {
    const struct dk_state_item items[] = {{.key = B("a"), .etag = B("7")}, {.key = B("b")}};

    good(dk_daprd_delete(&handler.call, "store", items, 1));
    good(dk_daprd_delete(&handler.call, "store", items, 2));

    asked(0, DAPR "DeleteState");
    asked(1, DAPR "DeleteBulkState");
}

Test(daprd_functions, nothing_to_do_asks_nothing) {
    good(dk_daprd_get_many(&handler.call, "store", NULL, 0, NULL));
    good(dk_daprd_save(&handler.call, "store", NULL, 0));
    good(dk_daprd_delete(&handler.call, "store", NULL, 0));
    good(dk_daprd_transact(&handler.call, "store", NULL, 0));
    good(dk_daprd_publish_many(&handler.call, "pubsub", "topic", NULL, 0, NULL));

    cr_assert(eq(sz, fake_daprd_count(&fake), 0));
}

Test(daprd_functions, a_transaction_travels_with_its_steps) {
    const struct dk_state_step steps[] = {
        {.item = {.key = B("a"), .value = B("1")}}, {.item = {.key = B("b")}, .is_delete = true}};

    good(dk_daprd_transact(&handler.call, "store", steps, 2));

    asked(0, DAPR "ExecuteStateTransaction");
    Dapr__Proto__Runtime__V1__ExecuteStateTransactionRequest *request =
        question(0, &dapr__proto__runtime__v1__execute_state_transaction_request__descriptor);
    cr_assert(eq(sz, request->n_operations, 2));
    cr_assert(eq(str, request->operations[1]->operationtype, "delete"));
    protobuf_c_message_free_unpacked(&request->base, NULL);
}

/* ── messages ───────────────────────────────────────────────────────────────────────────────── */

Test(daprd_functions, an_event_is_published) {
    const struct dk_daprd_message message = {
        .data = B("{}"), .content_type = B("application/json")};

    good(dk_daprd_publish(&handler.call, "pubsub", "topic", &message));

    asked(0, DAPR "PublishEvent");
    cr_assert(dk_bytes_equal(fake_daprd_header(&fake, 0, "grpc-trace-bin"), B(BINARY)));
}

Test(daprd_functions, many_events_tell_which_failed) {
    Dapr__Proto__Runtime__V1__BulkPublishResponse response =
        DAPR__PROTO__RUNTIME__V1__BULK_PUBLISH_RESPONSE__INIT;
    Dapr__Proto__Runtime__V1__BulkPublishResponseFailedEntry entry =
        DAPR__PROTO__RUNTIME__V1__BULK_PUBLISH_RESPONSE_FAILED_ENTRY__INIT;
    Dapr__Proto__Runtime__V1__BulkPublishResponseFailedEntry *list[] = {&entry};
    const struct dk_daprd_message messages[] = {{.data = B("0")}, {.data = B("1")}};
    bool failed[2] = {true, false};
    entry.entry_id = "1";
    response.failedentries = list;
    response.n_failedentries = 1;
    answers(&response.base);

    good(dk_daprd_publish_many(&handler.call, "pubsub", "topic", messages, 2, failed));

    asked(0, DAPR "BulkPublishEvent");
    cr_assert(not(failed[0]));
    cr_assert(failed[1]);
}

/* What a daprd says to a method that it does not know. */
static void answer_old(
    struct fake_daprd *sidecar, size_t index, struct dk__rpc *rpc, struct dk_bytes request) {
    static const struct dk__status unknown = {
        .code = DK__CODE_UNKNOWN,
        .message = DK_BYTES("failed to proxy request: required metadata dapr-app-id not found")};
    (void)request;
    if (strcmp(sidecar->questions[index].path, DAPR "BulkPublishEvent") == 0) {
        dk__rpc_finish(rpc, &unknown);
    } else {
        dk__rpc_answer(rpc, B(""));
    }
}

Test(daprd_functions, an_older_sidecar_is_asked_by_the_older_name) {
    const struct dk_daprd_message messages[] = {{.data = B("0")}};
    bool failed[1];
    fake.answer = answer_old;

    good(dk_daprd_publish_many(&handler.call, "pubsub", "topic", messages, 1, failed));
    good(dk_daprd_publish_many(&handler.call, "pubsub", "topic", messages, 1, failed));

    cr_assert(eq(sz, fake_daprd_count(&fake), 3));
    asked(0, DAPR "BulkPublishEvent");
    asked(1, DAPR "BulkPublishEventAlpha1");
    asked(2, DAPR "BulkPublishEventAlpha1");
}

Test(daprd_functions, a_binding_gets_its_trace_as_text) {
    static const struct dk_bytes answer = DK_BYTES("\x0a\x02ok");
    const struct dk_daprd_message message = {.data = B("data")};
    struct dk_bytes said;
    fake.context = &answer;
    fake.answer = answer_bytes;

    good(dk_daprd_invoke_binding(&handler.call, "export", "create", &message, &said));
    good(dk_daprd_invoke_binding(&handler.call, "export", "create", &message, NULL));

    asked(0, DAPR "InvokeBinding");
    cr_assert(dk_bytes_equal(said, B("ok")));
    cr_assert(eq(ptr, (void *)fake_daprd_header(&fake, 0, "grpc-trace-bin").data, NULL));
    cr_assert(dk_bytes_equal(
        fake_daprd_header(&fake, 0, "traceparent"),
        B("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")));
}

/* ── applications ───────────────────────────────────────────────────────────────────────────── */

Test(daprd_functions, a_method_of_another_application_is_called_through_the_proxy) {
    Dapr__Proto__Common__V1__Etag request = DAPR__PROTO__COMMON__V1__ETAG__INIT;
    Dapr__Proto__Common__V1__Etag response = DAPR__PROTO__COMMON__V1__ETAG__INIT;
    ProtobufCMessage *answer = NULL;
    request.value = "hello";
    response.value = "world";
    answers(&response.base);

    good(dk_daprd_call(
        &handler.call,
        "documents",
        "/test.Documents/Create",
        &request.base,
        &dapr__proto__common__v1__etag__descriptor,
        &answer));

    asked(0, "test.Documents/Create");
    cr_assert(dk_bytes_equal(fake_daprd_header(&fake, 0, "dapr-app-id"), B("documents")));
    cr_assert(eq(str, ((Dapr__Proto__Common__V1__Etag *)answer)->value, "world"));
    cr_assert(dk_bytes_equal(fake.questions[0].request, B("\x0a\x05hello")));
}

static void answer_not_found(
    struct fake_daprd *sidecar, size_t index, struct dk__rpc *rpc, struct dk_bytes request) {
    const struct dk__status status =
        dk__status_of_app(DK_NOT_FOUND, "document '7': is not there", &rpc->call.arena);
    (void)sidecar;
    (void)index;
    (void)request;
    dk__rpc_finish(rpc, &status);
}

Test(daprd_functions, an_application_of_ours_fails_as_it_said) {
    Dapr__Proto__Common__V1__Etag request = DAPR__PROTO__COMMON__V1__ETAG__INIT;
    ProtobufCMessage *answer = NULL;
    fake.answer = answer_not_found;

    const enum dk_error error = dk_daprd_call(
        &handler.call,
        "documents",
        "/test.Documents/Create",
        &request.base,
        &dapr__proto__common__v1__etag__descriptor,
        &answer);

    cr_assert(eq(int, error, DK_NOT_FOUND));
    cr_assert(
        eq(str, handler.call.fault.text, (char *)"documents: Create: document '7': is not there"));
    cr_assert(eq(ptr, answer, NULL));
}

Test(daprd_functions, a_call_to_nobody_or_to_no_method_is_refused) {
    Dapr__Proto__Common__V1__Etag request = DAPR__PROTO__COMMON__V1__ETAG__INIT;
    static const struct {
        const char *app_id, *path;
    } rows[] = {
        {"", "/test.Documents/Create"},
        {NULL, "/test.Documents/Create"},
        {"documents", ""},
        {"documents", NULL},
        {"documents", "Create"},
        {"docu\nments", "/test.Documents/Create"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ProtobufCMessage *answer = NULL;

        const enum dk_error error = dk_daprd_call(
            &handler.call,
            rows[i].app_id,
            rows[i].path,
            &request.base,
            &dapr__proto__common__v1__etag__descriptor,
            &answer);

        cr_assert(eq(int, error, DK_INVALID), "row %zu: %s", i, handler.call.fault.text);
    }
    cr_assert(eq(sz, fake_daprd_count(&fake), 0));
}

Test(daprd_functions, a_path_of_another_application_is_invoked) {
    Dapr__Proto__Common__V1__InvokeResponse response =
        DAPR__PROTO__COMMON__V1__INVOKE_RESPONSE__INIT;
    Google__Protobuf__Any data = GOOGLE__PROTOBUF__ANY__INIT;
    const struct dk_invocation invocation = {
        .app_id = "documents", .verb = "GET", .method = "documents/7?tag=a"};
    struct dk_invocation_answer answer;
    data.value.data = (uint8_t *)"{}";
    data.value.len = 2;
    response.data = &data;
    response.content_type = "application/json";
    answers(&response.base);

    good(dk_daprd_invoke(&handler.call, &invocation, &answer));

    asked(0, DAPR "InvokeService");
    cr_assert(dk_bytes_equal(answer.body, B("{}")));
    cr_assert(dk_bytes_equal(answer.content_type, B("application/json")));
}

/* ── secrets, configuration, the sidecar ────────────────────────────────────────────────────── */

Test(daprd_functions, a_secret_is_read) {
    Dapr__Proto__Runtime__V1__GetSecretResponse response =
        DAPR__PROTO__RUNTIME__V1__GET_SECRET_RESPONSE__INIT;
    Dapr__Proto__Runtime__V1__GetSecretResponse__DataEntry entry =
        DAPR__PROTO__RUNTIME__V1__GET_SECRET_RESPONSE__DATA_ENTRY__INIT;
    Dapr__Proto__Runtime__V1__GetSecretResponse__DataEntry *entries[] = {&entry};
    struct dk_pairs secret;
    entry.key = "password";
    entry.value = "hush";
    response.data = entries;
    response.n_data = 1;
    answers(&response.base);

    good(dk_daprd_get_secret(&handler.call, "vault", B("password"), &secret));

    asked(0, DAPR "GetSecret");
    cr_assert(dk_bytes_equal(dk_pairs_find(secret, B("password")), B("hush")));
}

Test(daprd_functions, configuration_metadata_and_shutdown_have_their_methods) {
    struct dk_pairs items;
    struct dk_daprd_metadata metadata;

    good(dk_daprd_get_configuration(&handler.call, "config", NULL, 0, &items));
    good(dk_daprd_get_metadata(&handler.call, &metadata));
    good(dk_daprd_shutdown(&handler.call));

    asked(0, DAPR "GetConfiguration");
    asked(1, DAPR "GetMetadata");
    asked(2, DAPR "Shutdown");
    cr_assert(eq(sz, items.count, 0));
    cr_assert(eq(sz, metadata.component_count, 0));
}

/* ── jobs ───────────────────────────────────────────────────────────────────────────────────── */

Test(daprd_functions, jobs_are_planned_and_deleted_by_the_names_that_every_daprd_knows) {
    const struct dk_daprd_job job = {.name = B("purge"), .schedule = B("@daily")};

    good(dk_daprd_schedule_job(&handler.call, &job));
    good(dk_daprd_delete_job(&handler.call, B("purge")));

    asked(0, DAPR "ScheduleJobAlpha1");
    asked(1, DAPR "DeleteJobAlpha1");
    Dapr__Proto__Runtime__V1__ScheduleJobRequest *planned =
        question(0, &dapr__proto__runtime__v1__schedule_job_request__descriptor);
    Dapr__Proto__Runtime__V1__DeleteJobRequest *deleted =
        question(1, &dapr__proto__runtime__v1__delete_job_request__descriptor);
    cr_assert(eq(str, planned->job->schedule, "@daily"));
    cr_assert(eq(str, deleted->name, "purge"));
    protobuf_c_message_free_unpacked(&planned->base, NULL);
    protobuf_c_message_free_unpacked(&deleted->base, NULL);
}

Test(daprd_functions, a_job_is_read_into_the_calls_memory) {
    Dapr__Proto__Runtime__V1__GetJobResponse response =
        DAPR__PROTO__RUNTIME__V1__GET_JOB_RESPONSE__INIT;
    Dapr__Proto__Runtime__V1__Job planned = DAPR__PROTO__RUNTIME__V1__JOB__INIT;
    struct dk_daprd_job job = {0};
    planned.name = "purge";
    planned.due_time = "1h";
    response.job = &planned;
    answers(&response.base);

    good(dk_daprd_get_job(&handler.call, B("purge"), &job));

    asked(0, DAPR "GetJobAlpha1");
    cr_assert(dk_bytes_equal(job.due_time, B("1h")));
    cr_assert(eq(ptr, (void *)job.schedule.data, NULL));
}

Test(daprd_functions, a_job_without_a_time_is_not_asked_for) {
    const struct dk_daprd_job job = {.name = B("purge")};

    cr_assert(eq(int, dk_daprd_schedule_job(&handler.call, &job), DK_INVALID));

    cr_assert(eq(sz, fake_daprd_count(&fake), 0));
}
