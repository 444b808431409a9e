#ifndef TESTS_SUPPORT_CODEC_MEMORY_H
#define TESTS_SUPPORT_CODEC_MEMORY_H

#include "core/arena.h"
#include "core/chain.h"

#include <dk/error.h>

/*
 * What a codec works with, as a call has it: an arena, a chain and a fault, all from one pool.
 * Owner: the test's; begin and end around each. Thread: the test's.
 */
struct codec_memory {
    struct dk__pool pool;
    struct dk__arena arena;
    struct dk__chain chain;
    struct dk_fault fault;
};

enum { CODEC_BYTES_MAX = 16 << 20 };

void codec_memory_begin(struct codec_memory *memory);
void codec_memory_end(struct codec_memory *memory);

/* All that was appended, in one piece that lies in the arena. */
struct dk_bytes codec_memory_written(struct codec_memory *memory);

/* Bytes in a place of the heap of exactly their size, so that the address sanitizer sees a read
 * behind them. Owner: the caller, with free. */
char *codec_memory_exact(struct dk_bytes bytes);

#endif /* TESTS_SUPPORT_CODEC_MEMORY_H */
