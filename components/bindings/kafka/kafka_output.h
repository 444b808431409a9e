#ifndef BINDINGS_KAFKA_OUTPUT_H
#define BINDINGS_KAFKA_OUTPUT_H

#include <dk/binding.h>

/*
 * Kafka as an output binding: `create` writes to publishTopic, in the record layout of Dapr's
 * built-in bindings.kafka.
 */
extern const struct dk_output_binding_backend kafka_output;

#endif /* BINDINGS_KAFKA_OUTPUT_H */
