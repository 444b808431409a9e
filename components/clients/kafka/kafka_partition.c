/*
 * A partition's records on their way to daprd. On the loop's thread; librdkafka's queue is the only
 * thing other threads touch.
 */
#include "clients/kafka/kafka_partition.h"

#include "clients/kafka/kafka_pending.h"

#include <stdlib.h>
#include <string.h>

enum {
    BATCH_MAX = 256, /* records asked of librdkafka at once */
    NO_MEMORY_US = 1000000,
};

static void on_rest_over(struct dk_timer *timer) {
    struct kafka_partition *partition =
        (struct kafka_partition *)(void *)((char *)timer - offsetof(struct kafka_partition, rest));
    partition->consuming->on_ready(partition->consuming, partition);
}

struct kafka_partition *kafka_partition_new(
    struct kafka_consuming *consuming, const char *topic, int32_t number, rd_kafka_queue_t *queue) {
    struct kafka_partition *partition = calloc(1, sizeof *partition);
    if (partition == NULL) {
        rd_kafka_queue_destroy(queue);
        return NULL;
    }
    *partition = (struct kafka_partition){
        .consuming = consuming,
        .topic = strdup(topic),
        .number = number,
        .queue = queue,
        .rest = {.on_due = on_rest_over},
    };
    if (partition->topic == NULL ||
        kafka_offsets_open(&partition->offsets, consuming->window) != DK_OK) {
        kafka_partition_free(partition);
        return NULL;
    }
    return partition;
}

static void let_go(struct kafka_consuming *consuming, struct kafka_pending *record) {
    consuming->out_count -= !record->is_spent;
    rd_kafka_message_destroy(record->message);
    *record = (struct kafka_pending){.partition = NULL};
}

void kafka_partition_free(struct kafka_partition *partition) {
    if (partition == NULL) {
        return;
    }
    dk_timer_stop(partition->consuming->loop, &partition->rest);
    while (partition->waiting != NULL) {
        struct kafka_pending *record = partition->waiting;
        partition->waiting = record->next;
        kafka_pending_free(partition->consuming, record);
    }
    while (partition->out != NULL) {
        struct kafka_pending *record = partition->out;
        partition->out = record->next;
        let_go(partition->consuming, record);
    }
    rd_kafka_queue_destroy(partition->queue);
    kafka_offsets_close(&partition->offsets);
    free(partition->topic);
    free(partition);
}

bool kafka_partition_rest(struct kafka_partition *partition) {
    struct dk_loop *loop = partition->consuming->loop;
    const struct kafka_pending *first = partition->waiting;
    const int64_t wait_us = first == NULL ? 0 : first->due_us - dk_loop_now_us(loop);
    if (wait_us <= 0) {
        return false;
    }
    return dk_timer_set(loop, &partition->rest, wait_us) == DK_OK;
}

/* ── from librdkafka ────────────────────────────────────────────────────────────────────────── */

/* Puts at most `count` records, BATCH_MAX and fewer, into the empty list of waiting ones; false when
 * there were none. */
static bool take_batch(struct kafka_partition *partition, uint32_t count) {
    rd_kafka_message_t *messages[BATCH_MAX];
    struct kafka_pending **link = &partition->waiting;
    const ssize_t got = rd_kafka_consume_batch_queue(partition->queue, 0, messages, count);

    for (ssize_t i = 0; i < got; i++) {
        if (messages[i]->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
            kafka_trouble_note(
                &partition->trouble,
                partition->consuming->instance,
                messages[i]->err,
                rd_kafka_message_errstr(messages[i]));
            rd_kafka_message_destroy(messages[i]);
            continue;
        }
        partition->read_count++;
        partition->read_bytes += (int64_t)(messages[i]->len + messages[i]->key_len);
        partition->read_next = messages[i]->offset + 1;
        struct kafka_pending *record = kafka_pending_new(partition, messages[i]);
        *link = record;
        link = &record->next;
    }
    return got > 0;
}

static void note_dry(struct kafka_partition *partition) {
    const struct kafka_consuming *consuming = partition->consuming;
    if (partition->read_count >= consuming->buffered_max ||
        partition->read_bytes >= consuming->buffered_bytes_max) {
        consuming->on_drained(partition->consuming, partition, partition->read_next);
    }
    partition->read_count = 0;
    partition->read_bytes = 0;
}

/* ── to daprd ───────────────────────────────────────────────────────────────────────────────── */

/* The first waiting record; MORE when the next may follow it now. */
static enum kafka_pump deliver_first(struct kafka_partition *partition) {
    struct kafka_consuming *consuming = partition->consuming;
    struct kafka_pending *record = partition->waiting;
    struct dk_fault fault; /* too large to be cleared for each message */
    struct dk_message message;

    if (!record->is_taken && !kafka_offsets_take(&partition->offsets, record->message->offset)) {
        return KAFKA_PUMP_BLOCKED; /* the log began anew below what is out: that comes first */
    }
    record->is_taken = true;
    partition->waiting = record->next;
    record->next = NULL;
    if (record->is_spent) {
        kafka_pending_give_up(record, "its retries are spent");
        return KAFKA_PUMP_MORE;
    }
    const struct kafka_view view = kafka_view_of(record->message);
    enum dk_error error =
        kafka_delivery_make(&consuming->delivery, &consuming->rules, &view, &message);
    if (error != DK_OK) {
        kafka_pending_put_back(record, NO_MEMORY_US);
        return KAFKA_PUMP_BLOCKED;
    }
    message.is_again = record->retry.count > 0;
    fault.error = DK_OK;
    fault.text[0] = '\0';
    error = dk_deliver(partition->subscription, &message, record, &fault);
    if (error == DK_OK) {
        consuming->counts.delivered++;
        consuming->out_count++;
        kafka_pending_put_out(record);
        return KAFKA_PUMP_MORE;
    }
    if (error == DK_EXHAUSTED && dk_subscription_credit(partition->subscription) > 0) {
        kafka_pending_put_back(record, NO_MEMORY_US);
        return KAFKA_PUMP_BLOCKED;
    }
    if (error == DK_EXHAUSTED) {
        record->next = partition->waiting;
        partition->waiting = record;
        return KAFKA_PUMP_STARVED;
    }
    consuming->counts.undeliverable++;
    kafka_pending_give_up(record, fault.text);
    return KAFKA_PUMP_MORE;
}

static uint32_t least(uint32_t left, uint32_t right) {
    return left < right ? left : right;
}

/* Fills the empty list of waiting records. */
static enum kafka_pump refill(struct kafka_partition *partition, uint32_t most) {
    const uint32_t room =
        least(least(kafka_offsets_room(&partition->offsets), most), (uint32_t)BATCH_MAX);
    const uint32_t count = kafka_pending_reserve(partition->consuming, room);
    if (count > 0 && take_batch(partition, count)) {
        return KAFKA_PUMP_MORE;
    }
    if (count > 0) {
        note_dry(partition);
        return KAFKA_PUMP_DRY;
    }
    if (room > 0) {
        (void)dk_timer_set(partition->consuming->loop, &partition->rest, NO_MEMORY_US);
    }
    return KAFKA_PUMP_BLOCKED;
}

enum kafka_pump kafka_partition_pump(struct kafka_partition *partition, uint32_t *budget) {
    enum kafka_pump state = KAFKA_PUMP_MORE;
    while (state == KAFKA_PUMP_MORE) {
        const uint32_t credit = dk_subscription_credit(partition->subscription);
        if (partition->burying > 0 || kafka_partition_rest(partition)) {
            state = KAFKA_PUMP_BLOCKED;
        } else if (credit == 0) {
            state = KAFKA_PUMP_STARVED;
        } else if (*budget == 0) {
            break;
        } else if (partition->waiting == NULL) {
            state = refill(partition, least(credit, *budget));
        } else {
            state = deliver_first(partition);
            *budget -= state == KAFKA_PUMP_MORE;
        }
    }
    return state;
}
