/* Export writes out what is there and says what was not. */
#include "document/index_write.h"
#include "document/list.h"
#include "document/methods.h"
#include "support/document_rig.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

typedef DaprKit__Document__V1__ExportRequest pb_request;
typedef DaprKit__Document__V1__ExportAnswer pb_answer;

static struct index_writer writer = {.component = "statestore", .turn = PTHREAD_MUTEX_INITIALIZER};

TestSuite(export, .init = document_rig_start, .fini = document_rig_end);

static void make(const char *id, const char *tag) {
    cr_assert(eq(int, document_rig_create(id, "some text", NULL), DK_OK));
    if (tag != NULL) {
        cr_assert(eq(int, document_rig_tag(id, tag), DK_OK));
    }
    cr_assert(eq(int, index_refresh(&writer, document_rig_call(), "default", &id, 1), DK_OK));
}

static enum dk_error export(pb_request request, pb_answer *ret_answer) {
    dapr_kit__document__v1__export_answer__init(ret_answer);
    return document_rig_run(documents_export, &request.base, &ret_answer->base);
}

static const struct fake_record *written(size_t at) {
    cr_assert(lt(sz, at, fake_sidecar.bindings.count));
    return &fake_sidecar.bindings.items[at];
}

static pb_document *document_of(const struct fake_record *record) {
    struct ProtobufCMessage *message = NULL;

    cr_assert(
        eq(int,
           dk_call_read_json(
               document_rig_call(),
               &dapr_kit__document__v1__document__descriptor,
               record->data,
               &message),
           DK_OK));
    return (pb_document *)message;
}

Test(export, writes_out_documents_by_their_ids) {
    char *ids[] = {"b", "a"};
    pb_request request = DAPR_KIT__DOCUMENT__V1__EXPORT_REQUEST__INIT;
    pb_answer answer;
    make("a", NULL);
    make("b", "red");
    request.ids = ids;
    request.n_ids = 2;

    cr_assert(eq(int, export(request, &answer), DK_OK));

    cr_assert(eq(u64, answer.exported, 2));
    cr_assert(eq(sz, answer.n_failed, 0));
    cr_assert(eq(str, answer.next_cursor, ""));
    cr_assert(eq(str, (char *)written(0)->topic, "export"));
    cr_assert(eq(str, (char *)written(0)->operation, "create"));
    cr_assert(dk_bytes_equal(
        dk_pairs_find(written(0)->metadata, dk_bytes_of("partitionKey")), dk_bytes_of("b")));
    const pb_document *document = document_of(written(0));
    cr_assert(eq(str, document->id, "b"));
    cr_assert(eq(str, document->text, "some text"));
    cr_assert(eq(str, document->tags[0], "red"));
}

Test(export, goes_through_what_conditions_pick) {
    pb_request request = DAPR_KIT__DOCUMENT__V1__EXPORT_REQUEST__INIT;
    pb_answer answer;
    make("a", "red");
    make("b", "blue");
    make("c", "red");
    make("d", "red");
    request.tag = "red";
    request.limit = 2;
    request.without_content = true;

    cr_assert(eq(int, export(request, &answer), DK_OK));
    cr_assert(eq(u64, answer.exported, 2));
    request.cursor = answer.next_cursor;
    cr_assert(eq(int, export(request, &answer), DK_OK));

    cr_assert(eq(u64, answer.exported, 1));
    cr_assert(eq(str, answer.next_cursor, ""));
    const pb_document *document = document_of(written(2));
    cr_assert(eq(str, document->id, "d"));
    cr_assert(eq(int, document->content_case, DAPR_KIT__DOCUMENT__V1__DOCUMENT__CONTENT__NOT_SET));
}

Test(export, tells_of_those_that_are_not_there) {
    char *ids[] = {"a", "gone", "../x", "deleted"};
    pb_request request = DAPR_KIT__DOCUMENT__V1__EXPORT_REQUEST__INIT;
    pb_answer answer;
    make("a", NULL);
    make("deleted", NULL);
    cr_assert(eq(int, document_rig_delete("deleted"), DK_OK));
    request.ids = ids;
    request.n_ids = 4;

    cr_assert(eq(int, export(request, &answer), DK_OK));

    cr_assert(eq(u64, answer.exported, 1));
    cr_assert(eq(sz, answer.n_failed, 3));
    cr_assert(eq(str, answer.failed[0]->id, "gone"));
    cr_assert(eq(str, answer.failed[0]->error->code, "not_found"));
    cr_assert(eq(str, answer.failed[1]->error->code, "invalid"));
    cr_assert(eq(str, answer.failed[2]->error->code, "not_found"));
}

Test(export, goes_on_behind_one_that_the_binding_refuses) {
    char *ids[] = {"a", "b"};
    pb_request request = DAPR_KIT__DOCUMENT__V1__EXPORT_REQUEST__INIT;
    pb_answer answer;
    make("a", NULL);
    make("b", NULL);
    request.ids = ids;
    request.n_ids = 2;
    fake_sidecar_fail("invoke_binding", 1, DK_UNAVAILABLE, FAKE_BEFORE, false);

    cr_assert(eq(int, export(request, &answer), DK_OK));

    cr_assert(eq(u64, answer.exported, 1));
    cr_assert(eq(str, answer.failed[0]->id, "a"));
    cr_assert(eq(str, answer.failed[0]->error->code, "unavailable"));
}

Test(export, refuses_more_than_a_batch) {
    char *ids[DOCUMENT_LIST_MAX + 1];
    pb_request request = DAPR_KIT__DOCUMENT__V1__EXPORT_REQUEST__INIT;
    pb_answer answer;
    for (size_t i = 0; i <= DOCUMENT_LIST_MAX; i++) {
        ids[i] = "a";
    }
    request.ids = ids;
    request.n_ids = DOCUMENT_LIST_MAX + 1;

    cr_assert(eq(int, export(request, &answer), DK_INVALID));
    request.n_ids = 0;
    request.limit = DOCUMENT_LIST_MAX + 1;
    cr_assert(eq(int, export(request, &answer), DK_INVALID));
}
