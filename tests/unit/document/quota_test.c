/* A tenant's limits hold however far the index is behind, and whoever ends when. */
#include "document/quota.h"

#include "document/index_write.h"
#include "document/journal.h"
#include "support/document_rig.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>

enum { DOCUMENTS_MAX = 5, BYTES_MAX = 100 };

static struct index_writer writer = {.component = "statestore", .turn = PTHREAD_MUTEX_INITIALIZER};
static struct quota *quota;

static void process_begin(void) {
    quota_free(quota);
    quota = quota_new();
    cr_assert(ne(ptr, quota, NULL));
    document_rig_service.quota = writer.quota = quota;
}

static void start(void) {
    document_rig_start();
    document_rig_service.config.quota_documents = DOCUMENTS_MAX;
    document_rig_service.config.quota_bytes = BYTES_MAX;
    process_begin();
}

static void end(void) {
    document_rig_end();
    quota_free(quota);
    quota = document_rig_service.quota = writer.quota = NULL;
}

TestSuite(quota, .init = start, .fini = end);

/* The event of a document arrives, at us or at another process. */
static void index_it(struct index_writer *whose, const char *id) {
    cr_assert(eq(int, index_refresh(whose, document_rig_call(), "default", &id, 1), DK_OK));
}

static enum dk_error create(int number, const char *text) {
    char id[16];

    (void)snprintf(id, sizeof id, "d%d", number);
    return document_rig_create(id, text, NULL);
}

static DaprKit__Document__V1__Quota quota_get(void) {
    DaprKit__Document__V1__GetQuotaRequest request =
        DAPR_KIT__DOCUMENT__V1__GET_QUOTA_REQUEST__INIT;
    DaprKit__Document__V1__Quota answer = DAPR_KIT__DOCUMENT__V1__QUOTA__INIT;

    cr_assert(eq(int, document_rig_run(documents_get_quota, &request.base, &answer.base), DK_OK));
    return answer;
}

Test(quota, lets_documents_in_up_to_the_limit_and_not_one_more) {
    for (int i = 0; i < DOCUMENTS_MAX; i++) {
        cr_assert(eq(int, create(i, "x"), DK_OK));
    }

    cr_assert(eq(int, create(DOCUMENTS_MAX, "x"), DK_EXHAUSTED));

    cr_assert(ne(ptr, strstr(document_rig_text(), "5 of 5 documents"), NULL));
    cr_assert(ne(ptr, strstr(document_rig_text(), "5 of 100 bytes"), NULL));
}

Test(quota, leaves_nothing_of_what_is_refused) {
    for (int i = 0; i < DOCUMENTS_MAX; i++) {
        (void)create(i, "x");
    }
    const size_t keys = fake_sidecar_key_count();

    (void)create(DOCUMENTS_MAX, "another text");

    cr_assert(eq(sz, fake_sidecar_key_count(), keys));
}

Test(quota, counts_bytes_of_the_newest_contents) {
    cr_assert(eq(int, create(0, "0123456789012345678901234567890123456789"), DK_OK));
    cr_assert(eq(int, document_rig_replace("d0", "", "0123456789", NULL), DK_OK));
    index_it(&writer, "d0");

    cr_assert(eq(u64, quota_get().bytes, 10));
    cr_assert(eq(int, document_rig_replace("d0", "", "0123456789abcdef", NULL), DK_OK));
}

Test(quota, refuses_bytes_above_the_limit_and_lets_a_tenant_shrink) {
    char text[BYTES_MAX + 2];
    memset(text, 'x', sizeof text);
    text[BYTES_MAX + 1] = '\0';
    cr_assert(eq(int, create(0, text), DK_EXHAUSTED));
    text[BYTES_MAX] = '\0';
    cr_assert(eq(int, create(0, text), DK_OK));
    cr_assert(eq(int, create(1, "y"), DK_EXHAUSTED));

    cr_assert(eq(int, document_rig_replace("d0", "", "short", NULL), DK_OK));
    index_it(&writer, "d0");

    cr_assert(eq(int, create(1, "y"), DK_OK));
}

Test(quota, counts_once_what_the_index_has_and_what_it_has_not) {
    for (int i = 0; i < 3; i++) {
        (void)create(i, "x");
    }
    index_it(&writer, "d0");
    index_it(&writer, "d1");

    cr_assert(eq(int, create(3, "x"), DK_OK));
    cr_assert(eq(int, create(4, "x"), DK_OK));
    cr_assert(eq(int, create(5, "x"), DK_EXHAUSTED));
}

Test(quota, sees_what_another_process_has_indexed) {
    struct index_writer other = {.component = "statestore", .turn = PTHREAD_MUTEX_INITIALIZER};
    for (int i = 0; i < 4; i++) {
        (void)create(i, "x");
        char id[8];
        (void)snprintf(id, sizeof id, "d%d", i);
        index_it(&other, id); /* our claims know nothing of it */
    }

    cr_assert(eq(int, create(4, "x"), DK_OK));
    cr_assert(eq(int, create(5, "x"), DK_EXHAUSTED));
}

Test(quota, does_not_drift_when_processes_end) {
    for (int i = 0; i < 4; i++) {
        (void)create(i, "x");
        process_begin(); /* claims are lost with the one before */
    }
    for (int i = 3; i >= 0; i--) {
        char id[8];
        (void)snprintf(id, sizeof id, "d%d", i);
        index_it(&writer, id);
        index_it(&writer, id);
    }

    cr_assert(eq(u64, quota_get().documents, 4));
    cr_assert(eq(int, create(4, "x"), DK_OK));
    cr_assert(eq(int, create(5, "x"), DK_EXHAUSTED));
}

Test(quota, gives_back_what_was_not_made) {
    for (int i = 0; i < 4; i++) {
        (void)create(i, "x");
    }
    for (int i = 0; i < 10; i++) { /* the id is somebody else's by the time of the write */
        fake_sidecar_fail("transact", 1, DK_ETAG_MISMATCH, FAKE_BEFORE, false);
        (void)create(10 + i, "x");
        fake_sidecar_heal();
    }

    cr_assert(eq(int, create(4, "x"), DK_OK));
}

/* Both claims stand until the index has the newer one: the second change is on top of the first. */
Test(quota, counts_every_change_that_the_index_has_not_seen) {
    for (int i = 0; i < DOCUMENTS_MAX; i++) {
        cr_assert(eq(int, create(i, "x"), DK_OK));
        char id[8];
        (void)snprintf(id, sizeof id, "d%d", i);
        cr_assert(eq(int, document_rig_replace(id, "", "0123456789", NULL), DK_OK));
        cr_assert(eq(int, document_rig_replace(id, "", "01234567890123456789", NULL), DK_OK));
    }

    cr_assert(eq(int, create(DOCUMENTS_MAX, "x"), DK_EXHAUSTED), "a document too many");
    cr_assert(
        eq(int, document_rig_replace("d0", "", "0123456789012345678901", NULL), DK_EXHAUSTED),
        "of 100 bytes all are taken");
}

static bool has_struck;

/* Somebody else makes the document while ours is about to be written. */
static void make_it_first(void *context, const char *function, struct dk_bytes key) {
    (void)context;
    (void)key;
    if (strcmp(function, "transact") == 0 && !has_struck) {
        has_struck = true;
        cr_assert(eq(int, create(4, "the winner's"), DK_OK));
    }
}

Test(quota, keeps_the_claim_of_who_won_when_the_loser_gives_his_back) {
    for (int i = 0; i < 4; i++) {
        (void)create(i, "x");
    }
    has_struck = false;
    fake_sidecar.hook = make_it_first;

    cr_assert(eq(int, create(4, "the loser's"), DK_ETAG_MISMATCH));
    fake_sidecar.hook = NULL;

    cr_assert(has_struck);
    cr_assert(eq(int, create(5, "x"), DK_EXHAUSTED), "there are five");
}

Test(quota, gives_back_what_the_journal_had_no_room_for) {
    struct document_journal *journal = document_journal_new();
    document_rig_service.journal = journal;
    fake_sidecar.has_outbox = false;
    cr_assert(eq(int, create(0, "x"), DK_OK));
    for (int i = 1; i < DOCUMENT_JOURNAL_SLOTS; i++) {
        cr_assert(eq(int, document_rig_tag("d0", i % 2 == 0 ? "even" : "odd"), DK_OK));
    }
    for (int i = 1; i < 2 * DOCUMENTS_MAX; i++) {
        cr_assert(eq(int, create(i, "x"), DK_EXHAUSTED));
        cr_assert(ne(ptr, strstr(document_rig_text(), "journal"), NULL));
    }

    document_journal_publish(document_rig_call());

    for (int i = 1; i < DOCUMENTS_MAX; i++) {
        cr_assert(eq(int, create(i, "x"), DK_OK), "%s", document_rig_text());
    }
    document_rig_service.journal = NULL;
    document_journal_free(journal);
}

Test(quota, counts_deleted_documents_until_they_are_gone) {
    for (int i = 0; i < DOCUMENTS_MAX; i++) {
        (void)create(i, "x");
    }
    cr_assert(eq(int, document_rig_delete("d0"), DK_OK));
    index_it(&writer, "d0");
    cr_assert(eq(int, create(5, "x"), DK_EXHAUSTED));

    fake_sidecar_put("documents/default/head/d0", (struct dk_bytes){0});
    index_it(&writer, "d0");

    cr_assert(eq(int, create(5, "x"), DK_OK));
}

Test(quota, holds_each_tenant_to_its_own) {
    for (int i = 0; i < DOCUMENTS_MAX; i++) {
        (void)create(i, "x");
    }
    document_rig_header("dk-tenant", "rival");

    cr_assert(eq(int, create(0, "x"), DK_OK));
}

Test(quota, refuses_an_upload_before_anything_of_it_is_kept) {
    DaprKit__Document__V1__BeginUploadRequest request =
        DAPR_KIT__DOCUMENT__V1__BEGIN_UPLOAD_REQUEST__INIT;
    DaprKit__Document__V1__Upload upload = DAPR_KIT__DOCUMENT__V1__UPLOAD__INIT;
    request.id = "long";
    request.size = BYTES_MAX + 1;

    cr_assert(eq(
        int, document_rig_run(documents_begin_upload, &request.base, &upload.base), DK_EXHAUSTED));
    cr_assert(eq(sz, fake_sidecar_key_count(), 0));

    request.size = BYTES_MAX; /* begun, it takes nothing yet */
    cr_assert(
        eq(int, document_rig_run(documents_begin_upload, &request.base, &upload.base), DK_OK));
    cr_assert(eq(int, create(0, "0123456789"), DK_OK));
}
