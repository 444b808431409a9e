/*
 * A list of chunks: `used` bytes written, `taken` of them consumed. Only the oldest chunk has
 * taken bytes, only the newest has room.
 */
#include "core/chain.h"

#include <assert.h>
#include <string.h>
#include <sys/uio.h>

static size_t chunk_bytes(const struct dk__chunk *chunk) {
    return chunk->used - chunk->taken;
}

char *dk__chain_append(struct dk__chain *chain, size_t size) {
    struct dk__chunk *chunk = chain->newest;
    if (size > chain->bytes_max - chain->bytes) {
        return NULL;
    }
    if (chunk == NULL || size > chunk->capacity - chunk->used) {
        /* A chain that has outgrown one chunk is likely to grow on: then larger ones. */
        const size_t want = chunk == NULL || size > DK__CHUNK_LARGE - sizeof *chunk
                                ? size
                                : DK__CHUNK_LARGE - sizeof *chunk;
        chunk = dk__pool_take(chain->pool, want);
        if (chunk == NULL) {
            return NULL;
        }
        if (chain->newest == NULL) {
            chain->oldest = chunk;
        } else {
            chain->newest->next = chunk;
        }
        chain->newest = chunk;
    }
    char *const place = chunk->bytes + chunk->used;
    chunk->used += (uint32_t)size;
    chain->bytes += size;
    return place;
}

bool dk__chain_append_bytes(struct dk__chain *chain, struct dk_bytes bytes) {
    if (bytes.size == 0) {
        return true;
    }
    char *place = dk__chain_append(chain, bytes.size);
    if (place == NULL) {
        return false;
    }
    memcpy(place, bytes.data, bytes.size);
    return true;
}

struct dk_bytes dk__chain_front(const struct dk__chain *chain) {
    const struct dk__chunk *chunk = chain->oldest;
    while (chunk != NULL && chunk_bytes(chunk) == 0) {
        chunk = chunk->next;
    }
    if (chunk == NULL) {
        return (struct dk_bytes){.data = "", .size = 0};
    }
    return (struct dk_bytes){.data = chunk->bytes + chunk->taken, .size = chunk_bytes(chunk)};
}

int dk__chain_views(const struct dk__chain *chain, struct iovec *views, int count) {
    int filled = 0;
    for (struct dk__chunk *chunk = chain->oldest; chunk != NULL && filled < count;
         chunk = chunk->next) {
        if (chunk_bytes(chunk) > 0) {
            views[filled].iov_base = chunk->bytes + chunk->taken;
            views[filled].iov_len = chunk_bytes(chunk);
            filled++;
        }
    }
    return filled;
}

void dk__chain_consume(struct dk__chain *chain, size_t size) {
    assert(size <= chain->bytes);
    chain->bytes -= size;
    while (chain->oldest != NULL) {
        struct dk__chunk *chunk = chain->oldest;
        const size_t part = size < chunk_bytes(chunk) ? size : chunk_bytes(chunk);
        chunk->taken += (uint32_t)part;
        size -= part;
        if (chunk_bytes(chunk) > 0) {
            return;
        }
        /* The last chunk stays for what comes next, unless it is one of the odd large ones. */
        if (chunk == chain->newest) {
            if (chunk->capacity <= DK__CHUNK_LARGE) {
                chunk->used = 0;
                chunk->taken = 0;
                return;
            }
            chain->newest = NULL;
        }
        chain->oldest = chunk->next;
        dk__pool_give(chain->pool, chunk);
    }
}

size_t dk__chain_read(struct dk__chain *chain, void *target, size_t size) {
    size_t done = 0;
    while (done < size && chain->bytes > 0) {
        const struct dk_bytes front = dk__chain_front(chain);
        const size_t part = front.size < size - done ? front.size : size - done;
        memcpy((char *)target + done, front.data, part);
        dk__chain_consume(chain, part);
        done += part;
    }
    return done;
}

void dk__chain_truncate(struct dk__chain *chain, size_t bytes) {
    assert(bytes <= chain->bytes);
    size_t kept = 0;
    struct dk__chunk *chunk = chain->oldest;
    chain->bytes = bytes;
    while (chunk != NULL && kept + chunk_bytes(chunk) <= bytes && chunk->next != NULL) {
        kept += chunk_bytes(chunk);
        chunk = chunk->next;
    }
    if (chunk == NULL) {
        return;
    }
    chunk->used = chunk->taken + (uint32_t)(bytes - kept);
    struct dk__chunk *extra = chunk->next;
    chunk->next = NULL;
    chain->newest = chunk;
    while (extra != NULL) {
        struct dk__chunk *next = extra->next;
        dk__pool_give(chain->pool, extra);
        extra = next;
    }
}

void dk__chain_reset(struct dk__chain *chain) {
    struct dk__chunk *chunk = chain->oldest;
    chain->oldest = NULL;
    chain->newest = NULL;
    chain->bytes = 0;
    while (chunk != NULL) {
        struct dk__chunk *next = chunk->next;
        dk__pool_give(chain->pool, chunk);
        chunk = next;
    }
}
