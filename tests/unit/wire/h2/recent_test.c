#include "wire/h2/recent.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

Test(h2_recent, knows_nothing_at_birth) {
    const struct dk__h2_recent recent = {.opened = 0};

    cr_assert(eq(i32, dk__h2_recent_newest(&recent), 0));
    cr_assert(eq(int, dk__h2_recent_find(&recent, 1), DK__H2_RECENT_UNKNOWN));
}

Test(h2_recent, tells_ended_from_open_from_passed_over) {
    struct dk__h2_recent recent = {.opened = 0};
    dk__h2_recent_open(&recent, 3);
    dk__h2_recent_open(&recent, 9);

    dk__h2_recent_end(&recent, 9);

    cr_assert(eq(i32, dk__h2_recent_newest(&recent), 9));
    cr_assert(eq(int, dk__h2_recent_find(&recent, 1), DK__H2_RECENT_NEVER));
    cr_assert(eq(int, dk__h2_recent_find(&recent, 3), DK__H2_RECENT_OURS));
    cr_assert(eq(int, dk__h2_recent_find(&recent, 5), DK__H2_RECENT_NEVER));
    cr_assert(eq(int, dk__h2_recent_find(&recent, 9), DK__H2_RECENT_ENDED));
    cr_assert(eq(int, dk__h2_recent_find(&recent, 11), DK__H2_RECENT_UNKNOWN));
}

Test(h2_recent, forgets_the_oldest) {
    struct dk__h2_recent recent = {.opened = 0};
    const int32_t count = 3 * DK__H2_RECENT_MAX + 7;
    for (int32_t i = 0; i < count; i++) {
        dk__h2_recent_open(&recent, 4 * i + 1);
    }
    const int32_t oldest = 4 * (count - DK__H2_RECENT_MAX) + 1;

    dk__h2_recent_end(&recent, oldest);
    dk__h2_recent_end(&recent, oldest - 4);

    cr_assert(eq(int, dk__h2_recent_find(&recent, oldest), DK__H2_RECENT_ENDED));
    cr_assert(eq(int, dk__h2_recent_find(&recent, oldest + 4), DK__H2_RECENT_OURS));
    cr_assert(eq(int, dk__h2_recent_find(&recent, oldest + 2), DK__H2_RECENT_NEVER));
    cr_assert(eq(int, dk__h2_recent_find(&recent, oldest - 2), DK__H2_RECENT_UNKNOWN));
    cr_assert(eq(int, dk__h2_recent_find(&recent, oldest - 4), DK__H2_RECENT_UNKNOWN));
}

Test(h2_recent, agrees_with_a_plain_list) {
    enum { IDS = 2000 };
    static enum dk__h2_recent_state plain[2 * IDS + 1];
    struct dk__h2_recent recent = {.opened = 0};
    uint32_t random = 1;
    int32_t opened[IDS], count = 0;

    for (int32_t id = 1; id < 2 * IDS; id += 2) {
        random = random * 1664525U + 1013904223U;
        plain[id] = DK__H2_RECENT_NEVER;
        if (random >> 30 != 0) {
            dk__h2_recent_open(&recent, id);
            opened[count++] = id;
            plain[id] = DK__H2_RECENT_OURS;
        }
        const int32_t ended = count == 0 ? 0 : opened[(random >> 8) % (uint32_t)count];
        if (ended > 0) {
            dk__h2_recent_end(&recent, ended);
            plain[ended] = DK__H2_RECENT_ENDED;
        }
        const int32_t oldest = count > DK__H2_RECENT_MAX ? opened[count - DK__H2_RECENT_MAX] : 1;
        for (int32_t at = oldest; count > 0 && at <= opened[count - 1]; at += 2) {
            cr_assert(eq(int, dk__h2_recent_find(&recent, at), plain[at]), "id %d", at);
        }
    }
}
