#ifndef TESTS_SUPPORT_COUNTED_WATCH_H
#define TESTS_SUPPORT_COUNTED_WATCH_H

#include "compute/watch.h"

/* A watch that ends its kernel at the nth look, 1 being the first. */
struct counted_watch {
    int over_at, looks;
};

static inline bool counted_watch_is_over(void *context) {
    struct counted_watch *counted = context;
    counted->looks++;
    return counted->looks >= counted->over_at;
}

static inline struct watch counted_watch(struct counted_watch *counted, int over_at) {
    *counted = (struct counted_watch){.over_at = over_at};
    return (struct watch){.is_over = counted_watch_is_over, .context = counted};
}

#endif /* TESTS_SUPPORT_COUNTED_WATCH_H */
