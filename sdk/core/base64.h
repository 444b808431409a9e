#ifndef DK_CORE_BASE64_H
#define DK_CORE_BASE64_H

#include <dk/bytes.h>
#include <stdbool.h>
#include <stddef.h>

/* base64 in the standard alphabet, RFC 4648 §4: gRPC's -bin headers, bytes in JSON. Pure; thread:
 * any. */

/* Bytes that base64 without padding takes. */
static inline size_t dk__base64_size(size_t size) {
    return size / 3 * 4 + (size % 3 == 0 ? 0 : size % 3 + 1);
}

/* Writes dk__base64_size(bytes.size) characters, the standard alphabet without padding. */
void dk__base64_encode(struct dk_bytes bytes, char *target);

/* Reads base64 with or without padding; `target` has room for text.size / 4 * 3 + 2 bytes. False:
 * it is no base64, and what lies in the target means nothing. */
bool dk__base64_decode(struct dk_bytes text, char *target, size_t *ret_size);

#endif /* DK_CORE_BASE64_H */
