#ifndef DK_WIRE_GRPC_RPC_H
#define DK_WIRE_GRPC_RPC_H

#include "core/call.h"
#include "core/chain.h"
#include "wire/grpc/server.h"
#include "wire/grpc/status.h"

#include <dk/loop.h>

/*
 * One RPC in flight, seen by the methods. A transport's own stream structure begins with it, and
 * lives in the arena it holds: letting go of the arena is letting go of the RPC.
 *
 *     transport                      this layer                       method
 *     dk__rpc_begin ───────────────▶ route, deadline, header checks ─▶ on_open
 *     dk__rpc_deliver ─────────────▶ keeps (unary), hands on ────────▶ on_message
 *     dk__rpc_half_close ──────────▶ ────────────────────────────────▶ run, on_half_close
 *     dk__rpc_abandon ─────────────▶ is_over ────────────────────────▶ on_over
 *     ops->flush  ◀────────────────  one whole message in `out`  ◀──── dk__rpc_message_end
 *     ops->finish ◀────────────────  exactly once ◀─────────────────── dk__rpc_finish, deadline, …
 *     ops->let_go ◀────────────────  exactly once, after finish ◀───── a backend gave its reply
 *
 * Thread: the loop's.
 * Owner:  the transport. Its memory stays from dk__rpc_begin until ops->let_go was called AND the
 *         stream is closed. finish alone is not enough: a deadline or a lost connection ends an RPC
 *         while the backend still holds the reply that lies in it, and let_go follows when the
 *         backend has given it away. Mostly let_go follows finish at once.
 */
struct dk__rpc {
    struct dk__call call;
    struct dk_reply reply; /* the answer of a unary method */
    struct dk__chain out;  /* framed messages (5-byte prefix each) on their way to the transport */
    const struct dk__rpc_ops *ops;
    struct dk__server *server;
    const struct dk__service *service;
    const struct dk__method *method;
    uint32_t route;   /* its route's number; a method that stands for another sets that one's */
    int64_t begun_us; /* the start of the turn that brought it */
    /* 16 bytes: of the sampled trace that it belongs to, set by who traces; NULL: none. */
    const unsigned char *trace_id;
    struct dk_bytes path;     /* of the method, without its first slash; the server's */
    struct dk_bytes instance; /* x-component-instance; "" when absent */
    struct dk_bytes request;  /* unary: the message once it came; data NULL before */
    struct dk_instance *held; /* held by this call, or NULL */
    void *context;            /* the method's own */
    /* Unary: set by a method at work that wants to hear that the RPC has ended without its answer;
     * it gives the answer all the same. NULL: it need not know. */
    void (*on_over)(struct dk__rpc *rpc);
    struct dk_pairs metadata; /* every other metadata pair; views of the RPC's life */
    struct dk_timer deadline;
    char *prefix;              /* of the message under construction; NULL: there is none */
    size_t message_at;         /* bytes in `out` before that message */
    bool message_failed;       /* it must not be sent: */
    const char *message_fault; /* NULL: it grew over reply_bytes_max; else why, a literal */
    bool is_announced;         /* grpc-encoding named a compression: only then may a flag be set */
    bool has_message;          /* the client's one message came (unary, one_request) */
    bool is_half_closed;
    bool is_running;  /* the method holds the RPC: the reply is out, or the stream is open */
    bool is_finished; /* ops->finish was called */
};

/* What a transport gives. */
struct dk__rpc_ops {
    /* `out` has grown by whole messages: send them at the end of the turn. */
    void (*flush)(struct dk__rpc *rpc);
    /* Whether more than the transport's share of unsent bytes waits (streams only). */
    bool (*can_send)(const struct dk__rpc *rpc);
    /* Ends the RPC with this status after what `out` holds. The status is read before it returns.
     * Called once for every RPC that dk__rpc_begin saw, also when nobody listens any more. The RPC
     * itself stays: see let_go. */
    void (*finish)(struct dk__rpc *rpc, const struct dk__status *status);
    /* This layer and the methods have forgotten the RPC: called once, after finish. From now on its
     * memory may go as soon as the stream is closed, also before this returns. */
    void (*let_go)(struct dk__rpc *rpc);
    /* A custom response header, sent before the first message; for the interop service and later
     * for applications. `key` ending in -bin carries plain bytes. */
    void (*add_header)(struct dk__rpc *rpc, struct dk_bytes key, struct dk_bytes value);
    void (*add_trailer)(struct dk__rpc *rpc, struct dk_bytes key, struct dk_bytes value);
};

/* The headers that this layer reads; views into the transport's memory of the RPC's life. */
struct dk__rpc_headers {
    struct dk_bytes path;         /* "/dapr.proto.components.v1.StateStore/Set" */
    struct dk_bytes content_type; /* must begin with application/grpc */
    struct dk_bytes encoding;     /* grpc-encoding; absent or identity */
    struct dk_bytes timeout;      /* grpc-timeout as sent; transports that know better use: */
    int64_t deadline_us;          /* 0: none known; else monotonic */
    struct dk_bytes instance;     /* x-component-instance */
    struct dk_pairs others;       /* every other metadata pair, -bin values decoded */
};

/* ── for transports ─────────────────────────────────────────────────────────────────────────── */

/* Before: the transport has set call.arena, out.pool, ops and server; the rest is zeroed. May
 * finish the RPC at once (unknown method, bad headers, draining); a finished RPC swallows whatever
 * is still delivered, until its stream is closed. */
void dk__rpc_begin(struct dk__rpc *rpc, const struct dk__rpc_headers *headers);
/* One whole message without its prefix; compressed is the prefix' flag byte (1 is refused:
 * UNIMPLEMENTED; when no encoding was announced it is INTERNAL). Memory: unary, of the RPC's life;
 * streaming, until this returns. */
void dk__rpc_deliver(struct dk__rpc *rpc, struct dk_bytes message, bool compressed);
void dk__rpc_half_close(struct dk__rpc *rpc);
/* The stream is gone (RST_STREAM, connection lost). ops->finish follows before this returns unless
 * it came earlier; ops->let_go too, or when the backend has answered. */
void dk__rpc_abandon(struct dk__rpc *rpc);
void dk__rpc_writable(struct dk__rpc *rpc);
/* A request that broke a rule of the transport (framing, a bound of memory): ends it with this. */
void dk__rpc_refuse(struct dk__rpc *rpc, enum dk__code code, const char *text);
/* A message of `size` bytes, over request_bytes_max: ends the RPC as DK_INVALID does, INVALID_ARGUMENT
 * with the detail that gives daprd's caller 400; the words name size, bound and option. */
void dk__rpc_refuse_size(struct dk__rpc *rpc, size_t size);

/* ── for methods ────────────────────────────────────────────────────────────────────────────── */

/* Begins a message in rpc->out (five bytes of prefix are reserved); then append to rpc->out, and
 * set message_failed when an append fails. On a stream it is ended within the same callback: the
 * transport sends from `out` between turns.
 * Bound: reply_bytes_max for the message; on a stream outbox_bytes_max of unsent messages, for
 * methods that do not ask dk__rpc_can_send. */
void dk__rpc_message_begin(struct dk__rpc *rpc);
/* Ends it. False, and nothing is sent, when it failed. */
bool dk__rpc_message_end(struct dk__rpc *rpc);
/* Drops what was begun. */
void dk__rpc_message_drop(struct dk__rpc *rpc);
/* Lets the RPC end DEADLINE_EXCEEDED, naming this limit, at the latest `timeout_us` from now; an
 * earlier deadline of its caller stays. False: no room for a timer. */
bool dk__rpc_limit(struct dk__rpc *rpc, int64_t timeout_us);
bool dk__rpc_can_send(const struct dk__rpc *rpc);
/* Ends the RPC and gives it away; the caller touches it no more. A unary method that is late (the
 * deadline answered first) calls it all the same: it is then only a release. */
void dk__rpc_finish(struct dk__rpc *rpc, const struct dk__status *status);
/* dk__rpc_finish for a message that dk__rpc_message_end refused: says which bound, what to do. */
void dk__rpc_finish_failed_message(struct dk__rpc *rpc);
/* The whole answer of a unary method without a reply: one message already in bytes, then OK. */
void dk__rpc_answer(struct dk__rpc *rpc, struct dk_bytes message);
/* The RPC of a reply that lies in it. */
struct dk__rpc *dk__rpc_of(struct dk_reply *reply);

/* Rows for reply->ops: an empty message unless one was begun, then OK; an error's status. */
void dk__rpc_reply_ok(struct dk_reply *reply);
void dk__rpc_reply_fail(struct dk_reply *reply, enum dk_error error, const char *text);

#endif /* DK_WIRE_GRPC_RPC_H */
