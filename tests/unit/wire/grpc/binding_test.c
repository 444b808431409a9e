#include "support/fake_broker.h"
#include "support/fake_transport.h"
#include "wire/grpc/services.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <dk/serve.h>

#define INPUT  "/dapr.proto.components.v1.InputBinding/"
#define OUTPUT "/dapr.proto.components.v1.OutputBinding/"

/* clang-format off */
static const struct dk_bytes nothing = DK_BYTES("");
static const struct dk_bytes invoke_create = DK_BYTES("\x0a\x01" "e" "\x1a\x06" "create");
static const struct dk_bytes invoke_sing = DK_BYTES("\x0a\x01" "e" "\x1a\x04" "sing");
/* clang-format on */

static struct fake_transport transport;
static struct dk__services *services;
static struct fake_call call, stream;

/* Both halves on one socket, and an Init for each: as daprd finds a binding. */
static void setup(void) {
    static const struct dk_backends backends = {
        .input_binding = &fake_input_backend, .output_binding = &fake_output_backend};
    static const char *const inits[] = {INPUT "Init", OUTPUT "Init"};
    fake_broker_reset();
    fake_transport_open(&transport);
    cr_assert(eq(int, dk__services_new(&transport.server, &backends, &services), DK_OK));
    for (size_t i = 0; i < 2; i++) {
        const struct dk__rpc_headers headers = fake_headers(inits[i]);
        fake_call_unary(&call, &transport, &headers, nothing);
        cr_assert(eq(int, call.status.code, DK__CODE_OK));
        fake_call_free(&call);
    }
    call.transport = NULL;
}

static void teardown(void) {
    dk__services_free(services);
    if (stream.transport != NULL) {
        fake_call_free(&stream);
    }
    if (call.transport != NULL) {
        fake_call_free(&call);
    }
    fake_transport_close(&transport);
}

TestSuite(bindings, .init = setup, .fini = teardown);

static void ask(const char *path, struct dk_bytes message) {
    const struct dk__rpc_headers headers = fake_headers(path);
    fake_call_unary(&call, &transport, &headers, message);
}

static void begin_reading(void) {
    const struct dk__rpc_headers headers = fake_headers(INPUT "Read");
    fake_call_open(&stream, &transport, &headers);
}

static void ended_with(const struct fake_call *ended, enum dk__code code, const char *part) {
    cr_assert(eq(uint, ended->finishes, 1));
    cr_assert(eq(int, ended->status.code, code), "%s", ended->message);
    cr_assert(ne(ptr, strstr(ended->message, part), NULL), "'%s'", ended->message);
}

/* ── input ──────────────────────────────────────────────────────────────────────────────────── */

/* daprd sends nothing before it has something to settle. */
Test(bindings, read_subscribes_when_the_stream_opens) {
    begin_reading();

    cr_assert(eq(str, fake_broker.events, "subscribe() "));
    cr_assert(eq(int, fake_broker_deliver(0, 0, "e"), DK_OK));

    /* ReadResponse: data, metadata, message_id; no topic and no content type. */
    static const struct dk_bytes begin = DK_BYTES("\x0a\x01"
                                                  "e"
                                                  "\x12\x06\x0a\x01"
                                                  "k"
                                                  "\x12\x01"
                                                  "v"
                                                  "\x22");
    const struct dk_bytes answer = fake_call_answer(&stream, 0);
    cr_assert(eq(int, memcmp(answer.data, begin.data, begin.size), 0));
}

/* The first message of a stream has generation 1 and place 1. */
Test(bindings, what_daprd_answers_reaches_the_backend) {
    static const struct dk_bytes handled = DK_BYTES("\x0a\x02"
                                                    "ok"
                                                    "\x12\x05"
                                                    "65537");
    static const struct dk_bytes refused = DK_BYTES("\x12\x05"
                                                    "65538"
                                                    "\x1a\x04\x0a\x02"
                                                    "no");
    begin_reading();
    (void)fake_broker_deliver(0, 0, "a"), (void)fake_broker_deliver(0, 1, "b");

    fake_call_send(&stream, refused);
    fake_call_send(&stream, handled);

    cr_assert(eq(str, fake_broker.events, "subscribe() refused(1:no) handled(0:ok) "));
}

Test(bindings, a_read_that_breaks_a_rule_ends_with_words) {
    begin_reading();

    fake_call_send(&stream, nothing);

    ended_with(&stream, DK__CODE_INVALID_ARGUMENT, "message_id: is empty");
    cr_assert(eq(str, fake_broker.events, "subscribe() unsubscribe() "));
}

Test(bindings, draining_ends_a_read_without_messages_at_once) {
    begin_reading();

    dk__services_drain(services, &transport.server);

    ended_with(&stream, DK__CODE_UNAVAILABLE, "shutting down");
}

Test(bindings, ping_of_the_input_asks_the_backend) {
    ask(INPUT "Ping", nothing);
    dk_reply_ok(fake_broker_take());

    cr_assert(eq(int, call.status.code, DK__CODE_OK));
}

/* ── output ─────────────────────────────────────────────────────────────────────────────────── */

Test(bindings, operations_are_listed) {
    ask(OUTPUT "ListOperations", nothing);

    cr_assert(dk_bytes_equal(
        fake_call_answer(&call, 0),
        (struct dk_bytes)DK_BYTES("\x0a\x06"
                                  "create"
                                  "\x0a\x04"
                                  "list")));
}

Test(bindings, invoke_answers_with_the_output) {
    static const struct dk_pair pair = {DK_BYTES("k"), DK_BYTES("v")};
    const struct dk_output output = {
        .data = DK_BYTES("out"), .metadata = {&pair, 1}, .content_type = DK_BYTES("t")};
    ask(OUTPUT "Invoke", invoke_create);
    const struct dk_invoke *request = fake_broker.request;
    cr_assert(dk_bytes_equal(request->operation, dk_bytes_of("create")));
    cr_assert(dk_bytes_equal(request->data, dk_bytes_of("e")));

    dk_reply_output(fake_broker.reply, &output);
    dk_reply_ok(fake_broker_take());

    cr_assert(dk_bytes_equal(
        fake_call_answer(&call, 0),
        (struct dk_bytes)DK_BYTES("\x0a\x03"
                                  "out"
                                  "\x12\x06\x0a\x01"
                                  "k"
                                  "\x12\x01"
                                  "v"
                                  "\x1a\x01"
                                  "t")));
}

Test(bindings, invoke_without_an_output_answers_nothing) {
    ask(OUTPUT "Invoke", invoke_create);

    dk_reply_ok(fake_broker_take());

    cr_assert(eq(int, call.status.code, DK__CODE_OK));
    cr_assert(eq(sz, fake_call_answer(&call, 0).size, 0));
}

Test(bindings, an_operation_that_is_not_listed_is_refused_in_words) {
    ask(OUTPUT "Invoke", invoke_sing);

    ended_with(
        &call,
        DK__CODE_INVALID_ARGUMENT,
        "dk-fake: 'sing' is no operation of this binding, there are: create, list");
    cr_assert(eq(ptr, fake_broker.reply, NULL));
}

Test(bindings, output_that_is_no_utf8_fails_the_answer) {
    static const struct dk_pair pair = {DK_BYTES("k"), DK_BYTES("\xff")};
    const struct dk_output output = {.metadata = {&pair, 1}};
    ask(OUTPUT "Invoke", invoke_create);

    dk_reply_output(fake_broker.reply, &output);
    dk_reply_ok(fake_broker_take());

    ended_with(&call, DK__CODE_INTERNAL, "metadata that is not UTF-8");
}

Test(bindings, ping_of_an_output_without_the_function_is_answered) {
    ask(OUTPUT "Ping", nothing);

    cr_assert(eq(int, call.status.code, DK__CODE_OK));
}
