#ifndef CLIENTS_REDIS_WORDS_H
#define CLIENTS_REDIS_WORDS_H

#include <dk/bytes.h>
#include <stdbool.h>
#include <stddef.h>

struct dk__chain;

/*
 * Appends one command in Redis' protocol: an array of bulk strings, binary safe.
 *
 * Thread: the loop's. Bound: the chain's bytes_max; at it nothing is appended and the answer is
 * false.
 */
bool redis_words_append(struct dk__chain *chain, const struct dk_bytes *words, size_t count);

enum { REDIS_NUMBER_BYTES_MAX = 24 };

/* A number as a word: writes its decimal text to `space` and views it. */
struct dk_bytes redis_number_word(char space[REDIS_NUMBER_BYTES_MAX], long long number);

#endif /* CLIENTS_REDIS_WORDS_H */
