/* Buckets of the index, apart from where they are kept. */
#include "compute/bucket.h"

#include "compute/lsh.h"
#include "support/random.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef DaprKit__Compute__V1__Bucket bucket_t;

enum { NAMES = 200 };
static char names[NAMES][8];

static void start(void) {
    for (int i = 0; i < NAMES; i++) {
        (void)snprintf(names[i], sizeof names[i], "d%03d", i);
    }
}

TestSuite(bucket, .init = start);

static bucket_t empty_bucket(void) {
    bucket_t bucket;
    dapr_kit__compute__v1__bucket__init(&bucket);
    return bucket;
}

static bool add(bucket_t *bucket, int name) {
    return bucket_add(bucket, names[name], calloc(BUCKET_IDS_MAX, sizeof(char *)));
}

Test(bucket, has_each_id_once_in_the_order_they_came) {
    bucket_t bucket = empty_bucket();

    cr_assert(add(&bucket, 2));
    cr_assert(add(&bucket, 1));
    cr_assert(not(add(&bucket, 2)));
    cr_assert(eq(sz, bucket.n_document_ids, 2));
    cr_assert(eq(str, bucket.document_ids[0], "d002"));
    cr_assert(eq(str, bucket.document_ids[1], "d001"));
    cr_assert(not(bucket_remove(&bucket, "d003")));
    cr_assert(bucket_remove(&bucket, "d002"));
    cr_assert(eq(sz, bucket.n_document_ids, 1));
    cr_assert(eq(str, bucket.document_ids[0], "d001"));
    cr_assert(bucket_remove(&bucket, "d001"));
    cr_assert(not(bucket_remove(&bucket, "d001")));
}

Test(bucket, full_it_forgets_the_oldest) {
    bucket_t bucket = empty_bucket();
    for (int i = 0; i < BUCKET_IDS_MAX; i++) {
        cr_assert(add(&bucket, i));
    }

    cr_assert(add(&bucket, BUCKET_IDS_MAX));
    cr_assert(eq(sz, bucket.n_document_ids, BUCKET_IDS_MAX));
    for (int i = 0; i < BUCKET_IDS_MAX; i++) {
        cr_assert(eq(str, bucket.document_ids[i], names[i + 1]));
    }
}

/* As stored: longer than this version of the program ever writes. */
Test(bucket, a_longer_one_is_cut_to_its_newest) {
    char *ids[NAMES];
    bucket_t bucket = empty_bucket();
    for (int i = 0; i < NAMES - 1; i++) {
        ids[i] = names[i];
    }
    bucket.document_ids = ids;
    bucket.n_document_ids = NAMES - 1;

    cr_assert(add(&bucket, NAMES - 1));
    cr_assert(eq(sz, bucket.n_document_ids, BUCKET_IDS_MAX));
    cr_assert(eq(str, bucket.document_ids[0], names[NAMES - BUCKET_IDS_MAX]));
    cr_assert(eq(str, bucket.document_ids[BUCKET_IDS_MAX - 1], names[NAMES - 1]));
}

/* Against an array of booleans and counters, at random. */
Test(bucket, candidates_are_all_ids_by_the_bands_they_stand_in) {
    struct random random = {.state = 10};

    for (int round = 0; round < 200; round++) {
        bucket_t buckets[LSH_BANDS];
        const bucket_t *views[LSH_BANDS];
        unsigned bands[NAMES] = {0};
        size_t expected = 0, counted = 0;
        struct candidate found[CANDIDATES_MAX];
        const unsigned pool = 1 + (unsigned)random_below(&random, NAMES);
        for (int band = 0; band < LSH_BANDS; band++) {
            buckets[band] = empty_bucket();
            views[band] = &buckets[band];
            for (uint64_t i = random_below(&random, 20); i > 0; i--) {
                const int name = (int)random_below(&random, pool);
                bands[name] += add(&buckets[band], name);
            }
        }
        bands[0] = 0; /* the excluded one */
        for (int i = 0; i < NAMES; i++) {
            expected += bands[i] > 0;
        }
        const size_t count = bucket_candidates(views, LSH_BANDS, "d000", found);

        cr_assert(eq(sz, count, expected < CANDIDATES_MAX ? expected : CANDIDATES_MAX));
        for (size_t i = 0; i < count; i++) {
            const int name = atoi(found[i].document_id + 1);
            cr_assert(eq(u32, found[i].bands, bands[name]));
            cr_assert(i == 0 || found[i - 1].bands >= found[i].bands);
            bands[name] = 0;
        }
        for (int i = 0; i < NAMES; i++) { /* what was left out has no more bands than the last */
            counted += bands[i] > 0;
            cr_assert(count == 0 || bands[i] <= found[count - 1].bands);
        }
        cr_assert(eq(sz, counted, expected - count));
    }
}
