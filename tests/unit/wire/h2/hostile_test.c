/* Peers that break the rules: an answer with the right code, bounded work, others are served. */
#include "rig.h"

#include "core/loop.h"
#include "wire/h2/connection.h"
#include "wire/h2/session.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <nghttp2/nghttp2.h>
#include <stdlib.h>

#define BYTES(literal) ((struct dk_bytes)DK_BYTES(literal))

enum { DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW, MORE };
enum { END_STREAM = 1, END_HEADERS = 4, PADDED = 8 };

static unsigned char block[256];
static size_t block_size;

static void open(void) {
    rig_open(NULL);
}

static void close(void) {
    struct h2_call *call = rig_call("/test.T/Echo", BYTES("others"));
    cr_assert(eq(int, h2_call_status(call), 0), "others are not served");
    h2_call_free(call);
    rig_close();
}

TestSuite(h2_hostile, .init = open, .fini = close, .timeout = 60);

static void begin(struct raw *raw, const char *path) {
    raw_open(raw, false);
    block_size = raw_headers(path, block, sizeof block);
}

/* Ends must come, with that code in a GOAWAY; −1: none is needed. */
static void assert_end(struct raw *raw, int code) {
    const int found = raw_await_end(raw);
    cr_assert(code < 0 || found == code, "GOAWAY has code %d, not %d", found, code);
    raw_close(raw);
}

Test(h2_hostile, garbage_instead_of_the_preface) {
    struct raw raw;
    raw_open(&raw, true);
    (void)raw_write(&raw, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", 27);

    assert_end(&raw, NGHTTP2_PROTOCOL_ERROR);
}

Test(h2_hostile, garbage_of_every_seed_ends_the_connection_or_is_ignored) {
    for (unsigned seed = 1; seed <= 200; seed++) {
        unsigned char bytes[512];
        struct raw raw;
        uint32_t random = seed;
        for (size_t i = 0; i < sizeof bytes; i++) {
            random = random * 1664525U + 1013904223U;
            bytes[i] = (unsigned char)(random >> 24);
        }
        raw_open(&raw, seed % 4 == 0);
        if (seed % 4 != 0) { /* frames that look right at first sight */
            bytes[0] = 0;
            bytes[1] = 0;
            bytes[3] = (unsigned char)(seed % 11);
        }
        (void)raw_write(&raw, bytes, sizeof bytes);
        rig_turn(3);
        raw_close(&raw);
        rig_turn(2);
    }
    cr_assert(eq(u32, rig.listener->connection_count, 1));
    cr_assert(eq(u64, rig.server.rpcs_open, 0));
}

Test(h2_hostile, a_peer_that_says_nothing_is_shown_out) {
    struct raw raw;
    rig.listener->handshake_us = 20 * 1000;
    raw_open(&raw, true);

    assert_end(&raw, -1);
}

Test(h2_hostile, a_preface_without_settings_is_shown_out) {
    struct raw raw;
    rig.listener->handshake_us = 20 * 1000;
    raw_open(&raw, true);
    cr_assert(raw_write(&raw, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 24));

    assert_end(&raw, -1);
}

Test(h2_hostile, half_a_request_then_gone) {
    static const char *const paths[] = {"/test.T/Echo", "/test.T/Talk"};
    for (int phase = 0; phase < 10; phase++) {
        struct raw raw;
        begin(&raw, paths[phase % 2]);
        cr_assert(raw_frame(&raw, HEADERS, phase < 2 ? 0 : END_HEADERS, 1, block, block_size));
        if (phase >= 4) {
            cr_assert(raw_frame(&raw, DATA, 0, 1, "\0\0\0", 3));
        }
        if (phase >= 6) {
            cr_assert(raw_frame(&raw, DATA, 0, 1, "\0\x09xyz", 5));
        }
        if (phase >= 8) {
            cr_assert(raw_write(&raw, "\0\0\x09\0\1", 5)); /* within a frame's head */
        }
        rig_turn(3);
        raw_close(&raw);
        rig_turn(3);
        cr_assert(eq(u32, rig.listener->connection_count, 1), "phase %d", phase);
        cr_assert(eq(u64, rig.server.rpcs_open, 0));
        cr_assert(eq(sz, rig.listener->request_bytes, 0));
    }
}

Test(h2_hostile, gone_while_a_backend_works) {
    struct raw raw;
    begin(&raw, "/test.T/Hold");
    cr_assert(raw_frame(&raw, HEADERS, END_HEADERS, 1, block, block_size));
    cr_assert(raw_frame(&raw, DATA, END_STREAM, 1, "\0\0\0\0\0", 5));
    rig_await_held(1);

    raw_close(&raw);
    rig_turn(3);

    cr_assert(rig.held[0]->call.is_over);
    cr_assert(eq(u32, rig.listener->connection_count, 1));
    cr_assert(eq(u32, rig.listener->orphans.count, 1));
    rig_release();
    cr_assert(eq(u32, rig.listener->orphans.count, 0));
}

Test(h2_hostile, a_frame_that_is_too_large) {
    static char bytes[20000];
    struct raw raw;
    begin(&raw, "/test.T/Echo");
    (void)raw_frame(&raw, PING, 0, 0, bytes, sizeof bytes);

    assert_end(&raw, NGHTTP2_FRAME_SIZE_ERROR);
}

Test(h2_hostile, data_for_a_stream_that_is_idle) {
    struct raw raw;
    begin(&raw, "/test.T/Echo");
    (void)raw_frame(&raw, DATA, 0, 1, "x", 1);

    assert_end(&raw, NGHTTP2_PROTOCOL_ERROR);
}

Test(h2_hostile, headers_that_decode_to_nothing) {
    struct raw raw;
    begin(&raw, "/test.T/Echo");
    (void)raw_frame(&raw, HEADERS, END_HEADERS, 1, "\xff\xff\xff\xff\xff\xff", 6);

    assert_end(&raw, NGHTTP2_COMPRESSION_ERROR);
}

Test(h2_hostile, a_stream_id_that_goes_back) {
    struct raw raw;
    begin(&raw, "/test.T/Echo");
    cr_assert(raw_frame(&raw, HEADERS, END_HEADERS, 5, block, block_size));
    (void)raw_frame(&raw, HEADERS, END_HEADERS, 3, block, block_size);

    assert_end(&raw, NGHTTP2_PROTOCOL_ERROR);
}

Test(h2_hostile, headers_again_after_the_end_of_the_stream) {
    struct raw raw;
    begin(&raw, "/test.T/Echo");
    cr_assert(raw_frame(&raw, HEADERS, END_HEADERS, 1, block, block_size));
    cr_assert(raw_frame(&raw, DATA, END_STREAM, 1, "\0\0\0\0\0", 5));
    rig_turn(4);
    (void)raw_frame(&raw, HEADERS, END_HEADERS, 1, block, block_size);

    assert_end(&raw, NGHTTP2_STREAM_CLOSED);
}

Test(h2_hostile, rapid_reset_is_calmed) {
    struct raw raw;
    begin(&raw, "/test.T/Hold");
    unsigned id = 1;
    while (rig_counts().calmed == 0) {
        cr_assert(lt(uint, id, 4U * DK__H2_RESETS_PER_SECOND_MAX), "nothing stops it");
        (void)raw_frame(&raw, HEADERS, END_HEADERS, id, block, block_size);
        (void)raw_frame(&raw, RST_STREAM, 0, id, "\0\0\0\x08", 4);
        id += 2;
        if (id % 128 == 1) {
            rig_turn(2);
            raw_read(&raw);
        }
    }

    assert_end(&raw, NGHTTP2_ENHANCE_YOUR_CALM);
    cr_assert(eq(u64, rig_counts().calmed, 1));
    cr_assert(eq(u64, rig.server.rpcs_open, 0));
}

Test(h2_hostile, deadlines_that_cancel_every_call_are_no_attack) {
    enum { CALLS = 1000 };
    static struct h2_call *calls[CALLS];
    for (int i = 0; i < CALLS; i++) {
        calls[i] = h2_call_unary(rig.client, "/test.T/Hold", NULL, BYTES(""));
    }
    rig_await_held(CALLS);
    for (int i = 0; i < CALLS; i++) {
        h2_call_reset(calls[i], NGHTTP2_CANCEL);
    }
    for (int i = 0; i < CALLS; i++) {
        cr_assert(h2_call_wait(calls[i]));
        h2_call_free(calls[i]);
    }
    rig_turn(3);

    cr_assert(not(h2_client_is_closed(rig.client)));
    cr_assert(eq(u64, rig_counts().calmed, 0));
    rig_release();
}

/* A budget that any machine overdraws within its second, however busy it is. */
enum { FLOOD_MAX = 300 };

static void assert_flood_is_calmed(
    struct raw *raw,
    unsigned type,
    unsigned flags,
    unsigned stream_id,
    const void *payload,
    size_t size) {
    rig.listener->controls_max = FLOOD_MAX;
    for (unsigned i = 0; rig_counts().calmed == 0; i++) {
        cr_assert(lt(uint, i, 100 * FLOOD_MAX), "nothing stops it");
        (void)raw_frame(raw, type, flags, stream_id, payload, size);
        if (i % 256 == 0) {
            rig_turn(1);
            raw_read(raw);
        }
    }
    assert_end(raw, NGHTTP2_ENHANCE_YOUR_CALM);
    cr_assert(eq(u64, rig_counts().calmed, 1));
}

Test(h2_hostile, a_flood_of_pings_is_calmed) {
    struct raw raw;
    begin(&raw, "/test.T/Echo");

    assert_flood_is_calmed(&raw, PING, 0, 0, "12345678", 8);
}

Test(h2_hostile, a_flood_of_settings_is_calmed) {
    struct raw raw;
    begin(&raw, "/test.T/Echo");

    assert_flood_is_calmed(&raw, SETTINGS, 0, 0, NULL, 0);
}

Test(h2_hostile, a_flood_of_empty_data_is_calmed) {
    struct raw raw;
    begin(&raw, "/test.T/Talk");
    cr_assert(raw_frame(&raw, HEADERS, END_HEADERS, 1, block, block_size));

    assert_flood_is_calmed(&raw, DATA, 0, 1, NULL, 0);
}

Test(h2_hostile, a_flood_of_padding_is_calmed) {
    struct raw raw;
    begin(&raw, "/test.T/Talk");
    cr_assert(raw_frame(&raw, HEADERS, END_HEADERS, 1, block, block_size));

    assert_flood_is_calmed(&raw, DATA, PADDED, 1, "\3\0\0\0", 4);
}

Test(h2_hostile, a_flood_of_priorities_is_calmed) {
    struct raw raw;
    begin(&raw, "/test.T/Echo");

    assert_flood_is_calmed(&raw, PRIORITY, 0, 1, "\0\0\0\0\1", 5);
}

Test(h2_hostile, a_flood_of_malformed_requests_is_calmed) {
    struct raw raw;
    raw_open(&raw, false);
    rig.listener->controls_max = FLOOD_MAX;
    unsigned id = 1;
    while (rig_counts().calmed == 0) { /* no pseudo-headers */
        (void)raw_frame(&raw, HEADERS, END_HEADERS, id, "\x10\1x\1y", 5);
        cr_assert(lt(uint, id, 200U * FLOOD_MAX), "nothing stops it");
        id += 2;
        if (id % 256 == 1) {
            rig_turn(1);
            raw_read(&raw);
        }
    }

    assert_end(&raw, NGHTTP2_ENHANCE_YOUR_CALM);
    cr_assert(eq(u64, rig_counts().calmed, 1));
}

Test(h2_hostile, pings_whose_answers_nobody_reads_have_a_bound) {
    static unsigned char pings[17 * 1024];
    struct raw raw;
    begin(&raw, "/test.T/Echo");
    for (size_t i = 0; i < sizeof pings; i += 17) {
        memcpy(pings + i, "\0\0\x08\6\0\0\0\0\0abcdefgh", 17);
    }
    h2_call_free(rig_call("/test.T/Echo", BYTES(""))); /* both connections are accepted */
    cr_assert(eq(u32, rig.listener->connection_count, 2));
    rig.listener->stall_us = 50 * 1000;
    while (rig.listener->connection_count == 2) {
        raw_poke(&raw, pings, sizeof pings); /* once it is full the server has stopped reading */
        cr_assert(eq(int, dk__loop_turn(rig.loop, 1000), DK_OK));
    }
    cr_assert(eq(u64, rig_counts().stalled + rig_counts().calmed, 1));
    raw_close(&raw);
}

Test(h2_hostile, a_continuation_without_end_is_stopped) {
    struct raw raw;
    static char pad[8000];
    begin(&raw, "/test.T/Echo");
    cr_assert(raw_frame(&raw, HEADERS, 0, 1, block, block_size));
    unsigned frames = 0;
    while (raw.goaway_code < 0) {
        cr_assert(lt(uint, frames, 1000), "nothing stops it");
        (void)raw_frame(&raw, MORE, 0, 1, pad, frames % 2 == 0 ? 0 : sizeof pad);
        frames++;
        rig_turn(2);
        raw_read(&raw);
    }

    assert_end(&raw, NGHTTP2_ENHANCE_YOUR_CALM);
}

Test(h2_hostile, a_window_that_overflows_costs_its_stream) {
    struct raw raw;
    begin(&raw, "/test.T/Talk");
    cr_assert(raw_frame(&raw, HEADERS, END_HEADERS, 1, block, block_size));
    cr_assert(raw_frame(&raw, WINDOW, 0, 1, "\x7f\xff\xff\xff", 4));
    rig_turn(3);

    cr_assert(eq(uint, rig.overs, 1));
    raw_read(&raw);
    cr_assert(not(raw.is_closed));
    cr_assert(raw_has(&raw, "\0\0\4\3\0\0\0\0\1\0\0\0\3", 13));
    raw_close(&raw);
}

Test(h2_hostile, more_data_than_the_window_costs_the_connection) {
    static char bytes[16384];
    struct raw raw;
    begin(&raw, "/test.T/None"); /* refused: its window is not given back */
    cr_assert(raw_frame(&raw, HEADERS, END_HEADERS, 1, block, block_size));
    for (int i = 0; i < 70; i++) {
        if (!raw_frame(&raw, DATA, 0, 1, bytes, sizeof bytes)) {
            break;
        }
    }
    rig_turn(3);
    raw_read(&raw); /* the answer came first, then a reset: what follows is ignored */
    cr_assert(eq(u64, rig.server.rpcs_open, 0));
    raw_close(&raw);
}
