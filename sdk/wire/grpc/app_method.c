/*
 * From bytes to a handler and back, on a worker: protobuf for the typed door, JSON for OnInvoke.
 */
#include "wire/grpc/app.h"
#include "wire/grpc/app_body.h"
#include "wire/pbc/app_invoke.h"
#include "wire/pbc/json.h"

static void no_memory(struct dk_call *call) {
    (void)dk_call_fail(
        call, DK_EXHAUSTED, "%s: takes more memory than arena-bytes-max", call->method->name);
}

static ProtobufCMessage *message_new(
    struct dk_call *call, const ProtobufCMessageDescriptor *descriptor) {
    ProtobufCMessage *message = dk_call_take(call, descriptor->sizeof_message);
    if (message == NULL) {
        no_memory(call);
        return NULL;
    }
    descriptor->message_init(message);
    return message;
}

/* The handler's answer; NULL: the call's fault says why. What an earlier step noted is forgotten:
 * a handler may have tried something and gone on. */
static ProtobufCMessage *handle(struct dk_call *call, const ProtobufCMessage *request) {
    ProtobufCMessage *answer = message_new(call, call->method->answer);
    if (answer == NULL) {
        return NULL;
    }
    const enum dk_error error = call->method->run(call, request, answer);
    if (error == DK_OK) {
        call->fault.error = DK_OK;
        return answer;
    }
    if (call->fault.error != error) {
        (void)dk_call_fail(
            call, error, "%s: failed with %s", call->method->name, dk_error_name(error));
    }
    return NULL;
}

void dk__app_run_typed(struct dk__task *task) {
    struct dk_call *call = dk__app_call_of(task);
    ProtobufCMessage *request = NULL;
    if (dk_call_unpack(call, call->method->request, call->rpc->request, &request) != DK_OK) {
        return;
    }
    const ProtobufCMessage *answer = handle(call, request);
    if (answer != NULL) {
        call->answer = dk_call_pack(call, answer);
    }
}

/* Body, then query, then path: what names the thing has the last word. */
static enum dk_error read_request(
    struct dk_call *call,
    const struct dk__app_invoke *invoke,
    const struct dk__app_match *match,
    ProtobufCMessage *request) {
    struct dk__arena *arena = &call->task.call.arena;
    struct dk_bytes rest = invoke->query;
    enum dk_error error = dk__app_body_read(call, invoke, request);
    while (error == DK_OK) {
        struct dk_pair pair = {0};
        error = dk__app_query_next(&rest, arena, &pair, &call->fault);
        if (error == DK_OK && pair.key.data == NULL) {
            break;
        }
        if (error == DK_OK) {
            error = dk__json_set_text(pair.key, pair.value, arena, request, &call->fault);
        }
    }
    for (size_t i = 0; i < match->name_count && error == DK_OK; i++) {
        error = dk__json_set_text(
            match->names[i].key, match->names[i].value, arena, request, &call->fault);
    }
    return error;
}

void dk__app_run_invoke(struct dk__task *task) {
    struct dk_call *call = dk__app_call_of(task);
    struct dk__arena *arena = &task->call.arena;
    struct dk__app_invoke invoke;
    struct dk__app_match match;
    if (dk__decode_app_invoke(call->rpc->request, arena, &invoke, &call->fault) != DK_OK ||
        dk__app_routes_find(call->app->routes, invoke.verb, invoke.path, &match, &call->fault) !=
            DK_OK) {
        return;
    }
    call->method = match.route->context;
    ProtobufCMessage *request = message_new(call, call->method->request);
    if (request == NULL || read_request(call, &invoke, &match, request) != DK_OK) {
        return;
    }
    const ProtobufCMessage *answer = handle(call, request);
    if (answer == NULL) {
        return;
    }
    struct dk_bytes type;
    const struct dk_bytes body = dk__app_body_write(call, answer, &type);
    if (body.data == NULL) {
        return;
    }
    call->answer = dk__encode_app_invoke_answer(arena, body, type);
    if (call->answer.data == NULL) {
        no_memory(call);
    }
}
