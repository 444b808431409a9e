#ifndef DK_CORE_HEX_H
#define DK_CORE_HEX_H

#include <dk/bytes.h>
#include <stdbool.h>
#include <stddef.h>

/* Hexadecimal digits, and the percent escapes made of them. Pure; thread: any. */

/* Writes 2 × size lower-case digits, without a NUL; returns their end. */
char *dk__hex_write(const unsigned char *bytes, size_t size, char *target);

/* Reads the escape that begins with the '%' at text.data[at]: two digits of either case. False, and
 * `ret_byte` untouched: they are not there. */
bool dk__percent_read(struct dk_bytes text, size_t at, char *ret_byte);

#endif /* DK_CORE_HEX_H */
