/*
 * A shared library that stands between a program and the C library's heap and copying. The caller's address
 * says whose it is. Of the heap glibc's own names are used, so nothing has to be looked up first; copies that
 * come before memmove is found are made byte by byte.
 */
#define _GNU_SOURCE /* dl_iterate_phdr, RTLD_NEXT */
#include "bench/heap_count.h"

#include <dlfcn.h>
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

void *__memcpy_chk(void *target, const void *source, size_t size, size_t room);

/* The code of one part. */
struct range {
    uintptr_t begin, end;
    size_t part;
};

enum { RANGES_MAX = 64 };

static struct range ranges[RANGES_MAX];
static size_t range_count, part_count;
static void *(*move)(void *target, const void *source, size_t size); /* NULL: not found yet */
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
    void *const found = dlsym(RTLD_NEXT, "memmove");
    __builtin_memcpy(&move, &found, sizeof move); /* of a known size: no call */
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

/* Whose code this is. */
static struct heap_part *part_of(const void *caller) {
    const uintptr_t at = (uintptr_t)caller;
    for (size_t i = 0; i < range_count; i++) {
        if (at >= ranges[i].begin && at < ranges[i].end) {
            return &counts->parts[ranges[i].part];
        }
    }
    return &counts->parts[HEAP_PARTS_MAX - 1];
}

static void count(const void *caller) {
    if (counts != NULL) {
        atomic_fetch_add_explicit(&part_of(caller)->asked, 1, memory_order_relaxed);
    }
}

static void *copy(const void *caller, void *target, const void *source, size_t size) {
    volatile unsigned char *to = target;
    const unsigned char *from = source;
    if (counts != NULL && size >= HEAP_COPY_BYTES_MIN) {
        atomic_fetch_add_explicit(&part_of(caller)->copied_bytes, size, memory_order_relaxed);
    }
    if (move != NULL) {
        return move(target, source, size);
    }
    const bool is_backward = (uintptr_t)target > (uintptr_t)source;
    for (size_t i = 0; i < size; i++) {
        const size_t at = is_backward ? size - 1 - i : i;
        to[at] = from[at];
    }
    return target;
}

void *memcpy(void *restrict target, const void *restrict source, size_t size) {
    return copy(__builtin_return_address(0), target, source, size);
}

void *memmove(void *target, const void *source, size_t size) {
    return copy(__builtin_return_address(0), target, source, size);
}

void *__memcpy_chk(void *target, const void *source, size_t size, size_t room) {
    if (size > room) {
        abort();
    }
    return copy(__builtin_return_address(0), target, source, size);
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
