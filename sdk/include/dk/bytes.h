#ifndef DK_BYTES_H
#define DK_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * A view of bytes that somebody else owns.
 *
 * Shape: any bytes, NUL among them; text where the field says so is valid UTF-8. NULL data means
 *        absent; data with size 0 means present and empty. Proto fields without presence arrive
 *        with data set.
 * Owner: whoever made it; passed by value, valid as long as its owner says.
 */
struct dk_bytes {
    const char *data;
    size_t size;
};

/* A view of a string literal, usable in static tables too. */
#define DK_BYTES(literal) \
    { "" literal, sizeof(literal) - 1 }

/* A view of a NUL-terminated text; NULL gives an absent view. */
static inline struct dk_bytes dk_bytes_of(const char *text) {
    const struct dk_bytes bytes = {text, text == NULL ? 0 : strlen(text)};
    return bytes;
}

/* Same size and same bytes; absent equals empty. */
static inline bool dk_bytes_equal(struct dk_bytes left, struct dk_bytes right) {
    return left.size == right.size &&
           (left.size == 0 || memcmp(left.data, right.data, left.size) == 0);
}

/* One key with its value: an entry of a map<string, string> of the protocol. Both are UTF-8. */
struct dk_pair {
    struct dk_bytes key;
    struct dk_bytes value;
};

/* A map<string, string> in the order it arrived; a repeated key is present once, the last wins. */
struct dk_pairs {
    const struct dk_pair *items;
    size_t count;
};

/* The value of a key, compared byte by byte; absent when there is none. */
static inline struct dk_bytes dk_pairs_find(struct dk_pairs pairs, struct dk_bytes key) {
    for (size_t i = 0; i < pairs.count; i++) {
        if (dk_bytes_equal(pairs.items[i].key, key)) {
            return pairs.items[i].value;
        }
    }
    const struct dk_bytes absent = {NULL, 0};
    return absent;
}

#ifdef __cplusplus
}
#endif

#endif /* DK_BYTES_H */
