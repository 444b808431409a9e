/*
 * Stores by name, from Init to the last hold. The store of these tests opens when it is told, counts
 * what happens to it, and answers nothing by itself.
 */
#include "core/instances.h"

#include "core/call.h"
#include "core/loop.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>

struct plug_config {
    const char *label;
    bool fails, waits;
};

struct plug {
    struct dk_instance base;
    struct dk_reply *opening; /* kept while it waits */
    char letters[64];         /* the sanitizer watches whoever still reads it */
};

static struct {
    int opened, closed;
    char closed_labels[64];
} seen;

static const struct plug_config *config_of(const struct dk_instance *store) {
    return store->configuration;
}

static void plug_open(struct dk_instance *store, struct dk_reply *reply) {
    struct plug *plug = (struct plug *)store;
    seen.opened++;
    (void)snprintf(plug->letters, sizeof plug->letters, "%s", config_of(store)->label);
    if (config_of(store)->waits) {
        plug->opening = reply;
    } else if (config_of(store)->fails) {
        dk_reply_fail(reply, DK_UNAVAILABLE, "plug: '%s' does not open", plug->letters);
    } else {
        dk_reply_ok(reply);
    }
}

static void plug_close(struct dk_instance *store) {
    struct plug *plug = (struct plug *)store;
    seen.closed++;
    (void)strcat(seen.closed_labels, plug->letters);
    if (plug->opening != NULL) {
        struct dk_reply *reply = plug->opening;
        plug->opening = NULL;
        dk_reply_fail(reply, DK_UNAVAILABLE, "plug: closed");
    }
}

static const struct dk_option plug_options[] = {
    {"label",
     DK_TEXT,
     DK_FIELD(struct plug_config, label, const char *),
     NULL,
     1,
     8,
     DK_REQUIRED,
     "Its name in a trace."},
    {"fails", DK_BOOL, DK_FIELD(struct plug_config, fails, bool), "false", 0, 0, 0, "Cannot open."},
    {"waits", DK_BOOL, DK_FIELD(struct plug_config, waits, bool), "false", 0, 0, 0, "Opens later."},
    DK_OPTION_END,
};

static const struct dk_backend plug_backend = {
    .name = "plug",
    .options = plug_options,
    .config_size = sizeof(struct plug_config),
    .instance_size = sizeof(struct plug),
    .open = plug_open,
    .close = plug_close,
};

enum { INSTANCES_MAX = 3 };

static struct dk_loop *loop;
static struct dk__instances *instances;
static struct dk__pool pool;

static void start(void) {
    struct dk_fault fault = {0};
    cr_assert(eq(int, dk__loop_new(&loop, &fault), DK_OK), "%s", fault.text);
    instances = dk__instances_new(loop, &plug_backend, INSTANCES_MAX);
    cr_assert(ne(ptr, instances, NULL));
}

static void end(void) {
    dk__instances_free(instances);
    dk__loop_free(loop);
    dk__pool_clear(&pool);
}

TestSuite(instances, .init = start, .fini = end);

static void turn(void) {
    cr_assert(eq(int, dk__loop_turn(loop, 0), DK_OK));
}

/* ── an Init ────────────────────────────────────────────────────────────────────────────────── */

struct init {
    struct dk__call call;
    struct dk_reply reply;
    int given;
    enum dk_error error;
    char text[256];
};

static struct init *init_of(struct dk_reply *reply) {
    return (struct init *)(void *)((char *)reply - offsetof(struct init, reply));
}

static void on_ok(struct dk_reply *reply) {
    init_of(reply)->given++;
}

static void on_fail(struct dk_reply *reply, enum dk_error error, const char *text) {
    struct init *init = init_of(reply);
    init->given++;
    init->error = error;
    (void)snprintf(init->text, sizeof init->text, "%s", text);
}

static const struct dk__reply_ops init_ops = {.ok = on_ok, .fail = on_fail};

static void open_pairs(
    struct init *init, const char *name, const struct dk_pair *pairs, size_t count) {
    *init = (struct init){
        .call = {.arena = {.pool = &pool, .bytes_max = 4096}},
        .reply = {.ops = &init_ops, .call = &init->call}};
    dk__instances_open(
        instances,
        dk_bytes_of(name),
        (struct dk_pairs){.items = pairs, .count = count},
        &init->reply);
}

static void open_as(struct init *init, const char *name, const char *label, const char *how) {
    /* Gone when this returns: what a store keeps is a copy. */
    char text[16];
    (void)snprintf(text, sizeof text, "%s", label);
    const struct dk_pair pairs[] = {
        {DK_BYTES("label"), dk_bytes_of(text)}, {dk_bytes_of(how), DK_BYTES("true")}};
    open_pairs(init, name, pairs, 2);
    memset(text, 'x', sizeof text);
}

static void open_at_once(const char *name, const char *label) {
    struct init init;
    open_as(&init, name, label, "-");
    cr_assert(eq(int, init.given, 1));
    cr_assert(eq(int, init.error, DK_OK), "%s", init.text);
}

static struct plug *find(const char *name) {
    return (struct plug *)dk__instances_find(instances, dk_bytes_of(name));
}

/* Answers the Init of a store that waits. */
static void answer(struct plug *plug, enum dk_error error) {
    struct dk_reply *reply = plug->opening;
    plug->opening = NULL;
    if (error == DK_OK) {
        dk_reply_ok(reply);
    } else {
        dk_reply_fail(reply, error, "plug: told to fail");
    }
}

/* A waiting store has no name yet; it is the one that was opened last. */
static struct plug *waiting;

static void plug_open_noted(struct dk_instance *store, struct dk_reply *reply) {
    waiting = (struct plug *)store;
    plug_open(store, reply);
}

static void use_noting_store(void) {
    static struct dk_backend noting;
    noting = plug_backend;
    noting.open = plug_open_noted;
    dk__instances_free(instances);
    instances = dk__instances_new(loop, &noting, INSTANCES_MAX);
    cr_assert(ne(ptr, instances, NULL));
}

/* ── cases ──────────────────────────────────────────────────────────────────────────────────── */

Test(instances, find_a_store_by_the_name_it_was_opened_with) {
    open_at_once("", "A");
    open_at_once("orders", "B");

    cr_assert(eq(str, find("")->letters, "A"));
    cr_assert(eq(str, find("orders")->letters, "B"));
    cr_assert(eq(str, find("")->letters, "A"));
    cr_assert(eq(ptr, find("order"), NULL));
    cr_assert(eq(ptr, find("Orders"), NULL));
}

Test(instances, give_a_store_copies_of_its_name_and_properties) {
    open_at_once("orders", "B");

    const struct dk_instance *store = &find("orders")->base;

    cr_assert(eq(str, (char *)store->name, "orders"));
    cr_assert(eq(str, (char *)config_of(store)->label, "B"));
    cr_assert(eq(sz, store->properties.count, 2));
    cr_assert(
        dk_bytes_equal(dk_pairs_find(store->properties, dk_bytes_of("label")), dk_bytes_of("B")));
    cr_assert(eq(ptr, store->loop, loop));
}

Test(instances, refuse_properties_that_make_no_sense_and_open_nothing) {
    struct init init;
    open_as(&init, "a", "far too long", "-");

    cr_assert(eq(int, init.given, 1));
    cr_assert(eq(int, init.error, DK_INVALID));
    cr_assert(ne(ptr, strstr(init.text, "label: 12 bytes"), NULL), "%s", init.text);
    cr_assert(eq(int, seen.opened, 0));
    cr_assert(eq(ptr, find("a"), NULL));
}

Test(instances, refuse_properties_that_are_larger_than_their_bound) {
    static char large[(1 << 20) + 1];
    struct init init;
    memset(large, 'x', sizeof large);
    const struct dk_pair pairs[] = {
        {DK_BYTES("label"), DK_BYTES("A")}, {DK_BYTES("other"), {large, sizeof large}}};

    open_pairs(&init, "a", pairs, 2);

    cr_assert(eq(int, init.error, DK_EXHAUSTED));
    cr_assert(eq(int, seen.opened, 0));
}

Test(instances, find_no_store_that_did_not_open_and_close_it) {
    struct init init;
    open_as(&init, "a", "A", "fails");

    cr_assert(eq(int, init.given, 1));
    cr_assert(eq(int, init.error, DK_UNAVAILABLE));
    cr_assert(eq(str, init.text, "plug: 'A' does not open"));
    cr_assert(eq(ptr, find("a"), NULL));
    turn();
    cr_assert(eq(int, seen.closed, 1));
}

Test(instances, have_room_again_when_a_store_did_not_open) {
    for (int i = 0; i < 4 * INSTANCES_MAX; i++) {
        struct init init;
        open_as(&init, "a", "A", "fails");
        cr_assert(eq(int, init.error, DK_UNAVAILABLE), "%s", init.text);
        turn();
    }
}

Test(instances, serve_by_the_old_store_until_the_new_one_has_opened) {
    struct init init;
    use_noting_store();
    open_at_once("a", "O");

    open_as(&init, "a", "N", "waits");
    cr_assert(eq(str, find("a")->letters, "O"));
    cr_assert(eq(int, init.given, 0));
    answer(waiting, DK_OK);

    cr_assert(eq(int, init.given, 1));
    cr_assert(eq(str, find("a")->letters, "N"));
    turn();
    cr_assert(eq(str, seen.closed_labels, "O"));
}

Test(instances, keep_the_old_store_when_the_new_one_fails_at_once) {
    struct init init;
    open_at_once("a", "O");

    open_as(&init, "a", "N", "fails");
    turn();

    cr_assert(eq(str, find("a")->letters, "O"));
    cr_assert(eq(str, seen.closed_labels, "N"));
}

Test(instances, keep_the_old_store_when_the_new_one_fails_later) {
    struct init init;
    use_noting_store();
    open_at_once("a", "O");
    open_as(&init, "a", "N", "waits");
    turn();

    answer(waiting, DK_DENIED);
    turn();

    cr_assert(eq(int, init.error, DK_DENIED));
    cr_assert(eq(str, find("a")->letters, "O"));
    cr_assert(eq(str, seen.closed_labels, "N"));
}

Test(instances, close_a_replaced_store_when_its_last_call_lets_go) {
    open_at_once("a", "O");
    struct dk_instance *old = &find("a")->base;
    dk__instances_hold(old);
    dk__instances_hold(old);

    open_at_once("a", "N");
    turn();
    cr_assert(eq(int, seen.closed, 0));
    cr_assert(eq(str, find("a")->letters, "N"));
    cr_assert(eq(str, ((struct plug *)old)->letters, "O")); /* at work as before */

    dk__instances_release(old);
    turn();
    cr_assert(eq(int, seen.closed, 0));

    dk__instances_release(old);
    cr_assert(eq(int, seen.closed, 0)); /* never from within a release */
    turn();
    cr_assert(eq(str, seen.closed_labels, "O"));
}

Test(instances, do_not_close_a_store_that_nobody_holds_but_everybody_finds) {
    open_at_once("a", "A");
    for (int i = 0; i < 3; i++) {
        dk__instances_hold(&find("a")->base);
        dk__instances_release(&find("a")->base);
        turn();
    }

    cr_assert(eq(int, seen.closed, 0));
}

Test(instances, let_the_last_init_have_the_name_whichever_opens_last) {
    struct init first, second;
    use_noting_store();
    open_as(&first, "a", "1", "waits");
    struct plug *first_plug = waiting;
    open_as(&second, "a", "2", "waits");
    struct plug *second_plug = waiting;
    cr_assert(eq(ptr, find("a"), NULL));

    answer(second_plug, DK_OK);
    cr_assert(eq(str, find("a")->letters, "2"));
    answer(first_plug, DK_OK); /* it did open; a later Init has replaced it */

    cr_assert(eq(str, find("a")->letters, "2"));
    cr_assert(eq(int, first.given + second.given, 2));
    cr_assert(eq(int, first.error + second.error, 0));
    turn();
    cr_assert(eq(str, seen.closed_labels, "1"));
}

Test(instances, are_full_at_their_bound) {
    struct init init;
    open_at_once("a", "A");
    open_at_once("b", "B");
    open_at_once("c", "C");

    open_as(&init, "d", "D", "-");

    cr_assert(eq(int, init.error, DK_EXHAUSTED));
    cr_assert(eq(int, seen.opened, 3));
    cr_assert(eq(str, find("c")->letters, "C"));
}

Test(instances, count_a_replaced_store_until_it_is_closed) {
    struct init init;
    open_at_once("a", "1");
    struct dk_instance *first = &find("a")->base;
    dk__instances_hold(first);
    open_at_once("a", "2");
    struct dk_instance *second = &find("a")->base;
    dk__instances_hold(second);
    open_at_once("a", "3");
    open_as(&init, "a", "4", "-");
    cr_assert(eq(int, init.error, DK_EXHAUSTED));

    dk__instances_release(first);
    turn();

    open_at_once("a", "4");
    cr_assert(eq(str, find("a")->letters, "4"));
    dk__instances_release(second);
}

Test(instances, answer_an_init_that_is_under_way_when_they_end) {
    struct init init;
    open_as(&init, "a", "A", "waits");
    cr_assert(eq(int, init.given, 0));

    dk__instances_free(instances);
    instances = NULL;

    cr_assert(eq(int, init.given, 1));
    cr_assert(eq(int, init.error, DK_UNAVAILABLE));
    cr_assert(eq(int, seen.closed, 1));
    turn();
}

Test(instances, close_every_store_when_they_end_replaced_ones_too) {
    open_at_once("a", "O");
    struct dk_instance *old = &find("a")->base;
    dk__instances_hold(old);
    open_at_once("a", "N");
    open_at_once("b", "B");
    struct dk_instance *held = &find("b")->base;
    dk__instances_hold(held);

    dk__instances_free(instances);
    instances = NULL;

    cr_assert(eq(int, seen.closed, 3));
    cr_assert(eq(str, ((struct plug *)held)->letters, "B")); /* memory stays with its holders */
    cr_assert(eq(str, ((struct plug *)old)->letters, "O"));
    dk__instances_release(held);
    dk__instances_release(old);
    turn();
    cr_assert(eq(int, seen.closed, 3));
}

Test(instances, end_while_a_closing_waits_for_the_end_of_the_turn) {
    open_at_once("a", "O");
    open_at_once("a", "N"); /* O is to be closed at the end of the turn */

    dk__instances_free(instances);
    instances = NULL;
    turn();

    cr_assert(eq(int, seen.closed, 2));
    dk__instances_free(NULL);
}
