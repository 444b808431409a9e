#ifndef DK_WIRE_CORE_CREDENTIALS_H
#define DK_WIRE_CORE_CREDENTIALS_H

#include "wire/core/channel.h"

#include <grpc/grpc_security.h>

/*
 * The credentials of a channel: TLS with the files' contents, or none when `tls` is NULL.
 *
 * Owner: the caller's, to be released. Thread: any.
 * Errors: DK_INVALID for a file that cannot be read or is no PEM of its kind, for a certificate
 *         without its key or a key without its certificate; DK_EXHAUSTED without memory.
 */
enum dk_error dk__channel_credentials(
    const struct dk__channel_tls *tls,
    grpc_channel_credentials **ret_credentials,
    struct dk_fault *fault);

struct dk__server_tls;

/* The same for a server; `tls` is not NULL. Errors: as above. */
enum dk_error dk__server_credentials(
    const struct dk__server_tls *tls,
    grpc_server_credentials **ret_credentials,
    struct dk_fault *fault);

#endif /* DK_WIRE_CORE_CREDENTIALS_H */
