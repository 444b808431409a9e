/*
 * A client's connection: names, sockets, TLS. On a thread that may wait.
 *
 *     look up ─▶ connect, each address in turn ─▶ (TLS: handshake, name, ALPN) ─▶ open
 */
#include "wire/h2/link.h"

#include "core/system_error.h"
#include "tls/openssl.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

int64_t dk__h2_link_now_ms(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static const char *name_of(const struct dk__h2_target *target) {
    return target->socket_path != NULL ? target->socket_path : target->host;
}

/* ── waiting ────────────────────────────────────────────────────────────────────────────────── */

static enum dk_error wait_for(
    const struct dk__h2_link *link, short events, int64_t end_ms, struct dk_fault *fault) {
    const int64_t left_ms = end_ms - dk__h2_link_now_ms();
    struct pollfd waits[] = {
        {.fd = link->descriptor, .events = events},
        {.fd = link->stop_descriptor, .events = POLLIN}, /* poll leaves a negative one out */
    };
    const int count =
        left_ms <= 0 ? 0 : poll(waits, 2, left_ms > INT32_MAX ? INT32_MAX : (int)left_ms);
    if (waits[1].revents != 0) {
        return dk_fault_set(fault, DK_CANCELLED, "the waiting was ended");
    }
    if (count == 0) {
        return dk_fault_set(fault, DK_TIMEOUT, "no answer in time");
    }
    return DK_OK; /* an interruption too: the caller looks again */
}

enum dk_error dk__h2_link_wait(
    struct dk__h2_link *link, bool to_write, int64_t end_ms, struct dk_fault *fault) {
    if (link->tls != NULL && SSL_pending(link->tls) > 0) {
        return DK_OK; /* the socket has nothing, OpenSSL has */
    }
    return wait_for(link, (short)(to_write ? POLLIN | POLLOUT : POLLIN), end_ms, fault);
}

/* ── TLS ────────────────────────────────────────────────────────────────────────────────────── */

static const char *tls_reason(void) {
    const char *text = ERR_reason_error_string(ERR_peek_error());
    return text == NULL ? "unknown" : text;
}

static enum dk_error tls_files(
    SSL_CTX *context, const struct dk__h2_tls *tls, struct dk_fault *fault) {
    if (tls->ca_path == NULL) {
        (void)SSL_CTX_set_default_verify_paths(context);
    } else if (SSL_CTX_load_verify_locations(context, tls->ca_path, NULL) != 1) {
        return dk_fault_set(
            fault,
            DK_INVALID,
            "'%s' has no certificate in PEM form that can be read: %s",
            tls->ca_path,
            tls_reason());
    }
    if (tls->certificate_path == NULL) {
        return DK_OK;
    }
    if (SSL_CTX_use_certificate_chain_file(context, tls->certificate_path) != 1 ||
        SSL_CTX_use_PrivateKey_file(context, tls->key_path, SSL_FILETYPE_PEM) != 1) {
        return dk_fault_set(
            fault,
            DK_INVALID,
            "'%s' and '%s' are no certificate and its key in PEM form: %s",
            tls->certificate_path,
            tls->key_path,
            tls_reason());
    }
    return DK_OK;
}

enum dk_error dk__h2_link_init(
    struct dk__h2_link *link,
    const struct dk__h2_target *target,
    int stop_descriptor,
    struct dk_fault *fault) {
    static const unsigned char protocols[] = "\x02h2";
    *link = (struct dk__h2_link){.descriptor = -1, .stop_descriptor = stop_descriptor};
    if (target->tls == NULL) {
        return DK_OK;
    }
    if (dk__openssl_load(fault) != DK_OK) {
        return fault->error;
    }
    ERR_clear_error();
    link->tls_context = SSL_CTX_new(TLS_client_method());
    if (link->tls_context == NULL ||
        SSL_CTX_set_alpn_protos(link->tls_context, protocols, sizeof protocols - 1) != 0) {
        dk__h2_link_clear(link);
        return dk_fault_set(fault, DK_EXHAUSTED, "no memory for TLS");
    }
    (void)SSL_CTX_set_min_proto_version(link->tls_context, TLS1_2_VERSION);
    (void)SSL_CTX_set_mode(
        link->tls_context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_verify(link->tls_context, SSL_VERIFY_PEER, NULL);
    if (tls_files(link->tls_context, target->tls, fault) != DK_OK) {
        dk__h2_link_clear(link);
        return fault->error;
    }
    return DK_OK;
}

/* An address must be in the certificate as an address, a name as a name. */
static bool tls_expect(SSL *tls, const char *host) {
    struct in6_addr address;
    if (inet_pton(AF_INET, host, &address) == 1 || inet_pton(AF_INET6, host, &address) == 1) {
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(tls), host) == 1;
    }
    /* OpenSSL's macro casts const away; it copies the name. */
    return SSL_set1_host(tls, host) == 1 &&
           SSL_set_tlsext_host_name(tls, (void *)(uintptr_t)host) == 1;
}

static enum dk_error tls_failed(SSL *tls, const char *host, struct dk_fault *fault) {
    const long result = SSL_get_verify_result(tls);
    return dk_fault_set(
        fault,
        DK_UNAVAILABLE,
        "TLS with '%s': %s",
        host,
        result != X509_V_OK ? X509_verify_cert_error_string(result) : tls_reason());
}

/* What a step of OpenSSL waits for; 0: it has failed. */
static short tls_wants(SSL *tls, int result) {
    switch (SSL_get_error(tls, result)) {
    case SSL_ERROR_WANT_READ:
        return POLLIN;
    case SSL_ERROR_WANT_WRITE:
        return POLLOUT;
    default:
        return 0;
    }
}

static enum dk_error tls_open(
    struct dk__h2_link *link,
    const struct dk__h2_target *target,
    int64_t end_ms,
    struct dk_fault *fault) {
    const unsigned char *protocol = NULL;
    unsigned protocol_size = 0;
    link->tls = SSL_new(link->tls_context);
    if (link->tls == NULL || SSL_set_fd(link->tls, link->descriptor) != 1 ||
        (target->host != NULL && !tls_expect(link->tls, target->host))) {
        return dk_fault_set(fault, DK_EXHAUSTED, "no memory for TLS");
    }
    for (;;) {
        ERR_clear_error();
        const int result = SSL_connect(link->tls);
        if (result == 1) {
            break;
        }
        const short events = tls_wants(link->tls, result);
        if (events == 0) {
            return tls_failed(link->tls, name_of(target), fault);
        }
        if (wait_for(link, events, end_ms, fault) != DK_OK) {
            return fault->error;
        }
    }
    SSL_get0_alpn_selected(link->tls, &protocol, &protocol_size);
    if (protocol_size != 2 || memcmp(protocol, "h2", 2) != 0) {
        return dk_fault_set(
            fault, DK_UNAVAILABLE, "TLS with '%s': it does not choose HTTP/2", name_of(target));
    }
    return DK_OK;
}

/* ── sockets ────────────────────────────────────────────────────────────────────────────────── */

static enum dk_error refused(
    const struct dk__h2_target *target, int number, struct dk_fault *fault) {
    char words[DK__SYSTEM_ERROR_BYTES];
    return dk_fault_set(
        fault,
        DK_UNAVAILABLE,
        "'%s' cannot be connected to: %s",
        name_of(target),
        dk__system_error(number, words));
}

static enum dk_error connect_to(
    struct dk__h2_link *link,
    const struct dk__h2_target *target,
    int family,
    const struct sockaddr *address,
    socklen_t size,
    int64_t end_ms,
    struct dk_fault *fault) {
    int number = 0;
    socklen_t number_size = sizeof number;
    link->descriptor = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (link->descriptor < 0) {
        return refused(target, errno, fault);
    }
    link->is_open = true;
    if (connect(link->descriptor, address, size) == 0) {
        return DK_OK;
    }
    if (errno != EINPROGRESS) {
        return refused(target, errno, fault);
    }
    if (wait_for(link, POLLOUT, end_ms, fault) != DK_OK) {
        return fault->error;
    }
    if (getsockopt(link->descriptor, SOL_SOCKET, SO_ERROR, &number, &number_size) != 0 ||
        number != 0) {
        return refused(target, number, fault);
    }
    return DK_OK;
}

static enum dk_error open_unix(
    struct dk__h2_link *link,
    const struct dk__h2_target *target,
    int64_t end_ms,
    struct dk_fault *fault) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(target->socket_path) >= sizeof address.sun_path) {
        return dk_fault_set(
            fault, DK_INVALID, "'%s' is longer than a socket's path may be", target->socket_path);
    }
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", target->socket_path);
    return connect_to(
        link,
        target,
        AF_UNIX,
        (const struct sockaddr *)(const void *)&address,
        sizeof address,
        end_ms,
        fault);
}

static enum dk_error open_tcp(
    struct dk__h2_link *link,
    const struct dk__h2_target *target,
    int64_t end_ms,
    struct dk_fault *fault) {
    static const int on = 1;
    const struct addrinfo wanted = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    const int result = getaddrinfo(target->host, target->port, &wanted, &found);
    if (result != 0) {
        return dk_fault_set(
            fault,
            DK_UNAVAILABLE,
            "'%s' cannot be looked up: %s",
            target->host,
            gai_strerror(result));
    }
    enum dk_error error = DK_UNAVAILABLE;
    for (const struct addrinfo *at = found; at != NULL; at = at->ai_next) {
        dk__h2_link_close(link); /* what the address before has left */
        fault->error = DK_OK;
        error = connect_to(link, target, at->ai_family, at->ai_addr, at->ai_addrlen, end_ms, fault);
        if (error != DK_UNAVAILABLE) {
            break;
        }
    }
    freeaddrinfo(found);
    if (error == DK_OK) {
        (void)setsockopt(link->descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
    return error;
}

enum dk_error dk__h2_link_open(
    struct dk__h2_link *link,
    const struct dk__h2_target *target,
    int64_t end_ms,
    struct dk_fault *fault) {
    enum dk_error error = target->socket_path != NULL ? open_unix(link, target, end_ms, fault)
                                                      : open_tcp(link, target, end_ms, fault);
    if (error == DK_OK && link->tls_context != NULL) {
        error = tls_open(link, target, end_ms, fault);
    }
    if (error != DK_OK) {
        dk__h2_link_close(link);
    }
    return error;
}

/* ── bytes ──────────────────────────────────────────────────────────────────────────────────── */

ssize_t dk__h2_link_write_parts(struct dk__h2_link *link, struct iovec *parts, size_t count) {
    if (link->tls == NULL) {
        const struct msghdr message = {.msg_iov = parts, .msg_iovlen = count};
        const ssize_t sent = sendmsg(link->descriptor, &message, MSG_NOSIGNAL);
        return sent < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : sent;
    }
    size_t sent = 0;
    ERR_clear_error();
    const int result = SSL_write_ex(link->tls, parts->iov_base, parts->iov_len, &sent);
    if (result == 1) {
        return (ssize_t)sent;
    }
    return tls_wants(link->tls, result) != 0 ? 0 : -1;
}

ssize_t dk__h2_link_read(struct dk__h2_link *link, char *target, size_t size) {
    if (link->tls == NULL) {
        const ssize_t got = recv(link->descriptor, target, size, 0);
        if (got < 0) {
            return errno == EAGAIN || errno == EINTR ? 0 : -1;
        }
        return got == 0 ? -1 : got;
    }
    size_t got = 0;
    ERR_clear_error();
    const int result = SSL_read_ex(link->tls, target, size, &got);
    if (result == 1) {
        return (ssize_t)got;
    }
    return tls_wants(link->tls, result) != 0 ? 0 : -1;
}

void dk__h2_link_close(struct dk__h2_link *link) {
    if (link->tls != NULL) { /* else OpenSSL is not even loaded */
        SSL_free(link->tls);
        link->tls = NULL;
    }
    if (link->is_open) {
        (void)close(link->descriptor);
        link->descriptor = -1;
        link->is_open = false;
    }
}

void dk__h2_link_clear(struct dk__h2_link *link) {
    dk__h2_link_close(link);
    if (link->tls_context != NULL) {
        SSL_CTX_free(link->tls_context);
        link->tls_context = NULL;
    }
}
