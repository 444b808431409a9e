#include "support/fake_transport.h"
#include "wire/grpc/services.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#define CHECK "/grpc.health.v1.Health/Check"
#define WATCH "/grpc.health.v1.Health/Watch"

/* HealthCheckRequest and HealthCheckResponse as bytes. */
static const struct dk_bytes whole_server = DK_BYTES("");
static const struct dk_bytes health_itself = DK_BYTES("\x0a\x15"
                                                      "grpc.health.v1.Health");
static const struct dk_bytes nobody = DK_BYTES("\x0a\x06"
                                               "nobody");
static const struct dk_bytes serving = DK_BYTES("\x08\x01");
static const struct dk_bytes not_serving = DK_BYTES("\x08\x02");
static const struct dk_bytes service_unknown = DK_BYTES("\x08\x03");

static struct fake_transport transport;
static struct fake_call call;

static void setup(void) {
    fake_transport_open(&transport);
    cr_assert(eq(int, dk__health_add(&transport.server), DK_OK));
}

static void teardown(void) {
    if (call.finishes == 0) {
        fake_call_reset(&call);
    }
    fake_call_free(&call);
    fake_transport_close(&transport);
}

TestSuite(health, .init = setup, .fini = teardown);

static void check(struct dk_bytes request) {
    const struct dk__rpc_headers headers = fake_headers(CHECK);
    fake_call_unary(&call, &transport, &headers, request);
}

static void watch(struct dk_bytes request) {
    const struct dk__rpc_headers headers = fake_headers(WATCH);
    fake_call_unary(&call, &transport, &headers, request);
}

Test(health, check_of_the_server_and_of_a_service_is_serving) {
    check(whole_server);
    cr_assert(eq(int, call.status.code, DK__CODE_OK));
    cr_assert(dk_bytes_equal(fake_call_answer(&call, 0), serving));
    fake_call_free(&call);

    check(health_itself);
    cr_assert(dk_bytes_equal(fake_call_answer(&call, 0), serving));
}

Test(health, check_of_an_unknown_service_is_not_found) {
    check(nobody);

    cr_assert(eq(int, call.status.code, DK__CODE_NOT_FOUND));
    cr_assert(eq(sz, call.answer_size, 0));
}

Test(health, check_of_bytes_that_are_no_request_is_invalid) {
    check((struct dk_bytes)DK_BYTES("\x0a\x7f"));

    cr_assert(eq(int, call.status.code, DK__CODE_INVALID_ARGUMENT));
}

Test(health, list_names_every_service) {
    const struct dk__rpc_headers headers = fake_headers("/grpc.health.v1.Health/List");

    fake_call_unary(&call, &transport, &headers, whole_server);

    cr_assert(eq(int, call.status.code, DK__CODE_OK));
    cr_assert(dk_bytes_equal(
        fake_call_answer(&call, 0),
        (struct dk_bytes)DK_BYTES("\x0a\x1b\x0a\x15"
                                  "grpc.health.v1.Health"
                                  "\x12\x02\x08\x01")));
}

Test(health, watch_tells_the_health_of_now_and_stays_open) {
    watch(whole_server);

    cr_assert(eq(uint, call.finishes, 0));
    cr_assert(dk_bytes_equal(fake_call_answer(&call, 0), serving));
}

Test(health, watch_of_an_unknown_service_says_so_and_stays_open) {
    watch(nobody);

    cr_assert(eq(uint, call.finishes, 0));
    cr_assert(dk_bytes_equal(fake_call_answer(&call, 0), service_unknown));
}

Test(health, watchers_hear_of_the_drain_and_are_let_go) {
    struct fake_call second;
    watch(whole_server);
    const struct dk__rpc_headers headers = fake_headers(WATCH);
    fake_call_unary(&second, &transport, &headers, health_itself);

    transport.server.is_draining = true;
    dk__health_drain(&transport.server);

    cr_assert(dk_bytes_equal(fake_call_answer(&call, 1), not_serving));
    cr_assert(dk_bytes_equal(fake_call_answer(&second, 1), not_serving));
    cr_assert(eq(int, call.status.code, DK__CODE_UNAVAILABLE));
    cr_assert(eq(int, second.status.code, DK__CODE_UNAVAILABLE));
    cr_assert(eq(u64, transport.server.rpcs_open, 0));
    fake_call_free(&second);
}

Test(health, a_watcher_that_left_is_not_told) {
    struct fake_call first, second;
    const struct dk__rpc_headers headers = fake_headers(WATCH);
    fake_call_unary(&first, &transport, &headers, whole_server);
    fake_call_unary(&second, &transport, &headers, whole_server);
    watch(whole_server);
    fake_call_reset(&second); /* the one in the middle of the list */
    fake_call_reset(&first);

    transport.server.is_draining = true;
    dk__health_drain(&transport.server);

    cr_assert(eq(int, second.status.code, DK__CODE_CANCELLED));
    cr_assert(eq(int, first.status.code, DK__CODE_CANCELLED));
    cr_assert(dk_bytes_equal(fake_call_answer(&call, 1), not_serving));
    fake_call_free(&first);
    fake_call_free(&second);
}

Test(health, a_watch_without_its_question_leaves_no_trace) {
    const struct dk__rpc_headers headers = fake_headers(WATCH);

    fake_call_open(&call, &transport, &headers);
    fake_call_reset(&call);

    dk__health_drain(&transport.server);
    cr_assert(eq(int, call.status.code, DK__CODE_CANCELLED));
}

Test(health, a_watcher_over_its_outbox_bound_is_let_go_all_the_same) {
    transport.server.limits.outbox_bytes_max = 1;
    transport.is_stalled = true;
    watch(whole_server);

    transport.server.is_draining = true;
    dk__health_drain(&transport.server);

    cr_assert(eq(int, call.status.code, DK__CODE_UNAVAILABLE));
    cr_assert(eq(ptr, (void *)transport.server.watchers, NULL));
}
