/*
 * From an error to gRPC's words: one table for the backends of components, one for applications.
 * docs/decisions/0002-errors.md tells why each row reads as it does.
 *
 * Of a component daprd takes exactly one detail. A violation of "etag" is an etag error; an ErrorInfo with
 * kit_error hands gRPC code and HTTP status through to daprd's caller; without a detail the caller
 * sees INTERNAL and 500 with our words.
 */
#include "wire/grpc/status.h"

#include "wire/pbc/details.h"

#include <inttypes.h>
#include <stdio.h>

enum detail { DETAIL_NONE, DETAIL_ETAG, DETAIL_KIT };

struct row {
    enum dk__code code;
    enum detail detail;
    const char *http_code; /* DETAIL_KIT */
    const char *reason;    /* ErrorInfo.reason */
    const char *tag;       /* errorCode in daprd's HTTP answer */
};

static struct row row_of(enum dk_error error) {
    /* clang-format off */
    switch (error) {
    case DK_OK:
        return (struct row){DK__CODE_OK, DETAIL_NONE};
    case DK_INVALID:
        return (struct row){DK__CODE_INVALID_ARGUMENT, DETAIL_KIT, "400", "DK_INVALID", "ERR_COMPONENT_INVALID"};
    case DK_ETAG_INVALID:
        return (struct row){DK__CODE_INVALID_ARGUMENT, DETAIL_ETAG};
    case DK_ETAG_MISMATCH:
        return (struct row){DK__CODE_FAILED_PRECONDITION, DETAIL_ETAG};
    case DK_NOT_FOUND:
        return (struct row){DK__CODE_NOT_FOUND, DETAIL_KIT, "404", "DK_NOT_FOUND", "ERR_COMPONENT_NOT_FOUND"};
    case DK_NOT_READY:
        return (struct row){DK__CODE_FAILED_PRECONDITION, DETAIL_NONE};
    case DK_UNSUPPORTED:
        return (struct row){DK__CODE_UNIMPLEMENTED, DETAIL_KIT, "501", "DK_UNSUPPORTED", "ERR_COMPONENT_UNSUPPORTED"};
    case DK_DENIED:
        return (struct row){DK__CODE_PERMISSION_DENIED, DETAIL_NONE};
    case DK_EXHAUSTED:
        return (struct row){DK__CODE_RESOURCE_EXHAUSTED, DETAIL_KIT, "429", "DK_EXHAUSTED", "ERR_COMPONENT_EXHAUSTED"};
    case DK_TOO_LARGE:
        return (struct row){DK__CODE_RESOURCE_EXHAUSTED, DETAIL_NONE};
    case DK_UNAVAILABLE:
        return (struct row){DK__CODE_UNAVAILABLE, DETAIL_KIT, "503", "DK_UNAVAILABLE", "ERR_COMPONENT_UNAVAILABLE"};
    case DK_TIMEOUT:
        return (struct row){DK__CODE_DEADLINE_EXCEEDED, DETAIL_KIT, "504", "DK_TIMEOUT", "ERR_COMPONENT_TIMEOUT"};
    case DK_CANCELLED:
        return (struct row){DK__CODE_CANCELLED, DETAIL_NONE};
    case DK_INTERNAL:
        return (struct row){DK__CODE_INTERNAL, DETAIL_NONE};
    }
    /* clang-format on */
    return (struct row){DK__CODE_UNKNOWN, DETAIL_NONE};
}

/* Like DK_BYTES, as a value within an initialiser. */
#define BYTES(literal) ((struct dk_bytes)DK_BYTES(literal))

static const struct dk_bytes domain = DK_BYTES("dapr-kit");

struct dk__status dk__status_of(enum dk_error error, const char *text, struct dk__arena *arena) {
    const struct row row = row_of(error);
    struct dk__status status = {.code = row.code, .message = dk_bytes_of(text)};

    if (row.detail == DETAIL_ETAG) {
        status.details = dk__details_bad_request(
            arena, (int32_t)row.code, status.message, BYTES("etag"), status.message);
    } else if (row.detail == DETAIL_KIT) {
        const struct dk_pair pairs[] = {
            {BYTES("kit_error"), BYTES("true")},
            {BYTES("http_code"), dk_bytes_of(row.http_code)},
            {BYTES("tag"), dk_bytes_of(row.tag)},
        };
        status.details = dk__details_error_info(
            arena,
            (int32_t)row.code,
            status.message,
            dk_bytes_of(row.reason),
            domain,
            (struct dk_pairs){.items = pairs, .count = sizeof pairs / sizeof pairs[0]});
    }
    return status;
}

struct app_row {
    enum dk__code code;
    const char *reason; /* ErrorInfo.reason */
};

static struct app_row app_row_of(enum dk_error error) {
    switch (error) {
    case DK_OK:
        return (struct app_row){DK__CODE_OK, NULL};
    case DK_INVALID:
        return (struct app_row){DK__CODE_INVALID_ARGUMENT, "DK_INVALID"};
    case DK_ETAG_INVALID:
        return (struct app_row){DK__CODE_INVALID_ARGUMENT, "DK_ETAG_INVALID"};
    case DK_ETAG_MISMATCH:
        return (struct app_row){DK__CODE_ABORTED, "DK_ETAG_MISMATCH"};
    case DK_NOT_FOUND:
        return (struct app_row){DK__CODE_NOT_FOUND, "DK_NOT_FOUND"};
    case DK_NOT_READY:
        return (struct app_row){DK__CODE_FAILED_PRECONDITION, "DK_NOT_READY"};
    case DK_UNSUPPORTED:
        return (struct app_row){DK__CODE_UNIMPLEMENTED, "DK_UNSUPPORTED"};
    case DK_DENIED:
        return (struct app_row){DK__CODE_PERMISSION_DENIED, "DK_DENIED"};
    case DK_EXHAUSTED:
        return (struct app_row){DK__CODE_RESOURCE_EXHAUSTED, "DK_EXHAUSTED"};
    case DK_TOO_LARGE:
        return (struct app_row){DK__CODE_OUT_OF_RANGE, "DK_TOO_LARGE"};
    case DK_UNAVAILABLE:
        return (struct app_row){DK__CODE_UNAVAILABLE, "DK_UNAVAILABLE"};
    case DK_TIMEOUT:
        return (struct app_row){DK__CODE_DEADLINE_EXCEEDED, "DK_TIMEOUT"};
    case DK_CANCELLED:
        return (struct app_row){DK__CODE_CANCELLED, "DK_CANCELLED"};
    case DK_INTERNAL:
        return (struct app_row){DK__CODE_INTERNAL, "DK_INTERNAL"};
    }
    return (struct app_row){DK__CODE_UNKNOWN, "DK_UNKNOWN"};
}

struct dk__status dk__status_of_app(
    enum dk_error error, const char *text, struct dk__arena *arena) {
    const struct app_row row = app_row_of(error);
    struct dk__status status = {.code = row.code, .message = dk_bytes_of(text)};

    if (row.reason != NULL) {
        status.details = dk__details_error_info(
            arena,
            (int32_t)row.code,
            status.message,
            dk_bytes_of(row.reason),
            domain,
            (struct dk_pairs){0});
    }
    return status;
}

struct dk__status dk__status_of_row_mismatch(
    int64_t expected, int64_t affected, struct dk__arena *arena) {
    char expected_text[24], affected_text[24], text[96];
    (void)snprintf(expected_text, sizeof expected_text, "%" PRId64, expected);
    (void)snprintf(affected_text, sizeof affected_text, "%" PRId64, affected);
    const int size = snprintf(
        text,
        sizeof text,
        "bulk delete: %" PRId64 " of %" PRId64 " items were deleted",
        affected,
        expected);
    const char *copy =
        dk__arena_copy_text(arena, (struct dk_bytes){.data = text, .size = (size_t)size});
    struct dk__status status = {.code = DK__CODE_INTERNAL, .message = dk_bytes_of(copy)};
    const struct dk_pair pairs[] = {
        {BYTES("expected"), dk_bytes_of(expected_text)},
        {BYTES("affected"), dk_bytes_of(affected_text)},
    };
    status.details = dk__details_error_info(
        arena,
        (int32_t)status.code,
        status.message,
        BYTES("DK_ROW_MISMATCH"),
        domain,
        (struct dk_pairs){.items = pairs, .count = sizeof pairs / sizeof pairs[0]});
    return status;
}
