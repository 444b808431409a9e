/* What is asked of brokers while the loop goes on: questions, and what is made of their answers. */
#include "clients/kafka/kafka_question.h"

#include "clients/kafka/kafka_looks.h"
#include "clients/kafka/kafka_range.h"
#include "clients/kafka/kafka_search.h"

#include "support/kafka_plain.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>

static const char nobody[] = "127.0.0.1:1";
static struct kafka_plain plain;
static struct kafka_question *question;
static struct kafka_metadata answer;
static int answers;

static void on_metadata(void *context, const struct kafka_metadata *metadata) {
    (void)context;
    answer = *metadata;
    answers++;
}

static bool is_answered(void *nothing) {
    (void)nothing;
    return answers > 0;
}

static void ask(const char *topic, int64_t timeout_ms) {
    answers = 0;
    cr_assert(
        eq(int,
           kafka_question_ask(
               plain.loop, plain.client, topic, timeout_ms, on_metadata, NULL, &question, NULL),
           DK_OK));
}

static void until_answered(void) {
    kafka_plain_until(&plain, is_answered, NULL);
    kafka_question_drop(question);
    question = NULL;
}

static void teardown(void) {
    kafka_question_drop(question);
    kafka_plain_close(&plain);
}

TestSuite(kafka_question, .fini = teardown);

Test(kafka_question, counts_the_partitions_of_a_topic) {
    kafka_plain_open(&plain, "", NULL);
    kafka_mock_create(&plain.mock, "three", 3);

    ask("three", 5000);
    cr_assert(eq(int, answers, 0), "an answer within the question");
    until_answered();

    cr_assert(eq(int, answer.error, RD_KAFKA_RESP_ERR_NO_ERROR));
    cr_assert(eq(int, answer.partition_count, 3));
}

Test(kafka_question, has_an_error_when_nobody_answers_in_its_time) {
    kafka_plain_open(&plain, nobody, NULL);
    const int64_t begun_ms = dk_clock_ms();

    ask(NULL, 300);
    until_answered();

    cr_assert(ne(int, answer.error, RD_KAFKA_RESP_ERR_NO_ERROR));
    cr_assert(ge(i64, dk_clock_ms() - begun_ms, 250));
}

Test(kafka_question, ends_early_when_it_is_given_up) {
    kafka_plain_open(&plain, nobody, NULL);
    ask(NULL, 3600000);

    kafka_question_give_up(question);
    until_answered();

    cr_assert(ne(int, answer.error, RD_KAFKA_RESP_ERR_NO_ERROR));
}

Test(kafka_question, is_not_answered_once_it_is_dropped) {
    kafka_plain_open(&plain, nobody, NULL);
    ask(NULL, 3600000);

    kafka_question_drop(question);
    question = NULL;

    cr_assert(eq(int, dk__loop_turn(plain.loop, 0), DK_OK));
    cr_assert(eq(int, answers, 0));
}

/* ── a partition that does not exist ────────────────────────────────────────────────────────── */

static char refusal[DK_FAULT_TEXT_BYTES_MAX];

static void on_sent(struct kafka_send *send, const struct dk_fault *fault) {
    (void)send;
    cr_assert(eq(int, fault->error, DK_INVALID));
    (void)snprintf(refusal, sizeof refusal, "%s", fault->text);
    answers++;
}

Test(kafka_question, tells_a_send_how_many_partitions_there_are) {
    struct kafka_range *list = NULL;
    struct kafka_send send = {.on_sent = on_sent, .partition = 77};
    kafka_plain_open(&plain, "", NULL);
    kafka_mock_create(&plain.mock, "three", 3);

    kafka_range_refuse(&list, plain.loop, plain.client, "three", &send);
    kafka_plain_until(&plain, is_answered, NULL);

    cr_assert(
        ne(ptr,
           strstr(refusal, "partition number 77 is out of range, topic 'three' has 3 partitions"),
           NULL),
        "%s",
        refusal);
    cr_assert(eq(ptr, list, NULL));
}

Test(kafka_question, refuses_every_send_when_its_client_goes) {
    struct kafka_range *list = NULL;
    struct kafka_send sends[2] = {
        {.on_sent = on_sent, .partition = 7}, {.on_sent = on_sent, .partition = 8}};
    kafka_plain_open(&plain, nobody, NULL);
    kafka_range_refuse(&list, plain.loop, plain.client, "t", &sends[0]);
    kafka_range_refuse(&list, plain.loop, plain.client, "t", &sends[1]);

    kafka_range_end(&list);

    cr_assert(eq(int, answers, 2));
    cr_assert(ne(ptr, strstr(refusal, "topic 't' has fewer partitions"), NULL), "%s", refusal);
    cr_assert(eq(ptr, list, NULL));
}

/* ── looks ──────────────────────────────────────────────────────────────────────────────────── */

static bool is_seen(void *looks) {
    return ((struct kafka_looks *)looks)->count == 0;
}

Test(kafka_question, looks_at_a_topic_that_is_met_for_the_first_time_once) {
    struct kafka_looks looks = {.count = 0};
    kafka_plain_open(&plain, "", NULL);
    kafka_mock_create(&plain.mock, "t", 1);

    kafka_looks_meet(&looks, plain.loop, plain.client, "t");
    kafka_looks_meet(&looks, plain.loop, plain.client, "t");
    cr_assert(eq(int, looks.count, 1));
    kafka_plain_until(&plain, is_seen, &looks);

    kafka_looks_meet(&looks, plain.loop, plain.client, "t");
    cr_assert(eq(int, looks.count, 0), "it was met before");
    kafka_looks_again(&looks, plain.loop, plain.client, "t");
    cr_assert(eq(int, looks.count, 1), "its rights may have come");
    kafka_looks_end(&looks);
}

Test(kafka_question, looks_at_no_more_topics_than_its_bound_at_a_time) {
    struct kafka_looks looks = {.count = 0};
    char topic[] = "a";
    kafka_plain_open(&plain, nobody, NULL);

    for (; topic[0] < 'a' + KAFKA_LOOKS_MAX + 2; topic[0]++) {
        kafka_looks_meet(&looks, plain.loop, plain.client, topic);
    }

    cr_assert(eq(int, looks.count, KAFKA_LOOKS_MAX));
    cr_assert(eq(sz, looks.topic_count, KAFKA_LOOKS_MAX + 2));
    kafka_looks_end(&looks);
    cr_assert(eq(int, looks.count, 0));
    cr_assert(eq(sz, looks.topic_count, 0));
}

/* ── a search ───────────────────────────────────────────────────────────────────────────────── */

static bool is_over(void *search) {
    return ((struct kafka_search *)search)->pause_us == 0;
}

Test(kafka_question, searches_for_what_is_subscribed_to_until_it_is_there) {
    struct kafka_search search = {.pause_us = 0};
    rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(1);
    kafka_plain_open(&plain, "", "g");
    (void)rd_kafka_topic_partition_list_add(topics, "late", RD_KAFKA_PARTITION_UA);
    cr_assert(eq(int, rd_kafka_subscribe(plain.client, topics), RD_KAFKA_RESP_ERR_NO_ERROR));
    rd_kafka_topic_partition_list_destroy(topics);

    kafka_search_begin(&search, plain.loop, plain.client);
    cr_assert(eq(i64, search.pause_us, KAFKA_SEARCH_US_MIN));
    kafka_plain_until(&plain, is_over, &search); /* the mock makes what is asked for by name */

    cr_assert(eq(ptr, search.question, NULL));
    kafka_search_begin(&search, plain.loop, plain.client);
    cr_assert(eq(i64, search.pause_us, KAFKA_SEARCH_US_MIN), "the next name begins anew");
    kafka_search_end(&search);
    cr_assert(eq(i64, search.pause_us, 0));
}
