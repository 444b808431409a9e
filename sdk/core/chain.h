#ifndef DK_CORE_CHAIN_H
#define DK_CORE_CHAIN_H

#include "core/pool.h"

#include <dk/bytes.h>
#include <stdbool.h>
#include <stddef.h>

struct iovec;

/*
 * A queue of bytes: written at the end, read at the front, chunk by chunk. Messages on their way
 * out of a call, and what a link has still to write, are chains.
 *
 * Thread: the loop's. Bound: bytes_max; an append that would pass it changes nothing and fails.
 */
struct dk__chain {
    struct dk__pool *pool;
    struct dk__chunk *oldest, *newest;
    size_t bytes; /* appended and not yet consumed */
    size_t bytes_max;
};

/* `size` contiguous bytes at the end, for the caller to fill before the next call on this chain;
 * NULL at the bound or without memory. */
char *dk__chain_append(struct dk__chain *chain, size_t size);
bool dk__chain_append_bytes(struct dk__chain *chain, struct dk_bytes bytes);
/* The longest contiguous view at the front; size 0 when empty. */
struct dk_bytes dk__chain_front(const struct dk__chain *chain);
/* Views of the front for writev; returns how many were filled, at most `count`. */
int dk__chain_views(const struct dk__chain *chain, struct iovec *views, int count);
/* Copies up to `size` bytes from the front and consumes them; returns how many. */
size_t dk__chain_read(struct dk__chain *chain, void *target, size_t size);
/* Forgets `size` bytes of the front; size ≤ bytes. */
void dk__chain_consume(struct dk__chain *chain, size_t size);
/* Forgets the bytes appended after the first `bytes` of the present content. */
void dk__chain_truncate(struct dk__chain *chain, size_t bytes);
void dk__chain_reset(struct dk__chain *chain);

#endif /* DK_CORE_CHAIN_H */
