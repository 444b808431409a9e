/*
 * One handler behind two doors: typed gRPC, and OnInvoke with JSON. The transport is a fake one, the
 * workers are real.
 */
#include "wire/grpc/app.h"

#include "core/loop.h"
#include "everything.pb-c.h"
#include "support/fake_transport.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <dapr/proto/common/v1/common.pb-c.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

#define TYPED     "/t.Things/Change"
#define ON_INVOKE "/dapr.proto.runtime.v1.AppCallback/OnInvoke"
#define HEALTH    "/dapr.proto.runtime.v1.AppCallbackHealthCheck/HealthCheck"

typedef DaprKit__Testing__V1__Everything thing_message;
typedef Dapr__Proto__Common__V1__HTTPExtension__Verb verb_number;

static struct fake_transport transport;
static struct fake_call call, other, third;
static struct dk__workers *workers;
static struct dk__app *app;
static struct dk_fault fault;
static atomic_bool gate, saw_over;
static int shared;

/* Answers the request with its number doubled; refuses a title, and waits when told to. */
static enum dk_error change(
    struct dk_call *c, const struct ProtobufCMessage *request, struct ProtobufCMessage *answer) {
    const thing_message *asked = (const void *)request;
    thing_message *changed = (void *)answer;
    if (dk_call_app(c) != &shared) {
        return dk_call_fail(c, DK_INTERNAL, "the shared thing is another");
    }
    if (strcmp(asked->title, "refused") == 0) {
        return dk_call_fail(c, DK_ETAG_MISMATCH, "thing '%d': is stale", asked->a_small_number);
    }
    if (strcmp(asked->title, "wordless") == 0) {
        return DK_DENIED;
    }
    while (strcmp(asked->title, "wait") == 0 && !gate && !dk_call_is_over(c)) {
        (void)sched_yield();
    }
    saw_over = dk_call_is_over(c);
    const struct dk_bytes who = dk_call_header(c, (struct dk_bytes)DK_BYTES("x-who"));
    if (who.data != NULL && !dk_call_set_header(c, (struct dk_bytes)DK_BYTES("x-for"), who)) {
        return dk_call_fail(c, DK_INVALID, "x-who: cannot be a header's value");
    }
    changed->a_small_number = asked->a_small_number * 2;
    changed->title = dk_call_format(c, "%s!", asked->title);
    return changed->title == NULL ? dk_call_fail(c, DK_EXHAUSTED, "no memory") : DK_OK;
}

static enum dk_error echo(
    struct dk_call *c, const struct ProtobufCMessage *request, struct ProtobufCMessage *answer) {
    (void)c;
    memcpy(answer, request, sizeof(thing_message));
    return DK_OK;
}

#define THING &dapr_kit__testing__v1__everything__descriptor
static const struct dk_app_method methods[] = {
    {"Change", change, THING, THING, "PUT", "/things/{aSmallNumber}", "*"},
    {"Look", change, THING, THING, "GET", "/things/{a_small_number}"},
    {"Hidden", change, THING, THING},
    {"Patch", echo, THING, THING, "PATCH", "/things/{name}", "extensions"},
    {"Part", echo, THING, THING, "PUT", "/parts/{name}", "part", "part"},
    {"Upload", echo, THING, THING, "PUT", "/contents/{name}", "content"},
    {"Download", echo, THING, THING, "POST", "/contents", "*", "content"},
    {"Write", echo, THING, THING, "PUT", "/titles", "title", "title"},
    {0},
};
static const struct dk_app_service services[] = {{"t.Things", methods}, {0}};
static const struct dk_app tables = {.services = services};

static void open_with(struct dk_bytes token) {
    fault = (struct dk_fault){0};
    gate = false;
    fake_transport_open(&transport);
    cr_assert(eq(int, dk__workers_new(transport.loop, 1, 1, &workers, &fault), DK_OK));
    const struct dk__app_config config = {&tables, workers, &shared, token};
    cr_assert(eq(int, dk__app_new(&transport.server, &config, &app, &fault), DK_OK));
}

static void setup(void) {
    open_with((struct dk_bytes){0});
}

static void teardown(void) {
    fake_transport_close(&transport);
    dk__app_free(app);
}

TestSuite(app, .init = setup, .fini = teardown);

/* Ends the workers, so that every call has come back, and lets go of one. */
static void settle(struct fake_call *one) {
    while (workers != NULL && one->finishes == 0) {
        cr_assert(eq(int, dk__loop_turn(transport.loop, -1), DK_OK));
    }
}

static void finish(void) {
    dk__workers_free(workers);
    workers = NULL;
    fake_call_free(&call);
}

static void send(
    struct fake_call *one, const char *path, const ProtobufCMessage *message, const char *who) {
    uint8_t bytes[1024];
    const size_t size = protobuf_c_message_pack(message, bytes);
    static struct dk_pair pair = {.key = DK_BYTES("x-who")}; /* lives as long as the RPC */
    pair.value = dk_bytes_of(who);
    struct dk__rpc_headers headers = fake_headers(path);
    headers.others = (struct dk_pairs){&pair, who == NULL ? 0 : 1};
    fake_call_unary(
        one, &transport, &headers, (struct dk_bytes){.data = (char *)bytes, .size = size});
}

static void send_typed(struct fake_call *one, int number, char *title, const char *who) {
    thing_message thing;
    dapr_kit__testing__v1__everything__init(&thing);
    thing.a_small_number = number;
    thing.title = title;
    send(one, TYPED, &thing.base, who);
}

static void invoke(verb_number verb, char *path, char *query, char *type, const char *body) {
    Dapr__Proto__Common__V1__HTTPExtension http = DAPR__PROTO__COMMON__V1__HTTPEXTENSION__INIT;
    Dapr__Proto__Common__V1__InvokeRequest request = DAPR__PROTO__COMMON__V1__INVOKE_REQUEST__INIT;
    Google__Protobuf__Any any = GOOGLE__PROTOBUF__ANY__INIT;
    any.value.data = (uint8_t *)body;
    any.value.len = strlen(body);
    http.verb = verb;
    http.querystring = query;
    request.method = path;
    request.content_type = type;
    request.data = &any;
    request.http_extension = &http;
    send(&call, ON_INVOKE, &request.base, "me");
    settle(&call);
}

static void expect_body(const char *text, const char *type) {
    cr_assert(eq(int, call.status.code, DK__CODE_OK), "%s", call.message);
    const struct dk_bytes bytes = fake_call_answer(&call, 0);
    Dapr__Proto__Common__V1__InvokeResponse *answer =
        dapr__proto__common__v1__invoke_response__unpack(NULL, bytes.size, (void *)bytes.data);
    cr_assert(ne(ptr, answer, NULL));
    const struct dk_bytes json = {(char *)answer->data->value.data, answer->data->value.len};
    cr_assert(dk_bytes_equal(json, dk_bytes_of(text)), "%.*s", (int)json.size, json.data);
    cr_assert(eq(str, answer->content_type, (char *)type));
    dapr__proto__common__v1__invoke_response__free_unpacked(answer, NULL);
}

static void expect_json(const char *text) {
    expect_body(text, "application/json");
}

static void expect_failure(enum dk__code code, const char *words) {
    cr_assert(eq(int, call.status.code, code), "%s", call.message);
    cr_assert(ne(ptr, strstr(call.message, words), NULL), "%s", call.message);
}

#define VERB(name) DAPR__PROTO__COMMON__V1__HTTPEXTENSION__VERB__##name

Test(app, answers_a_typed_call) {
    send_typed(&call, 21, "a", "me");
    settle(&call);

    cr_assert(eq(int, call.status.code, DK__CODE_OK), "%s", call.message);
    const struct dk_bytes bytes = fake_call_answer(&call, 0);
    thing_message *thing =
        dapr_kit__testing__v1__everything__unpack(NULL, bytes.size, (const void *)bytes.data);
    cr_assert(ne(ptr, thing, NULL));
    cr_assert(eq(int, thing->a_small_number, 42));
    cr_assert(eq(str, thing->title, "a!"));
    dapr_kit__testing__v1__everything__free_unpacked(thing, NULL);
    cr_assert(eq(str, call.pairs[0], "header x-for=me"));
    finish();
}

Test(app, answers_the_same_by_json) {
    invoke(VERB(PUT), "things/21", "", "application/json; charset=utf-8", "{\"title\":\"a\"}");

    expect_json("{\"aSmallNumber\":42,\"title\":\"a!\"}");
    cr_assert(eq(str, call.pairs[0], "header x-for=me"));
    finish();
}

Test(app, takes_fields_from_the_query_and_lets_the_path_win) {
    invoke(VERB(GET), "things/4", "title=b%20c&aSmallNumber=9", "", "");

    expect_json("{\"aSmallNumber\":8,\"title\":\"b c!\"}");
    finish();
}

Test(app, hands_the_words_of_a_failure_on) {
    invoke(VERB(PUT), "things/7", "title=refused", "", "");

    expect_failure(DK__CODE_ABORTED, "thing '7': is stale");
    cr_assert(gt(sz, call.status.details.size, sizeof "DK_ETAG_MISMATCH"));
    finish();
}

Test(app, says_how_much_too_large_an_answer_is) {
    transport.server.limits.reply_bytes_max = 10;
    send_typed(&call, 1, "a long title", NULL);
    settle(&call);

    expect_failure(DK__CODE_OUT_OF_RANGE, "has 17 bytes, more than reply-bytes-max = 10");
    finish();
}

Test(app, finds_words_for_a_handler_without) {
    send_typed(&call, 1, "wordless", NULL);
    settle(&call);

    expect_failure(DK__CODE_PERMISSION_DENIED, "Change: failed with denied");
    finish();
}

Test(app, takes_a_message_of_its_request_as_the_body) {
    invoke(
        VERB(PATCH), "things/a", "", "application/merge-patch+json", "{\"size\":1,\"gone\":null}");

    expect_json("{\"extensions\":{\"size\":1,\"gone\":null},\"name\":\"a\"}");
    finish();
}

Test(app, leaves_the_message_out_when_there_is_no_body) {
    invoke(VERB(PUT), "parts/a", "", "", "");

    expect_json("null");
    finish();
}

Test(app, answers_with_a_message_of_its_answer) {
    invoke(VERB(PUT), "parts/a", "", "", "{\"sha256\":\"ab\"}");

    expect_json("{\"sha256\":\"ab\"}");
    finish();
}

Test(app, takes_a_body_as_it_is_with_its_type) {
    invoke(VERB(PUT), "contents/a", "title=b", "image/png", "{\xff");

    expect_json("{\"title\":\"b\",\"content\":\"e/8=\",\"name\":\"a\",\"contentType\":"
                "\"image/png\"}");
    finish();
}

Test(app, answers_with_bytes_as_they_are) {
    invoke(VERB(POST), "contents", "", "", "{\"content\":\"e/8=\",\"contentType\":\"image/png\"}");

    expect_body("{\xff", "image/png");
    fake_call_free(&call);
    invoke(VERB(POST), "contents", "", "", "{}");
    expect_body("", "application/octet-stream");
    finish();
}

Test(app, takes_and_answers_a_text_as_it_is) {
    invoke(VERB(PUT), "titles", "", "text/markdown", "# a");

    expect_body("# a", "text/markdown");
    fake_call_free(&call);
    invoke(VERB(PUT), "titles", "", "", "# a");
    expect_body("# a", "text/plain; charset=utf-8");
    finish();
}

static void expect_refused(
    verb_number verb,
    char *path,
    char *query,
    char *type,
    const char *body,
    enum dk__code code,
    const char *words) {
    invoke(verb, path, query, type, body);
    expect_failure(code, words);
    fake_call_free(&call);
}

Test(app, refuses_what_is_no_request_of_its_own) {
    expect_refused(VERB(GET), "nothing", "", "", "", DK__CODE_NOT_FOUND, "PUT /things/{aSmallN");
    expect_refused(
        VERB(DELETE), "things/1", "", "", "", DK__CODE_UNIMPLEMENTED, "it takes: PUT, GET");
    expect_refused(VERB(GET), "things/1", "", "", "{}", DK__CODE_INVALID_ARGUMENT, "takes no body");
    expect_refused(
        VERB(PUT), "things/1", "", "text/xml", "<a/>", DK__CODE_INVALID_ARGUMENT, "'text/xml'");
    expect_refused(
        VERB(PUT), "things/1", "", "", "{\"titel\":1}", DK__CODE_INVALID_ARGUMENT, "titel");
    expect_refused(VERB(PUT), "things/x", "", "", "", DK__CODE_INVALID_ARGUMENT, "aSmallNumber");
    expect_refused(
        VERB(PUT), "parts/x", "", "", "{\"sha\":1}", DK__CODE_INVALID_ARGUMENT, "sha: is no field");
    expect_refused(VERB(PUT), "parts/x", "", "", "[]", DK__CODE_INVALID_ARGUMENT, "is a list");
    expect_refused(VERB(PUT), "titles", "", "", "\xff", DK__CODE_INVALID_ARGUMENT, "title: is no");
    expect_refused(
        VERB(POST),
        "contents",
        "",
        "",
        "{\"contentType\":\"a\\nb\"}",
        DK__CODE_INTERNAL,
        "is no content type");
    expect_refused(VERB(GET), "things/1", "a=%", "", "", DK__CODE_INVALID_ARGUMENT, "query: 'a=%'");
    dk__workers_free(workers);
}

Test(app, refuses_bytes_that_are_no_message) {
    const struct dk__rpc_headers headers = fake_headers(TYPED);
    fake_call_unary(&call, &transport, &headers, (struct dk_bytes)DK_BYTES("\xff"));
    settle(&call);

    expect_failure(DK__CODE_INVALID_ARGUMENT, "cut off or malformed");
    finish();
}

static void wait_until_running(void) {
    while (dk__workers_counts(workers).running == 0) {
        cr_assert(eq(int, dk__loop_turn(transport.loop, 0), DK_OK));
        (void)sched_yield();
    }
}

Test(app, refuses_a_call_beyond_its_queue_and_is_healthy_all_the_same) {
    send_typed(&call, 1, "wait", NULL);
    wait_until_running();
    send_typed(&other, 2, "a", NULL);

    send_typed(&third, 3, "a", NULL);
    cr_assert(eq(int, third.status.code, DK__CODE_RESOURCE_EXHAUSTED));
    cr_assert(ne(ptr, strstr(third.message, "handler-queue-max"), NULL));
    fake_call_free(&third);
    const struct dk__rpc_headers headers = fake_headers(HEALTH);
    fake_call_unary(&third, &transport, &headers, (struct dk_bytes)DK_BYTES(""));
    cr_assert(eq(int, third.status.code, DK__CODE_OK));
    fake_call_free(&third);

    gate = true;
    settle(&call);
    settle(&other);
    cr_assert(eq(int, other.status.code, DK__CODE_OK));
    fake_call_free(&other);
    finish();
}

Test(app, tells_a_handler_whose_caller_has_gone) {
    send_typed(&call, 1, "wait", NULL);
    wait_until_running();

    fake_call_reset(&call);
    while (call.let_gos == 0) {
        cr_assert(eq(int, dk__loop_turn(transport.loop, -1), DK_OK));
    }

    cr_assert(saw_over);
    cr_assert(eq(int, call.status.code, DK__CODE_CANCELLED));
    finish();
}

Test(app, that_stops_refuses_who_waits) {
    send_typed(&call, 1, "wait", NULL);
    wait_until_running();
    send_typed(&other, 2, "a", NULL);

    dk__workers_free(workers);
    workers = NULL;

    cr_assert(saw_over);
    cr_assert(eq(int, other.status.code, DK__CODE_UNAVAILABLE));
    fake_call_free(&call);
    fake_call_free(&other);
}

/* Outside of the suite "app", whose application asks for no token. */
static void expect_entry(const char *path, const char *shown, enum dk__code code) {
    static struct dk_pair pair = {.key = DK_BYTES("dapr-api-token")};
    struct dk__rpc_headers headers = fake_headers(path);
    pair.value = dk_bytes_of(shown);
    headers.others = (struct dk_pairs){&pair, shown == NULL ? 0 : 1};
    fake_call_unary(&call, &transport, &headers, (struct dk_bytes)DK_BYTES(""));
    settle(&call);
    cr_expect(eq(int, call.status.code, code), "%s %s: %s", path, shown, call.message);
    fake_call_free(&call);
}

Test(app_token, is_asked_of_all_but_the_health_check) {
    open_with((struct dk_bytes)DK_BYTES("s3cret"));

    static const char *const wrong[] = {NULL, "", "s3cre", "s3cret2", "S3cret", "s3creT"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        expect_entry(TYPED, wrong[i], DK__CODE_UNAUTHENTICATED);
        expect_entry(ON_INVOKE, wrong[i], DK__CODE_UNAUTHENTICATED);
        expect_entry(HEALTH, wrong[i], DK__CODE_OK);
    }
    expect_entry(TYPED, "s3cret", DK__CODE_OK);
    expect_entry(ON_INVOKE, "s3cret", DK__CODE_NOT_FOUND); /* in, and no such path */

    dk__workers_free(workers);
    teardown();
}

Test(app, with_two_routes_for_one_path_is_no_application) {
    static const struct dk_app_method twins[] = {
        {"A", change, THING, THING, "GET", "/{title}"},
        {"B", change, THING, THING, "GET", "/{name}"},
        {0},
    };
    static const struct dk_app_service bad[] = {{"t.Twins", twins}, {0}};
    static const struct dk_app bad_tables = {.services = bad};
    const struct dk__app_config config = {&bad_tables, workers, NULL};
    struct dk__app *none = NULL;

    cr_assert(eq(int, dk__app_new(&transport.server, &config, &none, &fault), DK_INVALID));

    cr_assert(ne(ptr, strstr(fault.text, "route '/{name}'"), NULL), "%s", fault.text);
    cr_assert(eq(ptr, none, NULL));
    dk__workers_free(workers);
}

static void expect_faults(
    const struct dk_app_method *rows, const char *const *words, size_t count) {
    const struct dk_app_service bad[] = {{"t.Bad", rows}, {0}};
    const struct dk_app bad_tables = {.services = bad};
    const struct dk__app_config config = {&bad_tables, workers, NULL};
    struct dk__app *none = NULL;

    cr_assert(eq(int, dk__app_new(&transport.server, &config, &none, &fault), DK_INVALID));

    for (size_t i = 0; i < count; i++) {
        cr_expect(ne(ptr, strstr(fault.text, words[i]), NULL), "%s\n%s", words[i], fault.text);
    }
    dk__workers_free(workers);
}

Test(app, names_every_fault_of_its_rows_at_once) {
    static const struct dk_app_method rows[] = {
        {"Idle", NULL, THING, THING},
        {"Body", echo, THING, THING, "PUT", "/a", "nothing"},
        {"Many", echo, THING, THING, "PUT", "/b", "tags"},
        {"Number", echo, THING, THING, "PUT", "/c", "*", "large"},
        {"Star", echo, THING, THING, "PUT", "/d", NULL, "*"},
        {"Path", echo, THING, THING, "GET", "/e/{nothing}"},
        {"Deep", echo, THING, THING, "GET", "/f/{part.nothing}"},
        {"Door", echo, THING, THING, NULL, NULL, "*"},
        {"Verb", echo, THING, THING, "GET"},
        {0},
    };
    static const char *const words[] = {
        "Idle: has no handler",
        "Body: 'nothing' is to be a body and is no field",
        "Many: 'tags' is to be a body: one message",
        "Number: 'large' is to be a body: one message",
        "Star: '*' is to be a body and is no field",
        "Path: '/e/{nothing}' has a name that is no field",
        "Deep: '/f/{part.nothing}' has a name that is no field",
        "Door: verb and path, or neither and no body",
        "Verb: verb and path, or neither and no body",
    };

    expect_faults(rows, words, sizeof words / sizeof words[0]);
}
