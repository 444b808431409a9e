/* Outgoing streams against our own servers over both transports. */
#include "rig.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

static void talk(void) {
    struct dk_bytes message;
    rig_connect(NULL);
    struct dk__client_call *call = rig_call("/test.T/Talk");
    dk__client_call_open(call);

    for (int i = 0; i < 20; i++) {
        char text[16];
        const int size = snprintf(text, sizeof text, "message %d", i);
        const struct dk_bytes sent = {text, (size_t)size};
        cr_assert(dk__client_call_write(call, sent));
        cr_assert(dk__client_call_read(call, &message));
        cr_assert(dk_bytes_equal(message, sent));
    }
    cr_assert(dk__client_call_half_close(call));
    cr_assert(not(dk__client_call_read(call, &message)));

    cr_assert(eq(int, dk__client_call_finish(call)->status.code, DK__CODE_OK));
    dk__client_call_free(call);
}

Test(core_client_stream, talks_in_turns) {
    each_transport(talk);
}

enum { FLOOD = 2000, FLOOD_BYTES = 2000 };

static void *flood(void *context) {
    static char bytes[FLOOD_BYTES];
    struct dk__client_call *call = context;
    for (int i = 0; i < FLOOD; i++) {
        cr_assert(dk__client_call_write(call, (struct dk_bytes){bytes, sizeof bytes}));
    }
    cr_assert(dk__client_call_half_close(call));
    return NULL;
}

static void both_ways(void) {
    pthread_t writer;
    struct dk_bytes message;
    int count = 0;
    rig_connect(NULL);
    struct dk__client_call *call = rig_call("/test.T/Talk");
    dk__client_call_open(call);
    cr_assert(eq(int, pthread_create(&writer, NULL, flood, call), 0));

    while (dk__client_call_read(call, &message)) {
        cr_assert(eq(sz, message.size, (size_t)FLOOD_BYTES));
        count++;
    }

    (void)pthread_join(writer, NULL);
    cr_assert(eq(int, dk__client_call_finish(call)->status.code, DK__CODE_OK));
    cr_assert(eq(int, count, FLOOD));
    dk__client_call_free(call);
}

Test(core_client_stream, writes_and_reads_on_two_threads) {
    each_transport(both_ways);
}

static void read_all(void) {
    struct dk_bytes message;
    int count = 0;
    rig_connect(NULL);
    struct dk__client_call *call = rig_call("/test.T/Pour");
    dk__client_call_open(call);
    cr_assert(dk__client_call_write(call, (struct dk_bytes)DK_BYTES("3000")));
    cr_assert(dk__client_call_half_close(call));

    while (dk__client_call_read(call, &message)) {
        cr_assert(eq(sz, message.size, (size_t)POUR_BYTES));
        count++;
    }

    cr_assert(eq(int, count, 3000));
    cr_assert(eq(int, dk__client_call_finish(call)->status.code, DK__CODE_OK));
    dk__client_call_free(call);
}

Test(core_client_stream, reads_a_stream_of_answers_to_its_end) {
    each_transport(read_all);
}

static void drop(void) {
    rig_connect(NULL);
    struct dk__client_call *call = rig_call("/test.T/Pour");
    dk__client_call_open(call);
    cr_assert(dk__client_call_write(call, (struct dk_bytes)DK_BYTES("500")));

    cr_assert(eq(int, dk__client_call_finish(call)->status.code, DK__CODE_OK));

    dk__client_call_free(call);
}

Test(core_client_stream, gets_its_status_without_reading) {
    each_transport(drop);
}

static bool is_over(void *context) {
    (void)context;
    return atomic_load(&rig.overs) == 1;
}

/* A stream that is open on both sides: one message came back. */
static struct dk__client_call *talk_begin(void) {
    struct dk_bytes message;
    struct dk__client_call *call = rig_call("/test.T/Talk");
    dk__client_call_open(call);
    cr_assert(dk__client_call_write(call, (struct dk_bytes)DK_BYTES("one")));
    cr_assert(dk__client_call_read(call, &message));
    return call;
}

static void leave(void) {
    rig_connect(NULL);
    struct dk__client_call *call = talk_begin();

    dk__client_call_free(call);

    rig_await(is_over, NULL);
    cr_assert(eq(u32, dk__channel_calls(rig.channel), 0));
}

Test(core_client_stream, is_cancelled_by_being_freed) {
    each_transport(leave);
}

static void *cancel_soon(void *call) {
    dk__client_call_cancel(call);
    return NULL;
}

static void cancel(void) {
    pthread_t other;
    struct dk_bytes message;
    rig_connect(NULL);
    struct dk__client_call *call = talk_begin();
    cr_assert(eq(int, pthread_create(&other, NULL, cancel_soon, call), 0));

    cr_assert(not(dk__client_call_read(call, &message)), "the cancel ends the waiting");
    (void)pthread_join(other, NULL);
    cr_assert(not(dk__client_call_write(call, (struct dk_bytes)DK_BYTES("two"))));

    cr_assert(eq(int, dk__client_call_finish(call)->status.code, DK__CODE_CANCELLED));
    dk__client_call_free(call);
    rig_await(is_over, NULL);
}

Test(core_client_stream, is_cancelled_while_it_waits) {
    each_transport(cancel);
}

static void late(void) {
    const struct dk__client_request request = {
        .path = "/test.T/Talk", .deadline_us = rig_in_ms(100)};
    struct dk__client_call *call = NULL;
    struct dk_bytes message;
    rig_connect(NULL);
    cr_assert(eq(int, dk__client_call_new(rig.channel, &request, &call, NULL), DK_OK));
    dk__client_call_open(call);

    cr_assert(not(dk__client_call_read(call, &message)), "the deadline ends the waiting");

    cr_assert(eq(int, dk__client_call_finish(call)->status.code, DK__CODE_DEADLINE_EXCEEDED));
    dk__client_call_free(call);
}

Test(core_client_stream, ends_at_the_deadline) {
    each_transport(late);
}
