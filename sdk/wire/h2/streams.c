/*
 * Doubly linked lists, and how many orphans a connection may make, on the loop's thread.
 */
#include "wire/h2/streams.h"

#include "wire/h2/connection.h"
#include "wire/h2/listener.h"
#include "wire/h2/stream.h"

void dk__h2_streams_put(struct dk__h2_streams *streams, struct dk__h2_stream *stream) {
    stream->next = streams->first;
    stream->at = &streams->first;
    if (stream->next != NULL) {
        stream->next->at = &stream->next;
    }
    streams->first = stream;
    streams->count++;
}

void dk__h2_streams_remove(struct dk__h2_streams *streams, struct dk__h2_stream *stream) {
    *stream->at = stream->next;
    if (stream->next != NULL) {
        stream->next->at = stream->at;
    }
    streams->count--;
}

/* As many as all of them leave free, so that a peer that resets what a slow backend holds gets half
 * of the room; and the few that are kept for each, so that nobody's coming again shuts others out. */
bool dk__h2_orphans_have_room(const struct dk__h2_connection *connection) {
    const struct dk__limits *limits = &connection->listener->server->limits;
    const uint32_t kept =
        limits->calls_max < DK__H2_ORPHANS_KEPT ? limits->calls_max : DK__H2_ORPHANS_KEPT;
    const uint64_t shared_max = DK__H2_ORPHANS_PER_CALL * (uint64_t)limits->calls_max;
    const uint64_t all_max = shared_max + limits->connections_max * (uint64_t)kept;
    const uint64_t all = connection->listener->orphans.count;
    return connection->orphan_count + all < shared_max ||
           (connection->orphan_count < kept && all < all_max);
}

void dk__h2_orphans_put(struct dk__h2_connection *connection, struct dk__h2_stream *stream) {
    stream->origin = connection;
    connection->orphan_count++;
    dk__h2_streams_put(&connection->listener->orphans, stream);
}

void dk__h2_orphans_remove(struct dk__h2_stream *stream) {
    if (stream->origin != NULL) {
        stream->origin->orphan_count--;
    }
    if (stream->listener != NULL) {
        dk__h2_streams_remove(&stream->listener->orphans, stream);
    }
}

void dk__h2_orphans_disown(struct dk__h2_connection *connection) {
    struct dk__h2_stream *stream = connection->listener->orphans.first;
    for (; stream != NULL && connection->orphan_count > 0; stream = stream->next) {
        if (stream->origin == connection) {
            stream->origin = NULL;
            connection->orphan_count--;
        }
    }
}

void dk__h2_orphans_forget(struct dk__listener *listener) {
    struct dk__h2_streams *orphans = &listener->orphans;
    for (struct dk__h2_stream *stream = orphans->first; stream != NULL; stream = stream->next) {
        stream->listener = NULL;
    }
    *orphans = (struct dk__h2_streams){.first = NULL};
}
