#include "support/fake_transport.h"
#include "wire/grpc/services.h"
#include "wire/pbc/descriptors.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

static const char *const paths[] = {
    "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
    "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"};

/* ServerReflectionRequest as bytes: 7 lists services, 3 asks for a file, 4 for a symbol. */
static const struct dk_bytes list_services = DK_BYTES("\x3a\x01*");

static struct fake_transport transport;
static struct fake_call call;

static void setup(void) {
    fake_transport_open(&transport);
    cr_assert(eq(int, dk__reflection_add(&transport.server, &dk__component_protos), DK_OK));
    cr_assert(eq(int, dk__health_add(&transport.server), DK_OK));
}

static void teardown(void) {
    if (call.finishes == 0) {
        fake_call_reset(&call);
    }
    fake_call_free(&call);
    fake_transport_close(&transport);
}

TestSuite(reflection, .init = setup, .fini = teardown);

static bool holds(struct dk_bytes whole, struct dk_bytes part) {
    for (size_t i = 0; i + part.size <= whole.size; i++) {
        if (memcmp(whole.data + i, part.data, part.size) == 0) {
            return true;
        }
    }
    return false;
}

static bool holds_text(struct dk_bytes whole, const char *text) {
    return holds(whole, dk_bytes_of(text));
}

static void open_and_ask(const char *path, struct dk_bytes request) {
    const struct dk__rpc_headers headers = fake_headers(path);
    fake_call_open(&call, &transport, &headers);
    fake_call_send(&call, request);
}

Test(reflection, both_versions_list_every_service) {
    for (size_t i = 0; i < 2; i++) {
        open_and_ask(paths[i], list_services);

        const struct dk_bytes answer = fake_call_answer(&call, 0);
        cr_assert(holds_text(answer, "grpc.health.v1.Health"));
        cr_assert(holds_text(answer, "grpc.reflection.v1.ServerReflection"));
        cr_assert(holds_text(answer, "grpc.reflection.v1alpha.ServerReflection"));
        cr_assert(holds(answer, list_services), "the question is not echoed");
        fake_call_half_close(&call);
        fake_call_free(&call);
    }
}

Test(reflection, ends_with_ok_at_half_close) {
    open_and_ask(paths[0], list_services);
    cr_assert(eq(uint, call.finishes, 0));

    fake_call_half_close(&call);

    cr_assert(eq(uint, call.finishes, 1));
    cr_assert(eq(int, call.status.code, DK__CODE_OK));
}

Test(reflection, gives_the_file_of_a_name_with_its_imports) {
    open_and_ask(
        paths[0],
        (struct dk_bytes)DK_BYTES("\x1a\x24"
                                  "dapr/proto/components/v1/state.proto"));

    const struct dk_bytes answer = fake_call_answer(&call, 0);
    const struct dk__file_descriptor *state = dk__descriptor_of_file(
        &dk__component_protos, (struct dk_bytes)DK_BYTES("dapr/proto/components/v1/state.proto"));
    const struct dk__file_descriptor *common = dk__descriptor_of_file(
        &dk__component_protos, (struct dk_bytes)DK_BYTES("dapr/proto/components/v1/common.proto"));
    const struct dk__file_descriptor *any = dk__descriptor_of_file(
        &dk__component_protos, (struct dk_bytes)DK_BYTES("google/protobuf/any.proto"));
    cr_assert(holds(answer, state->bytes));
    cr_assert(holds(answer, common->bytes));
    cr_assert(holds(answer, any->bytes));
}

Test(reflection, gives_the_file_of_a_service_a_method_and_a_message) {
    static const struct dk_bytes requests[] = {
        DK_BYTES("\x22\x15"
                 "grpc.health.v1.Health"),
        DK_BYTES("\x22\x1b"
                 "grpc.health.v1.Health.Check"),
        DK_BYTES("\x22\x21"
                 "grpc.health.v1.HealthCheckRequest"),
    };
    const struct dk__file_descriptor *file = dk__descriptor_of_file(
        &dk__component_protos, (struct dk_bytes)DK_BYTES("grpc/health/v1/health.proto"));
    for (size_t i = 0; i < 3; i++) {
        open_and_ask(paths[1], requests[i]);

        cr_assert(holds(fake_call_answer(&call, 0), file->bytes), "request %zu", i);
        fake_call_half_close(&call);
        fake_call_free(&call);
    }
}

Test(reflection, answers_several_questions_in_order) {
    open_and_ask(paths[0], list_services);
    fake_call_send(
        &call,
        (struct dk_bytes)DK_BYTES("\x22\x15"
                                  "grpc.health.v1.Health"));
    fake_call_send(&call, list_services);

    cr_assert(holds(fake_call_answer(&call, 0), list_services));
    cr_assert(not(holds(fake_call_answer(&call, 1), list_services)));
    cr_assert(holds(fake_call_answer(&call, 2), list_services));
}

Test(reflection, what_it_does_not_know_is_not_found_and_the_stream_goes_on) {
    static const struct dk_bytes requests[] = {
        DK_BYTES("\x1a\x07"
                 "a.proto"),
        DK_BYTES("\x22\x01"
                 "a"),
        DK_BYTES("\x32\x01"
                 "a")};
    open_and_ask(paths[0], requests[0]);
    fake_call_send(&call, requests[1]);
    fake_call_send(&call, requests[2]);

    for (size_t i = 0; i < 3; i++) {
        /* error_response (7) that begins with error_code (1) = 5 */
        const struct dk_bytes answer = fake_call_answer(&call, i);
        cr_assert(holds(answer, (struct dk_bytes)DK_BYTES("\x08\x05")), "request %zu", i);
        cr_assert(holds(answer, requests[i]), "request %zu is not echoed", i);
    }
    cr_assert(eq(uint, call.finishes, 0));
}

Test(reflection, a_request_without_a_question_is_told_so) {
    open_and_ask(paths[0], (struct dk_bytes)DK_BYTES(""));

    cr_assert(holds(fake_call_answer(&call, 0), (struct dk_bytes)DK_BYTES("\x08\x03")));
}

Test(reflection, bytes_that_are_no_request_end_the_stream) {
    open_and_ask(paths[0], (struct dk_bytes)DK_BYTES("\x3a\x7f"));

    cr_assert(eq(int, call.status.code, DK__CODE_INVALID_ARGUMENT));
}

Test(reflection, who_asks_without_reading_is_bounded) {
    transport.server.limits.outbox_bytes_max = 10000;
    transport.is_stalled = true;
    open_and_ask(paths[0], list_services);

    for (int i = 0; i < 1000; i++) {
        fake_call_send(&call, list_services);
    }

    cr_assert(eq(int, call.status.code, DK__CODE_RESOURCE_EXHAUSTED));
    cr_assert(lt(sz, call.rpc == NULL ? 0 : call.rpc->out.bytes, 20000));
}
