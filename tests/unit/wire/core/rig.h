#ifndef TESTS_UNIT_WIRE_CORE_RIG_H
#define TESTS_UNIT_WIRE_CORE_RIG_H

#include "core/lane.h"
#include "wire/core/channel.h"
#include "wire/core/client_call.h"
#include "wire/grpc/rpc.h"
#include "wire/grpc/transport.h"

#include <pthread.h>

/*
 * A server of ours, over a transport of choice and on a thread of its own, and a channel to it.
 *
 *     /test.T/Echo    unary: the request comes back
 *     /test.T/Fail    unary: rig_status
 *     /test.T/Hold    unary: no answer until the rig closes or the call ends
 *     /test.T/Pairs   unary: "x-in" comes back as the header "x-out", "x-in-bin" as the trailer
 *                     "x-out-bin"
 *     /test.T/Talk    stream: each message comes back, half-close ends it
 *     /test.T/Pour    stream: as many messages of 1 KiB as the one request says, while it may send
 */
enum { RIG_HELD_MAX = 64, RIG_WAIT_MS = 20000, POUR_BYTES = 1024 };

struct rig {
    const struct dk__transport *transport;
    struct dk_loop *loop; /* the server's */
    struct dk__server server;
    struct dk__listener *listener;
    pthread_t thread;
    struct dk__work stop;
    char folder[64], address[128];
    struct dk__rpc *held[RIG_HELD_MAX];
    size_t held_count;          /* the server's thread */
    _Atomic(unsigned) held_now; /* calls that wait in Hold, for the test's thread */
    _Atomic(unsigned) overs;    /* of Talk and Pour: ended by their caller */

    struct dk__channels *channels;
    struct dk__channel *channel;
};

extern struct rig rig;
extern const struct dk__status rig_status;

/* Runs `test` once over each transport. */
void each_transport(void (*test)(void));

/* "unix:" or a free port of 127.0.0.1. NULL limits: the defaults. */
void rig_open(const struct dk__transport *transport, bool is_tcp, const struct dk__limits *limits);
/* The channel, a copy of the defaults changed by `change`, or unchanged with NULL. */
void rig_connect(void (*change)(struct dk__channel_config *config));
void rig_close(void);

/* CLOCK_MONOTONIC's time in so many milliseconds. */
int64_t rig_in_ms(int64_t delay_ms);
/* Waits until the condition holds; fails the test after RIG_WAIT_MS. */
void rig_await(bool (*is_true)(void *context), void *context);
/* Waits until so many calls are in Hold. */
void rig_await_held(unsigned count);

/* A call of the rig's channel with RIG_WAIT_MS to live; what is asserted is that it is made. */
struct dk__client_call *rig_call(const char *path);

#endif /* TESTS_UNIT_WIRE_CORE_RIG_H */
