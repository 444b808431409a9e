/*
 * Any map of properties through a table with every type: the same map gives the same answer, a
 * fault has words that are UTF-8, and an accepted value keeps its bounds.
 *
 * Input: lines of "name=value".
 */
#include "core/arena.h"
#include "core/utf8.h"

#include <dk/option.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { PAIRS_MAX = 64 };

struct configuration {
    const char *text;
    const char *secret;
    bool flag;
    int64_t number, pause_ms, age_ms;
    int kind;
};

#define AT(field, ctype) DK_FIELD(struct configuration, field, ctype)

static const char *const kinds[] = {"node", "cluster", NULL};
static const char *const text_aliases[] = {"host", NULL};

/* clang-format off */
static const struct dk_option rows[] = {
    {"redisHost", DK_TEXT, AT(text, const char *), NULL, 1, 64, DK_REQUIRED, "A text.", text_aliases},
    {"password", DK_TEXT, AT(secret, const char *), NULL, 0, 0, DK_SECRET, "A secret."},
    {"enableTLS", DK_BOOL, AT(flag, bool), "false", 0, 0, 0, "A flag."},
    {"redisDB", DK_INT, AT(number, int64_t), "0", 0, 15, 0, "A number."},
    {"readTimeout", DK_DURATION_MS, AT(pause_ms, int64_t), "3s", 1, 60000, 0, "A time.", NULL, NULL, "-1", -1},
    {"ttl", DK_DURATION_S, AT(age_ms, int64_t), NULL, 0, INT64_MAX, 0, "An age."},
    {"redisType", DK_ENUM, AT(kind, int), "node", 0, 0, 0, "A word.", NULL, kinds},
    DK_OPTION_END,
};
/* clang-format on */

static void *take(void *context, size_t size) {
    return dk__arena_take(context, size);
}

static void check(bool is_true) {
    if (!is_true) {
        abort();
    }
}

static enum dk_error parse(
    struct dk_pairs pairs,
    struct dk__arena *arena,
    struct configuration *ret,
    struct dk_fault *fault) {
    *ret = (struct configuration){0};
    *fault = (struct dk_fault){0};
    return dk_options_parse(rows, pairs, ret, take, arena, fault);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct dk__pool pool = {0};
    struct dk__arena arena = {.pool = &pool, .bytes_max = 1 << 20};
    struct dk_pair items[PAIRS_MAX];
    struct dk_pairs pairs = {.items = items};
    const char *at = (const char *)data, *const end = at + size;
    while (at < end && pairs.count < PAIRS_MAX) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        stop = stop == NULL ? end : stop;
        const char *equals = memchr(at, '=', (size_t)(stop - at));
        const char *name_end = equals == NULL ? stop : equals;
        const char *value = equals == NULL ? stop : equals + 1;
        items[pairs.count++] =
            (struct dk_pair){{at, (size_t)(name_end - at)}, {value, (size_t)(stop - value)}};
        at = stop == end ? end : stop + 1;
    }

    struct configuration first, second;
    struct dk_fault fault, again;
    const enum dk_error error = parse(pairs, &arena, &first, &fault);
    check(parse(pairs, &arena, &second, &again) == error);
    check(strcmp(fault.text, again.text) == 0);
    check(dk__utf8_is_valid(dk_bytes_of(fault.text)));
    if (error == DK_OK) {
        check(first.text != NULL && strlen(first.text) >= 1 && strlen(first.text) <= 64);
        check(first.number >= 0 && first.number <= 15 && first.kind >= 0 && first.kind <= 1);
        check(first.pause_ms == -1 || (first.pause_ms >= 1 && first.pause_ms <= 60000));
        check(first.age_ms >= 0);
    } else {
        check(fault.text[0] != '\0');
    }
    dk__arena_reset(&arena);
    dk__pool_clear(&pool);
    return 0;
}
