/* Changes: nobody's update is lost, no version is without its event, whatever fails and wherever. */
#include "support/document_rig.h"

#include "document/change.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>
#include <string.h>

TestSuite(document_change, .init = document_rig_start, .fini = document_rig_end);

static const pb_changed *event(size_t index) {
    struct ProtobufCMessage *message = NULL;

    cr_assert(lt(sz, index, fake_sidecar.events.count));
    cr_assert(
        eq(int,
           dk_call_read_json(
               document_rig_call(),
               &dapr_kit__document__v1__document_changed__descriptor,
               fake_sidecar.events.items[index].data,
               &message),
           DK_OK));
    return (const pb_changed *)message;
}

/* ── what is made ───────────────────────────────────────────────────────────────────────────── */

Test(document_change, create_keeps_and_tells) {
    pb_document document;

    cr_assert(eq(int, document_rig_create("d1", "hello", &document), DK_OK));

    cr_assert(eq(str, document.id, "d1"));
    cr_assert(eq(str, document.tenant, "default"));
    cr_assert(eq(u64, document.version, 1));
    cr_assert(eq(u64, document.size, 5));
    cr_assert(
        eq(str,
           document.content_sha256,
           "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"));
    cr_assert(eq(str, document.content_type, "text/plain; charset=utf-8"));
    cr_assert(ne(chr, document.etag[0], '\0'));
    cr_assert(eq(sz, fake_sidecar.events.count, 1));
    cr_assert(eq(int, event(0)->change, PB_CHANGE(CREATED)));
    cr_assert(eq(str, event(0)->text, "hello"));
    cr_assert(event(0)->content_changed);
    document_rig_check();
}

Test(document_change, event_says_its_type_and_subject) {
    document_rig_create("d1", "hello", NULL);

    const struct fake_record *record = &fake_sidecar.events.items[0];

    cr_assert(dk_bytes_equal(
        dk_pairs_find(record->metadata, dk_bytes_of("type")),
        dk_bytes_of("dapr_kit.document.v1.DocumentChanged")));
    cr_assert(
        dk_bytes_equal(dk_pairs_find(record->metadata, dk_bytes_of("subject")), dk_bytes_of("d1")));
    cr_assert(dk_bytes_equal(record->content_type, dk_bytes_of("application/json")));
}

Test(document_change, ids_are_made_when_none_is_given) {
    pb_document one, other;

    cr_assert(eq(int, document_rig_create("", "a", &one), DK_OK));
    cr_assert(eq(int, document_rig_create("", "a", &other), DK_OK));

    cr_assert(eq(sz, strlen(one.id), 32));
    cr_assert(ne(str, one.id, other.id));
    document_rig_check();
}

Test(document_change, the_same_content_is_stored_once) {
    document_rig_create("d1", "the same", NULL);
    const size_t keys = fake_sidecar_key_count();

    document_rig_create("d2", "the same", NULL);

    cr_assert(eq(sz, fake_sidecar_key_count(), keys + 1)); /* the head */
}

Test(document_change, a_taken_id_is_refused_and_leaves_no_content) {
    document_rig_create("d1", "mine", NULL);
    const size_t keys = fake_sidecar_key_count();

    cr_assert(eq(int, document_rig_create("d1", "theirs", NULL), DK_ETAG_MISMATCH));

    cr_assert(eq(sz, fake_sidecar_key_count(), keys));
    document_rig_check();
}

Test(document_change, create_again_with_the_same_content_answers_what_is_there) {
    pb_document first, again;
    document_rig_create("d1", "mine", &first);

    cr_assert(eq(int, document_rig_create("d1", "mine", &again), DK_OK));

    cr_assert(eq(str, again.etag, first.etag));
    cr_assert(eq(sz, fake_sidecar.events.count, 1));
}

Test(document_change, create_again_after_a_change_is_refused) {
    document_rig_create("d1", "mine", NULL);
    document_rig_replace("d1", "", "newer", NULL);

    cr_assert(eq(int, document_rig_create("d1", "mine", NULL), DK_ETAG_MISMATCH));
}

/* ── etags ──────────────────────────────────────────────────────────────────────────────────── */

Test(document_change, replace_makes_the_next_version) {
    pb_document first, second;
    document_rig_create("d1", "one", &first);

    cr_assert(eq(int, document_rig_replace("d1", first.etag, "two", &second), DK_OK));

    cr_assert(eq(u64, second.version, 2));
    cr_assert(ne(str, second.etag, first.etag));
    cr_assert(eq(i64, second.created_time->seconds, first.created_time->seconds));
    cr_assert(eq(int, event(1)->change, PB_CHANGE(UPDATED)));
    document_rig_check();
}

Test(document_change, a_stale_etag_is_refused_and_leaves_nothing) {
    pb_document first;
    document_rig_create("d1", "one", &first);
    document_rig_replace("d1", "", "two", NULL);
    const size_t keys = fake_sidecar_key_count();

    cr_assert(eq(int, document_rig_replace("d1", first.etag, "three", NULL), DK_ETAG_MISMATCH));

    cr_assert(ne(ptr, strstr(document_rig_text(), first.etag), NULL));
    cr_assert(eq(sz, fake_sidecar_key_count(), keys));
    document_rig_check();
}

Test(document_change, the_etag_comes_from_the_header_too) {
    pb_document first;
    document_rig_create("d1", "one", &first);
    char quoted[128];
    snprintf(quoted, sizeof quoted, "\"%s\"", first.etag);

    document_rig_header("dapr-if-match", "\"no such etag\"");
    cr_assert(eq(int, document_rig_replace("d1", "", "two", NULL), DK_ETAG_MISMATCH));
    document_rig_header("dapr-if-match", quoted);
    cr_assert(eq(int, document_rig_replace("d1", "", "two", NULL), DK_OK));
}

Test(document_change, an_annotation_takes_nobodys_etag_away) {
    pb_document first, second;
    struct document_next *next = NULL;
    struct document_head head;
    document_rig_create("d1", "one", &first);
    const struct document_scope scope = document_rig_scope();
    document_head_read(&scope, "d1", &head);
    document_revision_make(&scope, &head, &next);

    cr_assert(eq(int, document_head_write(&scope, &head, next), DK_OK));
    cr_assert(eq(int, document_rig_get("d1", 0, &second), DK_OK));

    cr_assert(ne(str, second.etag, first.etag)); /* a cache should look again */
    cr_assert(eq(u64, second.version, 1));
    cr_assert(eq(int, document_rig_replace("d1", first.etag, "two", NULL), DK_OK));
}

/* ── two writers ────────────────────────────────────────────────────────────────────────────── */

/* Another writer, just before the transaction. */
static void interfere(void *context, const char *function, struct dk_bytes key) {
    int *left = context;

    (void)key;
    if (strcmp(function, "transact") == 0 && *left > 0) {
        (*left)--;
        cr_assert(eq(int, document_rig_tag("d1", "theirs"), DK_OK));
    }
}

Test(document_change, a_change_without_etag_is_tried_again_after_another) {
    int left = 2;
    pb_document document;
    document_rig_create("d1", "one", NULL);
    fake_sidecar.hook = interfere;
    fake_sidecar.hook_context = &left;

    cr_assert(eq(int, document_rig_replace("d1", "", "two", &document), DK_OK));

    cr_assert(eq(u64, document.version, 4)); /* twice theirs, then ours */
    fake_sidecar.hook = NULL;
    document_rig_check();
}

Test(document_change, a_change_gives_up_when_others_are_always_faster) {
    int left = 1000;
    document_rig_create("d1", "one", NULL);
    fake_sidecar.hook = interfere;
    fake_sidecar.hook_context = &left;

    cr_assert(eq(int, document_rig_replace("d1", "", "two", NULL), DK_ETAG_MISMATCH));

    cr_assert(eq(int, left, 1000 - DOCUMENT_TRIES_MAX));
    fake_sidecar.hook = NULL;
    document_rig_check();
}

Test(document_change, a_change_with_etag_loses_to_another_at_once) {
    int left = 1;
    pb_document first;
    document_rig_create("d1", "one", &first);
    fake_sidecar.hook = interfere;
    fake_sidecar.hook_context = &left;

    cr_assert(eq(int, document_rig_replace("d1", first.etag, "two", NULL), DK_ETAG_MISMATCH));

    fake_sidecar.hook = NULL;
    cr_assert(eq(u64, document_rig_head("d1")->document->version, 2));
    document_rig_check();
}

static void create_first(void *context, const char *function, struct dk_bytes key) {
    int *left = context;

    (void)key;
    if (strcmp(function, "transact") == 0 && *left > 0) {
        (*left)--;
        cr_assert(eq(int, document_rig_create("d1", "theirs", NULL), DK_OK));
    }
}

Test(document_change, of_two_creators_one_wins) {
    int left = 1;
    fake_sidecar.hook = create_first;
    fake_sidecar.hook_context = &left;

    cr_assert(eq(int, document_rig_create("d1", "mine", NULL), DK_ETAG_MISMATCH));

    fake_sidecar.hook = NULL;
    document_rig_check();
}

/* ── deletion ───────────────────────────────────────────────────────────────────────────────── */

Test(document_change, a_deleted_document_is_not_found_until_it_is_restored) {
    pb_document document;
    document_rig_create("d1", "one", NULL);

    cr_assert(eq(int, document_rig_delete("d1"), DK_OK));
    cr_assert(eq(int, document_rig_get("d1", 0, &document), DK_NOT_FOUND));
    cr_assert(eq(int, document_rig_replace("d1", "", "two", NULL), DK_NOT_FOUND));
    cr_assert(eq(int, document_rig_create("d1", "one", NULL), DK_ETAG_MISMATCH));

    cr_assert(eq(int, document_rig_restore("d1"), DK_OK));
    cr_assert(eq(int, document_rig_get("d1", 0, &document), DK_OK));
    cr_assert(eq(str, document.text, "one"));
    cr_assert(eq(u64, document.version, 3));
    cr_assert(not(document.deleted));
    cr_assert(eq(int, event(1)->change, PB_CHANGE(DELETED)));
    cr_assert(eq(int, event(2)->change, PB_CHANGE(RESTORED)));
    document_rig_check();
}

Test(document_change, what_is_not_deleted_is_not_restored) {
    document_rig_create("d1", "one", NULL);

    cr_assert(eq(int, document_rig_restore("d1"), DK_ETAG_MISMATCH));
    cr_assert(eq(int, document_rig_restore("d2"), DK_NOT_FOUND));
}

Test(document_change, after_its_time_a_deleted_document_gives_its_id_back) {
    pb_document first, second;
    document_rig_service.config.retention_ms = 0;
    document_rig_create("d1", "one", &first);
    document_rig_replace("d1", "", "two", NULL);
    document_rig_delete("d1");

    cr_assert(eq(int, document_rig_restore("d1"), DK_NOT_FOUND));
    cr_assert(eq(int, document_rig_create("d1", "three", &second), DK_OK));

    cr_assert(eq(u64, second.version, 1));
    cr_assert(ne(str, second.etag, first.etag));
    cr_assert(eq(ptr, (void *)fake_sidecar_value("documents/default/version/d1/1").data, NULL));
    cr_assert(eq(ptr, (void *)fake_sidecar_value("documents/default/version/d1/2").data, NULL));
}

/* ── faults ─────────────────────────────────────────────────────────────────────────────────── */

static char *large_text(void) {
    char *text = malloc(200001);

    memset(text, 'x', 200000);
    text[200000] = '\0';
    return text;
}

static void one_document(void) {
    document_rig_create("d1", "one", NULL);
}

static void three_versions_of_two_kept(void) {
    document_rig_service.config.versions_max = 2;
    document_rig_create("d1", "one", NULL);
    document_rig_replace("d1", "", "two", NULL);
    document_rig_replace("d1", "", "three", NULL);
}

static void deleted_document(void) {
    one_document();
    document_rig_delete("d1");
}

static void expired_document(void) {
    document_rig_service.config.retention_ms = 0;
    one_document();
    document_rig_delete("d1");
}

static enum dk_error create_small(void) {
    return document_rig_create("d2", "small", NULL);
}

static enum dk_error create_large(void) {
    return document_rig_create("d2", large_text(), NULL);
}

static enum dk_error replace(void) {
    return document_rig_replace("d1", "", "replaced", NULL);
}

static enum dk_error delete_once(void) {
    const enum dk_error error = document_rig_delete("d1");

    return error == DK_NOT_FOUND ? DK_OK : error; /* an earlier try did it */
}

static enum dk_error restore_once(void) {
    const enum dk_error error = document_rig_restore("d1");

    return error == DK_ETAG_MISMATCH ? DK_OK : error;
}

static void one_version_of_it(void) {
    cr_assert(eq(u64, document_rig_head("d2")->document->version, 1));
}

Test(document_change, create_survives_a_crash_anywhere) {
    document_rig_crash_everywhere(NULL, create_small, one_version_of_it);
}

Test(document_change, create_of_chunks_survives_a_crash_anywhere, .timeout = 120) {
    document_rig_crash_everywhere(NULL, create_large, one_version_of_it);
}

Test(document_change, replace_survives_a_crash_anywhere) {
    document_rig_crash_everywhere(one_document, replace, NULL);
}

Test(document_change, letting_go_of_versions_survives_a_crash_anywhere) {
    document_rig_crash_everywhere(three_versions_of_two_kept, replace, NULL);
}

Test(document_change, delete_survives_a_crash_anywhere) {
    document_rig_crash_everywhere(one_document, delete_once, NULL);
}

Test(document_change, restore_survives_a_crash_anywhere) {
    document_rig_crash_everywhere(deleted_document, restore_once, NULL);
}

static enum dk_error create_over_expired(void) {
    return document_rig_create("d1", "new life", NULL);
}

Test(document_change, purge_survives_a_crash_anywhere) {
    /* The versions of the first life were told too: what is counted is that nothing is in between. */
    for (int way = 0; way < 4; way++) {
        for (size_t step = 1;; step++) {
            document_rig_start();
            expired_document();
            fake_sidecar_fail(
                NULL, step, DK_UNAVAILABLE, way % 2 == 0 ? FAKE_BEFORE : FAKE_AFTER, way >= 2);
            const enum dk_error error = create_over_expired();
            const bool has_failed = fake_sidecar_has_failed();
            fake_sidecar_heal();
            cr_assert(eq(int, error == DK_OK ? DK_OK : create_over_expired(), DK_OK));
            cr_assert(eq(u64, document_rig_head("d1")->document->version, 1));
            cr_assert(eq(sz, fake_sidecar.events.count, 3));
            if (!has_failed) {
                cr_assert(gt(sz, step, 3));
                break;
            }
        }
    }
}

Test(document_change, a_lost_answer_of_the_transaction_is_no_failure) {
    pb_document document;
    fake_sidecar_fail("transact", 1, DK_UNAVAILABLE, FAKE_AFTER, false);

    cr_assert(eq(int, document_rig_create("d1", "one", &document), DK_OK));

    cr_assert(fake_sidecar_has_failed());
    cr_assert(eq(u64, document.version, 1));
    document_rig_check();
}

Test(document_change, a_broker_that_is_away_changes_nothing) {
    document_rig_create("d1", "one", NULL);
    fake_sidecar_fail("transact", 1, DK_INTERNAL, FAKE_BEFORE, false);

    cr_assert(eq(int, document_rig_replace("d1", "", "two", NULL), DK_INTERNAL));

    cr_assert(eq(u64, document_rig_head("d1")->document->version, 1));
    document_rig_check();
}

Test(document_change, a_store_without_outbox_keeps_its_heads) {
    fake_sidecar.has_outbox = false;
    pb_document document;

    cr_assert(eq(int, document_rig_create("d1", "one", NULL), DK_OK));

    cr_assert(eq(int, document_rig_get("d1", 0, &document), DK_OK));
    cr_assert(eq(str, document.text, "one"));
}

Test(document_change, fails_when_memory_ends) {
    /* Each call has a bound; a document with everything at its bound stays far below it. */
    struct dk_call *call = document_rig_call();
    DaprKit__Document__V1__CreateRequest request;
    pb_document answer;
    dapr_kit__document__v1__create_request__init(&request);
    dapr_kit__document__v1__document__init(&answer);
    cr_assert(ne(ptr, dk_call_take(call, FAKE_CALL_ARENA_BYTES_MAX - 64), NULL));

    cr_assert(eq(int, documents_create(call, &request.base, &answer.base), DK_EXHAUSTED));

    cr_assert(eq(int, fake_call_error(call), DK_EXHAUSTED));
    cr_assert(eq(sz, fake_sidecar_key_count(), 0));
}
