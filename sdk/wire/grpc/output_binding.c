/*
 * The rows of OutputBinding, on the loop's thread.
 */
#include "core/utf8.h"
#include "wire/grpc/block.h"
#include "wire/grpc/rpc_trace.h"
#include "wire/grpc/services.h"
#include "wire/nanopb/binding.h"

#include <assert.h>
#include <stdio.h>

enum { OPERATIONS_MAX = 32 };

struct dk__output_binding_services {
    struct dk__block block; /* first */
    const struct dk_output_binding_backend *backend;
    const char *operations[OPERATIONS_MAX]; /* their names */
    size_t operation_count;
};

static struct dk__output_binding_services *services_of(const struct dk__rpc *rpc) {
    return rpc->service->context;
}

static void run_ping(struct dk__rpc *rpc, struct dk_bytes message) {
    (void)message;
    dk__block_ping(rpc, services_of(rpc)->backend->ping);
}

static void run_list_operations(struct dk__rpc *rpc, struct dk_bytes message) {
    const struct dk__output_binding_services *services = services_of(rpc);
    (void)message;
    dk__block_answer_words(rpc, services->operations, services->operation_count);
}

static bool is_listed(const struct dk__output_binding_services *services, struct dk_bytes word) {
    for (size_t i = 0; i < services->operation_count; i++) {
        if (dk_bytes_equal(dk_bytes_of(services->operations[i]), word)) {
            return true;
        }
    }
    return false;
}

static void refuse_operation(
    const struct dk__output_binding_services *services,
    struct dk_bytes word,
    struct dk_reply *reply) {
    char names[512] = "";
    size_t size = 0;
    for (size_t i = 0; i < services->operation_count && size < sizeof names; i++) {
        size += (size_t)snprintf(
            names + size, sizeof names - size, "%s%s", i == 0 ? "" : ", ", services->operations[i]);
    }
    dk_reply_fail(
        reply,
        DK_INVALID,
        "%s: '%.*s' is no operation of this binding, there are: %s",
        services->block.backend->name,
        (int)word.size,
        word.data,
        names);
}

static const char *output_fault(const struct dk_output *output) {
    for (size_t i = 0; i < output->metadata.count; i++) {
        if (!dk__utf8_is_valid(output->metadata.items[i].key) ||
            !dk__utf8_is_valid(output->metadata.items[i].value)) {
            return "the binding gave metadata that is not UTF-8";
        }
    }
    return dk__utf8_is_valid(output->content_type)
               ? NULL
               : "the binding gave a content type that is not UTF-8";
}

static void invoke_on_output(struct dk_reply *reply, const struct dk_output *output) {
    struct dk__rpc *rpc = dk__rpc_of(reply);
    assert(rpc->prefix == NULL || rpc->is_finished); /* one output answers an invoke */
    if (!dk__answer_is_open(rpc)) {
        return;
    }
    const char *fault = output_fault(output);
    if (fault != NULL) {
        dk__answer_fault(rpc, fault);
    } else if (!dk__encode_output(&rpc->out, output)) {
        dk__answer_fault(rpc, NULL);
    }
}

static const struct dk__reply_ops invoke_ops = {
    .ok = dk__rpc_reply_ok, .fail = dk__rpc_reply_fail, .output = invoke_on_output};

static void run_invoke(struct dk__rpc *rpc, struct dk_bytes message) {
    const struct dk__output_binding_services *services = services_of(rpc);
    struct dk__walk walk;
    if (!dk__walk_begin(&walk, rpc, &invoke_ops, sizeof(struct dk_invoke)) ||
        !dk__walk_decoded(
            &walk, rpc, dk__decode_invoke(message, &rpc->call.arena, walk.request, &walk.fault))) {
        return;
    }
    const struct dk_invoke *request = walk.request;
    if (!is_listed(services, request->operation)) {
        refuse_operation(services, request->operation, &rpc->reply);
        return;
    }
    dk__rpc_trace_follow(rpc, request->metadata);
    services->backend->invoke(walk.instance, request, &rpc->reply);
}

static const struct dk__method output_binding_methods[] = {
    {"Init", dk__block_run_init},
    {"Ping", run_ping},
    {"Invoke", run_invoke},
    {"ListOperations", run_list_operations},
    {0},
};

enum dk_error dk__output_binding_services_new(
    struct dk__server *server,
    const struct dk_output_binding_backend *backend,
    struct dk__output_binding_services **ret_services) {
    struct dk__output_binding_services *services = dk__block_new(
        server,
        &backend->base,
        sizeof *services,
        "bindings",
        "dapr.proto.components.v1.OutputBinding",
        output_binding_methods);
    if (services == NULL) {
        return DK_EXHAUSTED;
    }
    services->backend = backend;
    services->block.ping = backend->ping;
    for (const struct dk_binding_operation *row = backend->operations; row->name != NULL; row++) {
        assert(services->operation_count < OPERATIONS_MAX);
        services->operations[services->operation_count] = row->name;
        services->operation_count++;
    }
    *ret_services = services;
    return DK_OK;
}

void dk__output_binding_services_free(struct dk__output_binding_services *services) {
    if (services != NULL) {
        dk__block_free(&services->block);
    }
}
