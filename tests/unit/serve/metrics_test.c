/* What a running component shows, against what it says it would: its users' page is made of the
 * latter. */
#include "core/loop.h"
#include "support/child.h"
#include "support/component.h"
#include "support/free_port.h"
#include "support/h2_client.h"
#include "support/http_client.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STATE_STORE "/dapr.proto.components.v1.StateStore/"

static struct component component;
static struct dk_loop *loop;
static struct h2_client *client;
static int port;

static void start(void) {
    char text[16];
    struct dk_fault fault;
    port = free_port();
    (void)snprintf(text, sizeof text, "%d", port);
    const char *const options[] = {"--metrics-port", text, NULL};
    component_start(&component, "dk-memory", options);
    cr_assert(eq(int, dk__loop_new(&loop, &fault), DK_OK));
    client = h2_client_new(loop, component.address, NULL);
}

static void end(void) {
    h2_client_free(client);
    dk__loop_free(loop);
    component_stop(&component);
}

TestSuite(metrics_of_a_program, .init = start, .fini = end, .timeout = 60);

static int ask(const char *method, struct dk_bytes message) {
    static const char *const headers[] = {"x-component-instance", "a \"name\"\\", NULL};
    struct h2_call *call = h2_call_unary(client, method, headers, message);
    cr_assert(h2_call_wait(call));
    const int status = h2_call_status(call);
    h2_call_free(call);
    return status;
}

/* A page of the program; free it. */
static char *page(const char *path, int status) {
    struct http_client http;
    http_client_begin(&http, port, "GET", path, "");
    cr_assert(http_client_wait(&http, NULL));
    cr_assert(eq(int, http_client_status(&http), status), "%s", http.answer);
    char *const text = strdup(http_client_body(&http));
    http_client_free(&http);
    return text;
}

static void shows(const char *page_text, const char *line) {
    cr_assert(ne(ptr, strstr(page_text, line), NULL), "'%s' is not in:\n%s", line, page_text);
}

Test(metrics_of_a_program, calls_are_counted_by_method_and_code) {
    cr_assert(eq(int, ask(STATE_STORE "Init", dk_bytes_of("")), 0));
    for (int i = 0; i < 3; i++) {
        cr_assert(eq(int, ask(STATE_STORE "Set", dk_bytes_of("\x0a\x01k\x12\x01v")), 0));
    }
    cr_assert(ne(int, ask(STATE_STORE "NoMethod", dk_bytes_of("")), 0));

    char *text = page("/metrics", 200);

    shows(
        text,
        "\ndk_component_requests_total{component=\"a \\\"name\\\"\\\\\",kind=\"state\","
        "backend=\"dk-memory\",operation=\"Set\",code=\"OK\"} 3\n");
    shows(
        text,
        "\ndk_component_request_duration_seconds_count{component=\"a \\\"name\\\"\\\\\","
        "kind=\"state\",backend=\"dk-memory\",operation=\"Set\"} 3\n");
    shows(
        text,
        "\ndk_component_instances{component=\"a \\\"name\\\"\\\\\",kind=\"state\","
        "backend=\"dk-memory\"} 1\n");
    shows(text, "kind=\"state\",backend=\"dk-memory\",result=\"ok\"} 1\n");
    shows(text, "\ndk_grpc_other_requests_total{service=\"\",code=\"UNIMPLEMENTED\"} 1\n");
    shows(text, "\ndk_grpc_connections{listener=\"");
    cr_assert(eq(ptr, strstr(text, "NoMethod"), NULL), "a peer's words are no label");
    free(text);
}

Test(metrics_of_a_program, its_instances_answer_on_readyz) {
    char *before = page("/readyz", 200);
    cr_assert(eq(str, before, "ready\n"));
    cr_assert(eq(int, ask(STATE_STORE "Init", dk_bytes_of("")), 0));

    char *after = page("/readyz", 200);
    char *status = page("/statusz", 200);

    cr_assert(eq(str, after, "ready\nstate 'a \"name\"\\': answers\n"));
    shows(status, "state 'a \"name\"\\' of dk-memory\n");
    shows(status, "connections            1 of 128 (connections-max)\n");
    free(before);
    free(after);
    free(status);
}

Test(metrics_of_a_program, metrics_answer_while_calls_are_under_load) {
    enum { CALLS = 2000, AT_ONCE = 100, PAGES = 20 };
    static const char *const headers[] = {"x-component-instance", "a", NULL};
    struct h2_call *calls[AT_ONCE];
    struct http_client pages[PAGES];
    struct h2_call *init = h2_call_unary(client, STATE_STORE "Init", headers, dk_bytes_of(""));
    cr_assert(h2_call_wait(init));
    h2_call_free(init);

    for (int i = 0; i < PAGES; i++) {
        http_client_begin(&pages[i], port, "GET", "/metrics", "");
        for (int at = 0; at < AT_ONCE; at++) {
            calls[at] = h2_call_unary(
                client, STATE_STORE "Set", headers, dk_bytes_of("\x0a\x01k\x12\x01v"));
        }
        for (int at = 0; at < AT_ONCE; at++) {
            cr_assert(h2_call_wait(calls[at]));
            cr_assert(eq(int, h2_call_status(calls[at]), 0));
            h2_call_free(calls[at]);
        }
    }
    for (int i = 0; i < PAGES; i++) {
        cr_assert(http_client_wait(&pages[i], NULL));
        cr_assert(eq(int, http_client_status(&pages[i]), 200));
        http_client_free(&pages[i]);
    }

    char *text = page("/metrics", 200);
    char wanted[160];
    (void)snprintf(wanted, sizeof wanted, "operation=\"Set\",code=\"OK\"} %d\n", CALLS);
    shows(text, wanted);
    free(text);
}

Test(metrics_of_a_program, a_port_that_is_taken_ends_the_program_before_it_has_a_socket) {
    struct component second;
    char text[16];
    (void)snprintf(text, sizeof text, "%d", port);
    const char *const options[] = {"--metrics-port", text, NULL};
    component_prepare(&second, "dk-memory");

    component_run(&second, "dk-memory", options);

    cr_assert(eq(int, component_wait(&second), 1));
    cr_assert(component_said(&second, "metrics-port: 127.0.0.1:"));
    cr_assert(component_said(&second, "give another --metrics-port"));
    cr_assert(not(component_has_socket(&second)));
    child_folder_remove(second.folder);
}
