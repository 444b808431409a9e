/* A component that finds an earlier life of its own, beside a sidecar that is played here. */
#include "core/loop.h"
#include "support/component.h"
#include "support/free_port.h"
#include "support/h2_client.h"
#include "wire/grpc/rpc.h"
#include "wire/grpc/transport.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOKEN "a-token-that-nobody-may-read"

static struct component component;
static struct dk_loop *loop;
static struct dk__server server;
static struct dk__listener *listener;
static struct h2_client *client;
static int port, shutdowns;
static enum dk__code answer_code;
static char token[64];

static void shutdown_run(struct dk__rpc *rpc, struct dk_bytes request) {
    const struct dk_bytes shown =
        dk_pairs_find(rpc->metadata, (struct dk_bytes)DK_BYTES("dapr-api-token"));
    const struct dk__status status = {
        .code = answer_code, .message = DK_BYTES("not you of all processes")};
    (void)request;
    shutdowns++;
    (void)snprintf(token, sizeof token, "%.*s", (int)shown.size, shown.size == 0 ? "" : shown.data);
    if (answer_code == DK__CODE_OK) {
        dk__rpc_answer(rpc, (struct dk_bytes)DK_BYTES(""));
    } else {
        dk__rpc_finish(rpc, &status);
    }
}

static const struct dk__method methods[] = {{"Shutdown", shutdown_run, NULL}, {NULL, NULL, NULL}};
static const struct dk__service service = {
    .name = "dapr.proto.runtime.v1.Dapr", .methods = methods};

static void begin(void) {
    struct dk_fault fault;
    char text[16];
    port = free_port();
    (void)snprintf(text, sizeof text, "%d", port);
    cr_assert(eq(int, setenv("DAPR_GRPC_PORT", text, 1), 0));
    cr_assert(eq(int, setenv("DAPR_API_TOKEN", TOKEN, 1), 0));
    cr_assert(eq(int, dk__loop_new(&loop, &fault), DK_OK));
    cr_assert(eq(int, dk__server_init(&server, loop, &dk__limits_default), DK_OK));
    cr_assert(eq(int, dk__server_add(&server, &service), DK_OK));
    answer_code = DK__CODE_OK;
}

static void end(void) {
    h2_client_free(client);
    dk__transport_h2.close(listener);
    dk__server_clear(&server);
    dk__loop_free(loop);
    cr_assert(not(component_said(&component, TOKEN)));
    component_stop(&component);
}

TestSuite(sidecar_restart, .init = begin, .fini = end, .timeout = 60);

static void sidecar_start(void) {
    struct dk_fault fault;
    char address[32];
    (void)snprintf(address, sizeof address, "127.0.0.1:%d", port);
    cr_assert(
        eq(int, dk__transport_h2.listen(&server, address, &listener, &fault), DK_OK),
        "%s",
        fault.text);
}

static const char *const options[] = {"--restart-sidecar", "true", "--log-level", "debug", NULL};

static void live_again(void) {
    component_signal(&component, SIGKILL);
    cr_assert(eq(int, component_wait(&component), -SIGKILL));
    component_run(&component, "dk-memory", options);
    component_await(&component, component_has_socket);
}

static const char *awaited;

static bool has_said(void *context) {
    (void)dk__loop_turn(loop, 1000);
    return component_said(context, awaited);
}

static void await_words(const char *words) {
    awaited = words;
    component_await(&component, has_said);
}

Test(sidecar_restart, is_asked_for_once_by_a_life_that_is_not_the_first) {
    sidecar_start();
    component_start(&component, "dk-memory", options);
    live_again();

    await_words("the sidecar shuts down, to initialise this one");

    cr_assert(eq(int, shutdowns, 1));
    cr_assert(eq(str, token, TOKEN));
}

Test(sidecar_restart, is_not_asked_for_by_a_first_life) {
    sidecar_start();
    component_start(&component, "dk-memory", options);
    component_signal(&component, SIGTERM);

    cr_assert(eq(int, component_wait(&component), 0));
    (void)dk__loop_turn(loop, 0);
    cr_assert(eq(int, shutdowns, 0));
    cr_assert(not(component_said(&component, "an earlier life")));
}

Test(sidecar_restart, that_is_refused_is_said_and_served_on) {
    answer_code = DK__CODE_PERMISSION_DENIED;
    sidecar_start();
    component_start(&component, "dk-memory", options);
    live_again();

    await_words("the sidecar does not start anew: restart it");

    cr_assert(component_said(&component, "reason=\"status 7: not you of all processes\""));
    cr_assert(component_is_running(&component));
}

Test(sidecar_restart, waits_for_a_sidecar_that_is_not_there_yet) {
    component_start(&component, "dk-memory", options);
    live_again();
    await_words("the sidecar cannot be asked to start anew yet");

    sidecar_start();

    await_words("the sidecar shuts down, to initialise this one");
    cr_assert(eq(int, shutdowns, 1));
}

Test(sidecar_restart, needs_nobody_once_a_sidecar_has_sent_an_init) {
    static const char *const headers[] = {"x-component-instance", "a", NULL};
    component_start(&component, "dk-memory", options);
    live_again();
    await_words("the sidecar cannot be asked to start anew yet");

    client = h2_client_new(loop, component.address, NULL);
    struct h2_call *call = h2_call_unary(
        client, "/dapr.proto.components.v1.StateStore/Init", headers, dk_bytes_of(""));
    cr_assert(h2_call_wait(call));
    cr_assert(eq(int, h2_call_status(call), 0), "%s", h2_call_message(call));
    h2_call_free(call);

    await_words("the sidecar has started anew by itself");
    cr_assert(eq(int, shutdowns, 0));
}

Test(sidecar_restart, does_not_hold_up_the_end_of_a_program_that_still_asks) {
    component_start(&component, "dk-memory", options);
    live_again();
    await_words("the sidecar cannot be asked to start anew yet");

    component_signal(&component, SIGTERM);

    cr_assert(eq(int, component_wait(&component), 0));
    cr_assert(not(component_said(&component, "restart it")));
}

Test(sidecar_restart, wants_a_port_that_is_one) {
    cr_assert(eq(int, setenv("DAPR_GRPC_PORT", "70000", 1), 0));
    component_prepare(&component, "dk-memory");

    component_run(&component, "dk-memory", options);

    cr_assert(eq(int, component_wait(&component), 2));
    cr_assert(component_said(&component, "DAPR_GRPC_PORT: '70000' is no number from 1 to 65535"));
}
