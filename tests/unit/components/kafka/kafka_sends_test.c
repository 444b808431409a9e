/* The list of sends under way. */
#include "clients/kafka/kafka_sends.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

static int outcomes;
static struct kafka_sends sends;
static struct kafka_send a, b, c;

static void begin(void) {
    sends = (struct kafka_sends){0};
    kafka_sends_push_newest(&sends, &a);
    kafka_sends_push_newest(&sends, &b);
    kafka_sends_push_newest(&sends, &c);
}

TestSuite(kafka_sends, .init = begin);

Test(kafka_sends, gives_the_oldest_first) {
    cr_assert(eq(ptr, kafka_sends_take_oldest(&sends), &a));
    cr_assert(eq(ptr, kafka_sends_take_oldest(&sends), &b));
    cr_assert(eq(ptr, kafka_sends_take_oldest(&sends), &c));
    cr_assert(eq(ptr, kafka_sends_take_oldest(&sends), NULL));
    cr_assert(eq(i64, sends.count, 0));
}

Test(kafka_sends, lets_one_go_from_the_middle) {
    kafka_sends_remove(&sends, &b);

    cr_assert(eq(i64, sends.count, 2));
    cr_assert(eq(ptr, kafka_sends_take_oldest(&sends), &a));
    cr_assert(eq(ptr, kafka_sends_take_oldest(&sends), &c));
}

Test(kafka_sends, takes_one_back_to_its_place) {
    struct kafka_send *send = kafka_sends_take_oldest(&sends);

    kafka_sends_push_oldest(&sends, send);

    cr_assert(eq(ptr, sends.oldest, &a));
    cr_assert(eq(ptr, sends.newest, &c));
    kafka_sends_remove(&sends, &c);
    cr_assert(eq(ptr, sends.newest, &b));
}

static void on_sent(struct kafka_send *send, const struct dk_fault *fault) {
    cr_assert(eq(int, fault->error, DK_UNAVAILABLE));
    outcomes++;
    if (send == &a) {
        kafka_sends_push_newest(&sends, &a); /* an outcome begins another */
    }
}

Test(kafka_sends, fails_all_that_are_there_and_none_that_come_meanwhile) {
    const struct dk_fault fault = {DK_UNAVAILABLE, "gone"};
    a.on_sent = b.on_sent = c.on_sent = on_sent;

    kafka_sends_fail(&sends, &fault);

    cr_assert(eq(int, outcomes, 3));
    cr_assert(eq(i64, sends.count, 1));
    cr_assert(eq(ptr, sends.oldest, &a));
}
