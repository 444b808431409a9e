/*
 * A Redis of a test ended at once, now and then, on a busy machine: between the moment its port was
 * free and the moment it asked for it, the kernel gave the port to a client of another test.
 */
#include "support/free_port.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

/* Whether a socket gets the port; with `is_server` it asks as servers do. */
static bool takes(int port, bool is_server) {
    const struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)port),
        .sin_addr = {htonl(INADDR_LOOPBACK)},
    };
    const int on = is_server;
    const int descriptor = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert(eq(int, setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on), 0));
    const bool is_taken =
        bind(descriptor, (const struct sockaddr *)&address, sizeof address) == 0 &&
        (!is_server || listen(descriptor, 1) == 0);
    (void)close(descriptor);
    return is_taken;
}

Test(free_port, is_kept_for_the_server_that_asks_for_it) {
    const int port = free_port();

    cr_assert(gt(int, port, 0));
    cr_assert(not(takes(port, false)));
    cr_assert(takes(port, true));
}
