#ifndef CLIENTS_KAFKA_CONF_H
#define CLIENTS_KAFKA_CONF_H

#include "clients/kafka/kafka_config.h"

#include <librdkafka/rdkafka.h>

/*
 * From settings to librdkafka's configuration, so that a client behaves as the built-in's: the one
 * place that knows librdkafka's names. What a user passes through under KAFKA_PASS_PREFIX comes last
 * and wins, save for what would break a promise (a delivery report for each message, offsets stored
 * by us), which is refused.
 *
 * Both: logs and events go to the main queue (log.queue; the caller sets the log queue and enables
 * its events), no callback is set, librdkafka's threads run none of our code.
 *
 * Owner:  the conf is the caller's, or rd_kafka_new's once that succeeds.
 * Errors: DK_INVALID naming the property and librdkafka's words; DK_UNSUPPORTED what the installed
 *         librdkafka cannot; DK_EXHAUSTED. All faults in one text.
 * Thread: any.
 */
enum dk_error kafka_conf_producer(
    const struct kafka_settings *settings,
    struct dk_pairs properties,
    rd_kafka_conf_t **ret_conf,
    struct dk_fault *fault);

/* Without a group (kafka_settings.group is ""), librdkafka's own error says so at rd_kafka_new. */
enum dk_error kafka_conf_consumer(
    const struct kafka_settings *settings,
    struct dk_pairs properties,
    rd_kafka_conf_t **ret_conf,
    struct dk_fault *fault);

#endif /* CLIENTS_KAFKA_CONF_H */
