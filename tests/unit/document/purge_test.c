/* What is deleted for long enough goes, wholly, and the index with it. */
#include "document/purge.h"

#include "document/index_store.h"
#include "document/index_write.h"
#include "support/document_rig.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>

static struct index_writer writer = {.component = "statestore", .turn = PTHREAD_MUTEX_INITIALIZER};

static void start(void) {
    document_rig_start();
    document_rig_service.index = &writer;
}

static void end(void) {
    document_rig_end();
    document_rig_service.index = NULL;
}

TestSuite(purge, .init = start, .fini = end);

static void index_it(const char *id) {
    cr_assert(eq(int, index_refresh(&writer, document_rig_call(), "default", &id, 1), DK_OK));
}

/* A document with two versions, deleted so that its time is over at once or in an hour. */
static void make_deleted(const char *id, bool is_due) {
    cr_assert(eq(int, document_rig_create(id, id, NULL), DK_OK));
    cr_assert(eq(int, document_rig_tag(id, "red"), DK_OK));
    document_rig_service.config.retention_ms = is_due ? 0 : 3600000;
    cr_assert(eq(int, document_rig_delete(id), DK_OK));
    index_it(id);
}

static struct document_purged purge(void) {
    struct document_purged purged;

    cr_assert(eq(int, document_purge(document_rig_call(), &purged), DK_OK));
    return purged;
}

static size_t keys_with(const char *part) {
    size_t count = 0;

    for (size_t i = 0; i < fake_sidecar_key_count(); i++) {
        count += strstr(fake_sidecar_key(i).data, part) != NULL;
    }
    return count;
}

static uint64_t indexed(void) {
    struct index_store store;

    cr_assert(
        eq(int, index_store_open(&store, document_rig_call(), "statestore", "default", 1), DK_OK));
    return store.root->documents;
}

static bool is_there(const char *id) {
    return document_rig_head(id) != NULL;
}

Test(purge, removes_what_is_due_with_all_its_versions) {
    make_deleted("due", true);
    make_deleted("later", false);
    cr_assert(eq(int, document_rig_create("alive", "text", NULL), DK_OK));
    index_it("alive");

    const struct document_purged purged = purge();

    cr_assert(eq(sz, purged.purged, 1));
    cr_assert(eq(sz, keys_with("/due"), 0));
    cr_assert(is_there("later"));
    cr_assert(is_there("alive"));
    cr_assert(eq(u64, indexed(), 2));
}

Test(purge, goes_through_all_tenants) {
    make_deleted("due", true);
    struct dk_call *call = fake_call_new(&document_rig_service);
    DaprKit__Document__V1__CreateRequest create = DAPR_KIT__DOCUMENT__V1__CREATE_REQUEST__INIT;
    DaprKit__Document__V1__DeleteRequest delete = DAPR_KIT__DOCUMENT__V1__DELETE_REQUEST__INIT;
    pb_document answer;
    const char *id = "theirs";
    create.id = delete.id = pb_text(id);
    dapr_kit__document__v1__document__init(&answer);
    fake_call_add_header(call, "dk-tenant", "rival");
    cr_assert(eq(int, documents_create(call, &create.base, &answer.base), DK_OK));
    cr_assert(eq(int, documents_delete(call, &delete.base, &answer.base), DK_OK));
    cr_assert(eq(int, index_refresh(&writer, call, "rival", &id, 1), DK_OK));
    fake_call_free(call);

    cr_assert(eq(sz, purge().purged, 2));
    cr_assert(eq(sz, keys_with("/theirs"), 0));
}

Test(purge, goes_through_more_than_one_part) {
    char id[16];
    for (int i = 0; i < 130; i++) {
        (void)snprintf(id, sizeof id, "d%03d", i);
        make_deleted(id, i % 2 == 0);
    }

    cr_assert(eq(sz, purge().purged, 65));
    cr_assert(eq(sz, purge().purged, 0));
    cr_assert(eq(u64, indexed(), 65));
}

/* Somebody writes the head at this moment. */
static void written(void *context, const char *function, struct dk_bytes key) {
    static const char head[] = "documents/default/head/due";
    bool *is_done = context;

    if (!*is_done && strcmp(function, "delete") == 0 && dk_bytes_equal(key, dk_bytes_of(head))) {
        *is_done = true;
        fake_sidecar_put(head, fake_copy(fake_sidecar_value(head)));
    }
}

Test(purge, leaves_a_document_that_changes_at_this_moment) {
    bool is_done = false;
    make_deleted("due", true);
    fake_sidecar.hook = written;
    fake_sidecar.hook_context = &is_done;

    const struct document_purged purged = purge();

    fake_sidecar.hook = NULL;
    cr_assert(is_done);
    cr_assert(eq(sz, purged.purged, 0));
    cr_assert(eq(sz, purged.failed, 0));
    cr_assert(is_there("due"));
}

Test(purge, is_taken_up_where_a_process_ended) {
    for (int moment = FAKE_BEFORE; moment <= FAKE_AFTER; moment++) {
        bool has_struck = true;
        for (size_t nth = 1; has_struck; nth++) {
            struct document_purged purged;
            start();
            make_deleted("due", true);
            make_deleted("later", false);
            fake_sidecar_fail(NULL, nth, DK_UNAVAILABLE, moment, true);
            (void)document_purge(document_rig_call(), &purged);
            has_struck = fake_sidecar_has_failed();
            fake_sidecar_heal();

            (void)purge();

            cr_assert(eq(sz, keys_with("/due"), 0), "question %zu", nth);
            cr_assert(eq(u64, indexed(), 1), "question %zu", nth);
            cr_assert(is_there("later"));
        }
    }
}
