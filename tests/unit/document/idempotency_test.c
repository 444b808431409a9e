/* A call that is sent again with its key is done once, whatever became of the first. */
#include "document/idempotency.h"

#include "document/session.h"
#include "support/document_rig.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>

TestSuite(idempotency, .init = document_rig_start, .fini = document_rig_end);

static const char record_key[] = "documents/default/idempotency/k1";

static enum dk_error create(
    const char *key, const char *id, const char *text, pb_document *answer) {
    DaprKit__Document__V1__CreateRequest request = DAPR_KIT__DOCUMENT__V1__CREATE_REQUEST__INIT;

    request.id = pb_text(id);
    request.content_case = DAPR_KIT__DOCUMENT__V1__CREATE_REQUEST__CONTENT_TEXT;
    request.text = pb_text(text);
    dapr_kit__document__v1__document__init(answer);
    if (key != NULL) {
        document_rig_header("idempotency-key", key);
    }
    return document_rig_run(documents_create_once, &request.base, &answer->base);
}

static enum dk_error replace(const char *key, const char *text, pb_document *answer) {
    DaprKit__Document__V1__ReplaceRequest request = DAPR_KIT__DOCUMENT__V1__REPLACE_REQUEST__INIT;

    request.id = "a";
    request.content_case = DAPR_KIT__DOCUMENT__V1__REPLACE_REQUEST__CONTENT_TEXT;
    request.text = pb_text(text);
    dapr_kit__document__v1__document__init(answer);
    document_rig_header("idempotency-key", key);
    return document_rig_run(documents_replace_once, &request.base, &answer->base);
}

static uint64_t version_of_a(void) {
    return document_rig_head("a")->document->version;
}

Test(idempotency, gives_the_same_answer_to_the_same_call) {
    pb_document first, second;
    cr_assert(eq(int, create("k1", "", "text", &first), DK_OK));

    cr_assert(eq(int, create("k1", "", "text", &second), DK_OK));

    cr_assert(eq(str, first.id, second.id));
    cr_assert(eq(str, first.etag, second.etag));
    cr_assert(eq(sz, fake_sidecar.events.count, 1));
}

Test(idempotency, gives_the_old_answer_after_other_changes) {
    pb_document first, other, second;
    (void)create("k1", "a", "text", &first);
    (void)replace("k2", "another text", &other);

    cr_assert(eq(int, create("k1", "a", "text", &second), DK_OK));

    cr_assert(eq(u64, second.version, 1));
    cr_assert(eq(str, first.etag, second.etag));
}

Test(idempotency, refuses_a_key_that_was_used_for_another_request) {
    pb_document answer;
    (void)create("k1", "", "text", &answer);

    cr_assert(eq(int, create("k1", "", "another text", &answer), DK_INVALID));
    cr_assert(eq(int, replace("k1", "text", &answer), DK_INVALID));

    cr_assert(ne(ptr, strstr(document_rig_text(), "'k1'"), NULL));
}

Test(idempotency, refuses_what_is_no_key) {
    pb_document answer;

    cr_assert(eq(int, create("", "", "text", &answer), DK_INVALID));
    cr_assert(eq(int, create("a|b", "", "text", &answer), DK_INVALID));
    cr_assert(eq(int, create("a b", "", "text", &answer), DK_INVALID));
}

Test(idempotency, does_a_call_without_a_key_each_time) {
    pb_document first, second;
    cr_assert(eq(int, create(NULL, "", "text", &first), DK_OK));

    cr_assert(eq(int, create(NULL, "", "text", &second), DK_OK));

    cr_assert(ne(str, first.id, second.id));
}

Test(idempotency, forgets_a_key_after_a_day) {
    pb_document first, second;
    (void)create("k1", "", "text", &first);
    cr_assert(eq(long, fake_sidecar_ttl_s(record_key), IDEMPOTENCY_TTL_S));

    fake_sidecar_advance_s(IDEMPOTENCY_TTL_S + 1);

    cr_assert(eq(int, create("k1", "", "another text", &second), DK_OK));
    cr_assert(ne(str, first.id, second.id));
}

Test(idempotency, lets_a_call_that_failed_be_sent_again) {
    pb_document answer;
    cr_assert(eq(int, replace("k1", "text", &answer), DK_NOT_FOUND));
    cr_assert(eq(int, document_rig_create("a", "text", NULL), DK_OK));

    cr_assert(eq(int, replace("k1", "text", &answer), DK_OK));
}

Test(idempotency, keeps_keys_of_tenants_apart) {
    pb_document ours, theirs;
    (void)create("k1", "", "text", &ours);
    DaprKit__Document__V1__CreateRequest request = DAPR_KIT__DOCUMENT__V1__CREATE_REQUEST__INIT;
    dapr_kit__document__v1__document__init(&theirs);
    struct dk_call *call = fake_call_new(&document_rig_service);
    fake_call_add_header(call, "dk-tenant", "rival");
    fake_call_add_header(call, "idempotency-key", "k1");

    cr_assert(eq(int, documents_create_once(call, &request.base, &theirs.base), DK_OK));

    cr_assert(ne(str, ours.id, theirs.id));
    fake_call_free(call);
}

/* The same call comes again while the first is under way. */
static enum dk_error meanwhile_error;

static void again_meanwhile(void *context, const char *function, struct dk_bytes key) {
    pb_document answer;

    (void)context;
    (void)key;
    if (strcmp(function, "transact") == 0) {
        meanwhile_error = create("k1", "a", "text", &answer);
    }
}

Test(idempotency, refuses_the_same_call_while_it_is_under_way) {
    pb_document answer;
    fake_sidecar.hook = again_meanwhile;

    cr_assert(eq(int, create("k1", "a", "text", &answer), DK_OK));

    fake_sidecar.hook = NULL;
    cr_assert(eq(int, meanwhile_error, DK_ETAG_MISMATCH));
    cr_assert(eq(u64, version_of_a(), 1));
}

/* A process ends at any question of a replacement, before or after its effect; its claim lapses, and
 * the caller sends the same again. */
static void claim_lapses(void) {
    DaprKit__Document__V1__IdempotencyRecord *record;
    const struct dk_bytes value = fake_sidecar_value(record_key);

    if (value.data == NULL) {
        return;
    }
    record = dapr_kit__document__v1__idempotency_record__unpack(
        NULL, value.size, (const uint8_t *)value.data);
    cr_assert(ne(ptr, record, NULL));
    if (record->claim_end_time != NULL) {
        record->claim_end_time->seconds = 1;
    }
    static uint8_t packed[1 << 16];
    const size_t size = dapr_kit__document__v1__idempotency_record__pack(record, packed);
    fake_sidecar_put(record_key, (struct dk_bytes){(const char *)packed, size});
    dapr_kit__document__v1__idempotency_record__free_unpacked(record, NULL);
}

Test(idempotency, changes_a_document_once_whenever_a_process_ends) {
    for (int way = 0; way < 4; way++) {
        bool has_struck = true;
        for (size_t nth = 1; has_struck; nth++) {
            pb_document answer;
            document_rig_start();
            cr_assert(eq(int, document_rig_create("a", "text", NULL), DK_OK));
            fake_sidecar_fail(
                NULL, nth, DK_UNAVAILABLE, way % 2 == 0 ? FAKE_BEFORE : FAKE_AFTER, way >= 2);
            (void)replace("k1", "another text", &answer);
            has_struck = fake_sidecar_has_failed();
            fake_sidecar_heal();
            claim_lapses();

            cr_assert(eq(int, replace("k1", "another text", &answer), DK_OK));

            cr_assert(eq(u64, answer.version, 2), "way %d, question %zu", way, nth);
            cr_assert(eq(u64, version_of_a(), 2), "way %d, question %zu", way, nth);
            document_rig_check();
        }
    }
}

Test(idempotency, makes_a_document_once_whenever_a_process_ends) {
    for (int way = 0; way < 4; way++) {
        bool has_struck = true;
        for (size_t nth = 1; has_struck; nth++) {
            pb_document answer;
            document_rig_start();
            fake_sidecar_fail(
                NULL, nth, DK_UNAVAILABLE, way % 2 == 0 ? FAKE_BEFORE : FAKE_AFTER, way >= 2);
            (void)create("k1", "", "text", &answer);
            has_struck = fake_sidecar_has_failed();
            fake_sidecar_heal();
            claim_lapses();

            cr_assert(eq(int, create("k1", "", "text", &answer), DK_OK));

            cr_assert(eq(sz, fake_sidecar.events.count, 1), "way %d, question %zu", way, nth);
            document_rig_check();
        }
    }
}
