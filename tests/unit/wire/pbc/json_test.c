/*
 * JSON read into a message and written again, by proto3's rules.
 */
#include "wire/pbc/json.h"

#include "everything.pb-c.h"
#include "support/codec_memory.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef DaprKit__Testing__V1__Everything everything_message;

enum { ARENA_BYTES_MAX = 1 << 20 };

static struct dk__pool pool;
static struct dk__arena arena;
static everything_message message;
static struct dk_fault fault;

static void start(void) {
    arena = (struct dk__arena){.pool = &pool, .bytes_max = ARENA_BYTES_MAX};
    dapr_kit__testing__v1__everything__init(&message);
    fault = (struct dk_fault){0};
}

static void end(void) {
    dk__arena_reset(&arena);
    dk__pool_clear(&pool);
}

TestSuite(json, .init = start, .fini = end);

static enum dk_error read_json(const char *text) {
    return dk__json_read(dk_bytes_of(text), &arena, &message.base, &fault);
}

static const char *write_json(void) {
    static char text[8192];
    const struct dk_bytes json = dk__json_write(&arena, &message.base, &fault);
    cr_assert(ne(ptr, (void *)(uintptr_t)json.data, NULL));
    (void)snprintf(text, sizeof text, "%.*s", (int)json.size, json.data);
    return text;
}

static void assert_survives(const char *text) {
    dapr_kit__testing__v1__everything__init(&message);
    cr_assert(eq(int, read_json(text), DK_OK), "%s: %s", text, fault.text);
    cr_assert(eq(str, (char *)write_json(), (char *)text));
}

static void assert_becomes(const char *text, const char *other) {
    dapr_kit__testing__v1__everything__init(&message);
    cr_assert(eq(int, read_json(text), DK_OK), "%s: %s", text, fault.text);
    cr_assert(eq(str, (char *)write_json(), (char *)other));
}

static void assert_refused(const char *text, const char *words) {
    dapr_kit__testing__v1__everything__init(&message);
    fault = (struct dk_fault){0};
    cr_assert(eq(int, read_json(text), DK_INVALID), "%s", text);
    cr_assert(ne(ptr, strstr(fault.text, words), NULL), "%s: %s", text, fault.text);
}

/* ── values ─────────────────────────────────────────────────────────────────────────────────── */

Test(json, keeps_every_kind_of_number) {
    assert_survives("{\"aSmallNumber\":-2147483648,\"natural\":4294967295}");
    assert_survives("{\"large\":\"-9223372036854775808\",\"larger\":\"18446744073709551615\"}");
    assert_survives("{\"zigzag\":\"-1\",\"fixed\":7}");
    assert_survives("{\"narrow\":0.5,\"wide\":0.10000000000000001}");
    assert_survives("{\"narrow\":\"NaN\",\"wide\":\"-Infinity\"}");
}

Test(json, reads_numbers_in_their_other_forms) {
    assert_becomes("{\"large\":12}", "{\"large\":\"12\"}");
    assert_becomes("{\"aSmallNumber\":\"12\"}", "{\"aSmallNumber\":12}");
    assert_becomes("{\"aSmallNumber\":1e3}", "{\"aSmallNumber\":1000}");
    assert_becomes("{\"wide\":\"1.5\"}", "{\"wide\":1.5}");
    assert_becomes("{\"wide\":2}", "{\"wide\":2}");
}

Test(json, refuses_numbers_that_do_not_fit) {
    assert_refused("{\"aSmallNumber\":2147483648}", "aSmallNumber: '2147483648' is not");
    assert_refused("{\"natural\":-1}", "natural: '-1' is not an integer from 0");
    assert_refused("{\"large\":\"9223372036854775808\"}", "large: '9223372036854775808' is not");
    assert_refused("{\"aSmallNumber\":1.5}", "aSmallNumber: '1.5' is not");
    assert_refused("{\"wide\":\"0x10\"}", "wide: '0x10' is not a number");
    assert_refused("{\"wide\":\"\"}", "wide: '' is not a number");
    assert_refused("{\"large\":\"\"}", "large: '' is not");
}

Test(json, keeps_texts_bytes_enums_and_truth) {
    assert_survives("{\"isTrue\":true,\"title\":\"a \\\"b\\\" ☺\"}");
    assert_survives("{\"content\":\"AAH/\"}");
    assert_survives("{\"content\":\"Zg==\"}");
    assert_survives("{\"colour\":\"GREEN\"}");
}

Test(json, reads_bytes_in_both_alphabets_with_and_without_padding) {
    assert_becomes("{\"content\":\"_-8\"}", "{\"content\":\"/+8=\"}");
    assert_becomes("{\"content\":\"Zg\"}", "{\"content\":\"Zg==\"}");
    assert_refused("{\"content\":\"Z\"}", "content: 'Z' is not a string of base64");
}

Test(json, reads_enums_by_number_and_keeps_unknown_numbers) {
    assert_becomes("{\"colour\":1}", "{\"colour\":\"RED\"}");
    assert_survives("{\"colour\":77}");
    assert_refused("{\"colour\":\"BLUE\"}", "colour: 'BLUE' is not a name of its enum");
}

Test(json, refuses_a_text_that_protobuf_c_would_cut) {
    assert_refused("{\"title\":\"a\\u0000b\"}", "NUL");
}

Test(json, leaves_defaults_and_null_out) {
    assert_becomes(
        "{\"natural\":0,\"title\":\"\",\"isTrue\":false,\"tags\":[],\"labels\":{}}", "{}");
    assert_becomes("{\"natural\":null,\"part\":null,\"tags\":null,\"created\":null}", "{}");
}

/* ── structure ──────────────────────────────────────────────────────────────────────────────── */

Test(json, keeps_messages_lists_and_maps) {
    assert_survives("{\"part\":{\"sha256\":\"ab\",\"inner\":{\"data\":\"AQ==\"}}}");
    assert_survives("{\"parts\":[{\"sha256\":\"a\"},{},{\"sha256\":\"b\"}]}");
    assert_survives("{\"tags\":[\"a\",\"b\"],\"counts\":[\"1\",\"-2\"]}");
    assert_survives("{\"labels\":{\"a\":\"1\",\"b\":\"2\"}}");
    assert_survives("{\"byNumber\":{\"7\":{\"sha256\":\"x\"}}}");
}

Test(json, reads_names_as_the_proto_has_them) {
    assert_becomes(
        "{\"a_small_number\":1,\"is_true\":true}", "{\"aSmallNumber\":1,\"isTrue\":true}");
}

Test(json, keeps_the_member_of_a_oneof_even_at_its_default) {
    assert_survives("{\"name\":\"x\"}");
    assert_survives("{\"number\":0}");
    assert_survives("{\"whole\":{}}");
}

Test(json, names_the_place_of_a_fault) {
    assert_refused("{\"parts\":[{},{\"sha256\":3}]}", "parts[1].sha256: is a number, a string");
    assert_refused("{\"labels\":{\"a\":1}}", "labels.a: is a number");
    assert_refused("{\"tags\":\"a\"}", "tags: is a string, a list is wanted");
    assert_refused("{\"part\":[]}", "part: is a list, an object is wanted");
    assert_refused("[]", "the body: is a list, an object is wanted");
    assert_refused(
        "{\"titel\":\"a\"}", "titel: is no field of Everything; its fields: aSmallNumber");
    assert_refused("{\"title\":\"a\",\"title\":\"b\"}", "duplicate");
    assert_refused("{\"title\":", "the body: is no JSON: line 1");
    assert_refused("", "the body: is no JSON");
}

Test(json, refuses_messages_that_nest_too_deep) {
    char text[4096] = "{\"part\":{}";
    size_t size = 0;
    for (int i = 0; i < DK__JSON_DEPTH_MAX + 2; i++) {
        size += (size_t)sprintf(text + size, i == 0 ? "{\"part\":" : "{\"inner\":");
    }
    size += (size_t)sprintf(text + size, "{}");
    for (int i = 0; i < DK__JSON_DEPTH_MAX + 2; i++) {
        size += (size_t)sprintf(text + size, "}");
    }
    assert_refused(text, "nest deeper than 32");
}

Test(json, says_when_the_arena_is_full) {
    arena.bytes_max = 40;
    cr_assert(
        eq(int,
           read_json("{\"tags\":[\"a long text that needs room\",\"and another\"]}"),
           DK_EXHAUSTED));
}

/* ── forms of their own ─────────────────────────────────────────────────────────────────────── */

Test(json, keeps_moments) {
    assert_survives("{\"created\":\"2026-11-25T10:00:00Z\"}");
    assert_survives("{\"created\":\"1969-12-31T23:59:59.250Z\"}");
    assert_survives("{\"created\":\"0001-01-01T00:00:00Z\"}");
    assert_survives("{\"created\":\"9999-12-31T23:59:59.999999999Z\"}");
    assert_survives("{\"created\":\"2024-02-29T12:00:00.000001Z\"}");
    assert_becomes(
        "{\"created\":\"2026-11-25T10:00:00.5+01:30\"}",
        "{\"created\":\"2026-11-25T08:30:00.500Z\"}");
    assert_becomes(
        "{\"created\":\"1970-01-01T00:00:00Z\"}", "{\"created\":\"1970-01-01T00:00:00Z\"}");
}

Test(json, refuses_moments_that_are_none) {
    static const char *const texts[] = {
        "2026-02-29T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-11-25",
        "2026-11-25T24:00:00Z",
        "2026-11-25T10:00:00",
        "2026-11-25T10:00:00.Z",
        "0000-12-31T23:59:59Z",
        "10:00",
        "2026-11-25T10:00:00Zx",
        "0001-01-01T00:00:00+01:00",
        ""};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        char text[128];
        (void)snprintf(text, sizeof text, "{\"created\":\"%s\"}", texts[i]);
        assert_refused(text, "created: '");
    }
}

Test(json, keeps_durations) {
    assert_survives("{\"length\":\"1s\"}");
    assert_survives("{\"length\":\"-1.500s\"}");
    assert_survives("{\"length\":\"0.000000001s\"}");
    assert_survives("{\"length\":\"315576000000s\"}");
    assert_refused("{\"length\":\"315576000001s\"}", "length: '");
    assert_refused("{\"length\":\"1\"}", "length: '1' is not a duration");
    assert_refused("{\"length\":\"1m\"}", "length: '");
}

Test(json, keeps_what_has_no_shape) {
    assert_survives("{\"extensions\":{\"a\":null,\"b\":[1,\"x\",true,{\"c\":{}}],\"d\":\"\"},"
                    "\"anything\":null}");
    assert_survives("{\"anything\":[]}");
    assert_survives("{\"anything\":\"x\"}");
}

/* ── from a path or a query string ──────────────────────────────────────────────────────────── */

static enum dk_error set_text(const char *name, const char *text) {
    return dk__json_set_text(dk_bytes_of(name), dk_bytes_of(text), &arena, &message.base, &fault);
}

Test(json, sets_single_fields_from_text) {
    cr_assert(eq(int, set_text("title", "a/b"), DK_OK));
    cr_assert(eq(int, set_text("aSmallNumber", "-4"), DK_OK));
    cr_assert(eq(int, set_text("is_true", "true"), DK_OK));
    cr_assert(eq(int, set_text("tags", "x"), DK_OK));
    cr_assert(eq(int, set_text("tags", "y"), DK_OK));
    cr_assert(eq(int, set_text("part.inner.sha256", "deep"), DK_OK));
    cr_assert(eq(int, set_text("number", "0"), DK_OK));

    cr_assert(
        eq(str,
           (char *)write_json(),
           "{\"aSmallNumber\":-4,\"isTrue\":true,\"title\":\"a/b\",\"part\":{\"inner\":{\"sha256\":"
           "\"deep\"}},\"tags\":[\"x\",\"y\"],\"number\":0}"));
}

Test(json, names_a_text_that_is_no_field_or_does_not_fit) {
    cr_assert(eq(int, set_text("titel", "a"), DK_INVALID));
    cr_assert(ne(ptr, strstr(fault.text, "titel: is no field of Everything"), NULL));
    cr_assert(eq(int, set_text("natural", "x"), DK_INVALID));
    cr_assert(ne(ptr, strstr(fault.text, "natural: 'x' is not an integer"), NULL));
    cr_assert(eq(int, set_text("part", "x"), DK_INVALID));
    cr_assert(eq(int, set_text("title.x", "x"), DK_INVALID));
    cr_assert(eq(int, set_text("parts.sha256", "x"), DK_INVALID));
}

static void assert_unwritten(enum dk_error error, const char *words) {
    fault = (struct dk_fault){0};
    cr_assert(eq(ptr, (void *)dk__json_write(&arena, &message.base, &fault).data, NULL));
    cr_assert(eq(int, fault.error, error));
    cr_assert(ne(ptr, strstr(fault.text, words), NULL), "%s", fault.text);
}

Test(json, that_cannot_be_written_says_why) {
    enum { DEEP = DK__JSON_DEPTH_MAX + 1 };
    DaprKit__Testing__V1__Everything__Part parts[DEEP];
    dapr_kit__testing__v1__everything__init(&message);
    message.title = "\xff";
    assert_unwritten(DK_INVALID, "no UTF-8");

    message.title = "a title";
    for (size_t i = 0; i < DEEP; i++) {
        dapr_kit__testing__v1__everything__part__init(&parts[i]);
        parts[i].inner = i == 0 ? NULL : &parts[i - 1];
    }
    message.part = &parts[DEEP - 2];
    cr_assert(ne(ptr, (void *)dk__json_write(&arena, &message.base, &fault).data, NULL));
    message.part = &parts[DEEP - 1];
    assert_unwritten(DK_INVALID, "deeper than 32 messages");

    message.part = NULL;
    arena.bytes_max = arena.bytes_taken;
    assert_unwritten(DK_EXHAUSTED, "more memory than one call may have");
}
