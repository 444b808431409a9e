/* The gate: as many inside as it says, and nobody outside for ever. */
#include "compute/gate.h"

#include "compute/wait.h"
#include "support/counted_watch.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>

enum { FOR_EVER_MS = 3600 * 1000 };

static struct gate *gate;

static void end(void) {
    gate_free(gate);
}

TestSuite(gate, .fini = end);

Test(gate, full_it_lets_nobody_in_who_gives_up) {
    struct counted_watch counted;
    const struct watch watch = counted_watch(&counted, 2);
    struct dk_fault fault = {0};
    cr_assert(eq(int, gate_new(2, FOR_EVER_MS, &gate, NULL), DK_OK));

    cr_assert(eq(int, gate_enter(gate, NULL, NULL), DK_OK));
    cr_assert(eq(int, gate_enter(gate, NULL, NULL), DK_OK));
    cr_assert(eq(int, gate_enter(gate, &watch, &fault), DK_CANCELLED));
    cr_assert(eq(int, counted.looks, 2));
    cr_assert(eq(u32, gate_counts(gate).inside, 2));
    cr_assert(eq(u32, gate_counts(gate).waiting, 0));

    gate_leave(gate);
    cr_assert(eq(int, gate_enter(gate, NULL, NULL), DK_OK));
    gate_leave(gate);
    gate_leave(gate);
}

Test(gate, waits_no_longer_than_it_may) {
    struct dk_fault fault = {0};
    cr_assert(eq(int, gate_new(1, 30, &gate, NULL), DK_OK));
    cr_assert(eq(int, gate_enter(gate, NULL, NULL), DK_OK));
    const int64_t begin_ms = wait_now_ms();

    cr_assert(eq(int, gate_enter(gate, NULL, &fault), DK_EXHAUSTED));
    cr_assert(wait_now_ms() - begin_ms >= 30);
    cr_assert(eq(str, fault.text, "compute: all 1 places were busy for 30 ms"));
    gate_leave(gate);
}

static void *enter(void *context) {
    (void)context;
    const enum dk_error error = gate_enter(gate, NULL, NULL);
    if (error == DK_OK) {
        gate_leave(gate);
    }
    return error == DK_OK ? gate : NULL;
}

Test(gate, who_leaves_lets_one_in) {
    pthread_t thread;
    void *result = NULL;
    cr_assert(eq(int, gate_new(1, FOR_EVER_MS, &gate, NULL), DK_OK));
    cr_assert(eq(int, gate_enter(gate, NULL, NULL), DK_OK));
    cr_assert(eq(int, pthread_create(&thread, NULL, enter, NULL), 0));
    while (gate_counts(gate).waiting == 0) {
        (void)sched_yield();
    }

    gate_leave(gate);
    cr_assert(eq(int, pthread_join(thread, &result), 0));

    cr_assert(eq(ptr, result, gate));
    cr_assert(eq(u32, gate_counts(gate).inside, 0));
}
