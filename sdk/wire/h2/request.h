#ifndef DK_WIRE_H2_REQUEST_H
#define DK_WIRE_H2_REQUEST_H

#include "core/arena.h"
#include "wire/grpc/rpc.h"

#include <dk/bytes.h>
#include <stdint.h>

/*
 * The header list of one request, collected field by field as HPACK gives it.
 *
 * Owner: what is kept is copied into the stream's arena; zeroed is empty.
 * Bound: header_bytes_max, counted as HTTP/2 counts (name + value + 32 each); what comes beyond is
 *        dropped and told by fault. DK__H2_PAIRS_FIRST pairs have room here, more in the arena.
 * Thread: the loop's.
 */
enum { DK__H2_PAIRS_FIRST = 8, DK__H2_FIELD_OVERHEAD = 32 };

enum dk__h2_request_fault {
    DK__H2_REQUEST_FINE,
    DK__H2_REQUEST_TOO_LARGE,  /* header_bytes_max, or the arena's bound */
    DK__H2_REQUEST_BAD_BINARY, /* a -bin value that is no base64 */
};

struct dk__h2_request {
    struct dk_bytes method;
    struct dk__rpc_headers headers; /* `others` is set by dk__h2_request_end */
    struct dk_pair *pairs;          /* NULL: still `first` */
    size_t pair_count, pair_capacity;
    size_t bytes; /* of the list so far */
    enum dk__h2_request_fault fault;
    struct dk_pair first[DK__H2_PAIRS_FIRST];
};

void dk__h2_request_add(
    struct dk__h2_request *request,
    struct dk__arena *arena,
    size_t header_bytes_max,
    struct dk_bytes name,
    struct dk_bytes value);

/* The list is whole: `headers` can be read. */
void dk__h2_request_end(struct dk__h2_request *request);

#endif /* DK_WIRE_H2_REQUEST_H */
