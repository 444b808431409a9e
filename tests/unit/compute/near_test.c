/* The index of near duplicates in state: what is found, and what races and crashes leave. */
#include "compute/near.h"

#include "compute/bucket.h"
#include "compute/lsh.h"
#include "support/compute_rig.h"
#include "support/random.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define SHA256 "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

static struct compute_rig rig;

static void start(void) {
    compute_rig_open(&rig);
}

static void end(void) {
    compute_rig_close(&rig);
}

TestSuite(near, .init = start, .fini = end);

static struct minhash_signature signature_of(unsigned first, unsigned count) {
    struct minhash_signature signature;
    bool has_words = false;
    const struct dk_bytes text = dk_bytes_of(compute_rig_words(first, count));
    cr_assert(eq(int, minhash_text(text, NULL, &signature, &has_words, NULL), DK_OK));
    cr_assert(has_words);
    return signature;
}

static enum dk_error put(
    const char *tenant,
    const char *id,
    uint64_t version,
    const struct minhash_signature *signature) {
    const struct near_document document = {
        .tenant = tenant,
        .id = id,
        .version = version,
        .content_sha256 = SHA256,
        .signature = signature,
        .is_deleted = signature == NULL};
    bool is_late = false;
    const enum dk_error error = near_put(compute_rig_call(&rig), &document, &is_late);
    return is_late ? DK_ETAG_MISMATCH : error;
}

struct found {
    pb_near_duplicate **documents;
    size_t count;
};

static struct found find(const char *tenant, const struct minhash_signature *signature) {
    const struct near_question question = {
        .tenant = tenant, .signature = signature, .similarity_min = 0.8, .limit = 10};
    struct found found = {0};
    cr_assert(eq(
        int, near_find(compute_rig_call(&rig), &question, &found.documents, &found.count), DK_OK));
    return found;
}

Test(near, alike_documents_are_found_most_alike_first) {
    const struct minhash_signature same = signature_of(0, 1000), close = signature_of(50, 1000);
    const struct minhash_signature far = signature_of(5000, 1000);
    cr_assert(eq(int, put("t", "close", 1, &close), DK_OK));
    cr_assert(eq(int, put("t", "same", 1, &same), DK_OK));
    cr_assert(eq(int, put("t", "far", 1, &far), DK_OK));

    const struct found found = find("t", &same);

    cr_assert(eq(sz, found.count, 2));
    cr_assert(eq(str, found.documents[0]->document_id, "same"));
    cr_assert(found.documents[0]->similarity == 1.0);
    cr_assert(eq(str, found.documents[1]->document_id, "close"));
    cr_assert(fabs(found.documents[1]->similarity - 946.0 / 1046) < 0.11); /* four σ */
}

Test(near, tenants_do_not_see_each_other) {
    const struct minhash_signature same = signature_of(0, 1000);
    cr_assert(eq(int, put("t", "a", 1, &same), DK_OK));

    cr_assert(eq(sz, find("u", &same).count, 0));
    cr_assert(eq(sz, find("t", &same).count, 1));
}

Test(near, a_new_version_leaves_its_old_places) {
    const struct minhash_signature old = signature_of(0, 1000), new = signature_of(5000, 1000);
    cr_assert(eq(int, put("t", "a", 1, &old), DK_OK));
    cr_assert(eq(int, put("t", "a", 2, &new), DK_OK));

    cr_assert(eq(sz, find("t", &old).count, 0));
    cr_assert(eq(sz, find("t", &new).count, 1));
    /* A bucket that is empty again can be joined again. */
    cr_assert(eq(int, put("t", "b", 1, &old), DK_OK));
    cr_assert(eq(sz, find("t", &old).count, 1));
}

Test(near, a_late_version_changes_nothing) {
    const struct minhash_signature old = signature_of(0, 1000), new = signature_of(5000, 1000);
    cr_assert(eq(int, put("t", "a", 2, &new), DK_OK));

    cr_assert(eq(int, put("t", "a", 1, &old), DK_ETAG_MISMATCH)); /* late */
    cr_assert(eq(sz, find("t", &old).count, 0));
    cr_assert(eq(sz, find("t", &new).count, 1));
}

Test(near, a_deleted_document_is_not_found_and_late_events_do_not_wake_it) {
    const struct minhash_signature same = signature_of(0, 1000);
    cr_assert(eq(int, put("t", "a", 1, &same), DK_OK));
    cr_assert(eq(int, put("t", "a", 3, NULL), DK_OK));

    cr_assert(eq(sz, find("t", &same).count, 0));
    cr_assert(eq(int, put("t", "a", 2, &same), DK_ETAG_MISMATCH));
    cr_assert(eq(sz, find("t", &same).count, 0));
    cr_assert(eq(i64, fake_sidecar_ttl_s("compute/index/t/document/a"), 2592000));
    cr_assert(eq(int, put("t", "a", 4, &same), DK_OK)); /* restored */
    cr_assert(eq(sz, find("t", &same).count, 1));
    cr_assert(eq(i64, fake_sidecar_ttl_s("compute/index/t/document/a"), -1));
}

/* Ends at each call in turn, before or after its effect; the event comes again. */
Test(near, what_a_crash_leaves_the_next_try_mends) {
    const struct minhash_signature old = signature_of(0, 1000), new = signature_of(5000, 1000);
    size_t ended = 0;

    for (int moment = 0; moment < 2; moment++) {
        for (size_t nth = 1;; nth++) {
            char id[32];
            (void)snprintf(id, sizeof id, "d%d-%zu", moment, nth);
            cr_assert(eq(int, put(id, id, 1, &old), DK_OK)); /* a tenant for each */
            fake_sidecar_fail(NULL, nth, DK_UNAVAILABLE, (enum fake_moment)moment, true);
            const enum dk_error error = put(id, id, 2, &new);
            const bool has_failed = fake_sidecar_has_failed();
            fake_sidecar_heal();
            if (!has_failed) {
                cr_assert(eq(int, error, DK_OK));
                break;
            }
            ended++;
            cr_assert(eq(int, error, DK_UNAVAILABLE));
            cr_assert(eq(int, put(id, id, 2, &new), DK_OK));
            cr_assert(eq(sz, find(id, &new).count, 1));
            cr_assert(eq(sz, find(id, &old).count, 0));
        }
    }
    cr_assert(eq(sz, ended, 8)); /* get, save, get_many, save: before and after each */
}

/* ── races ──────────────────────────────────────────────────────────────────────────────────── */

struct race {
    const struct minhash_signature *signature;
    int left; /* times that another one writes first */
    unsigned number;
    bool is_inside;
};

/* Another replica adds a document of its own to the same buckets, just before ours are written. */
static void race_on(void *context, const char *function, struct dk_bytes key) {
    struct race *race = context;
    static const struct dk_bytes buckets = DK_BYTES("compute/index/t/bucket/");
    if (race->is_inside || race->left == 0 || strcmp(function, "save") != 0 ||
        key.size < buckets.size || memcmp(key.data, buckets.data, buckets.size) != 0) {
        return;
    }
    race->is_inside = true;
    race->left--;
    char id[16];
    bool is_late = false;
    (void)snprintf(id, sizeof id, "other%u", race->number++);
    struct dk_call *call = fake_call_new(rig.service);
    const struct near_document document = {
        .tenant = "t",
        .id = id,
        .version = 1,
        .content_sha256 = SHA256,
        .signature = race->signature};
    cr_assert(eq(int, near_put(call, &document, &is_late), DK_OK));
    fake_call_free(call);
    race->is_inside = false;
}

Test(near, of_two_writers_both_are_in_the_buckets) {
    const struct minhash_signature same = signature_of(0, 1000);
    struct race race = {.signature = &same, .left = 3};
    fake_sidecar.hook = race_on;
    fake_sidecar.hook_context = &race;

    cr_assert(eq(int, put("t", "ours", 1, &same), DK_OK));
    fake_sidecar.hook = NULL;

    cr_assert(eq(sz, find("t", &same).count, 4));
}

Test(near, races_that_are_always_lost_end) {
    const struct minhash_signature same = signature_of(0, 1000);
    struct race race = {.signature = &same, .left = 1000};
    fake_sidecar.hook = race_on;
    fake_sidecar.hook_context = &race;

    cr_assert(eq(int, put("t", "ours", 1, &same), DK_UNAVAILABLE));
    fake_sidecar.hook = NULL;
    cr_assert(eq(u32, race.number, NEAR_TRIES_MAX));
    cr_assert(eq(
        str, (char *)fake_call_text(rig.call), "index: others changed it 8 times beside 'ours'"));
}

/* ── what is stored ─────────────────────────────────────────────────────────────────────────── */

Test(near, what_cannot_be_read_is_said) {
    const struct minhash_signature same = signature_of(0, 1000);
    cr_assert(eq(int, put("t", "a", 1, &same), DK_OK));

    fake_sidecar_put("compute/index/t/document/a", (struct dk_bytes)DK_BYTES("\xFF\xFF"));
    cr_assert(eq(int, put("t", "a", 2, &same), DK_INTERNAL));
    cr_assert(
        eq(str,
           (char *)fake_call_text(rig.call),
           "index: the record 'compute/index/t/document/a' is unreadable"));
}

/* A pair becomes a candidate as the S-curve says, through state as well. */
Test(near, finds_as_many_as_the_curve_says) {
    enum { PAIRS = 60 };
    unsigned found = 0;
    for (unsigned i = 0; i < PAIRS; i++) {
        char tenant[16];
        /* 5000 words that share 4437: J is 4433 / 5559, 0.8 */
        const struct minhash_signature one = signature_of(i * 100000, 5000);
        const struct minhash_signature two = signature_of(i * 100000 + 563, 5000);
        const struct near_question question = {
            .tenant = tenant, .signature = &two, .similarity_min = 0.5, .limit = 10};
        struct found near = {0};
        (void)snprintf(tenant, sizeof tenant, "t%u", i);
        cr_assert(eq(int, put(tenant, "one", 1, &one), DK_OK));
        cr_assert(
            eq(int,
               near_find(compute_rig_call(&rig), &question, &near.documents, &near.count),
               DK_OK));
        found += near.count == 1;
    }
    const double expected = lsh_probability(0.8);

    cr_assert(
        fabs(found / (double)PAIRS - expected) <= 4 * sqrt(expected * (1 - expected) / PAIRS),
        "%u of %d",
        found,
        PAIRS);
}
