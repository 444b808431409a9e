#include "wire/daprd/trace.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#define B(literal) ((struct dk_bytes)DK_BYTES(literal))

#define PARENT "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
#define BINARY                                                                 \
    "\x00\x00\x0a\xf7\x65\x19\x16\xcd\x43\xdd\x84\x48\xeb\x21\x1c\x80\x31\x9c" \
    "\x01\xb7\xad\x6b\x71\x69\x20\x33\x31\x02\x01"

static struct dk_bytes find(const struct dk__trace *trace, const char *name) {
    const struct dk_pairs pairs = {.items = trace->pairs, .count = trace->count};
    return dk_pairs_find(pairs, dk_bytes_of(name));
}

Test(daprd_trace, all_four_names_are_taken_and_nothing_else) {
    const struct dk_pair pairs[] = {
        {B("authorization"), B("secret")},
        {B("traceparent"), B(PARENT)},
        {B("tracestate"), B("a=1")},
        {B("baggage"), B("user=7")},
        {B("grpc-trace-bin"), B(BINARY)},
        {B("dapr-api-token"), B("secret")}};
    struct dk__trace trace;

    dk__trace_take((struct dk_pairs){pairs, 6}, NULL, false, &trace);

    cr_assert(eq(sz, trace.count, 4));
    cr_assert(dk_bytes_equal(find(&trace, "traceparent"), B(PARENT)));
    cr_assert(dk_bytes_equal(find(&trace, "tracestate"), B("a=1")));
    cr_assert(dk_bytes_equal(find(&trace, "baggage"), B("user=7")));
    cr_assert(dk_bytes_equal(find(&trace, "grpc-trace-bin"), B(BINARY)));
}

Test(daprd_trace, as_text_alone_the_binary_form_becomes_a_traceparent) {
    const struct dk_pair binary[] = {{B("grpc-trace-bin"), B(BINARY)}};
    const struct dk_pair both[] = {
        {B("grpc-trace-bin"), B(BINARY)}, {B("traceparent"), B("00-of-the-text")}};
    struct dk__trace alone, beside;

    dk__trace_take((struct dk_pairs){binary, 1}, NULL, true, &alone);
    dk__trace_take((struct dk_pairs){both, 2}, NULL, true, &beside);

    cr_assert(eq(sz, alone.count, 1));
    cr_assert(dk_bytes_equal(find(&alone, "traceparent"), B(PARENT)));
    cr_assert(eq(sz, beside.count, 1));
    cr_assert(dk_bytes_equal(find(&beside, "traceparent"), B("00-of-the-text")));
}

Test(daprd_trace, what_no_header_carries_stays_behind) {
    const struct dk_pair pairs[] = {
        {B("traceparent"), B("a\nb")},
        {B("tracestate"), B("")},
        {B("grpc-trace-bin"), B("")},
        {B("baggage"), B("\x80")}};
    struct dk__trace trace;

    dk__trace_take((struct dk_pairs){pairs, 4}, NULL, false, &trace);

    cr_assert(eq(sz, trace.count, 0));
}

Test(daprd_trace, the_first_counts_and_baggage_is_bounded) {
    struct dk_pair pairs[DK__TRACE_BAGGAGE_MAX + 4];
    struct dk__trace trace;
    for (size_t i = 0; i < DK__TRACE_BAGGAGE_MAX + 2; i++) {
        pairs[i] = (struct dk_pair){B("baggage"), B("a=1")};
    }
    pairs[DK__TRACE_BAGGAGE_MAX + 2] = (struct dk_pair){B("traceparent"), B("first")};
    pairs[DK__TRACE_BAGGAGE_MAX + 3] = (struct dk_pair){B("traceparent"), B("second")};

    dk__trace_take((struct dk_pairs){pairs, DK__TRACE_BAGGAGE_MAX + 4}, NULL, false, &trace);

    cr_assert(eq(sz, trace.count, DK__TRACE_BAGGAGE_MAX + 1));
    cr_assert(dk_bytes_equal(find(&trace, "traceparent"), B("first")));
}

#define OWN "00-11111111111111111111111111111111-2222222222222222-01"

Test(daprd_trace, own_context_takes_the_callers_place) {
    const struct dk_pair pairs[] = {
        {B("traceparent"), B(PARENT)},
        {B("tracestate"), B("a=1")},
        {B("grpc-trace-bin"), B(BINARY)},
        {B("baggage"), B("user=7")}};
    struct dk__trace_context own = {.is_set = false}, said = {.is_set = false};
    cr_assert(dk__trace_parse_text(B(OWN), &own));
    struct dk__trace trace, text;

    dk__trace_take((struct dk_pairs){pairs, 4}, &own, false, &trace);
    dk__trace_take((struct dk_pairs){pairs, 4}, &own, true, &text);

    cr_assert(eq(sz, trace.count, 4));
    cr_assert(dk_bytes_equal(find(&trace, "traceparent"), B(OWN)));
    cr_assert(dk__trace_parse_binary(find(&trace, "grpc-trace-bin"), &said));
    cr_assert(eq(int, memcmp(&said, &own, sizeof own), 0));
    cr_assert(dk_bytes_equal(find(&trace, "tracestate"), B("a=1")));
    cr_assert(dk_bytes_equal(find(&trace, "baggage"), B("user=7")));
    cr_assert(eq(sz, text.count, 3));
    cr_assert(dk_bytes_equal(find(&text, "traceparent"), B(OWN)));
    cr_assert(eq(ptr, (void *)find(&text, "grpc-trace-bin").data, NULL));
}

Test(daprd_trace, a_context_that_is_not_set_takes_nobodys_place) {
    const struct dk_pair pairs[] = {{B("traceparent"), B(PARENT)}};
    const struct dk__trace_context none = {.is_set = false};
    struct dk__trace trace;

    dk__trace_take((struct dk_pairs){pairs, 1}, &none, false, &trace);

    cr_assert(dk_bytes_equal(find(&trace, "traceparent"), B(PARENT)));
}
