#ifndef DK_CORE_CALL_H
#define DK_CORE_CALL_H

#include "core/arena.h"
#include "core/trace.h"

#include <dk/binding.h>
#include <dk/pubsub.h>
#include <dk/reply.h>
#include <dk/state.h>
#include <stdatomic.h>
#include <stdbool.h>

/*
 * What every call has, whoever brought it: memory, a deadline, one owner.
 *
 * Owner: `owner` names who may touch the call. Giving it away stores with release, arriving loads
 *        with acquire: what the giver wrote, the receiver sees. It documents the rule, asserts
 *        it, and shows the thread sanitizer an edge that a library may hide.
 */
enum dk__owner { DK__OWNER_LOOP, DK__OWNER_WORKER, DK__OWNER_TRANSPORT };

struct dk__call {
    struct dk__arena arena;
    int64_t deadline_us; /* monotonic; INT64_MAX: none */
    /* Nobody waits any more: cancelled, connection lost, or too late. Set on the loop and read by
     * whoever owns the call; it orders nothing else. */
    _Atomic(bool) is_over;
    _Atomic(enum dk__owner) owner;
    struct dk__call_trace trace; /* written before the call is given away; see core/trace.h */
};

void dk__call_give(struct dk__call *call, enum dk__owner to);
void dk__call_arrive(struct dk__call *call, enum dk__owner at);

/*
 * A reply is a call and what to do with its answer; the functions of dk/reply.h and the answers
 * in dk/state.h, dk/pubsub.h and dk/binding.h go through this table. A NULL row means the answer does not fit this call, which
 * is a programming error of the backend and asserted.
 */
struct dk__reply_ops {
    void (*ok)(struct dk_reply *reply);
    /* `text` is UTF-8 and NUL-terminated, valid during the call. */
    void (*fail)(struct dk_reply *reply, enum dk_error error, const char *text);
    void (*item)(struct dk_reply *reply, const struct dk_item *item);
    void (*token)(struct dk_reply *reply, struct dk_bytes token);
    void (*row_mismatch)(struct dk_reply *reply, int64_t expected, int64_t affected);
    void (*failed_entry)(struct dk_reply *reply, struct dk_bytes entry_id, struct dk_bytes error);
    void (*output)(struct dk_reply *reply, const struct dk_output *output);
};

struct dk_reply {
    const struct dk__reply_ops *ops;
    struct dk__call *call;
    bool is_given;
    bool is_full;         /* set by the rows of ops: the answer can only fail */
    struct dk_span *span; /* of the backend, begun and not ended: it ends with the reply */
};

#endif /* DK_CORE_CALL_H */
