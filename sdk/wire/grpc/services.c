/*
 * Everything behind one socket, on the loop's thread: reflection, health, and the services of each
 * backend that it has.
 */
#include "wire/grpc/services.h"

#include "wire/pbc/descriptors.h"

#include <dk/serve.h>
#include <stdlib.h>

struct dk__services {
    struct dk__state_services *state;
    struct dk__pubsub_services *pubsub;
    struct dk__input_binding_services *input_binding;
    struct dk__output_binding_services *output_binding;
};

static enum dk_error services_open(
    struct dk__services *services, struct dk__server *server, const struct dk_backends *backends) {
    enum dk_error error = dk__reflection_add(server, &dk__component_protos);
    if (error == DK_OK) {
        error = dk__health_add(server);
    }
    if (error == DK_OK && backends->state != NULL) {
        error = dk__state_services_new(server, backends->state, &services->state);
    }
    if (error == DK_OK && backends->pubsub != NULL) {
        error = dk__pubsub_services_new(server, backends->pubsub, &services->pubsub);
    }
    if (error == DK_OK && backends->input_binding != NULL) {
        error = dk__input_binding_services_new(
            server, backends->input_binding, &services->input_binding);
    }
    if (error == DK_OK && backends->output_binding != NULL) {
        error = dk__output_binding_services_new(
            server, backends->output_binding, &services->output_binding);
    }
    return error;
}

enum dk_error dk__services_new(
    struct dk__server *server,
    const struct dk_backends *backends,
    struct dk__services **ret_services) {
    struct dk__services *services = calloc(1, sizeof *services);
    if (services == NULL) {
        return DK_EXHAUSTED;
    }
    const enum dk_error error = services_open(services, server, backends);
    if (error != DK_OK) {
        dk__services_free(services);
        return error;
    }
    *ret_services = services;
    return DK_OK;
}

void dk__services_each(
    const struct dk__services *services,
    void (*visit)(void *context, struct dk__block *block),
    void *context) {
    /* Each begins with its block: dk__block_new. */
    void *const blocks[] = {
        services->state, services->pubsub, services->input_binding, services->output_binding};
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++) {
        if (blocks[i] != NULL) {
            visit(context, blocks[i]);
        }
    }
}

void dk__services_drain(struct dk__services *services, struct dk__server *server) {
    dk__health_drain(server);
    dk__pubsub_services_drain(services->pubsub);
    dk__input_binding_services_drain(services->input_binding);
}

void dk__services_free(struct dk__services *services) {
    if (services != NULL) {
        dk__state_services_free(services->state);
        dk__pubsub_services_free(services->pubsub);
        dk__input_binding_services_free(services->input_binding);
        dk__output_binding_services_free(services->output_binding);
        free(services);
    }
}
