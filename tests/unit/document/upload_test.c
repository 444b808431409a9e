/* Uploads: nothing is seen before all is there and right, and then all at once. */
#include "support/document_rig.h"

#include "document/upload.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>

TestSuite(document_upload, .init = document_rig_start, .fini = document_rig_end);

static DaprKit__Document__V1__BeginUploadRequest wanted(const char *id, uint64_t size) {
    DaprKit__Document__V1__BeginUploadRequest request;

    dapr_kit__document__v1__begin_upload_request__init(&request);
    request.id = pb_text(id);
    request.size = size;
    return request;
}

static enum dk_error begin(
    DaprKit__Document__V1__BeginUploadRequest request, DaprKit__Document__V1__Upload *ret_upload) {
    dapr_kit__document__v1__upload__init(ret_upload);
    return document_rig_run(documents_begin_upload, &request.base, &ret_upload->base);
}

static struct dk_bytes part_of(struct dk_bytes content, uint32_t number) {
    return (struct dk_bytes){
        .data = content.data + (size_t)(number - 1) * DOCUMENT_CHUNK_BYTES,
        .size = document_chunk_size(content.size, number - 1)};
}

static char *hash_text(struct dk_bytes bytes) {
    static char text[DOCUMENT_HASH_TEXT_BYTES];
    struct document_hash hash;

    document_hash_of(bytes, &hash);
    document_hex(hash.bytes, sizeof hash.bytes, text);
    return text;
}

static enum dk_error put(
    const char *upload_id, uint32_t number, struct dk_bytes bytes, const char *sha256) {
    DaprKit__Document__V1__PutPartRequest request;
    DaprKit__Document__V1__Part part;

    dapr_kit__document__v1__put_part_request__init(&request);
    dapr_kit__document__v1__part__init(&part);
    request.upload_id = pb_text(upload_id);
    request.number = number;
    request.data = pb_bytes(bytes);
    request.sha256 = pb_text(sha256);
    return document_rig_run(documents_put_part, &request.base, &part.base);
}

static enum dk_error put_right(const char *upload_id, struct dk_bytes content, uint32_t number) {
    const struct dk_bytes part = part_of(content, number);

    return put(upload_id, number, part, hash_text(part));
}

static enum dk_error complete(const char *upload_id, pb_document *ret_document) {
    DaprKit__Document__V1__CompleteUploadRequest request;

    dapr_kit__document__v1__complete_upload_request__init(&request);
    dapr_kit__document__v1__document__init(ret_document);
    request.upload_id = pb_text(upload_id);
    return document_rig_run(documents_complete_upload, &request.base, &ret_document->base);
}

/* Begins and puts all parts, the last first. */
static DaprKit__Document__V1__Upload uploaded(
    DaprKit__Document__V1__BeginUploadRequest request, struct dk_bytes content) {
    DaprKit__Document__V1__Upload upload;

    cr_assert(eq(int, begin(request, &upload), DK_OK), "%s", document_rig_text());
    for (uint32_t number = upload.parts; number > 0; number--) {
        cr_assert(eq(int, put_right(upload.upload_id, content, number), DK_OK));
    }
    return upload;
}

/* ── the way through ────────────────────────────────────────────────────────────────────────── */

Test(document_upload, of_every_size_becomes_one_document) {
    const size_t sizes[] = {
        0,
        1,
        65536,
        65537,
        DOCUMENT_CHUNK_BYTES,
        DOCUMENT_CHUNK_BYTES + 1,
        3 * DOCUMENT_CHUNK_BYTES};

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        pb_document document;
        char id[16];
        const struct dk_bytes content = document_rig_bytes(sizes[i], (unsigned)i);
        snprintf(id, sizeof id, "d%zu", i);
        const DaprKit__Document__V1__Upload upload = uploaded(wanted(id, sizes[i]), content);
        const size_t events = fake_sidecar.events.count;
        cr_assert(eq(ptr, (void *)document_rig_head(id), NULL)); /* nothing is seen yet */

        cr_assert(eq(int, complete(upload.upload_id, &document), DK_OK), "%s", document_rig_text());

        cr_assert(eq(u64, document.version, 1));
        cr_assert(eq(u64, document.size, sizes[i]));
        cr_assert(eq(str, document.content_sha256, hash_text(content)));
        cr_assert(eq(sz, fake_sidecar.events.count, events + 1));
    }
    document_rig_check();
}

Test(document_upload, of_the_largest_content_needs_memory_for_one_part, .timeout = 120) {
    pb_document document;
    const struct dk_bytes content = document_rig_bytes(DOCUMENT_CONTENT_BYTES_MAX, 1);
    DaprKit__Document__V1__BeginUploadRequest request = wanted("d1", content.size);
    char announced[DOCUMENT_HASH_TEXT_BYTES];
    strcpy(announced, hash_text(content));
    request.content_sha256 = announced;
    cr_assert(gt(sz, content.size, (size_t)FAKE_CALL_ARENA_BYTES_MAX));
    const DaprKit__Document__V1__Upload upload = uploaded(request, content);
    cr_assert(eq(u32, upload.parts, 64));

    cr_assert(eq(int, complete(upload.upload_id, &document), DK_OK), "%s", document_rig_text());

    cr_assert(eq(str, document.content_sha256, announced));
    document_rig_check();
}

Test(document_upload, replaces_a_document_by_its_etag) {
    pb_document first, second;
    const struct dk_bytes content = document_rig_bytes(100000, 1);
    document_rig_create("d1", "one", &first);
    DaprKit__Document__V1__BeginUploadRequest request = wanted("d1", content.size);
    request.if_match = first.etag;
    request.title = "T";
    const DaprKit__Document__V1__Upload upload = uploaded(request, content);

    cr_assert(eq(int, complete(upload.upload_id, &second), DK_OK));

    cr_assert(eq(u64, second.version, 2));
    cr_assert(eq(str, second.title, "T"));
    document_rig_check();
}

Test(document_upload, completed_again_answers_the_same) {
    pb_document first, again;
    const struct dk_bytes content = document_rig_bytes(100000, 1);
    const DaprKit__Document__V1__Upload upload = uploaded(wanted("d1", content.size), content);
    complete(upload.upload_id, &first);

    cr_assert(eq(int, complete(upload.upload_id, &again), DK_OK));

    cr_assert(eq(str, again.etag, first.etag));
    cr_assert(eq(sz, fake_sidecar.events.count, 1));
}

Test(document_upload, leaves_no_parts_and_goes_by_itself) {
    pb_document document;
    const struct dk_bytes content = document_rig_bytes(2 * DOCUMENT_CHUNK_BYTES, 1);
    const DaprKit__Document__V1__Upload upload = uploaded(wanted("d1", content.size), content);
    complete(upload.upload_id, &document);
    const size_t keys = fake_sidecar_key_count();

    fake_sidecar_advance_s(DOCUMENT_UPLOAD_TTL_S);

    cr_assert(eq(sz, fake_sidecar_key_count(), keys - 1)); /* its record */
    document_rig_check();
}

Test(document_upload, forgotten_or_aborted_leaves_nothing) {
    DaprKit__Document__V1__AbortUploadRequest request;
    DaprKit__Document__V1__AbortUploadAnswer answer;
    const struct dk_bytes content = document_rig_bytes(2 * DOCUMENT_CHUNK_BYTES, 1);
    const DaprKit__Document__V1__Upload aborted = uploaded(wanted("d1", content.size), content);
    dapr_kit__document__v1__abort_upload_request__init(&request);
    dapr_kit__document__v1__abort_upload_answer__init(&answer);
    request.upload_id = aborted.upload_id;

    cr_assert(
        eq(int, document_rig_run(documents_abort_upload, &request.base, &answer.base), DK_OK));
    cr_assert(eq(sz, fake_sidecar_key_count(), 0));
    uploaded(wanted("d1", content.size), content);
    fake_sidecar_advance_s(DOCUMENT_UPLOAD_TTL_S);
    cr_assert(eq(sz, fake_sidecar_key_count(), 0));
}

/* ── what is refused ────────────────────────────────────────────────────────────────────────── */

Test(document_upload, that_makes_no_sense_does_not_begin) {
    DaprKit__Document__V1__Upload upload;
    DaprKit__Document__V1__BeginUploadRequest request =
        wanted("d1", DOCUMENT_CONTENT_BYTES_MAX + 1);

    cr_assert(eq(int, begin(request, &upload), DK_INVALID));
    cr_assert(ne(ptr, strstr(document_rig_text(), "67108865"), NULL));
    request = wanted("d1", 1);
    request.content_sha256 = "abc";
    cr_assert(eq(int, begin(request, &upload), DK_INVALID));
    cr_assert(eq(int, begin(wanted("../d1", 1), &upload), DK_INVALID));
    request = wanted("d1", 1);
    request.if_match = "some";
    cr_assert(eq(int, begin(request, &upload), DK_NOT_FOUND));
    document_rig_create("d1", "one", NULL);
    cr_assert(eq(int, begin(request, &upload), DK_ETAG_MISMATCH));
    cr_assert(eq(int, begin(wanted("d1", 1), &upload), DK_ETAG_MISMATCH));
}

Test(document_upload, part_that_is_wrong_is_refused) {
    DaprKit__Document__V1__Upload upload;
    const struct dk_bytes content = document_rig_bytes(DOCUMENT_CHUNK_BYTES + 10, 1);
    const struct dk_bytes last = part_of(content, 2);
    begin(wanted("d1", content.size), &upload);

    cr_assert(eq(int, put("nosuch", 1, last, hash_text(last)), DK_NOT_FOUND));
    cr_assert(eq(int, put(upload.upload_id, 0, last, hash_text(last)), DK_INVALID));
    cr_assert(eq(int, put(upload.upload_id, 3, last, hash_text(last)), DK_INVALID));
    cr_assert(eq(int, put(upload.upload_id, 1, last, hash_text(last)), DK_INVALID));
    cr_assert(ne(ptr, strstr(document_rig_text(), "1048576"), NULL));
    cr_assert(eq(int, put(upload.upload_id, 2, last, ""), DK_INVALID));
    cr_assert(eq(int, put(upload.upload_id, 2, last, hash_text(content)), DK_INVALID));
    cr_assert(ne(ptr, strstr(document_rig_text(), "part 2"), NULL));
    cr_assert(eq(sz, fake_sidecar_key_count(), 1));
}

Test(document_upload, with_a_missing_part_is_not_completed) {
    DaprKit__Document__V1__Upload upload;
    pb_document document;
    const struct dk_bytes content = document_rig_bytes(3 * DOCUMENT_CHUNK_BYTES, 1);
    begin(wanted("d1", content.size), &upload);
    put_right(upload.upload_id, content, 1);
    put_right(upload.upload_id, content, 3);
    const size_t keys = fake_sidecar_key_count();

    cr_assert(eq(int, complete(upload.upload_id, &document), DK_INVALID));
    cr_assert(ne(ptr, strstr(document_rig_text(), "part 2 of 3"), NULL));
    cr_assert(eq(sz, fake_sidecar_key_count(), keys)); /* no chunk was written */

    put_right(upload.upload_id, content, 2);
    cr_assert(eq(int, complete(upload.upload_id, &document), DK_OK));
    document_rig_check();
}

Test(document_upload, that_is_not_what_was_announced_is_not_completed) {
    pb_document document;
    const struct dk_bytes content = document_rig_bytes(100000, 1);
    DaprKit__Document__V1__BeginUploadRequest request = wanted("d1", content.size);
    char announced[DOCUMENT_HASH_TEXT_BYTES];
    strcpy(announced, hash_text(document_rig_bytes(100000, 2)));
    request.content_sha256 = announced;
    const DaprKit__Document__V1__Upload upload = uploaded(request, content);
    const size_t keys = fake_sidecar_key_count();

    cr_assert(eq(int, complete(upload.upload_id, &document), DK_INVALID));

    cr_assert(ne(ptr, strstr(document_rig_text(), announced), NULL));
    cr_assert(eq(sz, fake_sidecar_key_count(), keys));
}

Test(document_upload, with_a_damaged_part_is_not_completed) {
    pb_document document;
    char key[256];
    const struct dk_bytes content = document_rig_bytes(100000, 1);
    const DaprKit__Document__V1__Upload upload = uploaded(wanted("d1", content.size), content);
    snprintf(key, sizeof key, "documents/default/upload/%s/1", upload.upload_id);
    struct dk_bytes value = fake_copy(fake_sidecar_value(key));
    ((char *)value.data)[1000] ^= 1;
    fake_sidecar_put(key, value);

    cr_assert(eq(int, complete(upload.upload_id, &document), DK_INTERNAL));
    cr_assert(ne(ptr, strstr(document_rig_text(), "part 1"), NULL));

    put_right(upload.upload_id, content, 1);
    cr_assert(eq(int, complete(upload.upload_id, &document), DK_OK));
}

Test(document_upload, loses_to_a_document_made_meanwhile) {
    pb_document document;
    const struct dk_bytes content = document_rig_bytes(100000, 1);
    const DaprKit__Document__V1__Upload upload = uploaded(wanted("d1", content.size), content);
    document_rig_create("d1", "faster", NULL);

    cr_assert(eq(int, complete(upload.upload_id, &document), DK_ETAG_MISMATCH));

    cr_assert(eq(u64, document_rig_head("d1")->document->version, 1));
    document_rig_check();
}

/* ── faults ─────────────────────────────────────────────────────────────────────────────────── */

static char upload_id[64];

static void everything_but_the_last_step(void) {
    const struct dk_bytes content = document_rig_bytes(2 * DOCUMENT_CHUNK_BYTES + 10, 1);
    const DaprKit__Document__V1__Upload upload = uploaded(wanted("d1", content.size), content);

    strcpy(upload_id, upload.upload_id);
}

static enum dk_error last_step(void) {
    pb_document document;

    return complete(upload_id, &document);
}

static void one_whole_document(void) {
    cr_assert(eq(u64, document_rig_head("d1")->document->version, 1));
    cr_assert(eq(sz, fake_sidecar.events.count, 1));
}

Test(document_upload, completion_survives_a_crash_anywhere, .timeout = 240) {
    document_rig_crash_everywhere(everything_but_the_last_step, last_step, one_whole_document);
}
