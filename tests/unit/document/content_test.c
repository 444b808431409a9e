/* Contents: one for each hash, whole or not there. */
#include "support/document_rig.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

TestSuite(document_content, .init = document_rig_start, .fini = document_rig_end);

static char sha256[DOCUMENT_HASH_TEXT_BYTES];

static void hash_it(struct dk_bytes bytes) {
    struct document_hash hash;

    cr_assert(document_hash_of(bytes, &hash));
    document_hex(hash.bytes, sizeof hash.bytes, sha256);
}

static enum dk_error save(struct dk_bytes bytes) {
    const struct document_scope scope = document_rig_scope();

    hash_it(bytes);
    return document_content_save(&scope, sha256, bytes);
}

static struct dk_bytes read_back(uint64_t offset, size_t length) {
    const struct document_scope scope = document_rig_scope();
    struct dk_bytes bytes = {0};

    cr_assert(
        eq(int, document_content_read(&scope, sha256, offset, length, &bytes), DK_OK),
        "%s",
        document_rig_text());
    return bytes;
}

Test(document_content, of_every_length_around_the_bounds_comes_back) {
    const size_t sizes[] = {
        0,
        1,
        DOCUMENT_CONTENT_INLINE_BYTES_MAX - 1,
        DOCUMENT_CONTENT_INLINE_BYTES_MAX,
        DOCUMENT_CONTENT_INLINE_BYTES_MAX + 1,
        DOCUMENT_CHUNK_BYTES - 1,
        DOCUMENT_CHUNK_BYTES};

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        const struct dk_bytes bytes = document_rig_bytes(sizes[i], (unsigned)i);
        cr_assert(eq(int, save(bytes), DK_OK));

        cr_assert(dk_bytes_equal(read_back(0, DOCUMENT_CHUNK_BYTES), bytes), "%zu", sizes[i]);
    }
}

Test(document_content, small_is_one_key_and_large_has_chunks_and_each_stands_in_a_catalog) {
    save(document_rig_bytes(DOCUMENT_CONTENT_INLINE_BYTES_MAX, 1));
    cr_assert(eq(sz, fake_sidecar_key_count(), 2)); /* catalog, record */

    save(document_rig_bytes(DOCUMENT_CONTENT_INLINE_BYTES_MAX + 1, 2));
    cr_assert(eq(sz, fake_sidecar_key_count(), 5)); /* record, chunk, catalog */
}

/* Somebody else puts a content into the same catalog between our look and our write. */
static void other_is_first(void *context, const char *function, struct dk_bytes key) {
    static uint8_t packed[64];
    static uint8_t other[32] = {1};
    bool *has_struck = context;
    pb_catalog catalog;
    ProtobufCBinaryData hash = {.len = sizeof other, .data = other};
    if (strcmp(function, "save") != 0 || *has_struck) {
        return;
    }
    *has_struck = true;
    dapr_kit__document__v1__content_catalog__init(&catalog);
    catalog.content_sha256 = &hash;
    catalog.n_content_sha256 = 1;
    const size_t size = dapr_kit__document__v1__content_catalog__pack(&catalog, packed);
    fake_sidecar_put(fake_copy(key).data, (struct dk_bytes){(const char *)packed, size});
}

Test(document_content, takes_nobody_elses_place_in_a_catalog) {
    bool has_struck = false;
    fake_sidecar.hook = other_is_first;
    fake_sidecar.hook_context = &has_struck;

    cr_assert(eq(int, save(document_rig_bytes(10, 1)), DK_OK));
    fake_sidecar.hook = NULL;

    cr_assert(has_struck);
    const struct dk_bytes value = fake_sidecar_value(fake_copy(fake_sidecar_key(0)).data);
    pb_catalog *catalog = dapr_kit__document__v1__content_catalog__unpack(
        NULL, value.size, (const uint8_t *)value.data);
    cr_assert(eq(sz, catalog->n_content_sha256, 2));
    dapr_kit__document__v1__content_catalog__free_unpacked(catalog, NULL);
}

Test(document_content, that_is_there_is_not_written_again) {
    const struct dk_bytes bytes = document_rig_bytes(100000, 1);
    save(bytes);
    const size_t calls = fake_sidecar.calls;

    cr_assert(eq(int, save(bytes), DK_OK));

    cr_assert(eq(sz, fake_sidecar.calls, calls + 1)); /* a look */
}

Test(document_content, of_many_chunks_is_read_across_their_seams) {
    const size_t size = 2 * (size_t)DOCUMENT_CHUNK_BYTES + 1000;
    const struct dk_bytes bytes = document_rig_bytes(size, 3);
    const struct document_scope scope = document_rig_scope();
    struct document_hash hashes[3];
    bool is_there = true;
    hash_it(bytes);
    cr_assert(eq(int, document_content_begin(&scope, sha256, &is_there), DK_OK));
    cr_assert(not(is_there));
    for (uint64_t i = 0; i < document_chunk_count(size); i++) {
        const struct dk_bytes chunk = {
            .data = bytes.data + i * DOCUMENT_CHUNK_BYTES, .size = document_chunk_size(size, i)};
        document_hash_of(chunk, &hashes[i]);
        document_content_chunk(&scope, sha256, i, chunk);
    }
    cr_assert(eq(int, document_content_end(&scope, sha256, size, hashes), DK_OK));

    const uint64_t offsets[] = {
        0, 1, DOCUMENT_CHUNK_BYTES - 1, DOCUMENT_CHUNK_BYTES, DOCUMENT_CHUNK_BYTES + 7, size - 1};
    for (size_t i = 0; i < sizeof offsets / sizeof offsets[0]; i++) {
        const size_t left = size - offsets[i];
        const struct dk_bytes wanted = {
            .data = bytes.data + offsets[i],
            .size = left < DOCUMENT_CHUNK_BYTES ? left : DOCUMENT_CHUNK_BYTES};
        cr_assert(dk_bytes_equal(read_back(offsets[i], DOCUMENT_CHUNK_BYTES), wanted));
    }
    cr_assert(eq(sz, read_back(size, 10).size, 0));
}

Test(document_content, without_its_chunk_is_an_error_and_not_less) {
    const struct document_scope scope = document_rig_scope();
    char key[256];
    struct dk_bytes bytes = {0};
    save(document_rig_bytes(100000, 1));
    snprintf(key, sizeof key, "documents/default/content/%s/0", sha256);
    fake_sidecar_put(key, dk_bytes_of("cut"));

    cr_assert(eq(int, document_content_read(&scope, sha256, 0, 10, &bytes), DK_INTERNAL));
    fake_sidecar_put(key, (struct dk_bytes){0});
    cr_assert(eq(int, document_content_read(&scope, sha256, 0, 10, &bytes), DK_INTERNAL));
    cr_assert(ne(ptr, strstr(fake_call_text(scope.call), sha256), NULL));
}

static void fill_catalog(void *context, const char *function, struct dk_bytes key) {
    int *left = context;

    if (strcmp(function, "save") == 0 && *left > 0 && strstr(key.data, "/catalog/") != NULL) {
        (*left)--;
        fake_sidecar_put(key.data, fake_sidecar_value(key.data)); /* another etag */
    }
}

Test(document_content, catalog_is_written_again_when_others_write_it) {
    int left = 3;
    const struct dk_bytes bytes = document_rig_bytes(100000, 1);
    char key[256];
    hash_it(bytes);
    snprintf(key, sizeof key, "documents/default/catalog/%.2s", sha256);
    fake_sidecar_put(key, dk_bytes_of(""));
    fake_sidecar.hook = fill_catalog;
    fake_sidecar.hook_context = &left;

    cr_assert(eq(int, save(bytes), DK_OK));

    cr_assert(eq(int, left, 0));
    cr_assert(eq(sz, fake_sidecar_value(key).size, 34)); /* one hash, with tag and length */
}

Test(document_content, hashes_are_read_and_written_as_text) {
    struct document_hash hash;

    cr_assert(document_hash_parse(
        "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD", &hash));
    hash_it(dk_bytes_of("abc"));
    cr_assert(eq(str, sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
    cr_assert(not(document_hash_parse("ba78", NULL)));
    cr_assert(not(document_hash_parse(
        "ga7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", NULL)));
}
