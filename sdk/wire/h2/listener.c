/*
 * The seam, on the loop's thread.
 *
 *     accept ─▶ connections (connection.c) ─▶ streams (stream.c) ─▶ RPCs (wire/grpc)
 */
#include "wire/h2/listener.h"

#include "wire/h2/connection.h"
#include "wire/h2/session.h"

#include <dk/log.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static bool listener_on_accept(struct dk__acceptor *acceptor, int descriptor) {
    struct dk__listener *listener =
        (struct dk__listener *)(void *)((char *)acceptor - offsetof(struct dk__listener, acceptor));
    return dk__h2_connection_new(listener, descriptor);
}

void dk__h2_listener_on_closed(struct dk__listener *listener) {
    dk__acceptor_resume(&listener->acceptor);
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
        "calls=%llu answers=%llu reads=%llu writes=%llu refused=%llu nghttp2_blocks=%llu "
        "nghttp2_blocks_from_heap=%llu",
        (unsigned long long)counts.calls,
        (unsigned long long)counts.answers,
        (unsigned long long)counts.reads,
        (unsigned long long)counts.writes,
        (unsigned long long)counts.refused,
        (unsigned long long)listener->memory.takes,
        (unsigned long long)listener->memory.heap_takes);
    dk__acceptor_close(&listener->acceptor); /* nobody new comes while these go */
    while (listener->connections != NULL) {
        dk__h2_connection_free(listener->connections);
    }
    dk__h2_orphans_forget(listener);
    dk__h2_session_teardown(listener);
    free(listener->read_buffer);
    free(listener);
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
    if (server->tls != NULL && strncmp(address, "unix:", 5) != 0) {
        free(listener);
        return dk_fault_set(
            fault, DK_UNSUPPORTED, "tls: transport h2 has none, transport core has");
    }
    listener->server = server;
    listener->acceptor = (struct dk__acceptor){
        .loop = server->loop,
        .scope = "h2",
        .connections_max = server->limits.connections_max,
        .connection_count = &listener->connection_count,
        .on_accept = listener_on_accept,
    };
    listener->handshake_us = DK__H2_HANDSHAKE_US;
    listener->stall_us = DK__H2_STALL_US;
    listener->controls_max = DK__H2_CONTROLS_PER_SECOND_MAX;
    listener->read_buffer = malloc(DK__H2_READ_BYTES);
    if (listener->read_buffer == NULL || dk__h2_session_setup(listener) != DK_OK) {
        (void)dk_fault_set(fault, DK_EXHAUSTED, "listen: no memory");
        goto fail;
    }
    if (dk__acceptor_open(&listener->acceptor, address, fault) != DK_OK) {
        goto fail;
    }
    *ret_listener = listener;
    return DK_OK;

fail:
    h2_close(listener); /* accepts a half-built listener */
    return fault->error;
}

static int h2_port(const struct dk__listener *listener) {
    return listener->acceptor.port;
}

static void h2_drain(struct dk__listener *listener) {
    dk__acceptor_close(&listener->acceptor); /* who connects now is refused, not left waiting */
    for (struct dk__h2_connection *at = listener->connections; at != NULL; at = at->next) {
        dk__h2_connection_drain(at);
    }
}

static bool h2_is_quiet(const struct dk__listener *listener) {
    return listener->connection_count == 0;
}

struct dk__h2_counts dk__h2_counts(const struct dk__listener *listener) {
    struct dk__h2_counts counts = listener->counts;
    counts.connections = listener->acceptor.accepted;
    counts.pauses = listener->acceptor.pauses;
    return counts;
}

static struct dk__listener_counts h2_counts(const struct dk__listener *listener) {
    uint32_t streams = listener->orphans.count;
    for (const struct dk__h2_connection *at = listener->connections; at != NULL; at = at->next) {
        streams += at->streams.count;
    }
    return (struct dk__listener_counts){
        .connections = listener->connection_count,
        .streams = streams,
        .resets_by_peer = listener->counts.resets_by_peer,
        .resets_by_us = listener->counts.resets_by_us,
        .stall_us = listener->counts.stall_us,
    };
}

const struct dk__transport dk__transport_h2 = {
    .name = "h2",
    .listen = h2_listen,
    .port = h2_port,
    .drain = h2_drain,
    .close = h2_close,
    .is_quiet = h2_is_quiet,
    .counts = h2_counts,
    .counts_frames = true,
};
