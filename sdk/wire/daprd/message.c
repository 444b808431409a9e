/*
 * Publishing and bindings, as a handler asks for them.
 */
#include "wire/daprd/ask.h"
#include "wire/pbc/daprd_message.h"

#define DAPR "/dapr.proto.runtime.v1.Dapr/"

static const struct dk__question publish = {.path = DAPR "PublishEvent"};
static const struct dk__question publish_many = {.path = DAPR "BulkPublishEvent"};
static const struct dk__question publish_many_old = {.path = DAPR "BulkPublishEventAlpha1"};
static const struct dk__question invoke_binding = {
    .path = DAPR "InvokeBinding", .has_text_trace = true};

enum dk_error dk_daprd_publish(
    struct dk_call *call,
    const char *pubsub,
    const char *topic,
    const struct dk_daprd_message *message) {
    struct dk__asking asking;
    dk__asking_begin(&asking, call, &publish);
    return dk__asking_tell(
        &asking, dk__encode_daprd_publish(&asking.writing, pubsub, topic, message));
}

/* Older daprds have no BulkPublishEvent. They take the name of a method they do not know for one of
 * an application, and miss its id. */
static bool is_unknown_method(const struct dk__asking *asking) {
    return asking->fault.error == DK_UNSUPPORTED ||
           (asking->fault.error == DK_INTERNAL &&
            strstr(asking->fault.text, "dapr-app-id") != NULL);
}

static enum dk_error publish_many_by(
    struct dk__asking *asking,
    const struct dk__question *question,
    struct dk_call *call,
    const char *pubsub,
    const char *topic,
    const struct dk_daprd_message *messages,
    size_t count,
    struct dk_bytes *ret_answer) {
    dk__asking_begin(asking, call, question);
    return dk__asking_send(
        asking,
        dk__encode_daprd_publish_many(&asking->writing, pubsub, topic, messages, count),
        ret_answer);
}

enum dk_error dk_daprd_publish_many(
    struct dk_call *call,
    const char *pubsub,
    const char *topic,
    const struct dk_daprd_message *messages,
    size_t count,
    bool *ret_failed) {
    struct dk__asking asking;
    struct dk_bytes answer;
    struct dk__daprd *daprd = call->app == NULL ? NULL : call->app->config.daprd;
    if (count == 0) {
        return DK_OK;
    }
    /* Relaxed: a hint, and each worker may find it out by itself. */
    const bool is_old =
        daprd != NULL && atomic_load_explicit(&daprd->has_old_bulk, memory_order_relaxed);
    enum dk_error error = publish_many_by(
        &asking,
        is_old ? &publish_many_old : &publish_many,
        call,
        pubsub,
        topic,
        messages,
        count,
        &answer);
    if (error != DK_OK && !is_old && daprd != NULL && is_unknown_method(&asking)) {
        atomic_store_explicit(&daprd->has_old_bulk, true, memory_order_relaxed);
        (void)dk__asking_end(&asking, DK_OK);
        error = publish_many_by(
            &asking, &publish_many_old, call, pubsub, topic, messages, count, &answer);
    }
    if (error == DK_OK) {
        error = dk__decode_daprd_publish_many(
            answer, asking.writing.arena, count, ret_failed, &asking.fault);
    }
    return dk__asking_end(&asking, error);
}

enum dk_error dk_daprd_invoke_binding(
    struct dk_call *call,
    const char *binding,
    const char *operation,
    const struct dk_daprd_message *message,
    struct dk_bytes *ret_answer) {
    struct dk__asking asking;
    struct dk_bytes answer;
    dk__asking_begin(&asking, call, &invoke_binding);
    enum dk_error error = dk__asking_send(
        &asking, dk__encode_daprd_binding(&asking.writing, binding, operation, message), &answer);
    if (error == DK_OK && ret_answer != NULL) {
        error = dk__decode_daprd_binding(answer, asking.writing.arena, ret_answer, &asking.fault);
    }
    return dk__asking_end(&asking, error);
}
