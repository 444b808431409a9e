#ifndef DK_WIRE_H2_LINK_H
#define DK_WIRE_H2_LINK_H

#include <dk/bytes.h>
#include <dk/error.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

struct dk__h2_tls;

/* Where a client goes. The texts are its maker's and live as long. */
struct dk__h2_target {
    const char *socket_path;      /* a Unix socket; NULL: */
    const char *host, *port;      /* a name or an address, without brackets; a number */
    const struct dk__h2_tls *tls; /* NULL: in the clear */
};

/* PEM files. */
struct dk__h2_tls {
    const char *ca_path;                     /* whom to trust; NULL: whom this machine trusts */
    const char *certificate_path, *key_path; /* ours; both NULL: none is shown */
};

/*
 * Bytes to a server and back, for a thread that may wait: one connection, made and waited for in
 * poll(). With TLS the server's certificate must be valid and bear the host's name, and the server must
 * choose HTTP/2.
 *
 * Thread: one at a time, never a loop's. Owner: the caller's; zeroed is closed.
 * Units:  `end_ms` is of dk__h2_link_now_ms. Looking up a name keeps no deadline: the system's does.
 */
struct dk__h2_link {
    int descriptor; /* of an open link */
    bool is_open;
    int stop_descriptor; /* readable: every waiting ends DK_CANCELLED; −1: none */
    struct ssl_ctx_st *tls_context;
    struct ssl_st *tls;
};

/* Monotonic. */
int64_t dk__h2_link_now_ms(void);

/* The texts of `tls` are read. Errors: DK_INVALID for files that are none, DK_EXHAUSTED. */
enum dk_error dk__h2_link_init(
    struct dk__h2_link *link,
    const struct dk__h2_target *target,
    int stop_descriptor,
    struct dk_fault *fault);
/* Connects a link that is not open. Errors: DK_UNAVAILABLE, DK_TIMEOUT, DK_CANCELLED, and
 * DK_INVALID for a socket's path that is too long. */
enum dk_error dk__h2_link_open(
    struct dk__h2_link *link,
    const struct dk__h2_target *target,
    int64_t end_ms,
    struct dk_fault *fault);

/* As much as goes now of `count` parts, one at least; 0: nothing, wait; −1: the connection is over. After
 * 0 the same bytes come again, from where they lie. */
ssize_t dk__h2_link_write_parts(struct dk__h2_link *link, struct iovec *parts, size_t count);
/* As much as there is; 0 and −1 as above. */
ssize_t dk__h2_link_read(struct dk__h2_link *link, char *target, size_t size);
/* Until it can be read, or, where `to_write` says so, written. Errors: DK_TIMEOUT, DK_CANCELLED. */
enum dk_error dk__h2_link_wait(
    struct dk__h2_link *link, bool to_write, int64_t end_ms, struct dk_fault *fault);

/* Closes the connection; the link may be opened again. */
void dk__h2_link_close(struct dk__h2_link *link);
/* Closes it and forgets the certificates. Accepts a zeroed link. */
void dk__h2_link_clear(struct dk__h2_link *link);

#endif /* DK_WIRE_H2_LINK_H */
