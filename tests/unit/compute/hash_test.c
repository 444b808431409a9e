/* Digests against vectors of their standards: FIPS 180-2, appendix B; xxHash 0.8's own. */
#include "compute/hash.h"

#include "support/counted_watch.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>
#include <string.h>

enum { MILLION = 1000000 };

static struct dk_bytes million(void) {
    char *text = malloc(MILLION);
    memset(text, 'a', MILLION);
    return (struct dk_bytes){.data = text, .size = MILLION};
}

static void assert_sha256(struct dk_bytes bytes, const char *expected) {
    char text[HASH_SHA256_TEXT_BYTES] = "";

    cr_assert(eq(int, hash_sha256(bytes, NULL, text, NULL), DK_OK));
    cr_assert(eq(str, text, (char *)expected));
    cr_assert(hash_sha256_is_text(dk_bytes_of(text)));
}

Test(hash, sha256_is_that_of_fips_180) {
    const struct dk_bytes many = million();

    assert_sha256(
        dk_bytes_of(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_sha256(
        (struct dk_bytes){0}, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_sha256(
        dk_bytes_of("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_sha256(
        dk_bytes_of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    assert_sha256(many, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    free((void *)many.data);
}

Test(hash, only_lower_case_hexadecimal_of_that_length_is_a_name) {
    char text[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    cr_assert(hash_sha256_is_text(dk_bytes_of(text)));
    cr_assert(not(hash_sha256_is_text((struct dk_bytes){text, sizeof text - 2})));
    cr_assert(not(hash_sha256_is_text((struct dk_bytes){text, sizeof text})));
    cr_assert(not(hash_sha256_is_text((struct dk_bytes){0})));
    text[5] = 'B';
    cr_assert(not(hash_sha256_is_text(dk_bytes_of(text))));
    text[5] = 'g';
    cr_assert(not(hash_sha256_is_text(dk_bytes_of(text))));
    text[5] = '/';
    cr_assert(not(hash_sha256_is_text(dk_bytes_of(text))));
}

static void assert_xxh3(struct dk_bytes bytes, uint64_t expected, const char *expected_128) {
    char text[HASH_XXH3_128_TEXT_BYTES] = "";
    uint64_t sum = 0;

    cr_assert(eq(int, hash_xxh3_64(bytes, NULL, &sum, NULL), DK_OK));
    cr_assert(eq(u64, sum, expected));
    cr_assert(eq(int, hash_xxh3_128(bytes, NULL, text, NULL), DK_OK));
    cr_assert(eq(str, text, (char *)expected_128));
}

Test(hash, xxh3_is_that_of_its_own_tools) {
    const struct dk_bytes many = million();

    assert_xxh3(dk_bytes_of(""), 0x2d06800538d394c2, "99aa06d3014798d86001c324468d497f");
    assert_xxh3((struct dk_bytes){0}, 0x2d06800538d394c2, "99aa06d3014798d86001c324468d497f");
    assert_xxh3(dk_bytes_of("abc"), 0x78af5f94892f3950, "06b05ab6733a618578af5f94892f3950");
    assert_xxh3(many, 0xb1fd6fae5285c4eb, "a545df8e384a9579b1fd6fae5285c4eb");
    free((void *)many.data);
}

/* ── giving up ──────────────────────────────────────────────────────────────────────────────── */

Test(hash, looks_at_its_watch_once_an_interval_and_gives_up) {
    static char zeros[3 * WATCH_INTERVAL_BYTES + 1];
    const struct dk_bytes bytes = {.data = zeros, .size = sizeof zeros};
    struct counted_watch counted;
    struct watch watch = counted_watch(&counted, 1000);
    char text[HASH_SHA256_TEXT_BYTES] = "untouched", text_128[HASH_XXH3_128_TEXT_BYTES] = "too";
    struct dk_fault fault = {0};
    uint64_t sum = 99;

    cr_assert(eq(int, hash_sha256(bytes, &watch, text, &fault), DK_OK));
    cr_assert(eq(int, counted.looks, 4));

    for (int over_at = 1; over_at <= 4; over_at++) {
        watch = counted_watch(&counted, over_at);
        strcpy(text, "untouched");
        cr_assert(eq(int, hash_sha256(bytes, &watch, text, &fault), DK_CANCELLED));
        cr_assert(eq(int, counted.looks, over_at));
        cr_assert(eq(str, text, "untouched"));
        counted.looks = 0;
        cr_assert(eq(int, hash_xxh3_64(bytes, &watch, &sum, &fault), DK_CANCELLED));
        counted.looks = 0;
        cr_assert(eq(int, hash_xxh3_128(bytes, &watch, text_128, &fault), DK_CANCELLED));
        cr_assert(eq(u64, sum, 99));
        cr_assert(eq(str, text_128, "too"));
    }
    cr_assert(ne(ptr, strstr(fault.text, "hash: given up after 786432 bytes"), NULL));
}
