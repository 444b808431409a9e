/* What the document service counts, by what it did. */
#include "document/metrics.h"

#include "document/annotate.h"
#include "document/journal_slots.h"
#include "support/document_rig.h"
#include "support/metric_number.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

static struct document_journal *journal;

static void start(void) {
    document_rig_start();
    dk_metrics_add(document_metrics);
    journal = document_journal_new();
    document_rig_service.journal = journal;
    fake_sidecar.has_outbox = false;
}

static void end(void) {
    document_rig_end();
    document_rig_service.journal = NULL;
    document_journal_free(journal);
}

TestSuite(document_metrics, .init = start, .fini = end);

#define NUMBER(name, ...) \
    metric_number(document_metrics, name, (const char *const[]){__VA_ARGS__, NULL})

static int64_t backlog(void) {
    return metric_number(document_metrics, "dk_document_journal_backlog", (const char *[]){NULL});
}

static void publish(void) {
    document_journal_publish(document_rig_call());
}

Test(document_metrics, count_changes_by_kind_and_outcome) {
    cr_assert(eq(int, document_rig_create("d1", "one", NULL), DK_OK));
    cr_assert(eq(int, document_rig_replace("d1", "", "two", NULL), DK_OK));
    cr_assert(eq(int, document_rig_tag("d1", "new"), DK_OK));
    cr_assert(eq(int, document_rig_delete("d1"), DK_OK));
    cr_assert(eq(int, document_rig_restore("d1"), DK_OK));

    cr_assert(eq(i64, NUMBER("dk_document_changes_total", "created", "ok"), 1));
    cr_assert(eq(i64, NUMBER("dk_document_changes_total", "updated", "ok"), 1));
    cr_assert(eq(i64, NUMBER("dk_document_changes_total", "tagged", "ok"), 1));
    cr_assert(eq(i64, NUMBER("dk_document_changes_total", "deleted", "ok"), 1));
    cr_assert(eq(i64, NUMBER("dk_document_changes_total", "restored", "ok"), 1));
}

Test(document_metrics, show_how_many_changes_are_not_told_yet) {
    cr_assert(eq(i64, backlog(), 0));
    for (int i = 0; i < 3; i++) {
        char id[] = {'d', (char)('0' + i), '\0'};
        cr_assert(eq(int, document_rig_create(id, "text", NULL), DK_OK));
    }
    cr_assert(eq(i64, backlog(), 3));

    publish();

    cr_assert(eq(i64, backlog(), 0));
    cr_assert(eq(i64, NUMBER("dk_document_events_total", "told"), 3));
    cr_assert(ge(
        i64,
        metric_number(document_metrics, "dk_document_event_delay_seconds", (const char *[]){NULL}),
        0));
}

Test(document_metrics, show_what_the_broker_does_not_take) {
    cr_assert(eq(int, document_rig_create("d1", "one", NULL), DK_OK));
    fake_sidecar_fail("publish_many", 1, DK_UNAVAILABLE, FAKE_BEFORE, false);

    publish();

    cr_assert(eq(i64, backlog(), 1));
    cr_assert(eq(i64, NUMBER("dk_document_events_total", "untold"), 1));
    publish();
    cr_assert(eq(i64, backlog(), 0));
    cr_assert(eq(i64, NUMBER("dk_document_events_total", "told"), 1));
}

/* A slot whose change was not made is free again. */
Test(document_metrics, show_no_backlog_of_changes_that_were_not_made) {
    cr_assert(eq(int, document_rig_create("d1", "one", NULL), DK_OK));
    publish();

    cr_assert(eq(int, document_rig_create("d1", "again", NULL), DK_ETAG_MISMATCH));

    cr_assert(eq(i64, backlog(), 0));
}

Test(document_metrics, show_no_backlog_of_a_journal_that_begins_anew) {
    cr_assert(eq(int, document_rig_create("d1", "one", NULL), DK_OK));
    cr_assert(eq(i64, backlog(), 1));

    journal_restart(journal, journal->epoch);

    cr_assert(eq(i64, backlog(), 0));
}

Test(document_metrics, count_results_that_make_no_sense) {
    const struct dk_event event = {.data = DK_BYTES("no result")};

    cr_assert(eq(int, document_annotate(document_rig_call(), &event), DK_VERDICT_DROP));

    cr_assert(eq(i64, NUMBER("dk_document_annotations_total", "dropped"), 1));
}
