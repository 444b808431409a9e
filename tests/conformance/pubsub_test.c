/*
 * Every broker through every case: in this process, and through the socket of a real program, which
 * DK_PROGRAM names. DK_BROKER and DK_CASE name one of each: CTest has an entry for every pair, from
 * the rows below and the list in pubsub_cases.c.
 */
#include "conformance/pubsub_cases.h"

#include "pubsub/kafka/kafka_broker.h"
#include "pubsub/memory/memory_broker.h"
#include "support/kafka_mock.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>
#include <string.h>

static void nothing(void) {
}

static const char *const *memory_properties(const char *group) {
    static const char *words[] = {"consumerID", NULL, "redeliverInterval", "20ms", NULL};
    words[1] = group;
    return words;
}

/* Brokers for each case, out of librdkafka's mock cluster. */
static struct kafka_mock kafka;

static void kafka_begin(void) {
    kafka_mock_start(&kafka, 1);
    kafka_mock_create(&kafka, "orders", 1);
    kafka_mock_create(&kafka, "bills", 1);
}

static void kafka_end(void) {
    kafka_mock_stop(&kafka);
}

static const char *const *kafka_properties(const char *group) {
    static const char *words[] = {
        "brokers",
        NULL,
        "consumerGroup",
        NULL,
        "authType",
        "none",
        "initialOffset",
        "oldest",
        "backOffDuration",
        "20ms",
        "heartbeatInterval",
        "200ms",
        NULL};
    words[1] = kafka.brokers;
    words[3] = group;
    return words;
}

static const struct broker_row broker_rows[] = {
    {
        .name = "memory",
        .backend = &memory_broker,
        .properties = memory_properties,
        .begin = nothing,
        .end = nothing,
    },
    {
        .name = "kafka",
        .backend = &kafka_broker,
        .properties = kafka_properties,
        .begin = kafka_begin,
        .end = kafka_end,
        .waits_for_ack = true,
    },
};

static const struct broker_row *row_named(const char *name) {
    for (size_t i = 0; i < sizeof broker_rows / sizeof broker_rows[0]; i++) {
        if (name != NULL && strcmp(broker_rows[i].name, name) == 0) {
            return &broker_rows[i];
        }
    }
    return NULL;
}

static const struct pubsub_case *case_named(const char *name) {
    for (const struct pubsub_case *one = pubsub_cases; one->name != NULL; one++) {
        if (name != NULL && strcmp(one->name, name) == 0) {
            return one;
        }
    }
    return NULL;
}

Test(conformance, pubsub, .timeout = 50) {
    const struct broker_row *row = row_named(getenv("DK_BROKER"));
    const struct pubsub_case *one = case_named(getenv("DK_CASE"));
    cr_assert(row != NULL, "DK_BROKER names none of the brokers");
    cr_assert(one != NULL, "DK_CASE names none of the cases");
    struct broker_rig rig;
    row->begin();
    broker_rig_open(&rig, row->backend);
    cr_assert(eq(int, rig_init(&rig, "a", row->properties("group")), 0), "%s", rig.words);

    one->run(&rig, row);

    broker_rig_close(&rig);
    row->end();
}
