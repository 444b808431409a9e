#ifndef CLIENTS_KAFKA_ERROR_H
#define CLIENTS_KAFKA_ERROR_H

#include <dk/error.h>
#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What librdkafka's codes mean to a caller. Pure; any thread.
 */

/* Whether a caller may mend it, somebody's rights are missing, or later is better: what has no row
 * of its own is DK_UNAVAILABLE, as every failure of the built-in is. */
enum dk_error kafka_error_of(rd_kafka_resp_err_t code);

/* True for a login that is refused: waiting does not help. */
bool kafka_error_is_login(rd_kafka_resp_err_t code);

/* What to say after a refused login by `mechanism` (NULL: none) with librdkafka of `version`
 * (rd_kafka_version()): " (…)" when a defect of that version explains it, else "". */
const char *kafka_error_login_hint(const char *mechanism, int version);

/* A failed delivery report in words, with the brokers' last `trouble` ("": none) where it explains. */
void kafka_error_of_report(
    const rd_kafka_message_t *message,
    int64_t publish_timeout_ms,
    const char *trouble,
    struct dk_fault *fault);

/*
 * librdkafka's words with our properties' names in place of its own ("ssl.ca.location": caCert), as
 * many as `text` holds, and a NUL. Gives `text`. size ≥ 1.
 */
enum { KAFKA_ERROR_WORDS_MAX = 512 };
const char *kafka_error_words(const char *words, char *text, size_t size);

#endif /* CLIENTS_KAFKA_ERROR_H */
