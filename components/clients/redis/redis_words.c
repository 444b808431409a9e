/*
 * Commands on their way out, formatted straight into the connection's chain: no allocation, no
 * copy beyond the one into the chain.
 */
#include "clients/redis/redis_words.h"

#include "core/chain.h"

#include <stdio.h>
#include <string.h>

enum {
    TOGETHER_BYTES_MAX = 1024, /* a command up to here is laid down in one piece */
    DIGITS_MAX = 20,
    HEAD_BYTES_MAX = 1 + DIGITS_MAX + 2,
};

static char *number_put(char *at, size_t number) {
    char digits[DIGITS_MAX];
    size_t count = 0;
    do {
        digits[count++] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    while (count > 0) {
        *at++ = digits[--count];
    }
    return at;
}

/* "*3\r\n" or "$12\r\n". */
static char *head_put(char *at, char kind, size_t number) {
    *at++ = kind;
    at = number_put(at, number);
    *at++ = '\r';
    *at++ = '\n';
    return at;
}

static size_t head_bytes(size_t number) {
    size_t bytes = 4; /* kind, one digit, CR, LF */
    for (; number >= 10; number /= 10) {
        bytes++;
    }
    return bytes;
}

static bool append_together(
    struct dk__chain *chain, const struct dk_bytes *words, size_t count, size_t total) {
    char *at = dk__chain_append(chain, total);
    if (at == NULL) {
        return false;
    }
    at = head_put(at, '*', count);
    for (size_t i = 0; i < count; i++) {
        at = head_put(at, '$', words[i].size);
        if (words[i].size > 0) {
            memcpy(at, words[i].data, words[i].size);
            at += words[i].size;
        }
        *at++ = '\r';
        *at++ = '\n';
    }
    return true;
}

static bool append_head(struct dk__chain *chain, char kind, size_t number) {
    char head[HEAD_BYTES_MAX];
    const char *end = head_put(head, kind, number);
    return dk__chain_append_bytes(chain, (struct dk_bytes){head, (size_t)(end - head)});
}

bool redis_words_append(struct dk__chain *chain, const struct dk_bytes *words, size_t count) {
    const size_t before = chain->bytes;
    size_t total = head_bytes(count);

    for (size_t i = 0; i < count; i++) {
        total += head_bytes(words[i].size) + words[i].size + 2;
    }
    if (total <= TOGETHER_BYTES_MAX) {
        return append_together(chain, words, count, total);
    }
    bool fits = append_head(chain, '*', count);
    for (size_t i = 0; fits && i < count; i++) {
        fits = append_head(chain, '$', words[i].size) && dk__chain_append_bytes(chain, words[i]) &&
               dk__chain_append_bytes(chain, (struct dk_bytes)DK_BYTES("\r\n"));
    }
    if (!fits) {
        dk__chain_truncate(chain, before);
    }
    return fits;
}

struct dk_bytes redis_number_word(char space[REDIS_NUMBER_BYTES_MAX], long long number) {
    const int size = snprintf(space, REDIS_NUMBER_BYTES_MAX, "%lld", number);
    return (struct dk_bytes){space, (size_t)size};
}
