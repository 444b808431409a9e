/*
 * What the rows of every building block share, on the loop's thread.
 */
#include "wire/grpc/block.h"

#include "core/log.h"
#include "wire/nanopb/common.h"

#include <assert.h>
#include <dk/metric.h>
#include <stdlib.h>

void *dk__block_new(
    struct dk__server *server,
    const struct dk_backend *backend,
    size_t size,
    const char *kind,
    const char *service,
    const struct dk__method *methods) {
    struct dk__block *block = calloc(1, size);
    assert(size >= sizeof *block);
    if (block == NULL) {
        return NULL;
    }
    block->backend = backend;
    block->row = (struct dk__service){
        .name = service,
        .methods = methods,
        .context = block,
        .kind = kind,
        .owner = backend->name};
    block->instances = dk__instances_new(server->loop, backend, DK__INSTANCES_MAX);
    if (block->instances == NULL || dk__server_add(server, &block->row) != DK_OK) {
        dk__block_free(block);
        return NULL;
    }
    if (dk_metrics_are_wanted()) {
        dk__instances_count(block->instances, kind);
    }
    return block;
}

void dk__block_free(struct dk__block *block) {
    if (block != NULL) {
        dk__instances_free(block->instances);
        free(block);
    }
}

struct dk__block *dk__block_of(const struct dk__rpc *rpc) {
    return rpc->service->context;
}

bool dk__walk_instance(
    struct dk__walk *walk, struct dk__rpc *rpc, const struct dk__reply_ops *ops) {
    const struct dk__block *block = dk__block_of(rpc);
    rpc->reply.ops = ops;
    walk->fault.error = DK_OK;
    walk->fault.text[0] = '\0';
    walk->instance = dk__instances_find(block->instances, rpc->instance);
    if (walk->instance == NULL) {
        dk_reply_fail(
            &rpc->reply,
            DK_NOT_READY,
            "%s: instance '%.*s' is not initialised; daprd sends Init once at its start: restart "
            "daprd (or SIGHUP it) after restarting this component",
            block->backend->name,
            (int)rpc->instance.size,
            rpc->instance.data);
        return false;
    }
    dk__log_context_component(walk->instance->name);
    dk__instances_hold(walk->instance);
    rpc->held = walk->instance;
    return true;
}

bool dk__walk_begin(
    struct dk__walk *walk,
    struct dk__rpc *rpc,
    const struct dk__reply_ops *ops,
    size_t request_size) {
    if (!dk__walk_instance(walk, rpc, ops)) {
        return false;
    }
    walk->request = dk__arena_take(&rpc->call.arena, request_size);
    if (walk->request == NULL) {
        dk_reply_fail(&rpc->reply, DK_EXHAUSTED, "the request does not fit into arena-bytes-max");
        return false;
    }
    return true;
}

bool dk__walk_decoded(struct dk__walk *walk, struct dk__rpc *rpc, enum dk_error error) {
    if (error != DK_OK) {
        dk_reply_fault(&rpc->reply, &walk->fault);
        return false;
    }
    return true;
}

void dk__block_run_init(struct dk__rpc *rpc, struct dk_bytes message) {
    struct dk_fault fault = {0};
    struct dk_pairs properties = {0};
    rpc->reply.ops = &dk__plain_ops;
    if (dk__decode_init(message, &rpc->call.arena, &properties, &fault) != DK_OK) {
        dk_reply_fault(&rpc->reply, &fault);
        return;
    }
    dk__instances_open(dk__block_of(rpc)->instances, rpc->instance, properties, &rpc->reply);
}

void dk__block_answer_words(struct dk__rpc *rpc, const char *const *words, size_t count) {
    rpc->reply.ops = &dk__plain_ops;
    dk__rpc_message_begin(rpc);
    rpc->message_failed |= !dk__encode_words(&rpc->out, words, count);
    dk_reply_ok(&rpc->reply);
}

void dk__block_ping(
    struct dk__rpc *rpc, void (*ping)(struct dk_instance *instance, struct dk_reply *reply)) {
    struct dk__walk walk;
    if (ping == NULL) {
        rpc->reply.ops = &dk__plain_ops;
        dk_reply_ok(&rpc->reply);
    } else if (dk__walk_instance(&walk, rpc, &dk__plain_ops)) {
        ping(walk.instance, &rpc->reply);
    }
}

const struct dk__reply_ops dk__plain_ops = {.ok = dk__rpc_reply_ok, .fail = dk__rpc_reply_fail};

bool dk__answer_is_open(struct dk__rpc *rpc) {
    if (rpc->is_finished) {
        return false;
    }
    if (rpc->prefix == NULL) {
        dk__rpc_message_begin(rpc);
        rpc->reply.is_full = rpc->message_failed;
    }
    return !rpc->message_failed;
}

void dk__answer_fault(struct dk__rpc *rpc, const char *text) {
    rpc->message_failed = true;
    rpc->message_fault = text;
    rpc->reply.is_full = true;
}
