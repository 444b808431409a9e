/* Listening, draining, closing. */
#include "rig.h"

#include "core/loop.h"
#include "wire/h2/connection.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <nghttp2/nghttp2.h>
#include <stdio.h>
#include <unistd.h>

#define BYTES(literal) ((struct dk_bytes)DK_BYTES(literal))

static void open(void) {
    rig_open(NULL);
}

TestSuite(h2_life, .init = open, .fini = rig_close, .timeout = 60);

static bool is_ended(void *context) {
    return h2_client_is_closed(context);
}

static bool is_quiet(void *context) {
    (void)context;
    return dk__transport_h2.is_quiet(rig.listener);
}

static bool has_goaways(void *context) {
    return h2_client_seen(rig.client)->goaways >= *(unsigned *)context;
}

Test(h2_life, tcp_takes_a_free_port_and_tells_it) {
    struct dk__listener *listener = NULL;
    char address[32];
    cr_assert(eq(int, dk__transport_h2.listen(&rig.server, "127.0.0.1:0", &listener, NULL), DK_OK));
    const int port = dk__transport_h2.port(listener);
    cr_assert(gt(int, port, 0));
    (void)snprintf(address, sizeof address, "127.0.0.1:%d", port);
    struct h2_client *client = h2_client_new(rig.loop, address, NULL);

    struct h2_call *call = h2_call_unary(client, "/test.T/Echo", NULL, BYTES("tcp"));
    cr_assert(h2_call_wait(call));

    cr_assert(eq(int, h2_call_status(call), 0));
    cr_assert(eq(int, dk__transport_h2.port(rig.listener), 0));
    h2_call_free(call);
    h2_client_free(client);
    dk__transport_h2.close(listener);
}

Test(h2_life, an_address_that_is_taken_is_unavailable) {
    struct dk__listener *listener = NULL;
    struct dk_fault fault = {.error = DK_OK};

    cr_assert(eq(
        int, dk__transport_h2.listen(&rig.server, rig.address, &listener, &fault), DK_UNAVAILABLE));

    cr_assert(eq(ptr, listener, NULL));
    cr_assert(ne(ptr, strstr(fault.text, rig.address), NULL), "%s", fault.text);
}

Test(h2_life, close_accepts_null) {
    dk__transport_h2.close(NULL);
}

Test(h2_life, pings_are_answered) {
    h2_client_ping(rig.client);
    while (h2_client_seen(rig.client)->pongs == 0) {
        rig_turn(1);
    }
}

Test(h2_life, draining_is_two_goaways_and_calls_go_on) {
    unsigned count = 1;
    struct h2_call *call = h2_call_unary(rig.client, "/test.T/Hold", NULL, BYTES(""));
    struct h2_call *talk = h2_call_open(rig.client, "/test.T/Talk", NULL);
    rig_await_held(1);
    rig_turn(2);

    dk__transport_h2.drain(rig.listener);
    rig_await(has_goaways, &count);
    cr_assert(eq(i32, h2_client_seen(rig.client)->goaway_stream, INT32_MAX));
    count = 2;
    rig_await(has_goaways, &count);
    cr_assert(eq(i32, h2_client_seen(rig.client)->goaway_stream, talk->stream_id));
    cr_assert(eq(u32, h2_client_seen(rig.client)->goaway_code, NGHTTP2_NO_ERROR));

    cr_assert(not(call->is_closed));
    rig_release();
    h2_call_send(talk, BYTES("to the end"));
    h2_call_half_close(talk);
    cr_assert(h2_call_wait(call));
    cr_assert(h2_call_wait(talk));
    cr_assert(eq(int, h2_call_status(call), 0));
    cr_assert(eq(int, h2_call_status(talk), 0));
    rig_await(is_ended, rig.client);
    rig_await(is_quiet, NULL);
    h2_call_free(call);
    h2_call_free(talk);
}

Test(h2_life, an_idle_connection_ends_when_it_drains) {
    h2_call_free(rig_call("/test.T/Echo", BYTES("")));

    dk__transport_h2.drain(rig.listener);

    rig_await(is_ended, rig.client);
    rig_await(is_quiet, NULL);
}

Test(h2_life, a_peer_that_answers_no_ping_gets_its_second_goaway_all_the_same) {
    struct raw raw;
    raw_open(&raw, false);
    rig_turn(3);

    dk__transport_h2.drain(rig.listener);

    cr_assert(eq(int, raw_await_end(&raw), NGHTTP2_NO_ERROR));
    raw_close(&raw);
    rig_await(is_quiet, NULL);
}

Test(h2_life, nobody_connects_to_a_server_that_drains) {
    h2_call_free(rig_call("/test.T/Echo", BYTES("")));
    dk__transport_h2.drain(rig.listener);
    struct raw raw = {.descriptor = -1};
    struct dk__listener *listener = NULL;

    (void)unlink(rig.address + strlen("unix:"));
    cr_assert(eq(int, dk__transport_h2.listen(&rig.server, rig.address, &listener, NULL), DK_OK));
    raw_open(&raw, false);
    rig_turn(3);

    cr_assert(eq(u64, dk__h2_counts(listener).connections, 1));
    cr_assert(eq(u64, rig_counts().connections, 1)); /* that of the rig itself */
    raw_close(&raw);
    dk__transport_h2.close(listener);
}

Test(h2_life, closing_abandons_what_is_open) {
    struct h2_call *held = h2_call_unary(rig.client, "/test.T/Hold", NULL, BYTES(""));
    struct h2_call *talk = h2_call_open(rig.client, "/test.T/Talk", NULL);
    rig_await_held(1);
    rig_turn(2);

    dk__transport_h2.close(rig.listener);
    rig.listener = NULL;

    cr_assert(eq(uint, rig.overs, 1));
    cr_assert(rig.held[0]->call.is_over);
    cr_assert(eq(u64, rig.server.rpcs_open, 1));
    rig_release(); /* after the listener has gone */
    cr_assert(eq(u64, rig.server.rpcs_open, 0));
    rig_await(is_ended, rig.client);
    h2_call_free(held);
    h2_call_free(talk);
}

Test(h2_life, a_peer_that_closes_its_side_leaves_nothing_behind) {
    struct h2_call *talk = h2_call_open(rig.client, "/test.T/Talk", NULL);
    rig_turn(3);
    cr_assert(eq(u32, rig.listener->connection_count, 1));

    h2_client_free(rig.client);
    rig.client = NULL;
    rig_await(is_quiet, NULL);

    cr_assert(eq(uint, rig.overs, 1));
    cr_assert(eq(u64, rig.server.rpcs_open, 0));
    talk->client = NULL;
    h2_call_free(talk);
}
