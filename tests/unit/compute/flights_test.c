/* Flights: one leads, the others get what it found, or its failure. */
#include "compute/flights.h"

#include "support/counted_watch.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FOLLOWERS = 4 };

static struct flights *flights;

static void start(void) {
    cr_assert(eq(int, flights_new(&flights, NULL), DK_OK));
}

static void end(void) {
    flights_free(flights);
}

TestSuite(flights, .init = start, .fini = end);

static struct flight *join(const char *key, bool expected_to_lead) {
    struct flight *flight = NULL;
    bool leads = !expected_to_lead;
    cr_assert(eq(int, flights_join(flights, key, &flight, &leads, NULL), DK_OK));
    cr_assert(eq(int, leads, expected_to_lead));
    return flight;
}

static void *take(void *context, size_t size) {
    (void)context;
    return malloc(size);
}

static void *take_nothing(void *context, size_t size) {
    (void)context;
    (void)size;
    return NULL;
}

Test(flights, of_one_key_one_leads_and_another_key_is_another_flight) {
    struct flight *first = join("a", true);
    struct flight *other = join("b", true);
    struct flight *follower = join("a", false);

    cr_assert(eq(ptr, first, follower));
    cr_assert(ne(ptr, first, other));
    flight_leave(flights, follower);
    flight_finish(flights, first, (struct dk_bytes){0});
    flight_finish(flights, other, (struct dk_bytes){0});
    flight_finish(flights, join("a", true), (struct dk_bytes){0});
}

struct follower {
    struct flight *flight;
    struct dk_bytes result;
    enum dk_error error;
};

static void *follow(void *context) {
    struct follower *follower = context;
    follower->error =
        flight_wait(flights, follower->flight, NULL, take, NULL, &follower->result, NULL);
    return NULL;
}

static void follow_all(struct dk_bytes result, enum dk_error expected) {
    struct follower followers[FOLLOWERS] = {0};
    pthread_t threads[FOLLOWERS];
    struct flight *leader = join("key", true);
    for (size_t i = 0; i < FOLLOWERS; i++) {
        followers[i].flight = join("key", false);
        cr_assert(eq(int, pthread_create(&threads[i], NULL, follow, &followers[i]), 0));
    }
    while (flights_waiting(flights) < FOLLOWERS) {
        (void)sched_yield();
    }
    flight_finish(flights, leader, result);

    for (size_t i = 0; i < FOLLOWERS; i++) {
        cr_assert(eq(int, pthread_join(threads[i], NULL), 0));
        cr_assert(eq(int, followers[i].error, expected));
        cr_assert(expected != DK_OK || dk_bytes_equal(followers[i].result, result));
        free((void *)followers[i].result.data);
    }
}

Test(flights, all_who_wait_get_the_result) {
    follow_all((struct dk_bytes)DK_BYTES("found\0it"), DK_OK);
    follow_all((struct dk_bytes)DK_BYTES(""), DK_OK);
}

Test(flights, a_failed_leader_is_known_to_all) {
    follow_all((struct dk_bytes){0}, DK_NOT_READY);
}

Test(flights, a_follower_gives_up_and_the_flight_goes_on) {
    struct counted_watch counted;
    const struct watch watch = counted_watch(&counted, 2);
    struct dk_bytes result = {0};
    struct flight *leader = join("key", true);

    cr_assert(
        eq(int,
           flight_wait(flights, join("key", false), &watch, take, NULL, &result, NULL),
           DK_CANCELLED));
    struct flight *late = join("key", false);
    flight_finish(flights, leader, (struct dk_bytes)DK_BYTES("x"));
    cr_assert(eq(int, flight_wait(flights, late, NULL, take, NULL, &result, NULL), DK_OK));
    cr_assert(dk_bytes_equal(result, (struct dk_bytes)DK_BYTES("x")));
    free((void *)result.data);
}

Test(flights, without_memory_a_follower_says_so) {
    struct dk_bytes result = {0};
    struct flight *leader = join("key", true), *follower = join("key", false);
    flight_finish(flights, leader, (struct dk_bytes)DK_BYTES("x"));

    cr_assert(
        eq(int,
           flight_wait(flights, follower, NULL, take_nothing, NULL, &result, NULL),
           DK_EXHAUSTED));
}

Test(flights, more_than_the_bound_are_refused) {
    static struct flight *all[FLIGHTS_MAX];
    struct flight *one_more = NULL;
    struct dk_fault fault = {0};
    bool leads = false;
    char key[16];
    for (int i = 0; i < FLIGHTS_MAX; i++) {
        (void)snprintf(key, sizeof key, "%d", i);
        all[i] = join(key, true);
    }

    cr_assert(eq(int, flights_join(flights, "more", &one_more, &leads, &fault), DK_EXHAUSTED));
    cr_assert(eq(str, fault.text, "compute: 1024 results are being computed"));
    flight_leave(flights, join("0", false));
    for (int i = 0; i < FLIGHTS_MAX; i++) {
        flight_finish(flights, all[i], (struct dk_bytes){0});
    }
}
