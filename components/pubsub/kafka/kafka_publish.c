/*
 * Publish and BulkPublish: messages into records, delivery reports into answers.
 *
 * A bulk goes to librdkafka in one turn, which makes one batch of it for each partition. Its answer
 * waits for every report. Where some entries failed, all of the call fails, in words that name them:
 * a list beside an OK is shown to daprd's gRPC callers alone, its HTTP callers would read success.
 * docs/decisions/0004-bulk-publish.md
 */
#include "pubsub/kafka/kafka_pubsub.h"

#include <stdio.h>

static void *take(void *context, size_t size) {
    return dk_reply_take(context, size);
}

void kafka_publish(
    struct dk_instance *broker, const struct dk_publish *request, struct dk_reply *reply) {
    const struct kafka_message message = {
        .topic = request->topic, .data = request->data, .metadata = request->metadata};
    kafka_writer_write(&kafka_pubsub_of(broker)->writer, &message, reply);
}

/* ── bulk publish ───────────────────────────────────────────────────────────────────────────── */

struct bulk;

struct bulk_entry {
    struct kafka_send send;
    struct kafka_record record;
    struct bulk *bulk;
    struct dk_bytes entry_id;
};

struct bulk {
    struct dk_reply *reply;
    size_t count, under_way, failed;
    struct dk_fault first; /* of those that failed */
    char ids[256];         /* of those that failed, as many as there is room for */
    size_t ids_used;
    bool is_ids_full;
    struct bulk_entry entries[];
};

static void bulk_finish(struct bulk *bulk) {
    if (bulk->failed == 0) {
        dk_reply_ok(bulk->reply);
        return;
    }
    dk_reply_fail(
        bulk->reply,
        bulk->first.error,
        "kafka: %zu of %zu entries were not published (%s%s): %s",
        bulk->failed,
        bulk->count,
        bulk->ids,
        bulk->is_ids_full ? " …" : "",
        bulk->first.text);
}

static void bulk_note_failure(
    struct bulk *bulk, struct dk_bytes entry_id, const struct dk_fault *fault) {
    const size_t room = sizeof bulk->ids - bulk->ids_used;
    if (bulk->failed++ == 0) {
        bulk->first = *fault;
    }
    if (bulk->is_ids_full) {
        return;
    }
    const int size = snprintf(
        bulk->ids + bulk->ids_used,
        room,
        "%s'%.*s'",
        bulk->ids_used == 0 ? "" : ", ",
        (int)entry_id.size,
        entry_id.data);
    if (size > 0 && (size_t)size < room) {
        bulk->ids_used += (size_t)size;
    } else {
        bulk->ids[bulk->ids_used] = '\0'; /* whole ids or none */
        bulk->is_ids_full = true;
    }
}

static void bulk_on_sent(struct kafka_send *send, const struct dk_fault *fault) {
    struct bulk_entry *entry = (struct bulk_entry *)(void *)send;
    struct bulk *bulk = entry->bulk;
    if (fault->error != DK_OK) {
        bulk_note_failure(bulk, entry->entry_id, fault);
    }
    bulk->under_way--;
    if (bulk->under_way == 0) {
        bulk_finish(bulk);
    }
}

/* Before anything is sent: an entry that makes no sense fails the call, as the built-in does. */
static enum dk_error bulk_read(
    const struct kafka_pubsub *pubsub,
    const struct dk_bulk_publish *request,
    struct bulk *bulk,
    struct dk_fault *fault) {
    for (size_t i = 0; i < request->count; i++) {
        const struct dk_publish_entry *given = &request->entries[i];
        struct bulk_entry *entry = &bulk->entries[i];
        const struct kafka_message message = {
            .topic = request->topic,
            .data = given->data,
            .metadata = request->metadata,
            .entry = given->metadata,
        };
        struct dk_fault found; /* not zeroed: 2 KiB for each entry */
        found.error = DK_OK;
        found.text[0] = '\0';
        entry->bulk = bulk;
        entry->entry_id = given->entry_id;
        entry->send.on_sent = bulk_on_sent;
        entry->send.deadline_us = dk_reply_deadline_us(bulk->reply);
        if (kafka_message_read(
                &message, pubsub->writer.filter, take, bulk->reply, &entry->record, &found) !=
            DK_OK) {
            return dk_fault_set(
                fault,
                found.error,
                "entry '%.*s': %s",
                (int)given->entry_id.size,
                given->entry_id.data,
                found.text);
        }
    }
    return DK_OK;
}

void kafka_bulk_publish(
    struct dk_instance *broker, const struct dk_bulk_publish *request, struct dk_reply *reply) {
    const struct kafka_pubsub *pubsub = kafka_pubsub_of(broker);
    struct bulk *bulk =
        dk_reply_take(reply, sizeof *bulk + request->count * sizeof bulk->entries[0]);
    struct dk_fault fault = {.error = DK_OK};

    if (bulk == NULL) {
        dk_reply_fail(reply, DK_EXHAUSTED, "kafka: the call's memory bound is reached");
        return;
    }
    bulk->reply = reply;
    bulk->count = request->count;
    if (bulk_read(pubsub, request, bulk, &fault) != DK_OK) {
        dk_reply_fault(reply, &fault);
        return;
    }
    kafka_writer_trace(reply, request->topic, request->count);
    /* One more than there are: an outcome that comes at once must not end the call too early. */
    bulk->under_way = request->count + 1;
    for (size_t i = 0; i < request->count; i++) {
        kafka_producer_send(
            pubsub->writer.producer, &bulk->entries[i].record, &bulk->entries[i].send);
    }
    bulk->under_way--;
    if (bulk->under_way == 0) {
        bulk_finish(bulk);
    }
}
