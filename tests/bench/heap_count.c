/*
 * A shared library that stands between a program and the C library's heap. The caller's address says
 * whose it is. glibc's own names of the functions are used, so nothing has to be looked up first.
 */
#define _GNU_SOURCE /* dl_iterate_phdr */
#include "bench/heap_count.h"

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

/* The code of one part. */
struct range {
    uintptr_t begin, end;
    size_t part;
};

enum { RANGES_MAX = 64 };

static struct range ranges[RANGES_MAX];
static size_t range_count, part_count;
static struct heap_count *counts; /* NULL: before the libraries are known, and without HEAP_COUNT */

static int on_object(struct dl_phdr_info *object, size_t size, void *context) {
    const char *slash = strrchr(object->dlpi_name, '/');
    (void)size, (void)context;
    if (part_count == HEAP_PARTS_MAX - 1) {
        return 1;
    }
    for (size_t i = 0; i < object->dlpi_phnum && range_count < RANGES_MAX; i++) {
        const ElfW(Phdr) *header = &object->dlpi_phdr[i];
        if (header->p_type == PT_LOAD && (header->p_flags & PF_X) != 0) {
            const uintptr_t begin = object->dlpi_addr + header->p_vaddr;
            ranges[range_count++] =
                (struct range){.begin = begin, .end = begin + header->p_memsz, .part = part_count};
        }
    }
    (void)snprintf(
        counts->parts[part_count].name,
        HEAP_NAME_BYTES_MAX,
        "%s",
        slash == NULL ? object->dlpi_name : slash + 1);
    part_count++;
    return 0;
}

__attribute__((constructor)) static void heap_count_open(void) {
    const char *path = getenv("HEAP_COUNT");
    const int file = path == NULL ? -1 : open(path, O_RDWR | O_CLOEXEC);
    if (file < 0) {
        return;
    }
    void *memory = mmap(NULL, sizeof *counts, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    (void)close(file);
    if (memory != MAP_FAILED) {
        counts = memory;
        (void)dl_iterate_phdr(on_object, NULL);
    }
}

static void count(const void *caller) {
    const uintptr_t at = (uintptr_t)caller;
    size_t part = HEAP_PARTS_MAX - 1;
    if (counts == NULL) {
        return;
    }
    for (size_t i = 0; i < range_count; i++) {
        if (at >= ranges[i].begin && at < ranges[i].end) {
            part = ranges[i].part;
            break;
        }
    }
    atomic_fetch_add_explicit(&counts->parts[part].asked, 1, memory_order_relaxed);
}

void *malloc(size_t size) {
    count(__builtin_return_address(0));
    return __libc_malloc(size);
}

void *calloc(size_t number, size_t size) {
    count(__builtin_return_address(0));
    return __libc_calloc(number, size);
}

void *realloc(void *memory, size_t size) {
    count(__builtin_return_address(0));
    return __libc_realloc(memory, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
    count(__builtin_return_address(0));
    return __libc_memalign(alignment, size);
}

int posix_memalign(void **ret_memory, size_t alignment, size_t size) {
    count(__builtin_return_address(0));
    void *memory = __libc_memalign(alignment, size);
    if (memory == NULL) {
        return ENOMEM;
    }
    *ret_memory = memory;
    return 0;
}
