/* Lists: every document that stands still is listed once, in order, whatever moves around it. */
#include "document/index_list.h"

#include "support/fake_sidecar.h"
#include "support/index_rig.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>
#include <string.h>

enum { LISTED_MAX = 8192, LIMIT_MAX = 100, ID_BYTES = 8 };

static struct index_writer writer = {.component = "statestore", .turn = PTHREAD_MUTEX_INITIALIZER};
static const struct index_query everything = {.prefix = "", .tag = "", .language = ""};
static struct dk_call *call;

static void start(void) {
    fake_sidecar_reset();
    fake_sidecar.has_outbox = false;
    call = fake_call_new(NULL);
}

static void end(void) {
    fake_call_free(call);
}

TestSuite(index_list, .init = start, .fini = end);

static void index_one(const char *id) {
    struct dk_call *own = fake_call_new(NULL);

    cr_assert(eq(int, index_refresh(&writer, own, RIG_TENANT, &id, 1), DK_OK));
    fake_call_free(own);
}

/* Documents d00000 … with tags by their number: "even" or "odd", and "third". */
static void make(unsigned from, unsigned to, unsigned step) {
    char texts[INDEX_GROUP_MAX][8];
    const char *ids[INDEX_GROUP_MAX];
    size_t count = 0;

    for (unsigned i = from; i < to; i += step) {
        (void)snprintf(texts[count], sizeof texts[count], "d%05u", i % 100000);
        ids[count] = texts[count];
        rig_put_head(&(struct rig_head){
            .id = texts[count],
            .version = 1,
            .tags = i % 2 == 0 ? (i % 3 == 0 ? "even,third" : "even")
                               : (i % 3 == 0 ? "odd,third" : "odd"),
            .language = i % 5 == 0 ? "de" : "en"});
        count++;
        if (count == INDEX_GROUP_MAX || i + step >= to) {
            struct dk_call *own = fake_call_new(NULL);
            cr_assert(eq(int, index_refresh(&writer, own, RIG_TENANT, ids, count), DK_OK));
            fake_call_free(own);
            count = 0;
        }
    }
}

static char ids[LISTED_MAX][ID_BYTES];

/* All parts of a list by their cursors, each a call of its own; `between` comes after each. */
static size_t list_all(const struct index_query *query, size_t limit, void (*between)(void)) {
    char cursor[64] = "";
    size_t all = 0;
    bool is_end = false;

    while (!is_end) {
        struct dk_call *own = fake_call_new(NULL);
        struct index_position position;
        const char *part[LIMIT_MAX];
        size_t count = 0;
        cr_assert(eq(int, index_cursor_read(own, RIG_TENANT, query, cursor, &position), DK_OK));
        cr_assert(
            eq(int,
               index_list(
                   own, "statestore", RIG_TENANT, query, limit, &position, part, &count, &is_end),
               DK_OK));
        cr_assert(le(sz, count, limit));
        cr_assert(le(sz, all + count, LISTED_MAX));
        for (size_t i = 0; i < count; i++) {
            (void)snprintf(ids[all++], ID_BYTES, "%s", part[i]);
        }
        const char *next = index_cursor_write(own, RIG_TENANT, query, position);
        (void)snprintf(cursor, sizeof cursor, "%s", next);
        fake_call_free(own);
        if (!is_end && between != NULL) {
            between();
        }
    }
    return all;
}

static void expect_numbers(size_t count, unsigned step) {
    for (size_t i = 0; i < count; i++) {
        cr_assert(eq(ulong, strtoul(ids[i] + 1, NULL, 10), i * step));
    }
}

Test(index_list, has_nothing_for_a_tenant_that_has_nothing) {
    cr_assert(eq(sz, list_all(&everything, 10, NULL), 0));
}

Test(index_list, goes_through_all_ids_in_order_whatever_the_limit) {
    static const size_t limits[] = {1, 7, LIMIT_MAX};
    make(0, 1200, 1);

    for (size_t i = 0; i < 3; i++) {
        cr_assert(eq(sz, list_all(&everything, limits[i], NULL), 1200));
        expect_numbers(1200, 1);
    }
}

Test(index_list, holds_conditions_together) {
    const struct index_query query = {.prefix = "", .tag = "third", .language = "de"};
    make(0, 3000, 1);

    cr_assert(eq(sz, list_all(&query, 9, NULL), 200));
    expect_numbers(200, 15);
}

Test(index_list, begins_and_ends_with_the_prefix) {
    const struct index_query query = {.prefix = "d0012", .tag = "even", .language = ""};
    make(0, 400, 1);

    cr_assert(eq(sz, list_all(&query, 2, NULL), 5));
    cr_assert(eq(str, ids[0], "d00120"));
    cr_assert(eq(str, ids[4], "d00128"));
}

static void fill_in_odd_ones(void) {
    static unsigned from;

    if (from < 4000) {
        make(from + 1, from + 400, 2);
        from += 400;
    }
}

Test(index_list, misses_nothing_when_pages_are_cut_between_its_parts) {
    const struct index_query query = {.prefix = "", .tag = "even", .language = ""};
    make(0, 4000, 2);

    cr_assert(eq(sz, list_all(&query, LIMIT_MAX, fill_in_odd_ones), 2000));
    expect_numbers(2000, 2);

    size_t even = 0;
    const size_t all = list_all(&everything, LIMIT_MAX, fill_in_odd_ones);
    for (size_t i = 0; i < all; i++) {
        even += (ids[i][5] - '0') % 2 == 0;
        cr_assert(i == 0 || strcmp(ids[i - 1], ids[i]) < 0);
    }
    cr_assert(eq(sz, even, 2000));
}

/* While a list reads, pages that it has still to read are cut and joined. */
static void churn(void *context, const char *function, struct dk_bytes key) {
    unsigned *number = context;
    char id[8];

    (void)function;
    (void)key;
    for (int i = 0; i < 40; i++) {
        *number = (*number + 7919 * 2) % 20000;
        (void)snprintf(id, sizeof id, "d%05u", *number + 1);
        rig_put_head(
            &(struct rig_head){.id = id, .version = *number % 4 < 2 ? 1 : 0, .tags = "odd"});
        index_one(id);
    }
}

Test(index_list, misses_nothing_when_pages_are_cut_while_it_reads) {
    unsigned number = 0;
    make(0, 8000, 8);
    fake_sidecar.hook = churn;
    fake_sidecar.hook_context = &number;

    const size_t all = list_all(&everything, LIMIT_MAX, NULL);

    size_t stable = 0;
    for (size_t i = 0; i < all; i++) {
        const unsigned long of = strtoul(ids[i] + 1, NULL, 10);
        cr_assert(i == 0 || strcmp(ids[i - 1], ids[i]) < 0);
        if (of % 8 == 0 && of < 8000) {
            cr_assert(eq(ulong, of, 8 * stable));
            stable++;
        }
    }
    cr_assert(eq(sz, stable, 1000));
}

/* Two sets, interleaved over many pages, that have nothing in common but their last id. Ids are long,
 * so that a page has few. */
Test(index_list, goes_on_by_its_cursor_when_it_has_read_its_pages) {
    const struct index_query query = {.prefix = "", .tag = "even", .language = "x"};
    struct index_position position = {.id = ""};
    size_t count = 0, parts = 0;
    bool is_end = false;
    for (unsigned i = 0; i <= 10000; i += 20) {
        char texts[INDEX_GROUP_MAX][120];
        const char *long_ids[INDEX_GROUP_MAX];
        for (unsigned k = 0; k < 20; k++) {
            (void)snprintf(texts[k], sizeof texts[k], "%0110u", i + k);
            long_ids[k] = texts[k];
            rig_put_head(&(struct rig_head){
                .id = texts[k],
                .version = 1,
                .tags = k == 0 && i < 10000 ? NULL : "even",
                .language = k == 0 ? "x" : NULL});
        }
        struct dk_call *own = fake_call_new(NULL);
        cr_assert(eq(int, index_refresh(&writer, own, RIG_TENANT, long_ids, 20), DK_OK));
        fake_call_free(own);
    }

    for (; !is_end && count == 0; parts++) {
        const char *found[10];
        cr_assert(
            eq(int,
               index_list(
                   call, "statestore", RIG_TENANT, &query, 10, &position, found, &count, &is_end),
               DK_OK));
        cr_assert(count == 0 || strtoul(found[0], NULL, 10) == 10000);
    }

    cr_assert(eq(sz, count, 1));
    cr_assert(gt(sz, parts, 1));
}

Test(index_list, knows_a_cursor_of_another_list) {
    struct index_position position = {.id = "a", .is_behind = true};
    const struct index_query other = {.prefix = "", .tag = "red", .language = ""};
    const char *cursor = index_cursor_write(call, RIG_TENANT, &everything, position);

    cr_assert(eq(int, index_cursor_read(call, RIG_TENANT, &everything, cursor, &position), DK_OK));
    cr_assert(eq(str, (char *)position.id, "a"));
    cr_assert(position.is_behind);
    cr_assert(eq(int, index_cursor_read(call, RIG_TENANT, &other, cursor, &position), DK_INVALID));
    cr_assert(
        eq(int, index_cursor_read(call, "rival", &everything, cursor, &position), DK_INVALID));
    cr_assert(
        eq(int, index_cursor_read(call, RIG_TENANT, &everything, "0123", &position), DK_INVALID));
}
