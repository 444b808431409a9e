/* Places, tickets, and tickets of earlier tenants. */
#include "core/slots.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>

static struct dk__slots *slots;
static int tenants[8];

static void start(void) {
    slots = dk__slots_new(4);
    cr_assert(ne(ptr, slots, NULL));
}

static void end(void) {
    dk__slots_free(slots);
}

TestSuite(slots, .init = start, .fini = end);

Test(slots, find_and_give_back_a_tenant) {
    const uint64_t ticket = dk__slots_put(slots, &tenants[0]);

    cr_assert(ne(u64, ticket, 0));
    cr_assert(eq(ptr, dk__slots_find(slots, ticket), &tenants[0]));
    cr_assert(eq(u32, dk__slots_used(slots), 1));
    cr_assert(eq(ptr, dk__slots_take(slots, ticket), &tenants[0]));
    cr_assert(eq(u32, dk__slots_used(slots), 0));
}

Test(slots, give_no_ticket_when_all_places_are_taken) {
    uint64_t tickets[4];
    for (int i = 0; i < 4; i++) {
        tickets[i] = dk__slots_put(slots, &tenants[i]);
    }

    cr_assert(eq(u64, dk__slots_put(slots, &tenants[4]), 0));

    (void)dk__slots_take(slots, tickets[2]);
    cr_assert(ne(u64, dk__slots_put(slots, &tenants[4]), 0));
    cr_assert(eq(ptr, dk__slots_find(slots, tickets[3]), &tenants[3]));
}

Test(slots, know_a_stale_ticket) {
    const uint64_t stale = dk__slots_put(slots, &tenants[0]);
    (void)dk__slots_take(slots, stale);

    cr_assert(eq(ptr, dk__slots_find(slots, stale), NULL));
    cr_assert(eq(ptr, dk__slots_take(slots, stale), NULL));

    const uint64_t fresh = dk__slots_put(slots, &tenants[1]);
    cr_assert(ne(u64, fresh, stale));
    cr_assert(eq(ptr, dk__slots_take(slots, stale), NULL));
    cr_assert(eq(ptr, dk__slots_find(slots, fresh), &tenants[1]));
}

Test(slots, know_tickets_they_never_gave) {
    (void)dk__slots_put(slots, &tenants[0]);
    const uint64_t foreign[] = {
        0, 5, 6, 0xFFFF, (uint64_t)1 << 16, (uint64_t)2 << 16 | 1, UINT64_MAX};
    for (size_t i = 0; i < sizeof foreign / sizeof foreign[0]; i++) {
        cr_assert(eq(ptr, dk__slots_find(slots, foreign[i]), NULL));
        cr_assert(eq(ptr, dk__slots_take(slots, foreign[i]), NULL));
    }
    cr_assert(eq(u32, dk__slots_used(slots), 1));
}

Test(slots, have_a_bound_of_65535) {
    cr_assert(eq(ptr, dk__slots_new(0), NULL));
    cr_assert(eq(ptr, dk__slots_new(65536), NULL));

    struct dk__slots *many = dk__slots_new(65535);
    cr_assert(ne(ptr, many, NULL));
    uint64_t last = 0;
    for (int i = 0; i < 65535; i++) {
        last = dk__slots_put(many, &tenants[i % 8]);
        cr_assert(ne(u64, last, 0));
    }
    cr_assert(eq(u64, dk__slots_put(many, &tenants[0]), 0));
    cr_assert(eq(ptr, dk__slots_take(many, last), &tenants[65534 % 8]));
    dk__slots_free(many);
}

Test(slots, never_mix_tenants_up) {
    uint64_t tickets[8] = {0}, stale[8] = {0};
    srand(5);
    for (int i = 0; i < 20000; i++) {
        const int who = rand() % 8;
        if (tickets[who] != 0) {
            cr_assert(eq(ptr, dk__slots_take(slots, tickets[who]), &tenants[who]));
            stale[who] = tickets[who];
            tickets[who] = 0;
        } else {
            const bool is_full = dk__slots_used(slots) == 4;
            tickets[who] = dk__slots_put(slots, &tenants[who]);
            cr_assert(eq(int, tickets[who] == 0, is_full));
        }
        cr_assert(eq(ptr, dk__slots_find(slots, stale[who]), NULL));
    }
}

Test(slots, empty_one_by_one_whoever_is_there) {
    (void)dk__slots_put(slots, &tenants[0]);
    const uint64_t second = dk__slots_put(slots, &tenants[1]);
    (void)dk__slots_put(slots, &tenants[2]);
    cr_assert(eq(ptr, dk__slots_take(slots, second), &tenants[1]));

    cr_assert(eq(ptr, dk__slots_take_any(slots), &tenants[0]));
    cr_assert(eq(ptr, dk__slots_take_any(slots), &tenants[2]));
    cr_assert(eq(ptr, dk__slots_take_any(slots), NULL));
    cr_assert(eq(u32, dk__slots_used(slots), 0));

    (void)dk__slots_put(slots, &tenants[3]); /* in a place that was looked at */
    cr_assert(eq(ptr, dk__slots_take_any(slots), &tenants[3]));
    cr_assert(eq(ptr, dk__slots_take_any(slots), NULL));
}
