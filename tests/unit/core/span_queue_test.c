/* Records in and out, in order, up to the bound. */
#include "core/span_queue.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

enum { SIZE = 3 }; /* no power of two */

static struct dk__span_queue *queue;
static struct dk__span_record record;

static void start(void) {
    cr_assert(eq(int, dk__span_queue_new(SIZE, &queue), DK_OK));
}

static void end(void) {
    dk__span_queue_free(queue);
}

TestSuite(span_queue, .init = start, .fini = end);

static bool put(uint64_t number) {
    record.start_ns = number;
    return dk__span_queue_put(queue, &record);
}

static uint64_t take(void) {
    const struct dk__span_record *oldest = dk__span_queue_peek(queue);
    cr_assert(ne(ptr, (void *)oldest, NULL));
    const uint64_t number = oldest->start_ns;
    dk__span_queue_pop(queue);
    return number;
}

Test(span_queue, gives_records_in_their_order_round_and_round) {
    for (uint64_t i = 1; i <= 20; i += 2) {
        cr_assert(put(i) && put(i + 1));

        cr_assert(eq(u64, take(), i));
        cr_assert(eq(u64, take(), i + 1));
        cr_assert(eq(ptr, (void *)dk__span_queue_peek(queue), NULL));
    }
}

Test(span_queue, refuses_and_counts_what_is_over_its_bound) {
    cr_assert(put(1) && put(2) && put(3));

    cr_assert(not(put(4)));
    cr_assert(not(put(5)));

    const struct dk__span_queue_counts counts = dk__span_queue_counts(queue);
    cr_assert(eq(u64, counts.waiting, SIZE));
    cr_assert(eq(u64, counts.put, SIZE));
    cr_assert(eq(u64, counts.dropped, 2));
    cr_assert(eq(u64, take(), 1));
    cr_assert(put(6));
    cr_assert(not(put(7)));
    cr_assert(eq(u64, take(), 2));
    cr_assert(eq(u64, take(), 3));
    cr_assert(eq(u64, take(), 6));
}

Test(span_queue, of_one_record_works) {
    struct dk__span_queue *one = NULL;
    cr_assert(eq(int, dk__span_queue_new(1, &one), DK_OK));

    cr_assert(dk__span_queue_put(one, &record));
    cr_assert(not(dk__span_queue_put(one, &record)));
    dk__span_queue_pop(one);
    cr_assert(dk__span_queue_put(one, &record));

    dk__span_queue_free(one);
}
