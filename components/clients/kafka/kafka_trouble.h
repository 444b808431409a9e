#ifndef CLIENTS_KAFKA_TROUBLE_H
#define CLIENTS_KAFKA_TROUBLE_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * An outage in two lines, however often librdkafka reports it: one when it begins, one when it ends.
 * One that says nothing for KAFKA_TROUBLE_QUIET_MS counts as over. Zeroed is no trouble.
 *
 * Thread: the loop's.
 */
struct kafka_trouble {
    int64_t begun_ms, seen_ms; /* wall clock; 0: no trouble */
};

enum { KAFKA_TROUBLE_QUIET_MS = 60000 };

void kafka_trouble_note(
    struct kafka_trouble *trouble,
    const char *instance,
    rd_kafka_resp_err_t code,
    const char *reason);
void kafka_trouble_end(struct kafka_trouble *trouble, const char *instance);

#endif /* CLIENTS_KAFKA_TROUBLE_H */
