#ifndef TESTS_UNIT_WIRE_GRPC_APP_RIG_H
#define TESTS_UNIT_WIRE_GRPC_APP_RIG_H

#include "support/fake_transport.h"
#include "wire/grpc/app.h"

#include <protobuf-c/protobuf-c.h>

/*
 * An application on a fake transport with one real worker, as daprd meets it: each call is sent,
 * and waited for. Thread: the test's.
 */
struct app_rig {
    struct fake_transport transport;
    struct fake_call call; /* the last one */
    struct dk__workers *workers;
    struct dk__app *app;
};

void app_rig_open(struct app_rig *rig, const struct dk_app *tables, const char *token);
void app_rig_close(struct app_rig *rig);

#define CALLBACK "/dapr.proto.runtime.v1.AppCallback/"
#define ALPHA    "/dapr.proto.runtime.v1.AppCallbackAlpha/"

/* Sends a message, or these bytes, with headers; returns the answer's bytes, absent when it failed.
 * They live until the next call. */
struct dk_bytes app_rig_ask(
    struct app_rig *rig,
    const char *path,
    const ProtobufCMessage *message,
    struct dk_pairs headers);
struct dk_bytes app_rig_ask_bytes(
    struct app_rig *rig, const char *path, struct dk_bytes message, struct dk_pairs headers);

/* The last call's status and some of its words. */
void app_rig_expect(const struct app_rig *rig, enum dk__code code, const char *words);

#endif /* TESTS_UNIT_WIRE_GRPC_APP_RIG_H */
