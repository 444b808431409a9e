#include "core/loop.h"
#include "support/fake_transport.h"
#include "wire/grpc/observer.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>

/*
 * A service of three methods: Echo answers at once, Hold waits for the test to give its reply, Chat
 * is a stream that echoes. One is a stream that takes one request.
 */
static struct dk_reply *held;
static unsigned runs, opens, overs, half_closes, writables;
static bool finishes_on_half_close;

static const struct dk__reply_ops plain_ops = {.ok = dk__rpc_reply_ok, .fail = dk__rpc_reply_fail};

static void echo_run(struct dk__rpc *rpc, struct dk_bytes request) {
    runs++;
    dk__rpc_answer(rpc, request);
}

static void hold_run(struct dk__rpc *rpc, struct dk_bytes request) {
    (void)request;
    runs++;
    rpc->reply.ops = &plain_ops;
    held = &rpc->reply;
}

static void chat_on_open(struct dk__rpc *rpc) {
    (void)rpc;
    opens++;
}

static void chat_on_message(struct dk__rpc *rpc, struct dk_bytes message) {
    dk__rpc_message_begin(rpc);
    rpc->message_failed |= !dk__chain_append_bytes(&rpc->out, message);
    if (!dk__rpc_message_end(rpc)) {
        dk__rpc_finish_failed_message(rpc);
    }
}

static void chat_on_half_close(struct dk__rpc *rpc) {
    static const struct dk__status ok = {.code = DK__CODE_OK};
    half_closes++;
    if (finishes_on_half_close) {
        dk__rpc_finish(rpc, &ok);
    }
}

static void chat_on_writable(struct dk__rpc *rpc) {
    (void)rpc;
    writables++;
}

static void chat_on_over(struct dk__rpc *rpc) {
    (void)rpc;
    overs++;
}

static const struct dk__streaming chat = {
    .on_open = chat_on_open,
    .on_message = chat_on_message,
    .on_half_close = chat_on_half_close,
    .on_writable = chat_on_writable,
    .on_over = chat_on_over,
};
static const struct dk__streaming one = {
    .on_message = chat_on_message, .on_over = chat_on_over, .one_request = true};
static const struct dk__method methods[] = {
    {"Echo", echo_run},
    {"Hold", hold_run},
    {"Chat", .streaming = &chat},
    {"One", .streaming = &one},
    {0},
};
static const struct dk__service service = {.name = "t.Test", .methods = methods};

static struct fake_transport transport;
static struct fake_call call;
static unsigned idles;

static void setup(void) {
    fake_transport_open(&transport);
    cr_assert(eq(int, dk__server_add(&transport.server, &service), DK_OK));
    held = NULL;
    runs = opens = overs = half_closes = writables = idles = 0;
    finishes_on_half_close = true;
}

static void teardown(void) {
    fake_call_free(&call);
    fake_transport_close(&transport);
}

TestSuite(rpc, .init = setup, .fini = teardown);

static const struct dk_bytes hello = DK_BYTES("hello");

/* The call in the fixture ended once, with this code and words that hold `part`. */
static void ended_with(enum dk__code code, const char *part) {
    cr_assert(eq(uint, call.finishes, 1));
    cr_assert(eq(int, call.status.code, code), "%s", call.message);
    cr_assert(ne(ptr, strstr(call.message, part), NULL), "'%s'", call.message);
}

Test(rpc, unary_runs_at_half_close_and_answers_once) {
    const struct dk__rpc_headers headers = fake_headers("/t.Test/Echo");

    fake_call_open(&call, &transport, &headers);
    fake_call_send(&call, hello);
    cr_assert(eq(uint, runs, 0));
    fake_call_half_close(&call);

    ended_with(DK__CODE_OK, "");
    cr_assert(eq(uint, call.let_gos, 1));
    cr_assert(eq(uint, call.flushes, 1));
    cr_assert(dk_bytes_equal(fake_call_answer(&call, 0), hello));
    cr_assert(eq(ptr, (void *)fake_call_answer(&call, 1).data, NULL));
}

Test(rpc, unary_of_an_empty_message_runs) {
    const struct dk__rpc_headers headers = fake_headers("/t.Test/Echo");

    fake_call_unary(&call, &transport, &headers, (struct dk_bytes)DK_BYTES(""));

    ended_with(DK__CODE_OK, "");
    cr_assert(eq(sz, call.answer_size, 5));
}

Test(rpc, unary_without_a_message_is_internal) {
    const struct dk__rpc_headers headers = fake_headers("/t.Test/Echo");

    fake_call_open(&call, &transport, &headers);
    fake_call_half_close(&call);

    ended_with(DK__CODE_INTERNAL, "no message");
    cr_assert(eq(uint, runs, 0));
}

Test(rpc, unary_with_two_messages_is_internal_and_never_runs) {
    const struct dk__rpc_headers headers = fake_headers("/t.Test/Echo");

    fake_call_open(&call, &transport, &headers);
    fake_call_send(&call, hello);
    fake_call_send(&call, hello);
    fake_call_half_close(&call);

    ended_with(DK__CODE_INTERNAL, "second message");
    cr_assert(eq(uint, runs, 0));
}

Test(rpc, a_late_reply_answers_the_peer) {
    const struct dk__rpc_headers headers = fake_headers("/t.Test/Hold");

    fake_call_unary(&call, &transport, &headers, hello);
    cr_assert(eq(uint, call.finishes, 0));
    dk_reply_ok(held);

    ended_with(DK__CODE_OK, "");
    cr_assert(eq(sz, call.answer_size, 5));
}

Test(rpc, a_failed_reply_sends_no_message) {
    const struct dk__rpc_headers headers = fake_headers("/t.Test/Hold");

    fake_call_unary(&call, &transport, &headers, hello);
    dk_reply_fail(held, DK_INTERNAL, "fake: '%s'", "no");

    ended_with(DK__CODE_INTERNAL, "fake: 'no'");
    cr_assert(eq(sz, call.answer_size, 0));
}

Test(rpc, paths_that_nobody_serves_are_unimplemented_and_say_why) {
    static const char *const rows[][2] = {
        {"/t.Test/Nothing", "unknown method 'Nothing' of service 't.Test'"},
        {"/t.Other/Echo", "unknown service 't.Other'"},
        {"/nothing", "'/nothing' is no method"},
        {"t.Test/Echo", "is no method"},
        {"/", "is no method"},
        {"", "is no method"},
        {"//", "unknown service ''"},
        {"/t.Test/", "unknown method ''"},
        {"/t.Test/\xff", "\xef\xbf\xbd"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct dk__rpc_headers headers = fake_headers(rows[i][0]);

        fake_call_unary(&call, &transport, &headers, hello);

        ended_with(DK__CODE_UNIMPLEMENTED, rows[i][1]);
        fake_call_free(&call);
    }
}

Test(rpc, only_content_types_of_grpc_are_served) {
    static const struct {
        const char *type;
        bool is_served;
    } rows[] = {
        {"application/grpc", true},
        {"application/grpc+proto", true},
        {"application/grpc;charset=utf-8", true},
        {"application/grpc-web", false},
        {"application/grp", false},
        {"application/json", false},
        {"", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct dk__rpc_headers headers = fake_headers("/t.Test/Echo");
        headers.content_type = dk_bytes_of(rows[i].type);

        fake_call_unary(&call, &transport, &headers, hello);

        cr_expect(
            eq(int, call.status.code, rows[i].is_served ? DK__CODE_OK : DK__CODE_INVALID_ARGUMENT),
            "%s",
            rows[i].type);
        fake_call_free(&call);
    }
}

Test(rpc, a_compressed_message_without_an_announcement_is_internal) {
    const struct dk__rpc_headers headers = fake_headers("/t.Test/Echo");

    fake_call_open(&call, &transport, &headers);
    fake_call_send_compressed(&call, hello);

    ended_with(DK__CODE_INTERNAL, "grpc-encoding");
}

Test(rpc, an_announced_compression_is_unimplemented_and_told_what_is_taken) {
    struct dk__rpc_headers headers = fake_headers("/t.Test/Echo");
    headers.encoding = (struct dk_bytes)DK_BYTES("gzip");

    fake_call_open(&call, &transport, &headers);
    fake_call_send_compressed(&call, hello);

    ended_with(DK__CODE_UNIMPLEMENTED, "identity");
    cr_assert(eq(str, call.pairs[0], "header grpc-accept-encoding=identity"));
}

Test(rpc, an_announced_compression_that_is_not_used_is_served) {
    struct dk__rpc_headers headers = fake_headers("/t.Test/Echo");
    headers.encoding = (struct dk_bytes)DK_BYTES("gzip");

    fake_call_unary(&call, &transport, &headers, hello);

    ended_with(DK__CODE_OK, "");
}

Test(rpc, identity_is_no_compression) {
    struct dk__rpc_headers headers = fake_headers("/t.Test/Echo");
    headers.encoding = (struct dk_bytes)DK_BYTES("identity");

    fake_call_open(&call, &transport, &headers);
    fake_call_send_compressed(&call, hello);

    ended_with(DK__CODE_INTERNAL, "grpc-encoding");
}

Test(rpc, an_unreadable_timeout_is_internal) {
    struct dk__rpc_headers headers = fake_headers("/t.Test/Echo");
    headers.timeout = (struct dk_bytes)DK_BYTES("soon");

    fake_call_unary(&call, &transport, &headers, hello);

    ended_with(DK__CODE_INTERNAL, "grpc-timeout");
    cr_assert(eq(uint, runs, 0));
}

Test(rpc, a_timeout_of_nothing_has_passed_at_once) {
    struct dk__rpc_headers headers = fake_headers("/t.Test/Echo");
    headers.timeout = (struct dk_bytes)DK_BYTES("0S");

    fake_call_unary(&call, &transport, &headers, hello);

    ended_with(DK__CODE_DEADLINE_EXCEEDED, "deadline");
    cr_assert(eq(uint, runs, 0));
}

Test(rpc, a_deadline_in_the_past_has_passed_at_once) {
    struct dk__rpc_headers headers = fake_headers("/t.Test/Echo");
    fake_transport_wait(&transport, 1000);
    headers.deadline_us = dk_loop_now_us(transport.loop) - 1;

    fake_call_unary(&call, &transport, &headers, hello);

    ended_with(DK__CODE_DEADLINE_EXCEEDED, "deadline");
}

Test(rpc, a_deadline_passes_while_the_request_is_under_way) {
    struct dk__rpc_headers headers = fake_headers("/t.Test/Echo");
    headers.timeout = (struct dk_bytes)DK_BYTES("2m");

    fake_call_open(&call, &transport, &headers);
    fake_call_send(&call, hello);
    fake_transport_wait(&transport, 3000);
    fake_call_half_close(&call);

    ended_with(DK__CODE_DEADLINE_EXCEEDED, "deadline");
    cr_assert(eq(uint, call.let_gos, 1));
    cr_assert(eq(uint, runs, 0));
}

Test(rpc, a_deadline_answers_first_and_the_backend_only_releases) {
    struct dk__rpc_headers headers = fake_headers("/t.Test/Hold");
    headers.timeout = (struct dk_bytes)DK_BYTES("2m");

    fake_call_unary(&call, &transport, &headers, hello);
    cr_assert(lt(i64, dk_reply_deadline_us(held), INT64_MAX));
    fake_transport_wait(&transport, 3000);
    ended_with(DK__CODE_DEADLINE_EXCEEDED, "deadline");
    fake_call_close(&call); /* the stream is closed, the reply is not given yet */
    cr_assert(eq(uint, call.let_gos, 0));
    cr_assert(dk_reply_is_over(held));
    dk_reply_ok(held);

    cr_assert(eq(uint, call.finishes, 1));
    cr_assert(eq(uint, call.let_gos, 1));
    cr_assert(eq(sz, call.answer_size, 0));
}

Test(rpc, a_failure_after_the_deadline_only_releases) {
    struct dk__rpc_headers headers = fake_headers("/t.Test/Hold");
    headers.timeout = (struct dk_bytes)DK_BYTES("1m");

    fake_call_unary(&call, &transport, &headers, hello);
    fake_transport_wait(&transport, 2000);
    dk_reply_fail(held, DK_UNAVAILABLE, "fake: too late");

    ended_with(DK__CODE_DEADLINE_EXCEEDED, "deadline");
    cr_assert(eq(uint, call.let_gos, 1));
}

Test(rpc, an_answer_in_time_stops_the_deadline) {
    struct dk__rpc_headers headers = fake_headers("/t.Test/Hold");
    headers.timeout = (struct dk_bytes)DK_BYTES("5m");

    fake_call_unary(&call, &transport, &headers, hello);
    dk_reply_ok(held);
    fake_call_close(&call); /* the RPC's memory, its timer with it, is gone */
    fake_transport_wait(&transport, 6000);

    ended_with(DK__CODE_OK, "");
}

Test(rpc, a_limit_ends_a_call_whose_caller_waits_for_ever) {
    const struct dk__rpc_headers headers = fake_headers("/t.Test/Hold");
    fake_call_unary(&call, &transport, &headers, hello);
    cr_assert(eq(i64, dk_reply_deadline_us(held), INT64_MAX));

    cr_assert(dk__rpc_limit(call.rpc, 2000));
    cr_assert(lt(i64, dk_reply_deadline_us(held), INT64_MAX));
    fake_transport_wait(&transport, 3000);

    ended_with(DK__CODE_DEADLINE_EXCEEDED, "handler-timeout");
    cr_assert(dk_reply_is_over(held));
    dk_reply_ok(held);
    cr_assert(eq(uint, call.let_gos, 1));
}

Test(rpc, an_earlier_deadline_stays_under_a_limit) {
    struct dk__rpc_headers headers = fake_headers("/t.Test/Hold");
    headers.timeout = (struct dk_bytes)DK_BYTES("2m");
    fake_call_unary(&call, &transport, &headers, hello);

    cr_assert(dk__rpc_limit(call.rpc, 60 * 1000 * 1000));
    fake_transport_wait(&transport, 3000);

    ended_with(DK__CODE_DEADLINE_EXCEEDED, "the deadline of the call");
    dk_reply_ok(held);
}

Test(rpc, a_limit_shortens_a_longer_deadline) {
    struct dk__rpc_headers headers = fake_headers("/t.Test/Hold");
    headers.timeout = (struct dk_bytes)DK_BYTES("1H");
    fake_call_unary(&call, &transport, &headers, hello);

    cr_assert(dk__rpc_limit(call.rpc, 2000));
    fake_transport_wait(&transport, 3000);

    ended_with(DK__CODE_DEADLINE_EXCEEDED, "handler-timeout");
    dk_reply_ok(held);
}

Test(rpc, abandoned_before_it_ran_is_cancelled_at_once) {
    const struct dk__rpc_headers headers = fake_headers("/t.Test/Echo");

    fake_call_open(&call, &transport, &headers);
    fake_call_send(&call, hello);
    fake_call_reset(&call);

    ended_with(DK__CODE_CANCELLED, "");
    cr_assert(eq(uint, call.let_gos, 1));
    cr_assert(eq(uint, runs, 0));
}

Test(rpc, abandoned_while_the_backend_works_stays_until_the_reply) {
    const struct dk__rpc_headers headers = fake_headers("/t.Test/Hold");

    fake_call_unary(&call, &transport, &headers, hello);
    fake_call_reset(&call);
    cr_assert(eq(uint, call.finishes, 1));
    cr_assert(eq(uint, call.let_gos, 0));
    cr_assert(dk_reply_is_over(held));
    cr_assert(eq(u64, transport.server.rpcs_open, 1));
    dk_reply_ok(held);

    ended_with(DK__CODE_CANCELLED, "");
    cr_assert(eq(uint, call.let_gos, 1));
    cr_assert(eq(u64, transport.server.rpcs_open, 0));
}

Test(rpc, abandoned_after_its_answer_changes_nothing) {
    const struct dk__rpc_headers headers = fake_headers("/t.Test/Echo");

    fake_call_unary(&call, &transport, &headers, hello);
    fake_call_reset(&call);

    ended_with(DK__CODE_OK, "");
    cr_assert(eq(uint, call.let_gos, 1));
}

Test(rpc, abandoned_after_the_deadline_waits_for_the_reply_too) {
    struct dk__rpc_headers headers = fake_headers("/t.Test/Hold");
    headers.timeout = (struct dk_bytes)DK_BYTES("1m");

    fake_call_unary(&call, &transport, &headers, hello);
    fake_transport_wait(&transport, 2000);
    fake_call_reset(&call);
    cr_assert(eq(uint, call.let_gos, 0));
    dk_reply_ok(held);

    ended_with(DK__CODE_DEADLINE_EXCEEDED, "");
    cr_assert(eq(uint, call.let_gos, 1));
}

Test(rpc, a_refused_rpc_swallows_what_still_arrives) {
    const struct dk__rpc_headers headers = fake_headers("/t.Test/Chat");

    fake_call_open(&call, &transport, &headers);
    dk__rpc_refuse(call.rpc, DK__CODE_RESOURCE_EXHAUSTED, "too large");
    fake_call_send(&call, hello);
    fake_call_half_close(&call);
    dk__rpc_writable(call.rpc);
    fake_call_reset(&call);

    ended_with(DK__CODE_RESOURCE_EXHAUSTED, "too large");
    cr_assert(eq(uint, overs, 1));
    cr_assert(eq(uint, half_closes, 0));
    cr_assert(eq(uint, writables, 0));
}

/* With the detail that makes daprd answer 400 and our words. */
Test(rpc, a_request_over_the_bound_is_the_callers_fault) {
    static const char words[] =
        "the request is a message of 1001 bytes, more than request-bytes-max = 1000 bytes";
    const struct dk__rpc_headers headers = fake_headers("/t.Test/Echo");
    struct dk__arena arena = {.pool = dk__loop_pool(transport.loop), .bytes_max = 4096};
    const struct dk__status expected = dk__status_of(DK_INVALID, words, &arena);
    transport.server.limits.request_bytes_max = 1000;

    fake_call_open(&call, &transport, &headers);
    dk__rpc_refuse_size(call.rpc, 1001);
    fake_call_reset(&call);

    ended_with(DK__CODE_INVALID_ARGUMENT, words);
    cr_assert(dk_bytes_equal(call.status.details, expected.details));
    cr_assert(gt(sz, expected.details.size, 0));
    dk__arena_reset(&arena);
}

Test(rpc, a_stream_sees_its_events_and_ends_itself) {
    const struct dk__rpc_headers headers = fake_headers("/t.Test/Chat");

    fake_call_open(&call, &transport, &headers);
    fake_call_send(&call, hello);
    fake_call_send(&call, (struct dk_bytes)DK_BYTES(""));
    dk__rpc_writable(call.rpc);
    fake_call_half_close(&call);

    ended_with(DK__CODE_OK, "");
    cr_assert(eq(uint, opens, 1));
    cr_assert(eq(uint, writables, 1));
    cr_assert(eq(uint, half_closes, 1));
    cr_assert(eq(uint, overs, 0));
    cr_assert(dk_bytes_equal(fake_call_answer(&call, 0), hello));
    cr_assert(eq(sz, fake_call_answer(&call, 1).size, 0));
    cr_assert(eq(uint, call.flushes, 2));
}

Test(rpc, a_stream_may_outlive_the_clients_half_close) {
    const struct dk__rpc_headers headers = fake_headers("/t.Test/Chat");
    static const struct dk__status ok = {.code = DK__CODE_OK};
    finishes_on_half_close = false;

    fake_call_open(&call, &transport, &headers);
    fake_call_half_close(&call);
    cr_assert(eq(uint, call.finishes, 0));
    dk__rpc_finish(call.rpc, &ok);

    ended_with(DK__CODE_OK, "");
}

Test(rpc, an_abandoned_stream_is_told_once) {
    const struct dk__rpc_headers headers = fake_headers("/t.Test/Chat");

    fake_call_open(&call, &transport, &headers);
    fake_call_reset(&call);

    ended_with(DK__CODE_CANCELLED, "");
    cr_assert(eq(uint, overs, 1));
    cr_assert(eq(uint, call.let_gos, 1));
}

Test(rpc, a_stream_past_its_deadline_is_told_once) {
    struct dk__rpc_headers headers = fake_headers("/t.Test/Chat");
    headers.timeout = (struct dk_bytes)DK_BYTES("1m");

    fake_call_open(&call, &transport, &headers);
    fake_transport_wait(&transport, 2000);
    fake_call_send(&call, hello);
    fake_call_reset(&call);

    ended_with(DK__CODE_DEADLINE_EXCEEDED, "");
    cr_assert(eq(uint, overs, 1));
    cr_assert(eq(sz, call.answer_size, 0));
}

Test(rpc, a_stream_of_one_request_refuses_none_and_two) {
    const struct dk__rpc_headers headers = fake_headers("/t.Test/One");

    fake_call_open(&call, &transport, &headers);
    fake_call_half_close(&call);
    ended_with(DK__CODE_INTERNAL, "no message");
    fake_call_free(&call);

    fake_call_open(&call, &transport, &headers);
    fake_call_send(&call, hello);
    fake_call_send(&call, hello);
    ended_with(DK__CODE_INTERNAL, "second message");
    cr_assert(eq(uint, overs, 2));
}

Test(rpc, can_send_asks_the_transport) {
    const struct dk__rpc_headers headers = fake_headers("/t.Test/Chat");

    fake_call_open(&call, &transport, &headers);
    cr_assert(dk__rpc_can_send(call.rpc));
    transport.is_full = true;
    cr_assert(not(dk__rpc_can_send(call.rpc)));

    fake_call_reset(&call);
}

Test(rpc, an_answer_of_exactly_reply_bytes_max_is_sent) {
    const struct dk__rpc_headers headers = fake_headers("/t.Test/Echo");
    static char bytes[1000];
    transport.server.limits.reply_bytes_max = sizeof bytes;

    fake_call_unary(
        &call, &transport, &headers, (struct dk_bytes){.data = bytes, .size = sizeof bytes});

    ended_with(DK__CODE_OK, "");
    cr_assert(eq(sz, fake_call_answer(&call, 0).size, sizeof bytes));
}

Test(rpc, an_answer_larger_than_reply_bytes_max_fails_that_call_alone) {
    const struct dk__rpc_headers headers = fake_headers("/t.Test/Echo");
    static char bytes[1001];
    transport.server.limits.reply_bytes_max = sizeof bytes - 1;

    fake_call_unary(
        &call, &transport, &headers, (struct dk_bytes){.data = bytes, .size = sizeof bytes});

    ended_with(DK__CODE_RESOURCE_EXHAUSTED, "reply-bytes-max = 1000 bytes");
    cr_assert(eq(sz, call.answer_size, 0));
    fake_call_free(&call);
    fake_call_unary(&call, &transport, &headers, hello);
    ended_with(DK__CODE_OK, "");
}

Test(rpc, a_stream_keeps_its_earlier_messages_when_one_is_too_large) {
    const struct dk__rpc_headers headers = fake_headers("/t.Test/Chat");
    static char bytes[1001];
    transport.server.limits.reply_bytes_max = sizeof bytes - 1;
    transport.is_stalled = true;

    fake_call_open(&call, &transport, &headers);
    fake_call_send(&call, hello);
    transport.is_stalled = false;
    fake_call_send(&call, (struct dk_bytes){.data = bytes, .size = sizeof bytes});

    ended_with(DK__CODE_RESOURCE_EXHAUSTED, "reply-bytes-max");
    cr_assert(dk_bytes_equal(fake_call_answer(&call, 0), hello));
    cr_assert(eq(ptr, (void *)fake_call_answer(&call, 1).data, NULL));
}

Test(rpc, a_stream_that_never_asks_can_send_meets_outbox_bytes_max) {
    const struct dk__rpc_headers headers = fake_headers("/t.Test/Chat");
    static char bytes[1000];
    const struct dk_bytes message = {.data = bytes, .size = sizeof bytes};
    unsigned sent = 0;
    transport.server.limits.outbox_bytes_max = 10000;
    transport.is_stalled = true;

    fake_call_open(&call, &transport, &headers);
    while (call.finishes == 0 && sent < 100) {
        fake_call_send(&call, message);
        sent++;
    }

    ended_with(DK__CODE_RESOURCE_EXHAUSTED, "");
    cr_assert(eq(uint, sent, 11));
}

static void on_idle(struct dk__server *server) {
    (void)server;
    idles++;
}

Test(rpc, draining_refuses_new_calls_and_tells_when_the_last_is_gone) {
    const struct dk__rpc_headers headers = fake_headers("/t.Test/Hold");
    struct fake_call late;
    fake_call_unary(&call, &transport, &headers, hello);
    struct dk_reply *reply = held;

    transport.server.on_idle = on_idle;
    transport.server.is_draining = true;
    fake_call_unary(&late, &transport, &headers, hello);
    cr_assert(eq(int, late.status.code, DK__CODE_UNAVAILABLE));
    cr_assert(eq(uint, idles, 0));
    dk_reply_ok(reply);

    ended_with(DK__CODE_OK, "");
    cr_assert(eq(uint, idles, 1));
    fake_call_free(&late);
}

Test(rpc, a_warm_unary_call_asks_the_heap_for_nothing) {
    const struct dk__rpc_headers headers = fake_headers("/t.Test/Echo");
    const struct dk__pool *pool = dk__loop_pool(transport.loop);
    fake_call_unary(&call, &transport, &headers, hello);
    fake_call_free(&call);
    const uint64_t takes = pool->heap_takes;

    for (int i = 0; i < 100; i++) {
        fake_call_unary(&call, &transport, &headers, hello);
        fake_call_free(&call);
    }

    cr_assert(eq(u64, pool->heap_takes, takes));
}

/* ── who observes ───────────────────────────────────────────────────────────────────────────── */

static unsigned begun, ended;
static enum dk__code ended_code;
static const struct dk__method *begun_method;

static void on_begun(struct dk__observer *observer, struct dk__rpc *rpc) {
    (void)observer;
    begun++;
    begun_method = rpc->method;
    cr_assert(eq(uint, runs, 0), "nothing ran yet");
}

static void on_ended(
    struct dk__observer *observer, struct dk__rpc *rpc, const struct dk__status *status) {
    (void)observer;
    (void)rpc;
    ended++;
    ended_code = status->code;
    cr_assert(eq(uint, call.finishes, 0), "the status is not out yet");
}

static struct dk__observer observer = {.on_begun = on_begun, .on_ended = on_ended};

Test(rpc, an_observer_sees_both_ends_once) {
    const struct dk__rpc_headers headers = fake_headers("/t.Test/Hold");
    dk__server_observe(&transport.server, &observer);

    fake_call_unary(&call, &transport, &headers, hello);
    cr_assert(eq(uint, begun, 1));
    cr_assert(eq(ptr, (void *)begun_method, (void *)&methods[1]));
    cr_assert(eq(uint, ended, 0));
    fake_call_reset(&call);
    dk_reply_ok(held); /* too late: it ends nothing again */

    cr_assert(eq(uint, begun, 1));
    cr_assert(eq(uint, ended, 1));
    cr_assert(eq(int, ended_code, DK__CODE_CANCELLED));
}

Test(rpc, an_observer_sees_what_nobody_serves) {
    const struct dk__rpc_headers headers = fake_headers("/t.Test/Unknown");
    dk__server_observe(&transport.server, &observer);

    fake_call_open(&call, &transport, &headers);

    cr_assert(eq(uint, begun, 1));
    cr_assert(eq(ptr, (void *)begun_method, NULL));
    cr_assert(eq(uint, ended, 1));
    cr_assert(eq(int, ended_code, DK__CODE_UNIMPLEMENTED));
}
