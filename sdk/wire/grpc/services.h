#ifndef DK_WIRE_GRPC_SERVICES_H
#define DK_WIRE_GRPC_SERVICES_H

#include "wire/grpc/server.h"

struct dk_backends;
struct dk_descriptors;
struct dk_input_binding_backend;
struct dk_output_binding_backend;
struct dk_pubsub_backend;
struct dk_state_backend;

/*
 * The rows behind a socket. Each function adds services to a server; what they need lives as long
 * as the server.
 *
 * Errors: as dk__server_add.
 */

/* Everything below, as far as there are backends: what a program serves on one socket. */
struct dk__services;
enum dk_error dk__services_new(
    struct dk__server *server,
    const struct dk_backends *backends,
    struct dk__services **ret_services);
/* Every block, with its instances. */
struct dk__block;
void dk__services_each(
    const struct dk__services *services,
    void (*visit)(void *context, struct dk__block *block),
    void *context);
/* The server is draining: health says so, streams that deliver end when all they delivered is
 * settled. */
void dk__services_drain(struct dk__services *services, struct dk__server *server);
/* Closes every instance. Accepts NULL. */
void dk__services_free(struct dk__services *services);

/* StateStore, and TransactionalStateStore with TransactionalStoreMultiMaxSize, and
 * QueriableStateStore, as far as the backend has the functions. */
struct dk__state_services;
enum dk_error dk__state_services_new(
    struct dk__server *server,
    const struct dk_state_backend *backend,
    struct dk__state_services **ret_services);
/* Closes every instance. Accepts NULL. */
void dk__state_services_free(struct dk__state_services *services);

/* PubSub. */
struct dk__pubsub_services;
enum dk_error dk__pubsub_services_new(
    struct dk__server *server,
    const struct dk_pubsub_backend *backend,
    struct dk__pubsub_services **ret_services);
/* No message is delivered any more, settlements are taken, a stream ends with its last one. Accepts
 * NULL. */
void dk__pubsub_services_drain(struct dk__pubsub_services *services);
/* Ends every stream and closes every instance. Accepts NULL. */
void dk__pubsub_services_free(struct dk__pubsub_services *services);

/* InputBinding; drain and free as PubSub's. */
struct dk__input_binding_services;
enum dk_error dk__input_binding_services_new(
    struct dk__server *server,
    const struct dk_input_binding_backend *backend,
    struct dk__input_binding_services **ret_services);
void dk__input_binding_services_drain(struct dk__input_binding_services *services);
void dk__input_binding_services_free(struct dk__input_binding_services *services);

/* OutputBinding. */
struct dk__output_binding_services;
enum dk_error dk__output_binding_services_new(
    struct dk__server *server,
    const struct dk_output_binding_backend *backend,
    struct dk__output_binding_services **ret_services);
void dk__output_binding_services_free(struct dk__output_binding_services *services);

/* grpc.reflection.v1alpha and v1: daprd's discovery lists services, tools ask for descriptors.
 * Lists what is added to the server, whenever it was. */
enum dk_error dk__reflection_add(
    struct dk__server *server, const struct dk_descriptors *descriptors);

/* grpc.health.v1: Check and Watch of "" and of every service added. */
enum dk_error dk__health_add(struct dk__server *server);
/* Tells watchers NOT_SERVING; the server is draining. */
void dk__health_drain(struct dk__server *server);

#endif /* DK_WIRE_GRPC_SERVICES_H */
