/* When another batch may leave. */
#include "clients/kafka/kafka_batches.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

enum { SENDS = 8 };

static struct kafka_batches batches;
static struct kafka_send sends[SENDS];
static int64_t now_us;

/* The messages from `first` on leave together. */
static void leave(int first, int count, size_t bytes) {
    kafka_batches_begin(&batches, now_us);
    for (int i = first; i < first + count; i++) {
        sends[i].bytes = bytes;
        kafka_batches_add(&batches, &sends[i]);
    }
}

Test(kafka_batches, lets_a_lone_message_go) {
    cr_assert(kafka_batches_may_leave(&batches, 1));
}

Test(kafka_batches, lets_a_second_go_when_as_many_wait_as_are_on_their_way) {
    leave(0, 3, 100);

    cr_assert(not(kafka_batches_may_leave(&batches, 2)));
    cr_assert(kafka_batches_may_leave(&batches, 3));
    kafka_batches_remove(&batches, &sends[1], now_us);
    cr_assert(kafka_batches_may_leave(&batches, 2));
}

Test(kafka_batches, lets_no_third_go_until_one_is_there) {
    leave(0, 1, 100);
    leave(1, 1, 100);
    cr_assert(not(kafka_batches_may_leave(&batches, 100)));

    kafka_batches_remove(&batches, &sends[0], now_us);

    cr_assert(kafka_batches_may_leave(&batches, 100));
    leave(2, 1, 100);
    cr_assert(not(kafka_batches_may_leave(&batches, 100)));
}

Test(kafka_batches, lets_nothing_go_beside_a_large_one) {
    leave(0, 2, KAFKA_BATCH_BYTES_SECOND);
    cr_assert(not(kafka_batches_may_leave(&batches, 100)));

    kafka_batches_remove(&batches, &sends[0], now_us);

    cr_assert(kafka_batches_may_leave(&batches, 100), "what is left of it is not large");
}

Test(kafka_batches, counts_what_leaves_without_room_with_the_second) {
    leave(0, 1, 100);
    leave(1, 1, 100);
    leave(2, 2, 100);

    kafka_batches_remove(&batches, &sends[1], now_us);
    cr_assert(not(kafka_batches_may_leave(&batches, 100)));
    kafka_batches_remove(&batches, &sends[2], now_us);
    kafka_batches_remove(&batches, &sends[3], now_us);
    cr_assert(kafka_batches_may_leave(&batches, 100));
    cr_assert(eq(i64, batches.count, 1));
    cr_assert(eq(sz, batches.bytes, 100));
}

Test(kafka_batches, lets_a_second_of_an_idempotent_client_go_beside_fewer_than_five) {
    batches.is_idempotent = true;
    leave(0, KAFKA_BATCH_SEQUENTIAL - 1, KAFKA_BATCH_BYTES_SECOND);
    cr_assert(kafka_batches_may_leave(&batches, 100), "librdkafka sends it at once");

    leave(KAFKA_BATCH_SEQUENTIAL - 1, 1, 1);
    kafka_batches_remove(&batches, &sends[0], now_us);
    cr_assert(not(kafka_batches_may_leave(&batches, 100)), "two are on their way");
}

Test(kafka_batches, lets_nothing_of_an_idempotent_client_go_beside_five) {
    batches.is_idempotent = true;
    leave(0, KAFKA_BATCH_SEQUENTIAL, 1);
    cr_assert(not(kafka_batches_may_leave(&batches, 100)), "librdkafka would spin");

    kafka_batches_remove(&batches, &sends[0], now_us);

    cr_assert(kafka_batches_may_leave(&batches, 100));
}

Test(kafka_batches, gathers_twice_as_long_as_the_last_took) {
    cr_assert(eq(i64, kafka_batches_gather_us(&batches), KAFKA_BATCH_GATHER_US_MIN));
    leave(0, 2, 100);
    now_us = 7000;
    kafka_batches_remove(&batches, &sends[0], now_us);
    cr_assert(eq(i64, kafka_batches_gather_us(&batches), 14000));

    now_us = 10000000;
    kafka_batches_remove(&batches, &sends[1], now_us);
    cr_assert(eq(i64, kafka_batches_gather_us(&batches), KAFKA_BATCH_GATHER_US_MAX));
}
