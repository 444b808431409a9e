#include "core/subscription.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { IDS_MAX = 256, EVENTS_MAX = 4096 };

/* A carrier that keeps the ids it was given, and a backend that keeps what it was told. */
static struct {
    struct dk__subscription subscription;
    struct dk_instance instance;
    bool is_full;
    enum dk_error send_error;
    char ids[IDS_MAX][DK__MESSAGE_ID_BYTES];
    size_t sent;
    char events[EVENTS_MAX]; /* "subscribe handled:2 unsubscribe " */
    unsigned deliver_on_settle, deliver_on_credit, deliver_on_subscribe;
} rig;

static int tokens[IDS_MAX];

static void note(const char *event) {
    (void)strcat(rig.events, event);
    (void)strcat(rig.events, " ");
}

static enum dk_error deliver(int token) {
    static const struct dk_message message = {.data = DK_BYTES("m")};
    return dk_deliver(&rig.subscription.base, &message, &tokens[token], NULL);
}

static void deliver_many(unsigned count) {
    for (unsigned i = 0; i < count; i++) {
        cr_assert(eq(int, deliver(200), DK_OK));
    }
}

static bool fake_can_send(const struct dk__subscription *subscription) {
    (void)subscription;
    return !rig.is_full;
}

static enum dk_error fake_send(
    struct dk__subscription *subscription,
    struct dk_bytes id,
    const struct dk_message *message,
    struct dk_fault *fault) {
    (void)subscription, (void)message;
    if (rig.send_error != DK_OK) {
        return dk_fault_set(fault, rig.send_error, "the carrier refuses");
    }
    cr_assert(lt(sz, rig.sent, IDS_MAX));
    memcpy(rig.ids[rig.sent], id.data, id.size);
    rig.ids[rig.sent][id.size] = '\0';
    rig.sent++;
    return DK_OK;
}

static void fake_subscribe(struct dk_instance *instance, struct dk_subscription *subscription) {
    cr_assert(eq(ptr, instance, &rig.instance));
    cr_assert(eq(ptr, subscription, &rig.subscription.base));
    note("subscribe");
    deliver_many(rig.deliver_on_subscribe);
}

static void fake_unsubscribe(struct dk_instance *instance, struct dk_subscription *subscription) {
    (void)instance;
    note("unsubscribe");
    cr_assert(eq(u32, dk_subscription_credit(subscription), 0));
}

static void fake_settle(
    struct dk_instance *instance,
    struct dk_subscription *subscription,
    const struct dk_settlement *settlement) {
    static const char *const words[] = {"handled", "refused", "abandoned"};
    char text[96];
    (void)instance, (void)subscription;
    (void)snprintf(
        text,
        sizeof text,
        "%s:%d:%.*s%.*s",
        words[settlement->outcome],
        (int)((int *)settlement->token - tokens),
        (int)settlement->error.size,
        settlement->error.data == NULL ? "" : settlement->error.data,
        (int)settlement->response.size,
        settlement->response.data == NULL ? "" : settlement->response.data);
    note(text);
    if (settlement->outcome == DK_ABANDONED) {
        cr_assert(eq(int, deliver(0), DK_EXHAUSTED));
    } else {
        deliver_many(rig.deliver_on_settle);
    }
}

static void fake_on_credit(struct dk_instance *instance, struct dk_subscription *subscription) {
    (void)instance;
    cr_assert(gt(u32, dk_subscription_credit(subscription), 0));
    note("credit");
    deliver_many(rig.deliver_on_credit);
}

static const struct dk__subscription_ops ops = {.can_send = fake_can_send, .send = fake_send};
static const struct dk_source source = {
    .subscribe = fake_subscribe,
    .unsubscribe = fake_unsubscribe,
    .settle = fake_settle,
    .on_credit = fake_on_credit,
};

static void open_window(uint32_t window_max) {
    rig.subscription = (struct dk__subscription){
        .base = {.instance = &rig.instance}, .source = &source, .ops = &ops};
    cr_assert(eq(int, dk__subscription_open(&rig.subscription, window_max), DK_OK));
}

static uint32_t credit(void) {
    return dk_subscription_credit(&rig.subscription.base);
}

static bool settle(const char *id, enum dk_outcome outcome, const char *text) {
    return dk__subscription_settle(&rig.subscription, dk_bytes_of(id), outcome, dk_bytes_of(text));
}

static void teardown(void) {
    dk__subscription_close(&rig.subscription);
}

TestSuite(subscription, .fini = teardown);

Test(subscription, gives_as_much_credit_as_its_window) {
    open_window(3);

    cr_assert(eq(u32, credit(), 3));
    cr_assert(eq(int, deliver(0), DK_OK));
    cr_assert(eq(u32, credit(), 2));
    cr_assert(eq(int, deliver(1), DK_OK));
    cr_assert(eq(int, deliver(2), DK_OK));
    cr_assert(eq(u32, credit(), 0));
    cr_assert(eq(int, deliver(3), DK_EXHAUSTED));
    cr_assert(eq(sz, rig.sent, 3));
}

Test(subscription, settles_in_any_order_with_the_words_of_the_peer) {
    open_window(3);
    (void)deliver(0), (void)deliver(1), (void)deliver(2);

    cr_assert(settle(rig.ids[1], DK_REFUSED, "no"));
    cr_assert(settle(rig.ids[0], DK_HANDLED, "yes"));

    cr_assert(eq(str, rig.events, "subscribe refused:1:no handled:0:yes "));
    cr_assert(eq(u32, credit(), 2));
    cr_assert(eq(u32, dk__subscription_outstanding(&rig.subscription), 1));
}

Test(subscription, gives_every_message_an_id_of_its_own) {
    open_window(1);
    for (int i = 0; i < 100; i++) {
        cr_assert(eq(int, deliver(i), DK_OK));
        cr_assert(settle(rig.ids[i], DK_HANDLED, NULL));
    }
    for (int i = 0; i < 100; i++) {
        for (int k = i + 1; k < 100; k++) {
            cr_assert(ne(str, rig.ids[i], rig.ids[k]));
        }
    }
}

Test(subscription, counts_what_was_settled_before_or_never_was) {
    open_window(2);
    (void)deliver(0);
    cr_assert(settle(rig.ids[0], DK_HANDLED, NULL));
    (void)deliver(1); /* in the place of the first */

    cr_assert(not(settle(rig.ids[0], DK_REFUSED, "late")));
    cr_assert(not(settle("", DK_HANDLED, NULL)));
    cr_assert(not(settle("0", DK_HANDLED, NULL)));
    cr_assert(not(settle("x", DK_HANDLED, NULL)));
    cr_assert(not(settle("99999999999999999999999", DK_HANDLED, NULL)));

    cr_assert(eq(u64, rig.subscription.counts.stale, 5));
    cr_assert(eq(str, rig.events, "subscribe handled:0: "));
    cr_assert(eq(u32, dk__subscription_outstanding(&rig.subscription), 1));
}

/* Two texts for one number would be two ids for one message. */
Test(subscription, takes_an_id_only_as_it_was_written) {
    char padded[32];
    open_window(1);
    (void)deliver(0);

    (void)snprintf(padded, sizeof padded, "0%s", rig.ids[0]);
    cr_assert(not(settle(padded, DK_HANDLED, NULL)));
    (void)snprintf(padded, sizeof padded, "+%s", rig.ids[0]);
    cr_assert(not(settle(padded, DK_HANDLED, NULL)));
    (void)snprintf(padded, sizeof padded, "%s ", rig.ids[0]);
    cr_assert(not(settle(padded, DK_HANDLED, NULL)));
    cr_assert(eq(str, rig.ids[0], "65537"));
    cr_assert(not(settle("18446744073709617153", DK_HANDLED, NULL)), "2^64 more");
    cr_assert(not(settle("118446744073709617153", DK_HANDLED, NULL)), "a digit more");

    cr_assert(settle(rig.ids[0], DK_HANDLED, NULL));
}

Test(subscription, lets_a_backend_deliver_within_each_of_its_calls) {
    rig.deliver_on_subscribe = 2;
    rig.deliver_on_settle = 1;
    open_window(2);
    cr_assert(eq(sz, rig.sent, 2));

    cr_assert(settle(rig.ids[0], DK_HANDLED, NULL));

    cr_assert(eq(sz, rig.sent, 3));
    cr_assert(eq(u32, credit(), 0));
}

Test(subscription, has_no_credit_while_the_carrier_is_full) {
    open_window(2);
    rig.is_full = true;
    cr_assert(eq(u32, credit(), 0));
    cr_assert(eq(int, deliver(0), DK_EXHAUSTED));
    rig.is_full = false;

    dk__subscription_writable(&rig.subscription);

    cr_assert(eq(str, rig.events, "subscribe credit "));
    cr_assert(eq(u32, credit(), 2));
}

Test(subscription, tells_of_no_credit_that_a_full_window_eats) {
    open_window(1);
    (void)deliver(0);

    dk__subscription_writable(&rig.subscription);

    cr_assert(eq(str, rig.events, "subscribe "));
}

Test(subscription, pauses_once_and_resumes_once) {
    open_window(2);
    (void)deliver(0);

    dk__subscription_pause(&rig.subscription, true);
    dk__subscription_pause(&rig.subscription, true);
    cr_assert(eq(u32, credit(), 0));
    dk__subscription_writable(&rig.subscription);
    cr_assert(settle(rig.ids[0], DK_HANDLED, NULL)); /* acks are still read */
    cr_assert(eq(u32, credit(), 0));

    dk__subscription_pause(&rig.subscription, false);
    dk__subscription_pause(&rig.subscription, false);
    cr_assert(eq(u32, credit(), 2));
    cr_assert(eq(str, rig.events, "subscribe handled:0: credit "));
}

Test(subscription, that_drains_still_takes_settlements) {
    open_window(2);
    (void)deliver(0);

    dk__subscription_drain(&rig.subscription);
    cr_assert(eq(u32, credit(), 0));
    dk__subscription_pause(&rig.subscription, true);
    dk__subscription_pause(&rig.subscription, false);
    cr_assert(settle(rig.ids[0], DK_REFUSED, NULL));

    cr_assert(eq(u32, credit(), 0));
    cr_assert(eq(u32, dk__subscription_outstanding(&rig.subscription), 0));
    cr_assert(eq(str, rig.events, "subscribe refused:0: "));
}

Test(subscription, abandons_what_is_out_before_it_ends) {
    open_window(4);
    (void)deliver(0), (void)deliver(1), (void)deliver(2);
    cr_assert(settle(rig.ids[1], DK_HANDLED, NULL));

    dk__subscription_close(&rig.subscription);
    dk__subscription_close(&rig.subscription);

    cr_assert(eq(str, rig.events, "subscribe handled:1: abandoned:0: abandoned:2: unsubscribe "));
    cr_assert(eq(u64, rig.subscription.counts.abandoned, 2));
    cr_assert(not(settle(rig.ids[0], DK_HANDLED, NULL)));
    cr_assert(eq(u32, credit(), 0));
}

Test(subscription, that_never_opened_closes_without_a_word) {
    dk__subscription_close(&rig.subscription);

    cr_assert(eq(str, rig.events, ""));
}

Test(subscription, gives_the_place_back_when_the_carrier_refuses) {
    struct dk_fault fault = {0};
    static const struct dk_message message = {.data = DK_BYTES("m")};
    open_window(1);
    rig.send_error = DK_INVALID;

    cr_assert(
        eq(int, dk_deliver(&rig.subscription.base, &message, &tokens[0], &fault), DK_INVALID));

    cr_assert(eq(str, fault.text, "the carrier refuses"));
    cr_assert(eq(u32, credit(), 1));
    cr_assert(eq(u64, rig.subscription.counts.delivered, 0));
}

/* Random deliveries and settlements against a list that cannot be wrong. */
Test(subscription, settles_each_message_exactly_once) {
    enum { WINDOW = 7, STEPS = 20000 };
    bool is_out[IDS_MAX] = {false};
    unsigned out = 0;
    uint64_t handled = 0, stale = 0;
    open_window(WINDOW);
    srand(7);
    for (int step = 0; step < STEPS; step++) {
        const int who = rand() % 16;
        rig.events[0] = '\0';
        if (rand() % 2 == 0 && !is_out[who]) {
            rig.sent = (size_t)who;
            const enum dk_error error = deliver(who);
            cr_assert(eq(int, error, out == WINDOW ? DK_EXHAUSTED : DK_OK));
            is_out[who] = error == DK_OK;
            out += error == DK_OK;
        } else if (rig.ids[who][0] != '\0') {
            cr_assert(eq(int, settle(rig.ids[who], DK_HANDLED, NULL), is_out[who]));
            handled += is_out[who];
            stale += !is_out[who];
            out -= is_out[who];
            is_out[who] = false;
        }
        cr_assert(eq(u32, credit(), WINDOW - out));
    }
    cr_assert(eq(u64, rig.subscription.counts.handled, handled));
    cr_assert(eq(u64, rig.subscription.counts.stale, stale));
    cr_assert(gt(u64, stale, 100));
}
