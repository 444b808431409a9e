#include "support/codec_memory.h"
#include "wire/daprd/error.h"
#include "wire/pbc/details.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

static struct codec_memory memory;

static void setup(void) {
    codec_memory_begin(&memory);
}

static void teardown(void) {
    codec_memory_end(&memory);
}

TestSuite(daprd_error, .init = setup, .fini = teardown);

#define B(literal) ((struct dk_bytes)DK_BYTES(literal))

static enum dk_error by_code(enum dk__code code, const char *text) {
    const struct dk__status status = {.code = code, .message = dk_bytes_of(text)};
    return dk__daprd_error_of(&status, &memory.arena);
}

static enum dk_error by_reason(enum dk__code code, const char *domain, const char *reason) {
    const struct dk__status status = {
        .code = code,
        .message = B("words"),
        .details = dk__details_error_info(
            &memory.arena,
            (int32_t)code,
            B("words"),
            dk_bytes_of(reason),
            dk_bytes_of(domain),
            (struct dk_pairs){0})};
    return dk__daprd_error_of(&status, &memory.arena);
}

Test(daprd_error, every_code_has_its_error) {
    static const enum dk_error errors[] = {
        [DK__CODE_OK] = DK_OK,
        [DK__CODE_CANCELLED] = DK_CANCELLED,
        [DK__CODE_UNKNOWN] = DK_INTERNAL,
        [DK__CODE_INVALID_ARGUMENT] = DK_INVALID,
        [DK__CODE_DEADLINE_EXCEEDED] = DK_TIMEOUT,
        [DK__CODE_NOT_FOUND] = DK_NOT_FOUND,
        [DK__CODE_ALREADY_EXISTS] = DK_INVALID,
        [DK__CODE_PERMISSION_DENIED] = DK_DENIED,
        [DK__CODE_RESOURCE_EXHAUSTED] = DK_EXHAUSTED,
        [DK__CODE_FAILED_PRECONDITION] = DK_NOT_READY,
        [DK__CODE_ABORTED] = DK_ETAG_MISMATCH,
        [DK__CODE_OUT_OF_RANGE] = DK_INVALID,
        [DK__CODE_UNIMPLEMENTED] = DK_UNSUPPORTED,
        [DK__CODE_INTERNAL] = DK_INTERNAL,
        [DK__CODE_UNAVAILABLE] = DK_UNAVAILABLE,
        [DK__CODE_DATA_LOSS] = DK_INTERNAL,
        [DK__CODE_UNAUTHENTICATED] = DK_DENIED,
    };
    for (int code = DK__CODE_OK; code <= DK__CODE_UNAUTHENTICATED; code++) {
        cr_assert(eq(int, by_code((enum dk__code)code, "words"), errors[code]), "code %d", code);
    }
}

Test(daprd_error, a_message_over_a_limit_is_too_large_for_ever) {
    cr_assert(
        eq(int,
           by_code(
               DK__CODE_RESOURCE_EXHAUSTED,
               "grpc: received message larger than max (5000000 vs. 4194304)"),
           DK_TOO_LARGE));
    cr_assert(
        eq(int,
           by_code(DK__CODE_RESOURCE_EXHAUSTED, "Received message larger than max (5 vs. 4)"),
           DK_TOO_LARGE));
    cr_assert(
        eq(int,
           by_code(
               DK__CODE_RESOURCE_EXHAUSTED,
               "the answer is larger than reply-bytes-max = 4194304 bytes"),
           DK_TOO_LARGE));
    cr_assert(
        eq(int, by_code(DK__CODE_RESOURCE_EXHAUSTED, "message larger than ma"), DK_EXHAUSTED));
    cr_assert(eq(int, by_code(DK__CODE_RESOURCE_EXHAUSTED, ""), DK_EXHAUSTED));
}

Test(daprd_error, what_an_application_of_ours_says_comes_back_as_it_was) {
    for (int error = DK_INVALID; error <= DK_INTERNAL; error++) {
        const struct dk__status status =
            dk__status_of_app((enum dk_error)error, "words", &memory.arena);

        cr_assert(eq(int, dk__daprd_error_of(&status, &memory.arena), error), "error %d", error);
    }
}

Test(daprd_error, a_component_that_is_not_there_is_not_found) {
    static const struct {
        enum dk__code code;
        const char *reason;
    } rows[] = {
        {DK__CODE_INVALID_ARGUMENT, "DAPR_STATE_NOT_FOUND"},
        {DK__CODE_FAILED_PRECONDITION, "DAPR_STATE_NOT_CONFIGURED"},
        {DK__CODE_INVALID_ARGUMENT, "DAPR_PUBSUB_NOT_FOUND"},
        {DK__CODE_NOT_FOUND, "DAPR_PUBSUB_TEST_NOT_FOUND"},
        {DK__CODE_INVALID_ARGUMENT, "ERR_SECRET_STORE_NOT_FOUND"},
        {DK__CODE_FAILED_PRECONDITION, "ERR_SECRET_STORES_NOT_CONFIGURED"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cr_assert(
            eq(int, by_reason(rows[i].code, "dapr.io", rows[i].reason), DK_NOT_FOUND),
            "%s",
            rows[i].reason);
    }
}

Test(daprd_error, a_reason_of_somebody_else_leaves_the_code) {
    cr_assert(eq(int, by_reason(DK__CODE_ABORTED, "example.com", "DK_INVALID"), DK_ETAG_MISMATCH));
    cr_assert(eq(int, by_reason(DK__CODE_INTERNAL, "example.com", "X_NOT_FOUND"), DK_INTERNAL));
    cr_assert(eq(int, by_reason(DK__CODE_INTERNAL, "dapr-kit", "DK_NEWER"), DK_INTERNAL));
    cr_assert(eq(int, by_reason(DK__CODE_ABORTED, "dapr.io", "DAPR_STATE_ETAG"), DK_ETAG_MISMATCH));
}

Test(daprd_error, details_that_are_none_leave_the_code) {
    const struct dk__status status = {
        .code = DK__CODE_ABORTED, .message = B("words"), .details = B("\xff\xff\xff")};

    cr_assert(eq(int, dk__daprd_error_of(&status, &memory.arena), DK_ETAG_MISMATCH));
}
