#ifndef DK_CORE_LIBRARY_H
#define DK_CORE_LIBRARY_H

#include <stddef.h>

/*
 * Shared libraries that a program loads when it needs them: what it does not use costs it neither time
 * at its start nor memory.
 */

/* A function to be found, and the pointer to it that gets its address. */
struct dk__symbol {
    const char *name;
    void *target;
};

/*
 * Loads `name`, a soname, for the rest of the process and finds all `count` functions in it or in what it
 * depends on. NULL: they are all there. Else why not, in words that live until this thread calls the
 * loader again; some targets may be set then.
 *
 * Thread: any; two of one library at the same time only with targets of their own.
 */
const char *dk__library_load(const char *name, const struct dk__symbol *symbols, size_t count);

#endif /* DK_CORE_LIBRARY_H */
