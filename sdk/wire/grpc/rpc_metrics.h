#ifndef DK_WIRE_GRPC_RPC_METRICS_H
#define DK_WIRE_GRPC_RPC_METRICS_H

#include <dk/metric.h>

struct dk__server;

/*
 * What a server counts of its RPCs: how many of which method ended with which code, and how long
 * they took, from the start of the turn that brought them to the end of the turn that answered: in
 * which all answers of the turn leave.
 *
 * Names of methods come from the rows, never from a peer's text. What no row serves is one series.
 *
 * Thread: the loop's; the loop alone adds to these families.
 */
extern struct dk_metric dk__component_metrics[]; /* of component programs */
extern struct dk_metric dk__app_metrics[];       /* of applications */
extern struct dk_metric dk__grpc_metrics[];      /* of both */

/* Rows of dk__app_metrics that others fill. */
enum { DK__APP_REQUESTS, DK__APP_DURATION, DK__APP_INFLIGHT, DK__TASK_QUEUE, DK__TASK_DURATION };
/* Rows of dk__grpc_metrics that transports fill. */
enum { DK__GRPC_OTHERS, DK__GRPC_CONNECTIONS, DK__GRPC_STREAMS, DK__GRPC_RSTS, DK__GRPC_STALLS };

/* Observes a server whose services are all added. NULL without memory. */
struct dk__rpc_metrics *dk__rpc_metrics_new(struct dk__server *server);
/* The server serves no more. Accepts NULL. */
void dk__rpc_metrics_free(struct dk__rpc_metrics *metrics);

/* "NOT_FOUND" for gRPC's code 5; the word of UNKNOWN for what is no code. Thread: any. */
const char *dk__code_name(unsigned code);

#endif /* DK_WIRE_GRPC_RPC_METRICS_H */
