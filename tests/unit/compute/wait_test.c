/* A waiter looks again by itself, and at once when it is woken. */
#include "compute/wait.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <stdbool.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition;
static bool is_ready;

static void setup(void) {
    cr_assert(eq(int, wait_condition_init(&condition), 0));
}

static void teardown(void) {
    (void)pthread_cond_destroy(&condition);
}

TestSuite(wait, .init = setup, .fini = teardown);

/* By the clock that only goes forward: of two looks the second is WAIT_LOOK_MS later at least. */
Test(wait, ends_without_a_signal) {
    (void)pthread_mutex_lock(&mutex);
    const int64_t begin_ms = wait_now_ms();

    wait_a_while(&condition, &mutex);

    cr_assert(ge(i64, wait_now_ms() - begin_ms, WAIT_LOOK_MS - 1));
    cr_assert(eq(int, pthread_mutex_trylock(&mutex), EBUSY), "it is held again");
    (void)pthread_mutex_unlock(&mutex);
}

static void *wake(void *context) {
    (void)context;
    (void)pthread_mutex_lock(&mutex);
    is_ready = true;
    (void)pthread_cond_signal(&condition);
    (void)pthread_mutex_unlock(&mutex);
    return NULL;
}

/* While it waits the mutex is free for the one who wakes it. */
Test(wait, lets_go_of_the_mutex_meanwhile) {
    pthread_t waker;
    (void)pthread_mutex_lock(&mutex);
    cr_assert(eq(int, pthread_create(&waker, NULL, wake, NULL), 0));

    while (!is_ready) {
        wait_a_while(&condition, &mutex);
    }

    (void)pthread_mutex_unlock(&mutex);
    (void)pthread_join(waker, NULL);
}
