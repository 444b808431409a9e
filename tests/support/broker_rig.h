#ifndef TESTS_SUPPORT_BROKER_RIG_H
#define TESTS_SUPPORT_BROKER_RIG_H

#include "support/component.h"
#include "wire/grpc/server.h"

#include <dk/pubsub.h>

/*
 * A broker under test, asked as daprd asks it, from straight code. Either all of it stands in this
 * process, server and peer on one loop, or DK_PROGRAM names a program that is started and reached
 * through its socket.
 *
 * Thread: the test's, which is the loop's. Owner: the rig's until broker_rig_close.
 * Bound: what does not come within H2_WAIT_MS fails the test.
 */
enum { RIG_FAILED_MAX = 8, RIG_TEXT_BYTES = 512, RIG_WINDOW_BYTES = 64 << 10, RIG_READERS_MAX = 8 };

struct dk__services;
struct h2_call;
struct h2_client;

struct broker_rig {
    struct dk_loop *loop;
    struct h2_client *client;
    struct component component; /* with DK_PROGRAM */
    char folder[64];            /* without */
    char address[160];
    struct dk__server server;
    struct dk__services *services;
    struct dk__listener *listener;
    struct h2_call *calls[RIG_READERS_MAX];      /* of open readers */
    char words[RIG_TEXT_BYTES];                  /* of the last call that failed */
    char failed[RIG_FAILED_MAX][RIG_TEXT_BYTES]; /* "id: error" of the last bulk publish */
    size_t failed_count;
};

void broker_rig_open(struct broker_rig *rig, const struct dk_pubsub_backend *backend);
/* Ends the readers that are still open. */
void broker_rig_close(struct broker_rig *rig);

/* Calls: gRPC's status code. Lists are name, value, …, NULL; NULL is an empty one. */
int rig_init(struct broker_rig *rig, const char *instance, const char *const *properties);
int rig_publish(
    struct broker_rig *rig,
    const char *instance,
    const char *topic,
    struct dk_bytes data,
    const char *const *metadata);
/* Entries are id, text, …, NULL. */
int rig_bulk_publish(
    struct broker_rig *rig, const char *instance, const char *topic, const char *const *entries);
/* "Pause", "Resume", "Ping". */
int rig_call(struct broker_rig *rig, const char *instance, const char *method);

/* An open PullMessages. */
struct rig_reader {
    struct broker_rig *rig;
    struct h2_call *call;
    struct h2_client *client; /* its own connection, or NULL */
    size_t read;              /* bytes given back to the other side */
};

struct rig_message {
    struct dk_bytes data;
    char topic[128], id[32];
    char metadata[RIG_TEXT_BYTES]; /* "k=v " for each pair */
};

struct rig_reader rig_subscribe(struct broker_rig *rig, const char *instance, const char *topic);
/* On a connection of its own, which takes RIG_WINDOW_BYTES and no more until rig_read_on. */
struct rig_reader rig_subscribe_slowly(
    struct broker_rig *rig, const char *instance, const char *topic);
void rig_read_on(struct rig_reader *reader);
/* Waits until the other side has filled the window. */
void rig_expect_full(struct rig_reader *reader);
size_t rig_received(const struct rig_reader *reader);
/* Waits for so many messages in all. */
void rig_expect(const struct rig_reader *reader, size_t count);
/* Valid until the next call on the rig. */
struct rig_message rig_message(const struct rig_reader *reader, size_t index);
/* `error` NULL: it was handled. */
void rig_settle(const struct rig_reader *reader, size_t index, const char *error);
/* Cancels, and waits until the other side has seen it. */
void rig_unsubscribe(struct rig_reader *reader);

/* Turns the loop until `is_true`. */
void rig_await(struct broker_rig *rig, bool (*is_true)(void *context), void *context);

#endif /* TESTS_SUPPORT_BROKER_RIG_H */
