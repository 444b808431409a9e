/*
 * The system's words, in a file of its own: where _GNU_SOURCE is defined strerror_r is another
 * function, which does not write to what it is given.
 */
#include "core/system_error.h"

#include <string.h>

const char *dk__system_error(int number, char text[DK__SYSTEM_ERROR_BYTES]) {
    if (strerror_r(number, text, DK__SYSTEM_ERROR_BYTES) != 0) {
        text[0] = '\0';
    }
    return text;
}
