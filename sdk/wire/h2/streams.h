#ifndef DK_WIRE_H2_STREAMS_H
#define DK_WIRE_H2_STREAMS_H

#include <stdbool.h>
#include <stdint.h>

struct dk__h2_connection;
struct dk__h2_stream;
struct dk__listener;

/*
 * Lists of streams: the open ones of a connection, and a listener's orphans, whose peer has gone
 * while a backend still holds their reply.
 *
 * Thread: the loop's. Zeroed is empty.
 * Bound: DK__H2_ORPHANS_PER_CALL × calls_max orphans, of which one connection makes at most half;
 *        beside that each connection may always make DK__H2_ORPHANS_KEPT (or calls_max, when that
 *        is less), connections_max times that in all. At the bound new streams are refused. The
 *        open streams of a connection that ends become orphans in any case.
 */
enum {
    DK__H2_ORPHANS_PER_CALL = 4, /* × calls_max */
    DK__H2_ORPHANS_KEPT = 64,    /* for each connection */
};

struct dk__h2_streams {
    struct dk__h2_stream *first;
    uint32_t count;
};

void dk__h2_streams_put(struct dk__h2_streams *streams, struct dk__h2_stream *stream);
void dk__h2_streams_remove(struct dk__h2_streams *streams, struct dk__h2_stream *stream);

/* Whether a connection may open one more stream: it could become an orphan. */
bool dk__h2_orphans_have_room(const struct dk__h2_connection *connection);
/* A stream that left its connection's list. */
void dk__h2_orphans_put(struct dk__h2_connection *connection, struct dk__h2_stream *stream);
void dk__h2_orphans_remove(struct dk__h2_stream *stream);
/* The connection goes: its orphans are nobody's from now on. */
void dk__h2_orphans_disown(struct dk__h2_connection *connection);
/* The listener goes: its orphans lose it, not their lives. */
void dk__h2_orphans_forget(struct dk__listener *listener);

#endif /* DK_WIRE_H2_STREAMS_H */
