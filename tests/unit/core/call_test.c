/* A reply goes once through its table, and a call has one owner. */
#include "core/call.h"

#include "core/utf8.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <signal.h>
#include <string.h>

static struct {
    int oks, fails, items, tokens, mismatches;
    enum dk_error error;
    char text[DK_FAULT_TEXT_BYTES_MAX];
} seen;

static void on_ok(struct dk_reply *reply) {
    (void)reply;
    seen.oks++;
}

static void on_fail(struct dk_reply *reply, enum dk_error error, const char *text) {
    (void)reply;
    seen.fails++;
    seen.error = error;
    cr_assert(lt(sz, strlen(text), sizeof seen.text));
    memcpy(seen.text, text, strlen(text) + 1);
}

static void on_item(struct dk_reply *reply, const struct dk_item *item) {
    (void)reply;
    (void)item;
    seen.items++;
}

static void on_token(struct dk_reply *reply, struct dk_bytes token) {
    (void)reply;
    (void)token;
    seen.tokens++;
}

static void on_mismatch(struct dk_reply *reply, int64_t expected, int64_t affected) {
    (void)reply;
    seen.mismatches += (int)(expected - affected);
}

static const struct dk__reply_ops ops = {on_ok, on_fail, on_item, on_token, on_mismatch};
static const struct dk__reply_ops plain_ops = {.ok = on_ok, .fail = on_fail};
static struct dk__pool pool;
static struct dk__call call;
static struct dk_reply reply;

static void start(void) {
    call = (struct dk__call){.arena = {.pool = &pool, .bytes_max = 256}, .deadline_us = 42};
    reply = (struct dk_reply){.ops = &ops, .call = &call};
}

static void end(void) {
    dk__arena_reset(&call.arena);
    dk__pool_clear(&pool);
}

TestSuite(reply, .init = start, .fini = end);

Test(reply, carries_items_and_a_token_and_ends_well) {
    const struct dk_item item = {.data = DK_BYTES("x")};
    dk_reply_item(&reply, &item);
    dk_reply_item(&reply, &item);
    dk_reply_token(&reply, dk_bytes_of("2"));

    dk_reply_ok(&reply);

    cr_assert(eq(int, seen.items, 2));
    cr_assert(eq(int, seen.tokens, 1));
    cr_assert(eq(int, seen.oks, 1));
    cr_assert(eq(int, seen.fails, 0));
}

Test(reply, fails_with_words_that_are_utf8) {
    dk_reply_fail(&reply, DK_INTERNAL, "redis: '%s'", "\xFFoops");

    cr_assert(eq(int, seen.error, DK_INTERNAL));
    cr_assert(eq(str, seen.text, "redis: '\xEF\xBF\xBDoops'"));
}

Test(reply, cuts_long_words_at_a_character) {
    char words[DK_FAULT_TEXT_BYTES_MAX + 8];
    memset(words, 'a', DK_FAULT_TEXT_BYTES_MAX - 3);
    memcpy(words + DK_FAULT_TEXT_BYTES_MAX - 3, "\xF0\x9F\x98\x80", 5);

    dk_reply_fail(&reply, DK_INTERNAL, "%s", words);

    cr_assert(eq(sz, strlen(seen.text), DK_FAULT_TEXT_BYTES_MAX - 3));
}

Test(reply, fails_with_a_fault) {
    const struct dk_fault fault = {.error = DK_DENIED, .text = "no 100% way"};

    dk_reply_fault(&reply, &fault);

    cr_assert(eq(int, seen.error, DK_DENIED));
    cr_assert(eq(str, seen.text, "no 100% way"));
}

Test(reply, tells_of_rows_that_were_not_affected) {
    dk_reply_row_mismatch(&reply, 5, 2);

    cr_assert(eq(int, seen.mismatches, 3));
    cr_assert(eq(int, seen.oks + seen.fails, 0));
}

Test(reply, gives_zeroed_memory_of_the_call_up_to_its_bound) {
    const char *memory = dk_reply_take(&reply, 256);

    cr_assert(ne(ptr, (void *)memory, NULL));
    cr_assert(eq(chr, memory[255], '\0'));
    cr_assert(eq(ptr, dk_reply_take(&reply, 1), NULL));
}

Test(reply, knows_the_deadline_and_whether_somebody_waits) {
    cr_assert(eq(i64, dk_reply_deadline_us(&reply), 42));
    cr_assert(not(dk_reply_is_over(&reply)));

    call.is_over = true;

    cr_assert(dk_reply_is_over(&reply));
}

Test(reply, cannot_be_given_twice, .signal = SIGABRT) {
    dk_reply_ok(&reply);
    dk_reply_fail(&reply, DK_INTERNAL, "again");
}

Test(reply, takes_no_item_after_it_was_given, .signal = SIGABRT) {
    const struct dk_item item = {0};
    dk_reply_ok(&reply);
    dk_reply_item(&reply, &item);
}

Test(reply, takes_no_item_that_does_not_fit_its_call, .signal = SIGABRT) {
    const struct dk_item item = {0};
    reply.ops = &plain_ops;
    dk_reply_item(&reply, &item);
}

Test(reply, belongs_to_a_call_that_arrives_where_it_was_given) {
    dk__call_give(&call, DK__OWNER_WORKER);
    dk__call_arrive(&call, DK__OWNER_WORKER);
    dk__call_give(&call, DK__OWNER_LOOP);
    dk__call_arrive(&call, DK__OWNER_LOOP);
}

Test(reply, belongs_to_a_call_that_arrives_nowhere_else, .signal = SIGABRT) {
    dk__call_give(&call, DK__OWNER_WORKER);
    dk__call_arrive(&call, DK__OWNER_LOOP);
}

Test(reply, leaves_time_for_its_words) {
    call.deadline_us = INT64_MAX;
    reply = (struct dk_reply){.call = &call};

    cr_assert(eq(i64, dk_reply_patience_ms(&reply, 1000000, 5000), 5000));
    call.deadline_us = 1000000 + 5000000;
    cr_assert(eq(i64, dk_reply_patience_ms(&reply, 1000000, 5000), 4700));
    cr_assert(eq(i64, dk_reply_patience_ms(&reply, 1000000, 2000), 2000));
    call.deadline_us = 1000000 + 400000;
    cr_assert(eq(i64, dk_reply_patience_ms(&reply, 1000000, 5000), 200));
    call.deadline_us = 0;
    cr_assert(eq(i64, dk_reply_patience_ms(&reply, 1000000, 5000), 1));
}
