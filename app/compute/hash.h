#ifndef COMPUTE_HASH_H
#define COMPUTE_HASH_H

#include "compute/watch.h"

#include <dk/bytes.h>
#include <dk/error.h>
#include <stdint.h>

/*
 * Names of contents and quick sums over them.
 *
 * Thread: any. Shape: digests as their standards write them: SHA-256 as FIPS 180-4's bytes, XXH3
 * as its canonical (big-endian) number. Absent bytes hash as empty ones.
 */
enum { HASH_SHA256_BYTES = 32, HASH_SHA256_TEXT_BYTES = 2 * HASH_SHA256_BYTES + 1 };
enum { HASH_XXH3_128_TEXT_BYTES = 33 };

/* SHA-256 in lower-case hexadecimal with a NUL, by OpenSSL.
 * Errors: DK_CANCELLED when the watch ends it, DK_INTERNAL when OpenSSL refuses. */
enum dk_error hash_sha256(
    struct dk_bytes bytes,
    const struct watch *watch,
    char ret_text[static HASH_SHA256_TEXT_BYTES],
    struct dk_fault *fault);

/* Whether a text could be one that hash_sha256 writes. */
bool hash_sha256_is_text(struct dk_bytes text);

/* XXH3 of 64 and of 128 bits with seed 0, by libxxhash; the latter in lower-case hexadecimal.
 * Errors: DK_CANCELLED, DK_EXHAUSTED without memory. */
enum dk_error hash_xxh3_64(
    struct dk_bytes bytes, const struct watch *watch, uint64_t *ret_sum, struct dk_fault *fault);
enum dk_error hash_xxh3_128(
    struct dk_bytes bytes,
    const struct watch *watch,
    char ret_text[static HASH_XXH3_128_TEXT_BYTES],
    struct dk_fault *fault);

#endif /* COMPUTE_HASH_H */
