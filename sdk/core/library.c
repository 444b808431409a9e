/*
 * The loader's own words say what is wrong with a library, so they are passed on.
 */
#include "core/library.h"

#include <dlfcn.h>
#include <string.h>

static const char *loader_words(void) {
    return dlerror(); /* NOLINT(concurrency-mt-unsafe): libc keeps the words for each thread apart */
}

const char *dk__library_load(const char *name, const struct dk__symbol *symbols, size_t count) {
    void *const library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        return loader_words();
    }
    for (size_t i = 0; i < count; i++) {
        /* POSIX gives functions as object pointers; copying says so without a cast that C forbids. */
        void *const found = dlsym(library, symbols[i].name);
        if (found == NULL) {
            return loader_words();
        }
        memcpy(symbols[i].target, &found, sizeof found);
    }
    return NULL;
}
