/*
 * Pairs out of an environment variable.
 */
#include "wire/otlp/pair_list.h"

#include "core/hex.h"
#include "core/utf8.h"

static struct dk_bytes trim(struct dk_bytes text) {
    while (text.size > 0 && (text.data[0] == ' ' || text.data[0] == '\t')) {
        text.data++;
        text.size--;
    }
    while (text.size > 0 && (text.data[text.size - 1] == ' ' || text.data[text.size - 1] == '\t')) {
        text.size--;
    }
    return text;
}

/* Percent-decoded, NUL-terminated, into `copy`, which has a byte more; false: a '%' without two digits. */
static bool decode(struct dk_bytes text, char *copy, size_t *ret_size) {
    size_t size = 0;
    for (size_t i = 0; i < text.size; i++) {
        char letter = text.data[i];
        if (letter == '%') {
            if (!dk__percent_read(text, i, &letter)) {
                return false;
            }
            i += 2;
        }
        copy[size++] = letter;
    }
    copy[size] = '\0';
    *ret_size = size;
    return true;
}

static bool is_header_key(char *key, size_t size) {
    for (size_t i = 0; i < size; i++) {
        if (key[i] >= 'A' && key[i] <= 'Z') {
            key[i] = (char)(key[i] | 0x20);
        }
        if (!(key[i] >= 'a' && key[i] <= 'z') && !(key[i] >= '0' && key[i] <= '9') &&
            key[i] != '-' && key[i] != '_' && key[i] != '.') {
            return false;
        }
    }
    return size > 0 && !(size >= 5 && memcmp(key, "grpc-", 5) == 0) &&
           !(size > 4 && memcmp(key + size - 4, "-bin", 4) == 0);
}

static bool is_header_value(struct dk_bytes value) {
    for (size_t i = 0; i < value.size; i++) {
        if (value.data[i] < ' ' || value.data[i] > '~') {
            return false;
        }
    }
    return true;
}

static enum dk_error pair_read(
    const struct dk__pair_list *list,
    struct dk_bytes key,
    struct dk_bytes value,
    struct dk__arena *arena,
    struct dk_pair *ret_pair,
    struct dk_fault *fault) {
    char *key_copy = dk__arena_take_bytes(arena, key.size + 1);
    char *value_copy = dk__arena_take_bytes(arena, value.size + 1);
    if (key_copy == NULL || value_copy == NULL) {
        return dk_fault_set(fault, DK_EXHAUSTED, "%s: no memory for it", list->variable);
    }
    const int shown = (int)key.size;
    if (!decode(key, key_copy, &key.size) || !decode(value, value_copy, &value.size)) {
        return dk_fault_set(
            fault,
            DK_INVALID,
            "%s: '%.*s' has a '%%' that two hexadecimal digits do not follow",
            list->variable,
            shown,
            key.data);
    }
    *ret_pair = (struct dk_pair){
        .key = {.data = key_copy, .size = key.size},
        .value = {.data = value_copy, .size = value.size}};
    const bool is_good = list->is_header
                             ? is_header_key(key_copy, key.size) && is_header_value(ret_pair->value)
                             : key.size > 0 && dk__utf8_is_valid(ret_pair->key) &&
                                   dk__utf8_is_valid(ret_pair->value);
    if (!is_good) {
        return dk_fault_set(
            fault,
            DK_INVALID,
            list->is_header ? "%s: '%.*s' is no pair that a header carries: a key of letters, "
                              "digits, '-', '_' and '.', not grpc-… nor …-bin, and printable ASCII"
                            : "%s: '%.*s' is no pair of UTF-8 texts, the key not empty",
            list->variable,
            shown,
            key.data);
    }
    return DK_OK;
}

enum dk_error dk__pair_list_read(
    const struct dk__pair_list *list,
    const char *text,
    struct dk__arena *arena,
    struct dk_pair *ret_pairs,
    size_t *count,
    struct dk_fault *fault) {
    for (const char *at = text; *at != '\0';) {
        const size_t size = strcspn(at, ",");
        const struct dk_bytes item = trim((struct dk_bytes){at, size});
        at += size + (at[size] == ',' ? 1 : 0);
        if (item.size == 0) {
            continue;
        }
        const char *equals = memchr(item.data, '=', item.size);
        if (equals == NULL) {
            return dk_fault_set(
                fault, DK_INVALID, "%s: a pair has no '='; it reads key=value", list->variable);
        }
        if (*count == list->pairs_max) {
            return dk_fault_set(
                fault,
                DK_INVALID,
                "%s: has more pairs than the %zu that are allowed",
                list->variable,
                list->pairs_max);
        }
        const size_t key_size = (size_t)(equals - item.data);
        const struct dk_bytes key = trim((struct dk_bytes){item.data, key_size});
        const struct dk_bytes value = trim((struct dk_bytes){equals + 1, item.size - key_size - 1});
        if (pair_read(list, key, value, arena, &ret_pairs[*count], fault) != DK_OK) {
            return fault->error;
        }
        (*count)++;
    }
    return DK_OK;
}
