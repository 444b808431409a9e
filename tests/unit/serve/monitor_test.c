/* The four pages on a loop of the test, asked by sockets of the test. */
#include "serve/monitor.h"

#include "core/loop.h"
#include "core/metric.h"
#include "serve/http.h"
#include "support/free_port.h"
#include "support/http_client.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <signal.h>
#include <string.h>

static struct dk_loop *loop;
static struct dk__monitor *monitor;
static int port;
static unsigned checks;
static bool answers_at_once;

static void check(void *context, struct dk__monitor *asked) {
    cr_assert(eq(ptr, context, &checks));
    checks++;
    if (answers_at_once) {
        dk__monitor_ready(asked, true, "all is well\n");
    }
}

static void write_status(void *context, FILE *output) {
    (void)context;
    (void)fputs("a line of the program's own\n", output);
}

static enum dk_error open_at(
    const char *address, struct dk__monitor **ret, struct dk_fault *fault) {
    const struct dk__monitor_config config = {
        .loop = loop,
        .program = "a-program",
        .address = address,
        .port = port,
        .check = check,
        .write_status = write_status,
        .context = &checks};
    return dk__monitor_open(&config, ret, fault);
}

static void setup(void) {
    struct dk_fault fault = {0};
    (void)signal(SIGPIPE, SIG_IGN); /* as the programs do */
    checks = 0;
    answers_at_once = true;
    port = free_port();
    cr_assert(eq(int, dk__loop_new(&loop, &fault), DK_OK));
    cr_assert(eq(int, open_at("127.0.0.1", &monitor, &fault), DK_OK), "%s", fault.text);
}

static void teardown(void) {
    dk__monitor_close(monitor);
    dk__loop_free(loop);
}

TestSuite(monitor, .init = setup, .fini = teardown, .timeout = 60);

/* Asks, wants this status and words somewhere in the answer. */
static void answers(
    const char *method, const char *path, const char *headers, int status, const char *part) {
    struct http_client client;
    http_client_begin(&client, port, method, path, headers);
    cr_assert(http_client_wait(&client, loop));
    cr_assert(eq(int, http_client_status(&client), status), "%s", client.answer);
    cr_assert(ne(ptr, strstr(client.answer, part), NULL), "%s", client.answer);
    http_client_free(&client);
}

Test(monitor, pages_are_there) {
    answers("GET", "/healthz", "", 200, "\r\n\r\nok\n");
    answers("GET", "/readyz", "", 200, "\r\n\r\nready\nall is well\n");
    answers("GET", "/statusz", "", 200, "a line of the program's own\n");
    answers("GET", "/statusz", "", 200, "a-program ");
    answers("GET", "/metrics", "", 200, "dk_build_info{version=");
}

Test(monitor, accept_chooses_the_form_of_metrics) {
    answers("GET", "/metrics", "", 200, "Content-Type: text/plain; version=0.0.4");
    answers(
        "GET",
        "/metrics",
        "Accept: application/openmetrics-text; version=1.0.0\r\n",
        200,
        "Content-Type: application/openmetrics-text; version=1.0.0");
}

Test(monitor, other_pages_and_methods_are_refused_with_words) {
    answers("GET", "/", "", 404, "/metrics");
    answers("GET", "/metrics/more", "", 404, "no such page");
    answers("POST", "/metrics", "Content-Length: 0\r\n", 405, "Allow: GET, HEAD");
    answers("DELETE", "/healthz", "", 405, "GET and HEAD");
    answers("HEAD", "/healthz", "", 200, "Content-Length: 3");
}

Test(monitor, not_ready_is_503_and_says_why) {
    struct http_client client;
    answers_at_once = false;
    http_client_begin(&client, port, "GET", "/readyz", "");
    while (checks == 0) {
        cr_assert(eq(int, dk__loop_turn(loop, 1000), DK_OK));
    }
    http_client_read(&client);
    cr_assert(eq(sz, client.size, 0), "nothing is said before the outcome");

    dk__monitor_ready(monitor, false, "the server does not answer\n");

    cr_assert(http_client_wait(&client, loop));
    cr_assert(eq(int, http_client_status(&client), 503));
    cr_assert(
        eq(str, (char *)http_client_body(&client), "not ready\nthe server does not answer\n"));
    http_client_free(&client);
}

Test(monitor, many_who_ask_share_one_check_and_others_are_served_meanwhile) {
    enum { ASKERS = DK__HTTP_CONNECTIONS_MAX - 2 };
    struct http_client clients[ASKERS];
    answers_at_once = false;
    for (int i = 0; i < ASKERS; i++) {
        http_client_begin(&clients[i], port, "GET", "/readyz", "");
    }
    while (checks == 0) {
        cr_assert(eq(int, dk__loop_turn(loop, 1000), DK_OK));
    }

    answers("GET", "/healthz", "", 200, "ok");
    dk__monitor_ready(monitor, true, "");

    answers_at_once = true; /* for those that came to the page after the outcome */
    for (int i = 0; i < ASKERS; i++) {
        cr_assert(http_client_wait(&clients[i], loop));
        cr_assert(eq(int, http_client_status(&clients[i]), 200));
        http_client_free(&clients[i]);
    }
    cr_assert(le(uint, checks, 2));
}

Test(monitor, closing_answers_who_still_waits) {
    struct http_client client;
    answers_at_once = false;
    http_client_begin(&client, port, "GET", "/readyz", "");
    while (checks == 0) {
        cr_assert(eq(int, dk__loop_turn(loop, 1000), DK_OK));
    }

    dk__monitor_close(monitor);
    monitor = NULL;

    cr_assert(http_client_wait(&client, loop));
    cr_assert(eq(int, http_client_status(&client), 503));
    http_client_free(&client);
}

Test(monitor, who_leaves_before_the_outcome_harms_nobody) {
    struct http_client client;
    answers_at_once = false;
    http_client_begin(&client, port, "GET", "/readyz", "");
    while (checks == 0) {
        cr_assert(eq(int, dk__loop_turn(loop, 1000), DK_OK));
    }
    http_client_free(&client);
    cr_assert(eq(int, dk__loop_turn(loop, 1000), DK_OK));

    dk__monitor_ready(monitor, true, "");

    answers_at_once = true;
    answers("GET", "/readyz", "", 200, "ready");
}

Test(monitor, who_comes_beyond_the_bound_is_served_when_others_leave) {
    struct http_client idle[DK__HTTP_CONNECTIONS_MAX], late;
    for (int i = 0; i < DK__HTTP_CONNECTIONS_MAX; i++) {
        http_client_connect(&idle[i], port);
        cr_assert(eq(int, dk__loop_turn(loop, 1000), DK_OK));
    }
    http_client_begin(&late, port, "GET", "/healthz", "");
    for (int i = 0; i < 20; i++) {
        cr_assert(eq(int, dk__loop_turn(loop, 1000), DK_OK));
    }
    http_client_read(&late);
    cr_assert(eq(sz, late.size, 0), "there is no room yet");

    for (int i = 0; i < DK__HTTP_CONNECTIONS_MAX; i++) {
        http_client_free(&idle[i]);
    }

    cr_assert(http_client_wait(&late, loop));
    cr_assert(eq(int, http_client_status(&late), 200));
    http_client_free(&late);
}

Test(monitor, a_port_that_is_taken_is_named_with_its_option) {
    struct dk__monitor *second = NULL;
    struct dk_fault fault = {0};
    char wanted[64];

    const enum dk_error error = open_at("127.0.0.1", &second, &fault);

    cr_assert(eq(int, error, DK_UNAVAILABLE));
    (void)snprintf(wanted, sizeof wanted, "metrics-port: 127.0.0.1:%d cannot be listened on", port);
    cr_assert(ne(ptr, strstr(fault.text, wanted), NULL), "%s", fault.text);
    cr_assert(ne(ptr, strstr(fault.text, "--metrics-listen-address"), NULL));
}

Test(monitor, an_address_that_is_none_is_refused) {
    struct dk__monitor *second = NULL;
    struct dk_fault fault = {0};

    cr_assert(eq(int, open_at("localhost", &second, &fault), DK_INVALID));
    cr_assert(ne(ptr, strstr(fault.text, "metrics-listen-address: "), NULL), "%s", fault.text);
}
