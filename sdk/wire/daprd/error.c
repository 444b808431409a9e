/*
 * From an answer's status to an error of ours. Pure.
 */
#include "wire/daprd/error.h"

#include "wire/pbc/details.h"

#include <stdbool.h>

/* ── reasons ────────────────────────────────────────────────────────────────────────────────── */

struct reason {
    const char *name;
    enum dk_error error;
};

/* Of ErrorInfo with domain "dapr-kit", as dk__status_of_app writes them. */
static const struct reason reasons[] = {
    {"DK_INVALID", DK_INVALID},
    {"DK_ETAG_INVALID", DK_ETAG_INVALID},
    {"DK_ETAG_MISMATCH", DK_ETAG_MISMATCH},
    {"DK_NOT_FOUND", DK_NOT_FOUND},
    {"DK_NOT_READY", DK_NOT_READY},
    {"DK_UNSUPPORTED", DK_UNSUPPORTED},
    {"DK_DENIED", DK_DENIED},
    {"DK_EXHAUSTED", DK_EXHAUSTED},
    {"DK_TOO_LARGE", DK_TOO_LARGE},
    {"DK_UNAVAILABLE", DK_UNAVAILABLE},
    {"DK_TIMEOUT", DK_TIMEOUT},
    {"DK_CANCELLED", DK_CANCELLED},
    {"DK_INTERNAL", DK_INTERNAL},
    {0},
};

static bool ends_with(struct dk_bytes text, const char *end) {
    const size_t size = strlen(end);
    return text.size >= size && memcmp(text.data + text.size - size, end, size) == 0;
}

/* DK_OK: the reason says nothing that the code does not. */
static enum dk_error error_of_reason(const struct dk__error_info *info) {
    static const struct dk_bytes ours = DK_BYTES("dapr-kit"), theirs = DK_BYTES("dapr.io");
    if (dk_bytes_equal(info->domain, ours)) {
        for (const struct reason *reason = reasons; reason->name != NULL; reason++) {
            if (dk_bytes_equal(info->reason, dk_bytes_of(reason->name))) {
                return reason->error;
            }
        }
    }
    /* DAPR_STATE_NOT_FOUND, DAPR_PUBSUB_TEST_NOT_FOUND, ERR_SECRET_STORES_NOT_CONFIGURED, … */
    if (dk_bytes_equal(info->domain, theirs) &&
        (ends_with(info->reason, "_NOT_FOUND") || ends_with(info->reason, "_NOT_CONFIGURED"))) {
        return DK_NOT_FOUND;
    }
    return DK_OK;
}

/* ── codes ──────────────────────────────────────────────────────────────────────────────────── */

/* gRPC has one code for a bound of now and one for ever. The words of grpc-go and C core for a
 * message over a limit, and those of our own components, which GetBulkState hands through: no later
 * try makes it smaller. */
static bool is_too_large(struct dk_bytes text) {
    static const struct dk_bytes words[] = {
        DK_BYTES("message larger than max"), DK_BYTES("is larger than reply-bytes-max")};
    for (size_t word = 0; word < sizeof words / sizeof words[0]; word++) {
        for (size_t i = 0; i + words[word].size <= text.size; i++) {
            if (memcmp(text.data + i, words[word].data, words[word].size) == 0) {
                return true;
            }
        }
    }
    return false;
}

static enum dk_error error_of_code(const struct dk__status *status) {
    switch (status->code) {
    case DK__CODE_OK:
        return DK_OK;
    case DK__CODE_INVALID_ARGUMENT:
    case DK__CODE_OUT_OF_RANGE:
    case DK__CODE_ALREADY_EXISTS:
        return DK_INVALID;
    case DK__CODE_NOT_FOUND:
        return DK_NOT_FOUND;
    case DK__CODE_PERMISSION_DENIED:
    case DK__CODE_UNAUTHENTICATED:
        return DK_DENIED;
    case DK__CODE_RESOURCE_EXHAUSTED:
        return is_too_large(status->message) ? DK_TOO_LARGE : DK_EXHAUSTED;
    case DK__CODE_FAILED_PRECONDITION:
        return DK_NOT_READY;
    case DK__CODE_ABORTED: /* daprd's word for a stale etag */
        return DK_ETAG_MISMATCH;
    case DK__CODE_UNIMPLEMENTED:
        return DK_UNSUPPORTED;
    case DK__CODE_UNAVAILABLE:
        return DK_UNAVAILABLE;
    case DK__CODE_DEADLINE_EXCEEDED:
        return DK_TIMEOUT;
    case DK__CODE_CANCELLED:
        return DK_CANCELLED;
    case DK__CODE_UNKNOWN:
    case DK__CODE_INTERNAL:
    case DK__CODE_DATA_LOSS:
        return DK_INTERNAL;
    }
    return DK_INTERNAL;
}

enum dk_error dk__daprd_error_of(const struct dk__status *status, struct dk__arena *arena) {
    if (status->code == DK__CODE_OK) {
        return DK_OK;
    }
    const struct dk__error_info info = dk__details_read_error_info(arena, status->details);
    const enum dk_error error = error_of_reason(&info);
    return error != DK_OK ? error : error_of_code(status);
}
