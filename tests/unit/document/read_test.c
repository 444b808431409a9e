/* Get and GetContent: any version, whole or in part. */
#include "support/document_rig.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>
#include <string.h>

TestSuite(document_read, .init = document_rig_start, .fini = document_rig_end);

static enum dk_error get(DaprKit__Document__V1__GetRequest request, pb_document *ret_document) {
    dapr_kit__document__v1__document__init(ret_document);
    return document_rig_run(documents_get, &request.base, &ret_document->base);
}

static DaprKit__Document__V1__GetRequest asked(const char *id) {
    DaprKit__Document__V1__GetRequest request;

    dapr_kit__document__v1__get_request__init(&request);
    request.id = pb_text(id);
    return request;
}

Test(document_read, any_version_as_it_was) {
    pb_document document;
    document_rig_create("d1", "one", NULL);
    document_rig_replace("d1", "", "two", NULL);
    document_rig_tag("d1", "red");

    for (uint64_t version = 1; version <= 3; version++) {
        cr_assert(eq(int, document_rig_get("d1", version, &document), DK_OK));
        cr_assert(eq(u64, document.version, version));
        cr_assert(eq(str, document.text, version == 1 ? "one" : "two"));
        cr_assert(eq(sz, document.n_tags, version == 3 ? 1 : 0));
        cr_assert(eq(int, document.etag[0] != '\0', version == 3));
    }
    cr_assert(eq(int, document_rig_get("d1", 4, &document), DK_NOT_FOUND));
    cr_assert(ne(ptr, strstr(document_rig_text(), "1 to 3"), NULL));
}

Test(document_read, what_is_not_there_is_not_found) {
    pb_document document;

    cr_assert(eq(int, document_rig_get("d1", 0, &document), DK_NOT_FOUND));
    cr_assert(ne(ptr, strstr(document_rig_text(), "'d1'"), NULL));
}

Test(document_read, tenants_do_not_see_each_other) {
    pb_document document;
    document_rig_header("dk-tenant", "red");
    document_rig_create("d1", "one", NULL);

    cr_assert(eq(int, document_rig_get("d1", 0, &document), DK_NOT_FOUND));
    document_rig_header("dk-tenant", "red");
    cr_assert(eq(int, document_rig_get("d1", 0, &document), DK_OK));
    cr_assert(eq(str, document.tenant, "red"));
}

Test(document_read, unchanged_documents_are_not_sent_again) {
    DaprKit__Document__V1__GetRequest request = asked("d1");
    pb_document document, again;
    document_rig_create("d1", "one", NULL);
    document_rig_get("d1", 0, &document);

    request.if_none_match = document.etag;
    cr_assert(eq(int, get(request, &again), DK_OK));
    cr_assert(again.not_modified);
    cr_assert(eq(u64, again.version, 1));
    cr_assert(eq(int, again.content_case, DAPR_KIT__DOCUMENT__V1__DOCUMENT__CONTENT__NOT_SET));

    document_rig_replace("d1", "", "two", NULL);
    cr_assert(eq(int, get(request, &again), DK_OK));
    cr_assert(not(again.not_modified));
    cr_assert(eq(str, again.text, "two"));
}

Test(document_read, content_is_left_out_when_it_is_not_wanted) {
    DaprKit__Document__V1__GetRequest request = asked("d1");
    pb_document document;
    document_rig_create("d1", "one", NULL);
    const size_t calls = fake_sidecar.calls;

    request.without_content = true;
    cr_assert(eq(int, get(request, &document), DK_OK));

    cr_assert(eq(int, document.content_case, DAPR_KIT__DOCUMENT__V1__DOCUMENT__CONTENT__NOT_SET));
    cr_assert(eq(u64, document.size, 3));
    cr_assert(eq(sz, fake_sidecar.calls, calls + 1));
}

Test(document_read, deleted_documents_are_seen_by_those_who_ask) {
    DaprKit__Document__V1__GetRequest request = asked("d1");
    pb_document document;
    document_rig_create("d1", "one", NULL);
    document_rig_delete("d1");

    cr_assert(eq(int, get(request, &document), DK_NOT_FOUND));
    request.include_deleted = true;
    cr_assert(eq(int, get(request, &document), DK_OK));
    cr_assert(document.deleted);
    cr_assert(ne(ptr, document.purge_time, NULL));
}

Test(document_read, bytes_come_back_as_bytes) {
    DaprKit__Document__V1__CreateRequest request;
    pb_document document;
    const struct dk_bytes bytes = document_rig_bytes(300, 1);
    dapr_kit__document__v1__create_request__init(&request);
    dapr_kit__document__v1__document__init(&document);
    request.id = "d1";
    request.content_case = DAPR_KIT__DOCUMENT__V1__CREATE_REQUEST__CONTENT_DATA;
    request.data = pb_bytes(bytes);
    document_rig_run(documents_create, &request.base, &document.base);

    cr_assert(eq(int, document_rig_get("d1", 0, &document), DK_OK));

    cr_assert(eq(int, document.content_case, DAPR_KIT__DOCUMENT__V1__DOCUMENT__CONTENT_DATA));
    cr_assert(eq(sz, document.data.len, 300));
    cr_assert(eq(int, memcmp(document.data.data, bytes.data, 300), 0));
    cr_assert(eq(str, document.content_type, "application/octet-stream"));
}

/* ── ranges ─────────────────────────────────────────────────────────────────────────────────── */

static enum dk_error get_range(
    uint64_t offset, uint64_t length, DaprKit__Document__V1__ContentRange *ret_range) {
    DaprKit__Document__V1__GetContentRequest request;

    dapr_kit__document__v1__get_content_request__init(&request);
    dapr_kit__document__v1__content_range__init(ret_range);
    request.id = "d1";
    request.offset = offset;
    request.length = length;
    return document_rig_run(documents_get_content, &request.base, &ret_range->base);
}

Test(document_read, ranges_are_cut_at_the_end) {
    DaprKit__Document__V1__ContentRange range;
    document_rig_create("d1", "0123456789", NULL);

    cr_assert(eq(int, get_range(3, 4, &range), DK_OK));
    cr_assert(eq(sz, range.data.len, 4));
    cr_assert(eq(int, memcmp(range.data.data, "3456", 4), 0));
    cr_assert(eq(u64, range.size, 10));
    cr_assert(eq(int, get_range(8, 100, &range), DK_OK));
    cr_assert(eq(sz, range.data.len, 2));
    cr_assert(eq(int, get_range(10, 0, &range), DK_OK));
    cr_assert(eq(sz, range.data.len, 0));
}

Test(document_read, ranges_that_make_no_sense_are_refused) {
    DaprKit__Document__V1__ContentRange range;
    document_rig_create("d1", "0123456789", NULL);

    cr_assert(eq(int, get_range(11, 1, &range), DK_INVALID));
    cr_assert(eq(int, get_range(0, DOCUMENT_CHUNK_BYTES + 1, &range), DK_INVALID));
    cr_assert(ne(ptr, strstr(document_rig_text(), "length"), NULL));
}
