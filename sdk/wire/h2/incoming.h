#ifndef DK_WIRE_H2_INCOMING_H
#define DK_WIRE_H2_INCOMING_H

#include <dk/bytes.h>

struct dk__h2_stream;

/*
 * A stream's messages on their way in: framing, where they lie, and how much of them is in memory.
 *
 * Thread: the loop's.
 * Bound:  DK__H2_REQUESTS_PER_MESSAGE × request_bytes_max for all connections of a listener, at most
 *         half of it for one; beside that DK__H2_REQUEST_KEPT_BYTES (or request_bytes_max, when that
 *         is less) for each connection. A message beyond it is refused, RESOURCE_EXHAUSTED.
 */

/* What DATA brought; whole messages go to the RPC. */
void dk__h2_incoming_feed(struct dk__h2_stream *stream, struct dk_bytes bytes);
/* The stream leaves its connection; its messages stay as long as it. */
void dk__h2_incoming_leave(struct dk__h2_stream *stream);
/* The stream's end: its messages are no longer counted, what came of another is dropped. */
void dk__h2_incoming_free(struct dk__h2_stream *stream);

#endif /* DK_WIRE_H2_INCOMING_H */
