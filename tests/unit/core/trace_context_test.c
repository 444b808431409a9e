/* W3C's rules for traceparent, and the 29 bytes of grpc-trace-bin. */
#include "core/trace_context.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

#define TRACE   "0af7651916cd43dd8448eb211c80319c"
#define SPAN    "b7ad6b7169203331"
#define SAMPLED "00-" TRACE "-" SPAN "-01"

static struct dk__trace_context context_of(const char *text) {
    struct dk__trace_context context = {.is_set = false};
    cr_assert(dk__trace_parse_text(dk_bytes_of(text), &context), "%s", text);
    return context;
}

Test(trace_context, reads_and_writes_a_traceparent) {
    const struct dk__trace_context context = context_of(SAMPLED);
    char text[DK_TRACEPARENT_BYTES], trace[DK__TRACE_ID_TEXT_BYTES], span[DK__SPAN_ID_TEXT_BYTES];

    dk__trace_write_text(&context, text);
    dk__trace_write_ids(&context, trace, span);

    cr_assert(eq(str, text, (char *)SAMPLED));
    cr_assert(eq(str, trace, (char *)TRACE));
    cr_assert(eq(str, span, (char *)SPAN));
    cr_assert(eq(int, context.flags, DK__TRACE_SAMPLED));
}

Test(trace_context, refuses_what_w3c_refuses) {
    static const char *const bad[] = {
        "",
        "00",
        "ff-" TRACE "-" SPAN "-01",                        /* a version that is none */
        "0x-" TRACE "-" SPAN "-01",                        /* no digits */
        "00-00000000000000000000000000000000-" SPAN "-01", /* no trace */
        "00-" TRACE "-0000000000000000-01",                /* no span */
        "00-0AF7651916CD43DD8448EB211C80319C-" SPAN "-01", /* capitals */
        "00-" TRACE "-" SPAN "-0g",                        /* no digit */
        "00-" TRACE "-" SPAN "-01-more",                   /* version 00 ends there */
        "00-" TRACE "-" SPAN "-0",                         /* cut off */
        "00_" TRACE "-" SPAN "-01",
        "00-" TRACE "_" SPAN "-01", /* other separators */
        "00-" TRACE "-" SPAN "_01",
        "01-" TRACE "-" SPAN "-01more",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct dk__trace_context context = {.flags = 7};

        cr_assert(not(dk__trace_parse_text(dk_bytes_of(bad[i]), &context)), "%s", bad[i]);

        cr_assert(eq(int, context.flags, 7));
        cr_assert(not(context.is_set));
    }
    struct dk__trace_context context = {.flags = 7};
    cr_assert(not(dk__trace_parse_text((struct dk_bytes){0}, &context)));
}

Test(trace_context, reads_later_versions_and_keeps_one_flag) {
    const struct dk__trace_context later = context_of("cc-" TRACE "-" SPAN "-ff-what-comes");
    char text[DK_TRACEPARENT_BYTES];

    dk__trace_write_text(&later, text);

    cr_assert(eq(str, text, (char *)SAMPLED));
    cr_assert(eq(int, context_of("00-" TRACE "-" SPAN "-fe").flags, 0));
}

Test(trace_context, goes_through_the_binary_form_unchanged) {
    const struct dk__trace_context context = context_of(SAMPLED);
    char binary[DK__TRACE_BINARY_BYTES];
    struct dk__trace_context back = {.is_set = false};

    dk__trace_write_binary(&context, binary);

    cr_assert(dk__trace_parse_binary((struct dk_bytes){binary, sizeof binary}, &back));
    cr_assert(eq(int, memcmp(back.trace_id, context.trace_id, sizeof back.trace_id), 0));
    cr_assert(eq(int, memcmp(back.span_id, context.span_id, sizeof back.span_id), 0));
    cr_assert(eq(int, back.flags, DK__TRACE_SAMPLED));
}

Test(trace_context, refuses_a_binary_form_with_any_other_shape) {
    const struct dk__trace_context context = context_of(SAMPLED);
    static const size_t marks[] = {0, 1, 18, 27};
    char binary[DK__TRACE_BINARY_BYTES + 1] = "";
    struct dk__trace_context back = {.is_set = false};
    dk__trace_write_binary(&context, binary);

    cr_assert(not(dk__trace_parse_binary((struct dk_bytes){binary, 0}, &back)));
    cr_assert(not(dk__trace_parse_binary((struct dk_bytes){binary, 28}, &back)));
    cr_assert(not(dk__trace_parse_binary((struct dk_bytes){binary, 30}, &back)));
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        binary[marks[i]] += 3;
        cr_assert(not(dk__trace_parse_binary((struct dk_bytes){binary, 29}, &back)));
        binary[marks[i]] -= 3;
    }
    memset(binary + 19, 0, 8); /* daprd's form of no trace: zeros */
    cr_assert(not(dk__trace_parse_binary((struct dk_bytes){binary, 29}, &back)));
}

Test(trace_context, of_metadata_is_the_binary_one_where_it_is_valid) {
    const struct dk__trace_context context = context_of(SAMPLED);
    char binary[DK__TRACE_BINARY_BYTES];
    dk__trace_write_binary(&context, binary);
    struct dk_pair pairs[] = {
        {DK_BYTES("traceparent"), DK_BYTES("00-11111111111111111111111111111111-" SPAN "-00")},
        {DK_BYTES("grpc-trace-bin"), {binary, sizeof binary}},
    };
    struct dk__trace_context found = {.is_set = false};

    cr_assert(dk__trace_find((struct dk_pairs){pairs, 2}, &found));
    cr_assert(eq(int, found.trace_id[0], 0x0A));

    pairs[1].value.size = 0; /* as daprd sends it without a trace */
    cr_assert(dk__trace_find((struct dk_pairs){pairs, 2}, &found));
    cr_assert(eq(int, found.trace_id[0], 0x11));
    cr_assert(not(dk__trace_find((struct dk_pairs){pairs + 1, 1}, &found)));
}

Test(trace_context, of_a_cloud_event_is_its_last_member_of_that_name) {
    static const char event[] =
        "{\"data\":{\"traceparent\":\"00-11111111111111111111111111111111-" SPAN "-01\"},"
        "\"traceid\":\"x\",\"traceparent\":\"" SAMPLED "\",\"type\":\"com.dapr.event.sent\"}";
    struct dk__trace_context found = {.is_set = false};

    cr_assert(dk__trace_find_event(dk_bytes_of(event), &found));
    cr_assert(eq(int, found.trace_id[0], 0x0A));

    cr_assert(not(dk__trace_find_event(dk_bytes_of("{\"traceparent\":\"\"}"), &found)));
    cr_assert(not(dk__trace_find_event((struct dk_bytes){0}, &found)));
    cr_assert(not(dk__trace_find_event(dk_bytes_of("\"traceparent\":\"" TRACE), &found)));
}

Test(trace_context, of_a_cloud_event_is_looked_for_within_its_bound) {
    char event[2 * DK__TRACE_EVENT_BYTES_MAX];
    static const char member[] = "\"traceparent\":\"" SAMPLED "\"";
    const size_t size = sizeof event;
    struct dk__trace_context found = {.is_set = false};
    memset(event, ' ', size);

    memcpy(event + size - DK__TRACE_EVENT_BYTES_MAX, member, sizeof member - 1);
    cr_assert(dk__trace_find_event((struct dk_bytes){event, size}, &found));

    memset(event, ' ', size);
    memcpy(event + size - DK__TRACE_EVENT_BYTES_MAX - 1, member, sizeof member - 1);
    cr_assert(not(dk__trace_find_event((struct dk_bytes){event, size}, &found)));
}
