/* What the memory store does beyond the conformance list: its bound and its sweep. */
#include "statestore/memory/memory_store.h"

#include "core/instances.h"
#include "core/loop.h"
#include "support/store_rig.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct store_rig rig;

static void start(void) {
    store_rig_open(&rig, &memory_store);
}

static void end(void) {
    store_rig_close(&rig);
}

TestSuite(memory_store, .init = start, .fini = end, .timeout = 30);

static void open_with(const char *name, const char *value) {
    const char *const properties[] = {name, value, NULL};
    const struct rig_answer answer = store_rig_init(&rig, "", properties);
    cr_assert(eq(int, answer.error, DK_OK), "%s", answer.text == NULL ? "" : answer.text);
}

static const struct memory_state *state(void) {
    return (struct memory_state *)dk__instances_find(rig.instances, dk_bytes_of(""));
}

/* `size` bytes under a key, living `ttl_s` when that is not NULL. */
static enum dk_error put(const char *key, size_t size, const char *ttl_s) {
    static char value[4096];
    const struct dk_pair ttl = {DK_BYTES("ttlInSeconds"), dk_bytes_of(ttl_s)};
    return rig_set(
               &rig,
               "",
               (struct dk_set){
                   .key = dk_bytes_of(key),
                   .value = {.data = value, .size = size},
                   .metadata = {.items = &ttl, .count = ttl_s == NULL ? 0 : 1}})
        .error;
}

static enum dk_error drop(const char *key) {
    return rig_delete(&rig, "", (struct dk_delete){.key = dk_bytes_of(key)}).error;
}

static size_t room_of(size_t key_size, size_t value_size) {
    return sizeof(struct memory_entry) + key_size + value_size;
}

Test(memory_store, is_full_at_exactly_its_bound) {
    char bound[24];
    (void)snprintf(bound, sizeof bound, "%zu", room_of(1, 1000) + room_of(1, 500));
    open_with("maxBytes", bound);

    cr_assert(eq(int, put("a", 1000, NULL), DK_OK));
    cr_assert(eq(int, put("b", 501, NULL), DK_EXHAUSTED));
    cr_assert(eq(int, put("b", 500, NULL), DK_OK));
    cr_assert(eq(int, put("c", 0, NULL), DK_EXHAUSTED));
}

Test(memory_store, says_which_bound_is_reached) {
    open_with("maxBytes", "1024");

    const struct rig_answer answer = rig_set(
        &rig,
        "",
        (struct dk_set){.key = dk_bytes_of("a"), .value = {.data = (char[2000]){0}, .size = 2000}});

    cr_assert(eq(int, answer.error, DK_EXHAUSTED));
    cr_assert(ne(ptr, strstr(answer.text, "maxBytes 1024"), NULL), "%s", answer.text);
}

Test(memory_store, keeps_the_old_value_when_the_new_one_does_not_fit) {
    open_with("maxBytes", "1024");
    cr_assert(eq(int, put("a", 100, NULL), DK_OK));

    cr_assert(eq(int, put("a", 2000, NULL), DK_EXHAUSTED));

    const struct rig_answer answer = rig_get(&rig, "", (struct dk_get){.key = dk_bytes_of("a")});
    cr_assert(eq(sz, answer.items[0].data.size, 100));
}

Test(memory_store, writes_over_a_value_when_it_is_full) {
    open_with("maxBytes", "1024");
    cr_assert(eq(int, put("a", 1023 - room_of(1, 0), NULL), DK_OK));

    cr_assert(eq(int, put("a", 1024 - room_of(1, 0), NULL), DK_OK));
    cr_assert(eq(int, put("a", 0, NULL), DK_OK));
    cr_assert(eq(int, put("a", 1024 - room_of(1, 0), NULL), DK_OK));
}

Test(memory_store, has_room_again_after_a_delete) {
    open_with("maxBytes", "1024");
    for (int i = 0; i < 20; i++) {
        cr_assert(eq(int, put("a", 800, NULL), DK_OK));
        cr_assert(eq(int, put("b", 800, NULL), DK_EXHAUSTED));
        cr_assert(eq(int, drop("a"), DK_OK));
        cr_assert(eq(i64, state()->bytes, 0));
    }
}

Test(memory_store, counts_every_byte_whatever_happens) {
    open_with("maxBytes", "20000");
    size_t sizes[8];
    memset(sizes, 0xFF, sizeof sizes); /* all absent */
    srand(9);
    for (int i = 0; i < 5000; i++) {
        char key[2] = {(char)('a' + rand() % 8), '\0'};
        const int at = key[0] - 'a';
        if (rand() % 3 == 0) {
            cr_assert(eq(int, drop(key), DK_OK));
            sizes[at] = SIZE_MAX;
        } else {
            const size_t size = (size_t)rand() % 4000;
            if (put(key, size, NULL) == DK_OK) {
                sizes[at] = size;
            }
        }
        size_t sum = 0;
        for (int j = 0; j < 8; j++) {
            sum += sizes[j] == SIZE_MAX ? 0 : room_of(1, sizes[j]);
        }
        cr_assert(eq(i64, state()->bytes, (int64_t)sum));
        cr_assert(le(sz, sum, 20000));
    }
}

Test(memory_store, puts_everything_back_when_a_transaction_runs_full) {
    open_with("maxBytes", "1024");
    cr_assert(eq(int, put("a", 100, NULL), DK_OK));
    cr_assert(eq(int, put("b", 100, NULL), DK_OK));
    const int64_t before = state()->bytes;
    const struct dk_operation operations[] = {
        {.is_delete = true, .remove = {.key = DK_BYTES("a")}},
        {.set = {.key = DK_BYTES("b"), .value = DK_BYTES("short")}},
        {.set = {.key = DK_BYTES("c"), .value = DK_BYTES("new")}},
        {.set = {.key = DK_BYTES("d"), .value = {.data = (char[2000]){0}, .size = 2000}}},
    };

    const struct rig_answer answer =
        rig_transact(&rig, "", (struct dk_transact){.operations = operations, .count = 4});

    cr_assert(eq(int, answer.error, DK_EXHAUSTED));
    cr_assert(eq(i64, state()->bytes, before));
    const struct dk_get gets[] = {
        {.key = DK_BYTES("a")}, {.key = DK_BYTES("b")}, {.key = DK_BYTES("c")}};
    const struct rig_answer found =
        rig_bulk_get(&rig, "", (struct dk_bulk_get){.items = gets, .count = 3});
    cr_assert(eq(sz, found.items[0].data.size, 100));
    cr_assert(eq(sz, found.items[1].data.size, 100));
    cr_assert(eq(ptr, (void *)found.items[2].data.data, NULL));
}

static bool is_swept(void *context) {
    (void)context;
    return state()->bytes == 0;
}

Test(memory_store, gives_the_memory_of_expired_values_back_by_itself) {
    char key[16];
    open_with("maxBytes", "10000000");
    for (int i = 0; i < 5000; i++) { /* more than one sweep looks at */
        (void)snprintf(key, sizeof key, "k%d", i);
        cr_assert(eq(int, put(key, 10, "1"), DK_OK));
    }
    cr_assert(gt(i64, state()->bytes, 0));

    cr_assert(rig_until(&rig, is_swept, NULL));
    cr_assert(eq(ptr, (void *)state()->entries, NULL));
}

Test(memory_store, sweeps_nothing_that_still_lives) {
    open_with("maxBytes", "100000");
    cr_assert(eq(int, put("lives", 10, NULL), DK_OK));
    cr_assert(eq(int, put("goes", 10, "1"), DK_OK));
    cr_assert(eq(int, put("lives longer", 10, "1000"), DK_OK));

    while (HASH_COUNT(state()->entries) == 3) {
        cr_assert(eq(int, put("other", 1, NULL), DK_OK)); /* writes go on meanwhile */
        cr_assert(eq(int, drop("other"), DK_OK));
        const struct rig_answer ping = rig_get(&rig, "", (struct dk_get){.key = dk_bytes_of("x")});
        cr_assert(eq(int, ping.error, DK_OK));
        cr_assert(eq(int, dk__loop_turn(rig.loop, 20000), DK_OK));
    }

    cr_assert(eq(i64, state()->bytes, (int64_t)(room_of(5, 10) + room_of(12, 10))));
}

static bool is_gone(void *context) {
    return memory_is_gone(context, dk_clock_ms());
}

Test(memory_store, writes_over_its_own_expired_value_before_the_sweep_when_it_is_full) {
    open_with("maxBytes", "1024");
    cr_assert(eq(int, put("a", 800, "1"), DK_OK));
    /* The sweep must not come first: it is due when the value is, or later. */
    struct memory_state *memory = (struct memory_state *)state();
    dk_timer_stop(rig.loop, &memory->sweep);
    cr_assert(eq(int, dk_timer_set(rig.loop, &memory->sweep, 60000000), DK_OK));
    while (!is_gone(memory->entries)) {
        cr_assert(eq(int, dk__loop_turn(rig.loop, 10000), DK_OK));
    }

    cr_assert(eq(int, put("a", 800, NULL), DK_OK));
}

Test(memory_store, gives_values_the_lifetime_of_the_component_unless_a_request_names_one) {
    open_with("ttlInSeconds", "1000");
    const int64_t now_ms = dk_clock_ms();
    cr_assert(eq(int, put("a", 1, NULL), DK_OK));
    cr_assert(eq(int, put("b", 1, "5"), DK_OK));
    cr_assert(eq(int, put("c", 1, "-1"), DK_OK));
    const struct dk_get gets[] = {
        {.key = DK_BYTES("a")}, {.key = DK_BYTES("b")}, {.key = DK_BYTES("c")}};

    const struct rig_answer found =
        rig_bulk_get(&rig, "", (struct dk_bulk_get){.items = gets, .count = 3});

    cr_assert(ge(i64, found.items[0].expires_ms, now_ms + 1000000));
    cr_assert(lt(i64, found.items[0].expires_ms, now_ms + 1000000 + RIG_WAIT_MS));
    cr_assert(ge(i64, found.items[1].expires_ms, now_ms + 5000));
    cr_assert(lt(i64, found.items[1].expires_ms, now_ms + 5000 + RIG_WAIT_MS));
    cr_assert(eq(i64, found.items[2].expires_ms, 0));
}

Test(memory_store, refuses_a_bound_that_makes_no_sense) {
    const char *const properties[] = {"maxBytes", "1023", NULL};

    cr_assert(eq(int, store_rig_init(&rig, "", properties).error, DK_INVALID));
}
