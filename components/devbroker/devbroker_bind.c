/*
 * This program's own bind() stands before the C library's for librdkafka too: the linker exports it,
 * because a shared library asks for it. It passes everything on and only fills in a port.
 */
#include "devbroker/devbroker_bind.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static atomic_uint next_port; /* mock brokers are made on a thread of librdkafka's */

void devbroker_bind_from(uint16_t first) {
    atomic_store(&next_port, first);
}

bool devbroker_bind_works(uint16_t port, int *ret_errno) {
    const int one = 1;
    const struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    const int descriptor = socket(AF_INET, SOCK_STREAM, 0);
    const bool works = descriptor >= 0 &&
                       setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) == 0 &&
                       syscall(SYS_bind, descriptor, &address, sizeof address) == 0;
    if (!works) {
        *ret_errno = errno;
    }
    if (descriptor >= 0) {
        (void)close(descriptor);
    }
    return works;
}

/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name): theirs are reserved */
int bind(int descriptor, const struct sockaddr *address, socklen_t size) {
    struct sockaddr_in wanted;
    if (address->sa_family == AF_INET && size >= sizeof wanted) {
        memcpy(&wanted, address, sizeof wanted);
        const unsigned port = atomic_load(&next_port);
        if (wanted.sin_port == 0 && port != 0 && port <= UINT16_MAX) {
            (void)atomic_fetch_add(&next_port, 1);
            wanted.sin_port = htons((uint16_t)port);
            return (int)syscall(SYS_bind, descriptor, &wanted, sizeof wanted);
        }
    }
    return (int)syscall(SYS_bind, descriptor, address, size);
}
