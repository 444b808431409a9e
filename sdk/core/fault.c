/*
 * Errors with their words.
 */
#include "core/utf8.h"

#include <dk/error.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum dk_error dk_fault_set(struct dk_fault *fault, enum dk_error error, const char *format, ...) {
    char raw[DK_FAULT_TEXT_BYTES_MAX];
    if (fault == NULL) {
        return error;
    }
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(raw, sizeof raw, format, arguments);
    va_end(arguments);

    size_t used = 0;
    if (fault->error == DK_OK) {
        fault->error = error;
    } else {
        used = strlen(fault->text);
        if (used + sizeof "; " < sizeof fault->text) {
            memcpy(fault->text + used, "; ", sizeof "; ");
            used += 2;
        }
    }
    (void)dk__utf8_clean(dk_bytes_of(raw), fault->text + used, sizeof fault->text - used);
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
