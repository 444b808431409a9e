/* A delivered message's span lasts until it is settled, and says how. */
#include "core/subscription_spans.h"

#include "core/subscription.h"
#include "support/span_records.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

static struct dk__tracer *tracer;
static struct span_records records;
static struct dk_instance instance;
static char ids[4][DK__MESSAGE_ID_BYTES];
static size_t sent;
static int token;

static bool can_send(const struct dk__subscription *subscription) {
    (void)subscription;
    return true;
}

static enum dk_error carrier_send(
    struct dk__subscription *subscription,
    struct dk_bytes id,
    const struct dk_message *message,
    struct dk_fault *fault) {
    (void)subscription, (void)message, (void)fault;
    memcpy(ids[sent], id.data, id.size);
    sent++;
    return DK_OK;
}

static struct dk_span *carrier_trace(
    const struct dk__subscription *subscription,
    const struct dk_message *message,
    struct dk__span_memory *memory) {
    struct dk__trace_context next;
    (void)subscription;
    return message->data.size == 0
               ? NULL
               : dk__span_begin_at(tracer, NULL, DK_SPAN_CONSUMER, message->data, memory, &next);
}

static void ignore(struct dk_instance *of, struct dk_subscription *subscription) {
    (void)of, (void)subscription;
}

static void ignore_settlement(
    struct dk_instance *of,
    struct dk_subscription *subscription,
    const struct dk_settlement *settlement) {
    (void)of, (void)subscription, (void)settlement;
}

static const struct dk__subscription_ops ops = {
    .can_send = can_send, .send = carrier_send, .trace = carrier_trace};
static const struct dk_source source = {
    .subscribe = ignore, .unsubscribe = ignore, .on_credit = ignore, .settle = ignore_settlement};
static struct dk__subscription subscription;

static void start(void) {
    const struct dk__tracer_config config = {
        .sampler = DK__SAMPLER_ALWAYS_ON,
        .queue_max = 8,
        .batch_max = 8,
        .format = &span_record_format};
    struct dk_fault fault = {0};
    cr_assert(eq(int, dk__tracer_new(&config, &tracer, &fault), DK_OK));
    subscription = (struct dk__subscription){
        .base = {.instance = &instance}, .source = &source, .ops = &ops, .is_traced = true};
    cr_assert(eq(int, dk__subscription_open(&subscription, 2), DK_OK));
}

static void end(void) {
    dk__subscription_close(&subscription);
    span_records_end(&records, dk__tracer_queue(tracer));
    dk__tracer_free(tracer);
}

TestSuite(subscription_spans, .init = start, .fini = end);

static void deliver(const char *text) {
    const struct dk_message message = {.data = dk_bytes_of(text)};
    cr_assert(eq(int, dk_deliver(&subscription.base, &message, &token, NULL), DK_OK));
}

static void settle(size_t message, enum dk_outcome outcome, const char *words) {
    cr_assert(dk__subscription_settle(
        &subscription, dk_bytes_of(ids[message]), outcome, dk_bytes_of(words)));
}

/* The next span: its name, its outcome. */
static const struct dk__span_record *ended(const char *name, const char *outcome) {
    const struct dk__span_record *record = span_records_next(&records, dk__tracer_queue(tracer));
    cr_assert(ne(ptr, (void *)record, NULL));
    const struct dk__span_entry *entry = dk__span_entry_next(record, NULL);
    cr_assert(dk_bytes_equal((struct dk_bytes){entry->text, entry->size}, dk_bytes_of(name)));
    entry = dk__span_entry_next(record, entry);
    cr_assert(dk_bytes_equal((struct dk_bytes){entry->text, entry->size}, dk_bytes_of(outcome)));
    return record;
}

Test(subscription_spans, last_from_delivery_until_settled) {
    deliver("one");
    deliver("two");
    cr_assert(eq(u64, dk__tracer_counts(tracer).put, 0));

    settle(1, DK_HANDLED, "");
    settle(0, DK_REFUSED, "the application did not take it");

    cr_assert(not(ended("two", "handled")->has_failed));
    cr_assert(ended("one", "refused")->has_failed);
}

Test(subscription_spans, of_messages_that_stay_out_end_with_the_subscription) {
    deliver("one");
    settle(0, DK_HANDLED, "");
    deliver("two");

    dk__subscription_close(&subscription);

    (void)ended("one", "handled");
    cr_assert(ended("two", "abandoned")->has_failed);
    cr_assert(eq(u64, dk__tracer_counts(tracer).put, 2));
}

Test(subscription_spans, a_message_that_is_not_recorded_has_none_also_in_a_used_place) {
    deliver("one");
    settle(0, DK_HANDLED, "");
    deliver("");
    settle(1, DK_HANDLED, "");

    cr_assert(eq(u64, dk__tracer_counts(tracer).put, 1));
}
