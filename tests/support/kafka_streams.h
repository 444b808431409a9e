#ifndef TESTS_SUPPORT_KAFKA_STREAMS_H
#define TESTS_SUPPORT_KAFKA_STREAMS_H

#include "clients/kafka/kafka_consumer.h"
#include "core/loop.h"
#include "core/subscription.h"
#include "support/kafka_reader.h"

/*
 * A member of a group with streams as daprd holds them: every message that arrives is kept with its
 * place, and settled when the test says so.
 *
 * Thread: the test's, which is the loop's. Owner: the test's structures; several members may share
 * a loop.
 */
enum { KAFKA_STREAM_MESSAGES_MAX = 8192, KAFKA_STREAMS_WAIT_MS = 30000 };

struct kafka_stream_message {
    char id[DK__MESSAGE_ID_BYTES];
    char topic[64], value[64];
    int partition;
    long long offset;
    bool is_settled;
};

struct kafka_stream {
    struct dk__subscription subscription; /* first */
    struct dk_loop *loop;
    struct kafka_streams *member; /* NULL: of another instance's source */
    const char *topics[4];        /* NULL-terminated */
    bool is_full;                 /* the peer does not read */
    long long bytes_max;          /* 0: no limit; larger messages can never be sent */
    /* Called between turns for each unsettled message; true when it settles with the outcome. NULL:
     * the test settles. */
    bool (*decide)(
        struct kafka_stream *stream,
        const struct kafka_stream_message *message,
        enum dk_outcome *ret_outcome);
    struct kafka_stream_message *messages;
    size_t count, settled_below; /* all before are settled */
};

struct kafka_streams {
    struct dk_loop *loop;
    struct dk_instance instance;
    struct kafka_reader reader;
    struct kafka_consumer *consumer;
};

/* A member that has joined nothing; properties name, value, …, NULL beside brokers and authType. */
void kafka_streams_open(
    struct kafka_streams *member,
    struct dk_loop *loop,
    const char *brokers,
    const struct kafka_grave *grave,
    const char *const *properties);
void kafka_streams_close(struct kafka_streams *member);

/* Topics and decide are set, all else is zeroed. */
void kafka_stream_open(struct kafka_stream *stream, struct kafka_streams *member, uint32_t window);
/* The same on the source of a room's instance, with the first topic, or none, for its stream's. */
void kafka_stream_open_on(
    struct kafka_stream *stream,
    struct dk_instance *instance,
    const struct dk_source *room,
    uint32_t window);
void kafka_stream_close(struct kafka_stream *stream);
void kafka_stream_settle(
    struct kafka_stream *stream,
    struct kafka_stream_message *message,
    enum dk_outcome outcome,
    const char *words);

/* Turns the loop, deciding for the streams (NULL-terminated) between turns, until `is_so`. The test
 * fails after KAFKA_STREAMS_WAIT_MS. */
void kafka_streams_until(
    struct kafka_stream *const *streams, bool (*is_so)(void *context), void *context);
/* The same until the stream has `count` messages, settled or not. */
void kafka_stream_until(struct kafka_stream *stream, size_t count);

/* decide: everything is handled. */
bool kafka_stream_handle(
    struct kafka_stream *stream,
    const struct kafka_stream_message *message,
    enum dk_outcome *ret_outcome);

/* Writes `count` records with the values "0", "1", … from `first` to a partition, and waits. */
void kafka_streams_produce(
    const char *brokers, const char *topic, int partition, int first, int count);
/* The group's committed offset; −1001 for none. */
long long kafka_streams_committed(
    const char *brokers, const char *group, const char *topic, int partition);

#endif /* TESTS_SUPPORT_KAFKA_STREAMS_H */
