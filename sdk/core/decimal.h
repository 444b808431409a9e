#ifndef DK_CORE_DECIMAL_H
#define DK_CORE_DECIMAL_H

#include <stdint.h>

/* Room for any number of 64 bits. */
enum { DK__DECIMAL_BYTES_MAX = 20 };

/*
 * Writes the number's digits so that they end before `end`; gives the first of them. No NUL. In
 * every message stand several: printf costs more than all else about them.
 *
 * Thread: any.
 */
static inline char *dk__decimal(uint64_t number, char *end) {
    do {
        *--end = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    return end;
}

#endif /* DK_CORE_DECIMAL_H */
