/* Records in and out, in order, up to the bound, in chunks. */
#include "core/span_queue.h"

#include "support/span_records.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

enum { SIZE = 5, CHUNK = 2 };

static struct dk__span_queue *queue;
static struct dk__span_record record;
static struct span_records records;

static void make(uint32_t spans_max, uint32_t chunk_spans_max) {
    const struct dk__span_queue_config config = {
        .spans_max = spans_max, .chunk_spans_max = chunk_spans_max, .format = &span_record_format};
    cr_assert(eq(int, dk__span_queue_new(&config, &queue), DK_OK));
}

static void start(void) {
    make(SIZE, CHUNK);
}

static void end(void) {
    span_records_end(&records, queue);
    dk__span_queue_free(queue);
}

TestSuite(span_queue, .init = start, .fini = end);

static bool put_with(uint64_t number, bool *ret_is_news) {
    record.start_ns = number;
    return dk__span_queue_put(queue, &record, ret_is_news);
}

static bool put(uint64_t number) {
    bool ignored = false;
    return put_with(number, &ignored);
}

static uint64_t take(void) {
    const struct dk__span_record *oldest = span_records_next(&records, queue);
    return oldest == NULL ? 0 : oldest->start_ns;
}

Test(span_queue, gives_records_in_their_order_round_and_round) {
    for (uint64_t i = 1; i <= 60; i += 3) {
        cr_assert(put(i) && put(i + 1) && put(i + 2));

        cr_assert(eq(u64, take(), i));
        cr_assert(eq(u64, take(), i + 1));
        cr_assert(eq(u64, take(), i + 2));
        cr_assert(eq(u64, take(), 0));
    }
}

Test(span_queue, refuses_and_counts_what_is_over_its_bound) {
    for (uint64_t i = 1; i <= SIZE; i++) {
        cr_assert(put(i));
    }

    cr_assert(not(put(6)));
    cr_assert(not(put(7)));

    const struct dk__span_queue_counts counts = dk__span_queue_counts(queue);
    cr_assert(eq(u64, counts.waiting, SIZE));
    cr_assert(eq(u64, counts.put, SIZE));
    cr_assert(eq(u64, counts.dropped, 2));
    cr_assert(eq(u64, take(), 1));
    cr_assert(put(8) && put(9)); /* the chunk that was taken had two */
    cr_assert(not(put(10)));
}

Test(span_queue, says_once_that_a_chunk_can_be_taken) {
    bool is_news = true;

    cr_assert(put_with(1, &is_news) && !is_news);
    cr_assert(put_with(2, &is_news) && is_news);
    cr_assert(put_with(3, &is_news) && !is_news);
    cr_assert(put_with(4, &is_news) && !is_news); /* nobody has taken the first */
    cr_assert(eq(u64, take(), 1));
    cr_assert(put_with(5, &is_news) && !is_news);
}

Test(span_queue, gives_what_is_not_full_when_it_is_swept) {
    cr_assert(put(1));
    cr_assert(eq(ptr, dk__span_queue_take(queue), NULL));

    dk__span_queue_sweep(queue);

    struct dk__span_chunk *chunk = dk__span_queue_take(queue);
    cr_assert(ne(ptr, chunk, NULL));
    cr_assert(eq(u32, chunk->spans, 1));
    cr_assert(eq(u64, dk__span_queue_counts(queue).waiting, 0));
    dk__span_queue_release(queue, chunk);
}

Test(span_queue, of_one_record_works) {
    dk__span_queue_free(queue);
    make(1, 1);

    cr_assert(put(1));
    cr_assert(not(put(2)));
    cr_assert(eq(u64, take(), 1));
    cr_assert(put(3));
}

Test(span_queue, begins_another_chunk_when_the_bytes_of_one_are_used_up) {
    enum { MANY = 100 }; /* records of a test are larger than a chunk gives each */
    dk__span_queue_free(queue);
    make(MANY, MANY);

    for (uint64_t i = 1; i <= MANY; i++) {
        cr_assert(put(i));
    }

    struct dk__span_chunk *first = dk__span_queue_take(queue);
    cr_assert(ne(ptr, first, NULL));
    cr_assert(lt(u32, first->spans, MANY));
    cr_assert(eq(u64, dk__span_queue_counts(queue).waiting, MANY - first->spans));
    dk__span_queue_release(queue, first);
}
