/*
 * Tables that make no sense, each fault in words and all of them at once.
 */
#include "wire/grpc/app.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

static enum dk_verdict on_event(struct dk_call *call, const struct dk_event *event) {
    (void)call;
    (void)event;
    return DK_VERDICT_DONE;
}

static void on_events(
    struct dk_call *call, const struct dk_event *events, size_t count, enum dk_verdict *verdicts) {
    (void)call;
    (void)events;
    (void)count;
    (void)verdicts;
}

static enum dk_error on_binding(
    struct dk_call *call, const struct dk_binding_event *event, struct dk_bytes *ret_answer) {
    (void)call;
    (void)event;
    (void)ret_answer;
    return DK_OK;
}

static enum dk_error on_job(struct dk_call *call, const struct dk_job *job) {
    (void)call;
    (void)job;
    return DK_OK;
}

static void expect_faults(const struct dk_app *app, const char *const *words, size_t count) {
    struct dk_fault fault = {0};
    cr_assert(eq(int, dk__app_tables_check(app, &fault), DK_INVALID));
    for (size_t i = 0; i < count; i++) {
        cr_expect(ne(ptr, strstr(fault.text, words[i]), NULL), "%s\n%s", words[i], fault.text);
    }
}

Test(app_tables, that_make_sense_are_taken) {
    static const struct dk_app_rule rules[] = {{"true", on_event}, {0}};
    static const struct dk_app_topic topics[] = {
        {.pubsub = "a", .topic = "t", .run = on_event, .rules = rules, .dead_letter_topic = "d"},
        {.pubsub = "b", .topic = "t", .rules = rules},
        {.pubsub = "a", .topic = "d", .run_many = on_events, .events_max = 1, .await_ms = 1},
        {0},
    };
    static const struct dk_app_binding bindings[] = {{"b", on_binding}, {0}};
    static const struct dk_app_job jobs[] = {{"j", on_job}, {"j*", on_job}, {"*", on_job}, {0}};
    static const struct dk_app app = {.topics = topics, .bindings = bindings, .jobs = jobs};
    static const struct dk_app none = {0};
    struct dk_fault fault = {0};

    cr_assert(eq(int, dk__app_tables_check(&app, &fault), DK_OK), "%s", fault.text);
    cr_assert(eq(int, dk__app_tables_check(&none, &fault), DK_OK), "%s", fault.text);
}

Test(app_tables, name_every_fault_of_topics_at_once) {
    static const struct dk_app_rule rules[] = {
        {"x", on_event}, {"", on_event}, {"y", NULL}, {"x", on_event}, {0}};
    static const struct dk_app_topic topics[] = {
        {.pubsub = "a", .topic = "idle"},
        {.pubsub = "a", .topic = "both", .run = on_event, .run_many = on_events},
        {.pubsub = "a", .topic = "ruled", .rules = rules, .run_many = on_events},
        {.pubsub = "a", .topic = "single", .run = on_event, .events_max = 5},
        {.pubsub = "a", .topic = "less", .run_many = on_events, .await_ms = -1},
        {.pubsub = "a", .topic = "ring", .run = on_event, .dead_letter_topic = "ring"},
        {.pubsub = "a", .topic = "ring", .run = on_event},
        {.pubsub = "", .topic = "homeless", .run = on_event},
        {.pubsub = "a", .topic = "\xff", .run = on_event},
        {.pubsub = "a", .topic = NULL, .run = on_event},
        {0},
    };
    static const struct dk_app app = {.topics = topics};
    static const char *const words[] = {
        "topic 'idle' of 'a': has no handler",
        "topic 'both' of 'a': run_many stands instead of run and rules",
        "topic 'ruled' of 'a': run_many stands instead of run and rules",
        "topic 'ruled' of 'a': a rule has no condition or no handler",
        "topic 'ruled' of 'a': the condition \"x\" is there twice",
        "topic 'single' of 'a': events_max and await_ms are run_many's",
        "topic 'less' of 'a': events_max and await_ms are 0 or more",
        "topic 'ring' of 'a': its dead letters need a topic of their own",
        "topic 'ring' of 'a': is there twice",
        "topic 'homeless' of '': pubsub and topic need names",
        "topic '' of 'a': pubsub and topic need names",
        "' is not UTF-8",
    };

    expect_faults(&app, words, sizeof words / sizeof words[0]);
}

Test(app_tables, name_every_fault_of_bindings_and_jobs_at_once) {
    static const struct dk_app_binding bindings[] = {
        {"b", on_binding}, {"idle", NULL}, {"", on_binding}, {"b", on_binding}, {0}};
    static const struct dk_app_job jobs[] = {
        {"a*b", on_job},
        {"a**", on_job},
        {"lazy", NULL},
        {NULL, on_job},
        {"c", on_job},
        {"c", on_job},
        {0}};
    static const struct dk_app app = {.bindings = bindings, .jobs = jobs};
    static const char *const words[] = {
        "binding 'idle': has no handler",
        "binding '': needs a name",
        "binding 'b': is there twice",
        "job 'a*b': '*' stands at the end alone",
        "job 'a**': '*' stands at the end alone",
        "job 'lazy': has no handler",
        "job '': needs a name",
        "job 'c': is there twice",
    };

    expect_faults(&app, words, sizeof words / sizeof words[0]);
}
