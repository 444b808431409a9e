/* When spans are sent, sent again and given up; a sender with a script stands for the collector. */
#include "wire/otlp/exporter.h"

#include "wire/grpc/status.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <pthread.h>
#include <stdatomic.h>

enum { SCRIPT_MAX = 8, HANG = -1, SECONDS = 1000, FLUSH_MS = 10 * SECONDS };

struct script {
    struct dk__otlp_sender base;
    int codes[SCRIPT_MAX]; /* one a send; after the last OK */
    size_t count;
    pthread_mutex_t mutex; /* of: */
    pthread_cond_t changed;
    size_t sends;
    bool is_cancelled;
};

static struct script script = {
    .mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
static struct dk__tracer *tracer;
static struct dk__otlp_exporter *exporter;
static const struct dk_pair attributes[] = {{DK_BYTES("service.name"), DK_BYTES("test")}};
static const struct dk__otlp_resource resource = {{attributes, 1}, "1.0"};

static void script_send(
    struct dk__otlp_sender *sender,
    struct dk_bytes request,
    int64_t wait_ms,
    struct dk__otlp_answer *ret_answer) {
    (void)sender;
    (void)wait_ms;
    cr_assert(gt(sz, request.size, 0));
    pthread_mutex_lock(&script.mutex);
    int code = script.sends < script.count ? script.codes[script.sends] : DK__CODE_OK;
    script.sends++;
    pthread_cond_broadcast(&script.changed);
    while (code == HANG && !script.is_cancelled) {
        pthread_cond_wait(&script.changed, &script.mutex);
    }
    pthread_mutex_unlock(&script.mutex);
    code = code == HANG ? DK__CODE_CANCELLED : code;
    dk__otlp_answer_set(
        ret_answer,
        code,
        (struct dk_bytes)DK_BYTES("as the script says"),
        (struct dk_bytes){0},
        (struct dk_bytes){0});
}

static void script_cancel(struct dk__otlp_sender *sender) {
    (void)sender;
    pthread_mutex_lock(&script.mutex);
    script.is_cancelled = true;
    pthread_cond_broadcast(&script.changed);
    pthread_mutex_unlock(&script.mutex);
}

static void script_free(struct dk__otlp_sender *sender) {
    (void)sender;
}

static const struct dk__otlp_sender_ops script_ops = {
    .send = script_send, .cancel = script_cancel, .free = script_free};

static void await_sends(size_t count) {
    pthread_mutex_lock(&script.mutex);
    while (script.sends < count) {
        pthread_cond_wait(&script.changed, &script.mutex);
    }
    pthread_mutex_unlock(&script.mutex);
}

static void start(const int *codes, size_t count, int64_t delay_ms) {
    const struct dk__tracer_config config = {
        .sampler = DK__SAMPLER_ALWAYS_ON,
        .queue_max = 8,
        .batch_max = 4,
        .head_bytes = dk__otlp_resource_bytes(&resource),
        .format = &dk__otlp_format};
    struct dk_fault fault = {0};
    cr_assert(eq(int, dk__tracer_new(&config, &tracer, &fault), DK_OK));
    script.base.ops = &script_ops;
    script.count = count;
    for (size_t i = 0; i < count; i++) {
        script.codes[i] = codes[i];
    }
    const struct dk__otlp_exporter_config how = {
        .tracer = tracer,
        .sender = &script.base,
        .resource = resource,
        .delay_ms = delay_ms,
        .timeout_ms = 10 * SECONDS,
    };
    cr_assert(eq(int, dk__otlp_exporter_new(&how, &exporter, &fault), DK_OK), "%s", fault.text);
}

static void spans(int count) {
    static const struct dk_bytes name = DK_BYTES("span");
    struct dk__trace_context next;
    struct dk__span_memory span;
    for (int i = 0; i < count; i++) {
        dk_span_end(dk__span_begin_at(tracer, NULL, DK_SPAN_INTERNAL, name, &span, &next));
    }
}

static void end(void) {
    dk__tracer_free(tracer);
}

TestSuite(otlp_exporter, .fini = end, .timeout = 60);

Test(otlp_exporter, sends_a_full_batch_at_once) {
    start(NULL, 0, 600 * SECONDS);

    spans(4);
    await_sends(1);

    cr_assert(dk__otlp_exporter_close(exporter, FLUSH_MS));
}

Test(otlp_exporter, sends_what_there_is_when_its_time_has_come) {
    start(NULL, 0, 20);

    spans(1);
    await_sends(1);
    spans(1);
    await_sends(2);

    cr_assert(dk__otlp_exporter_close(exporter, FLUSH_MS));
}

Test(otlp_exporter, flushes_at_its_end) {
    start(NULL, 0, 600 * SECONDS);
    spans(3);

    cr_assert(dk__otlp_exporter_close(exporter, FLUSH_MS));

    cr_assert(eq(sz, script.sends, 1));
    cr_assert(eq(u64, dk__tracer_counts(tracer).waiting, 0));
}

Test(otlp_exporter, sends_again_what_may_pass) {
    static const int codes[] = {DK__CODE_UNAVAILABLE, DK__CODE_DEADLINE_EXCEEDED};
    start(codes, 2, 20);

    spans(2);
    await_sends(3);
    spans(4); /* the next batch: the first is over */
    await_sends(4);

    const struct dk__otlp_counts counts = dk__otlp_exporter_counts(exporter);
    cr_assert(eq(u64, counts.errors, 2));
    cr_assert(eq(u64, counts.failed, 0));
    cr_assert(ge(u64, counts.exported, 2));
    cr_assert(dk__otlp_exporter_close(exporter, FLUSH_MS));
}

Test(otlp_exporter, gives_up_what_will_not_pass) {
    static const int codes[] = {DK__CODE_INVALID_ARGUMENT};
    start(codes, 1, 600 * SECONDS);

    spans(4);
    await_sends(1);
    spans(4);
    await_sends(2);

    cr_assert(eq(u64, dk__otlp_exporter_counts(exporter).failed, 4));
    cr_assert(dk__otlp_exporter_close(exporter, FLUSH_MS));
}

Test(otlp_exporter, a_collector_that_hangs_costs_spans_and_holds_no_end) {
    static const int codes[] = {HANG, HANG, HANG, HANG, HANG, HANG, HANG, HANG};
    start(codes, SCRIPT_MAX, 600 * SECONDS);
    spans(4);
    await_sends(1);

    spans(20);

    cr_assert(eq(u64, dk__tracer_counts(tracer).dropped, 12));
    cr_assert(dk__otlp_exporter_close(exporter, 100));
}

Test(otlp_exporter, a_collector_that_is_away_is_asked_once_at_the_end) {
    static const int codes[] = {
        DK__CODE_UNAVAILABLE, DK__CODE_UNAVAILABLE, DK__CODE_UNAVAILABLE, DK__CODE_UNAVAILABLE};
    start(codes, 4, 600 * SECONDS);
    spans(1);

    cr_assert(dk__otlp_exporter_close(exporter, FLUSH_MS));

    cr_assert(eq(sz, script.sends, 1));
}

Test(otlp_answer, counts_what_the_collector_rejected) {
    struct dk__otlp_answer answer;
    static const struct dk_bytes partial = DK_BYTES("\x0a\x08\x08\x03\x12\x04some"), none = {0};

    dk__otlp_answer_set(&answer, DK__CODE_OK, none, none, partial);
    cr_assert(eq(i64, answer.rejected, 3));

    static const struct dk_bytes broken[] = {
        DK_BYTES(""),
        DK_BYTES("\x0a"),
        DK_BYTES("\x0a\x7f\x08"),
        DK_BYTES("\x0a\x02\x08\xff"),
        DK_BYTES("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"),
        DK_BYTES("\x0d\x01\x02\x03\x04")};
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        dk__otlp_answer_set(&answer, DK__CODE_OK, none, none, broken[i]);
        cr_expect(eq(i64, answer.rejected, 0), "%zu", i);
    }
}

Test(otlp_answer, knows_what_may_pass) {
    static const struct {
        int code;
        bool may_pass;
    } rows[] = {
        {DK__CODE_CANCELLED, true},
        {DK__CODE_UNKNOWN, false},
        {DK__CODE_INVALID_ARGUMENT, false},
        {DK__CODE_DEADLINE_EXCEEDED, true},
        {DK__CODE_PERMISSION_DENIED, false},
        {DK__CODE_RESOURCE_EXHAUSTED, false},
        {DK__CODE_ABORTED, true},
        {DK__CODE_UNIMPLEMENTED, false},
        {DK__CODE_INTERNAL, false},
        {DK__CODE_UNAVAILABLE, true},
        {DK__CODE_DATA_LOSS, true},
        {DK__CODE_UNAUTHENTICATED, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct dk__otlp_answer answer;
        dk__otlp_answer_set(
            &answer,
            rows[i].code,
            (struct dk_bytes)DK_BYTES("why"),
            (struct dk_bytes){0},
            (struct dk_bytes){0});
        cr_expect(eq(int, answer.may_pass, rows[i].may_pass), "%d", rows[i].code);
        cr_expect(ne(int, answer.words[0], 0));
    }
}

#define RETRY_INFO "\x0a\x28type.googleapis.com/google.rpc.RetryInfo"

Test(otlp_answer, honours_the_collectors_retry_info) {
    /* A google.rpc.Status whose second detail is a RetryInfo of 2.5 s; one of it without a delay; none. */
    static const struct dk_bytes none = {0},
                                 late = DK_BYTES("\x08\x08\x1a\x05\x0a\x03www\x1a\x37" RETRY_INFO
                                                 "\x12\x0b\x0a\x09\x08\x02\x10\x80\xca\xb5\xee\x01"
                                                 "\x18\x00"),
                                 soon = DK_BYTES("\x1a\x2a" RETRY_INFO),
                                 other = DK_BYTES("\x1a\x05\x0a\x03www"),
                                 broken = DK_BYTES("\x1a\x7f\x0a");
    static const struct {
        int code;
        const struct dk_bytes *details;
        bool may_pass;
        int64_t wait_ms;
    } rows[] = {
        {DK__CODE_RESOURCE_EXHAUSTED, &late, true, 2500},
        {DK__CODE_RESOURCE_EXHAUSTED, &soon, true, 0},
        {DK__CODE_RESOURCE_EXHAUSTED, &other, false, 0},
        {DK__CODE_RESOURCE_EXHAUSTED, &broken, false, 0},
        {DK__CODE_UNAVAILABLE, &late, true, 2500},
        {DK__CODE_INVALID_ARGUMENT, &late, false, 2500},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct dk__otlp_answer answer;

        dk__otlp_answer_set(&answer, rows[i].code, none, *rows[i].details, none);

        cr_expect(eq(int, answer.may_pass, rows[i].may_pass), "row %zu", i);
        cr_expect(eq(i64, answer.wait_ms, rows[i].wait_ms), "row %zu", i);
    }
}
