/*
 * A property given twice, first empty, was called missing as well; a long value was cut within a
 * character; without a fault to fill, the parser crashed instead of giving the error back.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <dk/option.h>
#include <stdlib.h>
#include <string.h>

struct configuration {
    const char *host;
    int64_t port;
};

#define AT(field, ctype) DK_FIELD(struct configuration, field, ctype)

static const struct dk_option options[] = {
    {"host", DK_TEXT, AT(host, const char *), NULL, 0, 0, DK_REQUIRED, "Host."},
    {"port", DK_INT, AT(port, int64_t), "1", 1, 9, 0, "Port."},
    DK_OPTION_END,
};

static char memory[4096];
static size_t taken;

static void *take(void *context, size_t size) {
    (void)context;
    taken += size;
    return taken > sizeof memory ? NULL : memory + taken - size;
}

static enum dk_error parse(const struct dk_pair *pairs, size_t count, struct dk_fault *fault) {
    struct configuration configuration = {0};
    return dk_options_parse(
        options, (struct dk_pairs){pairs, count}, &configuration, take, NULL, fault);
}

Test(option_regression, property_given_twice_is_not_missing_as_well) {
    const struct dk_pair pairs[] = {
        {DK_BYTES("host"), DK_BYTES("")}, {DK_BYTES("HOST"), DK_BYTES("a")}};
    struct dk_fault fault = {0};

    cr_assert(eq(int, parse(pairs, 2, &fault), DK_INVALID));

    cr_assert(eq(str, fault.text, "host: is there twice, as 'host' and as 'HOST'"));
}

Test(option_regression, long_value_is_cut_at_a_character) {
    for (size_t ahead = 0; ahead < 4; ahead++) {
        char value[400];
        size_t used = ahead;
        memset(value, 'a', sizeof value);
        for (; used + 4 < sizeof value; used += 4) {
            memcpy(value + used, "\xF0\x9F\x98\x80", 4);
        }
        const struct dk_pair pairs[] = {
            {DK_BYTES("host"), DK_BYTES("a")}, {DK_BYTES("port"), {value, used}}};
        struct dk_fault fault = {0};

        cr_assert(eq(int, parse(pairs, 2, &fault), DK_INVALID));

        cr_assert(eq(ptr, strstr(fault.text, "\xEF\xBF\xBD"), NULL), "%zu ahead", ahead);
        cr_assert(ne(ptr, strstr(fault.text, "\xF0\x9F\x98\x80' is not"), NULL), "%zu", ahead);
    }
}

Test(option_regression, error_comes_back_when_nobody_wants_words) {
    const struct dk_pair pair = {DK_BYTES("host"), DK_BYTES("a")};

    cr_assert(eq(int, parse(NULL, 0, NULL), DK_INVALID));
    cr_assert(eq(int, parse(&pair, 1, NULL), DK_OK));
}
