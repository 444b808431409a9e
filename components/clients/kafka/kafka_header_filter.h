#ifndef CLIENTS_KAFKA_HEADER_FILTER_H
#define CLIENTS_KAFKA_HEADER_FILTER_H

#include <dk/bytes.h>
#include <dk/error.h>

/*
 * The names that excludeHeaderMetaRegex keeps from becoming headers, and headers from becoming
 * metadata. A name is searched, not compared as a whole, as Go's regexp.MatchString does.
 *
 * Thread: one. Bound: a match that takes more than KAFKA_HEADER_FILTER_STEPS_MAX steps counts as
 *         none: names come from strangers, and one must not hold the loop.
 */
struct kafka_header_filter;

enum { KAFKA_HEADER_FILTER_STEPS_MAX = 10000 };

/* An absent or empty expression gives NULL, a filter that matches nothing.
 * Errors: DK_INVALID with PCRE2's words; DK_EXHAUSTED. */
enum dk_error kafka_header_filter_new(
    const char *expression, struct kafka_header_filter **ret_filter, struct dk_fault *fault);
/* Accepts NULL. */
void kafka_header_filter_free(struct kafka_header_filter *filter);

/* Bytes that are no UTF-8 are looked at as bytes. */
bool kafka_header_filter_matches(const struct kafka_header_filter *filter, struct dk_bytes name);

#endif /* CLIENTS_KAFKA_HEADER_FILTER_H */
