/* Every bound has an answer, and the others are served. */
#include "rig.h"

#include "core/loop.h"
#include "wire/h2/connection.h"
#include "wire/h2/session.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <fcntl.h>
#include <nghttp2/nghttp2.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#define BYTES(literal) ((struct dk_bytes)DK_BYTES(literal))

enum { KIB = 1024, MIB = 1024 * 1024 };

static struct dk__limits limits;

static void prepare(void) {
    limits = dk__limits_default;
}

TestSuite(h2_bounds, .init = prepare, .fini = rig_close, .timeout = 60);

static void assert_alive(void) {
    struct h2_client *other = h2_client_new(rig.loop, rig.address, NULL);
    struct h2_call *call = h2_call_unary(other, "/test.T/Echo", NULL, BYTES("others"));
    cr_assert(h2_call_wait(call), "others are not served");
    cr_assert(eq(int, h2_call_status(call), 0));
    h2_call_free(call);
    h2_client_free(other);
    rig_turn(2);
}

static bool is_ended(void *context) {
    return h2_client_is_closed(context);
}

Test(h2_bounds, the_settings_tell_the_bounds) {
    limits.calls_max = 77;
    limits.header_bytes_max = 5000;
    rig_open(&limits);
    h2_call_free(rig_call("/test.T/Echo", BYTES("")));

    const struct h2_seen *seen = h2_client_seen(rig.client);
    cr_assert(eq(u32, seen->calls_max, 77));
    cr_assert(eq(u32, seen->header_bytes_max, 5000));
    cr_assert(ge(u32, seen->window_bytes, MIB));
}

Test(h2_bounds, a_message_may_have_exactly_its_bound) {
    char bytes[1001] = "";
    limits.request_bytes_max = 1000;
    rig_open(&limits);

    struct h2_call *call = rig_call("/test.T/Echo", (struct dk_bytes){.data = bytes, .size = 1000});
    cr_assert(eq(int, h2_call_status(call), 0));
    h2_call_free(call);

    call = rig_call("/test.T/Echo", (struct dk_bytes){.data = bytes, .size = 1001});
    cr_assert(eq(int, h2_call_status(call), 3)); /* INVALID_ARGUMENT: again is not better */
    cr_assert(
        eq(str,
           (char *)h2_call_message(call),
           "the request is a message of 1001 bytes, more than request-bytes-max = 1000 bytes"));
    cr_assert(h2_pairs_find(&call->headers, "grpc-status-details-bin") != NULL);
    h2_call_free(call);
    assert_alive();
}

Test(h2_bounds, a_length_that_lies_takes_no_memory) {
    limits.request_bytes_max = UINT32_MAX;
    rig_open(&limits);
    struct h2_call *call = h2_call_open(rig.client, "/test.T/Echo", NULL);
    h2_call_send_raw(call, BYTES("\0\xff\xff\xff\xff"));

    cr_assert(h2_call_wait(call));

    cr_assert(eq(int, h2_call_status(call), 8)); /* arena_bytes_max */
    cr_assert(eq(sz, rig.listener->request_bytes, 0));
    h2_call_free(call);
    assert_alive();
}

Test(h2_bounds, an_answer_that_is_too_large_fails_alone) {
    rig_open(&limits);

    struct h2_call *call = rig_call("/test.T/Big", BYTES("4194305"));
    cr_assert(eq(int, h2_call_status(call), 8));
    cr_assert(ne(ptr, strstr(h2_call_message(call), "reply-bytes-max"), NULL));
    h2_call_free(call);

    call = rig_call("/test.T/Big", BYTES("4194304"));
    cr_assert(eq(int, h2_call_status(call), 0));
    cr_assert(eq(sz, h2_call_answer(call, 0).size, 4 * MIB));
    h2_call_free(call);
}

Test(h2_bounds, too_many_header_bytes_are_refused_and_the_connection_lives) {
    static char value[3000];
    memset(value, 'v', sizeof value - 1);
    const char *const headers[] = {"x-long", value, NULL};
    limits.header_bytes_max = 2000;
    rig_open(&limits);
    struct h2_call *call = h2_call_unary(rig.client, "/test.T/Echo", headers, BYTES("m"));

    cr_assert(h2_call_wait(call));

    cr_assert(eq(int, h2_call_status(call), 8));
    cr_assert(ne(ptr, strstr(h2_call_message(call), "header-bytes-max"), NULL));
    h2_call_free(call);
    call = rig_call("/test.T/Echo", BYTES("still"));
    cr_assert(eq(int, h2_call_status(call), 0));
    h2_call_free(call);
}

Test(h2_bounds, many_small_headers_are_too_many_too) {
    static char names[600][8];
    static const char *headers[1201];
    limits.header_bytes_max = 12000;
    rig_open(&limits);
    for (size_t i = 0; i < 600; i++) {
        (void)snprintf(names[i], sizeof names[i], "x%zu", i);
        headers[2 * i] = names[i];
        headers[2 * i + 1] = "";
    }
    struct h2_call *call = h2_call_unary(rig.client, "/test.T/Echo", headers, BYTES("m"));

    cr_assert(h2_call_wait(call));

    cr_assert(eq(int, h2_call_status(call), 8));
    h2_call_free(call);
}

Test(h2_bounds, a_header_list_without_end_costs_the_connection) {
    static char value[1000];
    static const char *headers[2 * 40 + 1];
    memset(value, 'v', sizeof value - 1);
    limits.header_bytes_max = 2000;
    rig_open(&limits);
    for (size_t i = 0; i < 40; i++) {
        headers[2 * i] = "x-long";
        headers[2 * i + 1] = value;
    }
    struct h2_call *call = h2_call_unary(rig.client, "/test.T/Echo", headers, BYTES("m"));

    rig_await(is_ended, rig.client);

    cr_assert(eq(u32, h2_client_seen(rig.client)->goaway_code, NGHTTP2_ENHANCE_YOUR_CALM));
    cr_assert(eq(u64, rig_counts().calmed, 1));
    h2_call_free(call);
    assert_alive();
}

Test(h2_bounds, a_thousand_calls_at_once_are_all_answered) {
    enum { CALLS = 1000 };
    static struct h2_call *calls[CALLS];
    rig_open(&limits);
    for (int i = 0; i < CALLS; i++) {
        calls[i] = h2_call_unary(rig.client, "/test.T/Hold", NULL, BYTES("x"));
    }
    rig_await_held(CALLS);

    rig_release();

    for (int i = 0; i < CALLS; i++) {
        cr_assert(h2_call_wait(calls[i]));
        cr_assert(dk_bytes_equal(h2_call_answer(calls[i], 0), BYTES("released")));
        h2_call_free(calls[i]);
    }
}

Test(h2_bounds, calls_above_calls_max_are_refused) {
    enum { CALLS = 10 };
    struct h2_call *calls[CALLS];
    int refused = 0;
    limits.calls_max = 4;
    rig_open(&limits);
    for (int i = 0; i < CALLS; i++) { /* before the client has seen SETTINGS */
        calls[i] = h2_call_unary(rig.client, "/test.T/Hold", NULL, BYTES("x"));
    }
    rig_await_held(4);
    rig_turn(4);
    cr_assert(eq(sz, rig.held_count, 4));
    rig_release();

    for (int i = 0; i < CALLS; i++) {
        cr_assert(h2_call_wait(calls[i]));
        if (calls[i]->is_reset) {
            cr_assert(eq(u32, calls[i]->reset_code, NGHTTP2_REFUSED_STREAM));
            refused++;
        } else {
            cr_assert(eq(int, h2_call_status(calls[i]), 0));
        }
        h2_call_free(calls[i]);
    }
    cr_assert(eq(int, refused, CALLS - 4));
    assert_alive();
}

/* Resets `count` calls that the backend holds, one after the other; returns how many were refused. */
static unsigned reset_held(struct h2_client *client, unsigned count) {
    unsigned refused = 0;
    for (unsigned i = 0; i < count; i++) {
        struct h2_call *call = h2_call_unary(client, "/test.T/Hold", NULL, BYTES("x"));
        rig_turn(3);
        if (!call->is_closed) {
            h2_call_reset(call, NGHTTP2_CANCEL);
            cr_assert(h2_call_wait(call));
        }
        refused += call->is_reset ? 1 : 0;
        rig_turn(2);
        h2_call_free(call);
    }
    return refused;
}

Test(h2_bounds, calls_of_one_connection_that_were_reset_leave_room_for_others) {
    enum { CALLS = 4, ORPHANS = CALLS * DK__H2_ORPHANS_PER_CALL };
    limits.calls_max = CALLS;
    rig_open(&limits);
    for (int i = 0; i < 3; i++) { /* coming again wins it less each time */
        struct h2_client *greedy = h2_client_new(rig.loop, rig.address, NULL);
        cr_assert(gt(uint, reset_held(greedy, ORPHANS), 0));
        h2_client_free(greedy);
        rig_turn(3);
    }

    struct h2_call *call = rig_call("/test.T/Echo", BYTES("others"));

    cr_assert(eq(int, h2_call_status(call), 0));
    h2_call_free(call);
    rig_release();
}

/* One connection has at most half. */
Test(h2_bounds, calls_that_were_reset_but_are_still_held_have_a_bound) {
    enum { CALLS = 2, ROUNDS = 12, HALF = CALLS * DK__H2_ORPHANS_PER_CALL / 2 };
    limits.calls_max = CALLS;
    rig_open(&limits);
    h2_call_free(rig_call("/test.T/Echo", BYTES("")));

    const unsigned refused = reset_held(rig.client, ROUNDS);

    cr_assert(eq(sz, rig.held_count, HALF));
    cr_assert(eq(uint, refused, ROUNDS - HALF));
    rig_release();
    struct h2_call *call = rig_call("/test.T/Echo", BYTES("again"));
    cr_assert(eq(int, h2_call_status(call), 0));
    h2_call_free(call);
}

/* Prefixes of messages that never come hold their places until the connection ends. */
Test(h2_bounds, half_requests_of_one_connection_leave_room_for_others) {
    enum { BYTES_EACH = 1000, CALLS = 2 * DK__H2_REQUESTS_PER_MESSAGE };
    static char bytes[BYTES_EACH];
    struct h2_call *calls[CALLS];
    limits.request_bytes_max = BYTES_EACH;
    rig_open(&limits);
    struct h2_client *greedy = h2_client_new(rig.loop, rig.address, NULL);
    for (int i = 0; i < CALLS; i++) {
        calls[i] = h2_call_open(greedy, "/test.T/Echo", NULL);
        h2_call_send_raw(calls[i], BYTES("\0\0\0\x03\xe8"));
    }
    cr_assert(h2_call_wait(calls[CALLS - 1])); /* refused */

    struct h2_call *call =
        rig_call("/test.T/Echo", (struct dk_bytes){.data = bytes, .size = BYTES_EACH});

    cr_assert(eq(int, h2_call_status(call), 0), "%s", h2_call_message(call));
    h2_call_free(call);
    h2_client_free(greedy);
    for (int i = 0; i < CALLS; i++) {
        calls[i]->client = NULL;
        h2_call_free(calls[i]);
    }
    assert_alive();
    cr_assert(eq(sz, rig.listener->request_bytes, 0));
}

/* One connection has at most half. */
Test(h2_bounds, messages_in_memory_have_a_bound_together) {
    enum { BYTES_EACH = 1000, HALF = DK__H2_REQUESTS_PER_MESSAGE / 2, CALLS = HALF + 3 };
    static char bytes[BYTES_EACH];
    struct h2_call *calls[CALLS];
    int refused = 0;
    limits.request_bytes_max = BYTES_EACH;
    rig_open(&limits);
    for (int i = 0; i < CALLS; i++) {
        calls[i] = h2_call_unary(
            rig.client, "/test.T/Hold", NULL, (struct dk_bytes){.data = bytes, .size = BYTES_EACH});
    }
    rig_await_held(HALF);
    rig_turn(4);
    rig_release();

    for (int i = 0; i < CALLS; i++) {
        cr_assert(h2_call_wait(calls[i]));
        refused += h2_call_status(calls[i]) == 8 ? 1 : 0;
        h2_call_free(calls[i]);
    }
    cr_assert(eq(int, refused, 3));
    cr_assert(eq(sz, rig.listener->request_bytes, 0));
}

Test(h2_bounds, answers_that_wait_for_windows_have_a_bound) {
    enum { ANSWER = 64 * KIB, OUTBOX = 128 * KIB, CALLS = 20 };
    struct h2_call *calls[CALLS];
    int refused = 0, answered = 0;
    limits.outbox_bytes_max = OUTBOX;
    rig_open(&limits);
    h2_client_free(rig.client);
    rig.client = h2_client_new(
        rig.loop, rig.address, &(struct h2_options){.keeps_windows = true, .window_bytes = 1});
    for (int i = 0; i < CALLS; i++) { /* 20 × 64 KiB; 8 × 128 KiB may wait */
        calls[i] = h2_call_unary(rig.client, "/test.T/Big", NULL, BYTES("65536"));
    }
    rig_turn(20);

    for (int i = 0; i < CALLS; i++) {
        refused += calls[i]->is_closed && h2_call_status(calls[i]) == 8 ? 1 : 0;
        answered += calls[i]->is_closed ? 0 : 1;
    }
    cr_assert(eq(int, refused + answered, CALLS));
    cr_assert(eq(int, answered, 8 * OUTBOX / (ANSWER + 5)));
    cr_assert(eq(u64, rig_counts().refused, (uint64_t)refused));
    assert_alive();
    h2_client_free(rig.client);
    for (int i = 0; i < CALLS; i++) {
        calls[i]->client = NULL;
        h2_call_free(calls[i]);
    }
    rig.client = NULL;
    rig_turn(3);
    cr_assert(eq(u64, rig.server.rpcs_open, 0));
}

Test(h2_bounds, a_stream_that_never_asks_is_stopped) {
    limits.outbox_bytes_max = 64 * KIB;
    rig_open(&limits);
    h2_client_free(rig.client);
    rig.client = h2_client_new(
        rig.loop, rig.address, &(struct h2_options){.keeps_windows = true, .window_bytes = 1});
    rig.pour = 1000;
    struct h2_call *call = h2_call_open(rig.client, "/test.T/Spill", NULL);
    h2_call_send(call, BYTES("go"));
    rig_turn(10);

    /* The RPC's own bound is one outbox: the rest of the 1000 KiB was not taken. */
    cr_assert(ge(sz, rig.spill_failed, 1000 - 64 - 2));
    h2_call_reset(call, NGHTTP2_CANCEL);
    cr_assert(h2_call_wait(call));
    h2_call_free(call);
    assert_alive();
}

Test(h2_bounds, streams_together_that_never_ask_are_reset) {
    enum { STREAMS = 12 };
    struct h2_call *calls[STREAMS];
    int reset = 0;
    limits.outbox_bytes_max = 64 * KIB;
    rig_open(&limits);
    h2_client_free(rig.client);
    rig.client = h2_client_new(
        rig.loop, rig.address, &(struct h2_options){.keeps_windows = true, .window_bytes = 1});
    rig.pour = 60;
    for (int i = 0; i < STREAMS; i++) {
        calls[i] = h2_call_open(rig.client, "/test.T/Spill", NULL);
        h2_call_send(calls[i], BYTES("go"));
    }
    rig_turn(10);

    for (int i = 0; i < STREAMS; i++) {
        reset += calls[i]->is_reset && calls[i]->reset_code == NGHTTP2_ENHANCE_YOUR_CALM ? 1 : 0;
    }
    cr_assert(gt(int, reset, 0));
    cr_assert(eq(uint, rig.overs, (unsigned)reset));
    assert_alive();
    h2_client_free(rig.client);
    rig.client = NULL;
    for (int i = 0; i < STREAMS; i++) {
        calls[i]->client = NULL;
        h2_call_free(calls[i]);
    }
}

Test(h2_bounds, a_peer_that_never_reads_is_not_read_either_and_ends) {
    enum { CALLS = 64 };
    struct h2_call *calls[CALLS];
    limits.outbox_bytes_max = 256 * KIB;
    rig_open(&limits);
    h2_call_free(rig_call("/test.T/Echo", BYTES("")));
    h2_client_pause(rig.client, true);
    for (int i = 0; i < CALLS; i++) {
        calls[i] = h2_call_unary(rig.client, "/test.T/Big", NULL, BYTES("1000000"));
    }
    while (rig.listener->connections != NULL && !rig.listener->connections->is_blocked) {
        rig_turn(1);
    }
    const uint64_t calls_before = rig_counts().calls;
    calls[0]->context = h2_call_unary(rig.client, "/test.T/Echo", NULL, BYTES("unread"));
    rig_turn(5);
    cr_assert(eq(u64, rig_counts().calls, calls_before));
    cr_assert(
        le(sz, rig.listener->connections->outbox.bytes, DK__H2_OUTBOX_MARK + DK__H2_OUTBOX_BEYOND));
    assert_alive();
    struct dk__h2_connection *stalled = rig.listener->connections;
    cr_assert(stalled->is_blocked && stalled->next == NULL);

    cr_assert(eq(int, dk_timer_set(rig.loop, &stalled->patience, 1), DK_OK)); /* 30 s are over */
    while (rig.listener->connections != NULL) {
        cr_assert(eq(int, dk__loop_turn(rig.loop, 1000), DK_OK));
    }
    cr_assert(eq(u64, rig_counts().stalled, 1));
    cr_assert(eq(u64, rig.server.rpcs_open, 0));
    h2_client_free(rig.client);
    rig.client = NULL;
    ((struct h2_call *)calls[0]->context)->client = NULL;
    h2_call_free(calls[0]->context);
    for (int i = 0; i < CALLS; i++) {
        calls[i]->client = NULL;
        h2_call_free(calls[i]);
    }
}

Test(h2_bounds, a_slow_reader_gets_everything) {
    rig_open(&limits);
    struct h2_call *call = h2_call_unary(rig.client, "/test.T/Big", NULL, BYTES("4000000"));
    for (int i = 0; !call->is_closed; i++) {
        h2_client_pause(rig.client, i % 3 != 0);
        rig_turn(1);
    }

    cr_assert(eq(int, h2_call_status(call), 0));
    cr_assert(eq(sz, h2_call_answer(call, 0).size, 4000000));
    h2_call_free(call);
}

Test(h2_bounds, connections_above_the_bound_wait_for_their_turn) {
    limits.connections_max = 2;
    rig_open(&limits);
    struct h2_client *second = h2_client_new(rig.loop, rig.address, NULL);
    struct h2_client *third = h2_client_new(rig.loop, rig.address, NULL);
    struct h2_call *call = h2_call_unary(third, "/test.T/Echo", NULL, BYTES("late"));
    rig_turn(20);
    cr_assert(eq(u32, rig.listener->connection_count, 2));
    cr_assert(not(call->is_closed));

    h2_client_free(second);

    cr_assert(h2_call_wait(call));
    cr_assert(eq(int, h2_call_status(call), 0));
    h2_call_free(call);
    h2_client_free(third);
}

Test(h2_bounds, without_descriptors_accepting_rests_and_goes_on) {
    enum { SPARE_MAX = 256 };
    int spare[SPARE_MAX];
    int count = 0;
    rig_open(&limits);
    h2_call_free(rig_call("/test.T/Echo", BYTES("")));
    struct h2_client *other = h2_client_new(rig.loop, rig.address, NULL); /* waits to be accepted */
    const struct rlimit few = {.rlim_cur = 64, .rlim_max = 64};
    cr_assert(eq(int, setrlimit(RLIMIT_NOFILE, &few), 0));
    while (count < SPARE_MAX && (spare[count] = dup(0)) >= 0) {
        count++;
    }
    struct h2_call *call = h2_call_unary(other, "/test.T/Echo", NULL, BYTES("x"));
    const uint64_t turns = dk__loop_counts(rig.loop).turns;
    while (rig_counts().pauses < 2) {
        cr_assert(eq(int, dk__loop_turn(rig.loop, -1), DK_OK));
    }
    cr_assert(lt(u64, dk__loop_counts(rig.loop).turns - turns, 20), "it spins");

    while (count > 0) {
        (void)close(spare[--count]);
    }

    cr_assert(h2_call_wait(call));
    cr_assert(eq(int, h2_call_status(call), 0));
    h2_call_free(call);
    h2_client_free(other);
}
