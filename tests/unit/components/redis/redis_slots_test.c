#include "clients/redis/redis_slots.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

static struct redis_slot slot(size_t number) {
    return (struct redis_slot){.context = (void *)number};
}

Test(redis_slots, gives_back_in_the_order_of_putting_while_it_grows_and_turns) {
    struct redis_slots slots = {.count_max = 1000};
    size_t put = 1, taken = 1;

    for (int round = 0; round < 200; round++) {
        for (int i = 0; i < 13 && slots.count < 1000; i++) {
            cr_assert(redis_slots_put(&slots, slot(put++)));
        }
        for (int i = 0; i < 9; i++) {
            cr_assert(eq(ptr, redis_slots_first(&slots)->context, (void *)taken));
            cr_assert(eq(ptr, redis_slots_take(&slots).context, (void *)taken));
            taken++;
        }
    }
    redis_slots_clear(&slots);
}

Test(redis_slots, refuses_one_over_its_bound_and_takes_again_after_one_left) {
    struct redis_slots slots = {.count_max = 3};
    for (size_t i = 0; i < 3; i++) {
        cr_assert(redis_slots_put(&slots, slot(i)));
    }

    cr_assert(not(redis_slots_put(&slots, slot(3))));

    (void)redis_slots_take(&slots);
    cr_assert(redis_slots_put(&slots, slot(3)));
    redis_slots_clear(&slots);
    cr_assert(eq(ptr, (void *)redis_slots_first(&slots), NULL));
}
