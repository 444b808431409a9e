/* Verify: sound documents have no problems, and every kind of damage is named. */
#include "support/document_rig.h"

#include "document/audit.h"
#include "document/index_write.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(document_verify, .init = document_rig_start, .fini = document_rig_end);

typedef DaprKit__Document__V1__VerifyRequest pb_verify;
typedef DaprKit__Document__V1__VerifyAnswer pb_verified;

/* The index has seen every event. */
static void indexed(void) {
    struct index_writer writer = {.component = "statestore", .turn = PTHREAD_MUTEX_INITIALIZER};
    static const char place[] = "documents/default/head/";
    const char *ids[1024];
    size_t count = 0;

    for (size_t i = 0; i < fake_sidecar_key_count(); i++) {
        const struct dk_bytes key = fake_sidecar_key(i);
        if (key.size >= sizeof place && memcmp(key.data, place, sizeof place - 1) == 0) {
            ids[count++] = fake_copy(key).data + sizeof place - 1;
        }
    }
    cr_assert(eq(int, index_refresh(&writer, document_rig_call(), "default", ids, count), DK_OK));
}

static pb_verified verify(pb_verify request) {
    pb_verified answer;

    dapr_kit__document__v1__verify_answer__init(&answer);
    cr_assert(
        eq(int, document_rig_run(documents_verify, &request.base, &answer.base), DK_OK),
        "%s",
        document_rig_text());
    return answer;
}

static pb_verify asked(void) {
    pb_verify request;

    dapr_kit__document__v1__verify_request__init(&request);
    return request;
}

static pb_verified verify_one(const char *id) {
    pb_verify request = asked();
    char *ids[] = {pb_text(id)};

    request.ids = ids;
    request.n_ids = 1;
    return verify(request);
}

static char *large_text(char letter) {
    char *text = malloc(200001);

    memset(text, letter, 200000);
    text[200000] = '\0';
    return text;
}

/* ── sound ──────────────────────────────────────────────────────────────────────────────────── */

Test(document_verify, finds_nothing_where_nothing_is_wrong) {
    document_rig_service.config.versions_max = 3;
    document_rig_create("d1", "one", NULL);
    for (int i = 0; i < 5; i++) {
        document_rig_replace("d1", "", i % 2 == 0 ? large_text('a') : "two", NULL);
    }
    document_rig_create("d2", "one", NULL);
    document_rig_delete("d2");
    indexed();

    const pb_verified answer = verify(asked());

    for (size_t i = 0; i < answer.n_problems; i++) {
        cr_log_error("%s %s", answer.problems[i]->key, answer.problems[i]->message);
    }
    cr_assert(eq(sz, answer.n_problems, 0));
    cr_assert(eq(u64, answer.documents, 2));
    cr_assert(eq(u64, answer.versions, 5));
    cr_assert(eq(u64, answer.contents, 3));
    cr_assert(eq(u64, answer.bytes, 200000 + 3 + 3));
    cr_assert(eq(str, answer.next_cursor, ""));
}

Test(document_verify, goes_over_all_documents_page_by_page) {
    pb_verify request = asked();
    uint64_t documents = 0;
    for (int i = 0; i < 250; i++) {
        char id[16];
        snprintf(id, sizeof id, "d%d", i);
        document_rig_create(id, "same", NULL);
    }
    indexed();

    request.limit = 40;
    do {
        const pb_verified answer = verify(request);
        cr_assert(eq(sz, answer.n_problems, 0));
        documents += answer.documents;
        request.cursor = answer.next_cursor;
    } while (request.cursor[0] != '\0');

    cr_assert(eq(u64, documents, 250));
}

Test(document_verify, shallow_reads_no_chunks) {
    pb_verify request = asked();
    document_rig_create("d1", large_text('a'), NULL);
    indexed();

    request.shallow = true;
    const pb_verified answer = verify(request);

    cr_assert(eq(u64, answer.bytes, 0));
    cr_assert(eq(u64, answer.contents, 1));
    cr_assert(eq(sz, answer.n_problems, 0));
}

Test(document_verify, changes_nothing) {
    document_rig_create("d1", large_text('a'), NULL);
    document_rig_replace("d1", "", "two", NULL);
    indexed();
    const size_t keys = fake_sidecar_key_count(), events = fake_sidecar.events.count;
    const struct dk_bytes head = fake_copy(fake_sidecar_value("documents/default/head/d1"));

    verify(asked());

    cr_assert(eq(sz, fake_sidecar_key_count(), keys));
    cr_assert(eq(sz, fake_sidecar.events.count, events));
    cr_assert(dk_bytes_equal(head, fake_sidecar_value("documents/default/head/d1")));
}

/* ── damage ─────────────────────────────────────────────────────────────────────────────────── */

static char content_key[DOCUMENT_KEY_BYTES_MAX], chunk_key[DOCUMENT_KEY_BYTES_MAX];

/* Version 1 has a chunk, version 2 is small. */
static void two_versions(void) {
    pb_document first, second;

    document_rig_create("d1", large_text('a'), &first);
    document_rig_replace("d1", "", "small", &second);
    snprintf(chunk_key, sizeof chunk_key, "documents/default/content/%s/0", first.content_sha256);
    snprintf(
        content_key, sizeof content_key, "documents/default/content/%s", second.content_sha256);
    indexed();
}

static void flip(const char *key, size_t at) {
    struct dk_bytes value = fake_copy(fake_sidecar_value(key));

    cr_assert(lt(sz, at, value.size));
    ((char *)value.data)[at] ^= 1;
    fake_sidecar_put(key, value);
}

static void lose_version(void) {
    fake_sidecar_put("documents/default/version/d1/1", (struct dk_bytes){0});
}

static void spoil_version(void) {
    fake_sidecar_put("documents/default/version/d1/1", dk_bytes_of("\xff\xff"));
}

static void exchange_version(void) {
    document_rig_create("d2", "x", NULL);
    document_rig_tag("d2", "a");
    indexed();
    fake_sidecar_put(
        "documents/default/version/d1/1",
        fake_copy(fake_sidecar_value("documents/default/version/d2/1")));
}

static void spoil_head(void) {
    fake_sidecar_put("documents/default/head/d1", dk_bytes_of("{}"));
}

static void lose_head(void) {
    fake_sidecar_put("documents/default/head/d1", (struct dk_bytes){0});
}

static void exchange_head(void) {
    document_rig_create("d2", "x", NULL);
    fake_sidecar_put(
        "documents/default/head/d1", fake_copy(fake_sidecar_value("documents/default/head/d2")));
}

static void lose_content(void) {
    fake_sidecar_put(content_key, (struct dk_bytes){0});
}

static void spoil_content(void) {
    flip(content_key, fake_sidecar_value(content_key).size - 1);
}

static void lose_chunk(void) {
    fake_sidecar_put(chunk_key, (struct dk_bytes){0});
}

static void cut_chunk(void) {
    fake_sidecar_put(chunk_key, dk_bytes_of("short"));
}

static void spoil_chunk(void) {
    flip(chunk_key, 777);
}

static void begin_change(void) {
    fake_sidecar_fail("transact", 1, DK_UNAVAILABLE, FAKE_BEFORE, true);
    cr_assert(ne(int, document_rig_replace("d1", "", "small", NULL), DK_OK));
    fake_sidecar_heal();
}

static void let_index_be_late(void) {
    document_rig_tag("d1", "late");
}

static void let_time_go_by(void) {
    document_rig_service.config.retention_ms = 0;
    document_rig_delete("d1");
    indexed();
}

Test(document_verify, every_damage_is_named) {
    static const struct {
        const char *name;
        void (*damage)(void);
        int kind;
        uint64_t version;
    } rows[] = {
        {"lose_version", lose_version, PB_PROBLEM(VERSION_MISSING), 1},
        {"spoil_version", spoil_version, PB_PROBLEM(VERSION_UNREADABLE), 1},
        {"exchange_version", exchange_version, PB_PROBLEM(VERSION_UNREADABLE), 1},
        {"spoil_head", spoil_head, PB_PROBLEM(HEAD_UNREADABLE), 0},
        {"lose_head", lose_head, PB_PROBLEM(HEAD_UNREADABLE), 0},
        {"exchange_head", exchange_head, PB_PROBLEM(HEAD_UNREADABLE), 0},
        {"lose_content", lose_content, PB_PROBLEM(CONTENT_MISSING), 2},
        {"spoil_content", spoil_content, PB_PROBLEM(HASH_WRONG), 2},
        {"lose_chunk", lose_chunk, PB_PROBLEM(CHUNK_MISSING), 1},
        {"cut_chunk", cut_chunk, PB_PROBLEM(SIZE_WRONG), 1},
        {"spoil_chunk", spoil_chunk, PB_PROBLEM(HASH_WRONG), 1},
        {"begin_change", begin_change, PB_PROBLEM(ORPHAN_VERSION), 2},
        {"let_index_be_late", let_index_be_late, PB_PROBLEM(INDEX_STALE), 3},
        {"let_time_go_by", let_time_go_by, PB_PROBLEM(PURGE_DUE), 3},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        document_rig_start();
        two_versions();
        cr_assert(eq(sz, verify_one("d1").n_problems, 0));
        rows[i].damage();
        const pb_verified answer = verify_one("d1");
        cr_assert(eq(sz, answer.n_problems, 1), "%s", rows[i].name);
        cr_assert(eq(int, answer.problems[0]->kind, rows[i].kind), "%s", rows[i].name);
        cr_assert(eq(str, answer.problems[0]->document_id, "d1"));
        cr_assert(eq(u64, answer.problems[0]->version, rows[i].version), "%s", rows[i].name);
        cr_assert(ne(chr, answer.problems[0]->message[0], '\0'));
    }
}

Test(document_verify, counts_problems_beyond_its_bound) {
    pb_verify request = asked();
    for (int i = 0; i < 2; i++) {
        document_rig_create(i == 0 ? "d1" : "d2", "x", NULL);
        for (int version = 0; version < 80; version++) {
            document_rig_tag(i == 0 ? "d1" : "d2", version % 2 == 0 ? "a" : "b");
        }
    }
    indexed();
    for (int version = 1; version <= 80; version++) {
        char key[64];
        snprintf(key, sizeof key, "documents/default/version/d1/%d", version);
        fake_sidecar_put(key, (struct dk_bytes){0});
        snprintf(key, sizeof key, "documents/default/version/d2/%d", version);
        fake_sidecar_put(key, (struct dk_bytes){0});
    }

    const pb_verified answer = verify(request);

    cr_assert(eq(sz, answer.n_problems, 100));
    cr_assert(eq(u64, answer.problems_left_out, 60));
}

/* ── orphans ────────────────────────────────────────────────────────────────────────────────── */

/* All of it, call by call; problems of the last one. */
static pb_verified orphans(void) {
    pb_verify request = asked();
    pb_verified answer;
    size_t problems = 0;
    uint64_t contents = 0;

    request.orphans = true;
    do {
        answer = verify(request);
        problems += answer.n_problems;
        contents += answer.contents;
        request.cursor = answer.next_cursor;
    } while (answer.next_cursor[0] != '\0');
    cr_assert(eq(sz, problems, answer.n_problems), "all of it in one call");
    answer.contents = contents;
    return answer;
}

Test(document_verify, contents_that_versions_refer_to_are_no_orphans) {
    document_rig_create("d1", large_text('a'), NULL);
    document_rig_replace("d1", "", large_text('b'), NULL);
    document_rig_create("d2", large_text('c'), NULL);
    document_rig_delete("d2");
    indexed();

    const pb_verified answer = orphans();

    cr_assert(eq(sz, answer.n_problems, 0));
    cr_assert(eq(u64, answer.contents, 3));
    cr_assert(eq(u64, answer.documents, 2));
}

/* Contents of which something is kept: their records, or first chunks without one. */
static size_t contents_kept(void) {
    size_t count = 0;
    for (size_t i = 0; i < fake_sidecar_key_count(); i++) {
        const struct dk_bytes key = fake_copy(fake_sidecar_key(i));
        const char *hash = strstr(key.data, "/content/");
        char record[256];
        if (hash == NULL) {
            continue;
        }
        snprintf(record, sizeof record, "%.*s", (int)key.size - 2, key.data);
        const bool is_chunk = strcmp(key.data + key.size - 2, "/0") == 0;
        count += !is_chunk || fake_sidecar_value(record).data == NULL;
    }
    return count;
}

/* Of whatever size: kept in its record, or in chunks. */
static void crash_and_find(const char *first, const char *second) {
    for (size_t step = 1;; step++) {
        document_rig_start();
        document_rig_create("d1", first, NULL);
        indexed();
        fake_sidecar_fail(NULL, step, DK_UNAVAILABLE, FAKE_AFTER, true);
        document_rig_create("d2", second, NULL);
        const bool has_failed = fake_sidecar_has_failed();
        fake_sidecar_heal();
        indexed();
        const bool is_made = document_rig_head("d2") != NULL;
        const pb_verified answer = orphans();
        if (contents_kept() == 2 && !is_made) {
            cr_assert(eq(sz, answer.n_problems, 1), "step %zu", step);
            cr_assert(eq(int, answer.problems[0]->kind, PB_PROBLEM(ORPHAN_CONTENT)));
        } else if (is_made) {
            cr_assert(eq(sz, answer.n_problems, 0), "step %zu", step);
        }
        if (!has_failed) {
            cr_assert(gt(sz, step, 3));
            break;
        }
    }
}

Test(document_verify, every_content_that_a_crash_left_is_found) {
    crash_and_find(large_text('a'), large_text('b'));
    crash_and_find("small", "another small one");
    crash_and_find("small", "");
}

Test(document_verify, small_contents_are_no_orphans_while_a_version_refers_to_them) {
    document_rig_create("d1", "one", NULL);
    document_rig_replace("d1", "", "two", NULL);
    document_rig_create("d2", "two", NULL);
    indexed();

    const pb_verified answer = orphans();

    cr_assert(eq(sz, answer.n_problems, 0));
    cr_assert(eq(u64, answer.contents, 2));
}

/* With memory for 16 contents of 41: each call looks at a range of hashes. */
Test(document_verify, finds_orphans_among_more_contents_than_a_call_can_hold) {
    enum { CONTENTS = 40, SLOTS = 32 };
    unsigned first = 0, calls = 0;
    uint64_t contents = 0;
    size_t found = 0;
    for (int i = 0; i < CONTENTS; i++) {
        char id[32], text[32];
        (void)snprintf(id, sizeof id, "d%02d", i);
        (void)snprintf(text, sizeof text, "content %d", i);
        document_rig_create(id, text, NULL);
    }
    fake_sidecar_fail("transact", 1, DK_UNAVAILABLE, FAKE_BEFORE, true);
    document_rig_create("lost", "nobody refers to it", NULL);
    fake_sidecar_heal();
    indexed();

    for (; first < DOCUMENT_AUDIT_RANGES; calls++) {
        struct document_audit audit = {0};
        cr_assert(eq(int, document_audit_open(&audit, document_rig_call(), true, SLOTS), DK_OK));
        cr_assert(
            eq(int, document_audit_orphans(&audit, first, &first), DK_OK),
            "%s",
            document_rig_text());
        found += audit.count;
        contents += audit.contents;
        cr_assert(eq(u64, audit.documents, CONTENTS), "each document is counted once in a call");
    }

    cr_assert(eq(sz, found, 1));
    cr_assert(eq(u64, contents, CONTENTS + 1));
    cr_assert(ge(u32, calls, 3));
}

Test(document_verify, goes_on_among_orphans_by_a_cursor_of_theirs_alone) {
    pb_verify request = asked();
    pb_verified answer;
    request.orphans = true;

    request.cursor = "orphans-80";
    answer = verify(request);
    cr_assert(eq(str, answer.next_cursor, ""));
    for (int i = 0; i < 4; i++) {
        static const char *const cursors[] = {"80", "orphans-", "orphans-100", "orphans-8g"};
        request.cursor = pb_text(cursors[i]);
        dapr_kit__document__v1__verify_answer__init(&answer);
        cr_assert(
            eq(int, document_rig_run(documents_verify, &request.base, &answer.base), DK_INVALID),
            "%s",
            cursors[i]);
    }
}

Test(document_verify, an_orphan_is_taken_by_the_next_document_with_its_content) {
    fake_sidecar_fail("transact", 1, DK_UNAVAILABLE, FAKE_BEFORE, true);
    document_rig_create("d1", large_text('a'), NULL);
    fake_sidecar_heal();
    indexed();
    cr_assert(eq(sz, orphans().n_problems, 1));

    document_rig_create("d2", large_text('a'), NULL);
    indexed();

    cr_assert(eq(sz, orphans().n_problems, 0));
}

Test(document_verify, an_orphan_is_one_as_far_as_the_index_knows) {
    document_rig_create("d1", large_text('a'), NULL); /* the index has not seen it */

    const pb_verified answer = orphans();

    cr_assert(eq(sz, answer.n_problems, 1));
    cr_assert(ne(ptr, strstr(answer.problems[0]->message, "the index"), NULL));
    indexed();
    cr_assert(eq(sz, orphans().n_problems, 0));
}

Test(document_verify, needs_the_store) {
    pb_verify request = asked();
    pb_verified answer;
    char *ids[] = {"d1"};
    two_versions();
    dapr_kit__document__v1__verify_answer__init(&answer);
    request.ids = ids;
    request.n_ids = 1;
    fake_sidecar_fail(NULL, 2, DK_UNAVAILABLE, FAKE_BEFORE, true);

    cr_assert(
        eq(int, document_rig_run(documents_verify, &request.base, &answer.base), DK_UNAVAILABLE));
}
