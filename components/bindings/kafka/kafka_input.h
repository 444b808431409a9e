#ifndef BINDINGS_KAFKA_INPUT_H
#define BINDINGS_KAFKA_INPUT_H

#include <dk/binding.h>

/*
 * Kafka as an input binding: one stream of all `topics`, as Dapr's built-in bindings.kafka reads
 * them. A refused message is skipped unless consumeRetryEnabled is on or deadLetterTopic takes it.
 */
extern const struct dk_input_binding_backend kafka_input;

#endif /* BINDINGS_KAFKA_INPUT_H */
