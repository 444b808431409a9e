/*
 * A record on its way to the dead-letter topic is a copy: its partition may be revoked before the
 * broker has answered. On the loop's thread.
 */
#include "clients/kafka/kafka_dead_letters.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OWN_HEADERS = 4, NUMBER_BYTES_MAX = 24, HEADERS_KEPT_MAX = KAFKA_HEADERS_MAX - OWN_HEADERS };

/* One allocation: this, the headers, and the bytes they and the record point to. */
struct letter {
    struct kafka_send send;
    struct kafka_record record;
    struct kafka_dead_letters *letters;
    void *ticket;
    bool is_sending;
    enum dk_error refused; /* while is_sending */
    char *at;              /* where the next bytes go */
    struct dk_pair headers[];
};

static void on_sent(struct kafka_send *send, const struct dk_fault *fault) {
    struct letter *letter = (struct letter *)(void *)((char *)send - offsetof(struct letter, send));
    if (letter->is_sending) {
        letter->refused = fault->error;
        return;
    }
    kafka_consumer_buried(letter->letters->consumer, letter->ticket, fault->error, fault->text);
    free(letter);
}

static struct dk_bytes keep(struct letter *letter, struct dk_bytes bytes) {
    if (bytes.data == NULL) {
        return bytes;
    }
    char *copy = letter->at;
    if (bytes.size > 0) {
        memcpy(copy, bytes.data, bytes.size);
    }
    letter->at += bytes.size;
    return (struct dk_bytes){copy, bytes.size};
}

static struct dk_bytes keep_number(struct letter *letter, int64_t number) {
    char text[NUMBER_BYTES_MAX];
    const int size = snprintf(text, sizeof text, "%" PRId64, number);
    return keep(letter, (struct dk_bytes){text, (size_t)size});
}

static bool header_at(const rd_kafka_headers_t *headers, size_t i, struct dk_pair *ret_header) {
    const char *name = NULL;
    const void *value = NULL;
    size_t size = 0;
    if (headers == NULL || i == HEADERS_KEPT_MAX ||
        rd_kafka_header_get_all(headers, i, &name, &value, &size) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return false;
    }
    *ret_header = (struct dk_pair){dk_bytes_of(name), {value, value == NULL ? 0 : size}};
    return true;
}

static void add(struct letter *letter, const char *name, struct dk_bytes value) {
    letter->headers[letter->record.header_count++] = (struct dk_pair){dk_bytes_of(name), value};
}

static struct letter *letter_new(const struct kafka_view *view, struct dk_bytes reason) {
    struct dk_pair header;
    size_t count = 0;
    size_t bytes = view->key.size + view->value.size + strlen(view->topic) + reason.size +
                   2 * (size_t)NUMBER_BYTES_MAX;
    for (; header_at(view->headers, count, &header); count++) {
        bytes += header.key.size + header.value.size;
    }
    struct letter *letter =
        calloc(1, sizeof *letter + (count + OWN_HEADERS) * sizeof(struct dk_pair) + bytes);
    if (letter == NULL) {
        return NULL;
    }
    letter->at = (char *)&letter->headers[count + OWN_HEADERS];
    letter->record = (struct kafka_record){
        .key = keep(letter, view->key),
        .value = keep(letter, view->value),
        .headers = letter->headers,
        .partition = KAFKA_PARTITION_ANY,
    };
    for (size_t i = 0; i < count; i++) {
        (void)header_at(view->headers, i, &header);
        letter->headers[letter->record.header_count++] =
            (struct dk_pair){keep(letter, header.key), keep(letter, header.value)};
    }
    add(letter, "dead-letter-topic", keep(letter, dk_bytes_of(view->topic)));
    add(letter, "dead-letter-partition", keep_number(letter, view->partition));
    add(letter, "dead-letter-offset", keep_number(letter, view->offset));
    add(letter, "dead-letter-reason", keep(letter, reason));
    return letter;
}

static enum dk_error bury(
    void *context, const rd_kafka_message_t *message, const char *reason, void *ticket) {
    struct kafka_dead_letters *letters = context;
    const struct kafka_view view = kafka_view_of(message);
    struct letter *letter = letter_new(&view, dk_bytes_of(reason));
    if (letter == NULL) {
        return DK_EXHAUSTED;
    }
    letter->letters = letters;
    letter->ticket = ticket;
    letter->record.topic = dk_bytes_of(letters->grave.topic);
    letter->send = (struct kafka_send){.on_sent = on_sent, .deadline_us = INT64_MAX};
    letter->is_sending = true;
    kafka_producer_send(letters->producer, &letter->record, &letter->send);
    letter->is_sending = false;
    const enum dk_error refused = letter->refused;
    if (refused != DK_OK) {
        free(letter);
    }
    return refused;
}

void kafka_dead_letters_open(
    struct kafka_dead_letters *letters, struct kafka_producer *producer, const char *topic) {
    *letters = (struct kafka_dead_letters){
        .grave = {.context = letters, .topic = topic, .bury = bury},
        .producer = producer,
    };
}
