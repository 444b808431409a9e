/* Outgoing unary calls against our own servers over both transports. */
#include "rig.h"

#include "core/loop.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static const struct dk_bytes hello = DK_BYTES("hello");

static void assert_bytes(struct dk_bytes actual, struct dk_bytes expected) {
    cr_assert(dk_bytes_equal(actual, expected), "'%.*s'", (int)actual.size, actual.data);
}

/* ── answers ────────────────────────────────────────────────────────────────────────────────── */

static void echo_sizes(void) {
    static const size_t sizes[] = {0, 1, 16383, 16384, 100000, 3U << 20};
    rig_connect(NULL);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        char *bytes = malloc(sizes[i] + 1);
        memset(bytes, (int)('a' + i), sizes[i] + 1);
        struct dk__client_call *call = rig_call("/test.T/Echo");

        const struct dk__client_answer *answer =
            dk__client_call_unary(call, (struct dk_bytes){bytes, sizes[i]});

        cr_assert(eq(int, answer->status.code, DK__CODE_OK));
        cr_assert(ne(ptr, (void *)answer->message.data, NULL), "present, also when empty");
        assert_bytes(answer->message, (struct dk_bytes){bytes, sizes[i]});
        dk__client_call_free(call);
        free(bytes);
    }
}

Test(core_client, brings_messages_of_every_size_there_and_back) {
    each_transport(echo_sizes);
}

static void failing(void) {
    rig_connect(NULL);
    struct dk__client_call *call = rig_call("/test.T/Fail");

    const struct dk__client_answer *answer = dk__client_call_unary(call, hello);

    cr_assert(eq(int, answer->status.code, rig_status.code));
    assert_bytes(answer->status.message, rig_status.message);
    assert_bytes(answer->status.details, rig_status.details);
    cr_assert(eq(ptr, (void *)answer->message.data, NULL));
    for (size_t i = 0; i < answer->trailers.count; i++) {
        cr_assert(not(dk_bytes_equal(
            answer->trailers.items[i].key, (struct dk_bytes)DK_BYTES("grpc-status-details-bin"))));
    }
    dk__client_call_free(call);
}

Test(core_client, gives_code_words_and_details_of_a_failure) {
    each_transport(failing);
}

static void unimplemented(void) {
    rig_connect(NULL);
    struct dk__client_call *call = rig_call("/test.T/Nothing");

    cr_assert(eq(int, dk__client_call_unary(call, hello)->status.code, DK__CODE_UNIMPLEMENTED));

    dk__client_call_free(call);
}

Test(core_client, is_told_that_a_method_is_not_there) {
    each_transport(unimplemented);
}

/* A call of /test.T/Pairs with this metadata. */
static struct dk__client_call *ask_pairs(struct dk_pairs metadata) {
    const struct dk__client_request request = {
        .path = "/test.T/Pairs", .metadata = metadata, .deadline_us = rig_in_ms(RIG_WAIT_MS)};
    struct dk__client_call *call = NULL;
    cr_assert(eq(int, dk__client_call_new(rig.channel, &request, &call, NULL), DK_OK));
    return call;
}

static void pairs(void) {
    static const struct dk_pair items[] = {
        {DK_BYTES("x-in"), DK_BYTES("a plain value")},
        {DK_BYTES("x-in-bin"), DK_BYTES("\x00\x01\xFF")},
    };
    rig_connect(NULL);
    struct dk__client_call *call = ask_pairs((struct dk_pairs){.items = items, .count = 2});

    const struct dk__client_answer *answer = dk__client_call_unary(call, hello);

    cr_assert(eq(int, answer->status.code, DK__CODE_OK));
    assert_bytes(
        dk_pairs_find(answer->headers, (struct dk_bytes)DK_BYTES("x-out")), items[0].value);
    assert_bytes(
        dk_pairs_find(answer->trailers, (struct dk_bytes)DK_BYTES("x-out-bin")), items[1].value);
    dk__client_call_free(call);
}

Test(core_client, carries_metadata_both_ways) {
    each_transport(pairs);
}

static struct dk_bytes big_value(char *bytes, size_t size) {
    memset(bytes, 'v', size);
    return (struct dk_bytes){bytes, size};
}

static void big_metadata(void) {
    static char bytes[20000];
    const struct dk_pair item = {DK_BYTES("x-in"), big_value(bytes, sizeof bytes)};
    rig_connect(NULL);
    struct dk__client_call *call = ask_pairs((struct dk_pairs){.items = &item, .count = 1});

    const struct dk__client_answer *answer = dk__client_call_unary(call, hello);

    cr_assert(eq(int, answer->status.code, DK__CODE_OK));
    assert_bytes(dk_pairs_find(answer->headers, (struct dk_bytes)DK_BYTES("x-out")), item.value);
    dk__client_call_free(call);
}

Test(core_client, takes_more_metadata_than_cores_own_8_kib) {
    each_transport(big_metadata);
}

/* ── ends ───────────────────────────────────────────────────────────────────────────────────── */

static void late(void) {
    const struct dk__client_request request = {
        .path = "/test.T/Hold", .deadline_us = rig_in_ms(100)};
    struct dk__client_call *call = NULL;
    rig_connect(NULL);
    cr_assert(eq(int, dk__client_call_new(rig.channel, &request, &call, NULL), DK_OK));

    const struct dk__client_answer *answer = dk__client_call_unary(call, hello);

    cr_assert(eq(int, answer->status.code, DK__CODE_DEADLINE_EXCEEDED));
    /* C core's timers count whole milliseconds: it may be early by less than one. */
    cr_assert(ge(i64, rig_in_ms(1), request.deadline_us));
    dk__client_call_free(call);
}

Test(core_client, ends_at_the_deadline) {
    each_transport(late);
}

static void passed(void) {
    const struct dk__client_request request = {
        .path = "/test.T/Echo", .deadline_us = rig_in_ms(-1)};
    struct dk__client_call *call = NULL;
    rig_connect(NULL);
    cr_assert(eq(int, dk__client_call_new(rig.channel, &request, &call, NULL), DK_OK));

    cr_assert(eq(int, dk__client_call_unary(call, hello)->status.code, DK__CODE_DEADLINE_EXCEEDED));

    dk__client_call_free(call);
}

Test(core_client, does_not_begin_after_the_deadline) {
    each_transport(passed);
}

static void *cancel_when_held(void *call) {
    rig_await_held(1);
    dk__client_call_cancel(call);
    return NULL;
}

static void cancelled(void) {
    pthread_t other;
    rig_connect(NULL);
    struct dk__client_call *call = rig_call("/test.T/Hold");
    cr_assert(eq(int, pthread_create(&other, NULL, cancel_when_held, call), 0));

    const struct dk__client_answer *answer = dk__client_call_unary(call, hello);

    cr_assert(eq(int, answer->status.code, DK__CODE_CANCELLED));
    (void)pthread_join(other, NULL);
    dk__client_call_free(call);
}

Test(core_client, is_cancelled_from_another_thread) {
    each_transport(cancelled);
}

static void cancelled_early(void) {
    rig_connect(NULL);
    struct dk__client_call *call = rig_call("/test.T/Echo");
    dk__client_call_cancel(call);

    cr_assert(eq(int, dk__client_call_unary(call, hello)->status.code, DK__CODE_CANCELLED));

    dk__client_call_cancel(call); /* too late, and harmless */
    dk__client_call_free(call);
}

Test(core_client, may_be_cancelled_before_it_begins) {
    each_transport(cancelled_early);
}

static void unused(void) {
    rig_connect(NULL);

    dk__client_call_free(rig_call("/test.T/Echo"));

    cr_assert(eq(u32, dk__channel_calls(rig.channel), 0));
}

Test(core_client, may_be_freed_unused) {
    each_transport(unused);
}

/* ── bounds ─────────────────────────────────────────────────────────────────────────────────── */

static void two_calls(struct dk__channel_config *config) {
    config->calls_max = 2;
}

static void full(void) {
    const struct dk__client_request request = {.path = "/test.T/Echo", .deadline_us = INT64_MAX};
    struct dk__client_call *calls[2], *third = NULL;
    struct dk_fault fault = {0};
    rig_connect(two_calls);
    calls[0] = rig_call("/test.T/Echo");
    calls[1] = rig_call("/test.T/Echo");

    cr_assert(eq(int, dk__client_call_new(rig.channel, &request, &third, &fault), DK_EXHAUSTED));
    cr_assert(ne(ptr, strstr(fault.text, "calls_max, 2,"), NULL), "%s", fault.text);
    cr_assert(eq(ptr, third, NULL));

    dk__client_call_free(calls[0]);
    cr_assert(eq(int, dk__client_call_new(rig.channel, &request, &third, NULL), DK_OK));
    dk__client_call_free(calls[1]);
    dk__client_call_free(third);
}

Test(core_client, answers_exhausted_at_calls_max) {
    each_transport(full);
}

static void small_answers(struct dk__channel_config *config) {
    config->answer_bytes_max = 10;
}

static void small_requests(struct dk__channel_config *config) {
    config->request_bytes_max = 10;
}

static void too_large(void (*change)(struct dk__channel_config *config)) {
    static const struct dk_bytes ten = DK_BYTES("0123456789"), eleven = DK_BYTES("0123456789a");
    rig_connect(change);
    struct dk__client_call *fits = rig_call("/test.T/Echo");
    struct dk__client_call *does_not = rig_call("/test.T/Echo");

    cr_assert(eq(int, dk__client_call_unary(fits, ten)->status.code, DK__CODE_OK));
    cr_assert(
        eq(int, dk__client_call_unary(does_not, eleven)->status.code, DK__CODE_RESOURCE_EXHAUSTED));

    dk__client_call_free(fits);
    dk__client_call_free(does_not);
}

static void too_large_answer(void) {
    too_large(small_answers);
}

Test(core_client, refuses_an_answer_over_its_bound) {
    each_transport(too_large_answer);
}

static void too_large_request(void) {
    too_large(small_requests);
}

Test(core_client, refuses_a_request_over_its_bound) {
    each_transport(too_large_request);
}

/* ── answered on a loop ─────────────────────────────────────────────────────────────────────── */

struct seen {
    pthread_t thread;
    enum dk__code code;
    struct dk_bytes message;
    unsigned count;
};

static void on_answer(
    void *context, struct dk__client_call *call, const struct dk__client_answer *answer) {
    struct seen *seen = context;
    seen->thread = pthread_self();
    seen->code = answer->status.code;
    cr_assert(dk_bytes_equal(answer->message, hello));
    seen->count++;
    dk__client_call_free(call);
}

static void started(void) {
    enum { CALLS = 32 };
    struct dk_loop *loop = NULL;
    struct seen seen = {.code = DK__CODE_UNKNOWN};
    rig_connect(NULL);
    cr_assert(eq(int, dk__loop_new(&loop, NULL), DK_OK));

    for (int i = 0; i < CALLS; i++) {
        dk__client_call_start(rig_call("/test.T/Echo"), hello, loop, on_answer, &seen);
    }
    while (seen.count < CALLS) {
        cr_assert(eq(int, dk__loop_turn(loop, -1), DK_OK));
    }

    cr_assert(pthread_equal(seen.thread, pthread_self()));
    cr_assert(eq(int, seen.code, DK__CODE_OK));
    cr_assert(eq(u32, dk__channel_calls(rig.channel), 0));
    dk__loop_free(loop);
}

Test(core_client, answers_started_calls_on_their_loop) {
    each_transport(started);
}

/* ── wrong input ────────────────────────────────────────────────────────────────────────────── */

static void assert_refused(
    const char *path, struct dk_bytes key, struct dk_bytes value, const char *words) {
    const struct dk_pair item = {.key = key, .value = value};
    const struct dk__client_request request = {
        .path = path,
        .metadata = {.items = &item, .count = key.data == NULL ? 0 : 1},
        .deadline_us = INT64_MAX,
    };
    struct dk__client_call *call = NULL;
    struct dk_fault fault = {0};
    cr_assert(eq(int, dk__client_call_new(rig.channel, &request, &call, &fault), DK_INVALID));
    cr_assert(ne(ptr, strstr(fault.text, words), NULL), "%s", fault.text);
    cr_assert(eq(ptr, strstr(fault.text, "secret"), NULL), "%s", fault.text);
}

#define BYTES(literal) ((struct dk_bytes)DK_BYTES(literal))

static void wrong_input(void) {
    static const char *const paths[] = {
        "", "test", "/", "//Echo", "/test.T", "/test.T/", "/a/b/c", "/a/b c"};
    const struct dk_bytes absent = {0};
    rig_connect(NULL);

    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        assert_refused(paths[i], absent, absent, "is no path like /package.Service/Method");
    }
    assert_refused("/test.T/Echo", BYTES("X-Upper"), BYTES("secret"), "'X-Upper' is no key");
    assert_refused("/test.T/Echo", BYTES(":path"), BYTES("secret"), "':path' is no key");
    assert_refused("/test.T/Echo", BYTES(""), BYTES("secret"), "'' is no key");
    assert_refused("/test.T/Echo", BYTES("grpc-timeout"), BYTES("1S"), "'grpc-timeout' is gRPC's");
    assert_refused("/test.T/Echo", BYTES("x-a"), BYTES("secret\n"), "the value of 'x-a' is not");
    cr_assert(eq(u32, dk__channel_calls(rig.channel), 0));
}

Test(core_client, refuses_what_http2_cannot_carry) {
    each_transport(wrong_input);
}

static void too_much_metadata(void) {
    static char bytes[70000];
    struct dk_pair items[DK__CLIENT_METADATA_MAX + 1];
    struct dk__client_request request = {.path = "/test.T/Echo", .deadline_us = INT64_MAX};
    struct dk__client_call *call = NULL;
    struct dk_fault large = {0}, many = {0};
    rig_connect(NULL);
    for (size_t i = 0; i < sizeof items / sizeof items[0]; i++) {
        items[i] = (struct dk_pair){BYTES("x-a"), BYTES("b")};
    }
    request.metadata = (struct dk_pairs){.items = items, .count = sizeof items / sizeof items[0]};
    cr_assert(eq(int, dk__client_call_new(rig.channel, &request, &call, &many), DK_EXHAUSTED));

    items[0].value = big_value(bytes, sizeof bytes);
    request.metadata.count = 1;
    cr_assert(eq(int, dk__client_call_new(rig.channel, &request, &call, &large), DK_EXHAUSTED));

    cr_assert(ne(ptr, strstr(many.text, "257 pairs are more than 256"), NULL), "%s", many.text);
    cr_assert(ne(ptr, strstr(large.text, "header_bytes_max, 65536"), NULL), "%s", large.text);
}

Test(core_client, answers_exhausted_at_the_bounds_of_metadata) {
    each_transport(too_much_metadata);
}
