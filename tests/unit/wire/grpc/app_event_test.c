/*
 * Events of topics on their way to a handler, and verdicts on their way back.
 */
#include "app_rig.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <dapr/proto/runtime/v1/appcallback.pb-c.h>
#include <stdio.h>
#include <unistd.h>

typedef Dapr__Proto__Runtime__V1__TopicEventRequest event_message;
typedef Dapr__Proto__Runtime__V1__TopicEventBulkRequest events_message;
typedef Dapr__Proto__Runtime__V1__TopicEventBulkRequestEntry entry_message;
typedef Dapr__Proto__Runtime__V1__TopicEventCERequest cloud_event;
typedef Google__Protobuf__Struct__FieldsEntry field_message;

static struct app_rig rig;
static char seen[2048]; /* what handlers saw, by the workers alone while a call runs */
static unsigned runs;

/* Notes an event: "who id source type content_type data | key=value …", and judges by its type. */
static enum dk_verdict note(struct dk_call *call, const char *who, const struct dk_event *event) {
    const struct dk_bytes texts[] = {
        event->id, event->source, event->type, event->content_type, event->data};
    const struct dk_pairs maps[] = {event->extensions, event->metadata};
    size_t used = strlen(seen);
    runs++;
    used += (size_t)snprintf(seen + used, sizeof seen - used, "%s", who);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        used += (size_t)snprintf(
            seen + used, sizeof seen - used, " %.*s", (int)texts[i].size, texts[i].data);
    }
    for (size_t i = 0; i < 2; i++) {
        used += (size_t)snprintf(seen + used, sizeof seen - used, " |");
        for (size_t j = 0; j < maps[i].count; j++) {
            const struct dk_pair pair = maps[i].items[j];
            used += (size_t)snprintf(
                seen + used,
                sizeof seen - used,
                " %.*s=%.*s",
                (int)pair.key.size,
                pair.key.data,
                (int)pair.value.size,
                pair.value.data);
        }
    }
    (void)snprintf(seen + used, sizeof seen - used, "\n");
    if (dk_bytes_equal(event->type, dk_bytes_of("again"))) {
        (void)dk_call_fail(call, DK_UNAVAILABLE, "store: is away");
        return DK_VERDICT_RETRY;
    }
    if (dk_bytes_equal(event->type, dk_bytes_of("poison"))) {
        (void)dk_call_fail(call, DK_INVALID, "event: has no id");
        return DK_VERDICT_DROP;
    }
    if (dk_bytes_equal(event->type, dk_bytes_of("tried"))) {
        (void)dk_call_fail(call, DK_NOT_FOUND, "nothing there, and that is fine");
    }
    return dk_bytes_equal(event->type, dk_bytes_of("odd")) ? (enum dk_verdict)7 : DK_VERDICT_DONE;
}

static enum dk_verdict on_any(struct dk_call *call, const struct dk_event *event) {
    return note(call, "any", event);
}

static enum dk_verdict on_rule(struct dk_call *call, const struct dk_event *event) {
    return note(call, "rule", event);
}

static void on_many(
    struct dk_call *call, const struct dk_event *events, size_t count, enum dk_verdict *verdicts) {
    for (size_t i = 0; i < count; i++) {
        verdicts[i] = note(call, "many", &events[i]);
    }
}

#define MATCH "event.type == 'gone'"
static const struct dk_app_rule rules[] = {{MATCH, on_rule}, {0}};
static const struct dk_app_topic topics[] = {
    {.pubsub = "bus", .topic = "things", .run = on_any, .rules = rules},
    {.pubsub = "bus", .topic = "picked", .rules = rules},
    {.pubsub = "bus", .topic = "many", .run_many = on_many},
    {0},
};
static const struct dk_app tables = {.topics = topics};

static void setup(void) {
    seen[0] = '\0';
    runs = 0;
    app_rig_open(&rig, &tables, NULL);
}

static void teardown(void) {
    app_rig_close(&rig);
}

TestSuite(app_event, .init = setup, .fini = teardown);

static event_message event_of(char *topic, char *path, char *type) {
    event_message event = DAPR__PROTO__RUNTIME__V1__TOPIC_EVENT_REQUEST__INIT;
    event.id = "7";
    event.source = "shop";
    event.type = type;
    event.spec_version = "1.0";
    event.data_content_type = "application/json";
    event.data.data = (uint8_t *)"{}";
    event.data.len = 2;
    event.pubsub_name = "bus";
    event.topic = topic;
    event.path = path;
    return event;
}

typedef Dapr__Proto__Runtime__V1__TopicEventResponse answer_message;

static void expect_status(struct dk_bytes bytes, int status) {
    cr_assert(ne(ptr, (void *)bytes.data, NULL), "%s", rig.call.message);
    answer_message *answer = dapr__proto__runtime__v1__topic_event_response__unpack(
        NULL, bytes.size, (const uint8_t *)bytes.data);
    cr_assert(ne(ptr, answer, NULL));
    cr_assert(eq(int, answer->status, status));
    dapr__proto__runtime__v1__topic_event_response__free_unpacked(answer, NULL);
}

enum { SUCCESS, RETRY, DROP };
static const struct dk_pairs no_headers = {0};

static void expect_verdict(char *topic, char *path, char *type, int status) {
    const event_message event = event_of(topic, path, type);
    expect_status(app_rig_ask(&rig, CALLBACK "OnTopicEvent", &event.base, no_headers), status);
}

Test(app_event, reaches_the_handler_whole) {
    Google__Protobuf__Value number = GOOGLE__PROTOBUF__VALUE__INIT, text = number;
    field_message fields[2];
    field_message *list[] = {&fields[0], &fields[1]};
    Google__Protobuf__Struct extensions = GOOGLE__PROTOBUF__STRUCT__INIT;
    static const struct dk_pair pairs[] = {
        {DK_BYTES("__key"), DK_BYTES("k")},
        {DK_BYTES("dapr-api-token"), DK_BYTES("s3cret")},
        {DK_BYTES("grpc-trace-bin"), DK_BYTES("\xff")},
        {DK_BYTES("traceparent"), DK_BYTES("00-1-2-01")},
    };
    event_message event = event_of("things", "/default", "made");
    number.kind_case = GOOGLE__PROTOBUF__VALUE__KIND_NUMBER_VALUE;
    number.number_value = 3;
    text.kind_case = GOOGLE__PROTOBUF__VALUE__KIND_STRING_VALUE;
    text.string_value = "a \"b\"";
    google__protobuf__struct__fields_entry__init(&fields[0]);
    google__protobuf__struct__fields_entry__init(&fields[1]);
    fields[0].key = "size";
    fields[0].value = &number;
    fields[1].key = "subject";
    fields[1].value = &text;
    extensions.n_fields = 2;
    extensions.fields = list;
    event.extensions = &extensions;

    expect_status(
        app_rig_ask(&rig, CALLBACK "OnTopicEvent", &event.base, (struct dk_pairs){pairs, 4}),
        SUCCESS);

    cr_assert(
        eq(str,
           seen,
           "any 7 shop made application/json {} | size=3 subject=a \"b\" | __key=k "
           "traceparent=00-1-2-01\n"));
}

Test(app_event, goes_where_its_path_leads) {
    expect_verdict("things", MATCH, "gone", SUCCESS);
    cr_assert(eq(int, strncmp(seen, "rule 7", 6), 0), "%s", seen);
    seen[0] = '\0';
    expect_verdict("things", "", "gone", SUCCESS);
    cr_assert(eq(int, strncmp(seen, "any 7", 5), 0), "%s", seen);
    seen[0] = '\0';
    expect_verdict("many", "/default", "made", SUCCESS);
    cr_assert(eq(int, strncmp(seen, "many 7", 6), 0), "%s", seen);
}

Test(app_event, is_dropped_where_the_table_says_so) {
    expect_verdict("picked", "/default", "made", DROP);
    cr_assert(eq(uint, runs, 0));
}

Test(app_event, has_the_verdict_of_its_handler) {
    expect_verdict("things", "/default", "made", SUCCESS);
    expect_verdict("things", "/default", "tried", SUCCESS);
    expect_verdict("things", "/default", "again", RETRY);
    expect_verdict("things", "/default", "poison", DROP);
    expect_verdict("things", "/default", "odd", RETRY);
    expect_verdict("many", "/default", "poison", DROP);
}

Test(app_event, that_is_not_done_is_logged_with_its_reason) {
    static char log[8192];
    int ends[2]; /* a line is written before its answer */
    cr_assert(eq(int, pipe(ends), 0));
    cr_assert(eq(int, dup2(ends[1], STDERR_FILENO), STDERR_FILENO));

    expect_verdict("things", "/default", "tried", SUCCESS);
    expect_verdict("things", "/default", "again", RETRY);
    expect_verdict("things", "/default", "odd", RETRY);
    expect_verdict("many", "/default", "poison", DROP);

    cr_assert(gt(long, read(ends[0], log, sizeof log - 1), 0));
    static const char *const wanted[] = {
        "pubsub=bus topic=things id=7 verdict=retry error=unavailable reason=\"store: is away\"",
        "pubsub=bus topic=things id=7 verdict=retry error=ok reason=\"the handler gave none\"",
        "pubsub=bus topic=many id=7 verdict=drop error=invalid reason=\"event: has no id\"",
    };
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        cr_expect(ne(ptr, strstr(log, wanted[i]), NULL), "%s\n%s", wanted[i], log);
    }
    cr_expect(eq(ptr, strstr(log, "nothing there"), NULL), "%s", log);
}

static void expect_unknown(char *topic, char *path, const char *words) {
    const event_message event = event_of(topic, path, "made");
    const struct dk_bytes none =
        app_rig_ask(&rig, CALLBACK "OnTopicEvent", &event.base, no_headers);
    cr_assert(eq(ptr, (void *)none.data, NULL));
    app_rig_expect(&rig, DK__CODE_FAILED_PRECONDITION, words);
}

Test(app_event, without_a_handler_is_a_failure_and_so_comes_again) {
    expect_unknown("nothing", "/default", "topic 'nothing' of 'bus'");
    expect_unknown("things", "event.type == 'old'", "the path 'event.type == 'old''");
    expect_unknown("many", MATCH, "the path");
    cr_assert(eq(uint, runs, 0));
}

Test(app_event, that_cannot_be_read_is_dropped) {
    static const struct dk_bytes with_nul = DK_BYTES("\x0a\x03"
                                                     "a\0b");
    expect_status(app_rig_ask_bytes(&rig, CALLBACK "OnTopicEvent", with_nul, no_headers), DROP);
    expect_status(
        app_rig_ask_bytes(
            &rig, CALLBACK "OnTopicEvent", (struct dk_bytes)DK_BYTES("\xff"), no_headers),
        DROP);
    cr_assert(eq(uint, runs, 0));
}

/* Many small attributes take more memory than their bytes: the request has room, its call has not. */
Test(app_event, beyond_the_calls_memory_comes_again) {
    enum { COUNT = 300 };
    static Google__Protobuf__Value text;
    static field_message fields[COUNT], *list[COUNT];
    static Google__Protobuf__Struct extensions;
    event_message event = event_of("things", "/default", "made");
    google__protobuf__value__init(&text);
    google__protobuf__struct__init(&extensions);
    text.kind_case = GOOGLE__PROTOBUF__VALUE__KIND_STRING_VALUE;
    text.string_value = "b";
    for (size_t i = 0; i < COUNT; i++) {
        google__protobuf__struct__fields_entry__init(&fields[i]);
        fields[i].key = "a";
        fields[i].value = &text;
        list[i] = &fields[i];
    }
    extensions.n_fields = COUNT;
    extensions.fields = list;
    event.extensions = &extensions;
    rig.transport.server.limits.arena_bytes_max = 16384;

    (void)app_rig_ask(&rig, CALLBACK "OnTopicEvent", &event.base, no_headers);

    app_rig_expect(&rig, DK__CODE_RESOURCE_EXHAUSTED, "more memory than one call may have");
    cr_assert(eq(uint, runs, 0));
}

/* ── many at once ───────────────────────────────────────────────────────────────────────────── */

typedef Dapr__Proto__Runtime__V1__TopicEventBulkResponse answers_message;

/* "id=status …" in the answer's order. */
static void expect_statuses(struct dk_bytes bytes, const char *wanted) {
    char text[512] = "";
    cr_assert(ne(ptr, (void *)bytes.data, NULL), "%s", rig.call.message);
    answers_message *answers = dapr__proto__runtime__v1__topic_event_bulk_response__unpack(
        NULL, bytes.size, (const uint8_t *)bytes.data);
    cr_assert(ne(ptr, answers, NULL));
    for (size_t i = 0; i < answers->n_statuses; i++) {
        const size_t used = strlen(text);
        (void)snprintf(
            text + used,
            sizeof text - used,
            "%s%s=%d",
            i == 0 ? "" : " ",
            answers->statuses[i]->entry_id,
            (int)answers->statuses[i]->status);
    }
    cr_assert(eq(str, text, (char *)wanted));
    dapr__proto__runtime__v1__topic_event_bulk_response__free_unpacked(answers, NULL);
}

enum { ENTRIES = 4 };
static entry_message entries[ENTRIES];
static cloud_event clouds[ENTRIES];

/* Entries "1", "2", … as cloud events of these types; NULL: raw bytes. */
static struct dk_bytes ask_many(const char *rpc, char *topic, char *const *types, size_t count) {
    static entry_message *list[ENTRIES];
    static char *const ids[ENTRIES] = {"1", "2", "3", "4"};
    events_message events = DAPR__PROTO__RUNTIME__V1__TOPIC_EVENT_BULK_REQUEST__INIT;
    for (size_t i = 0; i < count; i++) {
        dapr__proto__runtime__v1__topic_event_bulk_request_entry__init(&entries[i]);
        dapr__proto__runtime__v1__topic_event_cerequest__init(&clouds[i]);
        list[i] = &entries[i];
        entries[i].entry_id = ids[i];
        entries[i].content_type = "text/x";
        entries[i].event_case =
            DAPR__PROTO__RUNTIME__V1__TOPIC_EVENT_BULK_REQUEST_ENTRY__EVENT_BYTES;
        entries[i].bytes = (ProtobufCBinaryData){1, (uint8_t *)"r"};
        if (types[i] != NULL) {
            clouds[i].id = ids[i];
            clouds[i].type = types[i];
            entries[i].event_case =
                DAPR__PROTO__RUNTIME__V1__TOPIC_EVENT_BULK_REQUEST_ENTRY__EVENT_CLOUD_EVENT;
            entries[i].cloud_event = &clouds[i];
        }
    }
    events.n_entries = count;
    events.entries = list;
    events.pubsub_name = "bus";
    events.topic = topic;
    events.path = "/default";
    return app_rig_ask(&rig, rpc, &events.base, no_headers);
}

Test(app_event, of_many_has_a_verdict_of_its_own) {
    static char *const types[] = {"made", "again", "poison", "odd"};

    expect_statuses(ask_many(CALLBACK "OnBulkTopicEvent", "many", types, 4), "1=0 2=1 3=2 4=1");
    expect_statuses(ask_many(ALPHA "OnBulkTopicEventAlpha1", "many", types, 2), "1=0 2=1");
    expect_statuses(ask_many(CALLBACK "OnBulkTopicEvent", "many", types, 0), "");
    cr_assert(eq(uint, runs, 6));
}

Test(app_event, of_many_reaches_a_handler_of_single_ones_too) {
    static char *const types[] = {"made", "again"};

    expect_statuses(ask_many(CALLBACK "OnBulkTopicEvent", "things", types, 2), "1=0 2=1");

    cr_assert(eq(int, strncmp(seen, "any 1", 5), 0), "%s", seen);
}

Test(app_event, that_is_raw_has_data_alone) {
    static char *const types[] = {NULL};

    expect_statuses(ask_many(CALLBACK "OnBulkTopicEvent", "many", types, 1), "1=0");

    cr_assert(eq(str, seen, "many    text/x r | |\n"));
}

Test(app_event, of_many_that_cannot_be_read_costs_no_other) {
    static const struct dk_bytes bytes = DK_BYTES("\x12\x09\x0a\x01"
                                                  "1\x1a\x04\x0a\x02i1"
                                                  "\x12\x0a\x0a\x01"
                                                  "2\x1a\x05\x0a\x03i\0"
                                                  "2"
                                                  "\x12\x09\x0a\x01"
                                                  "3\x1a\x04\x0a\x02i3"
                                                  "\x22\x04many\x2a\x03"
                                                  "bus");

    expect_statuses(
        app_rig_ask_bytes(&rig, CALLBACK "OnBulkTopicEvent", bytes, no_headers), "1=0 3=0 2=2");
    cr_assert(eq(uint, runs, 2));
}

Test(app_event, of_many_without_a_handler_is_a_failure) {
    static char *const types[] = {"made"};

    (void)ask_many(CALLBACK "OnBulkTopicEvent", "nothing", types, 1);
    app_rig_expect(&rig, DK__CODE_FAILED_PRECONDITION, "topic 'nothing' of 'bus'");
    (void)app_rig_ask_bytes(
        &rig, CALLBACK "OnBulkTopicEvent", (struct dk_bytes)DK_BYTES("\xff"), no_headers);
    app_rig_expect(&rig, DK__CODE_INVALID_ARGUMENT, "cut off or malformed");
}
