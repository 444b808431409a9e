/*
 * Served RPCs as spans. Attributes: OpenTelemetry's semantic conventions for gRPC. What all calls of a method
 * on one instance say alike is written once, as a form, with the first of them.
 */
#include "wire/grpc/rpc_trace.h"

#include "core/log.h"
#include "core/trace.h"

#include <dk/subscription.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FORM_TRIES = 8, FORM_BYTES_MAX = 2048 };

static const char status_code[] = "rpc.grpc.status_code";

/* ── forms ──────────────────────────────────────────────────────────────────────────────────── */

/* Of one method and one instance. */
struct dk__rpc_form {
    const char *path;         /* the server's */
    struct dk_bytes instance; /* and all below: behind this struct */
    struct dk_bytes some;     /* without the status */
    struct dk_bytes good;     /* with status OK */
};

static void attributes_add(struct dk_span *span, const struct dk__rpc *rpc) {
    static const struct dk_bytes system = DK_BYTES("grpc");
    dk_span_text(span, "rpc.system", system);
    dk_span_text(span, "rpc.service", dk_bytes_of(rpc->service->name));
    dk_span_text(span, "rpc.method", dk_bytes_of(rpc->method->name));
    if (rpc->instance.size > 0) {
        dk_span_text(span, "dapr.component", rpc->instance);
    }
}

static struct dk_bytes copied(struct dk_bytes bytes, char **at) {
    const struct dk_bytes copy = {.data = *at, .size = bytes.size};
    if (bytes.size > 0) {
        memcpy(*at, bytes.data, bytes.size);
    }
    *at += bytes.size;
    return copy;
}

/* NULL: no memory, or it is a very long one. */
static struct dk__rpc_form *form_new(const struct dk__rpc *rpc) {
    const struct dk__tracer *tracer = rpc->server->tracer;
    struct dk__span_memory memory;
    char some[FORM_BYTES_MAX], good[FORM_BYTES_MAX];
    struct dk_span *span = dk__span_model(rpc->server->tracer, rpc->path, &memory);
    attributes_add(span, rpc);
    const struct dk_bytes first = dk__tracer_form(tracer, span, some, sizeof some);
    dk_span_number(span, status_code, DK__CODE_OK);
    const struct dk_bytes second = dk__tracer_form(tracer, span, good, sizeof good);
    if (first.data == NULL || second.data == NULL || span->record.attributes_dropped > 0) {
        return NULL;
    }
    struct dk__rpc_form *form =
        malloc(sizeof *form + rpc->instance.size + first.size + second.size);
    if (form != NULL) {
        char *at = (char *)(form + 1);
        form->path = rpc->path.data;
        form->instance = copied(rpc->instance, &at);
        form->some = copied(first, &at);
        form->good = copied(second, &at);
    }
    return form;
}

/* The form of the RPC; NULL: its span says everything itself. */
static const struct dk__rpc_form *form_of(const struct dk__rpc *rpc) {
    struct dk__rpc_form **forms = rpc->server->trace->forms;
    const struct dk_bytes instance = rpc->instance;
    size_t place = (size_t)rpc->route * 31U + instance.size;
    place += instance.size > 0 ? (size_t)7 * (unsigned char)instance.data[instance.size - 1] : 0;
    for (size_t i = 0; i < FORM_TRIES; i++, place++) {
        struct dk__rpc_form **form = &forms[place % DK__RPC_FORMS_MAX];
        if (*form == NULL) {
            *form = form_new(rpc);
            return *form;
        }
        if ((*form)->path == rpc->path.data && dk_bytes_equal((*form)->instance, instance)) {
            return *form;
        }
    }
    return NULL;
}

/* ── an RPC ─────────────────────────────────────────────────────────────────────────────────── */

static void begin(struct dk__rpc *rpc, const struct dk__trace_context *parent) {
    static const struct dk_bytes of_form = {0};
    dk__trace_begin(
        &rpc->call, rpc->server->tracer, parent, DK_SPAN_SERVER, of_form, rpc->begun_us);
    struct dk_span *span = rpc->call.trace.span;
    rpc->trace_id = span == NULL ? NULL : rpc->call.trace.context.trace_id;
    if (span == NULL) {
        return;
    }
    const struct dk__rpc_form *form = form_of(rpc);
    if (form != NULL) {
        dk__span_form(span, form->good);
    } else {
        dk_span_name(span, rpc->path);
        attributes_add(span, rpc);
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
    const bool has_form = span->record.form.size > 0;
    if (has_form && status->code != DK__CODE_OK) {
        dk__span_form(span, form_of(rpc)->some);
    }
    if (!has_form || status->code != DK__CODE_OK) {
        dk_span_number(span, status_code, (int64_t)status->code);
    }
    if (is_failure(status->code)) {
        dk_span_fail(span, status->message);
    }
    dk__trace_end(&rpc->call);
}

void dk__rpc_trace_by(
    struct dk__server *server, struct dk__rpc_trace *trace, struct dk__tracer *tracer) {
    *trace = (struct dk__rpc_trace){.observer = {.on_begun = on_begun, .on_ended = on_ended}};
    server->tracer = tracer;
    server->trace = trace;
    dk__server_observe(server, &trace->observer);
}

void dk__rpc_trace_end(struct dk__rpc_trace *trace) {
    for (size_t i = 0; i < DK__RPC_FORMS_MAX; i++) {
        free(trace->forms[i]);
        trace->forms[i] = NULL;
    }
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
    if (rpc->call.trace.tracer != NULL && metadata.count > 0 &&
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

struct dk_span *dk__rpc_trace_message(
    const struct dk__rpc *rpc,
    const struct dk_subscription *subscription,
    const struct dk_message *message,
    struct dk__span_memory *memory) {
    static const struct dk_bytes verb = DK_BYTES("receive");
    struct dk__tracer *tracer = rpc->server->tracer;
    struct dk__trace_context parent = {.is_set = false}, next;
    if (!dk__trace_find(message->metadata, &parent)) {
        (void)dk__trace_find_event(message->data, &parent);
    }
    struct dk_span *span =
        dk__span_begin_at(tracer, &parent, DK_SPAN_CONSUMER, verb, memory, &next);
    if (span == NULL) {
        return NULL;
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
    return span;
}
