/*
 * Lists of free blocks, one for each size, on the loop's thread. A block carries its size before
 * its bytes: nghttp2 gives back the address alone.
 */
#include "wire/h2/memory.h"

#include "core/poison.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

struct dk__h2_block {
    union {
        struct dk__h2_block *next; /* while it is free */
        size_t size;               /* of bytes, while it is in use */
    };
    _Alignas(max_align_t) char bytes[];
};

static struct dk__h2_block *block_of(void *bytes) {
    return (struct dk__h2_block *)(void *)((char *)bytes - offsetof(struct dk__h2_block, bytes));
}

/* The list of a size from 1 to DK__H2_BLOCK_BYTES_MAX; its blocks have that many steps and one. */
static size_t place_of(size_t size) {
    return (size - 1) / DK__H2_BLOCK_STEP_BYTES;
}

static void *memory_take(size_t size, void *context) {
    struct dk__h2_memory *memory = context;
    struct dk__h2_block *block = NULL;
    memory->takes++;
    if (size == 0) {
        size = 1;
    }
    if (size <= DK__H2_BLOCK_BYTES_MAX) {
        struct dk__h2_block **const list = &memory->free[place_of(size)];
        size = (place_of(size) + 1) * DK__H2_BLOCK_STEP_BYTES;
        block = *list;
        if (block != NULL) {
            *list = block->next;
            memory->kept_bytes -= (uint32_t)size;
            DK__UNPOISON(block->bytes, size);
        }
    }
    if (block == NULL) {
        if (size > SIZE_MAX - sizeof *block) {
            return NULL;
        }
        memory->heap_takes++;
        block = malloc(sizeof *block + size);
        if (block == NULL) {
            return NULL;
        }
    }
    block->size = size;
    return block->bytes;
}

static void memory_give(void *bytes, void *context) {
    struct dk__h2_memory *memory = context;
    if (bytes == NULL) {
        return;
    }
    struct dk__h2_block *block = block_of(bytes);
    const size_t size = block->size;
    if (size > DK__H2_BLOCK_BYTES_MAX || memory->kept_bytes + size > DK__H2_KEPT_BYTES_MAX) {
        free(block);
        return;
    }
    struct dk__h2_block **const list = &memory->free[place_of(size)];
    memory->kept_bytes += (uint32_t)size;
    block->next = *list;
    *list = block;
    DK__POISON(block->bytes, size);
}

static void *memory_take_zeroed(size_t count, size_t size, void *context) {
    if (size != 0 && count > SIZE_MAX / size) {
        return NULL;
    }
    void *bytes = memory_take(count * size, context);
    return bytes == NULL ? NULL : memset(bytes, 0, count * size);
}

static void *memory_resize(void *bytes, size_t size, void *context) {
    if (bytes != NULL && size <= block_of(bytes)->size && size > 0) {
        return bytes;
    }
    void *larger = memory_take(size, context);
    if (larger != NULL && bytes != NULL) {
        const size_t before = block_of(bytes)->size;
        memcpy(larger, bytes, before < size ? before : size);
        memory_give(bytes, context);
    }
    return larger;
}

void dk__h2_memory_setup(struct dk__h2_memory *memory) {
    *memory = (struct dk__h2_memory){
        .functions =
            {
                .mem_user_data = memory,
                .malloc = memory_take,
                .free = memory_give,
                .calloc = memory_take_zeroed,
                .realloc = memory_resize,
            },
    };
}

void dk__h2_memory_clear(struct dk__h2_memory *memory) {
    for (size_t i = 0; i < DK__H2_BLOCK_SIZES; i++) {
        while (memory->free[i] != NULL) {
            struct dk__h2_block *block = memory->free[i];
            memory->free[i] = block->next;
            free(block);
        }
    }
    memory->kept_bytes = 0;
}
