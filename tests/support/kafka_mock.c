#include "support/kafka_mock.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>

enum { WAIT_MS = 20000, REASON_BYTES_MAX = 512 };

void kafka_mock_start(struct kafka_mock *mock, int broker_count) {
    char reason[REASON_BYTES_MAX] = "";
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    (void)rd_kafka_conf_set(conf, "log_level", "0", reason, sizeof reason);
    mock->host = rd_kafka_new(RD_KAFKA_PRODUCER, conf, reason, sizeof reason);
    cr_assert(ne(ptr, mock->host, NULL), "%s", reason);
    mock->cluster = rd_kafka_mock_cluster_new(mock->host, broker_count);
    cr_assert(ne(ptr, mock->cluster, NULL), "no mock cluster");
    mock->brokers = rd_kafka_mock_cluster_bootstraps(mock->cluster);
}

void kafka_mock_stop(struct kafka_mock *mock) {
    if (mock->cluster != NULL) {
        rd_kafka_mock_cluster_destroy(mock->cluster);
    }
    if (mock->host != NULL) {
        rd_kafka_destroy(mock->host);
    }
    *mock = (struct kafka_mock){0};
}

void kafka_mock_create(struct kafka_mock *mock, const char *topic, int partition_count) {
    cr_assert(
        eq(int,
           rd_kafka_mock_topic_create(mock->cluster, topic, partition_count, 1),
           RD_KAFKA_RESP_ERR_NO_ERROR));
}

void kafka_mock_fail(struct kafka_mock *mock, int kind, rd_kafka_resp_err_t error, size_t count) {
    for (size_t i = 0; i < count; i++) {
        rd_kafka_mock_push_request_errors(mock->cluster, (int16_t)kind, 1, error);
    }
}

static rd_kafka_t *reader_new(const struct kafka_mock *mock) {
    char reason[REASON_BYTES_MAX] = "";
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    (void)rd_kafka_conf_set(conf, "bootstrap.servers", mock->brokers, reason, sizeof reason);
    (void)rd_kafka_conf_set(conf, "group.id", "reader", reason, sizeof reason);
    (void)rd_kafka_conf_set(conf, "log_level", "0", reason, sizeof reason);
    rd_kafka_t *reader = rd_kafka_new(RD_KAFKA_CONSUMER, conf, reason, sizeof reason);
    cr_assert(ne(ptr, reader, NULL), "%s", reason);
    (void)rd_kafka_poll_set_consumer(reader);
    return reader;
}

static int copy(char *to, size_t room, const void *bytes, size_t size) {
    if (bytes == NULL) {
        return -1;
    }
    (void)snprintf(to, room, "%.*s", (int)size, (const char *)bytes);
    return (int)size;
}

static void headers_read(const rd_kafka_message_t *message, char *to, size_t room) {
    rd_kafka_headers_t *headers = NULL;
    const char *name = NULL;
    const void *value = NULL;
    size_t size = 0, used = 0;
    to[0] = '\0';
    if (rd_kafka_message_headers(message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return;
    }
    for (size_t i = 0;
         rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
         i++) {
        used += (size_t)snprintf(
            to + used, room - used, "%s=%.*s;", name, (int)size, (const char *)value);
        cr_assert(lt(sz, used, room));
    }
}

void kafka_mock_read(
    struct kafka_mock *mock,
    const char *topic,
    int partition,
    int64_t offset,
    struct kafka_mock_record *ret_record) {
    rd_kafka_t *reader = reader_new(mock);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, topic, partition)->offset = offset;
    cr_assert(eq(int, rd_kafka_assign(reader, list), RD_KAFKA_RESP_ERR_NO_ERROR));
    rd_kafka_message_t *message = rd_kafka_consumer_poll(reader, WAIT_MS);
    cr_assert(ne(ptr, message, NULL), "no record at %lld of '%s'", (long long)offset, topic);
    cr_assert(eq(int, message->err, RD_KAFKA_RESP_ERR_NO_ERROR));
    *ret_record = (struct kafka_mock_record){0};
    ret_record->key_size =
        copy(ret_record->key, sizeof ret_record->key, message->key, message->key_len);
    ret_record->value_size =
        copy(ret_record->value, sizeof ret_record->value, message->payload, message->len);
    headers_read(message, ret_record->headers, sizeof ret_record->headers);
    rd_kafka_message_destroy(message);
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_destroy(reader);
}

int64_t kafka_mock_count(struct kafka_mock *mock, const char *topic, int partition) {
    int64_t low = 0, high = 0;
    rd_kafka_t *reader = reader_new(mock);
    cr_assert(
        eq(int,
           rd_kafka_query_watermark_offsets(reader, topic, partition, &low, &high, WAIT_MS),
           RD_KAFKA_RESP_ERR_NO_ERROR));
    rd_kafka_destroy(reader);
    return high;
}
