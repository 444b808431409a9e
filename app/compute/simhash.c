/*
 * Counting 64 bits for each shingle is 64 additions. Here a byte of the shingle is spread to eight
 * counters of a byte each by one look into a table, so that a shingle costs eight additions; after
 * 255 shingles a counter would overflow and is emptied into wide ones. Thread: any.
 */
#include "compute/simhash.h"

#include "compute/shingles.h"

#include <string.h>

enum { LANED_MAX = 255 };

/* Bit i of a byte as the lowest bit of byte i: the multiplication puts a copy at every eighth place
 * less one, the mask picks the right bit of each. */
static uint64_t spread(uint64_t byte) {
    const uint64_t low =
        ((byte & 0x7F) * UINT64_C(0x0002040810204081)) & UINT64_C(0x0101010101010101);
    return low | (byte >> 7) << 56;
}

static void empty_lanes(struct simhash *simhash) {
    for (unsigned lane = 0; lane < SIMHASH_LANES; lane++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            const int64_t set = (int64_t)(simhash->lanes[lane] >> 8 * bit & 0xFF);
            simhash->sums[8 * lane + bit] += 2 * set - (int64_t)simhash->laned;
        }
    }
    memset(simhash->lanes, 0, sizeof simhash->lanes);
    simhash->laned = 0;
}

void simhash_add(void *context, const uint64_t *shingles, size_t count) {
    struct simhash *simhash = context;
    for (size_t i = 0; i < count; i++) {
        if (simhash->laned == LANED_MAX) {
            empty_lanes(simhash);
        }
        for (unsigned lane = 0; lane < SIMHASH_LANES; lane++) {
            simhash->lanes[lane] += spread(shingles[i] >> 8 * lane & 0xFF);
        }
        simhash->laned++;
    }
}

uint64_t simhash_end(struct simhash *simhash) {
    uint64_t hash = 0;
    empty_lanes(simhash);
    for (unsigned bit = 0; bit < SIMHASH_BITS; bit++) {
        hash |= (uint64_t)(simhash->sums[bit] > 0) << bit;
    }
    return hash;
}

enum dk_error simhash_text(
    struct dk_bytes text, const struct watch *watch, uint64_t *ret_hash, struct dk_fault *fault) {
    struct simhash simhash = {0};
    const enum dk_error error = shingles_each(text, watch, simhash_add, &simhash, fault);
    if (error == DK_OK) {
        *ret_hash = simhash_end(&simhash);
    }
    return error;
}

unsigned simhash_distance(uint64_t left, uint64_t right) {
    unsigned distance = 0;
    for (uint64_t rest = left ^ right; rest != 0; rest &= rest - 1) {
        distance++;
    }
    return distance;
}
