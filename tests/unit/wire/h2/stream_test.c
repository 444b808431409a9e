/* Streaming calls, windows in both directions. */
#include "rig.h"

#include "core/loop.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <nghttp2/nghttp2.h>
#include <stdlib.h>

#define BYTES(literal) ((struct dk_bytes)DK_BYTES(literal))

enum { KIB = 1024, MIB = 1024 * 1024 };

static void open(void) {
    rig_open(NULL);
}

TestSuite(h2_stream, .init = open, .fini = rig_close, .timeout = 60);

static bool has_answers(void *context) {
    const struct h2_call *call = ((void **)context)[0];
    return h2_call_answers(call) >= *(const size_t *)((void **)context)[1];
}

static void await_answers(struct h2_call *call, size_t count) {
    rig_await(has_answers, (void *[]){call, &count});
}

Test(h2_stream, messages_go_back_and_forth) {
    struct h2_call *call = h2_call_open(rig.client, "/test.T/Talk", NULL);
    h2_call_send(call, BYTES("one"));
    await_answers(call, 1);
    cr_assert(not(call->is_closed));

    h2_call_send(call, BYTES(""));
    h2_call_send(call, BYTES("three"));
    await_answers(call, 3);
    h2_call_half_close(call);

    cr_assert(h2_call_wait(call));
    cr_assert(eq(int, h2_call_status(call), 0));
    cr_assert(dk_bytes_equal(h2_call_answer(call, 0), BYTES("one")));
    cr_assert(dk_bytes_equal(h2_call_answer(call, 1), BYTES("")));
    cr_assert(dk_bytes_equal(h2_call_answer(call, 2), BYTES("three")));
    cr_assert(eq(uint, rig.half_closes, 1));
    cr_assert(eq(uint, rig.overs, 0));
    h2_call_free(call);
}

Test(h2_stream, a_stream_without_messages_is_one_header_list) {
    struct h2_call *call = h2_call_open(rig.client, "/test.T/Talk", NULL);
    h2_call_half_close(call);

    cr_assert(h2_call_wait(call));

    cr_assert(eq(int, h2_call_status(call), 0));
    cr_assert(eq(sz, call->trailers.count, 0));
    h2_call_free(call);
}

Test(h2_stream, messages_may_be_split_at_every_byte) {
    static const struct dk_bytes framed = DK_BYTES("\0\0\0\0\3abc\0\0\0\0\0\0\0\0\0\2de");
    for (size_t at = 1; at < framed.size; at++) {
        struct h2_call *call = h2_call_open(rig.client, "/test.T/Talk", NULL);
        h2_call_send_raw(call, (struct dk_bytes){.data = framed.data, .size = at});
        rig_turn(3);
        h2_call_send_raw(
            call, (struct dk_bytes){.data = framed.data + at, .size = framed.size - at});
        h2_call_half_close(call);

        cr_assert(h2_call_wait(call));

        cr_assert(eq(int, h2_call_status(call), 0));
        cr_assert(eq(sz, call->answer_size, framed.size));
        cr_assert(eq(int, memcmp(call->answer, framed.data, framed.size), 0), "at %zu", at);
        h2_call_free(call);
    }
}

Test(h2_stream, a_message_larger_than_the_windows_arrives) {
    const size_t size = 3 * MIB;
    char *bytes = malloc(size);
    memset(bytes, 'x', size);
    struct h2_call *call = h2_call_open(rig.client, "/test.T/Talk", NULL);
    h2_call_send(call, (struct dk_bytes){.data = bytes, .size = size});
    h2_call_half_close(call);

    cr_assert(h2_call_wait(call));

    cr_assert(eq(int, h2_call_status(call), 0));
    cr_assert(eq(sz, h2_call_answer(call, 0).size, size));
    cr_assert(eq(sz, rig.listener->request_bytes, 0));
    h2_call_free(call);
    free(bytes);
}

Test(h2_stream, the_connection_window_is_given_back) {
    static char bytes[MIB / 2];
    for (int i = 0; i < 40; i++) { /* five times the window */
        struct h2_call *call =
            rig_call("/test.T/Echo", (struct dk_bytes){.data = bytes, .size = sizeof bytes});
        cr_assert(eq(int, h2_call_status(call), 0));
        h2_call_free(call);
    }
}

Test(h2_stream, refused_bytes_do_not_eat_the_connection_window) {
    static char bytes[MIB / 2];
    for (int i = 0; i < 40; i++) {
        struct h2_call *call =
            rig_call("/test.T/None", (struct dk_bytes){.data = bytes, .size = sizeof bytes});
        cr_assert(eq(int, h2_call_status(call), 12));
        h2_call_free(call);
    }
    struct h2_call *call =
        rig_call("/test.T/Echo", (struct dk_bytes){.data = bytes, .size = sizeof bytes});
    cr_assert(eq(int, h2_call_status(call), 0));
    h2_call_free(call);
}

Test(h2_stream, a_method_pours_only_while_it_may) {
    h2_client_free(rig.client);
    rig.client = h2_client_new(
        rig.loop,
        rig.address,
        &(struct h2_options){.keeps_windows = true, .window_bytes = 4 * KIB});
    rig.pour = 1000;
    struct h2_call *call = h2_call_open(rig.client, "/test.T/Pour", NULL);
    h2_call_send(call, BYTES("go"));
    rig_turn(20);

    cr_assert(eq(sz, call->answer_size, 4 * KIB)); /* the window, not a byte more */
    cr_assert(le(sz, rig.poured * POUR_BYTES, 70 * KIB));
    size_t consumed = 0;
    while (!call->is_closed) {
        cr_assert(gt(sz, call->answer_size, consumed), "the server does not go on");
        h2_client_consume(call, call->answer_size - consumed);
        consumed = call->answer_size;
        rig_turn(4);
    }

    cr_assert(eq(int, h2_call_status(call), 0));
    cr_assert(eq(sz, h2_call_answers(call), 1000));
    cr_assert(gt(uint, rig.writables, 1));
    h2_call_free(call);
}

Test(h2_stream, a_peer_that_does_not_read_its_echo_is_not_read_either) {
    static char bytes[64 * KIB];
    h2_client_free(rig.client);
    rig.client = h2_client_new(
        rig.loop, rig.address, &(struct h2_options){.keeps_windows = true, .window_bytes = KIB});
    struct h2_call *call = h2_call_open(rig.client, "/test.T/Talk", NULL);
    for (int i = 0; i < 64; i++) { /* 4 MiB, the stream's window is 1 */
        h2_call_send(call, (struct dk_bytes){.data = bytes, .size = sizeof bytes});
    }
    rig_turn(200);

    cr_assert(lt(sz, call->request_sent, 2 * MIB), "%zu bytes were taken", call->request_sent);
    struct h2_call *other = h2_call_unary(rig.client, "/test.T/Echo", NULL, BYTES("still here"));
    cr_assert(h2_call_wait(other));
    cr_assert(eq(int, h2_call_status(other), 0));
    h2_call_free(other);
    size_t consumed = 0;
    h2_call_half_close(call);
    while (!call->is_closed) {
        h2_client_consume(call, call->answer_size - consumed);
        consumed = call->answer_size;
        rig_turn(2);
    }
    cr_assert(eq(int, h2_call_status(call), 0));
    cr_assert(eq(sz, h2_call_answers(call), 64));
    h2_call_free(call);
}

Test(h2_stream, an_early_answer_stops_the_caller_without_blame) {
    struct h2_call *call = h2_call_open(rig.client, "/test.T/Early", NULL);
    h2_call_send(call, BYTES("m"));

    cr_assert(h2_call_wait(call));

    cr_assert(eq(int, h2_call_status(call), 0));
    cr_assert(eq(sz, h2_call_answers(call), 1));
    cr_assert(call->has_end);
    cr_assert(call->is_reset);
    cr_assert(eq(u32, call->reset_code, NGHTTP2_NO_ERROR));
    cr_assert(eq(uint, rig.overs, 0));
    h2_call_free(call);
}

Test(h2_stream, frames_on_their_way_to_an_ended_stream_are_no_offence) {
    unsigned char block[256];
    struct raw raw;
    raw_open(&raw, false);
    const size_t size = raw_headers("/test.T/Early", block, sizeof block);
    cr_assert(raw_frame(&raw, 1, 4, 1, block, size));
    cr_assert(raw_frame(&raw, 0, 0, 1, "\0\0\0\0\1x", 6));
    rig_turn(4); /* answered and reset; the peer has not read it yet */
    cr_assert(raw_frame(&raw, 0, 0, 1, "\0\0\0\0\1x", 6));
    cr_assert(raw_frame(&raw, 1, 5, 1, block, 0));
    cr_assert(raw_frame(&raw, 1, 4, 3, block, size));
    cr_assert(raw_frame(&raw, 0, 1, 3, "\0\0\0\0\5alive", 10));
    rig_turn(4);

    raw_read(&raw);
    cr_assert(not(raw.is_closed));
    cr_assert(raw_has(&raw, "alive", 5));
    raw_close(&raw);
}

Test(h2_stream, a_reset_tells_the_method_once_in_every_phase) {
    for (int phase = 0; phase < 4; phase++) {
        const unsigned overs = rig.overs;
        struct h2_call *call = h2_call_open(rig.client, "/test.T/Talk", NULL);
        if (phase == 1) {
            h2_call_send_raw(call, BYTES("\0\0\0\0\3a")); /* within a message */
        } else if (phase == 2) {
            h2_call_send(call, BYTES("abc"));
        }
        rig_turn(3);
        if (phase == 3) {
            h2_call_send(call, BYTES("abc")); /* leaves in the turn of the reset */
        }
        h2_call_reset(call, NGHTTP2_CANCEL);

        cr_assert(h2_call_wait(call));
        rig_turn(3);

        cr_assert(eq(uint, rig.overs, overs + 1), "phase %d", phase);
        cr_assert(eq(u64, rig.server.rpcs_open, 0));
        h2_call_free(call);
    }
}

Test(h2_stream, a_reset_while_a_backend_works_leaves_the_call_until_it_answers) {
    struct h2_call *call = h2_call_unary(rig.client, "/test.T/Hold", NULL, BYTES("x"));
    rig_await_held(1);
    h2_call_reset(call, NGHTTP2_CANCEL);
    cr_assert(h2_call_wait(call));
    rig_turn(3);

    cr_assert(rig.held[0]->call.is_over);
    cr_assert(eq(u32, rig.listener->orphans.count, 1));
    cr_assert(eq(sz, rig.listener->request_bytes, 1));
    rig_release();

    cr_assert(eq(u32, rig.listener->orphans.count, 0));
    cr_assert(eq(sz, rig.listener->request_bytes, 0));
    cr_assert(eq(u64, rig.server.rpcs_open, 0));
    h2_call_free(call);
}

Test(h2_stream, trailers_of_a_request_are_swallowed) {
    unsigned char block[256];
    struct raw raw;
    raw_open(&raw, false);
    const size_t size = raw_headers("/test.T/Echo", block, sizeof block);
    cr_assert(raw_frame(&raw, 1, 4, 1, block, size));
    cr_assert(raw_frame(&raw, 0, 0, 1, "\0\0\0\0\2hi", 7));
    cr_assert(raw_frame(&raw, 1, 5, 1, "\x10\3x-a\1b", 7));
    rig_turn(4);

    raw_read(&raw);
    cr_assert(raw_has(&raw, "\0\0\0\0\2hi", 7));
    raw_close(&raw);
}
