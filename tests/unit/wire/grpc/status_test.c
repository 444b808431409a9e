#include "wire/grpc/status.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <google/rpc/error_details.pb-c.h>
#include <google/rpc/status.pb-c.h>
#include <stdio.h>

static struct dk__pool pool;
static struct dk__arena arena;

static void setup(void) {
    arena = (struct dk__arena){.pool = &pool, .bytes_max = 65536};
}

static void teardown(void) {
    dk__arena_reset(&arena);
    dk__pool_clear(&pool);
}

TestSuite(status, .init = setup, .fini = teardown);

#define BAD_REQUEST "type.googleapis.com/google.rpc.BadRequest"
#define ERROR_INFO  "type.googleapis.com/google.rpc.ErrorInfo"

/* The one detail of a status, its code and message checked against the status itself, because
 * grpc-go turns a difference into INTERNAL. NULL: the status has none. */
static Google__Rpc__Status *details_of(const struct dk__status *status) {
    if (status->details.size == 0) {
        return NULL;
    }
    Google__Rpc__Status *details = google__rpc__status__unpack(
        NULL, status->details.size, (const uint8_t *)status->details.data);
    cr_assert(ne(ptr, details, NULL));
    cr_assert(eq(int, details->code, status->code));
    cr_assert(dk_bytes_equal(dk_bytes_of(details->message), status->message));
    cr_assert(eq(sz, details->n_details, 1));
    return details;
}

/* "etag: words" for an etag detail, "http_code tag" for a kit detail, "" for none. */
static void describe(const struct dk__status *status, char *text, size_t size) {
    Google__Rpc__Status *details = details_of(status);
    text[0] = '\0';
    if (details == NULL) {
        return;
    }
    const ProtobufCBinaryData *value = &details->details[0]->value;
    if (strcmp(details->details[0]->type_url, BAD_REQUEST) == 0) {
        Google__Rpc__BadRequest *bad =
            google__rpc__bad_request__unpack(NULL, value->len, value->data);
        cr_assert(eq(sz, bad->n_field_violations, 1));
        (void)snprintf(
            text,
            size,
            "%s: %s",
            bad->field_violations[0]->field,
            bad->field_violations[0]->description);
        google__rpc__bad_request__free_unpacked(bad, NULL);
    } else {
        cr_assert(eq(str, details->details[0]->type_url, ERROR_INFO));
        Google__Rpc__ErrorInfo *info =
            google__rpc__error_info__unpack(NULL, value->len, value->data);
        cr_assert(eq(str, info->domain, "dapr-kit"));
        (void)snprintf(text, size, "%s", info->reason);
        for (size_t i = 0; i < info->n_metadata; i++) {
            const size_t used = strlen(text);
            (void)snprintf(
                text + used,
                size - used,
                " %s=%s",
                info->metadata[i]->key,
                info->metadata[i]->value);
        }
        google__rpc__error_info__free_unpacked(info, NULL);
    }
    google__rpc__status__free_unpacked(details, NULL);
}

#define KIT(reason, http_code) \
    "DK_" reason " kit_error=true http_code=" http_code " tag=ERR_COMPONENT_" reason

static const struct row {
    enum dk_error error;
    enum dk__code code;
    const char *detail;
} rows[] = {
    {DK_OK, DK__CODE_OK, ""},
    {DK_INVALID, DK__CODE_INVALID_ARGUMENT, KIT("INVALID", "400")},
    {DK_ETAG_INVALID, DK__CODE_INVALID_ARGUMENT, "etag: words"},
    {DK_ETAG_MISMATCH, DK__CODE_FAILED_PRECONDITION, "etag: words"},
    {DK_NOT_FOUND, DK__CODE_NOT_FOUND, KIT("NOT_FOUND", "404")},
    {DK_NOT_READY, DK__CODE_FAILED_PRECONDITION, ""},
    {DK_UNSUPPORTED, DK__CODE_UNIMPLEMENTED, KIT("UNSUPPORTED", "501")},
    {DK_DENIED, DK__CODE_PERMISSION_DENIED, ""},
    {DK_EXHAUSTED, DK__CODE_RESOURCE_EXHAUSTED, KIT("EXHAUSTED", "429")},
    {DK_TOO_LARGE, DK__CODE_RESOURCE_EXHAUSTED, ""},
    {DK_UNAVAILABLE, DK__CODE_UNAVAILABLE, KIT("UNAVAILABLE", "503")},
    {DK_TIMEOUT, DK__CODE_DEADLINE_EXCEEDED, KIT("TIMEOUT", "504")},
    {DK_CANCELLED, DK__CODE_CANCELLED, ""},
    {DK_INTERNAL, DK__CODE_INTERNAL, ""},
};

static const struct row app_rows[] = {
    {DK_OK, DK__CODE_OK, ""},
    {DK_INVALID, DK__CODE_INVALID_ARGUMENT, "DK_INVALID"},
    {DK_ETAG_INVALID, DK__CODE_INVALID_ARGUMENT, "DK_ETAG_INVALID"},
    {DK_ETAG_MISMATCH, DK__CODE_ABORTED, "DK_ETAG_MISMATCH"},
    {DK_NOT_FOUND, DK__CODE_NOT_FOUND, "DK_NOT_FOUND"},
    {DK_NOT_READY, DK__CODE_FAILED_PRECONDITION, "DK_NOT_READY"},
    {DK_UNSUPPORTED, DK__CODE_UNIMPLEMENTED, "DK_UNSUPPORTED"},
    {DK_DENIED, DK__CODE_PERMISSION_DENIED, "DK_DENIED"},
    {DK_EXHAUSTED, DK__CODE_RESOURCE_EXHAUSTED, "DK_EXHAUSTED"},
    {DK_TOO_LARGE, DK__CODE_OUT_OF_RANGE, "DK_TOO_LARGE"},
    {DK_UNAVAILABLE, DK__CODE_UNAVAILABLE, "DK_UNAVAILABLE"},
    {DK_TIMEOUT, DK__CODE_DEADLINE_EXCEEDED, "DK_TIMEOUT"},
    {DK_CANCELLED, DK__CODE_CANCELLED, "DK_CANCELLED"},
    {DK_INTERNAL, DK__CODE_INTERNAL, "DK_INTERNAL"},
};

typedef struct dk__status status_fn(enum dk_error error, const char *text, struct dk__arena *arena);

static void expect_rows(status_fn *status_of, const struct row *wanted, size_t count) {
    cr_assert(eq(sz, count, (size_t)DK_INTERNAL + 1)); /* the table knows every error */
    for (size_t i = 0; i < count; i++) {
        char detail[256];
        cr_assert(eq(int, wanted[i].error, (int)i));

        const struct dk__status status = status_of(wanted[i].error, "words", &arena);

        describe(&status, detail, sizeof detail);
        cr_expect(eq(int, status.code, wanted[i].code), "%s", dk_error_name(wanted[i].error));
        cr_expect(eq(str, detail, (char *)wanted[i].detail), "%s", dk_error_name(wanted[i].error));
        cr_expect(dk_bytes_equal(status.message, dk_bytes_of("words")));
    }
}

Test(status, every_error_has_its_code_and_its_detail) {
    expect_rows(dk__status_of, rows, sizeof rows / sizeof rows[0]);
}

Test(status, every_error_of_an_application_has_its_code_and_its_detail) {
    expect_rows(dk__status_of_app, app_rows, sizeof app_rows / sizeof app_rows[0]);
}

Test(status, a_full_arena_costs_the_detail_and_keeps_the_words) {
    arena.bytes_max = 0;

    const struct dk__status status = dk__status_of(DK_ETAG_MISMATCH, "words", &arena);

    cr_assert(eq(int, status.code, DK__CODE_FAILED_PRECONDITION));
    cr_assert(dk_bytes_equal(status.message, dk_bytes_of("words")));
    cr_assert(eq(sz, status.details.size, 0));
}

Test(status, a_row_mismatch_carries_its_numbers) {
    char detail[256];

    const struct dk__status status = dk__status_of_row_mismatch(INT64_MAX, -1, &arena);

    describe(&status, detail, sizeof detail);
    cr_assert(eq(int, status.code, DK__CODE_INTERNAL));
    cr_assert(eq(str, detail, "DK_ROW_MISMATCH expected=9223372036854775807 affected=-1"));
}

Test(status, words_with_quotes_and_other_languages_survive) {
    static const char words[] = "redis: 'schl\xc3\xbcssel' \xe2\x82\xac \"x\" 100%";

    const struct dk__status status = dk__status_of(DK_ETAG_MISMATCH, words, &arena);

    char detail[256], wanted[256];
    describe(&status, detail, sizeof detail);
    (void)snprintf(wanted, sizeof wanted, "etag: %s", words);
    cr_assert(eq(str, detail, wanted));
}
