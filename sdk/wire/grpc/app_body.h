#ifndef DK_WIRE_GRPC_APP_BODY_H
#define DK_WIRE_GRPC_APP_BODY_H

#include "wire/pbc/app_invoke.h"

#include <dk/app.h>

/*
 * What travels in the body of an HTTP request and of its answer, as a method's row says it in `body`
 * and `answer_body`: the message as JSON, one message of it as JSON, or one field as it is.
 *
 * Thread: the call's owner; dk__app_method_check any. Owner: what is read and written lies in the
 * call's memory.
 */

/* Whether a row can be served: what it names must be there. Errors: DK_INVALID with every fault of
 * the row in words. */
enum dk_error dk__app_method_check(const struct dk_app_method *method, struct dk_fault *fault);

/* Puts the body of a request into an initialised message. Errors, noted in the call: DK_INVALID for
 * a body that is none of this method's, DK_EXHAUSTED. */
enum dk_error dk__app_body_read(
    struct dk_call *call, const struct dk__app_invoke *invoke, struct ProtobufCMessage *request);

/* The body of an answer, and its type. Absent: dk_call_fail has noted why. */
struct dk_bytes dk__app_body_write(
    struct dk_call *call, const struct ProtobufCMessage *answer, struct dk_bytes *ret_content_type);

#endif /* DK_WIRE_GRPC_APP_BODY_H */
