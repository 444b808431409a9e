#include "wire/grpc/probe.h"

#include "core/loop.h"
#include "support/fake_state.h"
#include "support/fake_transport.h"
#include "wire/grpc/services.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <dk/serve.h>
#include <stdlib.h>
#include <string.h>

#define STORE "/dapr.proto.components.v1.StateStore/"

static struct fake_transport transport;
static struct dk_state_backend backend;
static struct dk__services *services;
static struct dk__probe probe;
static unsigned dones;

static void on_done(struct dk__probe *done) {
    cr_assert(eq(ptr, done, &probe));
    dones++;
}

static void open_instance(const char *name) {
    struct fake_call call;
    struct dk__rpc_headers headers = fake_headers(STORE "Init");
    headers.instance = dk_bytes_of(name);
    fake_call_unary(&call, &transport, &headers, (struct dk_bytes)DK_BYTES(""));
    cr_assert(eq(int, call.status.code, DK__CODE_OK));
    fake_call_free(&call);
}

static void setup(void) {
    fake_state_reset();
    fake_transport_open(&transport);
    backend = fake_state_backend;
    const struct dk_backends backends = {.state = &backend};
    cr_assert(eq(int, dk__services_new(&transport.server, &backends, &services), DK_OK));
    dones = 0;
    probe = (struct dk__probe){.loop = transport.loop, .on_done = on_done};
}

static void teardown(void) {
    dk__probe_clear(&probe);
    dk__services_free(services);
    fake_transport_close(&transport);
}

TestSuite(probe, .init = setup, .fini = teardown, .timeout = 60);

static void add_block(void *context, struct dk__block *block) {
    dk__probe_add(context, block);
}

static void run(void) {
    dk__services_each(services, add_block, &probe);
    dk__probe_run(&probe);
}

static struct dk_reply *asked(size_t number) {
    struct fake_state_call *call = &fake_state.calls[fake_state.count - 1 - number];
    cr_assert(eq(str, (char *)call->function, "ping"));
    return fake_state_take(call);
}

Test(probe, without_instances_there_is_nothing_to_wait_for) {
    run();

    cr_assert(eq(uint, dones, 1));
    cr_assert(dk__probe_is_good(&probe));
}

Test(probe, is_done_when_every_instance_has_answered) {
    open_instance("a");
    open_instance("b");
    run();
    struct dk_reply *const first = asked(0), *const second = asked(1);

    dk_reply_ok(first);
    cr_assert(eq(uint, dones, 0));
    dk_reply_fail(second, DK_UNAVAILABLE, "the server is away");

    cr_assert(eq(uint, dones, 1));
    cr_assert(not(dk__probe_is_good(&probe)));
    cr_assert(eq(sz, probe.count, 2));
    for (size_t i = 0; i < probe.count; i++) {
        cr_assert(
            eq(str, probe.results[i].words, probe.results[i].is_good ? "" : "the server is away"));
        cr_assert(eq(str, probe.results[i].kind, "state"));
    }
}

Test(probe, who_does_not_answer_in_time_is_not_good_and_may_answer_later) {
    open_instance("a");
    run();
    struct dk_reply *const reply = asked(0);

    while (dones == 0) {
        cr_assert(eq(int, dk__loop_turn(transport.loop, 100 * 1000), DK_OK));
    }

    cr_assert(not(dk__probe_is_good(&probe)));
    cr_assert(eq(str, probe.results[0].words, "no answer within 700 ms"));
    dk_reply_ok(reply); /* a release, and nothing else */
    cr_assert(eq(uint, dones, 1));
}

Test(probe, that_is_forgotten_is_not_told) {
    open_instance("a");
    run();
    struct dk_reply *const reply = asked(0);

    dk__probe_clear(&probe);
    dk_reply_ok(reply);

    cr_assert(eq(uint, dones, 0));
}

Test(probe, of_a_store_that_cannot_be_asked_takes_its_word) {
    backend.ping = NULL;
    dk__services_free(services);
    dk__server_clear(&transport.server);
    cr_assert(
        eq(int, dk__server_init(&transport.server, transport.loop, &dk__limits_default), DK_OK));
    const struct dk_backends backends = {.state = &backend};
    cr_assert(eq(int, dk__services_new(&transport.server, &backends, &services), DK_OK));
    open_instance("a");

    run();

    cr_assert(eq(uint, dones, 1));
    cr_assert(dk__probe_is_good(&probe));
    cr_assert(eq(sz, probe.count, 1));
}
