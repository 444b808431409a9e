/*
 * The server side of gRPC C core: addresses, acceptance, end. All functions run on the loop's
 * thread but queue_thread, which owns a tag from the event to the lane.
 */
#include "wire/core/listener.h"

#include "core/loop.h"

#include <assert.h>
#include <dk/log.h>
#include <grpc/grpc_security.h>
#include <stdlib.h>
#include <string.h>

static void on_accept(struct dk__work *work);

void dk__core_tag_give(
    struct dk__core_tag *tag,
    struct dk__listener *listener,
    void (*on_arrival)(struct dk__work *)) {
    tag->work.on_arrival = on_arrival;
    tag->listener = listener;
    /* Release pairs with the acquire in queue_thread. */
    atomic_store_explicit(&tag->owner, DK__OWNER_TRANSPORT, memory_order_release);
}

static void *queue_thread(void *context) {
    grpc_completion_queue *queue = context;
    for (;;) {
        const grpc_event event =
            grpc_completion_queue_next(queue, gpr_inf_future(GPR_CLOCK_REALTIME), NULL);
        if (event.type == GRPC_QUEUE_SHUTDOWN) {
            return NULL;
        }
        struct dk__core_tag *tag = event.tag;
        const enum dk__owner owner = atomic_load_explicit(&tag->owner, memory_order_acquire);
        assert(owner == DK__OWNER_TRANSPORT);
        (void)owner;
        tag->is_ok = event.success != 0;
        dk__loop_post(tag->listener->server->loop, &tag->work);
    }
}

static void accept_request(struct dk__listener *listener, struct dk__core_accept *accept) {
    grpc_call_details_init(&accept->details);
    grpc_metadata_array_init(&accept->metadata);
    accept->call = NULL;
    dk__core_tag_give(&accept->tag, listener, on_accept);
    const grpc_call_error error = grpc_server_request_call(
        listener->core,
        &accept->call,
        &accept->details,
        &accept->metadata,
        listener->queue,
        listener->queue,
        &accept->tag);
    assert(error == GRPC_CALL_OK);
    (void)error;
}

static void on_accept(struct dk__work *work) {
    struct dk__core_accept *accept = (struct dk__core_accept *)(void *)work;
    struct dk__listener *listener = accept->tag.listener;
    if (!accept->tag.is_ok) { /* the server is shutting down */
        grpc_call_details_destroy(&accept->details);
        grpc_metadata_array_destroy(&accept->metadata);
        return;
    }
    dk__core_stream_begin(listener, accept);
    if (!listener->is_draining) {
        accept_request(listener, accept);
    }
}

static grpc_server *core_server_new(const struct dk__limits *limits) {
    grpc_arg arguments[] = {
        {GRPC_ARG_INTEGER,
         (char *)(uintptr_t)GRPC_ARG_MAX_CONCURRENT_STREAMS,
         {.integer = (int)limits->calls_max}},
        {GRPC_ARG_INTEGER,
         (char *)(uintptr_t)GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH,
         {.integer = (int)limits->request_bytes_max}},
        {GRPC_ARG_INTEGER, (char *)(uintptr_t)GRPC_ARG_MAX_SEND_MESSAGE_LENGTH, {.integer = -1}},
        {GRPC_ARG_INTEGER,
         (char *)(uintptr_t)GRPC_ARG_MAX_METADATA_SIZE,
         {.integer = (int)limits->header_bytes_max}},
        {GRPC_ARG_INTEGER, (char *)(uintptr_t)GRPC_ARG_ALLOW_REUSEPORT, {.integer = 0}},
        /* One bit for each algorithm; identity is the first and cannot be taken away. */
        {GRPC_ARG_INTEGER,
         (char *)(uintptr_t)GRPC_COMPRESSION_CHANNEL_ENABLED_ALGORITHMS_BITSET,
         {.integer = 1}},
    };
    const grpc_channel_args channel = {sizeof arguments / sizeof arguments[0], arguments};
    return grpc_server_create(&channel, NULL);
}

static void core_close(struct dk__listener *listener);

static enum dk_error core_listen(
    struct dk__server *server,
    const char *address,
    struct dk__listener **ret_listener,
    struct dk_fault *fault) {
    struct dk__listener *listener = calloc(1, sizeof *listener);
    if (listener == NULL) {
        return dk_fault_set(fault, DK_EXHAUSTED, "%s: no memory to listen", address);
    }
    grpc_init();
    listener->server = server;
    listener->is_shut = true; /* until there is something to shut */
    listener->core = core_server_new(&server->limits);
    listener->queue = grpc_completion_queue_create_for_next(NULL);
    grpc_server_register_completion_queue(listener->core, listener->queue, NULL);

    grpc_server_credentials *plain = grpc_insecure_server_credentials_create();
    listener->port = grpc_server_add_http2_port(listener->core, address, plain);
    grpc_server_credentials_release(plain);
    if (listener->port == 0) {
        core_close(listener);
        return dk_fault_set(
            fault, DK_UNAVAILABLE, "'%s' is taken, or is no address of this machine", address);
    }
    grpc_server_start(listener->core);
    listener->is_shut = false;
    if (pthread_create(&listener->thread, NULL, queue_thread, listener->queue) != 0) {
        core_close(listener);
        return dk_fault_set(fault, DK_EXHAUSTED, "'%s': no thread for gRPC's queue", address);
    }
    listener->has_thread = true;
    for (size_t i = 0; i < DK__CORE_ACCEPTS; i++) {
        accept_request(listener, &listener->accepts[i]);
    }
    *ret_listener = listener;
    return DK_OK;
}

static int core_port(const struct dk__listener *listener) {
    return listener->port == 1 ? 0 : listener->port; /* C core reports a Unix socket as port 1 */
}

static bool core_is_quiet(const struct dk__listener *listener) {
    return listener->is_shut && listener->streams_open == 0;
}

void dk__core_tell_quiet(struct dk__listener *listener) {
    if (core_is_quiet(listener)) {
        dk__server_tell_idle(listener->server);
    }
}

/* gRPC has no connection left. */
static void on_shutdown(struct dk__work *work) {
    struct dk__core_tag *tag = (struct dk__core_tag *)(void *)work;
    tag->listener->is_shut = true;
    dk__core_tell_quiet(tag->listener);
}

static void core_drain(struct dk__listener *listener) {
    if (listener->is_draining || listener->is_shut) {
        return;
    }
    listener->is_draining = true;
    dk__core_tag_give(&listener->shutdown, listener, on_shutdown);
    grpc_server_shutdown_and_notify(listener->core, listener->queue, &listener->shutdown);
}

/* gRPC ends on its own threads: the loop turns here until the last tag has come home, so this is
 * not for a callback of the loop. */
static void core_close(struct dk__listener *listener) {
    if (listener == NULL) {
        return;
    }
    if (listener->has_thread) {
        core_drain(listener);
        grpc_server_cancel_all_calls(listener->core);
        while (!core_is_quiet(listener)) {
            if (dk__loop_turn(listener->server->loop, -1) != DK_OK) {
                dk_log(DK_LOG_ERROR, "core", "the loop failed while gRPC was ending", NULL);
                abort(); /* its threads still hold our memory: there is no way on */
            }
        }
    }
    grpc_completion_queue_shutdown(listener->queue);
    if (listener->has_thread) {
        (void)pthread_join(listener->thread, NULL);
    } else {
        while (grpc_completion_queue_next(listener->queue, gpr_inf_future(GPR_CLOCK_REALTIME), NULL)
                   .type != GRPC_QUEUE_SHUTDOWN) {
        }
    }
    grpc_server_destroy(listener->core);
    grpc_completion_queue_destroy(listener->queue);
    free(listener);
    grpc_shutdown();
}

const struct dk__transport dk__transport_core = {
    .name = "core",
    .listen = core_listen,
    .port = core_port,
    .drain = core_drain,
    .close = core_close,
    .is_quiet = core_is_quiet,
};
