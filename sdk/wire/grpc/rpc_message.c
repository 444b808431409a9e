/*
 * Messages on their way out of an RPC: prefix, bound, and the ways a unary answer ends.
 */
#include "wire/grpc/rpc.h"

#include <assert.h>
#include <stdio.h>

enum { PREFIX_BYTES = 5 };

void dk__rpc_message_begin(struct dk__rpc *rpc) {
    const struct dk__limits *limits = &rpc->server->limits;
    static char spare[PREFIX_BYTES]; /* stands for the prefix of a message that will not be sent */

    assert(rpc->prefix == NULL);
    rpc->message_at = rpc->out.bytes;
    rpc->message_fault = NULL;
    rpc->message_failed = rpc->is_finished || rpc->out.bytes > limits->outbox_bytes_max;
    if (!rpc->message_failed) {
        rpc->out.bytes_max = rpc->out.bytes + PREFIX_BYTES + limits->reply_bytes_max;
        rpc->prefix = dk__chain_append(&rpc->out, PREFIX_BYTES);
    }
    if (rpc->prefix == NULL) {
        rpc->message_failed = true;
        rpc->prefix = spare;
    }
}

bool dk__rpc_message_end(struct dk__rpc *rpc) {
    assert(rpc->prefix != NULL);
    if (rpc->message_failed || rpc->is_finished) {
        dk__rpc_message_drop(rpc);
        return false;
    }
    const size_t size = rpc->out.bytes - rpc->message_at - PREFIX_BYTES;
    const unsigned char bytes[PREFIX_BYTES] = {
        0, /* not compressed */
        (unsigned char)(size >> 24),
        (unsigned char)(size >> 16),
        (unsigned char)(size >> 8),
        (unsigned char)size,
    };
    memcpy(rpc->prefix, bytes, sizeof bytes);
    rpc->prefix = NULL;
    rpc->ops->flush(rpc);
    return true;
}

void dk__rpc_message_drop(struct dk__rpc *rpc) {
    /* What a finished RPC still holds in `out` belongs to the transport. */
    if (rpc->prefix != NULL && !rpc->is_finished) {
        dk__chain_truncate(&rpc->out, rpc->message_at);
    }
    rpc->prefix = NULL;
}

bool dk__rpc_can_send(const struct dk__rpc *rpc) {
    return !rpc->is_finished && rpc->ops->can_send(rpc);
}

void dk__rpc_finish_failed_message(struct dk__rpc *rpc) {
    char text[256];
    struct dk__status status = {.code = DK__CODE_INTERNAL};
    if (rpc->message_fault != NULL) {
        status.message = dk_bytes_of(rpc->message_fault);
    } else {
        (void)snprintf(
            text,
            sizeof text,
            "the answer is larger than reply-bytes-max = %zu bytes, which is what daprd takes; "
            "ask for less at once (fewer keys, smaller pages) or store smaller values",
            rpc->server->limits.reply_bytes_max);
        status = dk__status_of(DK_TOO_LARGE, text, &rpc->call.arena);
    }
    dk__rpc_finish(rpc, &status);
}

static void finish_message(struct dk__rpc *rpc) {
    static const struct dk__status ok = {.code = DK__CODE_OK};
    if (dk__rpc_message_end(rpc)) {
        dk__rpc_finish(rpc, &ok);
    } else {
        dk__rpc_finish_failed_message(rpc);
    }
}

void dk__rpc_answer(struct dk__rpc *rpc, struct dk_bytes message) {
    dk__rpc_message_begin(rpc);
    rpc->message_failed |= !dk__chain_append_bytes(&rpc->out, message);
    finish_message(rpc);
}

void dk__rpc_reply_ok(struct dk_reply *reply) {
    struct dk__rpc *rpc = dk__rpc_of(reply);
    if (rpc->prefix == NULL) {
        dk__rpc_message_begin(rpc);
    }
    finish_message(rpc);
}

void dk__rpc_reply_fail(struct dk_reply *reply, enum dk_error error, const char *text) {
    struct dk__rpc *rpc = dk__rpc_of(reply);
    struct dk__status status = {.code = DK__CODE_OK};
    if (!rpc->is_finished) { /* else it is late: a release, nobody reads the words */
        status = dk__status_of(error, text, &rpc->call.arena);
    }
    dk__rpc_finish(rpc, &status);
}
