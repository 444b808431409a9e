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

/* Begins the span of a message that a subscription of this RPC has delivered, in `memory`: a child of the trace
 * that the message names, in its metadata or as a cloud event. It goes on until the message is settled. NULL: it is
 * not recorded. */
struct dk_message;
struct dk_subscription;
struct dk__span_memory;
struct dk_span *dk__rpc_trace_message(
    const struct dk__rpc *rpc,
    const struct dk_subscription *subscription,
    const struct dk_message *message,
    struct dk__span_memory *memory);

#endif /* DK_WIRE_GRPC_RPC_TRACE_H */
