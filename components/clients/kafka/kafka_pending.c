/*
 * The fate of a record after its delivery. On the loop's thread.
 */
#include "clients/kafka/kafka_pending.h"

#include <dk/log.h>
#include <inttypes.h>
#include <stdlib.h>

enum { AGAIN_US = 1000000 }; /* after trouble that is not the record's: no memory, no broker */

uint32_t kafka_pending_reserve(struct kafka_consuming *consuming, uint32_t count) {
    while (consuming->unused_count < count) {
        struct kafka_pending *record = calloc(1, sizeof *record);
        if (record == NULL) {
            return consuming->unused_count;
        }
        kafka_pending_free(consuming, record);
    }
    return count;
}

struct kafka_pending *kafka_pending_new(
    struct kafka_partition *partition, rd_kafka_message_t *message) {
    struct kafka_pending *record = partition->consuming->unused;
    partition->consuming->unused = record->next;
    partition->consuming->unused_count--;
    *record = (struct kafka_pending){.partition = partition, .message = message};
    return record;
}

void kafka_pending_free(struct kafka_consuming *consuming, struct kafka_pending *record) {
    if (record->message != NULL) {
        rd_kafka_message_destroy(record->message);
    }
    *record = (struct kafka_pending){.next = consuming->unused};
    consuming->unused = record;
    consuming->unused_count++;
}

void kafka_consuming_close(struct kafka_consuming *consuming) {
    while (consuming->unused != NULL) {
        struct kafka_pending *record = consuming->unused;
        consuming->unused = record->next;
        free(record);
    }
    kafka_delivery_close(&consuming->delivery);
}

/* ── lists ──────────────────────────────────────────────────────────────────────────────────── */

void kafka_pending_put_out(struct kafka_pending *record) {
    struct kafka_partition *partition = record->partition;
    record->next = partition->out;
    record->link = &partition->out;
    if (record->next != NULL) {
        record->next->link = &record->next;
    }
    partition->out = record;
}

static void take_in(struct kafka_pending *record) {
    *record->link = record->next;
    if (record->next != NULL) {
        record->next->link = record->link;
    }
    record->next = NULL;
}

void kafka_pending_put_back(struct kafka_pending *record, int64_t wait_us) {
    struct kafka_partition *partition = record->partition;
    struct kafka_pending **link = &partition->waiting;
    while (*link != NULL && (*link)->is_taken &&
           (*link)->message->offset < record->message->offset) {
        link = &(*link)->next;
    }
    record->next = *link;
    *link = record;
    record->due_us = wait_us == 0 ? 0 : dk_loop_now_us(partition->consuming->loop) + wait_us;
    if (!kafka_partition_rest(partition)) {
        partition->consuming->on_ready(partition->consuming, partition);
    }
}

static void finish(struct kafka_pending *record) {
    struct kafka_partition *partition = record->partition;
    (void)kafka_offsets_settle(&partition->offsets, record->message->offset);
    kafka_pending_free(partition->consuming, record);
    partition->consuming->on_ready(partition->consuming, partition);
}

/* ── giving up ──────────────────────────────────────────────────────────────────────────────── */

static void log_record(
    enum dk_log_level level,
    const char *message,
    const struct kafka_pending *record,
    const char *reason) {
    dk_log(
        level,
        "kafka",
        message,
        "component=%s topic=%s partition=%" PRId32 " offset=%" PRId64 " retries=%" PRIu64
        " reason=%s",
        record->partition->consuming->instance,
        record->partition->topic,
        record->partition->number,
        record->message->offset,
        record->retry.count,
        reason);
}

static void skip(struct kafka_pending *record, const char *reason) {
    log_record(DK_LOG_WARN, "message given up and skipped", record, reason);
    record->partition->consuming->counts.skipped++;
    finish(record);
}

void kafka_pending_give_up(struct kafka_pending *record, const char *reason) {
    struct kafka_partition *partition = record->partition;
    const struct kafka_grave *grave = partition->consuming->grave;
    if (grave == NULL) {
        skip(record, reason);
        return;
    }
    record->is_spent = true;
    const enum dk_error error = grave->bury(grave->context, record->message, reason, record);
    if (error == DK_INVALID) {
        skip(record, reason);
    } else if (error != DK_OK) {
        kafka_pending_put_back(record, AGAIN_US);
    } else {
        partition->burying++;
        kafka_pending_put_out(record);
    }
}

void kafka_pending_buried(
    struct kafka_consuming *consuming, void *ticket, enum dk_error error, const char *reason) {
    struct kafka_pending *record = ticket;
    if (record->partition == NULL) { /* the next owner of the partition decides anew */
        consuming->counts.stale++;
        kafka_pending_free(consuming, record);
        return;
    }
    record->partition->burying--;
    take_in(record);
    if (error == DK_OK) {
        log_record(DK_LOG_WARN, "message given up, it is in the dead-letter topic", record, reason);
        consuming->counts.buried++;
        finish(record);
    } else if (error == DK_INVALID) {
        skip(record, reason);
    } else {
        log_record(DK_LOG_WARN, "the dead-letter topic takes nothing, trying on", record, reason);
        kafka_pending_put_back(record, AGAIN_US);
    }
}

/* ── settlements ────────────────────────────────────────────────────────────────────────────── */

static uint32_t random_next(struct kafka_consuming *consuming) {
    consuming->random ^= consuming->random << 13;
    consuming->random ^= consuming->random >> 17;
    consuming->random ^= consuming->random << 5;
    return consuming->random;
}

static void refuse(struct kafka_pending *record, struct dk_bytes error) {
    enum { REASON_BYTES_MAX = 512 };
    struct kafka_consuming *consuming = record->partition->consuming;
    char reason[REASON_BYTES_MAX];
    int64_t wait_us = 0;
    const int size = error.size < REASON_BYTES_MAX ? (int)error.size : REASON_BYTES_MAX - 1;

    (void)snprintf(reason, sizeof reason, "%.*s", size, error.data == NULL ? "" : error.data);
    if (!kafka_retry_next(
            &record->retry,
            consuming->backoff,
            dk_loop_now_us(consuming->loop),
            random_next(consuming),
            &wait_us)) {
        kafka_pending_give_up(record, reason);
        return;
    }
    log_record(
        record->retry.count == 1 ? DK_LOG_WARN : DK_LOG_DEBUG,
        "message refused, it is offered again",
        record,
        reason);
    kafka_pending_put_back(record, wait_us);
}

void kafka_pending_settle(
    struct kafka_consuming *consuming, const struct dk_settlement *settlement) {
    struct kafka_pending *record = settlement->token;

    consuming->counts.handled += settlement->outcome == DK_HANDLED;
    consuming->counts.refused += settlement->outcome == DK_REFUSED;
    consuming->counts.abandoned += settlement->outcome == DK_ABANDONED;
    if (record->partition == NULL) {
        consuming->counts.stale++;
        kafka_pending_free(consuming, record);
        return;
    }
    take_in(record);
    consuming->out_count--;
    switch (settlement->outcome) {
    case DK_HANDLED:
        if (record->retry.count > 0) {
            log_record(DK_LOG_INFO, "message handled after it was refused", record, "");
        }
        finish(record);
        break;
    case DK_REFUSED:
        refuse(record, settlement->error);
        break;
    case DK_ABANDONED:
        kafka_pending_put_back(record, 0);
        break;
    }
}
