/* Which lines are written, which are counted, and that no count is lost. */
#include "core/log_limit.h"

#include "core/utf8.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WINDOW_US = 1000 };

static struct dk__log_limit limit;
static struct dk__log_held told;

static void start(void) {
    limit = (struct dk__log_limit){.lines_max = 3, .window_us = WINDOW_US};
}

TestSuite(log_limit, .init = start);

static bool take(const char *scope, const char *message, int64_t now_us) {
    return dk__log_limit_take(&limit, DK_LOG_WARN, scope, message, now_us, &told);
}

static int take_many(int count, const char *message, int64_t now_us) {
    int written = 0;
    for (int i = 0; i < count; i++) {
        written += take("s", message, now_us) ? 1 : 0;
    }
    return written;
}

Test(log_limit, writes_so_many_lines_of_a_kind_in_a_window) {
    cr_assert(eq(int, take_many(10, "m", 5), 3));

    cr_assert(not(dk__log_limit_due(&limit, 5 + WINDOW_US - 1, &told)));
    cr_assert(dk__log_limit_due(&limit, 5 + WINDOW_US, &told));
    cr_assert(eq(u64, told.lines, 7));
    cr_assert(eq(int, told.level, DK_LOG_WARN));
    cr_assert(eq(str, told.scope, "s"));
    cr_assert(eq(str, told.message, "m"));
}

Test(log_limit, tells_what_was_held_once) {
    (void)take_many(4, "m", 0);
    cr_assert(dk__log_limit_due(&limit, WINDOW_US, &told));

    cr_assert(not(dk__log_limit_due(&limit, WINDOW_US, &told)));

    cr_assert(eq(i64, dk__log_limit_due_us(&limit), INT64_MAX));
    cr_assert(take("s", "m", WINDOW_US));
}

Test(log_limit, says_when_the_first_of_what_is_held_is_due) {
    cr_assert(eq(i64, dk__log_limit_due_us(&limit), INT64_MAX));
    (void)take_many(3, "not held", 0);
    (void)take_many(4, "later", 200);
    (void)take_many(4, "sooner", 100);

    cr_assert(eq(i64, dk__log_limit_due_us(&limit), 100 + WINDOW_US));
}

Test(log_limit, opens_a_new_window_after_one_is_over_and_tells_of_the_old_one) {
    (void)take_many(5, "m", 0);

    cr_assert(take("s", "m", WINDOW_US));

    cr_assert(eq(u64, told.lines, 2));
    cr_assert(eq(int, take_many(9, "m", WINDOW_US + 1), 2));
}

Test(log_limit, takes_lines_of_other_scope_message_or_level_for_other_kinds) {
    (void)take_many(4, "m", 0);

    cr_assert(take("s2", "m", 0));
    cr_assert(take("s", "m2", 0));
    cr_assert(take("sm", "", 0));
    cr_assert(dk__log_limit_take(&limit, DK_LOG_ERROR, "s", "m", 0, &told));
}

Test(log_limit, cuts_a_long_message_of_a_summary_at_a_character) {
    char message[400];
    for (size_t shift = 0; shift < 4; shift++) {
        memset(message, 'x', shift);
        for (size_t i = shift; i + 2 < sizeof message; i += 2) {
            memcpy(message + i, "\xC3\xA9", 3);
        }
        (void)take_many(4, message, 0);

        cr_assert(dk__log_limit_due(&limit, WINDOW_US, &told));

        const size_t size = strlen(told.message);
        cr_assert(ge(sz, size, DK__LOG_MESSAGE_BYTES_MAX - 3));
        cr_assert(dk__utf8_is_valid(dk_bytes_of(told.message)));
        cr_assert(eq(int, memcmp(told.message, message, size), 0));
    }
}

/* Far more kinds than places, at random times: each line is written, told, or still held. */
Test(log_limit, forgets_nothing_whatever_comes) {
    enum { KINDS = 3 * DK__LOG_KINDS_MAX, LINES = 200000 };
    uint64_t written = 0, counted = 0;
    int64_t now_us = 0;
    srand(7);
    for (int i = 0; i < LINES; i++) {
        char message[16];
        const int kind = rand() % 3 == 0 ? rand() % KINDS : rand() % 8;
        (void)snprintf(message, sizeof message, "m%d", kind);
        now_us += rand() % 20;
        written += take("s", message, now_us) ? 1 : 0;
        counted += told.lines;
        while (rand() % 10 == 0 && dk__log_limit_due(&limit, now_us, &told)) {
            counted += told.lines;
        }
    }
    while (dk__log_limit_due(&limit, INT64_MAX, &told)) {
        counted += told.lines;
    }

    cr_assert(eq(u64, written + counted, LINES));
    cr_assert(gt(u64, counted, LINES / 100));
}
