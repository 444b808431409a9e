/* Versions: all that are kept can be read, and what is no longer kept goes. */
#include "support/document_rig.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>

TestSuite(document_version, .init = document_rig_start, .fini = document_rig_end);

static void make_versions(uint64_t count) {
    document_rig_create("d1", "1", NULL);
    for (uint64_t version = 2; version <= count; version++) {
        char text[24];
        snprintf(text, sizeof text, "%llu", (unsigned long long)version);
        cr_assert(eq(int, document_rig_replace("d1", "", text, NULL), DK_OK));
    }
}

static DaprKit__Document__V1__ListVersionsAnswer list(uint32_t limit, uint64_t before) {
    DaprKit__Document__V1__ListVersionsRequest request;
    DaprKit__Document__V1__ListVersionsAnswer answer;

    dapr_kit__document__v1__list_versions_request__init(&request);
    dapr_kit__document__v1__list_versions_answer__init(&answer);
    request.id = "d1";
    request.limit = limit;
    request.before = before;
    cr_assert(
        eq(int, document_rig_run(documents_list_versions, &request.base, &answer.base), DK_OK));
    return answer;
}

Test(document_version, list_gives_all_newest_first) {
    make_versions(5);

    const DaprKit__Document__V1__ListVersionsAnswer answer = list(0, 0);

    cr_assert(eq(sz, answer.n_versions, 5));
    for (uint64_t i = 0; i < 5; i++) {
        cr_assert(eq(u64, answer.versions[i]->version, 5 - i));
    }
    cr_assert(eq(u64, answer.next_before, 0));
}

Test(document_version, list_goes_on_where_it_ended) {
    uint64_t before = 0, seen = 0;
    make_versions(70);

    do {
        const DaprKit__Document__V1__ListVersionsAnswer answer = list(33, before);
        for (size_t i = 0; i < answer.n_versions; i++) {
            cr_assert(eq(u64, answer.versions[i]->version, 70 - seen));
            seen++;
        }
        before = answer.next_before;
    } while (before != 0);

    cr_assert(eq(u64, seen, 70));
}

Test(document_version, only_so_many_are_kept_and_no_record_stays_behind) {
    pb_document document;
    document_rig_service.config.versions_max = 3;
    make_versions(10);

    cr_assert(eq(u64, document_rig_head("d1")->first_version, 8));
    for (uint64_t version = 1; version <= 10; version++) {
        cr_assert(eq(
            int, document_rig_get("d1", version, &document), version < 8 ? DK_NOT_FOUND : DK_OK));
    }
    cr_assert(eq(sz, list(0, 0).n_versions, 3));
    /* What the head no longer promises goes with the next change: one record at most is left. */
    cr_assert(eq(ptr, (void *)fake_sidecar_value("documents/default/version/d1/6").data, NULL));
    cr_assert(ne(ptr, (void *)fake_sidecar_value("documents/default/version/d1/8").data, NULL));
    document_rig_check();
}

Test(document_version, a_lower_bound_takes_versions_in_steps) {
    make_versions(60);
    document_rig_service.config.versions_max = 2;

    document_rig_tag("d1", "a");
    document_rig_check();
    cr_assert(eq(u64, document_rig_head("d1")->first_version, 33));
    document_rig_tag("d1", "b");
    document_rig_check();
    document_rig_tag("d1", "c");

    cr_assert(eq(u64, document_rig_head("d1")->first_version, 62));
    document_rig_check();
}

Test(document_version, a_record_of_another_life_is_not_this_documents) {
    pb_document document;
    make_versions(2);
    const struct dk_bytes stale = fake_copy(fake_sidecar_value("documents/default/version/d1/1"));
    fake_sidecar_put("documents/default/head/d1", (struct dk_bytes){0});
    make_versions(2);
    cr_assert(eq(int, document_rig_get("d1", 1, &document), DK_OK));

    fake_sidecar_put("documents/default/version/d1/1", stale);

    cr_assert(eq(int, document_rig_get("d1", 1, &document), DK_INTERNAL));
    cr_assert(ne(ptr, strstr(document_rig_text(), "version 1"), NULL));
}

Test(document_version, a_value_that_is_no_record_is_the_stores_fault) {
    pb_document document;
    make_versions(1);
    fake_sidecar_put("documents/default/head/d1", dk_bytes_of("{\"id\":\"d1\"}"));

    cr_assert(eq(int, document_rig_get("d1", 0, &document), DK_INTERNAL));
    cr_assert(ne(ptr, strstr(document_rig_text(), "documents/default/head/d1"), NULL));
}
