/*
 * Events, bindings and jobs of dk-probe, on workers. Each is noted; the data says what becomes of
 * it: "refuse" is wanted again once, "drop" never.
 */
#include "probe.h"

static enum dk_verdict take(struct dk_call *call, const char *subject, struct dk_bytes data) {
    const size_t times = probe_note(dk_call_app(call), subject, data);
    if (dk_bytes_equal(data, dk_bytes_of("drop"))) {
        return DK_VERDICT_DROP;
    }
    if (dk_bytes_equal(data, dk_bytes_of("refuse")) && times == 1) {
        (void)dk_call_fail(call, DK_UNAVAILABLE, "%s: refused once, as it was asked", subject);
        return DK_VERDICT_RETRY;
    }
    return DK_VERDICT_DONE;
}

static enum dk_verdict on_order(struct dk_call *call, const struct dk_event *event) {
    return take(call, "order", event->data);
}

static enum dk_verdict on_cancelled(struct dk_call *call, const struct dk_event *event) {
    return take(call, "cancelled", event->data);
}

static enum dk_verdict on_urgent(struct dk_call *call, const struct dk_event *event) {
    return take(call, "urgent", event->data);
}

static enum dk_verdict on_dead(struct dk_call *call, const struct dk_event *event) {
    probe_note(dk_call_app(call), "dead", event->data);
    return DK_VERDICT_DONE;
}

static void on_readings(
    struct dk_call *call, const struct dk_event *events, size_t count, enum dk_verdict *verdicts) {
    (void)probe_note(dk_call_app(call), "batch", (struct dk_bytes){0});
    for (size_t i = 0; i < count; i++) {
        verdicts[i] = take(call, "reading", events[i].data);
    }
}

static const struct dk_app_rule order_rules[] = {
    {"event.type == 'order.cancelled'", on_cancelled},
    {"event.datacontenttype == 'application/json' && event.data.priority > 5", on_urgent},
    {0},
};

const struct dk_app_topic probe_topics[] = {
    {.pubsub = "messages",
     .topic = "orders",
     .run = on_order,
     .rules = order_rules,
     .dead_letter_topic = "orders.dead"},
    {.pubsub = "messages", .topic = "orders.dead", .run = on_dead},
    {.pubsub = "messages",
     .topic = "readings",
     .run_many = on_readings,
     .events_max = 50,
     .await_ms = 200},
    {0},
};

/* Answers with what came; "refuse" the source shall keep. */
static enum dk_error on_record(
    struct dk_call *call, const struct dk_binding_event *event, struct dk_bytes *ret_answer) {
    (void)probe_note(dk_call_app(call), "record", event->data);
    if (dk_bytes_equal(event->data, dk_bytes_of("refuse"))) {
        return dk_call_fail(call, DK_UNAVAILABLE, "record: refused, as it was asked");
    }
    *ret_answer = event->data;
    return DK_OK;
}

const struct dk_app_binding probe_bindings[] = {{"records", on_record}, {0}};

static enum dk_error on_purge(struct dk_call *call, const struct dk_job *job) {
    (void)probe_note(dk_call_app(call), "purge", job->name);
    return DK_OK;
}

static enum dk_error on_report(struct dk_call *call, const struct dk_job *job) {
    (void)probe_note(dk_call_app(call), "report", job->name);
    return dk_call_fail(call, DK_UNAVAILABLE, "report: fails as it was asked");
}

/* "refuse" fails once, "drop" is nothing that is left to do. */
static enum dk_error on_work(struct dk_call *call, const struct dk_job *job) {
    const char *name = dk_call_format(call, "%.*s", (int)job->name.size, job->name.data);
    if (name == NULL) {
        return dk_call_fail(call, DK_EXHAUSTED, "no memory for a name");
    }
    switch (take(call, name, job->data)) {
    case DK_VERDICT_DONE:
        return DK_OK;
    case DK_VERDICT_RETRY:
        return DK_UNAVAILABLE; /* noted */
    case DK_VERDICT_DROP:
        return dk_call_fail(call, DK_NOT_FOUND, "%s: its work has gone", name);
    }
    return DK_INTERNAL;
}

const struct dk_app_job probe_jobs[] = {
    {"purge", on_purge}, {"report-*", on_report}, {"work-*", on_work}, {0}};
