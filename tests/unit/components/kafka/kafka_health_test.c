/* What is known of the brokers, and who asked for it. */
#include "clients/kafka/kafka_health.h"

#include "support/kafka_plain.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>

enum { HOUR_MS = 3600000 };

static struct kafka_plain plain;
static struct kafka_health health;
static struct dk_fault answer;
static int answers;

static void on_answer(void *context, const struct dk_fault *fault) {
    (void)context;
    answer = *fault;
    answers++;
}

static bool is_answered(void *nothing) {
    (void)nothing;
    return answers > 0;
}

static void open_to(const char *brokers) {
    kafka_plain_open(&plain, brokers, NULL);
    health = (struct kafka_health){.loop = plain.loop};
}

static enum dk_error ask(struct dk_fault *fault) {
    return kafka_health_ask(&health, plain.client, HOUR_MS, on_answer, NULL, fault);
}

static void teardown(void) {
    kafka_health_end(&health);
    kafka_plain_close(&plain);
}

TestSuite(kafka_health, .fini = teardown);

/* The client's own errors, noted as they come. */
static bool is_told(void *nothing) {
    rd_kafka_queue_t *queue = rd_kafka_queue_get_main(plain.client);
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, 0);
    (void)nothing;
    if (event != NULL && rd_kafka_event_type(event) == RD_KAFKA_EVENT_ERROR) {
        kafka_health_note(&health, event);
    }
    if (event != NULL) {
        rd_kafka_event_destroy(event);
    }
    rd_kafka_queue_destroy(queue);
    return health.is_all_down;
}

Test(kafka_health, is_good_once_a_broker_answers) {
    open_to("");
    health.code = RD_KAFKA_RESP_ERR__TRANSPORT;
    (void)snprintf(health.trouble, sizeof health.trouble, "gone");

    cr_assert(eq(int, ask(NULL), DK_OK));
    kafka_plain_until(&plain, is_answered, NULL);

    cr_assert(eq(int, answer.error, DK_OK), "%s", answer.text);
    cr_assert(eq(str, (char *)kafka_health_trouble(&health), ""));
}

Test(kafka_health, answers_soon_and_in_their_words_when_all_brokers_are_down) {
    open_to("127.0.0.1:1");
    kafka_plain_until(&plain, is_told, NULL);

    cr_assert(eq(int, ask(NULL), DK_OK));
    kafka_plain_until(&plain, is_answered, NULL);

    cr_assert(eq(int, answer.error, DK_UNAVAILABLE));
    cr_assert(ne(ptr, strstr(answer.text, kafka_health_trouble(&health)), NULL), "%s", answer.text);
    cr_assert(ne(ptr, strstr(answer.text, "127.0.0.1:1"), NULL), "%s", answer.text);
}

Test(kafka_health, is_asked_so_often_at_a_time_and_no_more) {
    struct dk_fault fault = {.error = DK_OK};
    open_to("127.0.0.1:1");
    for (int i = 0; i < KAFKA_ASKS_MAX; i++) {
        cr_assert(eq(int, ask(NULL), DK_OK));
    }

    cr_assert(eq(int, ask(&fault), DK_EXHAUSTED));
    cr_assert(ne(ptr, strstr(fault.text, "are being asked 16 times already"), NULL));
}

Test(kafka_health, fails_every_ask_when_its_client_goes) {
    open_to("127.0.0.1:1");
    cr_assert(eq(int, ask(NULL), DK_OK));
    cr_assert(eq(int, ask(NULL), DK_OK));

    kafka_health_hush(&health);
    kafka_health_fail(&health, "the producer begins anew");

    cr_assert(eq(int, answers, 2));
    cr_assert(eq(int, answer.error, DK_UNAVAILABLE));
    cr_assert(eq(str, answer.text, "kafka: the producer begins anew"));
    cr_assert(eq(int, health.ask_count, 0));
}

Test(kafka_health, answers_nobody_once_it_ends) {
    open_to("127.0.0.1:1");
    cr_assert(eq(int, ask(NULL), DK_OK));

    kafka_health_end(&health);

    cr_assert(eq(int, answers, 0));
    cr_assert(eq(int, health.ask_count, 0));
}
