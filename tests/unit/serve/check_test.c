/* What a program says of itself and of the program that runs, from outside. */
#include "support/component.h"
#include "support/free_port.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static struct component component;

static void end(void) {
    component_stop(&component);
}

TestSuite(check, .fini = end, .timeout = 60);

/* A second process in the same folder, which asks and ends. */
static struct component asked_with(const char *const *options, int wanted_code) {
    struct component asking = component;
    component_run(&asking, "dk-memory", options);
    cr_assert(eq(int, component_wait(&asking), wanted_code));
    return asking;
}

static struct component asked(const char *action, const char *operand, int wanted_code) {
    return asked_with((const char *const[]){action, operand, NULL}, wanted_code);
}

static struct component asked_for_server(const char *servers, int wanted_code) {
    const char *const options[] = {"--check-server", servers, "--check", NULL};
    return asked_with(options, wanted_code);
}

/* A socket of 127.0.0.1 that listens, and its address. */
static int listening(char *ret_address, size_t size) {
    struct sockaddr_in place = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t place_size = sizeof place;
    const int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert(ge(int, descriptor, 0));
    cr_assert(zero(int, bind(descriptor, (struct sockaddr *)&place, sizeof place)));
    cr_assert(zero(int, listen(descriptor, 1)));
    cr_assert(zero(int, getsockname(descriptor, (struct sockaddr *)&place, &place_size)));
    (void)snprintf(ret_address, size, "127.0.0.1:%d", ntohs(place.sin_port));
    return descriptor;
}

Test(check, names_every_type_that_daprd_would_find) {
    component_start(&component, "dk-memory", NULL);

    const struct component asking = asked("--check", NULL, 0);

    cr_assert(component_said(&asking, "good  dapr.proto.components.v1.StateStore is served"));
    cr_assert(component_said(&asking, "good  dapr.proto.components.v1.PubSub is served"));
    cr_assert(component_said(
        &asking, "daprd finds it as type state.dk-memory, pubsub.dk-memory, version v1"));
}

Test(check, of_nothing_that_runs_fails_and_says_so) {
    component_prepare(&component, "dk-memory");

    const struct component asking = asked("--check", NULL, 1);

    cr_assert(component_said(&asking, "BAD   there is no such file"));
}

Test(check, wants_one_server_that_takes_connections) {
    char closed[64], open[64], both[160];
    (void)snprintf(closed, sizeof closed, "127.0.0.1:%d", free_port());
    const int server = listening(open, sizeof open);
    (void)snprintf(both, sizeof both, "%s,%s", closed, open);
    component_start(&component, "dk-memory", NULL);

    const struct component one = asked_for_server(open, 0);
    const struct component second = asked_for_server(both, 0);
    const struct component none = asked_for_server(closed, 1);

    cr_assert(component_said(&one, "good  the server takes connections"));
    cr_assert(component_said(&second, "good  the server takes connections"));
    cr_assert(component_said(&none, "Connection refused"));
    cr_assert(component_said(&none, "daprd ends when a component finds no server at its start."));
    (void)close(server);
}

Test(check, of_a_server_without_a_port_says_so) {
    component_start(&component, "dk-memory", NULL);

    const struct component asking = asked_for_server("kafka", 1);

    cr_assert(component_said(&asking, "check-server: 'kafka' is not host:port"));
}

Test(check, describe_writes_a_document_for_each_block) {
    component_prepare(&component, "dk-memory");

    const struct component asking = asked("--describe", "yaml", 0);

    cr_assert(component_said(&asking, "type: state\n"));
    cr_assert(component_said(&asking, "---\n"));
    cr_assert(component_said(&asking, "type: pubsub\n"));
}
