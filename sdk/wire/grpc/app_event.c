/*
 * Events of topics, on a worker: from bytes to the handler that the table names, and its verdict
 * back.
 *
 * What has no handler is answered FAILED_PRECONDITION, which to daprd is a failure: the event comes
 * again or goes to the dead letter topic, and is not lost while an application with other tables is
 * rolled out. UNIMPLEMENTED would be an acknowledgement. What cannot be read will be no better the
 * next time, so it is dropped, which daprd takes to the dead letter topic where there is one: a
 * failure would hold up an ordered broker for ever.
 */
#include "wire/pbc/app_event.h"

#include "core/log.h"
#include "wire/grpc/app.h"
#include "wire/pbc/app_lists.h"

#include <dk/log.h>
#include <stdio.h>

/* Where an event goes. Neither function: the table says that such events are dropped. */
struct target {
    dk_event_fn *run;
    dk_events_fn *run_many;
};

/* ── words ──────────────────────────────────────────────────────────────────────────────────── */

/* Bytes for "%.*s". */
#define SHOWN(bytes) (int)((bytes).size < 256 ? (bytes).size : 256), (bytes).data

static const char *verdict_name(enum dk_verdict verdict) {
    switch (verdict) {
    case DK_VERDICT_DONE:
        return "done";
    case DK_VERDICT_DROP:
        return "drop";
    case DK_VERDICT_RETRY:
        break;
    }
    return "retry";
}

/* What the handler said by dk_call_fail, said once: the next event begins without a fault. */
static void log_verdict(
    struct dk_call *call, const struct dk_event *event, enum dk_verdict verdict) {
    const bool has_words = call->fault.error != DK_OK;
    if (verdict != DK_VERDICT_DONE) {
        dk_log(
            DK_LOG_WARN,
            "app",
            "an event was not handled",
            "pubsub=%.*s topic=%.*s id=\"%.*s\" verdict=%s error=%s reason=\"%s\"",
            SHOWN(event->pubsub),
            SHOWN(event->topic),
            SHOWN(event->id),
            verdict_name(verdict),
            dk_error_name(call->fault.error),
            has_words ? call->fault.text : "the handler gave none");
    }
    call->fault.error = DK_OK;
}

static void log_verdicts(
    struct dk_call *call, const struct dk__app_events *events, const enum dk_verdict *verdicts) {
    size_t retries = 0, drops = 0;
    for (size_t i = 0; i < events->count; i++) {
        retries += verdicts[i] != DK_VERDICT_DONE && verdicts[i] != DK_VERDICT_DROP;
        drops += verdicts[i] == DK_VERDICT_DROP;
    }
    if (retries + drops > 0) {
        dk_log(
            DK_LOG_WARN,
            "app",
            "events were not handled",
            "pubsub=%.*s topic=%.*s events=%zu retry=%zu drop=%zu error=%s reason=\"%s\"",
            SHOWN(events->pubsub),
            SHOWN(events->topic),
            events->count,
            retries,
            drops,
            dk_error_name(call->fault.error),
            call->fault.error == DK_OK ? "the handler gave none" : call->fault.text);
    }
    call->fault.error = DK_OK;
}

/* ── tables ─────────────────────────────────────────────────────────────────────────────────── */

static const struct dk_app_topic *topic_of(
    const struct dk_app *app, struct dk_bytes pubsub, struct dk_bytes name) {
    for (const struct dk_app_topic *topic = app->topics; topic != NULL && topic->topic != NULL;
         topic++) {
        if (dk_bytes_equal(dk_bytes_of(topic->pubsub), pubsub) &&
            dk_bytes_equal(dk_bytes_of(topic->topic), name)) {
            return topic;
        }
    }
    return NULL;
}

/* No path is the default: daprd sends none for what a subscription without rules has brought. */
static bool is_default(struct dk_bytes path) {
    static const struct dk_bytes name = DK_BYTES(DK__APP_DEFAULT_PATH);
    return path.size == 0 || dk_bytes_equal(path, name);
}

/* False, and the call has failed: there is none. */
static bool find_target(
    struct dk_call *call,
    struct dk_bytes pubsub,
    struct dk_bytes name,
    struct dk_bytes path,
    struct target *ret) {
    const struct dk_app_topic *topic = topic_of(call->app->config.app, pubsub, name);
    if (topic != NULL && is_default(path)) {
        *ret = (struct target){.run = topic->run, .run_many = topic->run_many};
        return true;
    }
    const struct dk_app_rule *rule = topic == NULL ? NULL : topic->rules;
    for (; rule != NULL && rule->match != NULL; rule++) {
        if (dk_bytes_equal(dk_bytes_of(rule->match), path)) {
            *ret = (struct target){.run = rule->run};
            return true;
        }
    }
    (void)dk_call_fail(
        call,
        DK_NOT_READY,
        "topic '%.*s' of '%.*s': this application has no handler for the path '%.*s'",
        SHOWN(name),
        SHOWN(pubsub),
        SHOWN(path));
    return false;
}

/* ── one event ──────────────────────────────────────────────────────────────────────────────── */

/* Headers that are no metadata of the message: a secret, and bytes that are no text. */
static bool is_metadata(struct dk_bytes name) {
    static const struct dk_bytes token = DK_BYTES("dapr-api-token");
    return !dk_bytes_equal(name, token) &&
           !(name.size > 4 && memcmp(name.data + name.size - 4, "-bin", 4) == 0);
}

/* False: the call's memory is used up, and it has failed. */
static bool take_metadata(struct dk_call *call, struct dk_pairs *ret) {
    const struct dk_pairs headers = call->rpc->metadata;
    struct dk_pair *pairs = dk_call_take(call, headers.count * sizeof *pairs);
    size_t count = 0;
    if (pairs == NULL) {
        (void)dk_call_fail(call, DK_EXHAUSTED, "event: takes more memory than arena-bytes-max");
        return false;
    }
    for (size_t i = 0; i < headers.count; i++) {
        if (is_metadata(headers.items[i].key)) {
            pairs[count] = headers.items[i];
            count++;
        }
    }
    *ret = (struct dk_pairs){.items = pairs, .count = count};
    return true;
}

static enum dk_verdict handle(
    struct dk_call *call, const struct target *target, const struct dk_event *event) {
    enum dk_verdict verdict = DK_VERDICT_DONE;
    if (target->run != NULL) {
        verdict = target->run(call, event);
    } else if (target->run_many != NULL) {
        target->run_many(call, event, 1, &verdict);
    } else {
        (void)dk_call_fail(call, DK_NOT_FOUND, "no rule picks it, and nothing takes the rest");
        verdict = DK_VERDICT_DROP;
    }
    log_verdict(call, event, verdict);
    return verdict;
}

/* The span of an event's handler: "process orders". daprd's call names the event's trace, unless daprd
 * traces nothing: then the event does. */
static void trace_event(
    struct dk_call *call,
    struct dk_bytes pubsub,
    struct dk_bytes topic,
    struct dk_pairs extensions) {
    static const struct dk_bytes key = DK_BYTES("traceparent"), verb = DK_BYTES("process");
    struct dk__call *own = &call->task.call;
    struct dk__trace_context parent;
    if (own->trace.tracer == NULL) {
        return;
    }
    if (!dk__trace_find(call->rpc->metadata, &parent) &&
        dk__trace_parse_text(dk_pairs_find(extensions, key), &parent)) {
        dk__trace_begin(own, own->trace.tracer, &parent, DK_SPAN_CONSUMER, verb, 0);
        dk__log_context_trace(own->trace.context.trace_id, own->trace.context.span_id);
    }
    if (own->trace.span != NULL) {
        char name[DK_SPAN_TEXT_BYTES_MAX];
        const int size = snprintf(name, sizeof name, "process %.*s", SHOWN(topic));
        const struct dk_bytes words = {
            name, size < (int)sizeof name ? (size_t)size : sizeof name - 1};
        dk_span_name(own->trace.span, words);
        dk_span_text(own->trace.span, "messaging.operation.type", verb);
        dk_span_text(own->trace.span, "messaging.destination.name", topic);
        dk_span_text(own->trace.span, "dapr.component", pubsub);
    }
}

static void answer(struct dk_call *call, struct dk_bytes answer) {
    call->answer = answer;
    if (answer.data == NULL) {
        (void)dk_call_fail(call, DK_EXHAUSTED, "event: takes more memory than arena-bytes-max");
    }
}

void dk__app_run_event(struct dk__task *task) {
    struct dk_call *call = dk__app_call_of(task);
    struct dk__arena *arena = &task->call.arena;
    struct dk__app_event event;
    struct target target;
    const enum dk_error error =
        dk__decode_app_event(call->rpc->request, arena, &event, &call->fault);
    if (error == DK_INVALID) {
        dk_log(DK_LOG_ERROR, "app", "an event cannot be read", "reason=\"%s\"", call->fault.text);
        call->fault.error = DK_OK;
        answer(call, dk__encode_app_verdict(arena, DK_VERDICT_DROP));
        return;
    }
    if (error != DK_OK || !take_metadata(call, &event.event.metadata) ||
        !find_target(call, event.event.pubsub, event.event.topic, event.path, &target)) {
        return;
    }
    trace_event(call, event.event.pubsub, event.event.topic, event.event.extensions);
    answer(call, dk__encode_app_verdict(arena, handle(call, &target, &event.event)));
}

/* ── many at once ───────────────────────────────────────────────────────────────────────────── */

static void handle_many(
    struct dk_call *call,
    const struct target *target,
    const struct dk__app_events *events,
    enum dk_verdict *verdicts) {
    if (target->run_many == NULL) { /* daprd still has the list of an application that took many */
        for (size_t i = 0; i < events->count; i++) {
            verdicts[i] = handle(call, target, &events->events[i]);
        }
    } else if (events->count > 0) {
        target->run_many(call, events->events, events->count, verdicts);
        log_verdicts(call, events, verdicts);
    }
}

void dk__app_run_events(struct dk__task *task) {
    struct dk_call *call = dk__app_call_of(task);
    struct dk__arena *arena = &task->call.arena;
    struct dk__app_events events;
    struct target target;
    if (dk__decode_app_events(call->rpc->request, arena, &events, &call->fault) != DK_OK) {
        return;
    }
    if (events.broken_count > 0) {
        dk_log(
            DK_LOG_ERROR,
            "app",
            "events cannot be read",
            "pubsub=%.*s topic=%.*s events=%zu reason=\"%s\"",
            SHOWN(events.pubsub),
            SHOWN(events.topic),
            events.broken_count,
            call->fault.text);
        call->fault.error = DK_OK;
    }
    if (!find_target(call, events.pubsub, events.topic, events.path, &target)) {
        return;
    }
    trace_event(
        call,
        events.pubsub,
        events.topic,
        events.count > 0 ? events.events[0].extensions : (struct dk_pairs){0});
    enum dk_verdict *verdicts = dk_call_take(call, events.count * sizeof *verdicts);
    if (verdicts == NULL) {
        answer(call, (struct dk_bytes){0});
        return;
    }
    _Static_assert(DK_VERDICT_DONE == 0, "zeroed memory is done");
    handle_many(call, &target, &events, verdicts);
    answer(call, dk__encode_app_verdicts(arena, &events, verdicts));
}
