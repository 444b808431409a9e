/*
 * The listening socket and the seam, on the loop's thread.
 *
 *     accept ─▶ connections (connection.c) ─▶ streams (stream.c) ─▶ RPCs (wire/grpc)
 *
 * Without descriptors accepting rests for a moment: a level-triggered watch would spin.
 */
#include "wire/h2/listener.h"

#include "wire/h2/address.h"
#include "wire/h2/connection.h"
#include "wire/h2/session.h"

#include <dk/log.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Accepts while there is room and a descriptor to be had. */
static void listener_watch(struct dk__listener *listener) {
    const bool is_wanted = !listener->is_draining && !listener->is_pausing &&
                           listener->connection_count < listener->server->limits.connections_max;
    if (dk_watch_set(listener->server->loop, &listener->watch, is_wanted ? DK_READABLE : 0) !=
        DK_OK) {
        dk_log(DK_LOG_ERROR, "h2", "cannot watch the listening socket", NULL);
    }
}

static void listener_on_pause_end(struct dk_timer *timer) {
    struct dk__listener *listener =
        (struct dk__listener *)(void *)((char *)timer - offsetof(struct dk__listener, pause));
    listener->is_pausing = false;
    listener_watch(listener);
}

static void listener_pause(struct dk__listener *listener, int number) {
    char text[128];
    if (strerror_r(number, text, sizeof text) != 0) {
        text[0] = '\0';
    }
    listener->counts.pauses++;
    dk_log(DK_LOG_WARN, "h2", "cannot accept, trying again soon", "reason=\"%s\"", text);
    listener->is_pausing =
        dk_timer_set(listener->server->loop, &listener->pause, DK__H2_ACCEPT_PAUSE_US) == DK_OK;
}

static void listener_on_ready(struct dk_watch *watch, unsigned ready) {
    struct dk__listener *listener =
        (struct dk__listener *)(void *)((char *)watch - offsetof(struct dk__listener, watch));
    const uint32_t connections_max = listener->server->limits.connections_max;
    (void)ready;

    for (int i = 0; i < DK__H2_ACCEPTS_PER_TURN && listener->connection_count < connections_max;
         i++) {
        const int descriptor = accept4(watch->descriptor, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (descriptor < 0) {
            if (errno == ECONNABORTED || errno == EINTR) {
                continue;
            }
            if (errno != EAGAIN) {
                listener_pause(listener, errno);
            }
            break;
        }
        const int on = 1; /* answers leave in one write, waiting would win nothing */
        (void)setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        listener->counts.connections++;
        if (!dk__h2_connection_new(listener, descriptor)) {
            listener_pause(listener, ENOMEM);
            break;
        }
    }
    listener_watch(listener);
}

void dk__h2_listener_on_closed(struct dk__listener *listener) {
    listener_watch(listener);
    if (listener->connection_count == 0) {
        dk__server_tell_idle(listener->server);
    }
}

/* ── the seam ───────────────────────────────────────────────────────────────────────────────── */

static void h2_close(struct dk__listener *listener) {
    if (listener == NULL) {
        return;
    }
    const struct dk__h2_counts counts = listener->counts;
    dk_log(
        DK_LOG_DEBUG,
        "h2",
        "the listener is closed",
        "calls=%llu answers=%llu reads=%llu writes=%llu refused=%llu",
        (unsigned long long)counts.calls,
        (unsigned long long)counts.answers,
        (unsigned long long)counts.reads,
        (unsigned long long)counts.writes,
        (unsigned long long)counts.refused);
    listener->is_draining = true; /* nobody new comes while these go */
    while (listener->connections != NULL) {
        dk__h2_connection_free(listener->connections);
    }
    (void)dk_watch_set(listener->server->loop, &listener->watch, 0);
    dk_timer_stop(listener->server->loop, &listener->pause);
    if (listener->watch.descriptor >= 0) {
        (void)close(listener->watch.descriptor);
    }
    dk__h2_streams_forget(&listener->orphans);
    dk__h2_session_teardown(listener);
    free(listener->read_buffer);
    free(listener);
}

static enum dk_error listener_fail(struct dk_fault *fault, const char *address) {
    const int number = errno;
    char text[128];
    if (strerror_r(number, text, sizeof text) != 0) {
        text[0] = '\0';
    }
    return dk_fault_set(fault, DK_UNAVAILABLE, "listen: '%s': %s", address, text);
}

static enum dk_error listener_open(
    struct dk__listener *listener, const char *address, struct dk_fault *fault) {
    struct dk__h2_address parsed;
    const int on = 1;
    if (dk__h2_address_parse(address, &parsed, fault) != DK_OK) {
        return fault->error;
    }
    const struct sockaddr *place = (const struct sockaddr *)&parsed.place;
    listener->watch.descriptor =
        socket(place->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (listener->watch.descriptor < 0) {
        return listener_fail(fault, address);
    }
    if (place->sa_family != AF_UNIX) {
        (void)setsockopt(listener->watch.descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    }
    if (bind(listener->watch.descriptor, place, parsed.size) != 0 ||
        listen(listener->watch.descriptor, DK__H2_BACKLOG) != 0) {
        return listener_fail(fault, address);
    }
    if (place->sa_family != AF_UNIX) {
        struct sockaddr_storage bound = {0};
        socklen_t size = sizeof bound;
        if (getsockname(listener->watch.descriptor, (struct sockaddr *)&bound, &size) != 0) {
            return listener_fail(fault, address);
        }
        /* Both families keep the port at the same place. */
        /* NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage): getsockname has written it */
        listener->port = ntohs(((const struct sockaddr_in *)&bound)->sin_port);
    }
    return DK_OK;
}

static enum dk_error h2_listen(
    struct dk__server *server,
    const char *address,
    struct dk__listener **ret_listener,
    struct dk_fault *fault) {
    struct dk_fault own = {.error = DK_OK};
    struct dk__listener *listener = calloc(1, sizeof *listener);
    fault = fault == NULL ? &own : fault;
    if (listener == NULL) {
        return dk_fault_set(fault, DK_EXHAUSTED, "listen: no memory");
    }
    listener->server = server;
    listener->watch = (struct dk_watch){.on_ready = listener_on_ready, .descriptor = -1};
    listener->pause.on_due = listener_on_pause_end;
    listener->handshake_us = DK__H2_HANDSHAKE_US;
    listener->stall_us = DK__H2_STALL_US;
    listener->controls_max = DK__H2_CONTROLS_PER_SECOND_MAX;
    listener->read_buffer = malloc(DK__H2_READ_BYTES);
    if (listener->read_buffer == NULL || dk__h2_session_setup(listener) != DK_OK) {
        (void)dk_fault_set(fault, DK_EXHAUSTED, "listen: no memory");
        goto fail;
    }
    if (listener_open(listener, address, fault) != DK_OK) {
        goto fail;
    }
    if (dk_watch_set(server->loop, &listener->watch, DK_READABLE) != DK_OK) {
        (void)dk_fault_set(fault, DK_EXHAUSTED, "listen: the loop cannot watch another socket");
        goto fail;
    }
    *ret_listener = listener;
    return DK_OK;

fail:
    h2_close(listener); /* accepts a half-built listener */
    return fault->error;
}

static int h2_port(const struct dk__listener *listener) {
    return listener->port;
}

static void h2_drain(struct dk__listener *listener) {
    listener->is_draining = true;
    (void)dk_watch_set(listener->server->loop, &listener->watch, 0);
    dk_timer_stop(listener->server->loop, &listener->pause);
    (void)close(listener->watch.descriptor); /* who connects now is refused, not left waiting */
    listener->watch.descriptor = -1;
    for (struct dk__h2_connection *at = listener->connections; at != NULL; at = at->next) {
        dk__h2_connection_drain(at);
    }
}

static bool h2_is_quiet(const struct dk__listener *listener) {
    return listener->connection_count == 0;
}

struct dk__h2_counts dk__h2_counts(const struct dk__listener *listener) {
    return listener->counts;
}

const struct dk__transport dk__transport_h2 = {
    .name = "h2",
    .listen = h2_listen,
    .port = h2_port,
    .drain = h2_drain,
    .close = h2_close,
    .is_quiet = h2_is_quiet,
};
