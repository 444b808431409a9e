/* A record in librdkafka's hands. */
#include "clients/kafka/kafka_record.h"

#include "support/kafka_plain.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>

static struct kafka_plain plain;
static rd_kafka_topic_t *topic;
static const struct dk_pair pairs[KAFKA_HEADERS_MAX + 1] = {
    {DK_BYTES("name"), DK_BYTES("value")}, {DK_BYTES("empty"), DK_BYTES("")}};

static void setup(void) {
    kafka_plain_open(&plain, "", NULL);
    kafka_mock_create(&plain.mock, "t", 1);
    topic = rd_kafka_topic_new(plain.client, "t", NULL);
}

static void teardown(void) {
    rd_kafka_topic_destroy(topic);
    kafka_plain_close(&plain);
}

TestSuite(kafka_record, .init = setup, .fini = teardown);

/* The report of one record, which the caller destroys. */
static rd_kafka_event_t *report_of(const struct kafka_record *record, void *opaque) {
    cr_assert(
        eq(int,
           kafka_record_produce(plain.client, topic, record, opaque),
           RD_KAFKA_RESP_ERR_NO_ERROR));
    rd_kafka_queue_t *queue = rd_kafka_queue_get_main(plain.client);
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, KAFKA_PLAIN_WAIT_MS);
    rd_kafka_queue_destroy(queue);
    cr_assert(eq(int, rd_kafka_event_type(event), RD_KAFKA_EVENT_DR));
    return event;
}

Test(kafka_record, sends_a_value_from_where_it_lies_and_copies_the_rest) {
    char key[] = "key", value[] = "value";
    const struct kafka_record record = {
        .key = {key, 3}, .value = {value, 5}, .partition = KAFKA_PARTITION_ANY};

    rd_kafka_event_t *event = report_of(&record, &plain);

    const rd_kafka_message_t *message = rd_kafka_event_message_next(event);
    cr_assert(eq(int, message->err, RD_KAFKA_RESP_ERR_NO_ERROR));
    cr_assert(eq(ptr, message->payload, value), "the value was copied");
    cr_assert(ne(ptr, message->key, key));
    cr_assert(eq(ptr, message->_private, &plain), "another's report");
    rd_kafka_event_destroy(event);
    cr_assert(eq(str, value, "value"), "the caller's bytes were touched");
}

Test(kafka_record, tells_absent_from_empty) {
    struct kafka_mock_record seen;
    const struct kafka_record absent = {.partition = 0},
                              empty = {.key = DK_BYTES(""), .value = DK_BYTES(""), .partition = 0};

    rd_kafka_event_destroy(report_of(&absent, NULL));
    rd_kafka_event_destroy(report_of(&empty, NULL));

    kafka_mock_read(&plain.mock, "t", 0, 0, &seen);
    cr_assert(eq(int, seen.key_size, -1));
    cr_assert(eq(int, seen.value_size, -1));
    kafka_mock_read(&plain.mock, "t", 0, 1, &seen);
    cr_assert(eq(int, seen.key_size, 0));
    cr_assert(eq(int, seen.value_size, 0));
}

Test(kafka_record, carries_headers_and_refuses_too_many) {
    struct kafka_mock_record seen;
    struct kafka_record record = {.headers = pairs, .header_count = 2, .partition = 0};
    rd_kafka_event_destroy(report_of(&record, NULL));
    kafka_mock_read(&plain.mock, "t", 0, 0, &seen);
    cr_assert(eq(str, seen.headers, "name=value;empty=;"));

    record.header_count = KAFKA_HEADERS_MAX + 1;
    cr_assert(
        eq(int,
           kafka_record_produce(plain.client, topic, &record, NULL),
           RD_KAFKA_RESP_ERR__INVALID_ARG));
}

Test(kafka_record, counts_key_value_and_headers) {
    const struct kafka_record record = {
        .key = DK_BYTES("key"), .value = DK_BYTES("value"), .headers = pairs, .header_count = 2};

    cr_assert(eq(sz, kafka_record_bytes(&record), 3 + 5 + 4 + 5 + 5));
}

Test(kafka_record, takes_topics_of_1_to_249_bytes_without_NUL) {
    char name[KAFKA_TOPIC_BYTES_MAX + 1], text[KAFKA_TOPIC_BYTES_MAX + 1];
    memset(name, 'n', sizeof name);
    struct kafka_record record = {.topic = {name, KAFKA_TOPIC_BYTES_MAX}};

    cr_assert(kafka_record_topic(&record, text));
    cr_assert(eq(sz, strlen(text), KAFKA_TOPIC_BYTES_MAX));
    record.topic.size = KAFKA_TOPIC_BYTES_MAX + 1;
    cr_assert(not(kafka_record_topic(&record, text)));
    record.topic.size = 0;
    cr_assert(not(kafka_record_topic(&record, text)));
    record.topic = (struct dk_bytes){"a\0b", 3};
    cr_assert(not(kafka_record_topic(&record, text)));
}

Test(kafka_record, says_why_it_is_refused) {
    static const struct {
        rd_kafka_resp_err_t code;
        enum dk_error error;
        const char *words;
    } rows[] = {
        {RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE,
         DK_INVALID,
         "a message of 5 bytes is larger than maxMessageBytes (4)"},
        {RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION, DK_INVALID, "'t' is no topic's name of 1 … 249 bytes"},
        {RD_KAFKA_RESP_ERR__INVALID_ARG, DK_INVALID, "0 headers are more than the 1024"},
        {RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, DK_DENIED, "topic 't': "},
    };
    const struct kafka_record record = {.topic = DK_BYTES("t"), .value = DK_BYTES("value")};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct dk_fault fault = {.error = DK_OK};
        kafka_record_refuse(&record, rows[i].code, 4, &fault);
        cr_expect(ne(ptr, strstr(fault.text, rows[i].words), NULL), "%s", fault.text);
        cr_expect(eq(int, fault.error, rows[i].error), "%s", fault.text);
    }
}
