#ifndef DK_WIRE_H2_TEXT_H
#define DK_WIRE_H2_TEXT_H

#include <dk/bytes.h>
#include <stddef.h>

/*
 * How gRPC puts foreign text into an HTTP/2 header: percent-encoding, for grpc-message. (Keys that
 * end in -bin carry base64: core/base64.h.) Pure; thread: any.
 */

/* How many bytes percent-encoding takes; equal to text.size when nothing needs it. */
size_t dk__h2_percent_size(struct dk_bytes text);

/* Encodes all but printable ASCII, and '%'; writes dk__h2_percent_size(text) bytes. */
void dk__h2_percent_encode(struct dk_bytes text, char *target);

/* The longest beginning of UTF-8 `text` whose encoding fits into `size_max`, cut at a character. */
struct dk_bytes dk__h2_percent_cut(struct dk_bytes text, size_t size_max);

#endif /* DK_WIRE_H2_TEXT_H */
