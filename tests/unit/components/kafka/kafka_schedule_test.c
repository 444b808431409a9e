/* Who stands in which line; what is served there, kafka_consumer_test shows. */
#include "clients/kafka/kafka_schedule.h"

#include "core/loop.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

static struct dk_loop *loop;
static struct kafka_schedule schedule;
static struct dk_subscription subscription;
static struct kafka_partition first, second, nobodys;
static int served;

static void on_served(struct kafka_schedule *self) {
    cr_assert(eq(ptr, self, &schedule));
    served++;
}

static void setup(void) {
    cr_assert(eq(int, dk__loop_new(&loop, NULL), DK_OK));
    schedule = (struct kafka_schedule){.loop = loop, .on_served = on_served};
    kafka_schedule_open(&schedule);
    cr_assert(eq(int, kafka_schedule_add(&schedule, &subscription), DK_OK));
    first.subscription = second.subscription = &subscription;
}

static void teardown(void) {
    kafka_schedule_close(&schedule);
    dk__loop_free(loop);
}

TestSuite(kafka_schedule, .init = setup, .fini = teardown);

Test(kafka_schedule, puts_a_partition_into_its_line_once_and_in_order) {
    const struct kafka_reader *reader = subscription.context;

    kafka_schedule_ready(&schedule, &first);
    kafka_schedule_ready(&schedule, &second);
    kafka_schedule_ready(&schedule, &first);

    cr_assert(eq(ptr, reader->oldest, &first));
    cr_assert(eq(ptr, first.next_ready, &second));
    cr_assert(eq(ptr, second.next_ready, NULL));
}

Test(kafka_schedule, keeps_one_without_a_subscription_out_of_every_line) {
    const struct kafka_reader *reader = subscription.context;

    kafka_schedule_ready(&schedule, &nobodys);

    cr_assert(eq(ptr, reader->oldest, NULL));
    cr_assert(
        eq(ptr, kafka_schedule_take_dirty(&schedule), &nobodys), "its offsets may have moved");
}

Test(kafka_schedule, gives_each_dirty_partition_once) {
    kafka_schedule_ready(&schedule, &first);
    kafka_schedule_ready(&schedule, &second);
    kafka_schedule_ready(&schedule, &second);

    kafka_schedule_empty(&schedule);

    cr_assert(not(first.is_ready || second.is_ready));
    cr_assert(eq(ptr, kafka_schedule_take_dirty(&schedule), &second));
    cr_assert(eq(ptr, kafka_schedule_take_dirty(&schedule), &first));
    cr_assert(eq(ptr, kafka_schedule_take_dirty(&schedule), NULL));
}

Test(kafka_schedule, serves_once_in_a_turn_whatever_asked_for_it) {
    kafka_schedule_soon(&schedule);
    kafka_schedule_ready(&schedule, &nobodys);
    kafka_schedule_soon(&schedule);
    cr_assert(eq(int, served, 0));

    cr_assert(eq(int, dk__loop_turn(loop, 0), DK_OK));
    cr_assert(eq(int, served, 1));
    cr_assert(eq(int, dk__loop_turn(loop, 0), DK_OK));
    cr_assert(eq(int, served, 1));
}

Test(kafka_schedule, leaves_lines_alone_while_it_is_held) {
    const struct kafka_reader *reader = subscription.context;
    schedule.is_held = true;
    kafka_schedule_ready(&schedule, &first);

    cr_assert(eq(int, dk__loop_turn(loop, 0), DK_OK));

    cr_assert(eq(int, served, 1), "settlements go on");
    cr_assert(eq(ptr, reader->oldest, &first));
}

Test(kafka_schedule, forgets_a_subscription_that_is_removed) {
    kafka_schedule_remove(&schedule, &subscription);

    cr_assert(eq(ptr, subscription.context, NULL));
    cr_assert(eq(ptr, schedule.readers, NULL));
}
