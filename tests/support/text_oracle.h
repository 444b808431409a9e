#ifndef TESTS_SUPPORT_TEXT_ORACLE_H
#define TESTS_SUPPORT_TEXT_ORACLE_H

#include "compute/text.h"

#include <stdbool.h>

/* What holds of every text that was read. Thread: any. */

/* Ends the process with these words when it does not hold. */
void text_oracle_require(bool holds, const char *what);
/* By the table of RFC 3629, section 4, and nothing of the code it judges. */
bool text_oracle_is_utf8(struct dk_bytes bytes);
/* Words and sentences in order and in bounds, terms UTF-8 and counted right. */
void text_oracle_require_whole(const struct text *text);

#endif /* TESTS_SUPPORT_TEXT_ORACLE_H */
