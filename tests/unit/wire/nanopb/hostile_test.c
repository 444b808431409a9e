/* Bytes that nobody should send, and bounds. */
#include "wire/nanopb/state.h"

#include "support/state_oracle.h"
#include "support/wire_writer.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>
#include <string.h>

static struct codec_memory memory;
static struct wire message, part, item;

static void setup(void) {
    codec_memory_begin(&memory);
    wire_clear(&message);
    wire_clear(&part);
    wire_clear(&item);
}

static void teardown(void) {
    codec_memory_end(&memory);
}

TestSuite(hostile_requests, .init = setup, .fini = teardown);

static enum dk_error decode_get(struct dk_get *ret) {
    return dk__decode_get(wire_view(&message), &memory.arena, ret, &memory.fault);
}

/* ── fields that nobody knows ───────────────────────────────────────────────────────────────── */

/* Each is a field by itself, whatever stands around it. */
static const struct dk_bytes unknown_fields[] = {
    DK_BYTES("\x48\x01"),                                     /* varint */
    DK_BYTES("\x48\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), /* the longest */
    DK_BYTES("\x49"
             "12345678"),             /* 64 bits */
    DK_BYTES("\x4a\x03\x08\xff\xff"), /* bytes */
    DK_BYTES("\x4a\x00"),             /* no bytes */
    DK_BYTES("\x4d"
             "1234"),     /* 32 bits */
    DK_BYTES("\x4b\x4c"), /* an empty group */
    DK_BYTES("\x4b\x08\x01\x53\x12\x01x\x54\x1d"
             "1234\x4c"),                 /* a group in a group */
    DK_BYTES("\xf8\xff\xff\xff\x0f\x01"), /* the largest number there is */
};

Test(hostile_requests, fields_that_nobody_knows_are_passed_over_everywhere) {
    for (size_t i = 0; i < sizeof unknown_fields / sizeof unknown_fields[0]; i++) {
        const struct dk_bytes unknown = unknown_fields[i];
        struct dk_set set;
        setup();
        wire_raw(&message, unknown);
        wire_text(&message, 1, "key");
        wire_raw(&message, unknown);
        wire_raw(&part, unknown);
        wire_text(&part, 1, "name");
        wire_raw(&part, unknown);
        wire_text(&part, 2, "value");
        wire_message(&message, 4, &part);
        wire_clear(&part);
        wire_raw(&part, unknown);
        wire_text(&part, 1, "17");
        wire_message(&message, 3, &part);
        wire_raw(&message, unknown);

        cr_expect(
            eq(int, dk__decode_set(wire_view(&message), &memory.arena, &set, &memory.fault), DK_OK),
            "%zu: %s",
            i,
            memory.fault.text);

        cr_expect(dk_bytes_equal(set.key, dk_bytes_of("key")), "%zu", i);
        cr_expect(dk_bytes_equal(set.etag, dk_bytes_of("17")), "%zu", i);
        cr_expect(eq(sz, set.metadata.count, 1), "%zu", i);
        cr_expect(
            dk_bytes_equal(dk_pairs_find(set.metadata, dk_bytes_of("name")), dk_bytes_of("value")),
            "%zu",
            i);
        teardown();
    }
}

/* Groups, one in the other, `depth` of them. */
static void put_groups(int depth) {
    for (int i = 0; i < depth; i++) {
        wire_varint(&message, 9 << 3 | 3);
    }
    for (int i = 0; i < depth; i++) {
        wire_varint(&message, 9 << 3 | 4);
    }
}

Test(hostile_requests, groups_nest_32_deep_and_no_deeper) {
    struct dk_get get;
    wire_text(&message, 1, "k");
    put_groups(32);
    cr_assert(eq(int, decode_get(&get), DK_OK));

    put_groups(33);
    cr_assert(eq(int, decode_get(&get), DK_INVALID));
}

/* ── malformed ──────────────────────────────────────────────────────────────────────────────── */

/* Each stands behind a good key. */
static const struct dk_bytes malformed[] = {
    DK_BYTES("\x00"),                                         /* field number 0 */
    DK_BYTES("\x02\x00"),                                     /* again, with a length */
    DK_BYTES("\x4e\x00"),                                     /* wire type 6 */
    DK_BYTES("\x4f\x00"),                                     /* wire type 7 */
    DK_BYTES("\x4c"),                                         /* a group's end without its begin */
    DK_BYTES("\x4b"),                                         /* a group without its end */
    DK_BYTES("\x4b\x54"),                                     /* another group's end */
    DK_BYTES("\x4b\x02\x00\x4c"),                             /* field number 0 in a group */
    DK_BYTES("\x0a"),                                         /* no length */
    DK_BYTES("\x0a\x02k"),                                    /* longer than what is left */
    DK_BYTES("\x0a\xff\xff\xff\xff\x0f"),                     /* 4 GiB */
    DK_BYTES("\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), /* as long as 64 bits say */
    DK_BYTES("\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), /* eleven bytes */
    DK_BYTES("\x18"),                                             /* no number */
    DK_BYTES("\x18\x80"),                                         /* half a number */
    DK_BYTES("\x18\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"), /* too long a number */
    DK_BYTES("\xf8\xff\xff\xff\xff\x01\x01"),                     /* a number over 2^29 − 1 */
    DK_BYTES("\x0c"),                                             /* an end as a key */
    DK_BYTES("\x0b"),                                             /* half a group as a key */
    DK_BYTES("\x0d"
             "123"),               /* half of 32 bits as a key */
    DK_BYTES("\x1a\x02\x01"),      /* bytes cut off as an enum */
    DK_BYTES("\x12\x01\x08"),      /* no number as a name */
    DK_BYTES("\x12\x01\x0a"),      /* an entry cut off */
    DK_BYTES("\x12\x03\x0a\x05k"), /* a name longer than its entry */
    DK_BYTES("\x12\x02\x02\x00"),  /* field number 0 in an entry */
    DK_BYTES("\x49"
             "1234567"), /* half of 64 bits */
    DK_BYTES("\x4d"
             "123"), /* half of 32 bits */
};

Test(hostile_requests, what_is_malformed_is_refused) {
    for (size_t i = 0; i < sizeof malformed / sizeof malformed[0]; i++) {
        struct dk_get get;
        setup();
        wire_text(&message, 1, "k");
        wire_raw(&message, malformed[i]);
        char *exact = codec_memory_exact(wire_view(&message));

        cr_expect(
            eq(int,
               dk__decode_get(
                   (struct dk_bytes){exact, message.size}, &memory.arena, &get, &memory.fault),
               DK_INVALID),
            "%zu",
            i);

        cr_expect(strstr(memory.fault.text, "malformed") != NULL, "%zu: %s", i, memory.fault.text);
        free(exact);
        teardown();
    }
}

Test(hostile_requests, what_is_malformed_among_many_is_refused_by_its_place) {
    struct dk_bulk_get get;
    wire_text(&item, 1, "k");
    wire_message(&message, 1, &item);
    wire_message(&message, 1, &item);
    wire_raw(&item, (struct dk_bytes)DK_BYTES("\x18"));
    wire_message(&message, 1, &item);

    cr_assert(
        eq(int,
           dk__decode_bulk_get(wire_view(&message), &memory.arena, &get, &memory.fault),
           DK_INVALID));

    cr_assert(strstr(memory.fault.text, "items[2]") != NULL, "%s", memory.fault.text);
}

/* One message of each kind with every field, in a place of exactly its size. */
static void put_whole(enum state_message kind) {
    static struct wire etag, options, set, get, delete;
    wire_clear(&etag);
    wire_clear(&options);
    wire_clear(&set);
    wire_clear(&get);
    wire_clear(&delete);
    wire_text(&etag, 1, "17");
    wire_number(&options, 1, 1);
    wire_number(&options, 2, 2);
    wire_text(&get, 1, "key");
    wire_entry(&get, 2, "a", "b");
    wire_number(&get, 3, 300);
    wire_text(&set, 1, "key");
    wire_text(&set, 2, "value");
    wire_message(&set, 3, &etag);
    wire_entry(&set, 4, "a", "b");
    wire_message(&set, 5, &options);
    wire_text(&set, 6, "type");
    wire_text(&delete, 1, "key");
    wire_message(&delete, 2, &etag);
    wire_entry(&delete, 3, "a", "b");
    wire_message(&delete, 4, &options);
    switch (kind) {
    case STATE_INIT:
        wire_entry(&part, 1, "a", "b");
        wire_message(&message, 1, &part);
        break;
    case STATE_GET:
        wire_raw(&message, wire_view(&get));
        break;
    case STATE_SET:
        wire_raw(&message, wire_view(&set));
        break;
    case STATE_DELETE:
        wire_raw(&message, wire_view(&delete));
        break;
    case STATE_BULK_GET:
    case STATE_BULK_SET:
    case STATE_BULK_DELETE:
        for (int i = 0; i < 2; i++) {
            wire_message(
                &message,
                1,
                kind == STATE_BULK_GET   ? &get
                : kind == STATE_BULK_SET ? &set
                                         : &delete);
        }
        wire_number(&part, 1, 300);
        wire_message(&message, 2, &part);
        break;
    case STATE_TRANSACT:
        wire_message(&part, 2, &set);
        wire_message(&message, 1, &part);
        wire_clear(&part);
        wire_message(&part, 1, &delete);
        wire_message(&message, 1, &part);
        wire_entry(&message, 2, "a", "b");
        break;
    case STATE_QUERY:
        wire_raw(
            &item,
            (struct dk_bytes)DK_BYTES("\x0a\x09\x0a\x02"
                                      "EQ\x12\x03\x12\x01"
                                      "1"));
        wire_raw(
            &item,
            (struct dk_bytes)DK_BYTES("\x12\x07\x0a\x03"
                                      "a.b\x10\x01"));
        wire_raw(&item, (struct dk_bytes)DK_BYTES("\x1a\x06\x08\x80\x01\x12\x01t"));
        wire_message(&message, 1, &item);
        wire_entry(&message, 2, "a", "b");
        break;
    case STATE_MESSAGES:
        abort();
    }
}

/* A prefix is whole where it ends between two fields: protobuf-c is the judge. */
Test(hostile_requests, a_message_cut_off_anywhere_is_read_as_protobuf_c_reads_it) {
    for (int kind = 0; kind < STATE_MESSAGES; kind++) {
        size_t refused = 0;
        setup();
        put_whole((enum state_message)kind);
        for (size_t size = 0; size <= message.size; size++) {
            enum dk_error ours = DK_OK;
            char *exact = codec_memory_exact((struct dk_bytes){message.bytes, size});
            memory.fault = (struct dk_fault){.error = DK_OK};

            const char *difference = state_oracle_read(
                (enum state_message)kind, (struct dk_bytes){exact, size}, &memory, &ours);

            cr_expect(eq(ptr, (void *)difference, NULL), "%d at %zu: %s", kind, size, difference);
            refused += ours != DK_OK;
            cr_expect(size < message.size || ours == DK_OK, "%d: %s", kind, memory.fault.text);
            free(exact);
        }
        cr_expect(gt(sz, refused, message.size / 2), "%d", kind);
        teardown();
    }
}

Test(hostile_requests, any_byte_changed_to_any_other_is_read_as_protobuf_c_reads_it) {
    size_t refused = 0;
    for (int kind = 0; kind < STATE_MESSAGES; kind++) {
        setup();
        put_whole((enum state_message)kind);
        char *exact = codec_memory_exact(wire_view(&message));
        for (size_t at = 0; at < message.size; at++) {
            for (int byte = 0; byte < 256; byte++) {
                enum dk_error ours = DK_OK;
                exact[at] = (char)byte;
                memory.fault = (struct dk_fault){.error = DK_OK};
                dk__arena_reset(&memory.arena);

                const char *difference = state_oracle_read(
                    (enum state_message)kind,
                    (struct dk_bytes){exact, message.size},
                    &memory,
                    &ours);

                cr_expect(
                    eq(ptr, (void *)difference, NULL),
                    "%d at %zu as %d: %s",
                    kind,
                    at,
                    byte,
                    difference);
                refused += ours != DK_OK;
            }
            exact[at] = message.bytes[at];
        }
        free(exact);
        teardown();
    }
    cr_assert(gt(sz, refused, 10000));
}

/* ── bounds ─────────────────────────────────────────────────────────────────────────────────── */

Test(hostile_requests, a_message_of_nothing_but_items_meets_the_arenas_bound) {
    struct dk_bulk_set set;
    memory.arena.bytes_max = 64 << 10;
    wire_text(&item, 1, "k");
    for (int i = 0; i < 20000; i++) {
        wire_message(&message, 1, &item);
    }

    cr_assert(
        eq(int,
           dk__decode_bulk_set(wire_view(&message), &memory.arena, &set, &memory.fault),
           DK_EXHAUSTED));

    cr_assert(strstr(memory.fault.text, "items") != NULL, "%s", memory.fault.text);
    cr_assert(le(sz, memory.arena.bytes_taken, memory.arena.bytes_max));
}

/* One byte less than it takes, and every smaller arena: an answer each time, the same each time. */
Test(hostile_requests, every_arena_that_is_too_small_is_told) {
    put_whole(STATE_TRANSACT);
    struct dk_transact transact;
    cr_assert(
        eq(int,
           dk__decode_transact(wire_view(&message), &memory.arena, &transact, &memory.fault),
           DK_OK));
    const size_t enough = memory.arena.bytes_taken;

    for (size_t bytes_max = 0; bytes_max < enough; bytes_max++) {
        dk__arena_reset(&memory.arena);
        memory.arena.bytes_max = bytes_max;
        cr_expect(
            eq(int,
               dk__decode_transact(wire_view(&message), &memory.arena, &transact, &memory.fault),
               DK_EXHAUSTED),
            "%zu of %zu",
            bytes_max,
            enough);
    }
}

Test(hostile_requests, an_absent_fault_changes_no_answer) {
    struct dk_bulk_get get;
    wire_clear(&item);
    wire_message(&message, 1, &item);

    cr_assert(
        eq(int, dk__decode_bulk_get(wire_view(&message), &memory.arena, &get, NULL), DK_INVALID));
}
