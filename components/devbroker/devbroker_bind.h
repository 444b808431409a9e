#ifndef DEVBROKER_BIND_H
#define DEVBROKER_BIND_H

#include <stdbool.h>
#include <stdint.h>

/*
 * librdkafka's mock brokers listen on ports by chance. From here on, the sockets that this process
 * binds to 127.0.0.1 without a port get `first`, `first` + 1 and so on; 0: by chance again.
 *
 * Thread: any, before brokers are made. Bound: ports up to 65535.
 */
void devbroker_bind_from(uint16_t first);

/* False with its errno when a port is taken; librdkafka would end the process over it. */
bool devbroker_bind_works(uint16_t port, int *ret_errno);

#endif /* DEVBROKER_BIND_H */
