/* The index follows the heads: whatever order events come in, however often, whoever dies. */
#include "document/index_write.h"

#include "support/fake_sidecar.h"
#include "support/index_rig.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>
#include <string.h>

enum { EVENTS_MAX = 200 };

/* Two processes of the service. */
static struct index_writer ours = {.component = "statestore", .turn = PTHREAD_MUTEX_INITIALIZER};
static struct index_writer theirs = {.component = "statestore", .turn = PTHREAD_MUTEX_INITIALIZER};

static void start(void) {
    fake_sidecar_reset();
    fake_sidecar.has_outbox = false; /* the index has a component of its own, see index_write.h */
}

TestSuite(index_write, .init = start);

/* Tells a writer of changes of documents; gives the verdicts. */
static void tell(
    struct index_writer *writer, const char *const *ids, size_t count, enum dk_verdict *verdicts) {
    struct dk_call *call = fake_call_new(NULL);
    struct dk_event events[EVENTS_MAX];

    for (size_t i = 0; i < count; i++) {
        events[i] = rig_event(call, ids[i], 1);
        verdicts[i] = DK_VERDICT_DONE;
    }
    index_handle_events(writer, call, events, count, verdicts);
    fake_call_free(call);
}

static enum dk_verdict tell_one(struct index_writer *writer, const char *id) {
    enum dk_verdict verdict;

    tell(writer, &id, 1, &verdict);
    return verdict;
}

Test(index_write, takes_up_a_new_document_in_all_its_facets) {
    rig_put_head(&(struct rig_head){"a", 1, .tags = "red,green", .language = "en", .size = 10});

    cr_assert(eq(int, tell_one(&ours, "a"), DK_VERDICT_DONE));

    rig_expect_index();
}

Test(index_write, moves_a_document_between_facets) {
    rig_put_head(&(struct rig_head){"a", 1, .tags = "red,green", .size = 10});
    (void)tell_one(&ours, "a");
    rig_put_head(&(struct rig_head){"a", 2, 1, .tags = "green,blue", .language = "de", .size = 7});

    cr_assert(eq(int, tell_one(&ours, "a"), DK_VERDICT_DONE));

    rig_expect_index();
}

Test(index_write, keeps_a_deleted_document_and_lets_a_purged_one_go) {
    rig_put_head(&(struct rig_head){"a", 1, .tags = "red", .size = 10});
    (void)tell_one(&ours, "a");
    rig_put_head(&(struct rig_head){"a", 2, .tags = "red", .size = 10, .deleted = true});
    (void)tell_one(&ours, "a");
    rig_expect_index();
    rig_put_head(&(struct rig_head){"a"});

    cr_assert(eq(int, tell_one(&ours, "a"), DK_VERDICT_DONE));

    rig_expect_index();
}

Test(index_write, takes_a_document_of_the_same_id_for_another_one) {
    rig_put_head(&(struct rig_head){"a", 1, .birth = "one", .tags = "red"});
    (void)tell_one(&ours, "a");
    rig_put_head(&(struct rig_head){"a", 1, .birth = "two", .tags = "blue"});

    (void)tell_one(&ours, "a");

    rig_expect_index();
}

Test(index_write, writes_nothing_for_an_event_that_comes_twice) {
    rig_put_head(&(struct rig_head){"a", 1, .tags = "red"});
    (void)tell_one(&ours, "a");
    fake_sidecar_fail("transact", 1, DK_UNAVAILABLE, FAKE_BEFORE, true);

    cr_assert(eq(int, tell_one(&ours, "a"), DK_VERDICT_DONE));

    cr_assert(not(fake_sidecar_has_failed()));
}

Test(index_write, is_right_after_a_late_event_of_an_older_version) {
    rig_put_head(&(struct rig_head){"a", 3, .tags = "new"});
    (void)tell_one(&ours, "a"); /* version 1 in the event, 3 in the head */

    rig_expect_index();
}

Test(index_write, writes_once_for_many_events) {
    const char *ids[EVENTS_MAX];
    enum dk_verdict verdicts[EVENTS_MAX];
    for (size_t i = 0; i < INDEX_GROUP_MAX; i++) {
        static char texts[INDEX_GROUP_MAX][8];
        char *id = texts[i];
        (void)snprintf(id, sizeof texts[i], "d%03zu", i);
        rig_put_head(&(struct rig_head){id, 1, .tags = "red", .size = 1});
        ids[i] = ids[i + INDEX_GROUP_MAX] = id; /* each twice */
    }
    const size_t before = fake_sidecar.calls;

    tell(&ours, ids, (size_t)2 * INDEX_GROUP_MAX, verdicts);

    rig_expect_index();
    cr_assert(le(sz, fake_sidecar.calls - before, 10)); /* rig_expect_index has a few of them */
}

Test(index_write, drops_what_is_no_event_and_takes_the_rest) {
    struct dk_call *call = fake_call_new(NULL);
    rig_put_head(&(struct rig_head){"a", 1});
    const struct dk_event events[] = {
        {.data = DK_BYTES("no json")}, rig_event(call, "a", 1), {.data = DK_BYTES("{}")}};
    enum dk_verdict verdicts[3] = {DK_VERDICT_DONE, DK_VERDICT_DONE, DK_VERDICT_DONE};

    index_handle_events(&ours, call, events, 3, verdicts);

    cr_assert(eq(int, verdicts[0], DK_VERDICT_DROP));
    cr_assert(eq(int, verdicts[1], DK_VERDICT_DONE));
    cr_assert(eq(int, verdicts[2], DK_VERDICT_DROP));
    rig_expect_index();
    fake_call_free(call);
}

Test(index_write, does_not_let_an_unreadable_head_hold_up_others) {
    const char *const ids[] = {"a", "b"};
    enum dk_verdict verdicts[2];
    rig_put_head(&(struct rig_head){"b", 1});
    fake_sidecar_put("documents/" RIG_TENANT "/head/a", (struct dk_bytes)DK_BYTES("\xff\xff"));

    tell(&ours, ids, 2, verdicts);

    cr_assert(eq(int, verdicts[1], DK_VERDICT_DONE));
    fake_sidecar_put("documents/" RIG_TENANT "/head/a", (struct dk_bytes){0});
    rig_expect_index();
}

/* Between two questions of ours, the other process changes a head and indexes it. */
static void they_are_faster(void *context, const char *function, struct dk_bytes key) {
    int *left = context;

    (void)key;
    if (*left > 0 && strcmp(function, "transact") == 0) {
        *left -= 1;
        rig_put_head(&(struct rig_head){
            "a", 10 - (uint64_t)*left, .tags = *left % 2 == 0 ? "even" : "odd", .size = 3});
        (void)tell_one(&theirs, "a");
    }
}

Test(index_write, begins_again_when_another_process_was_faster) {
    int left = 3;
    rig_put_head(&(struct rig_head){"a", 1, .tags = "red"});
    fake_sidecar.hook = they_are_faster;
    fake_sidecar.hook_context = &left;

    cr_assert(eq(int, tell_one(&ours, "a"), DK_VERDICT_DONE));

    rig_expect_index();
}

Test(index_write, asks_for_the_event_again_after_its_last_try) {
    int left = 1000;
    rig_put_head(&(struct rig_head){"a", 1, .tags = "red"});
    rig_put_head(&(struct rig_head){"b", 1, .tags = "red"});
    fake_sidecar.hook = they_are_faster;
    fake_sidecar.hook_context = &left;

    cr_assert(eq(int, tell_one(&ours, "b"), DK_VERDICT_RETRY));

    cr_assert(eq(int, left, 1000 - INDEX_TRIES_MAX));
    fake_sidecar.hook = NULL;
    (void)tell_one(&ours, "b");
    rig_expect_index();
}

/* A process that ends at any of its questions, before or after their effect. */
Test(index_write, catches_up_after_a_crash_at_any_moment) {
    for (int moment = FAKE_BEFORE; moment <= FAKE_AFTER; moment++) {
        bool has_struck = true;
        for (size_t nth = 1; has_struck; nth++) {
            start();
            rig_put_head(&(struct rig_head){"a", 1, .tags = "red", .size = 4});
            (void)tell_one(&ours, "a");
            rig_put_head(&(struct rig_head){"a", 2, .tags = "blue", .language = "en", .size = 5});
            fake_sidecar_fail(NULL, nth, DK_UNAVAILABLE, moment, true);
            const enum dk_verdict verdict = tell_one(&ours, "a");
            has_struck = fake_sidecar_has_failed();
            cr_assert(eq(int, verdict, has_struck ? DK_VERDICT_RETRY : DK_VERDICT_DONE));
            fake_sidecar_heal();

            cr_assert(eq(int, tell_one(&theirs, "a"), DK_VERDICT_DONE));

            rig_expect_index();
        }
    }
}

/* ── property: whatever happens, once the events are drained the index is the heads' ──────────── */

enum { SPACE = 700, STEPS = 1500, PENDING_MAX = 4096 };

static struct {
    char ids[SPACE][16];
    uint64_t versions[SPACE], births[SPACE];
    unsigned pending[PENDING_MAX]; /* events that nobody has handled yet */
    size_t pending_count;
    int depth;
} world;

static void change_something(void) {
    static const char *const tags[] = {NULL, "red", "red,blue", "blue", "a,b,c,d,e,f,g,h", "green"};
    static const char *const languages[] = {NULL, "en", "de", "fr"};
    static char births[24];
    const unsigned i = (unsigned)(rand() % SPACE);

    if (world.pending_count == PENDING_MAX) {
        return;
    }
    (void)snprintf(births, sizeof births, "b%u", (unsigned)world.births[i]);
    if (rand() % 12 == 0) {
        rig_put_head(&(struct rig_head){world.ids[i]});
        world.versions[i] = 0;
        world.births[i]++;
    } else {
        rig_put_head(&(struct rig_head){
            .id = world.ids[i],
            .version = ++world.versions[i],
            .revision = (uint64_t)(rand() % 3),
            .birth = births,
            .tags = tags[rand() % 6],
            .language = languages[rand() % 4],
            .deleted = rand() % 5 == 0,
            .size = (uint64_t)(rand() % 1000)});
    }
    world.pending[world.pending_count++] = i;
}

/* Takes random events out of the heap, so that they come out of order; those not done go back, and
 * some that are done come again. */
static void handle_some(struct index_writer *writer, size_t count) {
    const char *ids[EVENTS_MAX] = {NULL};
    unsigned taken[EVENTS_MAX];
    enum dk_verdict verdicts[EVENTS_MAX];
    size_t taken_count = 0;

    while (taken_count < count && world.pending_count > 0) {
        const size_t at = (size_t)rand() % world.pending_count;
        taken[taken_count] = world.pending[at];
        ids[taken_count++] = world.ids[world.pending[at]];
        world.pending[at] = world.pending[--world.pending_count];
    }
    tell(writer, ids, taken_count, verdicts);
    for (size_t i = 0; i < taken_count && world.pending_count < PENDING_MAX; i++) {
        cr_assert(ne(int, verdicts[i], DK_VERDICT_DROP));
        if (verdicts[i] == DK_VERDICT_RETRY || rand() % 10 == 0) {
            world.pending[world.pending_count++] = taken[i];
        }
    }
}

static void meanwhile(void *context, const char *function, struct dk_bytes key) {
    (void)context;
    (void)function;
    (void)key;
    if (rand() % 4 == 0) {
        change_something();
    }
    if (rand() % 12 == 0) {
        handle_some(&theirs, (size_t)(rand() % 5));
    }
}

Test(index_write, equals_the_heads_whatever_happened, .timeout = 60) {
    srand(11);
    for (size_t i = 0; i < SPACE; i++) {
        (void)snprintf(world.ids[i], sizeof world.ids[i], "doc-%05zu", i * 7);
    }
    for (int step = 0; step < STEPS; step++) {
        change_something();
        if (rand() % 5 == 0) {
            fake_sidecar_fail(
                NULL, 1 + (size_t)(rand() % 8), DK_UNAVAILABLE, rand() % 2, rand() % 2);
        }
        fake_sidecar.hook = meanwhile;
        handle_some(&ours, (size_t)(rand() % 40));
        fake_sidecar.hook = NULL;
        fake_sidecar_heal();
        if (step % 300 == 299) {
            while (world.pending_count > 0) {
                handle_some(&ours, 50);
            }
            rig_expect_index();
        }
    }
}
