#ifndef DK_CORE_SYSTEM_ERROR_H
#define DK_CORE_SYSTEM_ERROR_H

enum { DK__SYSTEM_ERROR_BYTES = 128 };

/* The words of an errno, written to `text` and given back; empty for a number without words.
 * Thread: any. */
const char *dk__system_error(int number, char text[DK__SYSTEM_ERROR_BYTES]);

#endif /* DK_CORE_SYSTEM_ERROR_H */
