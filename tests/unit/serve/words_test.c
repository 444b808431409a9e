#include "serve/words.h"

#include "core/process_metrics.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>

/* What --version says of a program whose own version is this one. */
static const char *says(const char *version) {
    static char text[128];
    FILE *output = fmemopen(text, sizeof text, "w");
    cr_assert(output != NULL);
    dk__build_set_version(version);
    dk__words_version("dk-sqlite", output);
    (void)fclose(output);
    return text;
}

Test(words, a_program_without_a_version_has_the_sdks) {
    char expected[64];
    (void)snprintf(expected, sizeof expected, "dk-sqlite %s", dk__build_sdk_version());
    cr_assert(eq(str, (char *)says(NULL), expected));
}

Test(words, a_program_with_a_version_says_which_sdk_is_in_it) {
    char expected[64];
    (void)snprintf(
        expected, sizeof expected, "dk-sqlite 1.4.0 (dapr-kit %s)", dk__build_sdk_version());
    cr_assert(eq(str, (char *)says("1.4.0"), expected));
    cr_assert(eq(str, (char *)dk__build_version(), "1.4.0"));
}
