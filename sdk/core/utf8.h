#ifndef DK_CORE_UTF8_H
#define DK_CORE_UTF8_H

#include <dk/utf8.h>

/* dk_utf8_is_valid within the SDK. */
bool dk__utf8_is_valid(struct dk_bytes text);

/* Copies at most target_size − 1 bytes of `text`, each byte that is no UTF-8 replaced by U+FFFD,
 * cut at a character, NUL-terminated. Returns the bytes written without the NUL. */
size_t dk__utf8_clean(struct dk_bytes text, char *target, size_t target_size);

/* The bytes of `text` without a character whose end a limit has cut off. */
size_t dk__utf8_whole(struct dk_bytes text);

#endif /* DK_CORE_UTF8_H */
