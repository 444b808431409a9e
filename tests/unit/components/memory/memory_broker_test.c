/* What is particular about the in-memory broker; what every broker does is in tests/conformance. */
#include "pubsub/memory/memory_broker.h"

#include "support/broker_rig.h"

#include "core/loop.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>

enum { EXHAUSTED = 8, INVALID = 3 };

static struct broker_rig rig;

static void open_with(const char *name, const char *value) {
    const bool is_interval = strcmp(name, "redeliverInterval") == 0;
    const char *const properties[] = {
        "consumerID", "shop", name, value, is_interval ? NULL : "redeliverInterval", "20ms", NULL};
    broker_rig_open(&rig, &memory_broker);
    cr_assert(eq(int, rig_init(&rig, "a", properties), 0), "%s", rig.words);
}

static void teardown(void) {
    broker_rig_close(&rig);
}

TestSuite(memory_broker, .fini = teardown, .timeout = 60);

static int publish(const char *text, const char *const *metadata) {
    return rig_publish(&rig, "a", "orders", dk_bytes_of(text), metadata);
}

static bool message_is(const struct rig_reader *reader, size_t index, const char *text) {
    return dk_bytes_equal(rig_message(reader, index).data, dk_bytes_of(text));
}

/* Until the clock has moved by so many ms. */
static void let_pass(int64_t ms) {
    const int64_t until_ms = dk_clock_ms() + ms;
    while (dk_clock_ms() <= until_ms) {
        cr_assert(eq(int, dk__loop_turn(rig.loop, 1000), DK_OK));
    }
}

static const char *const short_ttl[] = {"ttlInSeconds", "1ms", NULL};

Test(memory_broker, refuses_a_publish_beyond_its_bytes) {
    static char large[600];
    open_with("maxBytes", "1024");
    memset(large, 'x', sizeof large - 1);
    struct rig_reader reader = rig_subscribe(&rig, "a", "orders");
    cr_assert(eq(int, publish(large, NULL), 0));

    cr_assert(eq(int, publish(large, NULL), EXHAUSTED));
    cr_assert(ne(ptr, strstr(rig.words, "maxBytes 1024 reached"), NULL), "%s", rig.words);

    rig_settle(&reader, 0, NULL); /* what is handled makes room */
    cr_assert(eq(int, publish(large, NULL), 0));
    rig_expect(&reader, 2);
}

Test(memory_broker, makes_room_of_what_has_expired) {
    static char large[600];
    open_with("maxBytes", "1024");
    memset(large, 'x', sizeof large - 1);
    struct rig_reader reader = rig_subscribe(&rig, "a", "orders");
    rig_unsubscribe(&reader); /* the group stays: messages wait for it */
    cr_assert(eq(int, publish(large, short_ttl), 0));
    let_pass(5);

    cr_assert(eq(int, publish(large, NULL), 0), "%s", rig.words);
}

Test(memory_broker, keeps_messages_for_a_group_without_subscriptions) {
    open_with("maxBytes", "100000");
    struct rig_reader reader = rig_subscribe(&rig, "a", "orders");
    rig_unsubscribe(&reader);
    cr_assert(eq(int, publish("0", NULL), 0));
    cr_assert(eq(int, publish("1", NULL), 0));

    reader = rig_subscribe(&rig, "a", "orders");

    rig_expect(&reader, 2);
    cr_assert(message_is(&reader, 0, "0"));
    cr_assert(message_is(&reader, 1, "1"));
}

Test(memory_broker, keeps_nothing_for_a_topic_that_nobody_ever_subscribed_to) {
    open_with("maxBytes", "100000");
    cr_assert(eq(int, publish("before", NULL), 0));

    struct rig_reader reader = rig_subscribe(&rig, "a", "orders");
    cr_assert(eq(int, publish("after", NULL), 0));

    rig_expect(&reader, 1);
    cr_assert(message_is(&reader, 0, "after"));
}

Test(memory_broker, forgets_a_message_when_its_time_is_over) {
    open_with("maxBytes", "100000");
    struct rig_reader reader = rig_subscribe(&rig, "a", "orders");
    rig_unsubscribe(&reader);
    cr_assert(eq(int, publish("short", short_ttl), 0));
    cr_assert(eq(int, publish("long", (const char *const[]){"TTL", "600", NULL}), 0));
    let_pass(5);

    reader = rig_subscribe(&rig, "a", "orders");

    rig_expect(&reader, 1);
    cr_assert(message_is(&reader, 0, "long"));
}

Test(memory_broker, gives_messages_the_lifetime_of_its_settings) {
    open_with("ttlInSeconds", "1ms");
    struct rig_reader reader = rig_subscribe(&rig, "a", "orders");
    rig_unsubscribe(&reader);
    cr_assert(eq(int, publish("short", NULL), 0));
    cr_assert(eq(int, publish("long", (const char *const[]){"ttlInSeconds", "600", NULL}), 0));
    let_pass(5);

    reader = rig_subscribe(&rig, "a", "orders");

    rig_expect(&reader, 1);
    cr_assert(message_is(&reader, 0, "long"));
}

Test(memory_broker, refuses_a_lifetime_that_is_none) {
    open_with("maxBytes", "100000");
    struct rig_reader reader = rig_subscribe(&rig, "a", "orders");

    cr_assert(eq(int, publish("x", (const char *const[]){"ttlInSeconds", "soon", NULL}), INVALID));
    cr_assert(ne(ptr, strstr(rig.words, "ttlInSeconds: 'soon'"), NULL), "%s", rig.words);
    cr_assert(eq(int, publish("x", (const char *const[]){"ttlInSeconds", "-1", NULL}), INVALID));

    cr_assert(eq(sz, rig_received(&reader), 0));
}

Test(memory_broker, names_the_entries_of_a_bulk_that_did_not_fit) {
    static char large[900];
    const char *const entries[] = {"small", "0", "large", large, "other", "1", NULL};
    open_with("maxBytes", "1024");
    memset(large, 'x', sizeof large - 1);
    struct rig_reader reader = rig_subscribe(&rig, "a", "orders");

    cr_assert(eq(int, rig_bulk_publish(&rig, "a", "orders", entries), 0));

    cr_assert(eq(sz, rig.failed_count, 1));
    cr_assert(ne(ptr, strstr(rig.failed[0], "large: memory: maxBytes"), NULL), "%s", rig.failed[0]);
    rig_expect(&reader, 2);
    cr_assert(message_is(&reader, 1, "1"));
}

/* A poison message holds up nobody. */
Test(memory_broker, goes_on_with_later_messages_while_one_was_refused) {
    open_with("maxBytes", "100000");
    struct rig_reader reader = rig_subscribe(&rig, "a", "orders");
    cr_assert(eq(int, publish("poison", NULL), 0));
    rig_expect(&reader, 1);
    rig_settle(&reader, 0, "no");

    cr_assert(eq(int, publish("good", NULL), 0));

    rig_expect(&reader, 3);
    cr_assert(message_is(&reader, 1, "good"));
    cr_assert(message_is(&reader, 2, "poison"));
}

Test(memory_broker, waits_before_it_delivers_again) {
    open_with("maxBytes", "100000");
    struct rig_reader reader = rig_subscribe(&rig, "a", "orders");
    cr_assert(eq(int, publish("x", NULL), 0));
    rig_expect(&reader, 1);
    const int64_t refused_ms = dk_clock_ms();
    rig_settle(&reader, 0, "no");

    rig_expect(&reader, 2);

    cr_assert(ge(i64, dk_clock_ms() - refused_ms, 19));
}

/* As two Components of one daprd: each has topics of its own. */
Test(memory_broker, shares_topics_among_instances_of_one_name_alone) {
    static const char *const properties[] = {"consumerID", "shop", NULL};
    open_with("maxBytes", "100000");
    cr_assert(eq(int, rig_init(&rig, "b", properties), 0));
    struct rig_reader first = rig_subscribe(&rig, "a", "orders");
    struct rig_reader second = rig_subscribe(&rig, "b", "orders");

    cr_assert(eq(int, publish("of a", NULL), 0));
    cr_assert(eq(int, rig_publish(&rig, "b", "orders", dk_bytes_of("of b"), NULL), 0));

    rig_expect(&first, 1);
    rig_expect(&second, 1);
    cr_assert(message_is(&first, 0, "of a"));
    cr_assert(message_is(&second, 0, "of b"));
}

/* Under the address sanitizer: messages that wait, are on their way, were refused. */
Test(memory_broker, leaves_nothing_behind) {
    open_with("redeliverInterval", "1h");
    struct rig_reader reader = rig_subscribe(&rig, "a", "orders");
    struct rig_reader gone = rig_subscribe(&rig, "a", "bills");
    rig_unsubscribe(&gone);
    cr_assert(eq(int, publish("refused", NULL), 0));
    cr_assert(eq(int, publish("out", NULL), 0));
    cr_assert(eq(int, rig_publish(&rig, "a", "bills", dk_bytes_of("waits"), NULL), 0));
    rig_expect(&reader, 2);
    rig_settle(&reader, 0, "no");
    cr_assert(eq(int, rig_call(&rig, "a", "Ping"), 0));
}

/* One that daprd could never take would be lost after it was accepted. */
Test(memory_broker, refuses_a_message_that_could_not_be_delivered) {
    open_with("maxMessageBytes", "300");
    struct rig_reader reader = rig_subscribe(&rig, "a", "orders");
    char large[300];
    memset(large, 'x', sizeof large - 1);
    large[sizeof large - 1] = '\0';

    cr_assert(eq(int, publish(large, NULL), INVALID));
    cr_assert(ne(ptr, strstr(rig.words, "maxMessageBytes is 300"), NULL), "%s", rig.words);

    cr_assert(eq(int, publish("small", NULL), 0));
    rig_expect(&reader, 1);
}
