/*
 * The rows of InputBinding, on the loop's thread. daprd opens Read and sends nothing until there is
 * something to settle: the subscription begins with the stream.
 */
#include "wire/grpc/block.h"
#include "wire/grpc/feed.h"
#include "wire/grpc/services.h"

#include <dk/binding.h>

struct dk__input_binding_services {
    struct dk__block block; /* first */
    const struct dk_input_binding_backend *backend;
    struct dk__feeds feeds;
};

static struct dk__input_binding_services *services_of(const struct dk__rpc *rpc) {
    return rpc->service->context;
}

static void run_ping(struct dk__rpc *rpc, struct dk_bytes message) {
    (void)message;
    dk__block_ping(rpc, services_of(rpc)->backend->ping);
}

static void read_on_open(struct dk__rpc *rpc) {
    static const struct dk_bytes no_topic = DK_BYTES("");
    struct dk__input_binding_services *services = services_of(rpc);
    struct dk__feed *feed =
        dk__feed_begin(&services->feeds, rpc, &services->backend->source, &dk__read_numbers);
    if (feed != NULL) {
        dk__feed_subscribe(feed, no_topic, (struct dk_pairs){0});
    }
}

static void read_on_message(struct dk__rpc *rpc, struct dk_bytes message) {
    struct dk__feed *feed = dk__feed_of(rpc);
    struct dk__read_request request;
    struct dk_fault fault; /* not zeroed: 2 KiB for each message */
    fault.error = DK_OK;
    fault.text[0] = '\0';
    if (dk__decode_read(message, &rpc->call.arena, &request, &fault) == DK_OK &&
        request.message_id.size == 0) {
        (void)dk_fault_set(&fault, DK_INVALID, "message_id: is empty");
    }
    if (fault.error != DK_OK) {
        dk__feed_fail(feed, &fault);
    } else {
        dk__feed_settle(feed, request.message_id, request.error, request.response);
    }
}

static const struct dk__streaming read_streaming = {
    .on_open = read_on_open,
    .on_message = read_on_message,
    .on_half_close = dk__feed_on_half_close,
    .on_writable = dk__feed_on_writable,
    .on_over = dk__feed_on_over,
};

static const struct dk__method input_binding_methods[] = {
    {"Init", dk__block_run_init},
    {"Ping", run_ping},
    {"Read", .streaming = &read_streaming},
    {0},
};

enum dk_error dk__input_binding_services_new(
    struct dk__server *server,
    const struct dk_input_binding_backend *backend,
    struct dk__input_binding_services **ret_services) {
    struct dk__input_binding_services *services = dk__block_new(
        server,
        &backend->base,
        sizeof *services,
        "bindings",
        "dapr.proto.components.v1.InputBinding",
        input_binding_methods);
    if (services == NULL) {
        return DK_EXHAUSTED;
    }
    services->backend = backend;
    services->block.ping = backend->ping;
    *ret_services = services;
    return DK_OK;
}

void dk__input_binding_services_drain(struct dk__input_binding_services *services) {
    if (services != NULL) {
        dk__feeds_drain(&services->feeds);
    }
}

void dk__input_binding_services_free(struct dk__input_binding_services *services) {
    if (services != NULL) {
        dk__feeds_end(&services->feeds);
        dk__block_free(&services->block);
    }
}
