/* The cases of pub/sub: see the header. */
#include "conformance/pubsub_cases.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WINDOW_MAX = 256 };

static void publish(struct broker_rig *rig, const char *topic, const char *text) {
    cr_assert(eq(int, rig_publish(rig, "a", topic, dk_bytes_of(text), NULL), 0), "%s", rig->words);
}

static void publish_numbers(struct broker_rig *rig, const char *topic, int from, int until) {
    char text[16];
    for (int i = from; i < until; i++) {
        (void)snprintf(text, sizeof text, "%d", i);
        publish(rig, topic, text);
    }
}

static bool message_is(const struct rig_reader *reader, size_t index, const char *text) {
    return dk_bytes_equal(rig_message(reader, index).data, dk_bytes_of(text));
}

static int number_of(const struct rig_reader *reader, size_t index) {
    const struct dk_bytes data = rig_message(reader, index).data;
    char text[16] = "";
    cr_assert(lt(sz, data.size, sizeof text));
    memcpy(text, data.data, data.size);
    return atoi(text);
}

/* Receives and handles messages from … until, one after the other. */
static void handle(const struct rig_reader *reader, size_t from, size_t until) {
    for (size_t i = from; i < until; i++) {
        rig_expect(reader, i + 1);
        rig_settle(reader, i, NULL);
    }
}

static void a_message_comes_as_it_was_published(
    struct broker_rig *rig, const struct broker_row *row) {
    static const char *const metadata[] = {"colour", "gr\xc3\xbcn", NULL};
    static const struct dk_bytes data = DK_BYTES("\0no text\xff");
    struct rig_reader reader = rig_subscribe(rig, "a", "orders");
    (void)row;

    cr_assert(eq(int, rig_publish(rig, "a", "orders", data, metadata), 0), "%s", rig->words);

    rig_expect(&reader, 1);
    const struct rig_message message = rig_message(&reader, 0);
    cr_assert(dk_bytes_equal(message.data, data));
    cr_assert(eq(str, (char *)message.topic, "orders"));
    cr_assert(
        ne(ptr, strstr(message.metadata, "colour=gr\xc3\xbcn"), NULL), "%s", message.metadata);
    cr_assert(gt(sz, strlen(message.id), 0));
    rig_unsubscribe(&reader);
}

static void messages_of_no_and_of_many_bytes_come(
    struct broker_rig *rig, const struct broker_row *row) {
    enum { LARGE = 900000 };
    static char large[LARGE];
    struct rig_reader reader = rig_subscribe(rig, "a", "orders");
    (void)row;
    memset(large, 'x', LARGE);

    publish(rig, "orders", "");
    cr_assert(eq(int, rig_publish(rig, "a", "orders", (struct dk_bytes){large, LARGE}, NULL), 0));

    handle(&reader, 0, 2);
    cr_assert(eq(sz, rig_message(&reader, 0).data.size, 0));
    cr_assert(dk_bytes_equal(rig_message(&reader, 1).data, (struct dk_bytes){large, LARGE}));
    rig_unsubscribe(&reader);
}

static void messages_come_in_order(struct broker_rig *rig, const struct broker_row *row) {
    struct rig_reader reader = rig_subscribe(rig, "a", "orders");
    (void)row;

    publish_numbers(rig, "orders", 0, 100);

    handle(&reader, 0, 100);
    for (int i = 0; i < 100; i++) {
        cr_assert(eq(int, number_of(&reader, (size_t)i), i));
    }
    rig_unsubscribe(&reader);
}

static void topics_are_apart(struct broker_rig *rig, const struct broker_row *row) {
    struct rig_reader orders = rig_subscribe(rig, "a", "orders");
    struct rig_reader bills = rig_subscribe(rig, "a", "bills");
    (void)row;

    publish(rig, "orders", "order");
    publish(rig, "bills", "bill");

    handle(&orders, 0, 1);
    handle(&bills, 0, 1);
    cr_assert(message_is(&orders, 0, "order"));
    cr_assert(message_is(&bills, 0, "bill"));
    cr_assert(eq(sz, rig_received(&orders), 1));
    rig_unsubscribe(&orders);
    rig_unsubscribe(&bills);
}

static void a_topic_without_subscribers_takes_messages(
    struct broker_rig *rig, const struct broker_row *row) {
    (void)row;
    publish(rig, "nobody", "x");
}

/* As when applications of two daprds name their broker alike: the later Init is of another group. */
static void every_group_gets_every_message(struct broker_rig *rig, const struct broker_row *row) {
    struct rig_reader first = rig_subscribe(rig, "a", "orders");
    cr_assert(eq(int, rig_init(rig, "a", row->properties("other")), 0), "%s", rig->words);
    struct rig_reader second = rig_subscribe(rig, "a", "orders");

    publish_numbers(rig, "orders", 0, 10);

    handle(&first, 0, 10);
    handle(&second, 0, 10);
    for (int i = 0; i < 10; i++) {
        cr_assert(eq(int, number_of(&first, (size_t)i), i));
        cr_assert(eq(int, number_of(&second, (size_t)i), i));
    }
    rig_unsubscribe(&first);
    rig_unsubscribe(&second);
}

struct pair {
    struct rig_reader readers[2];
    size_t handled[2];
    size_t wanted;
};

/* Handles what has come; true when that is all. */
static bool pair_is_done(void *context) {
    struct pair *pair = context;
    for (int i = 0; i < 2; i++) {
        for (; pair->handled[i] < rig_received(&pair->readers[i]); pair->handled[i]++) {
            rig_settle(&pair->readers[i], pair->handled[i], NULL);
        }
    }
    return pair->handled[0] + pair->handled[1] >= pair->wanted;
}

static void subscriptions_of_a_group_share_the_messages(
    struct broker_rig *rig, const struct broker_row *row) {
    enum { COUNT = 50 };
    struct pair pair = {.wanted = COUNT};
    int seen[COUNT] = {0};
    (void)row;
    pair.readers[0] = rig_subscribe(rig, "a", "orders");
    pair.readers[1] = rig_subscribe(rig, "a", "orders");

    publish_numbers(rig, "orders", 0, COUNT);

    rig_await(rig, pair_is_done, &pair);
    for (int i = 0; i < 2; i++) {
        for (size_t k = 0; k < rig_received(&pair.readers[i]); k++) {
            seen[number_of(&pair.readers[i], k)]++;
        }
    }
    for (int i = 0; i < COUNT; i++) {
        cr_assert(eq(int, seen[i], 1), "message %d", i);
    }
    rig_unsubscribe(&pair.readers[0]);
    rig_unsubscribe(&pair.readers[1]);
}

static void a_refused_message_comes_again(struct broker_rig *rig, const struct broker_row *row) {
    struct rig_reader reader = rig_subscribe(rig, "a", "orders");
    (void)row;
    publish(rig, "orders", "first");

    for (size_t i = 0; i < 3; i++) {
        rig_expect(&reader, i + 1);
        cr_assert(message_is(&reader, i, "first"));
        rig_settle(&reader, i, "not now");
    }
    handle(&reader, 3, 4);
    publish(rig, "orders", "second");

    handle(&reader, 4, 5);
    cr_assert(message_is(&reader, 4, "second"));
    rig_unsubscribe(&reader);
}

static void every_delivery_has_an_id_of_its_own(
    struct broker_rig *rig, const struct broker_row *row) {
    struct rig_reader reader = rig_subscribe(rig, "a", "orders");
    (void)row;
    publish(rig, "orders", "first");
    rig_expect(&reader, 1);
    rig_settle(&reader, 0, "not now");
    rig_expect(&reader, 2);

    rig_settle(&reader, 0, NULL); /* late: it is not what is out now */
    const struct rig_message first = rig_message(&reader, 0);
    cr_assert(ne(str, (char *)first.id, (char *)rig_message(&reader, 1).id));

    rig_settle(&reader, 1, "not now");
    rig_expect(&reader, 3);
    handle(&reader, 2, 3);
    rig_unsubscribe(&reader);
}

static void a_handled_message_does_not_come_again(
    struct broker_rig *rig, const struct broker_row *row) {
    struct rig_reader reader = rig_subscribe(rig, "a", "orders");
    (void)row;
    publish(rig, "orders", "first");
    handle(&reader, 0, 1);
    cr_assert(eq(int, rig_call(rig, "a", "Features"), 0)); /* the ack was heard */
    rig_unsubscribe(&reader);

    reader = rig_subscribe(rig, "a", "orders");
    publish(rig, "orders", "second");

    rig_expect(&reader, 1);
    cr_assert(message_is(&reader, 0, "second"));
    rig_unsubscribe(&reader);
}

static void what_a_stream_left_unsettled_comes_again(
    struct broker_rig *rig, const struct broker_row *row) {
    struct rig_reader reader = rig_subscribe(rig, "a", "orders");
    (void)row;
    publish_numbers(rig, "orders", 0, 3);
    rig_expect(&reader, 1);
    rig_unsubscribe(&reader);

    reader = rig_subscribe(rig, "a", "orders");

    handle(&reader, 0, 3);
    for (int i = 0; i < 3; i++) {
        cr_assert(eq(int, number_of(&reader, (size_t)i), i));
    }
    rig_unsubscribe(&reader);
}

static void another_subscription_takes_over(struct broker_rig *rig, const struct broker_row *row) {
    struct rig_reader leaver = rig_subscribe(rig, "a", "orders");
    (void)row;
    publish_numbers(rig, "orders", 0, 5);
    rig_expect(&leaver, 1);
    struct rig_reader heir = rig_subscribe(rig, "a", "orders");

    rig_unsubscribe(&leaver);

    handle(&heir, 0, 5);
    rig_unsubscribe(&heir);
}

static void unsettled_messages_are_bounded(struct broker_rig *rig, const struct broker_row *row) {
    const size_t bound = row->waits_for_ack ? 1 : WINDOW_MAX;
    enum { COUNT = WINDOW_MAX + 10 };
    struct rig_reader reader = rig_subscribe(rig, "a", "orders");

    publish_numbers(rig, "orders", 0, COUNT);

    rig_expect(&reader, bound);
    cr_assert(eq(int, rig_call(rig, "a", "Features"), 0));
    cr_assert(eq(sz, rig_received(&reader), bound));
    handle(&reader, 0, COUNT);
    rig_unsubscribe(&reader);
}

/* Reads on, handles what has come, until all have. */
struct slow {
    struct rig_reader reader;
    size_t handled, wanted;
};

static bool slow_is_done(void *context) {
    struct slow *slow = context;
    rig_read_on(&slow->reader);
    for (; slow->handled < rig_received(&slow->reader); slow->handled++) {
        rig_settle(&slow->reader, slow->handled, NULL);
    }
    return slow->handled >= slow->wanted;
}

/* More than its windows and its share of unsent bytes hold; nobody else is held up meanwhile. */
static void a_reader_that_stops_reading_gets_the_rest_later(
    struct broker_rig *rig, const struct broker_row *row) {
    enum { COUNT = 60, BYTES = 10000 };
    static char text[BYTES];
    struct slow slow = {.wanted = COUNT};
    struct rig_reader other = rig_subscribe(rig, "a", "bills");
    slow.reader = rig_subscribe_slowly(rig, "a", "orders");
    memset(text, 'x', BYTES);
    for (int i = 0; i < COUNT; i++) {
        (void)snprintf(text, 16, "%d", i);
        cr_assert(
            eq(int, rig_publish(rig, "a", "orders", (struct dk_bytes){text, BYTES}, NULL), 0));
    }
    if (!row->waits_for_ack) {
        rig_expect_full(&slow.reader);
    }
    publish(rig, "bills", "bill");
    handle(&other, 0, 1);

    rig_await(rig, slow_is_done, &slow);

    for (size_t i = 0; i < COUNT; i++) {
        const struct rig_message message = rig_message(&slow.reader, i);
        cr_assert(eq(sz, message.data.size, BYTES));
        cr_assert(eq(int, atoi(message.data.data), (int)i));
    }
    rig_unsubscribe(&other);
    rig_unsubscribe(&slow.reader);
}

static void a_paused_instance_is_silent_and_takes_acks(
    struct broker_rig *rig, const struct broker_row *row) {
    struct rig_reader reader = rig_subscribe(rig, "a", "orders");
    (void)row;
    publish(rig, "orders", "0");
    rig_expect(&reader, 1);

    cr_assert(eq(int, rig_call(rig, "a", "Pause"), 0));
    cr_assert(eq(int, rig_call(rig, "a", "Pause"), 0));
    rig_settle(&reader, 0, NULL);
    publish_numbers(rig, "orders", 1, 5);
    cr_assert(eq(int, rig_call(rig, "a", "Features"), 0));
    cr_assert(eq(sz, rig_received(&reader), 1));

    cr_assert(eq(int, rig_call(rig, "a", "Resume"), 0));
    handle(&reader, 1, 5);
    for (int i = 0; i < 5; i++) {
        cr_assert(eq(int, number_of(&reader, (size_t)i), i));
    }
    rig_unsubscribe(&reader);
}

static void a_replaced_instance_goes_on_delivering(
    struct broker_rig *rig, const struct broker_row *row) {
    struct rig_reader reader = rig_subscribe(rig, "a", "orders");
    publish(rig, "orders", "before");
    rig_expect(&reader, 1);

    cr_assert(eq(int, rig_init(rig, "a", row->properties("group")), 0), "%s", rig->words);
    rig_settle(&reader, 0, NULL);
    publish(rig, "orders", "after");

    rig_expect(&reader, 2);
    cr_assert(message_is(&reader, 1, "after"));
    rig_unsubscribe(&reader);
}

static void a_bulk_is_published_whole_and_in_order(
    struct broker_rig *rig, const struct broker_row *row) {
    static const char *const entries[] = {"x", "0", "y", "1", "z", "2", NULL};
    struct rig_reader reader = rig_subscribe(rig, "a", "orders");
    if (row->backend->bulk_publish == NULL) {
        cr_assert(eq(int, rig_bulk_publish(rig, "a", "orders", entries), 12));
        rig_unsubscribe(&reader);
        return;
    }

    cr_assert(eq(int, rig_bulk_publish(rig, "a", "orders", entries), 0), "%s", rig->words);

    cr_assert(eq(sz, rig->failed_count, 0));
    handle(&reader, 0, 3);
    for (int i = 0; i < 3; i++) {
        cr_assert(eq(int, number_of(&reader, (size_t)i), i));
    }
    rig_unsubscribe(&reader);
}

static void ping_of_a_living_broker_is_good(struct broker_rig *rig, const struct broker_row *row) {
    (void)row;
    cr_assert(eq(int, rig_call(rig, "a", "Ping"), 0), "%s", rig->words);
}

/* Each line is a CTest entry for every broker: tests/conformance/CMakeLists.txt reads them. */
#define CASE(function) \
    { #function, function }

/* clang-format off */
const struct pubsub_case pubsub_cases[] = {
    CASE(a_message_comes_as_it_was_published),
    CASE(messages_of_no_and_of_many_bytes_come),
    CASE(messages_come_in_order),
    CASE(topics_are_apart),
    CASE(a_topic_without_subscribers_takes_messages),
    CASE(every_group_gets_every_message),
    CASE(subscriptions_of_a_group_share_the_messages),
    CASE(a_refused_message_comes_again),
    CASE(every_delivery_has_an_id_of_its_own),
    CASE(a_handled_message_does_not_come_again),
    CASE(what_a_stream_left_unsettled_comes_again),
    CASE(another_subscription_takes_over),
    CASE(unsettled_messages_are_bounded),
    CASE(a_reader_that_stops_reading_gets_the_rest_later),
    CASE(a_paused_instance_is_silent_and_takes_acks),
    CASE(a_replaced_instance_goes_on_delivering),
    CASE(a_bulk_is_published_whole_and_in_order),
    CASE(ping_of_a_living_broker_is_good),
    {0},
};
/* clang-format on */
