#include "wire/h2/text.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

Test(h2_text, percent_encoding_leaves_printable_ascii_alone) {
    const struct dk_bytes text = DK_BYTES("redis: 'x' ~ !");
    char target[32] = "";

    dk__h2_percent_encode(text, target);

    cr_assert(eq(str, target, "redis: 'x' ~ !"));
    cr_assert(eq(sz, dk__h2_percent_size(text), text.size));
}

Test(h2_text, percent_encoding_hides_the_rest) {
    const struct dk_bytes text = DK_BYTES("\t100%\r\n\xe2\x98\xba\x7f");
    char target[64] = "";

    dk__h2_percent_encode(text, target);

    cr_assert(eq(str, target, "%09100%25%0D%0A%E2%98%BA%7F"));
    cr_assert(eq(sz, dk__h2_percent_size(text), strlen(target)));
}

Test(h2_text, a_long_text_is_cut_at_a_character) {
    const struct dk_bytes text = DK_BYTES("ab\xe2\x98\xba"); /* 2 bytes, then one of 9 encoded */

    cr_assert(eq(sz, dk__h2_percent_cut(text, 11).size, 5));
    cr_assert(eq(sz, dk__h2_percent_cut(text, 10).size, 2));
    cr_assert(eq(sz, dk__h2_percent_cut(text, 2).size, 2));
    cr_assert(eq(sz, dk__h2_percent_cut(text, 1).size, 1));
    cr_assert(eq(sz, dk__h2_percent_cut(text, 0).size, 0));
}
