#include "wire/h2/text.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>

static void assert_encodes(const char *plain, const char *encoded) {
    char target[64] = "", back[64] = "";
    size_t size = 0;
    const struct dk_bytes bytes = dk_bytes_of(plain);

    dk__h2_base64_encode(bytes, target);

    cr_assert(eq(str, target, (char *)encoded));
    cr_assert(eq(sz, dk__h2_base64_size(bytes.size), strlen(encoded)));
    cr_assert(dk__h2_base64_decode(dk_bytes_of(encoded), back, &size));
    cr_assert(eq(str, back, (char *)plain));
    cr_assert(eq(sz, size, bytes.size));
}

Test(h2_text, base64_has_no_padding) {
    assert_encodes("", "");
    assert_encodes("f", "Zg");
    assert_encodes("fo", "Zm8");
    assert_encodes("foo", "Zm9v");
    assert_encodes("foob", "Zm9vYg");
    assert_encodes("fooba", "Zm9vYmE");
    assert_encodes("foobar", "Zm9vYmFy");
}

Test(h2_text, base64_is_read_with_padding_too) {
    char back[8] = "";
    size_t size = 0;

    cr_assert(dk__h2_base64_decode((struct dk_bytes)DK_BYTES("Zg=="), back, &size));
    cr_assert(eq(sz, size, 1));
    cr_assert(dk__h2_base64_decode((struct dk_bytes)DK_BYTES("Zm8="), back, &size));
    cr_assert(eq(sz, size, 2));
}

Test(h2_text, what_is_no_base64_is_refused) {
    static const char *const texts[] = {
        "Z", "Zg=", "=", "====", "Z===", "Zm9vZ", "Zm 9", "Zm-_", "Zg==Zg==", "Z\x80", "Zg=a"};
    char back[16];
    size_t size = 99;

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        cr_assert(not(dk__h2_base64_decode(dk_bytes_of(texts[i]), back, &size)), "%s", texts[i]);
    }
    cr_assert(eq(sz, size, 99));
}

Test(h2_text, every_byte_survives_base64) {
    char bytes[256], text[400], back[320];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (char)i;
    }

    for (size_t count = 0; count <= sizeof bytes; count++) {
        const struct dk_bytes part = {.data = bytes, .size = count};
        const struct dk_bytes encoded = {.data = text, .size = dk__h2_base64_size(count)};
        size_t size = 0;
        dk__h2_base64_encode(part, text);

        cr_assert(dk__h2_base64_decode(encoded, back, &size));
        cr_assert(dk_bytes_equal(part, (struct dk_bytes){.data = back, .size = size}));
    }
}

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
