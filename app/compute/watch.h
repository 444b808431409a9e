#ifndef COMPUTE_WATCH_H
#define COMPUTE_WATCH_H

#include <stdbool.h>
#include <stddef.h>

/*
 * How a kernel learns that nobody waits for its result any more. Kernels know no calls, so that
 * they can be tested and measured alone.
 *
 * Thread: the one that runs the kernel.
 */
struct watch {
    bool (*is_over)(void *context);
    void *context;
};

/* A kernel looks at its watch before it begins and again after each so many bytes of its input. */
enum { WATCH_INTERVAL_BYTES = 256 * 1024 };

/* NULL: a result is always wanted. */
static inline bool watch_is_over(const struct watch *watch) {
    return watch != NULL && watch->is_over(watch->context);
}

#endif /* COMPUTE_WATCH_H */
