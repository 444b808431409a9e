#ifndef PUBSUB_MEMORY_BROKER_H
#define PUBSUB_MEMORY_BROKER_H

#include <dk/pubsub.h>

/*
 * A broker in the process' own memory: complete, forgotten at exit, and the page to copy for a new
 * broker.
 *
 * Shape: instances of one name share their topics, as Components of one name share a server; so
 *        applications whose daprds have different ids reach each other. A consumer group is a
 *        consumerID on a topic, from its first subscription on; each group gets every message that
 *        is published from then on, each message goes to one of its subscriptions.
 * Order: messages of a group leave in the order they were published; one that was refused is tried
 *        again after redeliverInterval while later ones go on.
 * Bound: maxBytes of messages that wait or are on their way; a publish beyond answers DK_EXHAUSTED.
 */
extern const struct dk_pubsub_backend memory_broker;

#endif /* PUBSUB_MEMORY_BROKER_H */
