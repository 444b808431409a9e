/* How a queue of librdkafka meets the loop. */
#include "clients/kafka/kafka_events.h"

#include "support/kafka_plain.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

static struct kafka_plain plain;
static struct kafka_events events;
static int taken;

static void on_event(struct kafka_events *self, rd_kafka_event_t *event) {
    cr_assert(eq(ptr, self, &events));
    cr_assert(
        eq(int, rd_kafka_event_type(event), RD_KAFKA_EVENT_DELETECONSUMERGROUPOFFSETS_RESULT));
    taken++;
}

static void setup(void) {
    kafka_plain_open(&plain, "127.0.0.1:1", NULL);
    events = (struct kafka_events){.on_event = on_event};
    taken = 0;
}

static void teardown(void) {
    kafka_events_close(&events);
    kafka_plain_close(&plain);
}

TestSuite(kafka_events, .init = setup, .fini = teardown);

/* To delete the offsets of no group at all is refused at once, by an event. */
static rd_kafka_queue_t *queue_with(int count) {
    rd_kafka_queue_t *queue = rd_kafka_queue_new(plain.client);
    for (int i = 0; i < count; i++) {
        rd_kafka_DeleteConsumerGroupOffsets(plain.client, NULL, 0, NULL, queue);
    }
    return queue;
}

static bool is_taken(void *count) {
    return taken >= *(int *)count;
}

static void until_taken(int count) {
    kafka_plain_until(&plain, is_taken, &count);
}

Test(kafka_events, gives_what_came_before_it_was_opened) {
    cr_assert(eq(int, kafka_events_open(&events, plain.loop, queue_with(3), NULL), DK_OK));
    cr_assert(eq(int, taken, 0), "an event within open");

    until_taken(3);
}

Test(kafka_events, gives_what_comes_later) {
    cr_assert(eq(int, kafka_events_open(&events, plain.loop, queue_with(1), NULL), DK_OK));
    until_taken(1);

    rd_kafka_DeleteConsumerGroupOffsets(plain.client, NULL, 0, NULL, events.queue);
    until_taken(2);

    rd_kafka_DeleteConsumerGroupOffsets(plain.client, NULL, 0, NULL, events.queue);
    until_taken(3);
}

Test(kafka_events, leaves_the_rest_of_many_to_the_next_turn) {
    const int many = KAFKA_EVENTS_TURN_MAX * 2 + 5;
    cr_assert(eq(int, kafka_events_open(&events, plain.loop, queue_with(many), NULL), DK_OK));

    until_taken(1);
    cr_assert(eq(int, taken, KAFKA_EVENTS_TURN_MAX));

    until_taken(KAFKA_EVENTS_TURN_MAX + 1);
    cr_assert(eq(int, taken, KAFKA_EVENTS_TURN_MAX * 2));
    until_taken(many);
}

Test(kafka_events, gives_nothing_once_it_is_closed) {
    cr_assert(eq(int, kafka_events_open(&events, plain.loop, queue_with(3), NULL), DK_OK));

    kafka_events_close(&events);
    kafka_events_close(&events);

    cr_assert(eq(int, dk__loop_turn(plain.loop, 0), DK_OK));
    cr_assert(eq(int, taken, 0));
}
