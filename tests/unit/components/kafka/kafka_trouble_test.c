/* When an outage begins and when it is over. */
#include "clients/kafka/kafka_trouble.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <dk/loop.h>

static struct kafka_trouble trouble;

static void note(void) {
    kafka_trouble_note(&trouble, "i", RD_KAFKA_RESP_ERR__TRANSPORT, "gone");
}

Test(kafka_trouble, begins_once_however_often_it_is_told) {
    const int64_t now_ms = dk_clock_ms();
    trouble = (struct kafka_trouble){
        .begun_ms = now_ms - 10 * KAFKA_TROUBLE_QUIET_MS, .seen_ms = now_ms - 1000};

    note();

    cr_assert(eq(i64, trouble.begun_ms, now_ms - 10 * KAFKA_TROUBLE_QUIET_MS));
    cr_assert(ge(i64, trouble.seen_ms, now_ms));
}

Test(kafka_trouble, begins_anew_after_a_silence) {
    const int64_t now_ms = dk_clock_ms();
    trouble = (struct kafka_trouble){
        .begun_ms = now_ms - 10 * KAFKA_TROUBLE_QUIET_MS,
        .seen_ms = now_ms - KAFKA_TROUBLE_QUIET_MS};

    note();

    cr_assert(ge(i64, trouble.begun_ms, now_ms));
}

Test(kafka_trouble, is_over_when_it_is_ended_and_may_begin_again) {
    kafka_trouble_end(&trouble, "i");
    cr_assert(eq(i64, trouble.begun_ms, 0), "there was none");

    note();
    cr_assert(ne(i64, trouble.begun_ms, 0));
    kafka_trouble_end(&trouble, "i");
    cr_assert(eq(i64, trouble.begun_ms, 0));
    note();
    cr_assert(ne(i64, trouble.begun_ms, 0));
}
