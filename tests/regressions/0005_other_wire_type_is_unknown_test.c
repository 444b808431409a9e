/*
 * A field that came with another wire type than its own made the whole request malformed. To
 * protobuf's libraries, daprd's Go among them, it is a field that nobody knows: it is passed over,
 * and the request means what the rest of it says.
 */
#include "wire/nanopb/state.h"

#include "support/codec_memory.h"
#include "support/wire_writer.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

static struct codec_memory memory;
static struct wire message, part;

static void setup(void) {
    codec_memory_begin(&memory);
    wire_clear(&message);
    wire_clear(&part);
}

static void teardown(void) {
    codec_memory_end(&memory);
}

TestSuite(other_wire_type, .init = setup, .fini = teardown);

static bool is_text(struct dk_bytes bytes, const char *text) {
    return dk_bytes_equal(bytes, dk_bytes_of(text));
}

/* All that a Set has, and behind each field the same number in other ways. */
Test(other_wire_type, of_a_known_field_leaves_the_field_as_it_was) {
    struct dk_set set;
    wire_text(&message, 1, "key");
    wire_number(&message, 1, 7);
    wire_text(&message, 2, "value");
    wire_raw(
        &message,
        (struct dk_bytes)DK_BYTES("\x15"
                                  "1234")); /* 32 bits */
    wire_text(&part, 1, "17");
    wire_raw(&part, (struct dk_bytes)DK_BYTES("\x0b\x08\x01\x0c")); /* a group */
    wire_message(&message, 3, &part);
    wire_raw(
        &message,
        (struct dk_bytes)DK_BYTES("\x19"
                                  "12345678")); /* 64 bits */
    wire_clear(&part);
    wire_number(&part, 2, DK_STRONG);
    wire_text(&part, 2, "\x01"); /* bytes where an enum stands */
    wire_message(&message, 5, &part);

    cr_assert(
        eq(int, dk__decode_set(wire_view(&message), &memory.arena, &set, &memory.fault), DK_OK),
        "%s",
        memory.fault.text);

    cr_assert(is_text(set.key, "key") && is_text(set.value, "value") && is_text(set.etag, "17"));
    cr_assert(eq(int, (int)set.consistency, DK_STRONG));
}

Test(other_wire_type, in_an_entry_of_a_map_leaves_its_half_empty) {
    struct dk_get get;
    wire_text(&message, 1, "key");
    wire_number(&part, 1, 7);
    wire_text(&part, 2, "value");
    wire_number(&part, 2, 7);
    wire_message(&message, 2, &part);

    cr_assert(
        eq(int, dk__decode_get(wire_view(&message), &memory.arena, &get, &memory.fault), DK_OK),
        "%s",
        memory.fault.text);

    cr_assert(eq(sz, get.metadata.count, 1));
    cr_assert(is_text(get.metadata.items[0].key, ""));
    cr_assert(is_text(get.metadata.items[0].value, "value"));
}

Test(other_wire_type, in_the_entry_of_a_filter_leaves_it_empty) {
    struct dk_query query;
    wire_number(&part, 1, 7);
    wire_number(&part, 2, 7);
    static struct wire body;
    wire_clear(&body);
    wire_message(&body, 1, &part);
    wire_message(&message, 1, &body);

    cr_assert(
        eq(int, dk__decode_query(wire_view(&message), &memory.arena, &query, &memory.fault), DK_OK),
        "%s",
        memory.fault.text);

    cr_assert(is_text(query.filter_operator, "") && is_text(query.filter_operand, ""));
}

/* And where it was all there is, the field did not come. */
Test(other_wire_type, is_no_key) {
    struct dk_get get;
    wire_number(&message, 1, 7);

    cr_assert(eq(
        int, dk__decode_get(wire_view(&message), &memory.arena, &get, &memory.fault), DK_INVALID));

    cr_assert(eq(str, memory.fault.text, "key: is empty"));
}
