/*
 * The listening socket of every transport, on the loop's thread.
 */
#include "core/acceptor.h"

#include "core/address.h"
#include "core/system_error.h"

#include <dk/log.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static bool acceptor_has_room(const struct dk__acceptor *acceptor) {
    return *acceptor->connection_count < acceptor->connections_max;
}

void dk__acceptor_resume(struct dk__acceptor *acceptor) {
    if (!acceptor->is_open) {
        return;
    }
    const bool is_wanted = !acceptor->is_pausing && acceptor_has_room(acceptor);
    if (dk_watch_set(acceptor->loop, &acceptor->watch, is_wanted ? DK_READABLE : 0) != DK_OK) {
        dk_log(DK_LOG_ERROR, acceptor->scope, "cannot watch the listening socket", NULL);
    }
}

static void acceptor_on_pause_end(struct dk_timer *timer) {
    struct dk__acceptor *acceptor =
        (struct dk__acceptor *)(void *)((char *)timer - offsetof(struct dk__acceptor, pause));
    acceptor->is_pausing = false;
    dk__acceptor_resume(acceptor);
}

static void acceptor_pause(struct dk__acceptor *acceptor, int number) {
    char text[DK__SYSTEM_ERROR_BYTES];
    acceptor->pauses++;
    dk_log(
        DK_LOG_WARN,
        acceptor->scope,
        "cannot accept, trying again soon",
        "reason=\"%s\"",
        dk__system_error(number, text));
    acceptor->is_pausing =
        dk_timer_set(acceptor->loop, &acceptor->pause, DK__ACCEPT_PAUSE_US) == DK_OK;
}

static void acceptor_on_ready(struct dk_watch *watch, unsigned ready) {
    struct dk__acceptor *acceptor =
        (struct dk__acceptor *)(void *)((char *)watch - offsetof(struct dk__acceptor, watch));
    (void)ready;

    for (int i = 0; i < DK__ACCEPTS_PER_TURN && acceptor_has_room(acceptor); i++) {
        const int descriptor = accept4(watch->descriptor, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (descriptor < 0) {
            if (errno == ECONNABORTED || errno == EINTR) {
                continue;
            }
            if (errno != EAGAIN) {
                acceptor_pause(acceptor, errno);
            }
            break;
        }
        const int on = 1; /* answers leave in one write, waiting would win nothing */
        (void)setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        acceptor->accepted++;
        if (!acceptor->on_accept(acceptor, descriptor)) {
            acceptor_pause(acceptor, ENOMEM);
            break;
        }
    }
    dk__acceptor_resume(acceptor);
}

static enum dk_error acceptor_fail(struct dk_fault *fault, const char *address) {
    char text[DK__SYSTEM_ERROR_BYTES];
    return dk_fault_set(
        fault, DK_UNAVAILABLE, "listen: '%s': %s", address, dk__system_error(errno, text));
}

static enum dk_error acceptor_bind(
    struct dk__acceptor *acceptor, const char *address, struct dk_fault *fault) {
    struct dk__address parsed;
    const int on = 1;
    const enum dk_error error = dk__address_parse(address, &parsed, fault);
    if (error != DK_OK) {
        return error;
    }
    const struct sockaddr *place = (const struct sockaddr *)&parsed.place;
    acceptor->watch.descriptor =
        socket(place->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (acceptor->watch.descriptor < 0) {
        return acceptor_fail(fault, address);
    }
    if (place->sa_family != AF_UNIX) {
        (void)setsockopt(acceptor->watch.descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    }
    if (bind(acceptor->watch.descriptor, place, parsed.size) != 0 ||
        listen(acceptor->watch.descriptor, DK__ACCEPT_BACKLOG) != 0) {
        return acceptor_fail(fault, address);
    }
    if (place->sa_family != AF_UNIX) {
        struct sockaddr_storage bound = {0};
        socklen_t size = sizeof bound;
        if (getsockname(acceptor->watch.descriptor, (struct sockaddr *)&bound, &size) != 0) {
            return acceptor_fail(fault, address);
        }
        /* Both families keep the port at the same place. */
        /* NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage): getsockname has written it */
        acceptor->port = ntohs(((const struct sockaddr_in *)&bound)->sin_port);
    }
    return DK_OK;
}

enum dk_error dk__acceptor_open(
    struct dk__acceptor *acceptor, const char *address, struct dk_fault *fault) {
    acceptor->watch = (struct dk_watch){.on_ready = acceptor_on_ready, .descriptor = -1};
    acceptor->pause.on_due = acceptor_on_pause_end;
    acceptor->is_open = true;
    enum dk_error error = acceptor_bind(acceptor, address, fault);
    if (error == DK_OK && dk_watch_set(acceptor->loop, &acceptor->watch, DK_READABLE) != DK_OK) {
        error = dk_fault_set(fault, DK_EXHAUSTED, "listen: the loop cannot watch another socket");
    }
    if (error != DK_OK) {
        dk__acceptor_close(acceptor);
    }
    return error;
}

void dk__acceptor_close(struct dk__acceptor *acceptor) {
    if (!acceptor->is_open) {
        return;
    }
    acceptor->is_open = false;
    (void)dk_watch_set(acceptor->loop, &acceptor->watch, 0);
    dk_timer_stop(acceptor->loop, &acceptor->pause);
    if (acceptor->watch.descriptor >= 0) {
        (void)close(acceptor->watch.descriptor);
    }
}
