/*
 * A stream that acknowledges at once. Messages are read by hand: what they cost on this side would
 * count as the component's.
 */
#include "bench/load/pull.h"

#include "bench/process.h"
#include "core/loop.h"
#include "support/h2_client.h"

#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    WAIT_MS = 60000,
    PREFIX_BYTES = 5,
    REASON_BYTES_MAX = 512,
    ACK_BYTES_MAX = PREFIX_BYTES + 2 + 127,
    ACKS_BYTES = 1 << 20,
};

/* Fields of PullMessagesRequest and PullMessagesResponse, all of them of the length-delimited kind. */
enum { REQUEST_TOPIC = 1, REQUEST_ACK = 2, TOPIC_NAME = 1, RESPONSE_ID = 5 };

static size_t put(char *to, int field, struct dk_bytes bytes) {
    if (bytes.size > 127) {
        fail("a field of %zu bytes is too long to be written", bytes.size);
    }
    to[0] = (char)(field << 3 | 2);
    to[1] = (char)bytes.size;
    memcpy(to + 2, bytes.data, bytes.size);
    return 2 + bytes.size;
}

static bool varint(struct dk_bytes *bytes, uint64_t *ret_value) {
    uint64_t value = 0;
    for (unsigned shift = 0; bytes->size > 0 && shift < 64; shift += 7) {
        const unsigned char byte = (unsigned char)*bytes->data++;
        bytes->size--;
        value |= (uint64_t)(byte & 0x7F) << shift;
        if (byte < 0x80) {
            *ret_value = value;
            return true;
        }
    }
    return false;
}

/* The message's id; a message without one ends the benchmark. */
static struct dk_bytes id_of(struct dk_bytes message) {
    uint64_t tag = 0, size = 0;
    while (varint(&message, &tag) && (tag & 7) == 2 && varint(&message, &size) &&
           size <= message.size) {
        if (tag >> 3 == RESPONSE_ID) {
            return (struct dk_bytes){message.data, size};
        }
        message.data += size;
        message.size -= size;
    }
    fail("a message came that is none");
}

static struct h2_call *stream_open(struct drive *drive, const char *topic) {
    const char *const headers[] = {"x-component-instance", drive->instance, NULL};
    char name[130], request[132];
    const size_t name_size = put(name, TOPIC_NAME, dk_bytes_of(topic));
    const size_t size = put(request, REQUEST_TOPIC, (struct dk_bytes){name, name_size});
    struct h2_call *call =
        h2_call_open(drive->client, "/dapr.proto.components.v1.PubSub/PullMessages", headers);
    h2_call_send(call, (struct dk_bytes){request, size});
    return call;
}

/* Takes the whole messages that came, and acknowledges them in one piece; gives their number. */
static uint64_t take(struct h2_call *call, bool acknowledges) {
    static char acks[ACKS_BYTES];
    uint64_t count = 0;
    size_t at = 0, acks_size = 0;
    while (call->answer_size - at >= PREFIX_BYTES && acks_size < ACKS_BYTES - ACK_BYTES_MAX) {
        const unsigned char *prefix = (const unsigned char *)call->answer + at;
        const size_t size =
            (size_t)prefix[1] << 24 | (size_t)prefix[2] << 16 | (size_t)prefix[3] << 8 | prefix[4];
        if (call->answer_size - at - PREFIX_BYTES < size) {
            break;
        }
        const struct dk_bytes id = id_of((struct dk_bytes){call->answer + at + PREFIX_BYTES, size});
        at += PREFIX_BYTES + size;
        count++;
        if (acknowledges) {
            char *ack = acks + acks_size;
            const size_t ack_size = put(ack + PREFIX_BYTES, REQUEST_ACK, id);
            memset(ack, 0, PREFIX_BYTES);
            ack[PREFIX_BYTES - 1] = (char)ack_size;
            acks_size += PREFIX_BYTES + ack_size;
        }
    }
    memmove(call->answer, call->answer + at, call->answer_size - at);
    call->answer_size -= at;
    if (call->request_sent == call->request_size) { /* what is sent need not be kept */
        call->request_sent = call->request_size = 0;
    }
    if (acks_size > 0) {
        h2_call_send_raw(call, (struct dk_bytes){acks, acks_size});
    }
    return count;
}

static void check(const struct h2_call *call, int64_t last_us) {
    if (call->is_closed) {
        fail("the stream has ended with status %d", h2_call_status(call));
    }
    if (now_us() - last_us > (int64_t)WAIT_MS * 1000) {
        fail("no message comes in %d ms", WAIT_MS);
    }
}

/* µs from the first message to the last. */
static int64_t take_all(
    struct drive *drive, struct h2_call *call, uint64_t messages, bool acknowledges) {
    int64_t first_us = 0, last_us = now_us();
    for (uint64_t done = 0; done < messages;) {
        if (dk__loop_turn(drive->loop, 100000) != DK_OK) {
            fail("the loop has ended");
        }
        const uint64_t count = take(call, acknowledges);
        if (count > 0) {
            last_us = now_us();
            first_us = first_us == 0 ? last_us : first_us;
            done += count;
        }
        check(call, last_us);
    }
    return last_us - first_us;
}

int64_t pull_run(struct drive *drive, const char *topic, uint64_t messages) {
    struct h2_call *call = stream_open(drive, topic);
    const int64_t took_us = take_all(drive, call, messages, true);
    pull_release(drive, call);
    return took_us;
}

struct h2_call *pull_hold(struct drive *drive, const char *topic, uint64_t messages) {
    struct h2_call *call = stream_open(drive, topic);
    (void)take_all(drive, call, messages, false);
    return call;
}

void pull_release(struct drive *drive, struct h2_call *call) {
    enum { CANCEL = 8 };
    h2_call_reset(call, CANCEL);
    while (!call->is_closed) {
        (void)dk__loop_turn(drive->loop, 1000);
    }
    h2_call_free(call);
}

/* ── without a component ────────────────────────────────────────────────────────────────────── */

rd_kafka_t *raw_consumer(const char *brokers, const char *topic) {
    static int groups;
    char reason[REASON_BYTES_MAX] = "", group[32];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    (void)snprintf(group, sizeof group, "raw-%d-%d", (int)getpid(), groups++);
    if (rd_kafka_conf_set(conf, "bootstrap.servers", brokers, reason, sizeof reason) != 0 ||
        rd_kafka_conf_set(conf, "group.id", group, reason, sizeof reason) != 0 ||
        rd_kafka_conf_set(conf, "auto.offset.reset", "earliest", reason, sizeof reason) != 0) {
        fail("librdkafka: %s", reason);
    }
    rd_kafka_t *consumer = rd_kafka_new(RD_KAFKA_CONSUMER, conf, reason, sizeof reason);
    if (consumer == NULL) {
        fail("librdkafka: %s", reason);
    }
    (void)rd_kafka_poll_set_consumer(consumer);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    (void)rd_kafka_topic_partition_list_add(list, topic, RD_KAFKA_PARTITION_UA);
    if (rd_kafka_subscribe(consumer, list) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        fail("librdkafka subscribes to nothing");
    }
    rd_kafka_topic_partition_list_destroy(list);
    return consumer;
}

int64_t raw_pull(const char *brokers, const char *topic, uint64_t messages) {
    int64_t first_us = 0;
    rd_kafka_t *consumer = raw_consumer(brokers, topic);
    for (uint64_t done = 0; done < messages; done++) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(consumer, WAIT_MS);
        if (message == NULL || message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
            fail(
                "librdkafka: %s",
                message == NULL ? "no message" : rd_kafka_message_errstr(message));
        }
        rd_kafka_message_destroy(message);
        first_us = first_us == 0 ? now_us() : first_us;
    }
    const int64_t took_us = now_us() - first_us;
    (void)rd_kafka_consumer_close(consumer);
    rd_kafka_destroy(consumer);
    return took_us;
}
