#include "core/hex.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

Test(hex, writes_every_byte_as_two_digits) {
    const unsigned char bytes[] = {0x00, 0x0f, 0xa5, 0xff};
    char text[2 * sizeof bytes + 1] = {0};

    char *const end = dk__hex_write(bytes, sizeof bytes, text);

    cr_assert(eq(ptr, end, text + 2 * sizeof bytes));
    cr_assert(eq(str, text, (char *)"000fa5ff"));
}

Test(hex, reads_an_escape_of_either_case) {
    char byte = 0;

    cr_assert(dk__percent_read((struct dk_bytes)DK_BYTES("a%2F"), 1, &byte));
    cr_assert(eq(chr, byte, '/'));
    cr_assert(dk__percent_read((struct dk_bytes)DK_BYTES("%2f%41"), 3, &byte));
    cr_assert(eq(chr, byte, 'A'));
}

Test(hex, refuses_an_escape_without_two_digits) {
    static const char *const texts[] = {"%", "%2", "%g0", "%0g", "%-1", "%\x01\x02"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        char byte = 'x';
        cr_assert(not(dk__percent_read(dk_bytes_of(texts[i]), 0, &byte)), "%s", texts[i]);
        cr_assert(eq(chr, byte, 'x'));
    }
}
