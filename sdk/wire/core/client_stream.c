/*
 * The streaming way of an outgoing call, read straight down by the thread that makes it. Four
 * operations may be under way, each with a wait of its own: the headers, the end, a read, a write.
 */
#include "wire/core/client.h"

#include <assert.h>
#include <grpc/slice.h>
#include <string.h>

void dk__client_call_open(struct dk__client_call *call) {
    grpc_op headers[2], end[1];
    memset(headers, 0, sizeof headers);
    memset(end, 0, sizeof end);
    call->is_open = true;

    headers[0].op = GRPC_OP_SEND_INITIAL_METADATA;
    headers[0].flags = call->flags;
    headers[0].data.send_initial_metadata.count = call->metadata.count;
    headers[0].data.send_initial_metadata.metadata = call->metadata.items;
    headers[1].op = GRPC_OP_RECV_INITIAL_METADATA;
    headers[1].data.recv_initial_metadata.recv_initial_metadata = &call->headers;
    dk__core_wait_begin(&call->whole);
    dk__client_batch(call, headers, 2, &call->whole.event);

    end[0].op = GRPC_OP_RECV_STATUS_ON_CLIENT;
    end[0].data.recv_status_on_client.trailing_metadata = &call->trailers;
    end[0].data.recv_status_on_client.status = &call->code;
    end[0].data.recv_status_on_client.status_details = &call->status_text;
    dk__core_wait_begin(&call->ending);
    dk__client_batch(call, end, 1, &call->ending.event);
}

bool dk__client_call_write(struct dk__client_call *call, struct dk_bytes message) {
    grpc_op op;
    assert(call->is_open && !call->is_half_closed);
    memset(&op, 0, sizeof op);
    dk__client_send(call, message, &op);
    dk__core_wait_begin(&call->writing);
    dk__client_batch(call, &op, 1, &call->writing.event);
    const bool is_ok = dk__core_wait_for(&call->writing);
    dk__client_sent(call);
    return is_ok;
}

bool dk__client_call_half_close(struct dk__client_call *call) {
    grpc_op op;
    assert(call->is_open && !call->is_half_closed);
    call->is_half_closed = true;
    memset(&op, 0, sizeof op);
    op.op = GRPC_OP_SEND_CLOSE_FROM_CLIENT;
    dk__core_wait_begin(&call->writing);
    dk__client_batch(call, &op, 1, &call->writing.event);
    return dk__core_wait_for(&call->writing);
}

bool dk__client_call_read(struct dk__client_call *call, struct dk_bytes *ret_message) {
    grpc_op op;
    assert(call->is_open);
    memset(&op, 0, sizeof op);
    op.op = GRPC_OP_RECV_MESSAGE;
    op.data.recv_message.recv_message = &call->received;
    dk__core_wait_begin(&call->reading);
    dk__client_batch(call, &op, 1, &call->reading.event);
    (void)dk__core_wait_for(&call->reading);
    const struct dk_bytes message = dk__client_take_message(call);
    if (message.data == NULL) {
        return false;
    }
    *ret_message = message;
    return true;
}

const struct dk__client_answer *dk__client_call_finish(struct dk__client_call *call) {
    struct dk_bytes dropped;
    assert(call->is_open);
    if (call->is_answered) {
        return &call->answer;
    }
    if (!call->is_half_closed) {
        (void)dk__client_call_half_close(call);
    }
    /* gRPC gives the status only to those who have read all. */
    while (dk__client_call_read(call, &dropped)) {
    }
    (void)dk__core_wait_for(&call->whole);
    (void)dk__core_wait_for(&call->ending);
    return dk__client_answer_make(call, (struct dk_bytes){0});
}
