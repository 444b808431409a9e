#include "support/codec_memory.h"
#include "wire/pbc/details.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <google/rpc/error_details.pb-c.h>
#include <google/rpc/status.pb-c.h>

static struct codec_memory memory;
static Google__Rpc__Status *status;

static void setup(void) {
    codec_memory_begin(&memory);
    status = NULL;
}

static void teardown(void) {
    if (status != NULL) {
        google__rpc__status__free_unpacked(status, NULL);
    }
    codec_memory_end(&memory);
}

TestSuite(details, .init = setup, .fini = teardown);

/* The one detail of a serialised status. */
static const Google__Protobuf__Any *detail_of(struct dk_bytes bytes) {
    status = google__rpc__status__unpack(NULL, bytes.size, (const uint8_t *)bytes.data);
    cr_assert(ne(ptr, status, NULL));
    cr_assert(eq(sz, status->n_details, 1));
    return status->details[0];
}

static struct dk_bytes stale_etag(void) {
    return dk__details_bad_request(
        &memory.arena,
        9,
        dk_bytes_of("redis: the etag is stale"),
        dk_bytes_of("etag"),
        dk_bytes_of("mismatch"));
}

Test(details, a_bad_request_comes_back_with_its_one_violation) {
    const Google__Protobuf__Any *any = detail_of(stale_etag());

    Google__Rpc__BadRequest *request =
        google__rpc__bad_request__unpack(NULL, any->value.len, any->value.data);

    cr_assert(eq(int, status->code, 9));
    cr_assert(eq(str, status->message, "redis: the etag is stale"));
    cr_assert(eq(str, any->type_url, "type.googleapis.com/google.rpc.BadRequest"));
    cr_assert(ne(ptr, request, NULL));
    cr_assert(eq(sz, request->n_field_violations, 1));
    cr_assert(eq(str, request->field_violations[0]->field, "etag"));
    cr_assert(eq(str, request->field_violations[0]->description, "mismatch"));
    google__rpc__bad_request__free_unpacked(request, NULL);
}

Test(details, an_error_info_comes_back_with_all_its_metadata) {
    static const struct dk_pair pairs[] = {
        {DK_BYTES("expected"), DK_BYTES("3")},
        {DK_BYTES("affected"), DK_BYTES("")},
        {DK_BYTES("stra\xC3\x9F"
                  "e"),
         DK_BYTES("\xE2\x82\xAC")},
    };
    const Google__Protobuf__Any *any = detail_of(dk__details_error_info(
        &memory.arena,
        13,
        dk_bytes_of("rows"),
        dk_bytes_of("DK_INTERNAL"),
        dk_bytes_of("dapr-kit"),
        (struct dk_pairs){pairs, 3}));

    Google__Rpc__ErrorInfo *info =
        google__rpc__error_info__unpack(NULL, any->value.len, any->value.data);

    cr_assert(eq(int, status->code, 13));
    cr_assert(eq(str, any->type_url, "type.googleapis.com/google.rpc.ErrorInfo"));
    cr_assert(ne(ptr, info, NULL));
    cr_assert(eq(str, info->reason, "DK_INTERNAL"));
    cr_assert(eq(str, info->domain, "dapr-kit"));
    cr_assert(eq(sz, info->n_metadata, 3));
    for (size_t i = 0; i < 3; i++) {
        cr_expect(eq(str, info->metadata[i]->key, (char *)pairs[i].key.data));
        cr_expect(eq(str, info->metadata[i]->value, (char *)pairs[i].value.data));
    }
    google__rpc__error_info__free_unpacked(info, NULL);
}

Test(details, an_error_info_may_have_no_metadata_and_no_words) {
    const Google__Protobuf__Any *any = detail_of(dk__details_error_info(
        &memory.arena,
        0,
        (struct dk_bytes){0},
        dk_bytes_of("R"),
        (struct dk_bytes){0},
        (struct dk_pairs){0}));

    Google__Rpc__ErrorInfo *info =
        google__rpc__error_info__unpack(NULL, any->value.len, any->value.data);

    cr_assert(eq(int, status->code, 0));
    cr_assert(eq(str, status->message, ""));
    cr_assert(ne(ptr, info, NULL));
    cr_assert(eq(str, info->reason, "R"));
    cr_assert(eq(sz, info->n_metadata, 0));
    google__rpc__error_info__free_unpacked(info, NULL);
}

/* With one byte less than it takes, and with every smaller arena. */
Test(details, a_full_arena_gives_no_detail_and_never_half_of_one) {
    const struct dk_bytes whole = stale_etag();
    const size_t enough = memory.arena.bytes_taken;
    cr_assert(gt(sz, whole.size, 0));

    for (size_t bytes_max = 0; bytes_max < enough; bytes_max++) {
        dk__arena_reset(&memory.arena);
        memory.arena.bytes_max = bytes_max;
        cr_expect(eq(ptr, (void *)stale_etag().data, NULL), "%zu of %zu", bytes_max, enough);
    }

    dk__arena_reset(&memory.arena);
    memory.arena.bytes_max = enough;
    cr_assert(eq(sz, stale_etag().size, whole.size));
}
