/* Unary calls as an ordinary client makes them. */
#include "rig.h"

#include "core/loop.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <nghttp2/nghttp2.h>
#include <stdio.h>
#include <stdlib.h>

#define BYTES(literal) ((struct dk_bytes)DK_BYTES(literal))

static void open(void) {
    rig_open(NULL);
}

TestSuite(h2_call, .init = open, .fini = rig_close, .timeout = 60);

static void assert_answer(const struct h2_call *call, const char *text) {
    const struct dk_bytes answer = h2_call_answer(call, 0);
    cr_assert(eq(int, h2_call_status(call), 0));
    cr_assert(eq(sz, h2_call_answers(call), 1));
    cr_assert(dk_bytes_equal(answer, dk_bytes_of(text)));
}

Test(h2_call, an_answer_has_headers_message_and_trailers) {
    struct h2_call *call = rig_call("/test.T/Echo", BYTES("hello"));

    assert_answer(call, "hello");
    cr_assert(eq(int, h2_call_http_status(call), 200));
    cr_assert(eq(str, (char *)h2_pairs_find(&call->headers, "content-type"), "application/grpc"));
    cr_assert(eq(ptr, (void *)h2_pairs_find(&call->headers, "grpc-status"), NULL));
    cr_assert(eq(str, (char *)h2_pairs_find(&call->trailers, "grpc-status"), "0"));
    cr_assert(eq(ptr, (void *)h2_pairs_find(&call->trailers, "grpc-message"), NULL));
    cr_assert(call->has_end);
    cr_assert(not(call->is_reset));
    h2_call_free(call);
}

Test(h2_call, an_empty_message_is_a_message) {
    struct h2_call *call = rig_call("/test.T/Echo", BYTES(""));

    assert_answer(call, "");
    cr_assert(eq(sz, call->answer_size, 5));
    h2_call_free(call);
}

Test(h2_call, an_error_without_a_message_is_one_header_list) {
    rig.status = (struct dk__status){
        .code = DK__CODE_FAILED_PRECONDITION,
        .message = DK_BYTES("redis: the etag is stale"),
        .details = DK_BYTES("\x08\x09\x00\xff\xfe"),
    };
    struct h2_call *call = rig_call("/test.T/Fail", BYTES(""));

    cr_assert(eq(int, h2_call_status(call), 9));
    cr_assert(eq(str, (char *)h2_call_message(call), "redis: the etag is stale"));
    cr_assert(eq(str, (char *)h2_pairs_find(&call->headers, "grpc-status-details-bin"), "CAkA//4"));
    cr_assert(eq(sz, call->trailers.count, 0));
    cr_assert(eq(sz, call->answer_size, 0));
    cr_assert(eq(int, h2_call_http_status(call), 200));
    h2_call_free(call);
}

Test(h2_call, words_are_percent_encoded) {
    static const char text[] = "\t100% of \r\nUnicode \xe2\x98\xba and \xf0\x9f\x98\x88";
    rig.status = (struct dk__status){
        .code = DK__CODE_UNKNOWN, .message = {.data = text, .size = sizeof text - 1}};
    struct h2_call *call = rig_call("/test.T/Fail", BYTES(""));

    cr_assert(
        eq(str,
           (char *)h2_pairs_find(&call->headers, "grpc-message"),
           "%09100%25 of %0D%0AUnicode %E2%98%BA and %F0%9F%98%88"));
    cr_assert(eq(str, (char *)h2_call_message(call), (char *)text));
    h2_call_free(call);
}

Test(h2_call, words_that_are_too_long_are_cut_at_a_character) {
    static char text[6000];
    for (size_t i = 0; i < sizeof text; i += 3) {
        memcpy(text + i, "\xe2\x98\xba", 3); /* 9 bytes as encoded: 4096 / 9 = 455 of them */
    }
    rig.status = (struct dk__status){
        .code = DK__CODE_UNKNOWN, .message = {.data = text, .size = sizeof text}};
    struct h2_call *call = rig_call("/test.T/Fail", BYTES(""));

    cr_assert(eq(int, h2_call_status(call), 2));
    cr_assert(eq(sz, strlen(h2_call_message(call)), 455 * 3));
    h2_call_free(call);
}

Test(h2_call, details_that_are_too_long_are_left_out_and_the_words_stay) {
    static char details[8192];
    rig.status = (struct dk__status){
        .code = DK__CODE_UNKNOWN,
        .message = DK_BYTES("words"),
        .details = {.data = details, .size = sizeof details}};
    struct h2_call *call = rig_call("/test.T/Fail", BYTES(""));

    cr_assert(eq(int, h2_call_status(call), 2));
    cr_assert(eq(str, (char *)h2_call_message(call), "words"));
    cr_assert(eq(ptr, (void *)h2_pairs_find(&call->headers, "grpc-status-details-bin"), NULL));
    h2_call_free(call);
}

Test(h2_call, a_call_that_filled_its_arena_can_say_so) {
    rig.status = (struct dk__status){.code = DK__CODE_RESOURCE_EXHAUSTED, .message = DK_BYTES("!")};
    struct h2_call *call = h2_call_unary(rig.client, "/test.T/Hold", NULL, BYTES(""));
    rig_await_held(1);
    struct dk__rpc *rpc = rig.held[0];
    rig.held_count = 0;
    while (dk__arena_take(&rpc->call.arena, 4096) != NULL) {
    }
    while (dk__arena_take_bytes(&rpc->call.arena, 1) != NULL) {
    }

    dk__rpc_finish(rpc, &rig.status);

    cr_assert(h2_call_wait(call));
    cr_assert(eq(int, h2_call_status(call), 8));
    cr_assert(eq(str, (char *)h2_call_message(call), "!"));
    h2_call_free(call);
}

Test(h2_call, metadata_goes_both_ways_binary_decoded) {
    static const char *const headers[] = {
        "x-one", "1", "x-two-bin", "AQID", "x-one", "again", "x-three-bin", "Zg==", NULL};
    struct h2_call *call = h2_call_unary(rig.client, "/test.T/Pairs", headers, BYTES(""));

    cr_assert(h2_call_wait(call));

    assert_answer(call, "x-one=1;x-two-bin=\1\2\3;x-one=again;x-three-bin=f;");
    cr_assert(eq(str, (char *)h2_pairs_find(&call->headers, "x-head"), "plain"));
    cr_assert(eq(str, (char *)h2_pairs_find(&call->headers, "x-head-bin"), "Af8"));
    cr_assert(eq(ptr, (void *)h2_pairs_find(&call->headers, "x-tail"), NULL));
    cr_assert(eq(str, (char *)h2_pairs_find(&call->trailers, "x-tail"), "late"));
    cr_assert(eq(str, (char *)h2_pairs_find(&call->trailers, "x-tail-bin"), "YWJj"));
    h2_call_free(call);
}

Test(h2_call, custom_headers_stay_headers_when_the_call_fails) {
    rig.status = (struct dk__status){.code = DK__CODE_ABORTED, .message = DK_BYTES("no")};
    struct h2_call *call = rig_call("/test.T/Pairs", BYTES(""));

    cr_assert(eq(str, (char *)h2_pairs_find(&call->headers, "x-head"), "plain"));
    cr_assert(eq(str, (char *)h2_pairs_find(&call->trailers, "grpc-status"), "10"));
    cr_assert(eq(str, (char *)h2_pairs_find(&call->trailers, "x-tail"), "late"));
    h2_call_free(call);
}

Test(h2_call, a_binary_header_that_is_none_is_refused) {
    static const char *const headers[] = {"x-bin", "not base64", NULL};
    struct h2_call *call = h2_call_unary(rig.client, "/test.T/Echo", headers, BYTES("m"));

    cr_assert(h2_call_wait(call));

    cr_assert(eq(int, h2_call_status(call), 13));
    cr_assert(ne(ptr, strstr(h2_call_message(call), "base64"), NULL));
    h2_call_free(call);
}

Test(h2_call, te_may_be_absent_and_the_content_type_may_go_on) {
    static const char *const types[] = {
        "application/grpc", "application/grpc+proto", "application/grpc;charset=utf-8"};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        const char *const headers[] = {"content-type", types[i], NULL};
        struct h2_call *call = h2_call_unary(rig.client, "/test.T/Echo", headers, BYTES("m"));
        cr_assert(h2_call_wait(call));
        assert_answer(call, "m");
        h2_call_free(call);
    }
    unsigned char block[256];
    struct raw raw;
    raw_open(&raw, false);
    const size_t size = raw_headers("/test.T/Echo", block, sizeof block); /* no te in there */
    cr_assert(raw_frame(&raw, 1, 4, 1, block, size));
    cr_assert(raw_frame(&raw, 0, 1, 1, "\0\0\0\0\2ok", 7));
    rig_turn(4);
    raw_read(&raw);
    cr_assert(raw_has(&raw, "\0\0\0\0\2ok", 7));
    raw_close(&raw);
}

Test(h2_call, what_is_no_grpc_gets_415_and_a_text) {
    static const char *const types[] = {"text/html", "application/grp", "application/grpcx"};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        const char *const headers[] = {"content-type", types[i], NULL};
        struct h2_call *call = h2_call_unary(rig.client, "/test.T/Echo", headers, BYTES("m"));
        cr_assert(h2_call_wait(call));
        cr_assert(eq(int, h2_call_http_status(call), 415));
        cr_assert(eq(str, (char *)h2_pairs_find(&call->headers, "content-type"), "text/plain"));
        cr_assert(gt(sz, call->answer_size, 0));
        cr_assert(call->has_end);
        h2_call_free(call);
    }
}

Test(h2_call, a_large_body_that_is_no_grpc_is_answered_before_its_end) {
    static char bytes[2 << 20];
    static const char *const headers[] = {"content-type", "text/plain", NULL};
    struct h2_call *call = h2_call_open(rig.client, "/test.T/Echo", headers);
    h2_call_send_raw(call, (struct dk_bytes){.data = bytes, .size = sizeof bytes});

    cr_assert(h2_call_wait(call));

    cr_assert(eq(int, h2_call_http_status(call), 415));
    cr_assert(call->is_reset);
    cr_assert(eq(u32, call->reset_code, NGHTTP2_NO_ERROR));
    h2_call_free(call);
}

Test(h2_call, another_method_gets_405) {
    static const char *const headers[] = {":method", "GET", NULL};
    struct h2_call *call = h2_call_unary(rig.client, "/test.T/Echo", headers, BYTES(""));

    cr_assert(h2_call_wait(call));

    cr_assert(eq(int, h2_call_http_status(call), 405));
    cr_assert(eq(str, (char *)h2_pairs_find(&call->headers, "allow"), "POST"));
    h2_call_free(call);
}

Test(h2_call, an_unknown_method_is_unimplemented_and_the_connection_lives) {
    struct h2_call *call = rig_call("/test.T/None", BYTES(""));
    cr_assert(eq(int, h2_call_status(call), 12));
    h2_call_free(call);

    call = rig_call("/test.T/Echo", BYTES("on"));
    assert_answer(call, "on");
    h2_call_free(call);
}

Test(h2_call, a_compressed_message_is_refused_with_what_is_taken) {
    static const char *const headers[] = {"grpc-encoding", "gzip", NULL};
    struct h2_call *call = h2_call_open(rig.client, "/test.T/Echo", headers);
    h2_call_send_raw(call, BYTES("\1\0\0\0\1x"));
    h2_call_half_close(call);

    cr_assert(h2_call_wait(call));

    cr_assert(eq(int, h2_call_status(call), 12));
    cr_assert(eq(str, (char *)h2_pairs_find(&call->headers, "grpc-accept-encoding"), "identity"));
    h2_call_free(call);
}

Test(h2_call, a_strange_flag_byte_is_refused) {
    struct h2_call *call = h2_call_open(rig.client, "/test.T/Echo", NULL);
    h2_call_send_raw(call, BYTES("\2\0\0\0\1x"));
    h2_call_half_close(call);

    cr_assert(h2_call_wait(call));

    cr_assert(eq(int, h2_call_status(call), 13));
    h2_call_free(call);
}

Test(h2_call, a_request_that_ends_within_a_message_is_refused) {
    static const struct dk_bytes parts[] = {
        DK_BYTES("\0"), DK_BYTES("\0\0\0\0"), DK_BYTES("\0\0\0\0\2"), DK_BYTES("\0\0\0\0\2x")};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        struct h2_call *call = h2_call_open(rig.client, "/test.T/Echo", NULL);
        h2_call_send_raw(call, parts[i]);
        h2_call_half_close(call);

        cr_assert(h2_call_wait(call));

        cr_assert(eq(int, h2_call_status(call), 13), "part %zu", i);
        h2_call_free(call);
    }
}

Test(h2_call, a_message_may_come_one_byte_at_a_time) {
    static const struct dk_bytes framed = DK_BYTES("\0\0\0\0\5hello");
    for (size_t at = 1; at < framed.size; at++) {
        struct h2_call *call = h2_call_open(rig.client, "/test.T/Echo", NULL);
        h2_call_send_raw(call, (struct dk_bytes){.data = framed.data, .size = at});
        rig_turn(3); /* one DATA frame each */
        h2_call_send_raw(
            call, (struct dk_bytes){.data = framed.data + at, .size = framed.size - at});
        h2_call_half_close(call);

        cr_assert(h2_call_wait(call));

        assert_answer(call, "hello");
        h2_call_free(call);
    }
}

Test(h2_call, a_large_message_passes_both_ways) {
    const size_t size = ((size_t)4 << 20) - 64; /* just below reply_bytes_max */
    char *bytes = malloc(size);
    for (size_t i = 0; i < size; i++) {
        bytes[i] = (char)(i * 31 >> 3);
    }
    struct h2_call *call = rig_call("/test.T/Echo", (struct dk_bytes){.data = bytes, .size = size});

    cr_assert(eq(int, h2_call_status(call), 0));
    cr_assert(
        dk_bytes_equal(h2_call_answer(call, 0), (struct dk_bytes){.data = bytes, .size = size}));
    h2_call_free(call);
    free(bytes);
}

Test(h2_call, many_calls_of_a_turn_are_answered_by_one_write) {
    enum { CALLS = 64 };
    struct h2_call *calls[CALLS];
    struct h2_call *first = rig_call("/test.T/Echo", BYTES("warm"));
    h2_call_free(first);
    rig_turn(4); /* SETTINGS and their acknowledgement are through */
    const struct dk__h2_counts before = rig_counts();

    for (int i = 0; i < CALLS; i++) {
        calls[i] = h2_call_unary(rig.client, "/test.T/Echo", NULL, BYTES("x"));
    }
    for (int i = 0; i < CALLS; i++) {
        cr_assert(h2_call_wait(calls[i]));
        assert_answer(calls[i], "x");
        h2_call_free(calls[i]);
    }

    const struct dk__h2_counts after = rig_counts();
    cr_assert(eq(u64, after.answers - before.answers, CALLS));
    cr_assert(eq(u64, after.writes - before.writes, 1));
    cr_assert(eq(u64, after.reads - before.reads, 1));
}

Test(h2_call, a_warm_server_does_not_ask_the_heap) {
    for (int i = 0; i < 8; i++) {
        h2_call_free(rig_call("/test.T/Echo", BYTES("warm")));
    }
    const uint64_t before = dk__loop_pool(rig.loop)->heap_takes;

    for (int i = 0; i < 100; i++) {
        h2_call_free(rig_call("/test.T/Echo", BYTES("0123456789")));
    }

    cr_assert(eq(u64, dk__loop_pool(rig.loop)->heap_takes, before));
}

Test(h2_call, the_deadline_of_the_caller_is_kept) {
    static const char *const headers[] = {"grpc-timeout", "20m", NULL};
    struct h2_call *call = h2_call_unary(rig.client, "/test.T/Hold", headers, BYTES(""));

    cr_assert(h2_call_wait(call));

    cr_assert(eq(int, h2_call_status(call), 4));
    cr_assert(eq(u64, rig.server.rpcs_open, 1)); /* the backend still holds it */
    rig_release();
    cr_assert(eq(u64, rig.server.rpcs_open, 0));
    h2_call_free(call);
}
