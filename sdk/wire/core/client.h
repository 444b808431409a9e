#ifndef DK_WIRE_CORE_CLIENT_H
#define DK_WIRE_CORE_CLIENT_H

#include "core/lane.h"
#include "wire/core/channel.h"
#include "wire/core/client_call.h"
#include "wire/core/metadata.h"
#include "wire/core/queue.h"

#include <grpc/grpc.h>
#include <pthread.h>

/*
 * What channel.c, client_call.c and client_stream.c share.
 *
 * gRPC never calls us but through the queue's thread, and that takes no lock of a channel: a
 * channel's mutex may be held while gRPC is called.
 */
struct dk__channels {
    struct dk__core_queue queue;
    _Atomic(uint32_t) channel_count; /* with memory: also closed ones whose calls live */
};

struct dk__channel {
    struct dk__channels *channels;
    char *target;
    uint32_t calls_max;
    size_t header_bytes_max;

    pthread_mutex_t mutex;         /* of all below */
    grpc_channel *core;            /* NULL: closed */
    struct dk__client_call *calls; /* that live */
    uint32_t call_count;
    bool is_let_go; /* the memory goes with the last call */
};

struct dk__client_call {
    struct dk__channel *channel;
    struct dk__client_call *previous, *next; /* of the channel's; its mutex */
    grpc_call *core;
    uint32_t flags; /* of the first metadata */
    struct dk__core_metadata metadata;

    /* Written by gRPC; ours when the event has come. */
    grpc_metadata_array headers, trailers;
    grpc_status_code code;
    grpc_slice status_text;
    grpc_byte_buffer *received;

    grpc_byte_buffer *sent; /* its slices are gRPC's while the batch is under way */
    grpc_slice message;     /* the last one that came, in one piece */
    struct dk_pair *pairs;
    struct dk__client_answer answer;
    bool is_answered; /* the answer stands */

    struct dk__core_wait whole; /* unary: all of it; a stream: its headers */
    struct dk__core_wait ending, reading, writing;
    bool is_open, is_half_closed;

    struct dk__core_event started; /* dk__client_call_start */
    struct dk__work work;
    struct dk_loop *loop;
    dk__client_answer_fn *on_answer;
    void *context;
};

/* A new grpc_call for the call, which joins the channel's list. Errors as dk__client_call_new. */
enum dk_error dk__channel_join(
    struct dk__channel *channel,
    struct dk__client_call *call,
    const struct dk__client_request *request,
    struct dk_fault *fault);
/* Takes it out again; the channel may be gone afterwards. Before, the grpc_call still is. */
void dk__channel_leave(struct dk__channel *channel, struct dk__client_call *call);

/* CLOCK_MONOTONIC's microseconds as gRPC's time; INT64_MAX is never. */
gpr_timespec dk__core_time(int64_t deadline_us);

/* The batch's operations carry `event`, which was given before. */
void dk__client_batch(
    struct dk__client_call *call, const grpc_op *ops, size_t count, struct dk__core_event *event);
/* Adds a message, copied, to a batch; dk__client_sent when the batch has ended. */
void dk__client_send(struct dk__client_call *call, struct dk_bytes message, grpc_op *op);
void dk__client_sent(struct dk__client_call *call);
/* What was received becomes call->message in one piece; absent when nothing was. */
struct dk_bytes dk__client_take_message(struct dk__client_call *call);
/* Status and metadata have come: makes the answer of them. */
const struct dk__client_answer *dk__client_answer_make(
    struct dk__client_call *call, struct dk_bytes message);

#endif /* DK_WIRE_CORE_CLIENT_H */
