/* When another batch may leave. */
#include "clients/kafka/kafka_batches.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

enum { SENDS = 8 };

static struct kafka_batches batches;
static struct kafka_send sends[SENDS];

/* The messages from `first` on leave together. */
static void leave(int first, int count, size_t bytes) {
    kafka_batches_begin(&batches);
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
    kafka_batches_remove(&batches, &sends[1]);
    cr_assert(kafka_batches_may_leave(&batches, 2));
}

Test(kafka_batches, lets_no_third_go_until_one_is_there) {
    leave(0, 1, 100);
    leave(1, 1, 100);
    cr_assert(not(kafka_batches_may_leave(&batches, 100)));

    kafka_batches_remove(&batches, &sends[0]);

    cr_assert(kafka_batches_may_leave(&batches, 100));
    leave(2, 1, 100);
    cr_assert(not(kafka_batches_may_leave(&batches, 100)));
}

Test(kafka_batches, lets_nothing_go_beside_a_large_one) {
    leave(0, 2, KAFKA_BATCH_BYTES_SECOND);
    cr_assert(not(kafka_batches_may_leave(&batches, 100)));

    kafka_batches_remove(&batches, &sends[0]);

    cr_assert(kafka_batches_may_leave(&batches, 100), "what is left of it is not large");
}

Test(kafka_batches, counts_what_leaves_without_room_with_the_second) {
    leave(0, 1, 100);
    leave(1, 1, 100);
    leave(2, 2, 100);

    kafka_batches_remove(&batches, &sends[1]);
    cr_assert(not(kafka_batches_may_leave(&batches, 100)));
    kafka_batches_remove(&batches, &sends[2]);
    kafka_batches_remove(&batches, &sends[3]);
    cr_assert(kafka_batches_may_leave(&batches, 100));
    cr_assert(eq(i64, batches.count, 1));
    cr_assert(eq(sz, batches.bytes, 100));
}
