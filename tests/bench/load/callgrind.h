#ifndef TESTS_BENCH_LOAD_CALLGRIND_H
#define TESTS_BENCH_LOAD_CALLGRIND_H

#include <stddef.h>
#include <stdint.h>

/*
 * What a program and its libraries have executed in its whole life, by object file, all threads
 * together; valgrind's callgrind has counted. The kernel's part is not in it.
 *
 * Thread: the benchmark's. Bound: CALLGRIND_OBJECTS_MAX; more ends the benchmark.
 */
enum { CALLGRIND_OBJECTS_MAX = 64, CALLGRIND_NAME_BYTES = 256 };

struct callgrind_counts {
    struct callgrind_count {
        char name[CALLGRIND_NAME_BYTES]; /* "libnghttp2.so.14.24.1" */
        double instructions;
    } objects[CALLGRIND_OBJECTS_MAX];
    size_t count;
};

/* Of the file that --callgrind-out-file names. A file that is missing ends the benchmark. */
void callgrind_read(struct callgrind_counts *counts, const char *path);

/* Prints {"object":per call,…,"all":per call} of the `calls` that `many` had more than `few`; gives the last. */
double callgrind_print(
    const struct callgrind_counts *few, const struct callgrind_counts *many, uint64_t calls);

#endif /* TESTS_BENCH_LOAD_CALLGRIND_H */
