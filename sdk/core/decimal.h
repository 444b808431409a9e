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
    static const char pairs[] = "0001020304050607080910111213141516171819"
                                "2021222324252627282930313233343536373839"
                                "4041424344454647484950515253545556575859"
                                "6061626364656667686970717273747576777879"
                                "8081828384858687888990919293949596979899";
    while (number >= 100) { /* a division gives two digits */
        const char *const pair = &pairs[number % 100 * 2];
        number /= 100;
        *--end = pair[1];
        *--end = pair[0];
    }
    if (number >= 10) {
        *--end = pairs[number * 2 + 1];
        *--end = pairs[number * 2];
    } else {
        *--end = (char)('0' + number);
    }
    return end;
}

#endif /* DK_CORE_DECIMAL_H */
