#ifndef DK_WIRE_H2_BUDGET_H
#define DK_WIRE_H2_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

/*
 * How often a peer may do something that costs us and not it, in each second.
 *
 * Thread: the loop's. Zeroed is unspent. Bound: per_second_max, at which a spend answers false;
 * a burst over the border of two seconds may reach twice that.
 */
struct dk__h2_budget {
    int64_t second; /* of monotonic time */
    uint32_t spent; /* within it */
};

static inline bool dk__h2_budget_spend(
    struct dk__h2_budget *budget, int64_t now_us, uint32_t per_second_max) {
    const int64_t second = now_us / 1000000;
    if (second != budget->second) {
        budget->second = second;
        budget->spent = 0;
    }
    if (budget->spent == per_second_max) {
        return false;
    }
    budget->spent++;
    return true;
}

#endif /* DK_WIRE_H2_BUDGET_H */
