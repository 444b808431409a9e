#ifndef DK_WIRE_CORE_LISTENER_H
#define DK_WIRE_CORE_LISTENER_H

#include "core/acceptor.h"
#include "core/call.h"
#include "core/lane.h"
#include "wire/core/queue.h"
#include "wire/grpc/transport.h"

#include <grpc/grpc.h>

struct dk__core_connection;

/*
 * The second way to travel: gRPC C core. Its completion queue's thread does nothing but hand each
 * completed tag to the loop:
 *
 *     completion queue ─▶ thread ─▶ lane ─▶ loop: streams, dk__rpc_*
 *          ▲                                  │
 *          └────── grpc_call_start_batch ◀────┘
 */

/* What a completion belongs to; an operation carries &tag->event. */
struct dk__core_tag {
    struct dk__work work;
    struct dk__core_event event;
    struct dk__listener *listener;
    bool is_ok; /* the event's success */
};

/* A call that the server may begin. */
struct dk__core_accept {
    struct dk__core_tag tag;
    grpc_call *call;
    grpc_call_details details;
    grpc_metadata_array metadata;
};

/* Calls that may begin before the loop has seen the first of them; the rest wait in gRPC. */
enum { DK__CORE_ACCEPTS = 64 };

/* Bound: connections_max; more wait in the kernel's backlog. */
struct dk__listener {
    struct dk__server *server;
    grpc_server *core;
    struct dk__core_queue queue;
    struct dk__acceptor acceptor;
    struct dk__core_connection *connections;
    uint32_t connection_count;
    int64_t handshake_us; /* from connection.h; a test shortens it */
    bool is_draining, is_shut;
    uint32_t streams_open; /* with a living grpc_call */
    struct dk__core_tag shutdown;
    struct dk__core_accept accepts[DK__CORE_ACCEPTS];
};

/* Gives a tag to the completion queue; call it right before the operation that carries it. */
void dk__core_tag_give(
    struct dk__core_tag *tag, struct dk__listener *listener, void (*on_arrival)(struct dk__work *));

/* The last stream may have gone: tells the server when the listener is quiet. */
void dk__core_tell_quiet(struct dk__listener *listener);

/* Begins an RPC with a call that was accepted; takes call, details and metadata. */
void dk__core_stream_begin(struct dk__listener *listener, struct dk__core_accept *accept);

#endif /* DK_WIRE_CORE_LISTENER_H */
