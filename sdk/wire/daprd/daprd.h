#ifndef DK_WIRE_DAPRD_DAPRD_H
#define DK_WIRE_DAPRD_DAPRD_H

#include "core/environment.h"
#include "wire/daprd/endpoint.h"

#include <dk/error.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * The client to the sidecar, one for a program: a channel that all workers share. The functions of
 * dk/daprd.h find it by dk__app_config.daprd.
 *
 *     environment ─▶ settings ─▶ new ─▶ … questions of many workers … ─▶ close ─▶ free
 */
struct dk__daprd;

/* Whose certificates to trust of a sidecar behind TLS. The name is that of Dapr's Java SDK. */
#define DK__DAPRD_CA_VARIABLE "DAPR_GRPC_TLS_CA_PATH"

struct dk__daprd_settings {
    struct dk__endpoint endpoint;
    const char *token;   /* shown as dapr-api-token; NULL: none. The environment's */
    int64_t timeout_ms;  /* of a question whose call has no deadline, and at most */
    uint32_t calls_max;  /* questions under way; one more: DK_EXHAUSTED */
    const char *ca_path; /* PEM, with TLS; NULL: whom this machine trusts. The environment's */
    int64_t patience_ms; /* how long a question waits for a sidecar that cannot be reached */
};

/*
 * DAPR_GRPC_ENDPOINT or DAPR_GRPC_PORT, DAPR_GRPC_TLS_CA_PATH, DAPR_API_TOKEN,
 * DAPR_CLIENT_TIMEOUT_SECONDS, as dk/daprd.h has them; a variable that is empty counts as not there. Thread: any.
 * Errors: DK_INVALID naming every variable that is wrong, its value (never the token) and what is
 *         allowed.
 */
enum dk_error dk__daprd_settings_read(
    dk__look_up_fn *look_up,
    void *context,
    struct dk__daprd_settings *ret_settings,
    struct dk_fault *fault);

/* Does not connect yet: the first question does. Thread: any. Owner: settings are copied.
 * Errors: DK_INVALID for an endpoint that gRPC cannot go to or a file of authorities that is none,
 *         DK_EXHAUSTED. */
enum dk_error dk__daprd_new(
    const struct dk__daprd_settings *settings,
    struct dk__daprd **ret_daprd,
    struct dk_fault *fault);
/* Whether the sidecar can be reached right now; when not, a look again a moment later may say
 * otherwise: this one began to connect. Thread: any. */
bool dk__daprd_is_reachable(struct dk__daprd *daprd);
/* Ends every question that waits, and every later one, with DK_CANCELLED. Thread: any, also while
 * workers ask. Doing it twice is doing it once. */
void dk__daprd_close(struct dk__daprd *daprd);
/* No worker asks any more. Accepts NULL. */
void dk__daprd_free(struct dk__daprd *daprd);

#endif /* DK_WIRE_DAPRD_DAPRD_H */
