/* Who is recorded, with which ids, and what a span says when it is taken out of the queue. */
#include "core/trace.h"

#include "core/call.h"
#include "support/span_records.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>
#include <time.h>

#define TRACE "0af7651916cd43dd8448eb211c80319c"
#define SPAN  "b7ad6b7169203331"

static const struct dk_bytes name = DK_BYTES("Get");
static struct dk__pool pool;
static struct dk__call call;
static struct dk__tracer *tracer;
static struct span_records records;
static const struct dk__span_record *current;

static void make(enum dk__sampler sampler, double ratio, uint32_t queue_max) {
    const struct dk__tracer_config config = {
        .sampler = sampler,
        .ratio = ratio,
        .queue_max = queue_max,
        .batch_max = 2,
        .format = &span_record_format};
    struct dk_fault fault = {0};
    cr_assert(eq(int, dk__tracer_new(&config, &tracer, &fault), DK_OK), "%s", fault.text);
}

static void start(void) {
    call.arena = (struct dk__arena){.pool = &pool, .bytes_max = 65536};
}

static void end(void) {
    if (tracer != NULL) {
        span_records_end(&records, dk__tracer_queue(tracer));
    }
    dk__tracer_free(tracer);
    dk__arena_reset(&call.arena);
    dk__pool_clear(&pool);
}

TestSuite(trace, .init = start, .fini = end);

static struct dk__trace_context parent(const char *flags) {
    struct dk__trace_context context = {.is_set = false};
    char text[DK_TRACEPARENT_BYTES] = "00-" TRACE "-" SPAN "-";
    memcpy(text + 53, flags, 2);
    cr_assert(dk__trace_parse_text(dk_bytes_of(text), &context));
    return context;
}

static const struct dk__span_record *oldest(void) {
    if (current == NULL) {
        current = span_records_next(&records, dk__tracer_queue(tracer));
    }
    cr_assert(ne(ptr, (void *)current, NULL));
    return current;
}

static const struct dk__span_record *next(void) {
    current = NULL;
    return oldest();
}

/* The first entry of that kind, with that key unless it is NULL. */
static const struct dk__span_entry *entry_of(
    const struct dk__span_record *record, enum dk__span_entry_kind kind, const char *key) {
    const struct dk__span_entry *entry = NULL;
    while ((entry = dk__span_entry_next(record, entry)) != NULL) {
        if (entry->kind == kind && (key == NULL || strcmp(entry->key, key) == 0)) {
            return entry;
        }
    }
    return NULL;
}

static bool is_recorded(const struct dk__trace_context *from) {
    dk__trace_begin(&call, tracer, from, DK_SPAN_SERVER, name, 0);
    return call.trace.span != NULL;
}

Test(trace, without_a_tracer_leaves_the_call_as_it_was) {
    const struct dk__trace_context from = parent("01");

    dk__trace_begin(&call, NULL, &from, DK_SPAN_SERVER, name, 0);
    struct dk_span *child = dk__span_begin(&call, DK_SPAN_CLIENT, name);
    dk_span_text(child, "key", name);
    dk_span_number(child, "key", 1);
    dk_span_event(child, "event", name);
    dk_span_fail(child, name);
    dk_span_end(child);
    dk__trace_end(&call);

    cr_assert(eq(ptr, call.trace.span, NULL));
    cr_assert(not(call.trace.context.is_set));
    cr_assert(eq(sz, call.arena.bytes_taken, 0));
}

Test(trace, follows_its_parent) {
    const struct dk__trace_context from = parent("01");
    make(DK__SAMPLER_PARENT_ALWAYS_OFF, 0, 8);

    dk__trace_begin(&call, tracer, &from, DK_SPAN_SERVER, name, 0);
    dk__trace_end(&call);

    const struct dk__span_record *record = oldest();
    cr_assert(eq(int, memcmp(record->self.trace_id, from.trace_id, 16), 0));
    cr_assert(eq(int, memcmp(record->parent_id, from.span_id, 8), 0));
    cr_assert(ne(int, memcmp(record->self.span_id, from.span_id, 8), 0));
    cr_assert(eq(int, record->kind, DK_SPAN_SERVER));
    cr_assert(ge(u64, record->end_ns, record->start_ns));
    cr_assert(gt(u64, record->start_ns, 0));
}

Test(trace, hands_an_unsampled_parent_on) {
    const struct dk__trace_context from = parent("00");
    make(DK__SAMPLER_PARENT_ALWAYS_ON, 0, 8);

    cr_assert(not(is_recorded(&from)));

    cr_assert(eq(int, memcmp(&call.trace.context, &from, sizeof from), 0));
    cr_assert(eq(ptr, dk__span_begin(&call, DK_SPAN_CLIENT, name), NULL));
    cr_assert(eq(sz, call.arena.bytes_taken, 0));
}

Test(trace, gives_an_unsampled_root_a_context_of_its_own) {
    make(DK__SAMPLER_PARENT_RATIO, 0, 8);
    static const unsigned char zeros[16] = {0};

    cr_assert(not(is_recorded(NULL)));

    cr_assert(call.trace.context.is_set);
    cr_assert(eq(int, call.trace.context.flags, 0));
    cr_assert(ne(int, memcmp(call.trace.context.trace_id, zeros, 16), 0));
    cr_assert(ne(int, memcmp(call.trace.context.span_id, zeros, 8), 0));
}

Test(trace, samplers_ask_their_parent_or_do_not) {
    const struct dk__trace_context on = parent("01"), off = parent("00");
    static const struct {
        enum dk__sampler sampler;
        double ratio;
        bool root, on, off;
    } rows[] = {
        {DK__SAMPLER_ALWAYS_ON, 0, true, true, true},
        {DK__SAMPLER_ALWAYS_OFF, 0, false, false, false},
        {DK__SAMPLER_RATIO, 1, true, true, true},
        {DK__SAMPLER_RATIO, 0, false, false, false},
        {DK__SAMPLER_PARENT_ALWAYS_ON, 0, true, true, false},
        {DK__SAMPLER_PARENT_ALWAYS_OFF, 0, false, true, false},
        {DK__SAMPLER_PARENT_RATIO, 0, false, true, false},
        {DK__SAMPLER_PARENT_RATIO, 1, true, true, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        make(rows[i].sampler, rows[i].ratio, 8);

        cr_expect(eq(int, is_recorded(NULL), rows[i].root), "row %zu", i);
        cr_expect(eq(int, is_recorded(&on), rows[i].on), "row %zu", i);
        cr_expect(eq(int, is_recorded(&off), rows[i].off), "row %zu", i);

        dk__tracer_free(tracer);
        tracer = NULL;
    }
}

Test(trace, ratio_takes_its_share_of_roots) {
    enum { ROOTS = 20000 };
    int recorded = 0;
    make(DK__SAMPLER_PARENT_RATIO, 0.25, 8);

    for (int i = 0; i < ROOTS; i++) {
        recorded += is_recorded(NULL) ? 1 : 0;
        call.trace.span = NULL;
        dk__arena_reset(&call.arena);
    }

    cr_assert(gt(int, recorded, ROOTS / 5)); /* ±10 standard deviations and more */
    cr_assert(lt(int, recorded, ROOTS * 3 / 10));
}

Test(trace, ratio_decides_as_other_processes_do) {
    struct dk__trace_context low = parent("00"), high = parent("00");
    make(DK__SAMPLER_RATIO, 0.5, 8);
    low.trace_id[8] = 0x7F; /* of its last eight bytes the first says most */
    high.trace_id[8] = 0x80;

    cr_assert(is_recorded(&low));
    cr_assert(not(is_recorded(&high)));
}

Test(trace, children_name_the_calls_span) {
    make(DK__SAMPLER_ALWAYS_ON, 0, 8);
    dk__trace_begin(&call, tracer, NULL, DK_SPAN_SERVER, name, 0);
    const struct dk__trace_context own = call.trace.context;

    struct dk_span *child =
        dk__span_begin(&call, DK_SPAN_CLIENT, (struct dk_bytes)DK_BYTES("EVALSHA"));
    dk_span_end(child);
    dk__trace_end(&call);

    const struct dk__span_record *record = oldest();
    cr_assert(eq(int, memcmp(record->parent_id, own.span_id, 8), 0));
    cr_assert(eq(int, memcmp(record->self.trace_id, own.trace_id, 16), 0));
    static const unsigned char none[8] = {0};
    cr_assert(eq(int, memcmp(next()->parent_id, none, 8), 0));
    cr_assert(eq(int, memcmp(oldest()->self.span_id, own.span_id, 8), 0));
}

Test(trace, a_second_beginning_counts) {
    const struct dk__trace_context from = parent("01");
    make(DK__SAMPLER_PARENT_ALWAYS_ON, 0, 8);
    dk__trace_begin(&call, tracer, NULL, DK_SPAN_SERVER, name, 0);

    dk__trace_begin(&call, tracer, &from, DK_SPAN_SERVER, name, 0);
    dk__trace_end(&call);

    cr_assert(eq(int, memcmp(oldest()->parent_id, from.span_id, 8), 0));
    cr_assert(eq(u64, dk__tracer_counts(tracer).put, 1));
}

Test(trace, a_span_says_what_was_noted) {
    static const struct dk_bytes value = DK_BYTES("redis"), words = DK_BYTES("gone");
    make(DK__SAMPLER_ALWAYS_ON, 0, 8);
    dk__trace_begin(&call, tracer, NULL, DK_SPAN_CLIENT, name, 0);
    struct dk_span *span = call.trace.span;

    dk_span_text(span, "db.system.name", value);
    dk_span_number(span, "server.port", 6379);
    dk_span_event(span, "retry", (struct dk_bytes){0});
    dk_span_fail(span, words);
    dk__trace_end(&call);

    const struct dk__span_record *record = oldest();
    const struct dk__span_entry *entry = dk__span_entry_next(record, NULL);
    cr_assert(eq(int, entry->kind, DK__SPAN_NAME));
    cr_assert(dk_bytes_equal((struct dk_bytes){entry->text, entry->size}, name));
    entry = dk__span_entry_next(record, entry);
    cr_assert(eq(int, entry->kind, DK__SPAN_TEXT));
    cr_assert(eq(int, strcmp(entry->key, "db.system.name"), 0));
    cr_assert(dk_bytes_equal((struct dk_bytes){entry->text, entry->size}, value));
    entry = dk__span_entry_next(record, entry);
    cr_assert(eq(int, entry->kind, DK__SPAN_NUMBER));
    cr_assert(eq(i64, entry->number, 6379));
    entry = dk__span_entry_next(record, entry);
    cr_assert(eq(int, entry->kind, DK__SPAN_EVENT));
    cr_assert(ge(i64, entry->number, (int64_t)record->start_ns));
    entry = dk__span_entry_next(record, entry);
    cr_assert(eq(int, entry->kind, DK__SPAN_WORDS));
    cr_assert(record->has_failed);
    cr_assert(eq(ptr, (void *)dk__span_entry_next(record, entry), NULL));
}

Test(trace, texts_are_cut_at_a_character_and_what_does_not_fit_is_counted) {
    char text[DK_SPAN_TEXT_BYTES_MAX + 2];
    make(DK__SAMPLER_ALWAYS_ON, 0, 8);
    memset(text, 'x', sizeof text);
    memcpy(text + DK_SPAN_TEXT_BYTES_MAX - 1, "\xC3\xA4", 2); /* the bound is within it */
    dk__trace_begin(&call, tracer, NULL, DK_SPAN_CLIENT, name, 0);

    for (int i = 0; i < 5; i++) {
        dk_span_text(call.trace.span, "key", (struct dk_bytes){text, sizeof text});
    }
    dk__trace_end(&call);

    const struct dk__span_record *record = oldest();
    const struct dk__span_entry *entry =
        dk__span_entry_next(record, dk__span_entry_next(record, NULL));
    cr_assert(eq(int, entry->size, DK_SPAN_TEXT_BYTES_MAX - 1));
    cr_assert(eq(int, record->attributes_dropped, 3));
    cr_assert(le(u32, record->body_used, DK__SPAN_BODY_BYTES));
}

static int batches;

static void on_batch(void *context) {
    cr_assert(eq(ptr, context, &batches));
    batches++;
}

static void spans(int count) {
    for (int i = 0; i < count; i++) {
        dk__trace_begin(&call, tracer, NULL, DK_SPAN_SERVER, name, 0);
        dk__trace_end(&call);
    }
}

Test(trace, says_once_that_a_batch_is_full) {
    make(DK__SAMPLER_ALWAYS_ON, 0, 4);
    dk__tracer_listen(tracer, on_batch, &batches);

    spans(1);
    cr_assert(eq(int, batches, 0));
    spans(5);
    cr_assert(eq(int, batches, 1));
    (void)oldest(); /* the batches leave the queue */
    spans(2);

    cr_assert(eq(int, batches, 2));
    cr_assert(eq(u64, dk__tracer_counts(tracer).dropped, 2));
}

Test(trace, without_memory_for_a_span_the_context_still_travels) {
    make(DK__SAMPLER_ALWAYS_ON, 0, 4);
    call.arena.bytes_max = 64;

    dk__trace_begin(&call, tracer, NULL, DK_SPAN_SERVER, name, 0);
    dk__trace_end(&call);

    cr_assert(call.trace.context.is_set);
    cr_assert(eq(u64, dk__tracer_counts(tracer).put, 0));
}

Test(trace, a_span_of_no_call_lies_with_its_maker) {
    const struct dk__trace_context from = parent("01");
    struct dk__trace_context later = {.is_set = false};
    static struct dk__span_memory span;
    make(DK__SAMPLER_PARENT_ALWAYS_ON, 0, 4);

    cr_assert(eq(ptr, dk__span_begin_at(NULL, &from, DK_SPAN_CONSUMER, name, &span, &later), NULL));
    cr_assert(eq(int, memcmp(&later, &from, sizeof from), 0));

    struct dk_span *begun = dk__span_begin_at(tracer, &from, DK_SPAN_CONSUMER, name, &span, &later);
    cr_assert(eq(ptr, begun, (void *)&span));
    cr_assert(eq(int, memcmp(later.trace_id, from.trace_id, 16), 0));
    dk_span_end(begun);
    cr_assert(eq(int, memcmp(oldest()->self.span_id, later.span_id, 8), 0));
}

static struct dk_reply reply;

static void ignore_ok(struct dk_reply *given) {
    (void)given;
}

static void ignore_fail(struct dk_reply *given, enum dk_error error, const char *text) {
    (void)given;
    (void)error;
    (void)text;
}

static const struct dk__reply_ops ignoring = {.ok = ignore_ok, .fail = ignore_fail};

static void reply_begin(void) {
    make(DK__SAMPLER_ALWAYS_ON, 0, 4);
    dk__trace_begin(&call, tracer, NULL, DK_SPAN_SERVER, name, 0);
    reply = (struct dk_reply){.ops = &ignoring, .call = &call};
}

Test(trace, a_replys_span_ends_with_it) {
    reply_begin();
    (void)dk_reply_span_begin(&reply, DK_SPAN_CLIENT, name);

    dk_reply_ok(&reply);

    cr_assert(eq(u64, dk__tracer_counts(tracer).put, 1));
    cr_assert(not(oldest()->has_failed));
}

Test(trace, a_replys_span_fails_with_it) {
    reply_begin();
    (void)dk_reply_span_begin(&reply, DK_SPAN_CLIENT, name);

    dk_reply_fail(&reply, DK_UNAVAILABLE, "redis: gone");

    cr_assert(oldest()->has_failed);
}

Test(trace, a_replys_span_that_was_ended_does_not_end_again) {
    char text[DK_TRACEPARENT_BYTES];
    reply_begin();
    struct dk_span *one = dk_reply_span_begin(&reply, DK_SPAN_CLIENT, name);
    cr_assert(dk_reply_traceparent(&reply, one, text));
    dk_span_end(one);
    (void)dk_reply_span_begin(&reply, DK_SPAN_CLIENT, name);

    dk_reply_ok(&reply);

    cr_assert(eq(u64, dk__tracer_counts(tracer).put, 2));
}

/* ── what several calls have in common ──────────────────────────────────────────────────────── */

enum { CALLS = 3 };

static struct dk__call calls[CALLS];
static struct dk_reply replies[CALLS];

static void calls_begin(void) {
    make(DK__SAMPLER_ALWAYS_ON, 0, 16);
    for (size_t i = 0; i < CALLS; i++) {
        calls[i].arena = (struct dk__arena){.pool = &pool, .bytes_max = 65536};
        dk__trace_begin(&calls[i], tracer, NULL, DK_SPAN_SERVER, name, 0);
        replies[i] = (struct dk_reply){.ops = &ignoring, .call = &calls[i]};
    }
}

static void calls_end(void) {
    for (size_t i = 0; i < CALLS; i++) {
        dk__trace_end(&calls[i]);
        dk__arena_reset(&calls[i].arena);
    }
}

Test(trace, a_common_span_is_the_firsts_child_and_the_others_link_to_it) {
    calls_begin();
    const struct dk__trace_context first = calls[0].trace.context;

    struct dk_span *common = dk_reply_span_begin_common(&replies[0], DK_SPAN_CLIENT, name);
    const struct dk__trace_context own = common->record.self;
    cr_assert(dk_reply_span_join(&replies[1], common));
    cr_assert(dk_reply_span_join(&replies[2], common));
    dk_span_end(common);
    for (size_t i = 0; i < CALLS; i++) {
        cr_assert(eq(u64, dk__tracer_counts(tracer).put, 0));
        dk_reply_ok(&replies[i]);
    }
    calls_end();

    const struct dk__span_record *record = oldest(); /* ended with the last of them */
    cr_assert(eq(int, memcmp(record->self.span_id, own.span_id, 8), 0));
    cr_assert(eq(int, memcmp(record->parent_id, first.span_id, 8), 0));
    cr_assert(eq(int, memcmp(record->self.trace_id, first.trace_id, 16), 0));
    cr_assert(not(record->has_failed));
    cr_assert(not(record->has_backend_us));
    cr_assert(not(next()->link.is_set));
    cr_assert(oldest()->has_backend_us);
    for (size_t i = 1; i < CALLS; i++) {
        cr_assert(eq(int, memcmp(&next()->link, &own, sizeof own), 0));
        cr_assert(oldest()->has_backend_us);
        cr_assert(ge(i64, oldest()->backend_us, 0));
    }
}

Test(trace, a_common_span_counts_who_failed_and_fails_with_all) {
    calls_begin();
    struct dk_span *some = dk_reply_span_begin_common(&replies[0], DK_SPAN_CLIENT, name);
    cr_assert(dk_reply_span_join(&replies[1], some));
    struct dk_span *all = dk_reply_span_begin_common(&replies[2], DK_SPAN_CLIENT, name);
    dk_span_end(some);
    dk_span_end(all);

    dk_reply_fail(&replies[0], DK_UNAVAILABLE, "gone");
    dk_reply_ok(&replies[1]);
    dk_reply_fail(&replies[2], DK_UNAVAILABLE, "gone");

    const struct dk__span_entry *failed = entry_of(oldest(), DK__SPAN_NUMBER, "dapr.calls.failed");
    cr_assert(not(oldest()->has_failed));
    cr_assert(ne(ptr, (void *)failed, NULL));
    cr_assert(eq(i64, failed->number, 1));
    cr_assert(next()->has_failed);
    calls_end();
}

Test(trace, a_reply_that_left_a_common_span_may_join_another) {
    calls_begin();
    struct dk_span *one = dk_reply_span_begin_common(&replies[0], DK_SPAN_CLIENT, name);
    dk_span_end(one);
    struct dk_span *two = dk_reply_span_begin_common(&replies[1], DK_SPAN_CLIENT, name);

    cr_assert(not(dk_reply_span_join(&replies[0], two)));
    dk_reply_span_leave(&replies[0]);
    cr_assert(eq(u64, dk__tracer_counts(tracer).put, 1));
    cr_assert(dk_reply_span_join(&replies[0], two));
    dk_span_end(two);

    struct dk_span *three = dk_reply_span_begin_common(&replies[2], DK_SPAN_CLIENT, name);
    const struct dk__trace_context again = three->record.self;
    dk_reply_span_leave(&replies[0]);
    cr_assert(dk_reply_span_join(&replies[0], three));
    dk_span_end(three);

    dk_reply_ok(&replies[0]);
    cr_assert(eq(u64, dk__tracer_counts(tracer).put, 1));
    dk_reply_ok(&replies[1]);
    dk_reply_ok(&replies[2]);
    cr_assert(eq(u64, dk__tracer_counts(tracer).put, 3));
    calls_end();
    (void)oldest(), (void)next(), (void)next();
    const struct dk__span_entry *second = entry_of(next(), DK__SPAN_LINK, NULL); /* of the call */
    cr_assert(oldest()->link.is_set);
    cr_assert(ne(ptr, (void *)second, NULL));
    cr_assert(eq(int, memcmp(second->text, &again, sizeof again), 0));
}

Test(trace, calls_that_are_not_recorded_have_no_common_span) {
    make(DK__SAMPLER_ALWAYS_OFF, 0, 4);
    dk__trace_begin(&call, tracer, NULL, DK_SPAN_SERVER, name, 0);
    reply = (struct dk_reply){.ops = &ignoring, .call = &call};

    cr_assert(eq(ptr, dk_reply_span_begin_common(&reply, DK_SPAN_CLIENT, name), NULL));
    cr_assert(not(dk_reply_span_join(&reply, NULL)));
}

Test(trace, a_span_with_more_to_say_gets_more_room) {
    char text[DK_SPAN_TEXT_BYTES_MAX];
    memset(text, 'x', sizeof text);
    make(DK__SAMPLER_ALWAYS_ON, 0, 4);
    dk__trace_begin(&call, tracer, NULL, DK_SPAN_SERVER, name, 0);

    dk_span_text(call.trace.span, "one", (struct dk_bytes){text, sizeof text});
    dk_span_text(call.trace.span, "two", (struct dk_bytes){text, sizeof text});
    dk__trace_end(&call);

    const struct dk__span_entry *two = entry_of(oldest(), DK__SPAN_TEXT, "two");
    cr_assert(ne(ptr, (void *)entry_of(oldest(), DK__SPAN_TEXT, "one"), NULL));
    cr_assert(ne(ptr, (void *)two, NULL));
    cr_assert(eq(int, two->size, sizeof text));
    cr_assert(eq(int, oldest()->attributes_dropped, 0));
}

Test(trace, a_span_may_begin_before_it_is_made) {
    struct timespec now;
    make(DK__SAMPLER_ALWAYS_ON, 0, 4);
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    const int64_t now_us = (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;

    dk__trace_begin(&call, tracer, NULL, DK_SPAN_SERVER, name, now_us - 5000);
    dk__trace_end(&call);

    cr_assert(ge(u64, oldest()->end_ns - oldest()->start_ns, 4999000));
    (void)clock_gettime(CLOCK_REALTIME, &now);
    cr_assert(ge(i64, (int64_t)now.tv_sec + 1, (int64_t)(oldest()->start_ns / 1000000000)));
}
