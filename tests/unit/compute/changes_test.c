/* Events of documents: what is published, dropped, and asked for again. */
#include "compute/changes.h"

#include "compute/hash.h"
#include "support/compute_rig.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <dapr_kit/document/v1/documents.pb-c.h>
#include <dapr_kit/document/v1/events.pb-c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef DaprKit__Document__V1__DocumentChanged changed_t;
#define CHANGE(word) DAPR_KIT__DOCUMENT__V1__DOCUMENT_CHANGED__CHANGE__##word

static struct compute_rig rig;
static char sha256[HASH_SHA256_TEXT_BYTES];
static changed_t changed;

/* What GetContent gives. */
static struct dk_bytes remote;
static enum dk_error remote_error;
static size_t remote_piece_max, remote_calls;

static void change_text(const char *text) {
    cr_assert(eq(int, hash_sha256(dk_bytes_of(text), NULL, sha256, NULL), DK_OK));
    changed.content_sha256 = sha256;
    changed.size = strlen(text);
    changed.text = pb_text(text);
}

static void start(void) {
    compute_rig_open(&rig);
    dapr_kit__document__v1__document_changed__init(&changed);
    changed.tenant = pb_text("acme");
    changed.id = pb_text("doc-1");
    changed.version = 3;
    changed.change = CHANGE(CREATED);
    changed.content_type = pb_text("text/plain; charset=utf-8");
    changed.content_changed = true;
    change_text(compute_rig_words(0, 200));
    remote_error = DK_OK;
    remote_piece_max = SIZE_MAX;
    remote_calls = 0;
}

static void end(void) {
    compute_rig_close(&rig);
}

TestSuite(changes, .init = start, .fini = end);

static enum dk_verdict bring_data(struct dk_bytes data) {
    const struct dk_event event = {
        .id = DK_BYTES("1"),
        .source = DK_BYTES("dk-document"),
        .type = DK_BYTES("com.dapr.event.sent"),
        .content_type = DK_BYTES("application/json"),
        .data = data};
    return changes_on_event(rig.call, &event);
}

static enum dk_verdict bring(void) {
    struct dk_call *call = compute_rig_call(&rig);
    const struct dk_bytes json = dk_call_write_json(call, &changed.base);
    cr_assert(json.data != NULL);
    return bring_data(json);
}

/* The result that was published as the nth, from 0. */
static pb_result *published(size_t nth) {
    struct ProtobufCMessage *message = NULL;
    cr_assert(lt(sz, nth, fake_sidecar.published.count));
    const struct fake_record *record = &fake_sidecar.published.items[nth];
    cr_assert(eq(str, (char *)record->pubsub, "pubsub"));
    cr_assert(eq(str, (char *)record->topic, "compute.results"));
    cr_assert(eq(
        int,
        dk_call_read_json(
            rig.call, &dapr_kit__compute__v1__compute_result__descriptor, record->data, &message),
        DK_OK));
    return (pb_result *)message;
}

/* ── what is found ──────────────────────────────────────────────────────────────────────────── */

Test(changes, a_new_text_is_computed_and_published) {
    cr_assert(eq(int, bring(), DK_VERDICT_DONE));

    cr_assert(eq(sz, fake_sidecar.published.count, 1));
    const pb_result *result = published(0);
    cr_assert(eq(str, result->tenant, "acme"));
    cr_assert(eq(str, result->document_id, "doc-1"));
    cr_assert(eq(u64, result->version, 3));
    cr_assert(eq(str, result->error, ""));
    cr_assert(eq(str, result->annotations->content_sha256, sha256));
    cr_assert(ne(u64, result->annotations->simhash, 0));
    cr_assert(eq(sz, result->annotations->n_minhash, 0));
    cr_assert(eq(sz, result->annotations->n_near_duplicates, 0));
    const struct fake_record *record = &fake_sidecar.published.items[0];
    cr_assert(dk_bytes_equal(record->content_type, (struct dk_bytes)DK_BYTES("application/json")));
    cr_assert(dk_bytes_equal(
        dk_pairs_find(record->metadata, (struct dk_bytes)DK_BYTES("partitionKey")),
        (struct dk_bytes)DK_BYTES("doc-1")));
}

Test(changes, a_near_duplicate_is_named) {
    cr_assert(eq(int, bring(), DK_VERDICT_DONE));
    changed.id = pb_text("doc-2");
    change_text(compute_rig_words(4, 200));
    cr_assert(eq(int, bring(), DK_VERDICT_DONE));

    const pb_result *result = published(1);
    cr_assert(eq(sz, result->annotations->n_near_duplicates, 1));
    cr_assert(eq(str, result->annotations->near_duplicates[0]->document_id, "doc-1"));
    cr_assert(result->annotations->near_duplicates[0]->similarity >= 0.8);
}

/* The older one is told of the newer, under its own key, so that its results keep their order. */
Test(changes, a_near_duplicate_is_told_of_the_one_that_came_later) {
    cr_assert(eq(int, bring(), DK_VERDICT_DONE));
    char *older = pb_text(fake_copy(dk_bytes_of(sha256)).data);
    changed.id = pb_text("doc-2");
    change_text(compute_rig_words(4, 200));
    cr_assert(eq(int, bring(), DK_VERDICT_DONE));

    cr_assert(eq(sz, fake_sidecar.published.count, 3));
    const pb_result *word = published(2), *own = published(1);
    cr_assert(eq(str, word->tenant, "acme"));
    cr_assert(eq(str, word->document_id, "doc-1"));
    cr_assert(eq(str, word->content_sha256, older));
    cr_assert(eq(ptr, word->annotations, NULL));
    cr_assert(eq(str, word->near_found->document_id, "doc-2"));
    cr_assert(eq(str, word->near_found->content_sha256, sha256));
    cr_assert(
        eq(dbl, word->near_found->similarity, own->annotations->near_duplicates[0]->similarity));
    cr_assert(eq(str, own->annotations->near_duplicates[0]->content_sha256, older));
    cr_assert(dk_bytes_equal(
        dk_pairs_find(fake_sidecar.published.items[2].metadata, dk_bytes_of("partitionKey")),
        dk_bytes_of("doc-1")));
}

Test(changes, as_many_are_told_as_are_named) {
    enum { DOCUMENTS = 14, NAMED = 10 };
    for (int i = 0; i < DOCUMENTS; i++) {
        char id[16];
        (void)snprintf(id, sizeof id, "doc-%d", i);
        changed.id = id;
        cr_assert(eq(int, bring(), DK_VERDICT_DONE));
    }
    const size_t before = fake_sidecar.published.count;
    changed.id = pb_text("late");

    cr_assert(eq(int, bring(), DK_VERDICT_DONE));

    cr_assert(eq(sz, fake_sidecar.published.count, before + 1 + NAMED));
}

Test(changes, an_event_that_comes_again_is_answered_again_from_what_is_kept) {
    cr_assert(eq(int, bring(), DK_VERDICT_DONE));
    const size_t keys = fake_sidecar_key_count();
    cr_assert(eq(int, bring(), DK_VERDICT_DONE));

    cr_assert(eq(sz, fake_sidecar.published.count, 2));
    cr_assert(
        dk_bytes_equal(fake_sidecar.published.items[0].data, fake_sidecar.published.items[1].data));
    cr_assert(eq(sz, fake_sidecar_key_count(), keys));
}

Test(changes, an_older_event_that_comes_later_is_done_and_silent) {
    cr_assert(eq(int, bring(), DK_VERDICT_DONE));
    changed.version = 2;
    change_text("what it was before");
    cr_assert(eq(int, bring(), DK_VERDICT_DONE));

    cr_assert(eq(sz, fake_sidecar.published.count, 1));
}

Test(changes, an_empty_text_is_a_text) {
    change_text("");
    cr_assert(eq(int, bring(), DK_VERDICT_DONE));

    cr_assert(eq(str, published(0)->annotations->content_sha256, sha256));
}

Test(changes, tags_and_annotations_ask_for_nothing) {
    static const int silent[] = {CHANGE(TAGGED), CHANGE(ANNOTATED), CHANGE(CHANGE_UNSPECIFIED)};
    for (size_t i = 0; i < sizeof silent / sizeof silent[0]; i++) {
        changed.change = silent[i];
        cr_assert(eq(int, bring(), DK_VERDICT_DONE));
    }
    changed.change = CHANGE(UPDATED);
    changed.content_changed = false;
    cr_assert(eq(int, bring(), DK_VERDICT_DONE));

    cr_assert(eq(sz, fake_sidecar.published.count, 0));
    cr_assert(eq(sz, fake_sidecar.calls, 0));
}

Test(changes, a_deleted_document_is_no_near_duplicate_until_it_is_restored) {
    cr_assert(eq(int, bring(), DK_VERDICT_DONE));
    changed.change = CHANGE(DELETED);
    changed.version = 4;
    cr_assert(eq(int, bring(), DK_VERDICT_DONE));
    cr_assert(eq(sz, fake_sidecar.published.count, 1));

    changed.id = pb_text("doc-2");
    changed.change = CHANGE(CREATED);
    cr_assert(eq(int, bring(), DK_VERDICT_DONE));
    cr_assert(eq(sz, published(1)->annotations->n_near_duplicates, 0));

    changed.id = pb_text("doc-1");
    changed.change = CHANGE(RESTORED);
    changed.content_changed = false;
    changed.version = 5;
    cr_assert(eq(int, bring(), DK_VERDICT_DONE));
    cr_assert(eq(sz, published(2)->annotations->n_near_duplicates, 1));
}

Test(changes, content_that_is_no_text_is_told_to_the_document) {
    changed.content_type = pb_text("image/png");
    changed.text = pb_text("");
    cr_assert(eq(int, bring(), DK_VERDICT_DONE));

    cr_assert(eq(str, published(0)->error, "content type 'image/png' is no text"));
    cr_assert(eq(ptr, published(0)->annotations, NULL));
}

/* ── long contents ──────────────────────────────────────────────────────────────────────────── */

static enum dk_error get_content(
    struct dk_call *call,
    const char *app_id,
    const char *path,
    const struct ProtobufCMessage *base,
    const struct ProtobufCMessageDescriptor *descriptor,
    struct ProtobufCMessage **ret_answer) {
    const DaprKit__Document__V1__GetContentRequest *request = (const void *)base;
    DaprKit__Document__V1__ContentRange range;
    remote_calls++;
    cr_assert(eq(str, (char *)app_id, "document"));
    cr_assert(eq(str, (char *)path, "/dapr_kit.document.v1.Documents/GetContent"));
    cr_assert(eq(str, request->id, "doc-1"));
    cr_assert(eq(str, request->tenant, "acme"));
    cr_assert(eq(u64, request->version, 3));
    if (remote_error != DK_OK) {
        return dk_call_fail(call, remote_error, "document: as the test wants it");
    }
    dapr_kit__document__v1__content_range__init(&range);
    range.offset = request->offset;
    range.size = remote.size;
    const size_t rest = remote.size - (size_t)request->offset;
    range.data.data = (uint8_t *)(uintptr_t)(remote.data + request->offset);
    range.data.len = rest < remote_piece_max ? rest : remote_piece_max;
    return dk_call_unpack(call, descriptor, dk_call_pack(call, &range.base), ret_answer);
}

/* A content that is not in the event. */
static void change_remote(const char *text) {
    change_text(text);
    changed.text = pb_text("");
    remote = dk_bytes_of(text);
    remote_piece_max = 1 << 16;
    fake_sidecar.on_call = get_content;
}

Test(changes, a_long_text_is_fetched_in_pieces) {
    change_remote(compute_rig_words(0, 30000));
    cr_assert(eq(int, bring(), DK_VERDICT_DONE));

    cr_assert(eq(sz, remote_calls, (remote.size + (1 << 16) - 1) >> 16));
    cr_assert(gt(sz, remote_calls, 2));
    cr_assert(eq(str, published(0)->annotations->content_sha256, sha256));
}

Test(changes, a_text_that_is_gone_is_nobodys_business) {
    change_remote(compute_rig_words(0, 30000));
    remote_error = DK_NOT_FOUND;

    cr_assert(eq(int, bring(), DK_VERDICT_DONE));
    cr_assert(eq(sz, fake_sidecar.published.count, 0));
}

Test(changes, while_the_document_service_is_away_the_event_comes_again) {
    change_remote(compute_rig_words(0, 30000));
    remote_error = DK_UNAVAILABLE;

    cr_assert(eq(int, bring(), DK_VERDICT_RETRY));
    remote_error = DK_OK;
    cr_assert(eq(int, bring(), DK_VERDICT_DONE));
    cr_assert(eq(sz, fake_sidecar.published.count, 1));
}

Test(changes, a_piece_of_another_content_is_refused) {
    change_remote(compute_rig_words(0, 30000));
    changed.size--;

    cr_assert(eq(int, bring(), DK_VERDICT_DROP));
}

/* ── poison ─────────────────────────────────────────────────────────────────────────────────── */

static void assert_dropped(const char *reason) {
    cr_assert(
        ne(ptr, strstr(fake_call_text(rig.call), reason), NULL), "%s", fake_call_text(rig.call));
}

Test(changes, data_that_is_no_event_is_dropped_with_its_reason) {
    static const struct {
        const char *data, *reason;
    } rows[] = {
        {"", ""},
        {"{", ""},
        {"[]", ""},
        {"{\"version\":\"x\"}", "version"},
        {"{\"nobody\":1}", "nobody"},
        {"{\"id\":\"a\",\"version\":\"1\"}", "event: tenant '' is none"},
        {"{\"tenant\":\"t\",\"version\":\"1\"}", "event: id '' is none"},
        {"{\"tenant\":\"t\",\"id\":\"a/b\",\"version\":\"1\"}", "event: id 'a/b' is none"},
        {"{\"tenant\":\"a||b\",\"id\":\"a\",\"version\":\"1\"}", "event: tenant 'a||b' is none"},
        {"{\"tenant\":\"t\",\"id\":\"a..b\",\"version\":\"1\"}", "event: id 'a..b' is none"},
        {"{\"tenant\":\"t\",\"id\":\"a\"}", "event of 'a': version 0"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        (void)compute_rig_call(&rig);
        cr_assert(eq(int, bring_data(dk_bytes_of(rows[i].data)), DK_VERDICT_DROP), "row %zu", i);
        assert_dropped(rows[i].reason);
        cr_assert(ne(str, (char *)fake_call_text(rig.call), ""));
    }
    cr_assert(eq(sz, fake_sidecar.published.count, 0));
}

static void assert_poison(const char *reason) {
    cr_assert(eq(int, bring(), DK_VERDICT_DROP));

    assert_dropped(reason);
    cr_assert(eq(sz, fake_sidecar.published.count, 1));
    cr_assert(ne(ptr, strstr(published(0)->error, reason), NULL), "%s", published(0)->error);
    cr_assert(eq(ptr, published(0)->annotations, NULL));
}

Test(changes, text_with_another_hash_is_poison) {
    changed.text[0] = '!';
    assert_poison("content: its SHA-256 is ");
}

Test(changes, text_of_another_size_is_poison) {
    changed.size++;
    assert_poison("the event's text has ");
}

Test(changes, text_that_is_no_utf8_is_poison) {
    char *text = compute_rig_words(0, 30000);
    text[100] = '\xC3';
    change_remote(text);
    assert_poison("100");
}

Test(changes, content_over_the_bound_is_poison_and_not_fetched) {
    change_remote(compute_rig_words(0, 30000));
    rig.service->config.content_bytes_max = 100000;
    assert_poison("are more than the 100000 of --content-bytes-max");
    cr_assert(eq(sz, remote_calls, 0));
}

Test(changes, poison_whose_reason_cannot_be_told_comes_again) {
    changed.text[0] = '!';
    fake_sidecar_fail("publish", 1, DK_UNAVAILABLE, FAKE_BEFORE, false);

    cr_assert(eq(int, bring(), DK_VERDICT_RETRY));
    cr_assert(eq(int, bring(), DK_VERDICT_DROP));
    cr_assert(eq(sz, fake_sidecar.published.count, 1));
}

/* ── faults ─────────────────────────────────────────────────────────────────────────────────── */

/* The sidecar goes away at each step in turn, before or after it took effect. */
Test(changes, wherever_the_sidecar_goes_away_the_event_comes_again_and_is_answered) {
    size_t retried = 0;
    for (int moment = 0; moment < 2; moment++) {
        for (size_t nth = 1;; nth++) {
            char id[32];
            (void)snprintf(id, sizeof id, "doc-%d-%zu", moment, nth);
            changed.id = id;
            changed.tenant = id;
            change_text(compute_rig_words((unsigned)(nth * 1000 + moment * 500), 100));
            const size_t before = fake_sidecar.published.count;
            fake_sidecar_fail(NULL, nth, DK_UNAVAILABLE, (enum fake_moment)moment, true);
            const enum dk_verdict verdict = bring();
            const bool has_failed = fake_sidecar_has_failed();
            fake_sidecar_heal();
            if (!has_failed) {
                cr_assert(eq(int, verdict, DK_VERDICT_DONE));
                break;
            }
            retried++;
            cr_assert(eq(int, verdict, DK_VERDICT_RETRY));
            cr_assert(eq(int, bring(), DK_VERDICT_DONE));
            cr_assert(gt(sz, fake_sidecar.published.count, before));
            cr_assert(
                eq(str, published(fake_sidecar.published.count - 1)->document_id, changed.id));
        }
    }
    cr_assert(gt(sz, retried, 16));
}

Test(changes, a_call_that_is_over_asks_for_another_time) {
    struct dk_call *call = compute_rig_call(&rig);
    const struct dk_bytes json = dk_call_write_json(call, &changed.base);
    fake_call_set_deadline(call, INT64_MAX, true);

    cr_assert(eq(int, bring_data(json), DK_VERDICT_RETRY));
    cr_assert(eq(sz, fake_sidecar.published.count, 0));
}
