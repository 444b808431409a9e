#ifndef DK_WIRE_DAPRD_ASK_H
#define DK_WIRE_DAPRD_ASK_H

#include "wire/core/client_call.h"
#include "wire/daprd/client.h"
#include "wire/grpc/app.h"
#include "wire/pbc/parts.h"

#include <dk/daprd.h>

/*
 * One question to the sidecar, from a worker:
 *
 *     begin ─▶ the request is written ─▶ send ─▶ the answer is read ─▶ end
 *
 * Thread: the handler's. Owner: an asking lies on the caller's stack; the request is gone after
 *         send, the answer's bytes after end.
 */
struct dk__question {
    const char *path;    /* "/dapr.proto.runtime.v1.Dapr/GetState" */
    const char *app_id;  /* another application, by daprd's proxy; NULL: daprd itself */
    bool is_harmless;    /* asking twice does no harm */
    bool has_text_trace; /* see dk__trace_take */
};

struct dk__asking {
    struct dk_call *call;
    struct dk__daprd *daprd;
    const struct dk__question *question;
    int64_t deadline_us;
    struct dk_fault fault;
    struct dk__pbc_writing writing;         /* of the request: the call's arena, fault */
    struct dk__arena_part part;             /* private: what the request took */
    struct dk__client_call *client;         /* private: keeps the answer */
    struct dk_span *span;                   /* private; NULL: not recorded */
    char traceparent[DK_TRACEPARENT_BYTES]; /* private: of the span */
};

enum { DK__DAPRD_TRIES_MAX = 3, DK__DAPRD_MESSAGE_BYTES_MAX = 4 << 20 };

void dk__asking_begin(
    struct dk__asking *asking, struct dk_call *call, const struct dk__question *question);
/* `request`: bytes, or absent when writing them noted a fault. Errors: as dk/daprd.h. */
enum dk_error dk__asking_send(
    struct dk__asking *asking, struct dk_bytes request, struct dk_bytes *ret_answer);
/* Notes an error in the call and gives it back. */
enum dk_error dk__asking_end(struct dk__asking *asking, enum dk_error error);
/* send and end of a question whose answer says nothing. */
enum dk_error dk__asking_tell(struct dk__asking *asking, struct dk_bytes request);

/* Asks, with an empty request, until anything is answered, an error too; timeout_ms at most.
 * DK_UNAVAILABLE, naming the address; DK_TIMEOUT at the call's own deadline; DK_CANCELLED. */
enum dk_error dk__asking_until_answered(struct dk__asking *asking, int64_t timeout_ms);

#endif /* DK_WIRE_DAPRD_ASK_H */
