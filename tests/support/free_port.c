/*
 * A port is kept by a connection to it that was closed: the side that closed first stays in
 * TIME_WAIT, and the kernel gives such a port to nobody who does not name it.
 */
#include "support/free_port.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

/* Connects to the listener and closes the accepted side first. */
static bool leave_in_time_wait(int listener, const struct sockaddr_in *address) {
    const int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const bool is_connected =
        client >= 0 && connect(client, (const struct sockaddr *)address, sizeof *address) == 0;
    const int accepted = is_connected ? accept(listener, NULL, NULL) : -1;
    if (accepted >= 0) {
        (void)close(accepted);
    }
    if (client >= 0) {
        (void)close(client);
    }
    return accepted >= 0;
}

int free_port(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof address;
    const int on = 1;
    int port = 0;
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener >= 0 && setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
        bind(listener, (const struct sockaddr *)&address, size) == 0 && listen(listener, 1) == 0 &&
        getsockname(listener, (struct sockaddr *)&address, &size) == 0 &&
        leave_in_time_wait(listener, &address)) {
        port = ntohs(address.sin_port);
    }
    if (listener >= 0) {
        (void)close(listener);
    }
    return port;
}
