#ifndef CLIENTS_REDIS_TLS_H
#define CLIENTS_REDIS_TLS_H

#include <dk/bytes.h>
#include <dk/error.h>
#include <stdbool.h>
#include <stddef.h>

struct redis_config;

/*
 * TLS without a socket: ciphered bytes go in and come out of memory, so the loop alone decides
 * when the network is touched.
 *
 *     network ─▶ feed ─▶ read ─▶ answers          commands ─▶ write ─▶ take ─▶ network
 *
 * Thread: the loop's.
 */

/* What all connections of one instance share: authorities, client certificate, checks. */
struct redis_tls_context;

/* Errors: DK_INVALID naming clientCert, clientKey or caCert when their PEM text is no good. */
enum dk_error redis_tls_context_new(
    const struct redis_config *config,
    struct redis_tls_context **ret_context,
    struct dk_fault *fault);
/* Accepts NULL. */
void redis_tls_context_free(struct redis_tls_context *context);

struct redis_tls;

/* `host` is what the certificate must be for, and the server name asked for; a context that checks
 * nothing only asks. The context must outlive it. */
enum dk_error redis_tls_new(
    struct redis_tls_context *context,
    const char *host,
    struct redis_tls **ret_tls,
    struct dk_fault *fault);
/* Accepts NULL. */
void redis_tls_free(struct redis_tls *tls);

enum redis_tls_step {
    REDIS_TLS_DONE,   /* handshake: finished; read: bytes were given */
    REDIS_TLS_MORE,   /* the network has to bring more first */
    REDIS_TLS_ENDED,  /* the server said good-bye */
    REDIS_TLS_FAILED, /* `fault` tells a wrong certificate from a server without TLS */
};

bool redis_tls_feed(struct redis_tls *tls, struct dk_bytes ciphered);
enum redis_tls_step redis_tls_shake(struct redis_tls *tls, struct dk_fault *fault);
enum redis_tls_step redis_tls_read(
    struct redis_tls *tls, char *target, size_t size, size_t *ret_size, struct dk_fault *fault);
/* All of it or nothing; only after the handshake. */
bool redis_tls_write(struct redis_tls *tls, struct dk_bytes plain);

/* How many ciphered bytes wait to be sent, and taking them: `size` at most what waits. */
size_t redis_tls_waiting(const struct redis_tls *tls);
void redis_tls_take(struct redis_tls *tls, char *target, size_t size);

#endif /* CLIENTS_REDIS_TLS_H */
