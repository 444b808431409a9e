/*
 * Events of input bindings, jobs, and the lists of what an application wants.
 */
#include "app_rig.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <dapr/proto/runtime/v1/appcallback.pb-c.h>
#include <stdio.h>

typedef Dapr__Proto__Runtime__V1__BindingEventRequest binding_message;
typedef Dapr__Proto__Runtime__V1__JobEventRequest job_message;
typedef Dapr__Proto__Runtime__V1__ListTopicSubscriptionsResponse topics_message;
typedef Dapr__Proto__Runtime__V1__TopicSubscription subscription_message;

static struct app_rig rig;
static char seen[512]; /* by the workers alone while a call runs */
static unsigned runs;
static enum dk_error next_error;

static enum dk_error on_binding(
    struct dk_call *call, const struct dk_binding_event *event, struct dk_bytes *ret_answer) {
    const struct dk_bytes key = dk_pairs_find(event->metadata, (struct dk_bytes)DK_BYTES("key"));
    (void)snprintf(
        seen,
        sizeof seen,
        "%s %.*s %s",
        event->name.data,
        (int)event->data.size,
        event->data.data,
        key.data == NULL ? "" : key.data);
    runs++;
    if (next_error != DK_OK) {
        return next_error;
    }
    *ret_answer = dk_bytes_of(dk_call_format(call, "got %zu", event->data.size));
    return DK_OK;
}

static enum dk_error on_silent(
    struct dk_call *call, const struct dk_binding_event *event, struct dk_bytes *ret_answer) {
    (void)event;
    (void)ret_answer;
    (void)dk_call_fail(call, DK_NOT_FOUND, "tried, and it does not matter");
    return DK_OK;
}

static enum dk_error note_job(const char *who, const struct dk_job *job) {
    (void)snprintf(
        seen,
        sizeof seen,
        "%s %s %s %.*s",
        who,
        job->name.data,
        job->data_type.data,
        (int)job->data.size,
        job->data.data);
    runs++;
    return next_error;
}

static enum dk_error on_purge(struct dk_call *call, const struct dk_job *job) {
    (void)call;
    return note_job("purge", job);
}

static enum dk_error on_purges(struct dk_call *call, const struct dk_job *job) {
    (void)call;
    return note_job("purges", job);
}

static enum dk_error on_old(struct dk_call *call, const struct dk_job *job) {
    if (next_error != DK_OK) {
        return dk_call_fail(call, next_error, "job '%s': the words", job->name.data);
    }
    return note_job("old", job);
}

static enum dk_verdict on_event(struct dk_call *call, const struct dk_event *event) {
    (void)call;
    (void)event;
    return DK_VERDICT_DONE;
}

static void on_events(
    struct dk_call *call, const struct dk_event *events, size_t count, enum dk_verdict *verdicts) {
    (void)call;
    (void)events;
    (void)count;
    (void)verdicts;
}

static const struct dk_app_rule rules[] = {
    {"event.type == 'a'", on_event}, {"true", on_event}, {0}};
static const struct dk_pair metadata[] = {{DK_BYTES("rawPayload"), DK_BYTES("true")}};
static const struct dk_app_topic topics[] = {
    {.pubsub = "bus", .topic = "things", .run = on_event, .rules = rules},
    {.pubsub = "bus", .topic = "picked", .rules = rules, .dead_letter_topic = "dead"},
    {.pubsub = "bus",
     .topic = "many",
     .run_many = on_events,
     .events_max = 50,
     .await_ms = 200,
     .metadata = {metadata, 1}},
    {0},
};
static const struct dk_app_binding bindings[] = {{"ingest", on_binding}, {"cron", on_silent}, {0}};
static const struct dk_app_job jobs[] = {
    {"purge*", on_purges}, {"purge", on_purge}, {"purge-old-*", on_old}, {0}};
static const struct dk_app tables = {.topics = topics, .bindings = bindings, .jobs = jobs};

static const struct dk_pairs no_headers = {0};
static const struct dk_bytes nothing = DK_BYTES("");

static void setup(void) {
    seen[0] = '\0';
    runs = 0;
    next_error = DK_OK;
    app_rig_open(&rig, &tables, NULL);
}

static void teardown(void) {
    app_rig_close(&rig);
}

TestSuite(app_binding, .init = setup, .fini = teardown);
TestSuite(app_job, .init = setup, .fini = teardown);
TestSuite(app_lists, .init = setup, .fini = teardown);

/* ── input bindings ─────────────────────────────────────────────────────────────────────────── */

static struct dk_bytes bind(char *name) {
    Dapr__Proto__Runtime__V1__BindingEventRequest__MetadataEntry entry =
        DAPR__PROTO__RUNTIME__V1__BINDING_EVENT_REQUEST__METADATA_ENTRY__INIT;
    Dapr__Proto__Runtime__V1__BindingEventRequest__MetadataEntry *list[] = {&entry};
    binding_message event = DAPR__PROTO__RUNTIME__V1__BINDING_EVENT_REQUEST__INIT;
    entry.key = "key";
    entry.value = "k";
    event.name = name;
    event.data.data = (uint8_t *)"data";
    event.data.len = 4;
    event.n_metadata = 1;
    event.metadata = list;
    return app_rig_ask(&rig, CALLBACK "OnBindingEvent", &event.base, no_headers);
}

Test(app_binding, event_reaches_its_handler_and_gets_an_answer) {
    const struct dk_bytes bytes = bind("ingest");

    cr_assert(eq(str, seen, "ingest data k"));
    Dapr__Proto__Runtime__V1__BindingEventResponse *answer =
        dapr__proto__runtime__v1__binding_event_response__unpack(
            NULL, bytes.size, (const uint8_t *)bytes.data);
    cr_assert(ne(ptr, answer, NULL), "%s", rig.call.message);
    const struct dk_bytes data = {(char *)answer->data.data, answer->data.len};
    cr_assert(dk_bytes_equal(data, dk_bytes_of("got 4")));
    dapr__proto__runtime__v1__binding_event_response__free_unpacked(answer, NULL);
}

Test(app_binding, event_without_an_answer_is_done) {
    const struct dk_bytes bytes = bind("cron");

    app_rig_expect(&rig, DK__CODE_OK, "");
    cr_assert(eq(sz, bytes.size, 0));
}

Test(app_binding, event_that_fails_is_kept_by_its_source) {
    next_error = DK_ETAG_MISMATCH;
    (void)bind("ingest");
    app_rig_expect(&rig, DK__CODE_ABORTED, "binding 'ingest': failed with etag_mismatch");

    (void)bind("nothing");
    app_rig_expect(&rig, DK__CODE_FAILED_PRECONDITION, "binding 'nothing'");

    (void)app_rig_ask_bytes(
        &rig, CALLBACK "OnBindingEvent", (struct dk_bytes)DK_BYTES("\xff"), no_headers);
    app_rig_expect(&rig, DK__CODE_INVALID_ARGUMENT, "cut off or malformed");
}

/* ── jobs ───────────────────────────────────────────────────────────────────────────────────── */

static struct dk_bytes trigger(const char *rpc, char *name, char *type, const char *data) {
    Google__Protobuf__Any any = GOOGLE__PROTOBUF__ANY__INIT;
    job_message job = DAPR__PROTO__RUNTIME__V1__JOB_EVENT_REQUEST__INIT;
    any.type_url = type;
    any.value.data = (uint8_t *)data;
    any.value.len = strlen(data);
    job.name = name;
    job.data = &any;
    return app_rig_ask(&rig, rpc, &job.base, no_headers);
}

#define ON_JOB CALLBACK "OnJobEvent"

Test(app_job, goes_to_the_row_that_says_most_of_its_name) {
    (void)trigger(ON_JOB, "purge", "t/x", "data");
    cr_assert(eq(str, seen, "purge purge t/x data"));
    (void)trigger(ALPHA "OnJobEventAlpha1", "purge-1", "", "");
    cr_assert(eq(str, seen, "purges purge-1  "));
    (void)trigger(ON_JOB, "purge-old-1", "", "");
    cr_assert(eq(str, seen, "old purge-old-1  "));
    const struct dk_bytes answer = trigger(ON_JOB, "purge-old-", "", "");
    cr_assert(eq(str, seen, "old purge-old-  "));
    cr_assert(ne(ptr, (void *)answer.data, NULL));
}

Test(app_job, made_by_http_has_json) {
    (void)trigger(ON_JOB, "purge", "type.googleapis.com/google.protobuf.Value", "\x1a\x02hi");
    cr_assert(eq(str, seen, "purge purge type.googleapis.com/google.protobuf.Value \"hi\""));

    (void)trigger(ON_JOB, "purge", "type.googleapis.com/google.protobuf.Value", "\xff");
    app_rig_expect(&rig, DK__CODE_INVALID_ARGUMENT, "google.protobuf.Value");
}

static void expect_failure(enum dk_error error, char *name, enum dk__code code, const char *words) {
    next_error = error;
    (void)trigger(ON_JOB, name, "", "");
    app_rig_expect(&rig, code, words);
}

Test(app_job, that_fails_says_so) {
    expect_failure(DK_NOT_FOUND, "purge", DK__CODE_NOT_FOUND, "job 'purge': failed with not_found");
    expect_failure(DK_UNAVAILABLE, "purge-old-1", DK__CODE_UNAVAILABLE, "the words");
}

/* UNIMPLEMENTED would have daprd call the older name of the method, and NOT_FOUND end the job. */
Test(app_job, never_looks_like_a_method_that_is_not_there) {
    expect_failure(
        DK_UNSUPPORTED, "purge", DK__CODE_FAILED_PRECONDITION, "failed with unsupported");
    expect_failure(DK_OK, "nothing", DK__CODE_FAILED_PRECONDITION, "job 'nothing'");
    (void)app_rig_ask_bytes(&rig, ON_JOB, (struct dk_bytes)DK_BYTES("\xff"), no_headers);
    app_rig_expect(&rig, DK__CODE_INVALID_ARGUMENT, "cut off or malformed");
}

/* ── lists ──────────────────────────────────────────────────────────────────────────────────── */

static void describe(const subscription_message *one, char *text, size_t size) {
    size_t used = (size_t)snprintf(
        text,
        size,
        "%s/%s dead=%s default=%s",
        one->pubsub_name,
        one->topic,
        one->dead_letter_topic,
        one->routes->default_);
    for (size_t i = 0; i < one->routes->n_rules; i++) {
        used += (size_t)snprintf(
            text + used,
            size - used,
            " [%s → %s]",
            one->routes->rules[i]->match,
            one->routes->rules[i]->path);
    }
    if (one->bulk_subscribe != NULL) {
        used += (size_t)snprintf(
            text + used,
            size - used,
            " bulk=%d,%d,%d",
            one->bulk_subscribe->enabled,
            one->bulk_subscribe->max_messages_count,
            one->bulk_subscribe->max_await_duration_ms);
    }
    for (size_t i = 0; i < one->n_metadata; i++) {
        used += (size_t)snprintf(
            text + used, size - used, " %s=%s", one->metadata[i]->key, one->metadata[i]->value);
    }
}

Test(app_lists, name_topics_with_a_path_for_each_rule) {
    static const char *const wanted[] = {
        "bus/things dead= default=/default [event.type == 'a' → event.type == 'a'] [true → true]",
        "bus/picked dead=dead default= [event.type == 'a' → event.type == 'a'] [true → true]",
        "bus/many dead= default=/default bulk=1,50,200 rawPayload=true",
    };

    const struct dk_bytes bytes =
        app_rig_ask_bytes(&rig, CALLBACK "ListTopicSubscriptions", nothing, no_headers);

    topics_message *list = dapr__proto__runtime__v1__list_topic_subscriptions_response__unpack(
        NULL, bytes.size, (const uint8_t *)bytes.data);
    cr_assert(ne(ptr, list, NULL));
    cr_assert(eq(sz, list->n_subscriptions, 3));
    for (size_t i = 0; i < 3; i++) {
        char text[512];
        describe(list->subscriptions[i], text, sizeof text);
        cr_expect(eq(str, text, (char *)wanted[i]));
    }
    dapr__proto__runtime__v1__list_topic_subscriptions_response__free_unpacked(list, NULL);
}

Test(app_lists, name_bindings) {
    const struct dk_bytes bytes =
        app_rig_ask_bytes(&rig, CALLBACK "ListInputBindings", nothing, no_headers);

    cr_assert(dk_bytes_equal(
        bytes,
        dk_bytes_of("\x0a\x06ingest\x0a\x04"
                    "cron")));
}

Test(app_lists, are_empty_without_tables) {
    static const struct dk_app empty = {.name = "dk-nothing"};
    app_rig_close(&rig);
    app_rig_open(&rig, &empty, NULL);

    static const char *const rpcs[] = {
        CALLBACK "ListTopicSubscriptions", CALLBACK "ListInputBindings"};
    for (size_t i = 0; i < 2; i++) {
        const struct dk_bytes bytes = app_rig_ask_bytes(&rig, rpcs[i], nothing, no_headers);
        cr_expect(ne(ptr, (void *)bytes.data, NULL));
        cr_expect(eq(sz, bytes.size, 0));
    }
}

Test(app_lists, ask_for_no_token_and_wait_for_no_worker) {
    static const char *const open_to_all[] = {
        CALLBACK "ListTopicSubscriptions", CALLBACK "ListInputBindings"};
    static const char *const closed[] = {
        CALLBACK "OnTopicEvent",
        CALLBACK "OnBulkTopicEvent",
        CALLBACK "OnBindingEvent",
        CALLBACK "OnJobEvent",
        ALPHA "OnBulkTopicEventAlpha1",
        ALPHA "OnJobEventAlpha1",
    };
    app_rig_close(&rig);
    app_rig_open(&rig, &tables, "s3cret");

    for (size_t i = 0; i < sizeof closed / sizeof closed[0]; i++) {
        (void)app_rig_ask_bytes(&rig, closed[i], nothing, no_headers);
        app_rig_expect(&rig, DK__CODE_UNAUTHENTICATED, "dapr-api-token");
    }
    dk__workers_stop(rig.workers);
    for (size_t i = 0; i < 2; i++) {
        (void)app_rig_ask_bytes(&rig, open_to_all[i], nothing, no_headers);
        app_rig_expect(&rig, DK__CODE_OK, "");
    }
}

Test(app_lists, beyond_the_calls_memory_are_an_error_and_not_cut) {
    rig.transport.server.limits.arena_bytes_max = 1024;

    (void)app_rig_ask_bytes(&rig, CALLBACK "ListTopicSubscriptions", nothing, no_headers);

    app_rig_expect(&rig, DK__CODE_RESOURCE_EXHAUSTED, "more memory than");
}
