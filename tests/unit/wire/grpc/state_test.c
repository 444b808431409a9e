#include "support/fake_state.h"
#include "support/fake_transport.h"
#include "wire/grpc/services.h"

#include "core/loop.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>

#define STORE "/dapr.proto.components.v1.StateStore/"

/* Messages as daprd would send them. */
/* clang-format off */
static const struct dk_bytes nothing = DK_BYTES("");
static const struct dk_bytes key_a = DK_BYTES("\x0a\x01" "a"); /* Get, Delete and Set take it */
static const struct dk_bytes set_a = DK_BYTES("\x0a\x01" "a" "\x12\x05" "value");
static const struct dk_bytes bulk_ab = DK_BYTES("\x0a\x03\x0a\x01" "a" "\x0a\x03\x0a\x01" "b");
/* TransactionalStateRequest of n deletes of "a". */
static const struct dk_bytes transact_1 = DK_BYTES("\x0a\x05\x0a\x03\x0a\x01" "a");
static const struct dk_bytes transact_3 = DK_BYTES(
    "\x0a\x05\x0a\x03\x0a\x01" "a" "\x0a\x05\x0a\x03\x0a\x01" "a" "\x0a\x05\x0a\x03\x0a\x01" "a");
/* clang-format on */

static struct fake_transport transport;
static struct dk_state_backend backend;
static struct dk__state_services *services;
static struct fake_call init, call;

static void setup(void) {
    fake_state_reset();
    fake_transport_open(&transport);
    backend = fake_state_backend;
    services = NULL;
}

static void teardown(void) {
    dk__state_services_free(services); /* answers what still waits */
    if (call.transport != NULL) {
        fake_call_free(&call);
    }
    if (init.transport != NULL) {
        fake_call_free(&init);
    }
    fake_transport_close(&transport);
}

TestSuite(state, .init = setup, .fini = teardown);

static void serve(void) {
    cr_assert(eq(int, dk__state_services_new(&transport.server, &backend, &services), DK_OK));
}

static void begin(struct fake_call *target, const char *path, struct dk_bytes message) {
    const struct dk__rpc_headers headers = fake_headers(path);
    fake_call_unary(target, &transport, &headers, message);
}

/* Serves, and opens the instance "statestore". */
static void serve_and_init(void) {
    serve();
    begin(&init, STORE "Init", nothing);
    cr_assert(eq(int, init.status.code, DK__CODE_OK), "%s", init.message);
}

static void call_ended_with(enum dk__code code, const char *part) {
    cr_assert(eq(uint, call.finishes, 1));
    cr_assert(eq(int, call.status.code, code), "%s", call.message);
    cr_assert(ne(ptr, strstr(call.message, part), NULL), "'%s'", call.message);
}

static void answer_is(struct dk_bytes wanted) {
    const struct dk_bytes answer = fake_call_answer(&call, 0);
    cr_assert(ne(ptr, (void *)answer.data, NULL));
    cr_assert(eq(sz, answer.size, wanted.size));
    cr_assert(dk_bytes_equal(answer, wanted));
}

Test(state, init_opens_the_instance_of_the_header) {
    serve();

    begin(&init, STORE "Init", nothing);

    cr_assert(eq(int, init.status.code, DK__CODE_OK));
    cr_assert(eq(uint, fake_state.opens, 1));
    cr_assert(eq(str, fake_state.calls[0].instance, "statestore"));
}

Test(state, init_without_the_header_opens_the_nameless_instance) {
    serve();
    struct dk__rpc_headers headers = fake_headers(STORE "Init");
    headers.instance = (struct dk_bytes){0};

    fake_call_unary(&init, &transport, &headers, nothing);

    cr_assert(eq(int, init.status.code, DK__CODE_OK));
    cr_assert(eq(str, fake_state.calls[0].instance, ""));
}

Test(state, init_hands_properties_on_and_tells_their_faults) {
    serve();

    /* metadata { properties { "number": "x" } } */
    begin(
        &call,
        STORE "Init",
        (struct dk_bytes)DK_BYTES("\x0a\x0d\x0a\x0b\x0a\x06"
                                  "number"
                                  "\x12\x01"
                                  "x"));

    call_ended_with(DK__CODE_INVALID_ARGUMENT, "number: 'x'");
    cr_assert(eq(uint, fake_state.opens, 0));
}

Test(state, a_failed_open_fails_init_and_leaves_no_instance) {
    serve();
    fake_state.opens_at_once = false;

    begin(&init, STORE "Init", nothing);
    dk_reply_fail(fake_state_take(fake_state_last("open")), DK_DENIED, "fake: wrong password");
    begin(&call, STORE "Get", key_a);

    cr_assert(eq(int, init.status.code, DK__CODE_PERMISSION_DENIED));
    cr_assert(eq(str, init.message, "fake: wrong password"));
    call_ended_with(DK__CODE_FAILED_PRECONDITION, "not initialised");
    cr_assert(eq(uint, fake_state.closes, 0)); /* not from within its own reply */
    cr_assert(eq(int, dk__loop_turn(transport.loop, 0), DK_OK));
    cr_assert(eq(uint, fake_state.closes, 1));
}

Test(state, calls_before_init_say_what_to_do) {
    static const char *const methods[] = {
        "Get", "Set", "Delete", "BulkGet", "BulkSet", "BulkDelete", "Ping"};
    serve();
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        char path[128];
        (void)snprintf(path, sizeof path, STORE "%s", methods[i]);

        begin(&call, path, key_a);

        call_ended_with(
            DK__CODE_FAILED_PRECONDITION,
            "dk-fake: instance 'statestore' is not initialised; daprd sends Init once at its "
            "start: restart daprd (or SIGHUP it) after restarting this component");
        cr_assert(eq(sz, call.status.details.size, 0));
        fake_call_free(&call);
    }
    cr_assert(eq(sz, fake_state.count, 0));
}

Test(state, features_are_flags_and_functions_in_words) {
    serve();

    begin(&call, STORE "Features", nothing);

    answer_is((struct dk_bytes)DK_BYTES("\x0a\x04"
                                        "ETAG"
                                        "\x0a\x0d"
                                        "TRANSACTIONAL"
                                        "\x0a\x09"
                                        "QUERY_API"
                                        "\x0a\x03"
                                        "TTL"
                                        "\x0a\x0d"
                                        "PARTITION_KEY"));
}

Test(state, a_backend_without_features_tells_none) {
    backend.features = 0;
    backend.transact = NULL;
    backend.query = NULL;
    serve();

    begin(&call, STORE "Features", nothing);

    call_ended_with(DK__CODE_OK, "");
    answer_is(nothing);
}

Test(state, services_follow_from_functions) {
    static const char *const names[] = {
        "dapr.proto.components.v1.TransactionalStateStore",
        "dapr.proto.components.v1.TransactionalStoreMultiMaxSize",
        "dapr.proto.components.v1.QueriableStateStore"};
    backend.transact = NULL;
    backend.query = NULL;
    serve();

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const struct dk_bytes name = dk_bytes_of(names[i]);
        cr_assert(eq(ptr, (void *)dk__server_service(&transport.server, name), NULL));
    }
    cr_assert(eq(sz, transport.server.service_count, 1));
}

Test(state, ping_without_a_function_is_answered_without_an_instance) {
    backend.ping = NULL;
    serve();

    begin(&call, STORE "Ping", nothing);

    call_ended_with(DK__CODE_OK, "");
}

Test(state, ping_reaches_the_backend) {
    serve_and_init();

    begin(&call, STORE "Ping", nothing);
    dk_reply_fail(fake_state_take(fake_state_last("ping")), DK_UNAVAILABLE, "fake: gone");

    call_ended_with(DK__CODE_UNAVAILABLE, "fake: gone");
}

Test(state, get_answers_what_the_store_found) {
    serve_and_init();

    begin(&call, STORE "Get", key_a);
    struct fake_state_call *get = fake_state_last("get");
    const struct dk_get *request = get->request;
    cr_assert(dk_bytes_equal(request->key, (struct dk_bytes)DK_BYTES("a")));
    struct dk_reply *reply = fake_state_take(get);
    dk_reply_item(reply, &(struct dk_item){.data = DK_BYTES("value"), .etag = DK_BYTES("7")});
    dk_reply_ok(reply);

    call_ended_with(DK__CODE_OK, "");
    answer_is((struct dk_bytes)DK_BYTES("\x0a\x05"
                                        "value"
                                        "\x12\x03\x0a\x01"
                                        "7"));
}

Test(state, get_of_a_missing_key_is_an_empty_answer) {
    serve_and_init();

    begin(&call, STORE "Get", key_a);
    dk_reply_ok(fake_state_take(fake_state_last("get")));

    call_ended_with(DK__CODE_OK, "");
    answer_is(nothing);
}

Test(state, an_item_before_a_failure_is_dropped) {
    serve_and_init();

    begin(&call, STORE "Get", key_a);
    struct dk_reply *reply = fake_state_take(fake_state_last("get"));
    dk_reply_item(reply, &(struct dk_item){.data = DK_BYTES("value")});
    dk_reply_fail(reply, DK_INTERNAL, "fake: no");

    call_ended_with(DK__CODE_INTERNAL, "fake: no");
    cr_assert(eq(sz, call.answer_size, 0));
}

Test(state, an_item_after_the_deadline_is_dropped) {
    serve_and_init();
    struct dk__rpc_headers headers = fake_headers(STORE "Get");
    headers.timeout = (struct dk_bytes)DK_BYTES("1m");

    fake_call_unary(&call, &transport, &headers, key_a);
    fake_transport_wait(&transport, 2000);
    struct dk_reply *reply = fake_state_take(fake_state_last("get"));
    dk_reply_item(reply, &(struct dk_item){.data = DK_BYTES("value")});
    dk_reply_ok(reply);

    call_ended_with(DK__CODE_DEADLINE_EXCEEDED, "");
    cr_assert(eq(sz, call.answer_size, 0));
}

Test(state, an_item_begun_before_the_deadline_is_dropped_too) {
    serve_and_init();
    struct dk__rpc_headers headers = fake_headers(STORE "Get");
    headers.timeout = (struct dk_bytes)DK_BYTES("1m");

    fake_call_unary(&call, &transport, &headers, key_a);
    struct dk_reply *reply = fake_state_take(fake_state_last("get"));
    dk_reply_item(reply, &(struct dk_item){.data = DK_BYTES("value")});
    fake_transport_wait(&transport, 2000);
    fake_call_close(&call);
    dk_reply_ok(reply);

    call_ended_with(DK__CODE_DEADLINE_EXCEEDED, "");
    cr_assert(eq(sz, call.answer_size, 0));
}

Test(state, set_and_delete_answer_an_empty_message) {
    serve_and_init();

    begin(&call, STORE "Set", set_a);
    const struct dk_set *request = fake_state_last("set")->request;
    cr_assert(dk_bytes_equal(request->value, (struct dk_bytes)DK_BYTES("value")));
    cr_assert(eq(ptr, (void *)request->etag.data, NULL));
    dk_reply_ok(fake_state_take(fake_state_last("set")));
    call_ended_with(DK__CODE_OK, "");
    answer_is(nothing);
    fake_call_free(&call);

    begin(&call, STORE "Delete", key_a);
    dk_reply_ok(fake_state_take(fake_state_last("delete")));
    call_ended_with(DK__CODE_OK, "");
    answer_is(nothing);
}

Test(state, bytes_that_are_no_message_are_invalid) {
    static const char *const methods[] = {
        "Init", "Get", "Set", "Delete", "BulkGet", "BulkSet", "BulkDelete"};
    serve_and_init();
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        char path[128];
        (void)snprintf(path, sizeof path, STORE "%s", methods[i]);

        begin(
            &call,
            path,
            (struct dk_bytes)DK_BYTES("\x0a\x7f"
                                      "cut"));

        call_ended_with(DK__CODE_INVALID_ARGUMENT, "");
        fake_call_free(&call);
    }
    cr_assert(eq(sz, fake_state.count, 1)); /* the Init of the fixture */
}

Test(state, an_empty_key_is_invalid_and_reaches_nobody) {
    serve_and_init();

    begin(&call, STORE "Get", nothing);

    call_ended_with(DK__CODE_INVALID_ARGUMENT, "key");
    cr_assert(eq(sz, fake_state.count, 1));
}

Test(state, bulk_get_goes_to_the_backend_that_has_it) {
    serve_and_init();

    begin(&call, STORE "BulkGet", bulk_ab);
    const struct dk_bulk_get *request = fake_state_last("bulk_get")->request;
    cr_assert(eq(sz, request->count, 2));
    struct dk_reply *reply = fake_state_take(fake_state_last("bulk_get"));
    dk_reply_item(reply, &(struct dk_item){.key = DK_BYTES("a"), .data = DK_BYTES("x")});
    dk_reply_item(reply, &(struct dk_item){.key = DK_BYTES("b"), .error = DK_BYTES("no")});
    dk_reply_ok(reply);

    call_ended_with(DK__CODE_OK, "");
    answer_is((struct dk_bytes)DK_BYTES("\x0a\x06\x0a\x01"
                                        "a"
                                        "\x12\x01"
                                        "x"
                                        "\x0a\x07\x0a\x01"
                                        "b"
                                        "\x22\x02"
                                        "no"));
}

Test(state, bulk_get_becomes_gets_for_a_backend_without_it) {
    backend.bulk_get = NULL;
    serve_and_init();

    begin(&call, STORE "BulkGet", bulk_ab);
    struct dk_reply *second = fake_state_take(&fake_state.calls[2]);
    struct dk_reply *first = fake_state_take(&fake_state.calls[1]);
    dk_reply_item(second, &(struct dk_item){.data = DK_BYTES("y")});
    dk_reply_ok(second);
    dk_reply_item(first, &(struct dk_item){.data = DK_BYTES("x")});
    dk_reply_ok(first);

    call_ended_with(DK__CODE_OK, "");
    answer_is((struct dk_bytes)DK_BYTES("\x0a\x06\x0a\x01"
                                        "a"
                                        "\x12\x01"
                                        "x"
                                        "\x0a\x06\x0a\x01"
                                        "b"
                                        "\x12\x01"
                                        "y"));
}

Test(state, bulk_writes_become_single_writes_for_a_backend_without_them) {
    static const char *const rows[][2] = {{"BulkSet", "set"}, {"BulkDelete", "delete"}};
    backend.bulk_set = NULL;
    backend.bulk_delete = NULL;
    serve_and_init();
    for (size_t i = 0; i < 2; i++) {
        char path[128];
        (void)snprintf(path, sizeof path, STORE "%s", rows[i][0]);

        begin(&call, path, bulk_ab);
        dk_reply_ok(fake_state_take(fake_state_last(rows[i][1])));
        cr_assert(eq(uint, call.finishes, 0));
        dk_reply_fail(
            fake_state_take(&fake_state.calls[fake_state.count - 2]), DK_ETAG_MISMATCH, "stale");

        call_ended_with(DK__CODE_FAILED_PRECONDITION, "'a': stale");
        fake_call_free(&call);
    }
}

Test(state, bulk_children_outlive_a_peer_that_left) {
    backend.bulk_get = NULL;
    serve_and_init();

    begin(&call, STORE "BulkGet", bulk_ab);
    struct dk_reply *first = fake_state_take(&fake_state.calls[1]);
    struct dk_reply *second = fake_state_take(&fake_state.calls[2]);
    dk_reply_item(first, &(struct dk_item){.data = DK_BYTES("x")});
    dk_reply_ok(first);
    fake_call_reset(&call);
    cr_assert(dk_reply_is_over(second));
    dk_reply_item(second, &(struct dk_item){.data = DK_BYTES("y")});
    dk_reply_ok(second);

    call_ended_with(DK__CODE_CANCELLED, "");
    cr_assert(eq(uint, call.let_gos, 1));
}

Test(state, a_row_mismatch_is_internal_with_its_numbers) {
    serve_and_init();

    begin(&call, STORE "BulkDelete", bulk_ab);
    dk_reply_row_mismatch(fake_state_take(fake_state_last("bulk_delete")), 2, 1);

    call_ended_with(DK__CODE_INTERNAL, "1 of 2");
    cr_assert(gt(sz, call.status.details.size, 0));
}

Test(state, transact_reaches_the_backend_up_to_its_bound) {
    serve_and_init();

    begin(&call, "/dapr.proto.components.v1.TransactionalStateStore/Transact", transact_1);
    dk_reply_ok(fake_state_take(fake_state_last("transact")));
    call_ended_with(DK__CODE_OK, "");
    fake_call_free(&call);

    begin(&call, "/dapr.proto.components.v1.TransactionalStateStore/Transact", transact_3);
    call_ended_with(DK__CODE_INVALID_ARGUMENT, "3 operations, 2 are allowed");
}

Test(state, multi_max_size_is_the_backends_number) {
    serve();

    begin(&call, "/dapr.proto.components.v1.TransactionalStoreMultiMaxSize/MultiMaxSize", nothing);

    answer_is((struct dk_bytes)DK_BYTES("\x08\x02"));
}

Test(state, query_answers_rows_and_token) {
    serve_and_init();

    begin(&call, "/dapr.proto.components.v1.QueriableStateStore/Query", nothing);
    struct dk_reply *reply = fake_state_take(fake_state_last("query"));
    dk_reply_item(reply, &(struct dk_item){.key = DK_BYTES("a"), .data = DK_BYTES("1")});
    dk_reply_token(reply, (struct dk_bytes)DK_BYTES("next"));
    dk_reply_ok(reply);

    call_ended_with(DK__CODE_OK, "");
    answer_is((struct dk_bytes)DK_BYTES("\x0a\x06\x0a\x01"
                                        "a"
                                        "\x12\x01"
                                        "1"
                                        "\x12\x04"
                                        "next"));
}

Test(state, texts_that_are_no_utf8_fail_the_call_that_has_them) {
    static const struct dk_item items[] = {
        {.key = DK_BYTES("\xff")},
        {.key = DK_BYTES("a"), .etag = DK_BYTES("\xff")},
        {.key = DK_BYTES("a"), .error = DK_BYTES("\xff")},
        {.key = DK_BYTES("a"), .content_type = DK_BYTES("\xff")},
    };
    serve_and_init();
    for (size_t i = 0; i < sizeof items / sizeof items[0]; i++) {
        begin(&call, "/dapr.proto.components.v1.QueriableStateStore/Query", nothing);
        struct dk_reply *reply = fake_state_take(fake_state_last("query"));
        dk_reply_item(reply, &items[i]);
        dk_reply_ok(reply);

        call_ended_with(DK__CODE_INTERNAL, "not UTF-8");
        cr_assert(eq(sz, call.answer_size, 0));
        fake_call_free(&call);
    }
}

Test(state, an_answer_over_the_bound_fails_that_call_alone) {
    static char large[2000];
    transport.server.limits.reply_bytes_max = 1000;
    serve_and_init();

    begin(&call, STORE "Get", key_a);
    struct dk_reply *reply = fake_state_take(fake_state_last("get"));
    dk_reply_item(reply, &(struct dk_item){.data = {.data = large, .size = sizeof large}});
    dk_reply_ok(reply);

    call_ended_with(DK__CODE_RESOURCE_EXHAUSTED, "reply-bytes-max = 1000");
    cr_assert(eq(sz, call.status.details.size, 0)); /* no 429: later is not better */
    cr_assert(eq(sz, call.answer_size, 0));
}

Test(state, an_answer_says_when_it_takes_no_more_items) {
    static char large[400];
    const struct dk_item item = {.data = {.data = large, .size = sizeof large}};
    transport.server.limits.reply_bytes_max = 1000;
    serve_and_init();
    begin(&call, "/dapr.proto.components.v1.QueriableStateStore/Query", nothing);
    struct dk_reply *reply = fake_state_take(fake_state_last("query"));

    dk_reply_item(reply, &item);
    dk_reply_item(reply, &item);
    cr_assert(not(dk_reply_is_full(reply)));
    dk_reply_item(reply, &item);

    cr_assert(dk_reply_is_full(reply));
    dk_reply_ok(reply);
    call_ended_with(DK__CODE_RESOURCE_EXHAUSTED, "reply-bytes-max = 1000");
}

Test(state, instances_are_apart) {
    struct dk__rpc_headers headers = fake_headers(STORE "Init");
    serve_and_init();
    headers.instance = (struct dk_bytes)DK_BYTES("other");
    fake_call_unary(&call, &transport, &headers, nothing);
    fake_call_free(&call);

    headers.path = (struct dk_bytes)DK_BYTES(STORE "Get");
    fake_call_unary(&call, &transport, &headers, key_a);
    cr_assert(eq(str, fake_state_last("get")->instance, "other"));
    dk_reply_ok(fake_state_take(fake_state_last("get")));
    fake_call_free(&call);

    begin(&call, STORE "Get", key_a);
    cr_assert(eq(str, fake_state_last("get")->instance, "statestore"));
    dk_reply_ok(fake_state_take(fake_state_last("get")));
}

Test(state, a_second_init_replaces_the_store_whose_calls_go_on) {
    struct fake_call again, after;
    serve_and_init();
    struct dk_instance *old = fake_state.calls[0].store;
    begin(&call, STORE "Get", key_a);
    struct fake_state_call *get = fake_state_last("get");

    begin(&again, STORE "Init", nothing);
    cr_assert(eq(int, dk__loop_turn(transport.loop, 0), DK_OK));

    cr_assert(eq(int, again.status.code, DK__CODE_OK));
    cr_assert(eq(uint, fake_state.closes, 0)); /* a call holds it */
    begin(&after, STORE "Get", key_a);
    cr_assert(ne(ptr, fake_state_last("get")->store, old));
    dk_reply_ok(fake_state_take(fake_state_last("get")));
    dk_reply_ok(fake_state_take(get));
    call_ended_with(DK__CODE_OK, "");
    cr_assert(eq(int, dk__loop_turn(transport.loop, 0), DK_OK));
    cr_assert(eq(uint, fake_state.closes, 1));
    fake_call_free(&after);
    fake_call_free(&again);
}

Test(state, the_old_store_serves_until_the_new_one_is_open) {
    struct fake_call again;
    serve_and_init();
    fake_state.opens_at_once = false;

    begin(&again, STORE "Init", nothing);
    struct fake_state_call *opening = fake_state_last("open");
    begin(&call, STORE "Get", key_a);
    cr_assert(eq(ptr, fake_state_last("get")->store, fake_state.calls[0].store));
    dk_reply_ok(fake_state_take(fake_state_last("get")));
    call_ended_with(DK__CODE_OK, "");
    dk_reply_fail(fake_state_take(opening), DK_UNAVAILABLE, "fake: cannot connect");
    fake_call_free(&call);

    begin(&call, STORE "Get", key_a); /* the failed Init has changed nothing */
    dk_reply_ok(fake_state_take(fake_state_last("get")));
    call_ended_with(DK__CODE_OK, "");
    cr_assert(eq(int, again.status.code, DK__CODE_UNAVAILABLE));
    fake_call_free(&again);
}

Test(state, an_init_whose_caller_left_opens_all_the_same) {
    serve();
    fake_state.opens_at_once = false;

    begin(&init, STORE "Init", nothing);
    fake_call_reset(&init);
    dk_reply_ok(fake_state_take(fake_state_last("open")));
    begin(&call, STORE "Get", key_a);
    dk_reply_ok(fake_state_take(fake_state_last("get")));

    call_ended_with(DK__CODE_OK, "");
}

Test(state, freeing_the_services_answers_what_waits) {
    serve_and_init();
    begin(&call, STORE "Get", key_a);

    dk__state_services_free(services);
    services = NULL;

    call_ended_with(DK__CODE_UNAVAILABLE, "closed");
    cr_assert(eq(uint, fake_state.closes, 1));
}

Test(state, freeing_the_services_while_an_init_waits_answers_it) {
    serve();
    fake_state.opens_at_once = false;
    begin(&init, STORE "Init", nothing);

    dk__state_services_free(services);
    services = NULL;

    cr_assert(eq(uint, init.finishes, 1));
    cr_assert(eq(int, init.status.code, DK__CODE_UNAVAILABLE));
}
