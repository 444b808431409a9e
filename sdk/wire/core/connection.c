/*
 * A connection of gRPC's, counted, on the loop's thread.
 */
#include "wire/core/connection.h"

#include "wire/core/listener.h"

#include <dk/log.h>
#include <errno.h>
#include <fcntl.h>
#include <grpc/grpc_posix.h>
#include <grpc/grpc_security.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* gRPC gets the descriptor, we keep a duplicate. False when there is none to be had. */
static bool connection_give(struct dk__core_connection *connection) {
    struct dk_loop *loop = connection->listener->server->loop;
    const int theirs = connection->watch.descriptor;
    const int ours = fcntl(theirs, F_DUPFD_CLOEXEC, 0);
    if (ours < 0) {
        return false;
    }
    (void)dk_watch_set(loop, &connection->watch, 0);
    dk_timer_stop(loop, &connection->handshake);
    connection->watch.descriptor = ours;
    connection->is_given = true;
    grpc_server_credentials *plain = grpc_insecure_server_credentials_create();
    grpc_server_add_channel_from_fd(connection->listener->core, theirs, plain);
    grpc_server_credentials_release(plain);
    /* Only its end: what comes is gRPC's to read. */
    return dk_watch_set(loop, &connection->watch, DK_HUNG_UP) == DK_OK;
}

static void connection_on_ready(struct dk_watch *watch, unsigned ready) {
    struct dk__core_connection *connection =
        (struct dk__core_connection
             *)(void *)((char *)watch - offsetof(struct dk__core_connection, watch));
    char byte;
    (void)ready;
    if (connection->is_given) {
        dk__core_connection_free(connection);
        return;
    }
    const ssize_t size = recv(watch->descriptor, &byte, sizeof byte, MSG_PEEK);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (size <= 0 || connection->listener->is_draining) { /* gone, or too late */
        dk__core_connection_free(connection);
    } else if (!connection_give(connection)) {
        dk_log(DK_LOG_WARN, "core", "connection ended, no descriptor is left to watch it", NULL);
        (void)shutdown(connection->watch.descriptor, SHUT_RDWR);
        dk__core_connection_free(connection);
    }
}

static void connection_on_silence(struct dk_timer *timer) {
    dk__core_connection_free(
        (struct dk__core_connection
             *)(void *)((char *)timer - offsetof(struct dk__core_connection, handshake)));
}

bool dk__core_connection_new(struct dk__listener *listener, int descriptor) {
    struct dk_loop *loop = listener->server->loop;
    struct dk__core_connection *connection = calloc(1, sizeof *connection);
    if (connection == NULL) {
        (void)close(descriptor);
        return false;
    }
    connection->listener = listener;
    connection->watch =
        (struct dk_watch){.on_ready = connection_on_ready, .descriptor = descriptor};
    connection->handshake.on_due = connection_on_silence;
    connection->next = listener->connections;
    connection->at = &listener->connections;
    if (connection->next != NULL) {
        connection->next->at = &connection->next;
    }
    listener->connections = connection;
    listener->connection_count++;
    if (dk_watch_set(loop, &connection->watch, DK_READABLE) != DK_OK ||
        dk_timer_set(loop, &connection->handshake, listener->handshake_us) != DK_OK) {
        dk__core_connection_free(connection);
        return false;
    }
    return true;
}

void dk__core_connection_free(struct dk__core_connection *connection) {
    struct dk__listener *listener = connection->listener;
    struct dk_loop *loop = listener->server->loop;
    (void)dk_watch_set(loop, &connection->watch, 0);
    dk_timer_stop(loop, &connection->handshake);
    (void)close(connection->watch.descriptor);
    *connection->at = connection->next;
    if (connection->next != NULL) {
        connection->next->at = connection->at;
    }
    free(connection);
    listener->connection_count--;
    dk__acceptor_resume(&listener->acceptor);
}
