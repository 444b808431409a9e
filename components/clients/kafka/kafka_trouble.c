/*
 * Librdkafka repeats itself for as long as brokers are away; a log says it once.
 */
#include "clients/kafka/kafka_trouble.h"

#include "clients/kafka/kafka_error.h"

#include <dk/log.h>
#include <dk/loop.h>
#include <inttypes.h>

void kafka_trouble_note(
    struct kafka_trouble *trouble,
    const char *instance,
    rd_kafka_resp_err_t code,
    const char *reason) {
    char text[KAFKA_ERROR_WORDS_MAX];
    const int64_t now_ms = dk_clock_ms();
    const bool is_known =
        trouble->begun_ms != 0 && now_ms - trouble->seen_ms < KAFKA_TROUBLE_QUIET_MS;

    trouble->begun_ms = is_known ? trouble->begun_ms : now_ms;
    trouble->seen_ms = now_ms;
    dk_log(
        is_known ? DK_LOG_DEBUG : DK_LOG_WARN,
        "kafka",
        "trouble with the brokers, trying on",
        "component=%s error=%s reason=%s",
        instance,
        rd_kafka_err2name(code),
        kafka_error_words(reason, text, sizeof text));
}

void kafka_trouble_end(struct kafka_trouble *trouble, const char *instance) {
    if (trouble->begun_ms == 0) {
        return;
    }
    dk_log(
        DK_LOG_INFO,
        "kafka",
        "the brokers serve us again",
        "component=%s after_ms=%" PRId64,
        instance,
        dk_clock_ms() - trouble->begun_ms);
    *trouble = (struct kafka_trouble){.begun_ms = 0};
}
