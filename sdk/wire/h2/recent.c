/*
 * A ring of ids in rising order.
 */
#include "wire/h2/recent.h"

static uint32_t recent_count(const struct dk__h2_recent *recent) {
    return recent->opened < DK__H2_RECENT_MAX ? recent->opened : DK__H2_RECENT_MAX;
}

static uint32_t place_of(uint32_t number) {
    return number % DK__H2_RECENT_MAX;
}

/* The number (counted from the first ever opened) of the oldest known id that is ≥ `id`; `opened`
 * when all are smaller. */
static uint32_t recent_search(const struct dk__h2_recent *recent, int32_t id) {
    uint32_t low = recent->opened - recent_count(recent), high = recent->opened;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (recent->ids[place_of(middle)] < id) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

int32_t dk__h2_recent_newest(const struct dk__h2_recent *recent) {
    return recent->opened == 0 ? 0 : recent->ids[place_of(recent->opened - 1)];
}

void dk__h2_recent_open(struct dk__h2_recent *recent, int32_t id) {
    recent->ids[place_of(recent->opened)] = id;
    recent->ended[place_of(recent->opened)] = false;
    recent->opened++;
}

void dk__h2_recent_end(struct dk__h2_recent *recent, int32_t id) {
    const uint32_t number = recent_search(recent, id);
    if (number != recent->opened && recent->ids[place_of(number)] == id) {
        recent->ended[place_of(number)] = true;
    }
}

enum dk__h2_recent_state dk__h2_recent_find(const struct dk__h2_recent *recent, int32_t id) {
    const uint32_t number = recent_search(recent, id);
    if (number == recent->opened || recent->ids[place_of(number)] != id) {
        const bool is_between =
            number != recent->opened && number != recent->opened - recent_count(recent);
        const bool is_first = number == 0 && recent->opened <= DK__H2_RECENT_MAX;
        return is_between || (is_first && recent->opened > 0) ? DK__H2_RECENT_NEVER
                                                              : DK__H2_RECENT_UNKNOWN;
    }
    return recent->ended[place_of(number)] ? DK__H2_RECENT_ENDED : DK__H2_RECENT_OURS;
}
