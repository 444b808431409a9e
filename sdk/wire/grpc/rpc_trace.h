#ifndef DK_WIRE_GRPC_RPC_TRACE_H
#define DK_WIRE_GRPC_RPC_TRACE_H

#include "wire/grpc/observer.h"
#include "wire/grpc/rpc.h"

/*
 * The span of a served RPC, named as its path: a child of whom the caller's metadata names. Unary
 * methods of components and applications alone: of a stream each message has its own, and what is the
 * SDK's (health, reflection) machines ask all the time.
 *
 * Thread: the loop's.
 */

/*
 * Of one server. Bound: DK__RPC_FORMS_MAX forms; where one more would have to be kept, spans say their
 * attributes one by one, which costs more and says the same.
 */
enum { DK__RPC_FORMS_MAX = 256 };

struct dk__tracer;
struct dk__rpc_form;

struct dk__rpc_trace {
    struct dk__observer observer; /* first */
    struct dk__rpc_form *forms[DK__RPC_FORMS_MAX];
};

/* Traces what `server` serves; `trace` is the caller's memory and lives as long. Thread: main, before
 * it serves. */
void dk__rpc_trace_by(
    struct dk__server *server, struct dk__rpc_trace *trace, struct dk__tracer *tracer);
/* No RPC is left. Accepts zeroed memory. */
void dk__rpc_trace_end(struct dk__rpc_trace *trace);

/* Lines that the thread logs belong to the RPC's trace, if it has one, until the context is cleared. */
void dk__rpc_trace_log(const struct dk__rpc *rpc);

/*
 * A parent out of the request itself: daprd calls components without trace headers, but passes on what
 * an application put into a request's metadata ("traceparent"), and a published cloud event names its
 * own. A parent in the call's headers comes first. The request has just been decoded.
 */
void dk__rpc_trace_follow(struct dk__rpc *rpc, struct dk_pairs metadata);
void dk__rpc_trace_follow_event(struct dk__rpc *rpc, struct dk_bytes event);

/* A message that a subscription of this RPC delivered, as a span of its own: a child of the trace that
 * the message names, in its metadata or as a cloud event. */
struct dk_message;
struct dk_subscription;
void dk__rpc_trace_message(
    const struct dk__rpc *rpc,
    const struct dk_subscription *subscription,
    const struct dk_message *message);

#endif /* DK_WIRE_GRPC_RPC_TRACE_H */
