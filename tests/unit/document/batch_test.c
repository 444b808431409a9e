/* Batches: each document by itself, each answer at the place of its question. */
#include "support/document_rig.h"

#include "document/batch.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(document_batch, .init = document_rig_start, .fini = document_rig_end);

enum { ROWS = 200 };

static DaprKit__Document__V1__BatchPut rows[ROWS];
static DaprKit__Document__V1__BatchPut *row_list[ROWS];

static void row(size_t index, const char *id, const char *text) {
    dapr_kit__document__v1__batch_put__init(&rows[index]);
    rows[index].id = pb_text(id);
    rows[index].content_case = DAPR_KIT__DOCUMENT__V1__BATCH_PUT__CONTENT_TEXT;
    rows[index].text = pb_text(text);
    row_list[index] = &rows[index];
}

static enum dk_error put_many(size_t count, DaprKit__Document__V1__BatchAnswer *ret_answer) {
    DaprKit__Document__V1__BatchPutRequest request;

    dapr_kit__document__v1__batch_put_request__init(&request);
    dapr_kit__document__v1__batch_answer__init(ret_answer);
    request.documents = row_list;
    request.n_documents = count;
    return document_rig_run(documents_batch_put, &request.base, &ret_answer->base);
}

static enum dk_error get_many(
    char **ids, size_t count, bool with_content, DaprKit__Document__V1__BatchAnswer *ret_answer) {
    DaprKit__Document__V1__BatchGetRequest request;

    dapr_kit__document__v1__batch_get_request__init(&request);
    dapr_kit__document__v1__batch_answer__init(ret_answer);
    request.ids = ids;
    request.n_ids = count;
    request.with_content = with_content;
    return document_rig_run(documents_batch_get, &request.base, &ret_answer->base);
}

static enum dk_error delete_many(
    char **ids, size_t count, DaprKit__Document__V1__BatchAnswer *ret_answer) {
    DaprKit__Document__V1__BatchDeleteRequest request;

    dapr_kit__document__v1__batch_delete_request__init(&request);
    dapr_kit__document__v1__batch_answer__init(ret_answer);
    request.ids = ids;
    request.n_ids = count;
    return document_rig_run(documents_batch_delete, &request.base, &ret_answer->base);
}

static const char *code(const DaprKit__Document__V1__BatchAnswer *answer, size_t index) {
    return answer->items[index]->error == NULL ? "" : answer->items[index]->error->code;
}

Test(document_batch, of_a_hundred_is_put_read_and_deleted) {
    DaprKit__Document__V1__BatchAnswer answer;
    char *ids[100];
    for (size_t i = 0; i < 100; i++) {
        char text[16];
        snprintf(text, sizeof text, "d%zu", i);
        ids[i] = strdup(text);
        row(i, ids[i], ids[i]);
    }

    cr_assert(eq(int, put_many(100, &answer), DK_OK));
    cr_assert(eq(sz, answer.n_items, 100));
    document_rig_check();
    const size_t calls = fake_sidecar.calls;
    cr_assert(eq(int, get_many(ids, 100, false, &answer), DK_OK));
    cr_assert(eq(sz, fake_sidecar.calls, calls + 4)); /* in groups of 32 */
    cr_assert(eq(int, get_many(ids, 100, true, &answer), DK_OK));
    for (size_t i = 0; i < 100; i++) {
        cr_assert(eq(str, answer.items[i]->id, ids[i]));
        cr_assert(eq(str, answer.items[i]->document->text, ids[i]));
        cr_assert(ne(chr, answer.items[i]->document->etag[0], '\0'));
    }
    cr_assert(eq(int, delete_many(ids, 100, &answer), DK_OK));
    for (size_t i = 0; i < 100; i++) {
        cr_assert(answer.items[i]->document->deleted);
    }
    cr_assert(eq(int, get_many(ids, 100, false, &answer), DK_OK));
    cr_assert(eq(str, (char *)code(&answer, 99), "not_found"));
    document_rig_check();
}

Test(document_batch, beyond_its_bound_is_refused_whole) {
    DaprKit__Document__V1__BatchAnswer answer;
    char *ids[101];
    for (size_t i = 0; i < 101; i++) {
        row(i, "", "x");
        ids[i] = "d";
    }

    cr_assert(eq(int, put_many(101, &answer), DK_INVALID));
    cr_assert(ne(ptr, strstr(document_rig_text(), "101"), NULL));
    cr_assert(eq(int, get_many(ids, 101, false, &answer), DK_INVALID));
    cr_assert(eq(int, delete_many(ids, 101, &answer), DK_INVALID));
    cr_assert(eq(sz, fake_sidecar_key_count(), 0));
}

Test(document_batch, one_that_fails_leaves_the_others) {
    DaprKit__Document__V1__BatchAnswer answer;
    char *bad_tags[] = {"not good"};
    document_rig_create("there", "one", NULL);
    row(0, "a", "a");
    row(1, "../b", "b");
    row(2, "a", "again");
    row(3, "c", "c");
    rows[3].tags = bad_tags;
    rows[3].n_tags = 1;
    row(4, "there", "two");
    row(5, "there5", "two");
    rows[5].if_match = "stale";
    row(6, "", "made");

    cr_assert(eq(int, put_many(7, &answer), DK_OK));

    cr_assert(eq(str, (char *)code(&answer, 0), ""));
    cr_assert(eq(str, (char *)code(&answer, 1), "invalid"));
    cr_assert(ne(ptr, strstr(answer.items[1]->error->message, "'../b'"), NULL));
    cr_assert(eq(str, (char *)code(&answer, 2), "invalid"));
    cr_assert(ne(ptr, strstr(answer.items[2]->error->message, "twice"), NULL));
    cr_assert(eq(str, (char *)code(&answer, 3), "invalid"));
    cr_assert(eq(str, (char *)code(&answer, 4), ""));
    cr_assert(eq(u64, answer.items[4]->document->version, 2));
    cr_assert(eq(str, (char *)code(&answer, 5), "not_found"));
    cr_assert(eq(ptr, answer.items[5]->document, NULL));
    cr_assert(eq(sz, strlen(answer.items[6]->id), 32));
    document_rig_check();
}

Test(document_batch, etags_count_for_each_document) {
    DaprKit__Document__V1__BatchAnswer answer;
    pb_document first;
    document_rig_create("d1", "one", &first);
    row(0, "d1", "two");
    rows[0].if_match = first.etag;
    put_many(1, &answer);

    cr_assert(eq(str, (char *)code(&answer, 0), ""));
    cr_assert(eq(int, put_many(1, &answer), DK_OK));
    cr_assert(eq(str, (char *)code(&answer, 0), "etag_mismatch"));
}

Test(document_batch, sent_again_changes_nothing) {
    DaprKit__Document__V1__BatchAnswer answer;
    document_rig_create("d1", "one", NULL);
    row(0, "d1", "two");
    row(1, "d2", "new");
    put_many(2, &answer);
    const size_t events = fake_sidecar.events.count;

    cr_assert(eq(int, put_many(2, &answer), DK_OK));

    cr_assert(eq(u64, answer.items[0]->document->version, 2));
    cr_assert(eq(u64, answer.items[1]->document->version, 1));
    cr_assert(eq(sz, fake_sidecar.events.count, events));
}

Test(document_batch, contents_come_as_far_as_they_fit) {
    DaprKit__Document__V1__BatchAnswer answer;
    char *ids[] = {"a", "b", "c", "d"};
    char *text = malloc(900001);
    memset(text, 'x', 900000);
    text[900000] = '\0';
    for (size_t i = 0; i < 3; i++) {
        document_rig_create(ids[i], text, NULL);
    }
    document_rig_create("d", "small", NULL);

    cr_assert(eq(int, get_many(ids, 4, true, &answer), DK_OK));

    cr_assert(eq(u64, strlen(answer.items[1]->document->text), 900000));
    cr_assert(
        eq(int,
           answer.items[2]->document->content_case,
           DAPR_KIT__DOCUMENT__V1__DOCUMENT__CONTENT__NOT_SET));
    cr_assert(eq(str, answer.items[3]->document->text, "small"));
}

static enum dk_error put_three(void) {
    DaprKit__Document__V1__BatchAnswer answer;
    row(0, "d1", "changed");
    row(1, "d2", "new");
    row(2, "d3", "new too");
    enum dk_error error = put_many(3, &answer);

    for (size_t i = 0; error == DK_OK && i < 3; i++) {
        error = answer.items[i]->error == NULL ? DK_OK : DK_UNAVAILABLE;
    }
    return error;
}

static void one_document(void) {
    document_rig_create("d1", "one", NULL);
}

static void nothing_twice(void) {
    cr_assert(eq(u64, document_rig_head("d1")->document->version, 2));
    cr_assert(eq(u64, document_rig_head("d2")->document->version, 1));
    cr_assert(eq(sz, fake_sidecar.events.count, 4));
}

Test(document_batch, survives_a_crash_anywhere) {
    document_rig_crash_everywhere(one_document, put_three, nothing_twice);
}

Test(document_batch, stops_when_nobody_waits) {
    DaprKit__Document__V1__BatchPutRequest request;
    DaprKit__Document__V1__BatchAnswer answer;
    struct dk_call *call = document_rig_call();
    dapr_kit__document__v1__batch_put_request__init(&request);
    dapr_kit__document__v1__batch_answer__init(&answer);
    row(0, "d1", "x");
    request.documents = row_list;
    request.n_documents = 1;
    fake_call_set_deadline(call, 0, true);

    cr_assert(eq(int, documents_batch_put(call, &request.base, &answer.base), DK_OK));

    cr_assert(eq(str, (char *)code(&answer, 0), "cancelled"));
    cr_assert(eq(sz, fake_sidecar_key_count(), 0));
}
