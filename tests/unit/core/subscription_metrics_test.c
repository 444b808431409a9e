#include "core/subscription_metrics.h"

#include "core/loop.h"
#include "core/metric.h"
#include "core/subscription.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>

static struct dk_loop *loop;
static struct dk_instance instance;
static struct dk__subscription subscription;
static int token;
static char last_id[DK__MESSAGE_ID_BYTES];

static bool can_send(const struct dk__subscription *asked) {
    (void)asked;
    return true;
}

static enum dk_error send(
    struct dk__subscription *asked,
    struct dk_bytes id,
    const struct dk_message *message,
    struct dk_fault *fault) {
    (void)asked, (void)message, (void)fault;
    (void)snprintf(last_id, sizeof last_id, "%.*s", (int)id.size, id.data);
    return DK_OK;
}

static void begin_or_end(struct dk_instance *asked, struct dk_subscription *base) {
    (void)asked, (void)base;
}

static void settled(
    struct dk_instance *asked,
    struct dk_subscription *base,
    const struct dk_settlement *settlement) {
    (void)asked, (void)base, (void)settlement;
}

static const struct dk__subscription_ops ops = {.can_send = can_send, .send = send};
static const struct dk_source source = {
    .subscribe = begin_or_end,
    .unsubscribe = begin_or_end,
    .settle = settled,
    .on_credit = begin_or_end};

static void setup(void) {
    struct dk_fault fault;
    dk__metrics_want(true);
    dk_metrics_add(dk__subscription_metrics_table);
    cr_assert(eq(int, dk__loop_new(&loop, &fault), DK_OK));
    instance = (struct dk_instance){.loop = loop, .name = "broker"};
    subscription = (struct dk__subscription){
        .base = {.instance = &instance, .topic = DK_BYTES("orders")},
        .source = &source,
        .ops = &ops};
    cr_assert(eq(int, dk__subscription_open(&subscription, 4), DK_OK));
}

static void teardown(void) {
    dk__subscription_close(&subscription);
    dk__loop_free(loop);
    dk__metrics_clear();
}

TestSuite(subscription_metrics, .init = setup, .fini = teardown);

static void deliver(bool is_again) {
    const struct dk_message message = {.data = DK_BYTES("m"), .is_again = is_again};
    cr_assert(eq(int, dk_deliver(&subscription.base, &message, &token, NULL), DK_OK));
}

/* What a family shows for these label values, joined by '|'; −1: nothing. A histogram: its count. */
static int64_t shown(const char *family, const char *values) {
    int64_t number = -1;
    for (const struct dk_metric *metric = dk__metrics_walk_begin(); metric != NULL;
         metric = metric->next) {
        for (const struct dk_series *at = metric->oldest; at != NULL; at = at->next) {
            char text[128];
            (void)snprintf(
                text,
                sizeof text,
                "%s|%s|%s",
                at->values[0],
                at->values[1] == NULL ? "" : at->values[1],
                at->values[2] == NULL ? "" : at->values[2]);
            if (strcmp(metric->name, family) == 0 && strcmp(text, values) == 0) {
                number = at->bucket_count == 0 ? dk__series_number(at) : 0;
                for (size_t i = 0; i < at->bucket_count; i++) {
                    number += at->counts[i];
                }
            }
        }
    }
    dk__metrics_walk_end();
    return number;
}

#define MESSAGES "dk_pubsub_messages_total"

Test(subscription_metrics, messages_count_by_their_fate) {
    deliver(false);
    cr_assert(
        dk__subscription_settle(&subscription, dk_bytes_of(last_id), DK_HANDLED, dk_bytes_of("")));
    deliver(false);
    cr_assert(
        dk__subscription_settle(&subscription, dk_bytes_of(last_id), DK_REFUSED, dk_bytes_of("")));
    cr_assert(not(
        dk__subscription_settle(&subscription, dk_bytes_of(last_id), DK_HANDLED, dk_bytes_of(""))));
    deliver(true);

    cr_assert(eq(i64, shown(MESSAGES, "broker|orders|delivered"), 3));
    cr_assert(eq(i64, shown(MESSAGES, "broker|orders|handled"), 1));
    cr_assert(eq(i64, shown(MESSAGES, "broker|orders|refused"), 1));
    cr_assert(eq(i64, shown(MESSAGES, "broker|orders|stale"), 1));
    cr_assert(eq(i64, shown(MESSAGES, "broker|orders|abandoned"), 0));
    cr_assert(eq(i64, shown("dk_pubsub_redelivered_total", "broker|orders|"), 1));
    cr_assert(eq(i64, shown("dk_pubsub_inflight", "broker|orders|"), 1));
    cr_assert(eq(i64, shown("dk_pubsub_ack_duration_seconds", "broker|orders|"), 2));
}

Test(subscription_metrics, what_a_stream_leaves_is_abandoned_and_its_gauge_goes) {
    deliver(false);
    deliver(false);

    dk__subscription_close(&subscription);

    cr_assert(eq(i64, shown(MESSAGES, "broker|orders|abandoned"), 2));
    cr_assert(eq(i64, shown("dk_pubsub_inflight", "broker|orders|"), -1));
    cr_assert(
        eq(i64, shown("dk_pubsub_ack_duration_seconds", "broker|orders|"), 0),
        "the end of a stream is no answer of an application");
}
