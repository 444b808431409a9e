/*
 * The journal: every change that was made is told, and nothing else, whoever dies and wherever.
 */
#include "document/journal.h"

#include "document/journal_slots.h"
#include "support/document_rig.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>

enum { STEPS_MAX = 400 };

static struct document_journal *journal;

static void start(void) {
    document_rig_start();
    journal = document_journal_new();
    document_rig_service.journal = journal;
    fake_sidecar.has_outbox = false;
}

static void end(void) {
    document_rig_end();
    document_rig_service.journal = NULL;
    document_journal_free(journal);
}

TestSuite(document_journal, .init = start, .fini = end);

/* The process dies, and another one starts. */
static void die(void) {
    document_journal_free(journal);
    journal = document_journal_new();
    document_rig_service.journal = journal;
}

static void publish(void) {
    document_journal_publish(document_rig_call());
}

static void keep(void) {
    document_journal_keep(document_rig_call());
}

/* How often a version was told. */
static size_t told(const char *id, uint64_t version) {
    size_t count = 0;
    for (size_t i = 0; i < fake_sidecar.published.count; i++) {
        struct ProtobufCMessage *message = NULL;
        cr_assert(
            eq(int,
               dk_call_read_json(
                   document_rig_call(),
                   &dapr_kit__document__v1__document_changed__descriptor,
                   fake_sidecar.published.items[i].data,
                   &message),
               DK_OK));
        const pb_changed *event = (const pb_changed *)message;
        count += strcmp(event->id, id) == 0 && event->version == version;
    }
    return count;
}

Test(document_journal, tells_a_change_once_with_its_key_and_type) {
    document_rig_header("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
    cr_assert(eq(int, document_rig_create("d1", "hello", NULL), DK_OK));
    cr_assert(gt(sz, fake_sidecar.wakes, 0));

    publish();
    publish();

    cr_assert(eq(sz, fake_sidecar.published.count, 1));
    const struct fake_record *record = &fake_sidecar.published.items[0];
    cr_assert(eq(str, (char *)record->pubsub, "pubsub"));
    cr_assert(eq(str, (char *)record->topic, "documents"));
    cr_assert(dk_bytes_equal(
        dk_pairs_find(record->metadata, dk_bytes_of("partitionKey")), dk_bytes_of("d1")));
    cr_assert(dk_bytes_equal(
        dk_pairs_find(record->metadata, dk_bytes_of("cloudevent.type")),
        dk_bytes_of("dapr_kit.document.v1.DocumentChanged")));
    cr_assert(
        ne(ptr,
           (void *)dk_pairs_find(record->metadata, dk_bytes_of("cloudevent.traceparent")).data,
           NULL));
    cr_assert(eq(sz, told("d1", 1), 1));
}

Test(document_journal, tells_changes_in_their_order) {
    document_rig_create("d1", "one", NULL);
    for (int i = 0; i < 40; i++) {
        char text[32];
        (void)snprintf(text, sizeof text, "text %d", i);
        cr_assert(eq(int, document_rig_replace("d1", "", text, NULL), DK_OK));
    }

    publish();

    cr_assert(eq(sz, fake_sidecar.published.count, 41));
    for (size_t i = 0; i < 41; i++) {
        char version[32];
        (void)snprintf(version, sizeof version, "\"version\":\"%zu\"", i + 1);
        char text[512];
        const struct dk_bytes data = fake_sidecar.published.items[i].data;
        (void)snprintf(text, sizeof text, "%.*s", (int)data.size, data.data);
        cr_assert(ne(ptr, strstr(text, version), NULL), "%s has no %s", text, version);
    }
}

Test(document_journal, keeps_what_the_broker_does_not_take) {
    document_rig_create("d1", "one", NULL);
    fake_sidecar_fail("publish_many", 1, DK_UNAVAILABLE, FAKE_BEFORE, false);

    publish();
    cr_assert(eq(sz, fake_sidecar.published.count, 0));
    publish();

    cr_assert(eq(sz, told("d1", 1), 1));
}

Test(document_journal, refuses_changes_when_no_slot_is_free_and_goes_on_when_one_is) {
    char id[16];
    for (int i = 0; i < DOCUMENT_JOURNAL_SLOTS; i++) {
        (void)snprintf(id, sizeof id, "d%d", i);
        cr_assert(eq(int, document_rig_create(id, "same", NULL), DK_OK));
    }

    cr_assert(eq(int, document_rig_create("late", "same", NULL), DK_EXHAUSTED));
    cr_assert(ne(ptr, strstr(document_rig_text(), "1024 changes wait"), NULL));
    publish();

    cr_assert(eq(int, document_rig_create("late", "same", NULL), DK_OK));
    publish();
    cr_assert(eq(sz, fake_sidecar.published.count, DOCUMENT_JOURNAL_SLOTS + 1));
}

Test(document_journal, of_a_dead_process_is_told_by_another) {
    document_rig_create("d1", "one", NULL);
    die();

    keep();
    cr_assert(eq(sz, fake_sidecar.published.count, 0), "its lease has not ended");
    fake_sidecar_advance_s(DOCUMENT_JOURNAL_LEASE_S + 1);
    keep();

    cr_assert(eq(sz, told("d1", 1), 1));
    keep();
    cr_assert(eq(sz, fake_sidecar.published.count, 1), "it is done for good");
}

Test(document_journal, does_not_tell_again_what_its_dead_process_had_told) {
    document_rig_create("d1", "one", NULL);
    publish();
    keep(); /* says how far it is */
    document_rig_create("d2", "two", NULL);
    die();
    fake_sidecar_advance_s(DOCUMENT_JOURNAL_LEASE_S + 1);

    keep();

    cr_assert(eq(sz, told("d1", 1), 1));
    cr_assert(eq(sz, told("d2", 1), 1));
}

Test(document_journal, of_a_slow_process_is_fenced_and_it_goes_on_as_another) {
    struct document_journal *slow = journal;
    document_rig_create("d1", "one", NULL);
    fake_sidecar_advance_s(DOCUMENT_JOURNAL_LEASE_S + 1);
    struct document_journal *other = document_journal_new();
    document_rig_service.journal = other;
    keep();
    document_rig_service.journal = slow;
    cr_assert(eq(sz, told("d1", 1), 1), "it was taken over");

    cr_assert(ne(int, document_rig_create("d2", "two", NULL), DK_OK), "the fence holds");
    publish();

    cr_assert(eq(int, document_rig_create("d2", "two", NULL), DK_OK));
    publish();
    cr_assert(eq(sz, told("d2", 1), 1));
    document_journal_free(other);
}

/* ── crashes ────────────────────────────────────────────────────────────────────────────────── */

static void expect_all_told(void) {
    for (int i = 0; i < 3; i++) {
        char id[8];
        (void)snprintf(id, sizeof id, "d%d", i);
        const pb_head *head = document_rig_head(id);
        const uint64_t newest = head == NULL ? 0 : head->document->version;
        for (uint64_t version = 1; version <= newest; version++) {
            cr_assert(gt(sz, told(id, version), 0), "%s version %d was made", id, (int)version);
        }
        cr_assert(
            eq(sz, told(id, newest + 1), 0), "%s version %d was not made", id, (int)newest + 1);
    }
}

/* Three documents, one changed; published twice on the way. */
static void work(void) {
    (void)document_rig_create("d0", "zero", NULL);
    publish();
    (void)document_rig_create("d1", "one", NULL);
    (void)document_rig_replace("d0", "", "zero again", NULL);
    keep();
    (void)document_rig_create("d2", "two", NULL);
    publish();
}

Test(document_journal, survives_the_death_of_its_process_anywhere, .timeout = 60) {
    for (int way = 0; way < 2; way++) {
        for (size_t step = 1;; step++) {
            cr_assert(lt(sz, step, STEPS_MAX));
            end();
            start();
            fake_sidecar_fail(
                NULL, step, DK_UNAVAILABLE, way == 0 ? FAKE_BEFORE : FAKE_AFTER, true);
            work();
            const bool has_failed = fake_sidecar_has_failed();
            fake_sidecar_heal();
            die();
            fake_sidecar_advance_s(DOCUMENT_JOURNAL_LEASE_S + 1);

            keep();

            expect_all_told();
            if (!has_failed) {
                cr_assert(gt(sz, step, 20));
                break;
            }
        }
    }
}

Test(document_journal, survives_a_failure_anywhere, .timeout = 60) {
    for (int way = 0; way < 2; way++) {
        for (size_t step = 1;; step++) {
            cr_assert(lt(sz, step, STEPS_MAX));
            end();
            start();
            fake_sidecar_fail(
                NULL, step, DK_UNAVAILABLE, way == 0 ? FAKE_BEFORE : FAKE_AFTER, false);
            work();
            const bool has_failed = fake_sidecar_has_failed();
            fake_sidecar_heal();

            publish();

            expect_all_told();
            if (!has_failed) {
                break;
            }
        }
    }
}

/* The one that takes over dies too. */
Test(document_journal, survives_the_death_of_who_takes_over, .timeout = 60) {
    for (size_t step = 1;; step++) {
        cr_assert(lt(sz, step, STEPS_MAX));
        end();
        start();
        (void)document_rig_create("d0", "zero", NULL);
        (void)document_rig_create("d1", "one", NULL);
        die();
        fake_sidecar_advance_s(DOCUMENT_JOURNAL_LEASE_S + 1);
        fake_sidecar_fail(NULL, step, DK_UNAVAILABLE, FAKE_AFTER, true);
        keep();
        const bool has_failed = fake_sidecar_has_failed();
        fake_sidecar_heal();
        die();

        keep();

        expect_all_told();
        if (!has_failed) {
            cr_assert(gt(sz, step, 5));
            break;
        }
    }
}
