/*
 * Errors with their words.
 */
#include "core/utf8.h"

#include <dk/error.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum dk_error dk_fault_set(struct dk_fault *fault, enum dk_error error, const char *format, ...) {
    /* Room for one character more than fits: so what is cut is cut by dk__utf8_clean, whole. */
    char raw[DK_FAULT_TEXT_BYTES_MAX + 4];
    if (fault == NULL) {
        return error;
    }
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(raw, sizeof raw, format, arguments);
    va_end(arguments);

    if (fault->error == DK_OK) {
        fault->error = error;
        (void)dk__utf8_clean(dk_bytes_of(raw), fault->text, sizeof fault->text);
        return error;
    }
    static const char between[] = "; ";
    const size_t used = strlen(fault->text);
    if (used + sizeof between < sizeof fault->text) {
        char *const end = fault->text + used;
        memcpy(end, between, sizeof between);
        char *const second = end + sizeof between - 1;
        if (dk__utf8_clean(dk_bytes_of(raw), second, sizeof fault->text - used - 2) == 0) {
            *end = '\0';
        }
    }
    return fault->error;
}

const char *dk_error_name(enum dk_error error) {
    switch (error) {
    case DK_OK:
        return "ok";
    case DK_INVALID:
        return "invalid";
    case DK_ETAG_INVALID:
        return "etag_invalid";
    case DK_ETAG_MISMATCH:
        return "etag_mismatch";
    case DK_NOT_FOUND:
        return "not_found";
    case DK_NOT_READY:
        return "not_ready";
    case DK_UNSUPPORTED:
        return "unsupported";
    case DK_DENIED:
        return "denied";
    case DK_EXHAUSTED:
        return "exhausted";
    case DK_TOO_LARGE:
        return "too_large";
    case DK_UNAVAILABLE:
        return "unavailable";
    case DK_TIMEOUT:
        return "timeout";
    case DK_CANCELLED:
        return "cancelled";
    case DK_INTERNAL:
        return "internal";
    }
    return "unknown";
}
