#ifndef DK_WIRE_GRPC_STATE_REPLY_H
#define DK_WIRE_GRPC_STATE_REPLY_H

#include "core/call.h"

/*
 * What dk_reply_* means for each kind of state call whose reply lies in a struct dk__rpc. A late
 * answer (the RPC has finished) is only a release. The others (set, delete, …) have dk__plain_ops.
 *
 * Thread: the loop's.
 */
extern const struct dk__reply_ops dk__state_get_ops;
extern const struct dk__reply_ops dk__state_bulk_get_ops;
extern const struct dk__reply_ops dk__state_bulk_delete_ops;
extern const struct dk__reply_ops dk__state_query_ops;

#endif /* DK_WIRE_GRPC_STATE_REPLY_H */
