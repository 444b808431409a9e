#include "core/base64.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

static void assert_encodes(const char *plain, const char *encoded) {
    char target[64] = "", back[64] = "";
    size_t size = 0;
    const struct dk_bytes bytes = dk_bytes_of(plain);

    dk__base64_encode(bytes, target);

    cr_assert(eq(str, target, (char *)encoded));
    cr_assert(eq(sz, dk__base64_size(bytes.size), strlen(encoded)));
    cr_assert(dk__base64_decode(dk_bytes_of(encoded), back, &size));
    cr_assert(eq(str, back, (char *)plain));
    cr_assert(eq(sz, size, bytes.size));
}

Test(base64, has_no_padding) {
    assert_encodes("", "");
    assert_encodes("f", "Zg");
    assert_encodes("fo", "Zm8");
    assert_encodes("foo", "Zm9v");
    assert_encodes("foob", "Zm9vYg");
    assert_encodes("fooba", "Zm9vYmE");
    assert_encodes("foobar", "Zm9vYmFy");
}

Test(base64, is_read_with_padding_too) {
    char back[8] = "";
    size_t size = 0;

    cr_assert(dk__base64_decode((struct dk_bytes)DK_BYTES("Zg=="), back, &size));
    cr_assert(eq(sz, size, 1));
    cr_assert(dk__base64_decode((struct dk_bytes)DK_BYTES("Zm8="), back, &size));
    cr_assert(eq(sz, size, 2));
}

Test(base64, what_is_none_is_refused) {
    static const char *const texts[] = {
        "Z", "Zg=", "=", "====", "Z===", "Zm9vZ", "Zm 9", "Zm-_", "Zg==Zg==", "Z\x80", "Zg=a"};
    char back[16];
    size_t size = 99;

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        cr_assert(not(dk__base64_decode(dk_bytes_of(texts[i]), back, &size)), "%s", texts[i]);
    }
    cr_assert(eq(sz, size, 99));
}

Test(base64, every_byte_survives) {
    char bytes[256], text[400], back[320];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (char)i;
    }

    for (size_t count = 0; count <= sizeof bytes; count++) {
        const struct dk_bytes part = {.data = bytes, .size = count};
        const struct dk_bytes encoded = {.data = text, .size = dk__base64_size(count)};
        size_t size = 0;
        dk__base64_encode(part, text);

        cr_assert(dk__base64_decode(encoded, back, &size));
        cr_assert(dk_bytes_equal(part, (struct dk_bytes){.data = back, .size = size}));
    }
}
