/*
 * The process' environment.
 */
#include "core/environment.h"

#include <stdlib.h>

const char *dk__look_up_environment(void *context, const char *name) {
    (void)context;
    return getenv(name); /* NOLINT(concurrency-mt-unsafe): one thread */
}
