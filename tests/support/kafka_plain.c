/*
 * The least that a client of librdkafka needs.
 */
#include "support/kafka_plain.h"

#include "support/instance.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

static void told(rd_kafka_conf_t *conf, const char *name, const char *value) {
    char reason[256] = "";
    cr_assert(
        eq(int, rd_kafka_conf_set(conf, name, value, reason, sizeof reason), RD_KAFKA_CONF_OK),
        "%s",
        reason);
}

void kafka_plain_open(struct kafka_plain *plain, const char *brokers, const char *group) {
    char reason[256] = "";
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    *plain = (struct kafka_plain){.loop = NULL};
    cr_assert(eq(int, dk__loop_new(&plain->loop, NULL), DK_OK));
    if (brokers[0] == '\0') {
        kafka_mock_start(&plain->mock, 1);
        brokers = plain->mock.brokers;
    }
    told(conf, "bootstrap.servers", brokers);
    told(conf, "log_level", "0");
    if (group != NULL) {
        told(conf, "group.id", group);
    }
    rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR);
    plain->client = rd_kafka_new(
        group == NULL ? RD_KAFKA_PRODUCER : RD_KAFKA_CONSUMER, conf, reason, sizeof reason);
    cr_assert(ne(ptr, plain->client, NULL), "%s", reason);
}

void kafka_plain_close(struct kafka_plain *plain) {
    if (plain->client != NULL) {
        rd_kafka_destroy(plain->client);
    }
    kafka_mock_stop(&plain->mock);
    dk__loop_free(plain->loop);
}

void kafka_plain_until(struct kafka_plain *plain, bool (*is_so)(void *context), void *context) {
    instance_until(plain->loop, KAFKA_PLAIN_WAIT_MS, is_so, context);
}
