/*
 * Served RPCs as spans. Attributes: OpenTelemetry's semantic conventions for gRPC.
 */
#include "wire/grpc/rpc_trace.h"

#include "core/log.h"
#include "core/trace.h"

#include <dk/subscription.h>
#include <stdio.h>

static void begin(struct dk__rpc *rpc, const struct dk__trace_context *parent) {
    static const struct dk_bytes system = DK_BYTES("grpc");
    dk__trace_begin(&rpc->call, rpc->server->tracer, parent, DK_SPAN_SERVER, rpc->path);
    struct dk_span *span = rpc->call.trace.span;
    rpc->trace_id = span == NULL ? NULL : rpc->call.trace.context.trace_id;
    if (span == NULL) {
        return;
    }
    dk_span_text(span, "rpc.system", system);
    dk_span_text(span, "rpc.service", dk_bytes_of(rpc->service->name));
    dk_span_text(span, "rpc.method", dk_bytes_of(rpc->method->name));
    if (rpc->instance.size > 0) {
        dk_span_text(span, "dapr.component", rpc->instance);
    }
}

static void on_begun(struct dk__observer *observer, struct dk__rpc *rpc) {
    struct dk__trace_context parent = {.is_set = false};
    (void)observer;
    if (rpc->method == NULL || rpc->method->streaming != NULL || rpc->service->kind == NULL) {
        return;
    }
    (void)dk__trace_find(rpc->metadata, &parent);
    begin(rpc, &parent);
}

/* What gRPC's conventions count as a failure of the server. */
static bool is_failure(enum dk__code code) {
    return code == DK__CODE_UNKNOWN || code == DK__CODE_DEADLINE_EXCEEDED ||
           code == DK__CODE_UNIMPLEMENTED || code == DK__CODE_INTERNAL ||
           code == DK__CODE_UNAVAILABLE || code == DK__CODE_DATA_LOSS;
}

static void on_ended(
    struct dk__observer *observer, struct dk__rpc *rpc, const struct dk__status *status) {
    struct dk_span *span = rpc->call.trace.span;
    (void)observer;
    if (span == NULL) {
        return;
    }
    dk_span_number(span, "rpc.grpc.status_code", (int64_t)status->code);
    if (is_failure(status->code)) {
        dk_span_fail(span, status->message);
    }
    dk__trace_end(&rpc->call);
}

void dk__rpc_trace_by(
    struct dk__server *server, struct dk__observer *observer, struct dk__tracer *tracer) {
    *observer = (struct dk__observer){.on_begun = on_begun, .on_ended = on_ended};
    server->tracer = tracer;
    dk__server_observe(server, observer);
}

void dk__rpc_trace_log(const struct dk__rpc *rpc) {
    const struct dk__trace_context *context = &rpc->call.trace.context;
    if (context->is_set) {
        dk__log_context_trace(context->trace_id, context->span_id);
    }
}

/* Only a call that began as a root follows what its request says. */
static bool is_root(const struct dk__rpc *rpc) {
    struct dk__trace_context parent;
    return rpc->call.trace.tracer != NULL && !dk__trace_find(rpc->metadata, &parent);
}

void dk__rpc_trace_follow(struct dk__rpc *rpc, struct dk_pairs metadata) {
    static const struct dk_bytes key = DK_BYTES("traceparent");
    struct dk__trace_context parent;
    if (rpc->call.trace.tracer != NULL &&
        dk__trace_parse_text(dk_pairs_find(metadata, key), &parent) && is_root(rpc)) {
        begin(rpc, &parent);
        dk__rpc_trace_log(rpc);
    }
}

void dk__rpc_trace_follow_event(struct dk__rpc *rpc, struct dk_bytes event) {
    struct dk__trace_context parent;
    if (rpc->call.trace.tracer != NULL && is_root(rpc) && dk__trace_find_event(event, &parent)) {
        begin(rpc, &parent);
        dk__rpc_trace_log(rpc);
    }
}

void dk__rpc_trace_message(
    const struct dk__rpc *rpc,
    const struct dk_subscription *subscription,
    const struct dk_message *message) {
    static const struct dk_bytes verb = DK_BYTES("receive");
    struct dk__tracer *tracer = rpc->server->tracer;
    struct dk__trace_context parent = {.is_set = false}, next;
    struct dk_span memory;
    if (tracer == NULL) {
        return;
    }
    if (!dk__trace_find(message->metadata, &parent)) {
        (void)dk__trace_find_event(message->data, &parent);
    }
    struct dk_span *span =
        dk__span_begin_at(tracer, &parent, DK_SPAN_CONSUMER, verb, &memory, &next);
    if (span == NULL) {
        return;
    }
    char name[DK_SPAN_TEXT_BYTES_MAX];
    (void)snprintf(
        name, sizeof name, "receive %.*s", (int)subscription->topic.size, subscription->topic.data);
    dk_span_name(span, dk_bytes_of(name));
    if (rpc->service->owner != NULL) { /* "dk-kafka" */
        const char *owner = rpc->service->owner;
        dk_span_text(
            span,
            "messaging.system",
            dk_bytes_of(strncmp(owner, "dk-", 3) == 0 ? owner + 3 : owner));
    }
    dk_span_text(span, "messaging.operation.type", verb);
    dk_span_text(span, "messaging.destination.name", subscription->topic);
    dk_span_text(span, "dapr.component", dk_bytes_of(subscription->instance->name));
    dk_span_number(span, "messaging.message.body.size", (int64_t)message->data.size);
    dk_span_end(span);
}
