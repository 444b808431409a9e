/*
 * Messages of an application in the memory of a call. The call lies here; no worker, no transport.
 */
#include "wire/grpc/app.h"

#include "everything.pb-c.h"
#include "wire/pbc/texts.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

typedef DaprKit__Testing__V1__Everything thing_message;
typedef struct ProtobufCMessage message;

#define THING &dapr_kit__testing__v1__everything__descriptor

enum { ARENA_BYTES_MAX = 4096 };

static struct dk_call call;
static thing_message thing;

static void setup(void) {
    call = (struct dk_call){0};
    dk__task_init(&call.task, ARENA_BYTES_MAX, INT64_MAX);
    dapr_kit__testing__v1__everything__init(&thing);
}

static void teardown(void) {
    dk__task_reset(&call.task);
}

TestSuite(app_message, .init = setup, .fini = teardown);

static void expect_fault(enum dk_error error, const char *words) {
    cr_expect(eq(int, call.fault.error, error), "%s", call.fault.text);
    cr_expect(ne(ptr, strstr(call.fault.text, words), NULL), "%s", call.fault.text);
}

Test(app_message, comes_back_from_protobuf) {
    message *copy = NULL;
    thing.title = "a title";
    thing.larger = UINT64_MAX;

    const struct dk_bytes bytes = dk_call_pack(&call, &thing.base);
    cr_assert(eq(int, dk_call_unpack(&call, THING, bytes, &copy), DK_OK));

    cr_assert(eq(str, ((thing_message *)copy)->title, "a title"));
    cr_assert(eq(u64, ((thing_message *)copy)->larger, UINT64_MAX));
}

Test(app_message, comes_back_from_json) {
    message *copy = NULL;
    thing.title = "a title";

    const struct dk_bytes json = dk_call_write_json(&call, &thing.base);
    cr_assert(dk_bytes_equal(json, dk_bytes_of("{\"title\":\"a title\"}")));
    cr_assert(eq(int, dk_call_read_json(&call, THING, json, &copy), DK_OK));

    cr_assert(eq(str, ((thing_message *)copy)->title, "a title"));
}

Test(app_message, that_is_empty_is_present) {
    const struct dk_bytes bytes = dk_call_pack(&call, &thing.base);

    cr_assert(ne(ptr, (void *)bytes.data, NULL));
    cr_assert(eq(sz, bytes.size, 0));
}

Test(app_message, with_a_text_that_is_no_utf8_is_not_sent) {
    thing.title = "\xff";

    cr_assert(eq(ptr, (void *)dk_call_pack(&call, &thing.base).data, NULL));
    expect_fault(DK_INTERNAL, "title: is not UTF-8");
    cr_assert(eq(ptr, (void *)dk_call_write_json(&call, &thing.base).data, NULL));
    expect_fault(DK_INTERNAL, "no UTF-8");
}

Test(app_message, beyond_the_calls_memory_says_so) {
    message *copy = NULL;
    char title[ARENA_BYTES_MAX + 1];
    memset(title, 'a', sizeof title - 1);
    title[sizeof title - 1] = '\0';
    thing.title = title;

    cr_assert(eq(ptr, (void *)dk_call_pack(&call, &thing.base).data, NULL));
    expect_fault(DK_EXHAUSTED, "arena-bytes-max");
    cr_assert(ne(ptr, dk_call_take(&call, ARENA_BYTES_MAX - 64), NULL));
    cr_assert(eq(int, dk_call_read_json(&call, THING, dk_bytes_of("{}"), &copy), DK_EXHAUSTED));
    cr_assert(eq(int, dk_call_unpack(&call, THING, dk_bytes_of(""), &copy), DK_EXHAUSTED));
    cr_assert(eq(ptr, copy, NULL));
}

Test(app_message, that_does_not_read_replaces_an_earlier_fault) {
    message *copy = NULL;
    (void)dk_call_fail(&call, DK_NOT_FOUND, "head: is not there");

    cr_assert(
        eq(int, dk_call_read_json(&call, THING, dk_bytes_of("{\"titel\":1}"), &copy), DK_INVALID));

    expect_fault(DK_INVALID, "titel: is no field of");
    cr_assert(eq(ptr, strstr(call.fault.text, "head"), NULL));
    cr_assert(eq(int, dk_call_unpack(&call, THING, dk_bytes_of("\xff"), &copy), DK_INVALID));
    expect_fault(DK_INVALID, "cut off or malformed");
    cr_assert(eq(ptr, copy, NULL));
}

/* Messages within messages, written from the innermost outwards: `part`, then `inner` in `inner`. */
static struct dk_bytes nested(char *bytes, size_t size, size_t depth) {
    enum { PART = 13 << 3 | 2, INNER = 3 << 3 | 2 };
    size_t at = size;
    for (size_t level = 0; level < depth; level++) {
        size_t rest = size - at, length = 1;
        while (rest >> (7 * length) > 0) {
            length++;
        }
        cr_assert(gt(sz, at, length));
        for (size_t i = length; i-- > 0;) {
            at--;
            bytes[at] = (char)((rest >> (7 * i) & 0x7F) | (i + 1 == length ? 0 : 0x80));
        }
        at--;
        bytes[at] = level + 1 == depth ? PART : INNER;
    }
    return (struct dk_bytes){bytes + at, size - at};
}

Test(app_message, nests_as_deep_as_protobuf_says_and_no_deeper) {
    enum { BYTES = 1 << 20, DEPTH_BEYOND_ANY_STACK = 200000 };
    static char bytes[BYTES];
    message *read = NULL;
    call.task.call.arena.bytes_max = SIZE_MAX;

    struct dk_bytes deep = nested(bytes, BYTES, DK__TEXTS_DEPTH_MAX);
    cr_assert(eq(int, dk_call_unpack(&call, THING, deep, &read), DK_OK), "%s", call.fault.text);

    deep = nested(bytes, BYTES, DK__TEXTS_DEPTH_MAX + 1);
    cr_assert(eq(int, dk_call_unpack(&call, THING, deep, &read), DK_INVALID));
    expect_fault(DK_INVALID, "nests deeper than 100 messages");
    deep = nested(bytes, BYTES, DEPTH_BEYOND_ANY_STACK);
    cr_assert(eq(int, dk_call_unpack(&call, THING, deep, &read), DK_INVALID));
    expect_fault(DK_INVALID, "nests deeper than 100 messages");
}
