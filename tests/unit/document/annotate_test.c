/* What the compute service found comes into the head once, for the content it was found in. */
#include "document/annotate.h"

#include "support/document_rig.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>

static void start(void) {
    document_rig_start();
    cr_assert(eq(int, document_rig_create("a", "text", NULL), DK_OK));
}

TestSuite(annotate, .init = start, .fini = document_rig_end);

/* A copy that the next seven calls leave alone. */
static char *sha_of_a(void) {
    static char texts[8][DOCUMENT_HASH_TEXT_BYTES];
    static size_t at;
    char *text = texts[at++ % 8];

    (void)snprintf(text, sizeof texts[0], "%s", document_rig_head("a")->document->content_sha256);
    return text;
}

static enum dk_verdict result_of(const char *id, char *sha256, const char *language) {
    DaprKit__Compute__V1__ComputeResult result = DAPR_KIT__COMPUTE__V1__COMPUTE_RESULT__INIT;
    DaprKit__Compute__V1__Annotations found = DAPR_KIT__COMPUTE__V1__ANNOTATIONS__INIT;
    DaprKit__Compute__V1__Language of = DAPR_KIT__COMPUTE__V1__LANGUAGE__INIT;
    struct dk_call *call = document_rig_call();

    result.tenant = "default";
    result.document_id = pb_text(id);
    result.version = 1;
    result.annotations = &found;
    found.content_sha256 = sha256;
    found.language = &of;
    of.code = pb_text(language);
    const struct dk_event event = {.data = dk_call_write_json(call, &result.base)};
    return document_annotate(call, &event);
}

static const char *language_of_a(void) {
    const pb_document *document = document_rig_head("a")->document;

    return document->annotations == NULL ? "" : document->annotations->language->code;
}

Test(annotate, takes_a_result_into_the_head_and_tells_it) {
    const size_t events = fake_sidecar.events.count;

    cr_assert(eq(int, result_of("a", sha_of_a(), "en"), DK_VERDICT_DONE));

    cr_assert(eq(str, (char *)language_of_a(), "en"));
    cr_assert(eq(u64, document_rig_head("a")->document->version, 1));
    cr_assert(eq(u64, document_rig_head("a")->revision, 1));
    cr_assert(eq(sz, fake_sidecar.events.count, events + 1));
}

Test(annotate, changes_nothing_when_it_comes_twice) {
    (void)result_of("a", sha_of_a(), "en");
    const size_t events = fake_sidecar.events.count;

    cr_assert(eq(int, result_of("a", sha_of_a(), "en"), DK_VERDICT_DONE));

    cr_assert(eq(u64, document_rig_head("a")->revision, 1));
    cr_assert(eq(sz, fake_sidecar.events.count, events));
}

Test(annotate, lets_go_what_was_found_in_an_older_content) {
    char *older = sha_of_a();
    cr_assert(eq(int, document_rig_replace("a", "", "another text", NULL), DK_OK));

    cr_assert(eq(int, result_of("a", older, "en"), DK_VERDICT_DONE));

    cr_assert(eq(str, (char *)language_of_a(), ""));
    cr_assert(eq(u64, document_rig_head("a")->revision, 0));
}

Test(annotate, goes_with_its_content_when_that_changes) {
    (void)result_of("a", sha_of_a(), "en");
    cr_assert(eq(int, document_rig_tag("a", "red"), DK_OK));
    cr_assert(eq(str, (char *)language_of_a(), "en"));

    cr_assert(eq(int, document_rig_replace("a", "", "another text", NULL), DK_OK));

    cr_assert(eq(str, (char *)language_of_a(), ""));
}

Test(annotate, lets_go_a_result_of_a_document_that_is_no_more) {
    cr_assert(eq(int, result_of("gone", sha_of_a(), "en"), DK_VERDICT_DONE));
}

Test(annotate, takes_nobodys_etag_away) {
    pb_document before, after;
    cr_assert(eq(int, document_rig_get("a", 0, &before), DK_OK));
    (void)result_of("a", sha_of_a(), "en");

    cr_assert(eq(int, document_rig_replace("a", before.etag, "mine", &after), DK_OK));
}

Test(annotate, drops_what_is_no_result) {
    struct dk_call *call = document_rig_call();
    const struct dk_event broken = {.data = DK_BYTES("{\"tenant\": 7}")};
    const struct dk_event foreign = {
        .data = DK_BYTES("{\"tenant\": \"../x\", \"documentId\": \"a\"}")};

    cr_assert(eq(int, document_annotate(call, &broken), DK_VERDICT_DROP));
    cr_assert(eq(int, document_annotate(call, &foreign), DK_VERDICT_DROP));
    cr_assert(eq(int, result_of("a", sha_of_a(), "no code at all"), DK_VERDICT_DROP));
    cr_assert(eq(int, result_of("../a", sha_of_a(), "en"), DK_VERDICT_DROP));
}

Test(annotate, leaves_what_is_no_result_in_the_dead_letter_topic_with_its_reason) {
    const size_t before = fake_sidecar.published.count;

    cr_assert(eq(int, result_of("a", sha_of_a(), "no code at all"), DK_VERDICT_DROP));

    cr_assert(eq(sz, fake_sidecar.published.count, before + 1));
    const struct fake_record *record = &fake_sidecar.published.items[before];
    const struct dk_bytes reason =
        dk_pairs_find(record->metadata, (struct dk_bytes)DK_BYTES("dead-letter-reason"));
    cr_assert(eq(str, (char *)record->topic, "compute.results.dead"));
    cr_assert(
        dk_bytes_equal(reason, dk_bytes_of("result of 'a': language 'no code at all' is no code")),
        "%.*s",
        (int)reason.size,
        reason.data);
}

Test(annotate, loses_nothing_while_the_dead_letter_topic_is_away) {
    fake_sidecar_fail("publish", 1, DK_UNAVAILABLE, FAKE_BEFORE, false);

    cr_assert(eq(int, result_of("a", sha_of_a(), "no code at all"), DK_VERDICT_RETRY));

    cr_assert(eq(int, result_of("a", sha_of_a(), "no code at all"), DK_VERDICT_DROP));
}

Test(annotate, is_done_with_a_result_that_says_why_there_is_none) {
    struct dk_call *call = document_rig_call();
    const struct dk_event event = {
        .data =
            DK_BYTES("{\"tenant\": \"default\", \"documentId\": \"a\", \"error\": \"no text\"}")};

    cr_assert(eq(int, document_annotate(call, &event), DK_VERDICT_DONE));
}

/* The owner writes between our look at the head and our write. */
static void owner_is_faster(void *context, const char *function, struct dk_bytes key) {
    int *left = context;

    (void)key;
    if (*left > 0 && strcmp(function, "transact") == 0) {
        *left -= 1;
        char tag[16];
        (void)snprintf(tag, sizeof tag, "tag%d", *left);
        cr_assert(eq(int, document_rig_tag("a", tag), DK_OK));
    }
}

Test(annotate, loses_no_change_of_the_owner) {
    int left = 3;
    char *sha = sha_of_a();
    fake_sidecar.hook = owner_is_faster;
    fake_sidecar.hook_context = &left;

    cr_assert(eq(int, result_of("a", sha, "en"), DK_VERDICT_DONE));

    fake_sidecar.hook = NULL;
    cr_assert(eq(str, (char *)language_of_a(), "en"));
    cr_assert(eq(str, document_rig_head("a")->document->tags[0], "tag0"));
    cr_assert(eq(u64, document_rig_head("a")->document->version, 4));
}

Test(annotate, asks_for_the_result_again_after_its_last_try) {
    int left = 1000;
    char *sha = sha_of_a();
    fake_sidecar.hook = owner_is_faster;
    fake_sidecar.hook_context = &left;

    cr_assert(eq(int, result_of("a", sha, "en"), DK_VERDICT_RETRY));

    cr_assert(eq(int, left, 1000 - ANNOTATE_TRIES_MAX));
}

Test(annotate, asks_for_the_result_again_when_the_store_is_away) {
    char *sha = sha_of_a();
    for (int moment = FAKE_BEFORE; moment <= FAKE_AFTER; moment++) {
        fake_sidecar_fail(NULL, 1, DK_UNAVAILABLE, moment, true);
        cr_assert(eq(int, result_of("a", sha, "en"), DK_VERDICT_RETRY));
        fake_sidecar_heal();
    }

    cr_assert(eq(int, result_of("a", sha, "en"), DK_VERDICT_DONE));

    cr_assert(eq(str, (char *)language_of_a(), "en"));
}

/* ── near duplicates ────────────────────────────────────────────────────────────────────────── */

typedef DaprKit__Compute__V1__NearDuplicate pb_near;

static pb_near near_of(const char *id, double similarity) {
    pb_near near;

    dapr_kit__compute__v1__near_duplicate__init(&near);
    near.document_id = pb_text(id);
    near.similarity = similarity;
    near.content_sha256 = pb_text("0123");
    return near;
}

/* Word that another document is like "a", which had this content. */
static enum dk_verdict word_of(char *sha256, const char *id, double similarity) {
    DaprKit__Compute__V1__ComputeResult result = DAPR_KIT__COMPUTE__V1__COMPUTE_RESULT__INIT;
    struct dk_call *call = document_rig_call();
    pb_near near = near_of(id, similarity);

    result.tenant = "default";
    result.document_id = "a";
    result.content_sha256 = sha256;
    result.near_found = &near;
    const struct dk_event event = {.data = dk_call_write_json(call, &result.base)};
    return document_annotate(call, &event);
}

/* The document's own result, which names one other. */
static enum dk_verdict own_result(char *sha256, const char *id, double similarity) {
    DaprKit__Compute__V1__ComputeResult result = DAPR_KIT__COMPUTE__V1__COMPUTE_RESULT__INIT;
    DaprKit__Compute__V1__Annotations found = DAPR_KIT__COMPUTE__V1__ANNOTATIONS__INIT;
    struct dk_call *call = document_rig_call();
    pb_near near = near_of(id, similarity), *nears[] = {&near};

    result.tenant = "default";
    result.document_id = "a";
    result.annotations = &found;
    found.content_sha256 = sha256;
    found.simhash = 7;
    found.near_duplicates = nears;
    found.n_near_duplicates = 1;
    const struct dk_event event = {.data = dk_call_write_json(call, &result.base)};
    return document_annotate(call, &event);
}

/* "b c": those that "a" names, in their order. */
static const char *near_a(void) {
    static char text[256];
    const pb_document *document = document_rig_head("a")->document;

    text[0] = '\0';
    for (size_t i = 0;
         document->annotations != NULL && i < document->annotations->n_near_duplicates;
         i++) {
        (void)snprintf(
            text + strlen(text),
            sizeof text - strlen(text),
            "%s%s",
            i == 0 ? "" : " ",
            document->annotations->near_duplicates[i]->document_id);
    }
    return text;
}

Test(annotate, names_a_near_duplicate_that_came_later) {
    cr_assert(eq(int, own_result(sha_of_a(), "b", 0.85), DK_VERDICT_DONE));

    cr_assert(eq(int, word_of(sha_of_a(), "c", 0.95), DK_VERDICT_DONE));

    cr_assert(eq(str, (char *)near_a(), "c b"));
    cr_assert(eq(u64, document_rig_head("a")->document->annotations->simhash, 7));
    cr_assert(eq(u64, document_rig_head("a")->document->version, 1));
    const struct fake_record *event = &fake_sidecar.events.items[fake_sidecar.events.count - 1];
    cr_assert(ne(ptr, strstr(fake_copy(event->data).data, "ANNOTATED"), NULL), "no work follows");
}

Test(annotate, word_that_comes_twice_changes_nothing) {
    (void)word_of(sha_of_a(), "b", 0.9);
    const size_t events = fake_sidecar.events.count;

    cr_assert(eq(int, word_of(sha_of_a(), "b", 0.9), DK_VERDICT_DONE));
    cr_assert(eq(sz, fake_sidecar.events.count, events));

    cr_assert(eq(int, word_of(sha_of_a(), "b", 0.91), DK_VERDICT_DONE));
    cr_assert(eq(sz, fake_sidecar.events.count, events + 1), "it says something new");
    cr_assert(eq(str, (char *)near_a(), "b"));
}

/* Of two that come at once the word may be before the own result, or behind it. */
Test(annotate, word_and_own_result_come_in_any_order) {
    (void)word_of(sha_of_a(), "c", 0.95);
    cr_assert(eq(int, own_result(sha_of_a(), "b", 0.85), DK_VERDICT_DONE));

    cr_assert(eq(str, (char *)near_a(), "c b"));
    cr_assert(eq(u64, document_rig_head("a")->document->annotations->simhash, 7));
    const size_t events = fake_sidecar.events.count;
    (void)own_result(sha_of_a(), "b", 0.85);
    (void)word_of(sha_of_a(), "c", 0.95);
    cr_assert(eq(sz, fake_sidecar.events.count, events), "and again changes nothing");
}

Test(annotate, word_of_another_content_is_let_go) {
    char *older = sha_of_a();
    (void)word_of(older, "b", 0.9);
    cr_assert(eq(int, document_rig_replace("a", "", "another text", NULL), DK_OK));
    cr_assert(eq(str, (char *)near_a(), ""));

    cr_assert(eq(int, word_of(older, "c", 0.9), DK_VERDICT_DONE));

    cr_assert(eq(str, (char *)near_a(), ""));
}

Test(annotate, a_deleted_document_is_told_nothing) {
    char *sha256 = sha_of_a();
    cr_assert(eq(int, document_rig_delete("a"), DK_OK));
    const uint64_t revision = document_rig_head("a")->revision;

    cr_assert(eq(int, word_of(sha256, "b", 0.9), DK_VERDICT_DONE));

    cr_assert(eq(u64, document_rig_head("a")->revision, revision));
}

Test(annotate, names_the_most_alike_when_there_are_more) {
    for (int i = 0; i < ANNOTATE_NEAR_MAX; i++) {
        char id[16];
        (void)snprintf(id, sizeof id, "b%d", i);
        (void)word_of(sha_of_a(), id, 0.9);
    }
    const size_t events = fake_sidecar.events.count;

    (void)word_of(sha_of_a(), "less", 0.81);
    cr_assert(eq(sz, fake_sidecar.events.count, events), "there is no room for it");
    (void)word_of(sha_of_a(), "more", 0.99);

    cr_assert(eq(str, (char *)near_a(), "more b0 b1 b2 b3 b4 b5 b6 b7 b8"));
}

Test(annotate, buries_word_that_is_none) {
    cr_assert(eq(int, word_of(sha_of_a(), "../b", 0.9), DK_VERDICT_DROP));
    cr_assert(eq(int, word_of(sha_of_a(), "b", 1.5), DK_VERDICT_DROP));

    cr_assert(eq(str, (char *)near_a(), ""));
    cr_assert(eq(sz, fake_sidecar.published.count, 2));
}
