#ifndef DK_WIRE_H2_TEXT_H
#define DK_WIRE_H2_TEXT_H

#include <dk/bytes.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * The two ways in which gRPC puts foreign bytes into HTTP/2 headers: base64 for keys that end in
 * -bin, percent-encoding for grpc-message. Pure; thread: any.
 */

/* Bytes that base64 without padding takes. */
static inline size_t dk__h2_base64_size(size_t size) {
    return size / 3 * 4 + (size % 3 == 0 ? 0 : size % 3 + 1);
}

/* Writes dk__h2_base64_size(bytes.size) characters, the standard alphabet without padding. */
void dk__h2_base64_encode(struct dk_bytes bytes, char *target);

/* Reads base64 with or without padding; `target` has room for text.size / 4 * 3 + 2 bytes. False:
 * it is no base64, and what lies in the target means nothing. */
bool dk__h2_base64_decode(struct dk_bytes text, char *target, size_t *ret_size);

/* How many bytes percent-encoding takes; equal to text.size when nothing needs it. */
size_t dk__h2_percent_size(struct dk_bytes text);

/* Encodes all but printable ASCII, and '%'; writes dk__h2_percent_size(text) bytes. */
void dk__h2_percent_encode(struct dk_bytes text, char *target);

/* The longest beginning of UTF-8 `text` whose encoding fits into `size_max`, cut at a character. */
struct dk_bytes dk__h2_percent_cut(struct dk_bytes text, size_t size_max);

#endif /* DK_WIRE_H2_TEXT_H */
