#ifndef DK_WIRE_GRPC_SERVICES_H
#define DK_WIRE_GRPC_SERVICES_H

#include "wire/grpc/server.h"

struct dk_state_backend;
struct dk__instances;

/*
 * The rows behind a socket. Each function adds services to a server; what they need lives as long
 * as the server.
 *
 * Errors: as dk__server_add.
 */

/* StateStore, and TransactionalStateStore with TransactionalStoreMultiMaxSize, and
 * QueriableStateStore, as far as the backend has the functions. */
struct dk__state_services;
enum dk_error dk__state_services_new(
    struct dk__server *server,
    const struct dk_state_backend *backend,
    struct dk__state_services **ret_services);
/* Closes every instance. Accepts NULL. */
void dk__state_services_free(struct dk__state_services *services);

/* grpc.reflection.v1alpha and v1: daprd's discovery lists services, tools ask for descriptors.
 * Lists what is added to the server, whenever it was. */
enum dk_error dk__reflection_add(struct dk__server *server);

/* grpc.health.v1: Check and Watch of "" and of every service added. */
enum dk_error dk__health_add(struct dk__server *server);
/* Tells watchers NOT_SERVING; the server is draining. */
void dk__health_drain(struct dk__server *server);

#endif /* DK_WIRE_GRPC_SERVICES_H */
