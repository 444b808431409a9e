/*
 * PCRE2, with its limits on: its expressions have all of Go's syntax and may take far longer.
 */
#include "clients/kafka/kafka_header_filter.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdlib.h>

struct kafka_header_filter {
    pcre2_code *code;
    pcre2_match_data *match;
    pcre2_match_context *limits;
};

enum dk_error kafka_header_filter_new(
    const char *expression, struct kafka_header_filter **ret_filter, struct dk_fault *fault) {
    int reason = 0;
    PCRE2_SIZE where = 0;
    if (expression == NULL || expression[0] == '\0') {
        *ret_filter = NULL;
        return DK_OK;
    }
    struct kafka_header_filter *filter = calloc(1, sizeof *filter);
    if (filter == NULL) {
        return dk_fault_set(fault, DK_EXHAUSTED, "kafka: no memory for excludeHeaderMetaRegex");
    }
    filter->code =
        pcre2_compile((PCRE2_SPTR)expression, PCRE2_ZERO_TERMINATED, 0, &reason, &where, NULL);
    if (filter->code == NULL) {
        PCRE2_UCHAR words[128];
        (void)pcre2_get_error_message(reason, words, sizeof words);
        kafka_header_filter_free(filter);
        return dk_fault_set(
            fault,
            DK_INVALID,
            "excludeHeaderMetaRegex: '%s' is no expression: %s at byte %zu",
            expression,
            (const char *)words,
            (size_t)where);
    }
    filter->match = pcre2_match_data_create(1, NULL);
    filter->limits = pcre2_match_context_create(NULL);
    if (filter->match == NULL || filter->limits == NULL) {
        kafka_header_filter_free(filter);
        return dk_fault_set(fault, DK_EXHAUSTED, "kafka: no memory for excludeHeaderMetaRegex");
    }
    (void)pcre2_set_match_limit(filter->limits, KAFKA_HEADER_FILTER_STEPS_MAX);
    *ret_filter = filter;
    return DK_OK;
}

void kafka_header_filter_free(struct kafka_header_filter *filter) {
    if (filter == NULL) {
        return;
    }
    pcre2_match_context_free(filter->limits);
    pcre2_match_data_free(filter->match);
    pcre2_code_free(filter->code);
    free(filter);
}

bool kafka_header_filter_matches(const struct kafka_header_filter *filter, struct dk_bytes name) {
    return filter != NULL && pcre2_match(
                                 filter->code,
                                 (PCRE2_SPTR)(name.size == 0 ? "" : name.data),
                                 name.size,
                                 0,
                                 0,
                                 filter->match,
                                 filter->limits) >= 0;
}
