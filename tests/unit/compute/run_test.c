/* Results of functions: computed once, kept, and waited for. */
#include "compute/run.h"

#include "compute/minhash.h"
#include "compute/simhash.h"
#include "support/compute_rig.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

static struct compute_rig rig;
static const struct dk_bytes text = DK_BYTES("The quick brown fox jumps over the lazy dog again.");

static void start(void) {
    compute_rig_open(&rig);
}

static void end(void) {
    compute_rig_close(&rig);
}

TestSuite(run, .init = start, .fini = end);

struct outcome {
    enum dk_error error;
    pb_annotations *annotations;
    bool cached[FUNCTIONS_MAX];
};

/* Runs functions whose names stand in a row, ended by NULL, in the rig's call. */
static struct outcome run_in(
    struct dk_call *call, struct dk_bytes bytes, const char *const *names) {
    struct function_use uses[FUNCTIONS_MAX];
    const struct watch watch = service_watch(call);
    struct outcome outcome = {.error = DK_OK};
    struct content content;
    size_t count = 0;
    for (; names[count] != NULL; count++) {
        cr_assert(eq(int, function_find(call, names[count], &uses[count]), DK_OK));
    }
    outcome.error = content_open(call, bytes, &watch, &content, NULL);
    if (outcome.error == DK_OK) {
        outcome.error =
            run_functions(call, &content, uses, count, &outcome.annotations, outcome.cached);
    }
    content_close(&content);
    return outcome;
}

static const char *const both[] = {"xxh3", "simhash", NULL};
static const char *const simhash[] = {"simhash", NULL};

Test(run, fills_the_fields_of_each_function) {
    static const char *const names[] = {"sha256", "xxh3", "simhash", "minhash", NULL};
    struct minhash_signature signature;
    uint64_t hash = 0;
    bool has_words = false;
    (void)simhash_text(text, NULL, &hash, NULL);
    (void)minhash_text(text, NULL, &signature, &has_words, NULL);

    const struct outcome outcome = run_in(rig.call, text, names);

    cr_assert(eq(int, outcome.error, DK_OK));
    cr_assert(eq(u64, outcome.annotations->simhash, hash));
    cr_assert(eq(sz, outcome.annotations->n_minhash, MINHASH_BINS));
    cr_assert(memcmp(outcome.annotations->minhash, signature.values, sizeof signature.values) == 0);
    cr_assert(eq(sz, strlen(outcome.annotations->content_sha256), 64));
    cr_assert(eq(sz, strlen(outcome.annotations->xxh3_128), 32));
}

Test(run, computes_nothing_twice) {
    const struct outcome first = run_in(rig.call, text, both);
    cr_assert(eq(int, first.error, DK_OK));
    cr_assert(eq(int, first.cached[0] || first.cached[1], false));
    const uint64_t hash = first.annotations->simhash;
    const size_t keys = fake_sidecar_key_count();

    const struct outcome second = run_in(compute_rig_call(&rig), text, both);

    cr_assert(eq(int, second.error, DK_OK));
    cr_assert(eq(int, second.cached[0] && second.cached[1], true));
    cr_assert(eq(u64, second.annotations->simhash, hash));
    cr_assert(eq(sz, fake_sidecar_key_count(), keys));
}

Test(run, asks_the_store_twice_however_many_functions_there_are) {
    static const char *const names[] = {"sha256", "xxh3", "simhash", "minhash", NULL};

    (void)run_in(rig.call, text, names);

    cr_assert(eq(sz, fake_sidecar.calls, 2)); /* what is there; keep what was not */
    cr_assert(eq(sz, fake_sidecar_key_count(), 4));
}

/* The stored result is what is answered: another one in its place proves that nothing computed. */
Test(run, answers_what_is_stored_under_hash_function_and_version) {
    pb_annotations other;
    dapr_kit__compute__v1__annotations__init(&other);
    other.simhash = 42;
    struct outcome outcome = run_in(rig.call, text, simhash);
    cr_assert(eq(sz, fake_sidecar_key_count(), 1));
    const struct dk_bytes key = fake_sidecar_key(0);
    char expected[128];
    (void)snprintf(
        expected,
        sizeof expected,
        "compute/result/%s/simhash/1",
        outcome.annotations->content_sha256);
    cr_assert(dk_bytes_equal(key, dk_bytes_of(expected)));

    fake_sidecar_put(expected, dk_call_pack(rig.call, &other.base));
    outcome = run_in(compute_rig_call(&rig), text, simhash);
    cr_assert(eq(u64, outcome.annotations->simhash, 42));
    cr_assert(outcome.cached[0]);

    fake_sidecar_put(expected, (struct dk_bytes)DK_BYTES("\xFF\xFF no protobuf"));
    outcome = run_in(compute_rig_call(&rig), text, simhash);
    cr_assert(eq(int, outcome.error, DK_OK));
    cr_assert(ne(u64, outcome.annotations->simhash, 42));
    cr_assert(not(outcome.cached[0]));
}

Test(run, another_content_is_computed_anew) {
    (void)run_in(rig.call, text, simhash);

    const struct outcome outcome =
        run_in(compute_rig_call(&rig), (struct dk_bytes)DK_BYTES("another text"), simhash);

    cr_assert(not(outcome.cached[0]));
    cr_assert(eq(sz, fake_sidecar_key_count(), 2));
}

Test(run, a_result_that_cannot_be_kept_is_good_all_the_same) {
    fake_sidecar_fail("save", 1, DK_UNAVAILABLE, FAKE_BEFORE, false);

    const struct outcome outcome = run_in(rig.call, text, simhash);

    cr_assert(fake_sidecar_has_failed());
    cr_assert(eq(int, outcome.error, DK_OK));
    cr_assert(ne(u64, outcome.annotations->simhash, 0));
    cr_assert(eq(sz, fake_sidecar_key_count(), 0));
}

Test(run, without_the_store_it_fails_and_leaves_no_flight) {
    fake_sidecar_fail("get_many", 1, DK_UNAVAILABLE, FAKE_BEFORE, false);

    cr_assert(eq(int, run_in(rig.call, text, both).error, DK_UNAVAILABLE));
    cr_assert(eq(int, run_in(compute_rig_call(&rig), text, both).error, DK_OK));
}

Test(run, a_call_that_is_over_computes_nothing) {
    fake_call_set_deadline(rig.call, INT64_MAX, true);

    cr_assert(eq(int, run_in(rig.call, text, simhash).error, DK_CANCELLED));
    cr_assert(eq(sz, fake_sidecar_key_count(), 0));
}

Test(run, a_content_over_its_bound_is_refused) {
    const struct watch watch = service_watch(rig.call);
    struct content content;
    struct dk_fault fault = {0};
    rig.service->config.content_bytes_max = 10;

    cr_assert(eq(int, content_open(rig.call, text, &watch, &content, &fault), DK_TOO_LARGE));
    cr_assert(eq(str, fault.text, "content: 50 bytes are more than the 10 of --content-bytes-max"));
    content_close(&content);
}

Test(run, text_that_is_no_utf8_is_refused) {
    const struct watch watch = service_watch(rig.call);
    struct content content;
    struct dk_fault fault = {0};

    (void)content_open(rig.call, (struct dk_bytes)DK_BYTES("abc\xC3("), &watch, &content, &fault);
    cr_assert(eq(int, content_check_text(&content, &fault), DK_INVALID));
    cr_assert(ne(ptr, strstr(fault.text, "3"), NULL));
    content_close(&content);
}

/* ── two calls at once ──────────────────────────────────────────────────────────────────────── */

struct other {
    struct dk_call *call;
    struct outcome outcome;
};

static void *run_other(void *context) {
    struct other *other = context;
    other->outcome = run_in(other->call, text, simhash);
    return NULL;
}

/* Whether somebody who comes while results are being kept would compute them again. */
struct latecomer {
    const char *keys[2];
    unsigned came, led;
};

static void latecomer_on(void *context, const char *function, struct dk_bytes key) {
    struct latecomer *latecomer = context;
    (void)key;
    for (size_t i = 0; strcmp(function, "save") == 0 && i < 2; i++) {
        struct flight *flight = NULL;
        bool leads = false;
        cr_assert(
            eq(int,
               flights_join(rig.service->flights, latecomer->keys[i], &flight, &leads, NULL),
               DK_OK));
        latecomer->came++;
        latecomer->led += leads;
        if (leads) {
            flight_finish(rig.service->flights, flight, (struct dk_bytes){0});
        } else {
            flight_leave(rig.service->flights, flight);
        }
    }
}

Test(run, nobody_computes_what_is_found_and_not_kept_yet) {
    struct latecomer latecomer = {.came = 0};
    struct content content;
    cr_assert(eq(int, content_open(rig.call, text, NULL, &content, NULL), DK_OK));
    for (size_t i = 0; i < 2; i++) {
        struct function_use use;
        cr_assert(eq(int, function_find(rig.call, both[i], &use), DK_OK));
        latecomer.keys[i] = function_key(rig.call, &content, &use);
    }
    fake_sidecar.hook = latecomer_on;
    fake_sidecar.hook_context = &latecomer;

    cr_assert(eq(int, run_in(rig.call, text, both).error, DK_OK));
    fake_sidecar.hook = NULL;

    cr_assert(eq(u32, latecomer.came, 2));
    cr_assert(eq(u32, latecomer.led, 0));
    content_close(&content);
}

/* This test is the first call: it leads the flight of that result, and ends it by hand. */
static struct outcome run_behind(struct dk_bytes result) {
    struct other other = {.call = fake_call_new(rig.service)};
    struct flight *flight = NULL;
    struct function_use use;
    struct content content;
    pthread_t thread;
    bool leads = false;
    (void)content_open(rig.call, text, NULL, &content, NULL);
    (void)function_find(rig.call, "simhash", &use);
    const char *key = function_key(rig.call, &content, &use);
    cr_assert(eq(int, flights_join(rig.service->flights, key, &flight, &leads, NULL), DK_OK));
    cr_assert(leads);
    cr_assert(eq(int, pthread_create(&thread, NULL, run_other, &other), 0));
    while (flights_waiting(rig.service->flights) == 0) {
        (void)sched_yield();
    }
    cr_assert(eq(sz, fake_sidecar.calls, 0));
    flight_finish(rig.service->flights, flight, result);
    cr_assert(eq(int, pthread_join(thread, NULL), 0));
    content_close(&content);
    return other.outcome;
}

Test(run, of_two_calls_at_once_one_computes) {
    pb_annotations found;
    dapr_kit__compute__v1__annotations__init(&found);
    found.simhash = 42;

    const struct outcome outcome = run_behind(dk_call_pack(rig.call, &found.base));

    cr_assert(eq(int, outcome.error, DK_OK));
    cr_assert(eq(u64, outcome.annotations->simhash, 42));
    cr_assert(outcome.cached[0]);
    cr_assert(eq(sz, fake_sidecar.calls, 0));
}

Test(run, when_the_first_fails_the_second_computes) {
    const struct outcome outcome = run_behind((struct dk_bytes){0});

    cr_assert(eq(int, outcome.error, DK_OK));
    cr_assert(not(outcome.cached[0]));
    cr_assert(eq(sz, fake_sidecar_key_count(), 1));
}
