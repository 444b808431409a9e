/*
 * What can be wrong in an application's tables of topics, bindings and jobs, all of it said at once
 * before anything is served.
 */
#include "wire/grpc/app.h"
#include "wire/pbc/app_lists.h"

static bool is_same(const char *left, const char *right) {
    return left != NULL && right != NULL && strcmp(left, right) == 0;
}

static bool is_empty(const char *text) {
    return text == NULL || text[0] == '\0';
}

/* For words: tables may hold NULL where a name belongs. */
static const char *shown(const char *text) {
    return text == NULL ? "" : text;
}

/* ── topics ─────────────────────────────────────────────────────────────────────────────────── */

static void topic_fault(
    const struct dk_app_topic *topic, const char *what, struct dk_fault *fault) {
    (void)dk_fault_set(
        fault,
        DK_INVALID,
        "topic '%s' of '%s': %s",
        shown(topic->topic),
        shown(topic->pubsub),
        what);
}

static bool is_rule_end(const struct dk_app_rule *rule) {
    return rule == NULL || (rule->match == NULL && rule->run == NULL);
}

static void check_rules(const struct dk_app_topic *topic, struct dk_fault *fault) {
    for (const struct dk_app_rule *rule = topic->rules; !is_rule_end(rule); rule++) {
        if (is_empty(rule->match) || rule->run == NULL) {
            topic_fault(topic, "a rule has no condition or no handler", fault);
        }
        for (const struct dk_app_rule *before = topic->rules; before != rule; before++) {
            if (is_same(before->match, rule->match)) {
                (void)dk_fault_set(
                    fault,
                    DK_INVALID,
                    "topic '%s' of '%s': the condition \"%s\" is there twice",
                    shown(topic->topic),
                    shown(topic->pubsub),
                    rule->match);
            }
        }
    }
}

static void check_topic(const struct dk_app_topic *topic, struct dk_fault *fault) {
    const bool has_rules = !is_rule_end(topic->rules);
    if (is_empty(topic->pubsub) || is_empty(topic->topic)) {
        topic_fault(topic, "pubsub and topic need names", fault);
    }
    if (topic->run == NULL && topic->run_many == NULL && !has_rules) {
        topic_fault(topic, "has no handler", fault);
    }
    if (topic->run_many != NULL && (topic->run != NULL || has_rules)) {
        topic_fault(topic, "run_many stands instead of run and rules", fault);
    }
    if (topic->run_many == NULL && (topic->events_max != 0 || topic->await_ms != 0)) {
        topic_fault(topic, "events_max and await_ms are run_many's", fault);
    }
    if (topic->events_max < 0 || topic->await_ms < 0) {
        topic_fault(topic, "events_max and await_ms are 0 or more", fault);
    }
    if (topic->dead_letter_topic != NULL &&
        (is_empty(topic->dead_letter_topic) || is_same(topic->dead_letter_topic, topic->topic))) {
        topic_fault(topic, "its dead letters need a topic of their own", fault);
    }
    check_rules(topic, fault);
}

static bool is_topic_end(const struct dk_app_topic *topic) {
    return topic == NULL || (topic->pubsub == NULL && topic->topic == NULL && topic->run == NULL &&
                             topic->run_many == NULL && topic->rules == NULL);
}

static void check_topics(const struct dk_app_topic *topics, struct dk_fault *fault) {
    for (const struct dk_app_topic *topic = topics; !is_topic_end(topic); topic++) {
        check_topic(topic, fault);
        for (const struct dk_app_topic *before = topics; before != topic; before++) {
            if (is_same(before->topic, topic->topic) && is_same(before->pubsub, topic->pubsub)) {
                topic_fault(topic, "is there twice", fault);
            }
        }
    }
}

/* ── bindings and jobs ──────────────────────────────────────────────────────────────────────── */

static void check_name(
    const char *kind, const char *name, bool has_handler, struct dk_fault *fault) {
    if (is_empty(name)) {
        (void)dk_fault_set(fault, DK_INVALID, "%s '': needs a name", kind);
    }
    if (!has_handler) {
        (void)dk_fault_set(fault, DK_INVALID, "%s '%s': has no handler", kind, shown(name));
    }
}

static void check_bindings(const struct dk_app_binding *bindings, struct dk_fault *fault) {
    for (const struct dk_app_binding *binding = bindings;
         binding != NULL && (binding->name != NULL || binding->run != NULL);
         binding++) {
        check_name("binding", binding->name, binding->run != NULL, fault);
        for (const struct dk_app_binding *before = bindings; before != binding; before++) {
            if (is_same(before->name, binding->name)) {
                (void)dk_fault_set(
                    fault, DK_INVALID, "binding '%s': is there twice", binding->name);
            }
        }
    }
}

static void check_jobs(const struct dk_app_job *jobs, struct dk_fault *fault) {
    for (const struct dk_app_job *job = jobs;
         job != NULL && (job->name != NULL || job->run != NULL);
         job++) {
        const char *star = strchr(shown(job->name), '*');
        check_name("job", job->name, job->run != NULL, fault);
        if (star != NULL && star[1] != '\0') {
            (void)dk_fault_set(
                fault, DK_INVALID, "job '%s': '*' stands at the end alone", job->name);
        }
        for (const struct dk_app_job *before = jobs; before != job; before++) {
            if (is_same(before->name, job->name)) {
                (void)dk_fault_set(fault, DK_INVALID, "job '%s': is there twice", job->name);
            }
        }
    }
}

/* Whether daprd can read the lists: it takes one text that is no UTF-8 for none at all. */
static void check_lists(const struct dk_app *app, struct dk_fault *fault) {
    struct dk__pool pool = {0};
    struct dk__arena arena = {.pool = &pool, .bytes_max = SIZE_MAX};
    (void)dk__encode_app_topics(&arena, app->topics, fault);
    (void)dk__encode_app_bindings(&arena, app->bindings, fault);
    dk__arena_reset(&arena);
    dk__pool_clear(&pool);
}

enum dk_error dk__app_tables_check(const struct dk_app *app, struct dk_fault *fault) {
    struct dk_fault found = {0};
    check_topics(app->topics, &found);
    check_bindings(app->bindings, &found);
    check_jobs(app->jobs, &found);
    check_lists(app, &found);
    return found.error == DK_OK ? DK_OK : dk_fault_set(fault, DK_INVALID, "%s", found.text);
}
