#ifndef DK_APP_H
#define DK_APP_H

#include <dk/bytes.h>
#include <dk/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * An application behind Dapr: tables of methods. People call them as gRPC, directly or through
 * daprd's proxy; through daprd's invocation they are HTTP with JSON. Both reach the same handler:
 *
 *     curl ─▶ daprd ─ OnInvoke, JSON ──▶ verb and path ──┐
 *     grpcurl ─▶ daprd ─ proxied ──────▶ service, method ┴─▶ one handler, on a worker
 *
 * Thread: a handler runs on a worker and may wait. Handlers run side by side; what they share is
 *         theirs to guard.
 * Owner:  a request and all it points to live until its handler returns; an answer is encoded
 *         before that memory goes. Take memory for answers by dk_call_take.
 * Bound:  calls beyond the workers' threads wait, as many as their queue holds; one more is
 *         answered DK_EXHAUSTED.
 */

/* One call under way: what a handler is given, whichever door it came through. */
struct dk_call;

/* protobuf-c's, of the application's own messages. */
struct ProtobufCMessage;
struct ProtobufCMessageDescriptor;

/* Memory that ends with the call: zeroed, aligned for anything. NULL when the call's
 * arena_bytes_max is reached; return dk_call_fail(call, DK_EXHAUSTED, …) then. */
void *dk_call_take(struct dk_call *call, size_t size);
/* A NUL-terminated text in that memory; NULL likewise. */
char *dk_call_format(struct dk_call *call, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Metadata that came with the call, name in lower case; absent when there is none. */
struct dk_bytes dk_call_header(const struct dk_call *call, struct dk_bytes name);
/* Sends a header with the answer: initial metadata, which HTTP callers see. False: no room, or
 * `name` is no header's name (lower case, [0-9a-z._-]). */
bool dk_call_set_header(struct dk_call *call, struct dk_bytes name, struct dk_bytes value);

/* µs of monotonic time after which nobody waits; INT64_MAX when there is none. */
int64_t dk_call_deadline_us(const struct dk_call *call);
/* True once the caller has gone away, the deadline has passed or the program stops: work that has
 * not begun may be left out. Thread: any that runs the handler. */
bool dk_call_is_over(const struct dk_call *call);

/* What the application shares between its calls. */
void *dk_call_app(const struct dk_call *call);

/* Notes why the call fails and gives the error back: `return dk_call_fail(call, DK_NOT_FOUND, …)`.
 * The text reaches the user: subject first, foreign strings in single quotes, no secrets. */
enum dk_error dk_call_fail(struct dk_call *call, enum dk_error error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* ── methods: typed gRPC and, through OnInvoke, HTTP with JSON ──────────────────────────────── */

/*
 * `request` and `answer` are messages of the method's two descriptors; answer is initialised. On
 * DK_OK it is encoded, as protobuf or as proto3's JSON; else the error that dk_call_fail noted.
 */
typedef enum dk_error dk_method_fn(
    struct dk_call *call, const struct ProtobufCMessage *request, struct ProtobufCMessage *answer);

struct dk_app_method {
    const char *name; /* "Create": the gRPC method */
    dk_method_fn *run;
    const struct ProtobufCMessageDescriptor *request, *answer;
    /* The HTTP door; NULL: none. {names} in the path and names in the query string are fields of
     * the request, by their proto or JSON name. */
    const char *verb; /* "GET" "POST" "PUT" "PATCH" "DELETE" */
    const char *path; /* "/documents/{id}/versions/{version}" */
    bool takes_body;  /* the HTTP body is the request as JSON; query and path set fields over it */
};

struct dk_app_service {
    const char *name;                    /* "dapr_kit.document.v1.Documents" */
    const struct dk_app_method *methods; /* ended by a row without name */
};

#endif /* DK_APP_H */
