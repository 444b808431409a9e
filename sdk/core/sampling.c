/*
 * Random ids, each thread its own, and OpenTelemetry's samplers. On whatever thread the call is.
 */
#include "core/sampling.h"

#include <dk/loop.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

enum { SEEDS = 4 };

/* xoshiro256++ of Blackman and Vigna; each thread has its own, so that an id costs nothing that is shared. */
static _Thread_local struct {
    uint64_t state[SEEDS];
    bool is_seeded;
} ids;

static uint64_t rotated(uint64_t number, unsigned bits) {
    return number << bits | number >> (64 - bits);
}

/* Without random numbers of the kernel's, which are there once it has started: what else differs. */
static void ids_seed(void) {
    if (getrandom(ids.state, sizeof ids.state, 0) != (ssize_t)sizeof ids.state) {
        ids.state[0] = (uint64_t)dk_clock_ms();
        ids.state[1] = (uint64_t)(uintptr_t)&ids;
        ids.state[2] = (uint64_t)clock();
    }
    ids.state[3] |= 1; /* it would stay at 0 */
    ids.is_seeded = true;
}

/* Never 0, which is no id. */
static uint64_t id_take(void) {
    uint64_t *state = ids.state, id = 0;
    if (!ids.is_seeded) {
        ids_seed();
    }
    while (id == 0) {
        id = rotated(state[0] + state[3], 23) + state[0];
        const uint64_t shifted = state[1] << 17;
        state[2] ^= state[0];
        state[3] ^= state[1];
        state[1] ^= state[2];
        state[0] ^= state[3];
        state[2] ^= shifted;
        state[3] = rotated(state[3], 45);
    }
    return id;
}

static void trace_id_make(struct dk__trace_context *context) {
    const uint64_t halves[2] = {id_take(), id_take()};
    memcpy(context->trace_id, halves, sizeof context->trace_id);
}

void dk__span_id_make(struct dk__trace_context *context) {
    const uint64_t id = id_take();
    memcpy(context->span_id, &id, sizeof context->span_id);
}

/* As OpenTelemetry's SDKs decide it: the last eight bytes, without their last bit. */
static bool is_in_ratio(const struct dk__sampling *sampling, const unsigned char *trace_id) {
    const unsigned char *last = trace_id + DK__TRACE_ID_BYTES - sizeof(uint64_t);
    /* In one expression: the compiler makes one load of it. */
    const uint64_t number = (uint64_t)last[0] << 56 | (uint64_t)last[1] << 48 |
                            (uint64_t)last[2] << 40 | (uint64_t)last[3] << 32 |
                            (uint64_t)last[4] << 24 | (uint64_t)last[5] << 16 |
                            (uint64_t)last[6] << 8 | (uint64_t)last[7];
    return number >> 1 < sampling->ratio_below;
}

static bool is_sampled(
    const struct dk__sampling *sampling,
    const struct dk__trace_context *parent,
    const unsigned char *trace_id) {
    switch (sampling->sampler) {
    case DK__SAMPLER_ALWAYS_ON:
        return true;
    case DK__SAMPLER_ALWAYS_OFF:
        return false;
    case DK__SAMPLER_RATIO:
        return is_in_ratio(sampling, trace_id);
    case DK__SAMPLER_PARENT_ALWAYS_ON:
        return parent == NULL || (parent->flags & DK__TRACE_SAMPLED) != 0;
    case DK__SAMPLER_PARENT_ALWAYS_OFF:
        return parent != NULL && (parent->flags & DK__TRACE_SAMPLED) != 0;
    case DK__SAMPLER_PARENT_RATIO:
        return parent != NULL ? (parent->flags & DK__TRACE_SAMPLED) != 0
                              : is_in_ratio(sampling, trace_id);
    }
    return false;
}

bool dk__sampling_decide(
    const struct dk__sampling *sampling,
    const struct dk__trace_context *parent,
    struct dk__trace_context *ret_context) {
    if (parent != NULL) {
        *ret_context = *parent;
    } else {
        *ret_context = (struct dk__trace_context){.is_set = true};
        trace_id_make(ret_context);
    }
    if (!is_sampled(sampling, parent, ret_context->trace_id)) {
        ret_context->flags = 0;
        if (parent ==
            NULL) { /* of a span that nobody sees: half of a number that is used once will do */
            memcpy(ret_context->span_id, ret_context->trace_id, sizeof ret_context->span_id);
        }
        return false;
    }
    ret_context->flags = DK__TRACE_SAMPLED;
    dk__span_id_make(ret_context);
    return true;
}

struct dk__sampling dk__sampling_make(enum dk__sampler sampler, double ratio) {
    return (struct dk__sampling){
        .sampler = sampler,
        .ratio_below = ratio >= 1 ? UINT64_C(1) << 63 : (uint64_t)(ratio * 0x1p63)};
}
