#ifndef DK_WIRE_H2_MEMORY_H
#define DK_WIRE_H2_MEMORY_H

#include <nghttp2/nghttp2.h>
#include <stdint.h>

struct dk__h2_block;

/*
 * The heap as nghttp2 sees it: blocks of a few sizes are used again and again. nghttp2 asks for
 * seven blocks in each call (the stream, its answer's headers, its frames); here that costs two
 * moves of a list each instead of two visits to the heap: 0.2 µs of 2.6 µs of CPU for a Ping (median
 * of ten runs against ten on a busy machine), and a warm process that asks the heap for nothing.
 *
 * Thread: the loop's. Owner: the listener's, from setup to clear; every session made with
 * `functions` has gone before. Zeroed is cleared.
 * Bound: at most DK__H2_KEPT_BYTES_MAX bytes of free blocks stay, more return to the heap; so does
 * what is larger than DK__H2_BLOCK_BYTES_MAX. What is in use is bounded by the sessions.
 */
enum {
    DK__H2_BLOCK_STEP_BYTES = 64,
    DK__H2_BLOCK_SIZES = 16,
    DK__H2_BLOCK_BYTES_MAX = DK__H2_BLOCK_STEP_BYTES * DK__H2_BLOCK_SIZES,
    DK__H2_KEPT_BYTES_MAX = 1024 * 1024,
};

struct dk__h2_memory {
    nghttp2_mem functions; /* for nghttp2_session_server_new3 */
    struct dk__h2_block *free[DK__H2_BLOCK_SIZES];
    uint32_t kept_bytes;
    uint64_t takes, heap_takes; /* blocks that nghttp2 asked for; of them from the heap */
};

void dk__h2_memory_setup(struct dk__h2_memory *memory);
/* Returns the free blocks to the heap. */
void dk__h2_memory_clear(struct dk__h2_memory *memory);

#endif /* DK_WIRE_H2_MEMORY_H */
