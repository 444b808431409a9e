/*
 * Query strings, pair by pair: what HTML forms and every HTTP client write.
 */
#include "wire/grpc/app_routes.h"

#include "core/hex.h"
#include "core/utf8.h"

#include <stdbool.h>

enum { SHOWN_BYTES_MAX = 256 };

static enum dk_error refuse(struct dk_fault *fault, struct dk_bytes pair, const char *why) {
    return dk_fault_set(
        fault,
        DK_INVALID,
        "query: '%.*s' %s",
        (int)(pair.size < SHOWN_BYTES_MAX ? pair.size : SHOWN_BYTES_MAX),
        pair.data,
        why);
}

/* The text without its escapes; `pair` is for the words. */
static enum dk_error decode(
    struct dk_bytes text,
    struct dk_bytes pair,
    struct dk__arena *arena,
    struct dk_bytes *ret,
    struct dk_fault *fault) {
    char *target = dk__arena_take_bytes(arena, text.size + 1);
    size_t size = 0;
    if (target == NULL) {
        return dk_fault_set(fault, DK_EXHAUSTED, "query: takes more memory than one call may have");
    }
    for (size_t i = 0; i < text.size; i++) {
        char letter = text.data[i];
        if (letter == '+') {
            letter = ' ';
        } else if (letter == '%') {
            if (!dk__percent_read(text, i, &letter)) {
                return refuse(fault, pair, "has a '%' without two hexadecimal digits");
            }
            i += 2;
        }
        if (letter == '\0') {
            return refuse(fault, pair, "has a NUL byte");
        }
        target[size] = letter;
        size++;
    }
    target[size] = '\0';
    const struct dk_bytes decoded = {.data = target, .size = size};
    if (!dk__utf8_is_valid(decoded)) {
        return refuse(fault, pair, "is no UTF-8");
    }
    *ret = decoded;
    return DK_OK;
}

static struct dk_bytes pair_next(struct dk_bytes *rest) {
    const char *end = memchr(rest->data, '&', rest->size);
    const size_t size = end == NULL ? rest->size : (size_t)(end - rest->data);
    const struct dk_bytes pair = {.data = rest->data, .size = size};
    const size_t taken = end == NULL ? size : size + 1;
    *rest = (struct dk_bytes){.data = rest->data + taken, .size = rest->size - taken};
    return pair;
}

enum dk_error dk__app_query_next(
    struct dk_bytes *rest,
    struct dk__arena *arena,
    struct dk_pair *ret_pair,
    struct dk_fault *fault) {
    struct dk_bytes pair = {0};
    while (rest->size > 0 && pair.size == 0) { /* "a=1&&b=2" has two */
        pair = pair_next(rest);
    }
    if (pair.size == 0) {
        *ret_pair = (struct dk_pair){0};
        return DK_OK;
    }
    const char *equals = memchr(pair.data, '=', pair.size);
    const size_t key_size = equals == NULL ? pair.size : (size_t)(equals - pair.data);
    const struct dk_bytes key = {.data = pair.data, .size = key_size};
    const struct dk_bytes value = {
        .data = equals == NULL ? pair.data + key_size : equals + 1,
        .size = equals == NULL ? 0 : pair.size - key_size - 1};
    struct dk_pair decoded;
    enum dk_error error = decode(key, pair, arena, &decoded.key, fault);
    if (error == DK_OK) {
        error = decode(value, pair, arena, &decoded.value, fault);
    }
    if (error == DK_OK) {
        *ret_pair = decoded;
    }
    return error;
}
