#ifndef DK_UTF8_H
#define DK_UTF8_H

#include <dk/bytes.h>
#include <stdbool.h>

/* Whether bytes are UTF-8 as proto3 wants its strings: shortest forms, no surrogates, ≤ U+10FFFF.
 * A NUL byte is an ordinary character. Thread: any. */
bool dk_utf8_is_valid(struct dk_bytes text);

#endif /* DK_UTF8_H */
