/* Merge patches: the examples of RFC 7396, Appendix A, and a document's members. */
#include "support/document_rig.h"

#include "document/patch.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

TestSuite(document_patch, .init = document_rig_start, .fini = document_rig_end);

static pb_struct *object(const char *json) {
    ProtobufCMessage *message = NULL;

    cr_assert(
        eq(int,
           dk_call_read_json(
               document_rig_call(),
               &google__protobuf__struct__descriptor,
               dk_bytes_of(json),
               &message),
           DK_OK),
        "%s: %s",
        json,
        document_rig_text());
    return (pb_struct *)message;
}

static const char *written(const pb_struct *value) {
    return fake_copy(dk_call_write_json(document_rig_call(), &value->base)).data; /* ended by NUL */
}

Test(document_patch, follows_the_examples_of_the_rfc) {
    /* Those whose target and patch are objects; a Struct is nothing else. */
    static const char *const rows[][3] = {
        {"{\"a\":\"b\"}", "{\"a\":\"c\"}", "{\"a\":\"c\"}"},
        {"{\"a\":\"b\"}", "{\"b\":\"c\"}", "{\"a\":\"b\",\"b\":\"c\"}"},
        {"{\"a\":\"b\"}", "{\"a\":null}", "{}"},
        {"{\"a\":\"b\",\"b\":\"c\"}", "{\"a\":null}", "{\"b\":\"c\"}"},
        {"{\"a\":[\"b\"]}", "{\"a\":\"c\"}", "{\"a\":\"c\"}"},
        {"{\"a\":\"c\"}", "{\"a\":[\"b\"]}", "{\"a\":[\"b\"]}"},
        {"{\"a\":{\"b\":\"c\"}}", "{\"a\":{\"b\":\"d\",\"c\":null}}", "{\"a\":{\"b\":\"d\"}}"},
        {"{\"a\":[{\"b\":\"c\"}]}", "{\"a\":[1]}", "{\"a\":[1]}"},
        {"{\"e\":null}", "{\"a\":1}", "{\"e\":null,\"a\":1}"},
        {"{}", "{\"a\":{\"bb\":{\"ccc\":null}}}", "{\"a\":{\"bb\":{}}}"},
        {"{\"a\":[1,2]}", "{\"a\":{\"b\":1,\"c\":null}}", "{\"a\":{\"b\":1}}"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        pb_struct *merged = NULL;
        struct dk_call *call = document_rig_call();
        cr_assert(
            eq(int, document_merge(call, object(rows[i][0]), object(rows[i][1]), &merged), DK_OK));
        cr_assert(eq(str, (char *)written(merged), (char *)rows[i][2]), "row %zu", i);
    }
}

Test(document_patch, leaves_its_sources_as_they_are) {
    pb_struct *target = object("{\"a\":{\"b\":1,\"c\":2},\"d\":3}");
    pb_struct *patch = object("{\"a\":{\"b\":null},\"d\":null,\"e\":1}");
    pb_struct *merged = NULL;

    document_merge(document_rig_call(), target, patch, &merged);

    cr_assert(eq(str, (char *)written(target), "{\"a\":{\"b\":1,\"c\":2},\"d\":3}"));
    cr_assert(eq(str, (char *)written(patch), "{\"a\":{\"b\":null},\"d\":null,\"e\":1}"));
    cr_assert(eq(str, (char *)written(merged), "{\"a\":{\"c\":2},\"e\":1}"));
}

/* ── documents ──────────────────────────────────────────────────────────────────────────────── */

static enum dk_error patch(const char *if_match, const char *json, pb_document *ret_document) {
    DaprKit__Document__V1__PatchRequest request;

    dapr_kit__document__v1__patch_request__init(&request);
    dapr_kit__document__v1__document__init(ret_document);
    request.id = "d1";
    request.if_match = pb_text(if_match);
    request.patch = json == NULL ? NULL : object(json);
    return document_rig_run(documents_patch, &request.base, &ret_document->base);
}

Test(document_patch, changes_what_it_names_and_nothing_else) {
    pb_document document;
    document_rig_create("d1", "one", NULL);

    cr_assert(
        eq(int,
           patch(
               "",
               "{\"title\":\"T\",\"tags\":[\"a\",\"b\"],\"attributes\":{\"x\":1,\"y\":{}}}",
               &document),
           DK_OK));
    cr_assert(eq(int, patch("", "{\"attributes\":{\"x\":null,\"z\":2}}", &document), DK_OK));

    cr_assert(eq(int, document_rig_get("d1", 0, &document), DK_OK));
    cr_assert(eq(str, document.title, "T"));
    cr_assert(eq(sz, document.n_tags, 2));
    cr_assert(eq(str, (char *)written(document.attributes), "{\"y\":{},\"z\":2}"));
    cr_assert(eq(str, document.text, "one"));
    cr_assert(eq(u64, document.version, 3));
    document_rig_check();
}

Test(document_patch, null_takes_away) {
    pb_document document;
    document_rig_create("d1", "one", NULL);
    patch(
        "",
        "{\"title\":\"T\",\"tags\":[\"a\"],\"attributes\":{\"x\":1},\"contentType\":\"a/b\"}",
        &document);

    cr_assert(
        eq(int,
           patch(
               "",
               "{\"title\":null,\"tags\":null,\"attributes\":null,\"content_type\":null,\"text\":"
               "null}",
               &document),
           DK_OK));

    cr_assert(eq(str, document.title, ""));
    cr_assert(eq(sz, document.n_tags, 0));
    cr_assert(eq(ptr, document.attributes, NULL));
    cr_assert(eq(str, document.content_type, "text/plain; charset=utf-8"));
    cr_assert(eq(u64, document.size, 0));
    document_rig_check();
}

Test(document_patch, text_is_the_content) {
    pb_document document;
    document_rig_create("d1", "one", NULL);

    cr_assert(eq(int, patch("", "{\"text\":\"two\"}", &document), DK_OK));

    cr_assert(eq(int, document_rig_get("d1", 0, &document), DK_OK));
    cr_assert(eq(str, document.text, "two"));
    document_rig_check();
}

Test(document_patch, what_makes_no_sense_is_refused_by_name) {
    static const char *const rows[][2] = {
        {"{\"titel\":\"x\"}", "patch.titel"},
        {"{\"title\":1}", "patch.title"},
        {"{\"tags\":\"a\"}", "patch.tags"},
        {"{\"tags\":[1]}", "patch.tags"},
        {"{\"tags\":[\"a b\"]}", "tags[0]"},
        {"{\"attributes\":[]}", "patch.attributes"},
        {"{\"text\":{}}", "patch.text"},
        {"{\"id\":\"d2\"}", "patch.id"},
        {"{\"version\":7}", "patch.version"},
    };
    pb_document document;
    document_rig_create("d1", "one", NULL);
    const size_t keys = fake_sidecar_key_count();

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cr_assert(eq(int, patch("", rows[i][0], &document), DK_INVALID));
        cr_assert(ne(ptr, strstr(document_rig_text(), rows[i][1]), NULL), "%s", rows[i][0]);
    }
    cr_assert(eq(int, patch("", NULL, &document), DK_INVALID));
    cr_assert(eq(sz, fake_sidecar_key_count(), keys));
}

Test(document_patch, a_stale_etag_is_refused) {
    pb_document first, second;
    document_rig_create("d1", "one", &first);

    cr_assert(eq(int, patch(first.etag, "{\"title\":\"a\"}", &second), DK_OK));
    cr_assert(eq(int, patch(first.etag, "{\"title\":\"b\"}", &second), DK_ETAG_MISMATCH));
}

static void one_document(void) {
    document_rig_create("d1", "one", NULL);
}

static enum dk_error patch_text(void) {
    pb_document document;

    return patch("", "{\"text\":\"patched\"}", &document);
}

Test(document_patch, survives_a_crash_anywhere) {
    document_rig_crash_everywhere(one_document, patch_text, NULL);
}
