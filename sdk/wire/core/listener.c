/*
 * The server side of gRPC C core: connections, calls, the end. All functions run on the loop's
 * thread but tag_on_event, which runs on the queue's.
 */
#include "wire/core/listener.h"

#include "core/loop.h"
#include "wire/core/argument.h"
#include "wire/core/connection.h"
#include "wire/core/credentials.h"

#include <assert.h>
#include <dk/log.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ADDRESS_BYTES_MAX = 128 };

static void on_accept(struct dk__work *work);

static void tag_on_event(struct dk__core_event *event, bool is_ok) {
    struct dk__core_tag *tag =
        (struct dk__core_tag *)(void *)((char *)event - offsetof(struct dk__core_tag, event));
    tag->is_ok = is_ok;
    dk__loop_post(tag->listener->server->loop, &tag->work);
}

void dk__core_tag_give(
    struct dk__core_tag *tag,
    struct dk__listener *listener,
    void (*on_arrival)(struct dk__work *)) {
    tag->work.on_arrival = on_arrival;
    tag->listener = listener;
    dk__core_event_give(&tag->event, tag_on_event);
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
        listener->queue.core,
        listener->queue.core,
        &accept->tag.event);
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
        dk__core_argument(GRPC_ARG_MAX_CONCURRENT_STREAMS, limits->calls_max),
        dk__core_argument(GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH, (int64_t)limits->request_bytes_max),
        dk__core_argument(GRPC_ARG_MAX_SEND_MESSAGE_LENGTH, -1),
        dk__core_argument(GRPC_ARG_MAX_METADATA_SIZE, (int64_t)limits->header_bytes_max),
        dk__core_argument(DK__CORE_ARG_ABSOLUTE_METADATA, (int64_t)limits->header_bytes_max),
        dk__core_argument(GRPC_ARG_MAX_CONNECTION_IDLE_MS, DK__CORE_IDLE_MS),
        dk__core_argument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, DK__CORE_HANDSHAKE_US / 1000),
        dk__core_argument(GRPC_ARG_ALLOW_REUSEPORT, 0), /* a port has one program */
        /* One bit for each algorithm; identity is the first and cannot be taken away. */
        dk__core_argument(GRPC_COMPRESSION_CHANNEL_ENABLED_ALGORITHMS_BITSET, 1),
    };
    const grpc_channel_args channel = {sizeof arguments / sizeof arguments[0], arguments};
    return grpc_server_create(&channel, NULL);
}

static bool listener_on_accept(struct dk__acceptor *acceptor, int descriptor) {
    struct dk__listener *listener =
        (struct dk__listener *)(void *)((char *)acceptor - offsetof(struct dk__listener, acceptor));
    return dk__core_connection_new(listener, descriptor);
}

/*
 * gRPC speaks TLS on sockets of its own only: it takes no descriptor with credentials. The address
 * is tried first, because gRPC does not say why it could not have it.
 * Bound: none but the descriptors of the process; connections_max is of sockets that are ours.
 */
static enum dk_error listen_tls(
    struct dk__listener *listener, const char *address, struct dk_fault *fault) {
    const struct dk__server_tls *tls = listener->server->tls;
    grpc_server_credentials *credentials = NULL;
    char bound[ADDRESS_BYTES_MAX];
    if (dk__server_credentials(tls, &credentials, fault) != DK_OK) {
        return fault->error;
    }
    if (dk__acceptor_open(&listener->acceptor, address, fault) == DK_OK) {
        const int port = listener->acceptor.port; /* of 0 it is one that is free */
        const char *colon = strrchr(address, ':');
        dk__acceptor_close(&listener->acceptor);
        (void)snprintf(bound, sizeof bound, "%.*s:%d", (int)(colon - address), address, port);
        if (grpc_server_add_http2_port(listener->core, bound, credentials) != port) {
            (void)dk_fault_set(
                fault,
                DK_INVALID,
                "tls: '%s' and '%s' are no certificate and its key, or %s was taken meanwhile",
                tls->certificate_path,
                tls->key_path,
                bound);
        }
    }
    grpc_server_credentials_release(credentials);
    return fault->error;
}

static enum dk_error listen_at(
    struct dk__listener *listener, const char *address, struct dk_fault *fault) {
    const bool is_unix = strncmp(address, "unix:", 5) == 0;
    return listener->server->tls != NULL && !is_unix
               ? listen_tls(listener, address, fault)
               : dk__acceptor_open(&listener->acceptor, address, fault);
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
    listener->server = server;
    listener->is_shut = true; /* until there is something to shut */
    listener->handshake_us = DK__CORE_HANDSHAKE_US;
    listener->acceptor = (struct dk__acceptor){
        .loop = server->loop,
        .scope = "core",
        .connections_max = server->limits.connections_max,
        .connection_count = &listener->connection_count,
        .on_accept = listener_on_accept,
    };
    /* The thread comes first: a server that has started cannot end without it. */
    if (dk__core_queue_open(&listener->queue, fault) != DK_OK) {
        core_close(listener);
        return DK_EXHAUSTED;
    }
    listener->core = core_server_new(&server->limits);
    grpc_server_register_completion_queue(listener->core, listener->queue.core, NULL);

    const enum dk_error error = listen_at(listener, address, fault);
    if (error != DK_OK) {
        core_close(listener);
        return error;
    }
    grpc_server_start(listener->core);
    listener->is_shut = false;
    for (size_t i = 0; i < DK__CORE_ACCEPTS; i++) {
        accept_request(listener, &listener->accepts[i]);
    }
    *ret_listener = listener;
    return DK_OK;
}

static int core_port(const struct dk__listener *listener) {
    return listener->acceptor.port;
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
    dk__acceptor_close(&listener->acceptor); /* who connects now is refused, not left waiting */
    dk__core_tag_give(&listener->shutdown, listener, on_shutdown);
    grpc_server_shutdown_and_notify(
        listener->core, listener->queue.core, &listener->shutdown.event);
}

/* gRPC ends on its own threads: the loop turns here until the last tag has come home, so this is
 * not for a callback of the loop. */
static void core_close(struct dk__listener *listener) {
    if (listener == NULL) {
        return;
    }
    if (!listener->is_shut) {
        core_drain(listener);
        grpc_server_cancel_all_calls(listener->core);
    }
    while (!core_is_quiet(listener)) {
        if (dk__loop_turn(listener->server->loop, -1) != DK_OK) {
            dk_log(DK_LOG_ERROR, "core", "the loop failed while gRPC was ending", NULL);
            abort(); /* its threads still hold our memory: there is no way on */
        }
    }
    dk__acceptor_close(&listener->acceptor);
    while (listener->connections != NULL) {
        dk__core_connection_free(listener->connections);
    }
    if (listener->core != NULL) {
        grpc_server_destroy(listener->core);
    }
    dk__core_queue_close(&listener->queue);
    free(listener);
}

static struct dk__listener_counts core_counts(const struct dk__listener *listener) {
    return (struct dk__listener_counts){
        .connections = listener->connection_count, .streams = listener->streams_open};
}

const struct dk__transport dk__transport_core = {
    .name = "core",
    .listen = core_listen,
    .port = core_port,
    .drain = core_drain,
    .close = core_close,
    .is_quiet = core_is_quiet,
    .counts = core_counts,
};
