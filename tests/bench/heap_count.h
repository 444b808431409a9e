#ifndef TESTS_BENCH_HEAP_COUNT_H
#define TESTS_BENCH_HEAP_COUNT_H

#include <stdatomic.h>
#include <stdint.h>

/*
 * How often each part of a program asked the heap, and how many bytes it moved from one place of memory to
 * another. libheap_count.so, preloaded, counts malloc, calloc, realloc and aligned_alloc, memcpy and memmove by
 * who called them, into a file that HEAP_COUNT names; a benchmark maps that file and reads it while the
 * program runs. Copies of less than HEAP_COPY_BYTES_MIN are no payload and count as none.
 *
 * Thread: any. Bound: HEAP_PARTS_MAX parts; the rest, and what comes before the libraries are known,
 * counts as the last.
 */
enum { HEAP_PARTS_MAX = 24, HEAP_NAME_BYTES_MAX = 56, HEAP_COPY_BYTES_MIN = 256 };

struct heap_part {
    char name[HEAP_NAME_BYTES_MAX]; /* "" is the program itself; else "libnghttp2.so.14" */
    _Atomic uint64_t asked;
    _Atomic uint64_t copied_bytes;
};

struct heap_count {
    struct heap_part parts[HEAP_PARTS_MAX];
};

#endif /* TESTS_BENCH_HEAP_COUNT_H */
