#include "clients/kafka/kafka_offsets.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>

static struct kafka_offsets offsets_of(uint32_t window) {
    struct kafka_offsets offsets;
    cr_assert(eq(int, kafka_offsets_open(&offsets, window), DK_OK));
    return offsets;
}

/* −1: there is nothing new to store. */
static int64_t stored(struct kafka_offsets *offsets) {
    int64_t next = -1;
    return kafka_offsets_store(offsets, &next) ? next : -1;
}

Test(kafka_offsets, never_store_past_an_unsettled_one) {
    struct kafka_offsets offsets = offsets_of(4);
    cr_assert(kafka_offsets_take(&offsets, 5));
    cr_assert(kafka_offsets_take(&offsets, 6));
    cr_assert(kafka_offsets_take(&offsets, 9));

    cr_assert(kafka_offsets_settle(&offsets, 9));
    cr_assert(kafka_offsets_settle(&offsets, 6));
    cr_assert(eq(i64, stored(&offsets), -1));
    cr_assert(eq(i64, kafka_offsets_lowest(&offsets), 5));
    cr_assert(kafka_offsets_settle(&offsets, 5));

    cr_assert(eq(i64, stored(&offsets), 10));
    cr_assert(eq(i64, kafka_offsets_lowest(&offsets), -1));
    kafka_offsets_close(&offsets);
}

Test(kafka_offsets, have_nothing_to_store_twice) {
    struct kafka_offsets offsets = offsets_of(1);
    cr_assert(eq(i64, stored(&offsets), -1));
    cr_assert(kafka_offsets_take(&offsets, 0));
    cr_assert(kafka_offsets_settle(&offsets, 0));

    cr_assert(eq(i64, stored(&offsets), 1));
    cr_assert(eq(i64, stored(&offsets), -1));
    kafka_offsets_close(&offsets);
}

Test(kafka_offsets, take_no_more_than_their_window) {
    struct kafka_offsets offsets = offsets_of(2);

    cr_assert(kafka_offsets_take(&offsets, 1));
    cr_assert(eq(u32, kafka_offsets_room(&offsets), 1));
    cr_assert(kafka_offsets_take(&offsets, 2));
    cr_assert(not(kafka_offsets_take(&offsets, 3)));
    cr_assert(kafka_offsets_settle(&offsets, 2));
    cr_assert(not(kafka_offsets_take(&offsets, 3)), "the room is behind an unsettled one");
    cr_assert(kafka_offsets_settle(&offsets, 1));
    cr_assert(kafka_offsets_take(&offsets, 3));
    kafka_offsets_close(&offsets);
}

Test(kafka_offsets, settle_each_once_and_only_what_was_taken) {
    struct kafka_offsets offsets = offsets_of(4);
    cr_assert(kafka_offsets_take(&offsets, 7));
    cr_assert(kafka_offsets_take(&offsets, 8));

    cr_assert(not(kafka_offsets_settle(&offsets, 6)));
    cr_assert(not(kafka_offsets_settle(&offsets, 9)));
    cr_assert(kafka_offsets_settle(&offsets, 8));
    cr_assert(not(kafka_offsets_settle(&offsets, 8)));
    kafka_offsets_close(&offsets);
}

Test(kafka_offsets, go_down_with_the_log_once_nothing_is_out) {
    struct kafka_offsets offsets = offsets_of(4);
    cr_assert(kafka_offsets_take(&offsets, 100));
    cr_assert(not(kafka_offsets_take(&offsets, 100)));
    cr_assert(not(kafka_offsets_take(&offsets, 3)));
    cr_assert(kafka_offsets_settle(&offsets, 100));
    cr_assert(eq(i64, stored(&offsets), 101));

    cr_assert(kafka_offsets_take(&offsets, 3));
    cr_assert(eq(i64, stored(&offsets), -1));
    cr_assert(kafka_offsets_settle(&offsets, 3));

    cr_assert(eq(i64, stored(&offsets), 4));
    kafka_offsets_close(&offsets);
}

Test(kafka_offsets, refuse_a_window_of_nothing_and_one_without_end) {
    struct kafka_offsets offsets;

    cr_assert(eq(int, kafka_offsets_open(&offsets, 0), DK_INVALID));
    cr_assert(eq(int, kafka_offsets_open(&offsets, KAFKA_OFFSETS_WINDOW_MAX + 1), DK_INVALID));
    kafka_offsets_close(&offsets);
    cr_assert(not(kafka_offsets_take(&offsets, 0)));
}

enum { MODEL_MAX = 4000, NOT_TAKEN = 0, OUT, SETTLED };

/* The position by the words of the header: behind every taken offset below the lowest one out. */
static int64_t model_next(const char *states, int64_t count) {
    int64_t next = -1;
    for (int64_t i = 0; i < count && states[i] != OUT; i++) {
        next = states[i] == SETTLED ? i + 1 : next;
    }
    return next;
}

Test(kafka_offsets, agree_with_a_plain_model_in_any_order) {
    for (unsigned seed = 1; seed <= 60; seed++) {
        srand(seed);
        const uint32_t window = 1 + (uint32_t)rand() % 40;
        struct kafka_offsets offsets = offsets_of(window);
        char states[MODEL_MAX] = {0};
        int64_t taken = 0; /* all below are taken or passed over */
        int64_t model_stored = -1;

        while (taken < MODEL_MAX - 10) {
            const int64_t low = kafka_offsets_lowest(&offsets);
            if (rand() % 2 == 0) {
                const int64_t offset = taken + (rand() % 8 == 0 ? rand() % 5 : 0);
                const bool has_room = low < 0 || kafka_offsets_room(&offsets) > 0;
                cr_assert(eq(int, kafka_offsets_take(&offsets, offset), has_room));
                states[offset] = has_room ? OUT : states[offset];
                taken = has_room ? offset + 1 : taken;
            } else if (low >= 0) {
                const int64_t offset = low + rand() % (taken - low);
                cr_assert(eq(int, kafka_offsets_settle(&offsets, offset), states[offset] == OUT));
                states[offset] = states[offset] == OUT ? SETTLED : states[offset];
            }
            const int64_t next = model_next(states, taken);
            cr_assert(eq(i64, stored(&offsets), next == model_stored ? -1 : next), "seed %u", seed);
            model_stored = next;
        }
        kafka_offsets_close(&offsets);
    }
}
