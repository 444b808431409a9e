#include "support/fake_broker.h"
#include "support/fake_transport.h"
#include "wire/grpc/services.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>

#define PUBSUB "/dapr.proto.components.v1.PubSub/"

/* Messages as daprd would send them. */
/* clang-format off */
static const struct dk_bytes nothing = DK_BYTES("");
static const struct dk_bytes publish_e = DK_BYTES("\x0a\x01" "e" "\x1a\x06" "orders");
static const struct dk_bytes publish_no_topic = DK_BYTES("\x0a\x01" "e");
/* Entries "1" and "2" of the topic orders. */
static const struct dk_bytes bulk_12 = DK_BYTES(
    "\x0a\x06\x0a\x01" "1" "\x12\x01" "a" "\x0a\x06\x0a\x01" "2" "\x12\x01" "b" "\x1a\x06" "orders");
static const struct dk_bytes topic_orders = DK_BYTES("\x0a\x08\x0a\x06" "orders");
static const struct dk_bytes topic_bills = DK_BYTES("\x0a\x07\x0a\x05" "bills");
/* clang-format on */

static struct fake_transport transport;
static struct dk_pubsub_backend backend;
static struct dk__pubsub_services *services;
static struct fake_call call, streams[4];

static void setup(void) {
    fake_broker_reset();
    fake_transport_open(&transport);
    backend = fake_pubsub_backend;
    services = NULL;
}

/* Streams that a test left open are ended by the services. */
static void teardown(void) {
    dk__pubsub_services_free(services);
    for (size_t i = 0; i < sizeof streams / sizeof streams[0]; i++) {
        if (streams[i].transport != NULL) {
            fake_call_free(&streams[i]);
        }
    }
    if (call.transport != NULL) {
        fake_call_free(&call);
    }
    fake_transport_close(&transport);
}

TestSuite(pubsub, .init = setup, .fini = teardown);

static void ask(const char *path, struct dk_bytes message) {
    const struct dk__rpc_headers headers = fake_headers(path);
    if (call.transport != NULL) {
        fake_call_free(&call);
    }
    fake_call_unary(&call, &transport, &headers, message);
}

static void serve(void) {
    cr_assert(eq(int, dk__pubsub_services_new(&transport.server, &backend, &services), DK_OK));
    ask(PUBSUB "Init", nothing);
    cr_assert(eq(int, call.status.code, DK__CODE_OK), "%s", call.message);
}

static void ended_with(const struct fake_call *ended, enum dk__code code, const char *part) {
    cr_assert(eq(uint, ended->finishes, 1));
    cr_assert(eq(int, ended->status.code, code), "%s", ended->message);
    cr_assert(ne(ptr, strstr(ended->message, part), NULL), "'%s'", ended->message);
}

static struct fake_call *pull(size_t at, struct dk_bytes first) {
    const struct dk__rpc_headers headers = fake_headers(PUBSUB "PullMessages");
    fake_call_open(&streams[at], &transport, &headers);
    if (first.size > 0) {
        fake_call_send(&streams[at], first);
    }
    return &streams[at];
}

/* The id of the n-th message of a stream: its last field. */
static struct dk_bytes id_of(const struct fake_call *stream, size_t index) {
    const struct dk_bytes answer = fake_call_answer(stream, index);
    for (size_t at = answer.size; at-- > 0;) {
        if (answer.data[at] == '\x2a') {
            return (struct dk_bytes){answer.data + at + 2, answer.size - at - 2};
        }
    }
    cr_fatal("message %zu has no id", index);
}

/* An ack, or with words a nack. */
static void ack(struct fake_call *stream, struct dk_bytes id, const char *words) {
    char bytes[256];
    int size = snprintf(bytes, sizeof bytes, "\x12%c%.*s", (char)id.size, (int)id.size, id.data);
    if (words != NULL) {
        const char length = (char)strlen(words);
        size += snprintf(
            bytes + size,
            sizeof bytes - (size_t)size,
            "\x1a%c\x0a%c%s",
            (char)(length + 2),
            length,
            words);
    }
    fake_call_send(stream, (struct dk_bytes){bytes, (size_t)size});
}

/* ── unary calls ────────────────────────────────────────────────────────────────────────────── */

static void features_are(const char *const *words, size_t count) {
    char wanted[256];
    size_t size = 0;
    serve();
    for (size_t i = 0; i < count; i++) {
        size += (size_t)snprintf(
            wanted + size, sizeof wanted - size, "\x0a%c%s", (char)strlen(words[i]), words[i]);
    }

    ask(PUBSUB "Features", nothing);

    cr_assert(dk_bytes_equal(fake_call_answer(&call, 0), (struct dk_bytes){wanted, size}));
}

Test(pubsub, features_follow_from_the_backend) {
    static const char *const words[] = {
        "BULK_PUBSUB", "MESSAGE_TTL", "SUBSCRIBE_WILDCARDS", "BULK_SUBSCRIBE_IMMEDIATE"};
    features_are(words, 4);
}

Test(pubsub, bulk_subscriptions_never_wait_for_company) {
    static const char *const words[] = {"BULK_SUBSCRIBE_IMMEDIATE"};
    backend.features = 0;
    backend.bulk_publish = NULL;
    features_are(words, 1);
}

Test(pubsub, publish_hands_the_event_on) {
    serve();

    ask(PUBSUB "Publish", publish_e);

    const struct dk_publish *request = fake_broker.request;
    cr_assert(dk_bytes_equal(request->topic, dk_bytes_of("orders")));
    cr_assert(dk_bytes_equal(request->data, dk_bytes_of("e")));
    cr_assert(eq(uint, call.finishes, 0));
    dk_reply_ok(fake_broker_take());
    cr_assert(eq(int, call.status.code, DK__CODE_OK));
}

Test(pubsub, publish_without_a_topic_is_refused) {
    serve();

    ask(PUBSUB "Publish", publish_no_topic);

    ended_with(&call, DK__CODE_INVALID_ARGUMENT, "topic: is empty");
}

Test(pubsub, bulk_publish_names_the_entries_that_failed) {
    serve();
    ask(PUBSUB "BulkPublish", bulk_12);
    const struct dk_bulk_publish *request = fake_broker.request;
    cr_assert(eq(sz, request->count, 2));

    dk_reply_failed_entry(fake_broker.reply, dk_bytes_of("2"), dk_bytes_of("no"));
    dk_reply_ok(fake_broker_take());

    cr_assert(eq(int, call.status.code, DK__CODE_OK));
    cr_assert(dk_bytes_equal(
        fake_call_answer(&call, 0),
        (struct dk_bytes)DK_BYTES("\x0a\x07\x0a\x01"
                                  "2"
                                  "\x12\x02"
                                  "no")));
}

Test(pubsub, a_failed_bulk_publish_drops_the_list) {
    serve();
    ask(PUBSUB "BulkPublish", bulk_12);
    dk_reply_failed_entry(fake_broker.reply, dk_bytes_of("2"), dk_bytes_of("no"));

    dk_reply_fail(fake_broker_take(), DK_UNAVAILABLE, "fake: the broker is gone");

    ended_with(&call, DK__CODE_UNAVAILABLE, "the broker is gone");
    cr_assert(eq(ptr, (void *)fake_call_answer(&call, 0).data, NULL));
}

Test(pubsub, words_of_a_failed_entry_that_are_no_utf8_fail_the_answer) {
    serve();
    ask(PUBSUB "BulkPublish", bulk_12);

    dk_reply_failed_entry(fake_broker.reply, dk_bytes_of("2"), dk_bytes_of("\xff"));
    dk_reply_ok(fake_broker_take());

    ended_with(&call, DK__CODE_INTERNAL, "not UTF-8");
}

Test(pubsub, bulk_publish_without_the_function_is_unsupported) {
    backend.bulk_publish = NULL;
    serve();

    ask(PUBSUB "BulkPublish", bulk_12);

    ended_with(&call, DK__CODE_UNIMPLEMENTED, "one message a call");
}

Test(pubsub, ping_asks_the_backend_or_answers_for_it) {
    serve();
    ask(PUBSUB "Ping", nothing);
    dk_reply_fail(fake_broker_take(), DK_UNAVAILABLE, "fake: gone");
    ended_with(&call, DK__CODE_UNAVAILABLE, "gone");

    backend.ping = NULL;
    ask(PUBSUB "Ping", nothing);
    cr_assert(eq(int, call.status.code, DK__CODE_OK));
}

/* ── the stream ─────────────────────────────────────────────────────────────────────────────── */

Test(pubsub, a_stream_subscribes_with_its_first_message) {
    serve();
    struct fake_call *stream = pull(0, nothing);
    cr_assert(eq(str, fake_broker.events, ""));

    fake_call_send(stream, topic_orders);

    cr_assert(eq(str, fake_broker.events, "subscribe(orders) "));
    cr_assert(eq(u32, dk_subscription_credit(fake_broker.subscriptions[0]), 256));
}

Test(pubsub, a_message_has_the_topic_its_metadata_and_an_id) {
    static const struct dk_bytes begin = DK_BYTES("\x0a\x01"
                                                  "e"
                                                  "\x12\x06"
                                                  "orders"
                                                  "\x1a\x06\x0a\x01"
                                                  "k"
                                                  "\x12\x01"
                                                  "v"
                                                  "\x2a");
    serve();
    struct fake_call *stream = pull(0, topic_orders);

    cr_assert(eq(int, fake_broker_deliver(0, 0, "e"), DK_OK));

    const struct dk_bytes answer = fake_call_answer(stream, 0);
    cr_assert(gt(sz, answer.size, begin.size + 1));
    cr_assert(eq(int, memcmp(answer.data, begin.data, begin.size), 0));
}

Test(pubsub, acks_and_nacks_reach_the_backend) {
    serve();
    struct fake_call *stream = pull(0, topic_orders);
    (void)fake_broker_deliver(0, 0, "a"), (void)fake_broker_deliver(0, 1, "b");
    (void)fake_broker_deliver(0, 2, "c");

    ack(stream, id_of(stream, 2), NULL);
    ack(stream, id_of(stream, 0), "no");
    ack(stream, id_of(stream, 1), "");

    cr_assert(
        eq(str, fake_broker.events, "subscribe(orders) handled(2) refused(0:no) refused(1:) "));
}

Test(pubsub, an_ack_of_nothing_that_is_out_is_passed_over) {
    serve();
    struct fake_call *stream = pull(0, topic_orders);
    (void)fake_broker_deliver(0, 0, "a");

    ack(stream, dk_bytes_of("4711"), NULL);
    ack(stream, id_of(stream, 0), NULL);
    ack(stream, id_of(stream, 0), NULL);

    cr_assert(eq(str, fake_broker.events, "subscribe(orders) handled(0) "));
    cr_assert(eq(uint, stream->finishes, 0));
}

Test(pubsub, a_stream_that_breaks_a_rule_ends_with_words) {
    static const struct {
        struct dk_bytes first, second;
        const char *words;
    } rows[] = {
        {DK_BYTES("\x0a\x00"), DK_BYTES(""), "topic: the first message"},
        {DK_BYTES("\x12\x01"
                  "7"),
         DK_BYTES(""),
         "topic: the first message"},
        {DK_BYTES("\x0a\x03\x0a\x01\xff"), DK_BYTES(""), "topic.name: is not UTF-8"},
        {DK_BYTES("\x0a\x7f"), DK_BYTES(""), "cut off or malformed"},
        {DK_BYTES("\x0a\x08\x0a\x06"
                  "orders"),
         DK_BYTES("\x0a\x07\x0a\x05"
                  "bills"),
         "'orders' already"},
        {DK_BYTES("\x0a\x08\x0a\x06"
                  "orders"),
         DK_BYTES("\x0a\x00\x12\x01"
                  "7"),
         "'orders' already"},
        {DK_BYTES("\x0a\x08\x0a\x06"
                  "orders"),
         DK_BYTES("\x1a\x00"),
         "ack_message_id: is empty"},
        {DK_BYTES("\x0a\x08\x0a\x06"
                  "orders"),
         DK_BYTES("\x12\x01\xff"),
         "ack_message_id: is not UTF-8"},
    };
    serve();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fake_call *stream = pull(0, rows[i].first);
        if (rows[i].second.size > 0) {
            fake_call_send(stream, rows[i].second);
        }
        ended_with(stream, DK__CODE_INVALID_ARGUMENT, rows[i].words);
        fake_call_free(stream);
        *stream = (struct fake_call){0};
    }
}

Test(pubsub, a_stream_of_an_unknown_instance_ends_with_words) {
    struct dk__rpc_headers headers = fake_headers(PUBSUB "PullMessages");
    serve();
    headers.instance = dk_bytes_of("other");

    fake_call_open(&streams[0], &transport, &headers);

    ended_with(&streams[0], DK__CODE_FAILED_PRECONDITION, "instance 'other' is not initialised");
}

Test(pubsub, a_cancelled_stream_abandons_what_is_out) {
    serve();
    struct fake_call *stream = pull(0, topic_orders);
    (void)fake_broker_deliver(0, 0, "a"), (void)fake_broker_deliver(0, 1, "b");
    ack(stream, id_of(stream, 0), NULL);

    fake_call_reset(stream);

    cr_assert(eq(
        str, fake_broker.events, "subscribe(orders) handled(0) abandoned(1) unsubscribe(orders) "));
}

Test(pubsub, a_stream_cancelled_before_its_topic_is_nothing_to_the_backend) {
    serve();

    fake_call_reset(pull(0, nothing));

    cr_assert(eq(str, fake_broker.events, ""));
}

Test(pubsub, a_half_closed_stream_can_settle_nothing_and_ends) {
    serve();
    struct fake_call *stream = pull(0, topic_orders);
    (void)fake_broker_deliver(0, 0, "a");

    fake_call_half_close(stream);

    ended_with(stream, DK__CODE_OK, "");
    cr_assert(eq(str, fake_broker.events, "subscribe(orders) abandoned(0) unsubscribe(orders) "));
}

Test(pubsub, the_transport_says_when_there_is_credit_again) {
    serve();
    struct fake_call *stream = pull(0, topic_orders);
    transport.is_full = true;
    cr_assert(eq(u32, dk_subscription_credit(fake_broker.subscriptions[0]), 0));
    cr_assert(eq(int, fake_broker_deliver(0, 0, "a"), DK_EXHAUSTED));
    transport.is_full = false;

    dk__rpc_writable(stream->rpc);

    cr_assert(eq(uint, fake_broker.credits, 1));
}

Test(pubsub, the_window_is_bounded) {
    transport.server.limits.window_max = 2;
    serve();
    struct fake_call *stream = pull(0, topic_orders);
    cr_assert(eq(int, fake_broker_deliver(0, 0, "a"), DK_OK));
    cr_assert(eq(int, fake_broker_deliver(0, 1, "b"), DK_OK));
    cr_assert(eq(int, fake_broker_deliver(0, 2, "c"), DK_EXHAUSTED));

    ack(stream, id_of(stream, 0), NULL);

    cr_assert(eq(int, fake_broker_deliver(0, 2, "c"), DK_OK));
}

/* What can never be sent is told apart from what has to wait. */
Test(pubsub, a_message_that_daprd_could_not_take_is_invalid) {
    static char large[200];
    static const struct dk_pair bad_key = {DK_BYTES("\xff"), DK_BYTES("v")};
    static const struct dk_pair bad_value = {DK_BYTES("k"), DK_BYTES("\xff")};
    const struct {
        struct dk_message message;
        const char *words;
    } rows[] = {
        {{.data = {large, sizeof large}}, "reply-bytes-max = 100"},
        {{.content_type = DK_BYTES("\xff")}, "content type is not UTF-8"},
        {{.metadata = {&bad_key, 1}}, "is not UTF-8"},
        {{.metadata = {&bad_value, 1}}, "metadata 'k' is not UTF-8"},
    };
    static int token;
    transport.server.limits.reply_bytes_max = 100;
    serve();
    struct fake_call *stream = pull(0, topic_orders);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct dk_fault fault = {0};
        cr_assert(
            eq(int,
               dk_deliver(fake_broker.subscriptions[0], &rows[i].message, &token, &fault),
               DK_INVALID));
        cr_assert(ne(ptr, strstr(fault.text, rows[i].words), NULL), "'%s'", fault.text);
    }
    cr_assert(eq(int, fake_broker_deliver(0, 0, "small"), DK_OK)); /* the stream is well */
    cr_assert(ne(ptr, (void *)fake_call_answer(stream, 0).data, NULL));
    cr_assert(eq(u32, dk_subscription_credit(fake_broker.subscriptions[0]), 255));
}

/* ── instances, pause, drain ────────────────────────────────────────────────────────────────── */

Test(pubsub, a_replaced_instance_goes_on_with_its_streams) {
    serve();
    struct fake_call *stream = pull(0, topic_orders);
    ask(PUBSUB "Init", nothing);
    cr_assert(eq(uint, fake_broker.opens, 2));
    fake_transport_wait(&transport, 1000);
    cr_assert(eq(uint, fake_broker.closes, 0));

    cr_assert(eq(int, fake_broker_deliver(0, 0, "a"), DK_OK));
    ack(stream, id_of(stream, 0), NULL);
    fake_call_reset(stream);
    fake_transport_wait(&transport, 1000);

    cr_assert(eq(str, fake_broker.events, "subscribe(orders) handled(0) unsubscribe(orders) "));
    cr_assert(eq(uint, fake_broker.closes, 1));
}

Test(pubsub, pause_stops_all_streams_of_the_instance_and_acks_go_on) {
    serve();
    struct fake_call *first = pull(0, topic_orders);
    (void)pull(1, topic_bills);
    (void)fake_broker_deliver(0, 0, "a");

    ask(PUBSUB "Pause", nothing);
    ask(PUBSUB "Pause", nothing);

    cr_assert(eq(int, call.status.code, DK__CODE_OK));
    cr_assert(eq(int, fake_broker_deliver(0, 1, "b"), DK_EXHAUSTED));
    cr_assert(eq(int, fake_broker_deliver(1, 1, "b"), DK_EXHAUSTED));
    (void)pull(2, topic_bills); /* one that comes later */
    cr_assert(eq(int, fake_broker_deliver(2, 1, "b"), DK_EXHAUSTED));
    ack(first, id_of(first, 0), NULL);
    cr_assert(ne(ptr, strstr(fake_broker.events, "handled(0)"), NULL));
    cr_assert(eq(uint, fake_broker.credits, 0));

    ask(PUBSUB "Resume", nothing);
    ask(PUBSUB "Resume", nothing);

    cr_assert(eq(uint, fake_broker.credits, 3));
    cr_assert(eq(int, fake_broker_deliver(0, 1, "b"), DK_OK));
    cr_assert(eq(int, fake_broker_deliver(2, 2, "b"), DK_OK));
}

Test(pubsub, pause_leaves_other_instances_alone) {
    struct dk__rpc_headers headers = fake_headers(PUBSUB "Init");
    serve();
    headers.instance = dk_bytes_of("other");
    fake_call_free(&call);
    fake_call_unary(&call, &transport, &headers, nothing);
    (void)pull(0, topic_orders);
    headers.path = dk_bytes_of(PUBSUB "PullMessages");
    fake_call_open(&streams[1], &transport, &headers);
    fake_call_send(&streams[1], topic_orders);

    ask(PUBSUB "Pause", nothing);

    cr_assert(eq(u32, dk_subscription_credit(fake_broker.subscriptions[0]), 0));
    cr_assert(eq(u32, dk_subscription_credit(fake_broker.subscriptions[1]), 256));
}

Test(pubsub, a_new_init_forgets_a_pause) {
    serve();
    ask(PUBSUB "Pause", nothing);
    ask(PUBSUB "Init", nothing);

    (void)pull(0, topic_orders);

    cr_assert(eq(int, fake_broker_deliver(0, 0, "a"), DK_OK));
}

Test(pubsub, pause_of_an_unknown_instance_is_refused) {
    cr_assert(eq(int, dk__pubsub_services_new(&transport.server, &backend, &services), DK_OK));

    ask(PUBSUB "Pause", nothing);

    ended_with(&call, DK__CODE_FAILED_PRECONDITION, "is not initialised");
}

Test(pubsub, draining_ends_a_stream_when_its_last_message_is_settled) {
    serve();
    struct fake_call *busy = pull(0, topic_orders), *idle = pull(1, topic_bills);
    struct fake_call *unsubscribed = pull(2, nothing);
    (void)fake_broker_deliver(0, 0, "a"), (void)fake_broker_deliver(0, 1, "b");

    transport.server.is_draining = true;
    dk__pubsub_services_drain(services);

    ended_with(idle, DK__CODE_UNAVAILABLE, "shutting down");
    ended_with(unsubscribed, DK__CODE_UNAVAILABLE, "shutting down");
    cr_assert(eq(uint, busy->finishes, 0));
    cr_assert(eq(int, fake_broker_deliver(0, 2, "c"), DK_EXHAUSTED));
    ack(busy, id_of(busy, 0), NULL);
    cr_assert(eq(uint, busy->finishes, 0));
    ack(busy, id_of(busy, 1), "no");

    ended_with(busy, DK__CODE_UNAVAILABLE, "shutting down");
    cr_assert(
        eq(str,
           fake_broker.events,
           "subscribe(orders) subscribe(bills) unsubscribe(bills) handled(0) refused(1:no) "
           "unsubscribe(orders) "));
}
