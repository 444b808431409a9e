/*
 * The memory of a codec under test.
 */
#include "support/codec_memory.h"

#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

enum { VIEWS_MAX = 4096 };

void codec_memory_begin(struct codec_memory *memory) {
    memset(memory, 0, sizeof *memory);
    memory->pool.kept_max = 8;
    memory->arena = (struct dk__arena){.pool = &memory->pool, .bytes_max = CODEC_BYTES_MAX};
    memory->chain = (struct dk__chain){.pool = &memory->pool, .bytes_max = CODEC_BYTES_MAX};
}

void codec_memory_end(struct codec_memory *memory) {
    dk__arena_reset(&memory->arena);
    dk__chain_reset(&memory->chain);
    dk__pool_clear(&memory->pool);
}

struct dk_bytes codec_memory_written(struct codec_memory *memory) {
    static struct iovec views[VIEWS_MAX];
    const int count = dk__chain_views(&memory->chain, views, VIEWS_MAX);
    char *bytes = dk__arena_take_bytes(&memory->arena, memory->chain.bytes);
    size_t size = 0;
    for (int i = 0; i < count && bytes != NULL; i++) {
        memcpy(bytes + size, views[i].iov_base, views[i].iov_len);
        size += views[i].iov_len;
    }
    if (bytes == NULL || size != memory->chain.bytes) {
        abort(); /* more than a test may write */
    }
    return (struct dk_bytes){bytes, size};
}

char *codec_memory_exact(struct dk_bytes bytes) {
    char *copy = malloc(bytes.size == 0 ? 1 : bytes.size);
    if (copy == NULL) {
        abort();
    }
    if (bytes.size > 0) {
        memcpy(copy, bytes.data, bytes.size);
    }
    return copy;
}
