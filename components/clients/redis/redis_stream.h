#ifndef CLIENTS_REDIS_STREAM_H
#define CLIENTS_REDIS_STREAM_H

#include "clients/redis/redis_address.h"
#include "core/chain.h"

#include <dk/error.h>
#include <stdint.h>

struct redis_tls;
struct redis_tls_context;

/*
 * A connected socket, plain or TLS, as two ways for bytes. It does what it is told and never waits
 * or calls back: who watches the descriptor decides when.
 *
 * Thread: the loop's. Owner: a member of the connection. Bound: `out` has its own bytes_max, what
 *         is ciphered ahead of the network is 128 KiB.
 */
struct redis_stream {
    int descriptor; /* −1: none */
    const struct redis_address *address;
    struct redis_tls *tls; /* NULL: plain */
    struct dk__chain out;  /* plain bytes to be written; others append here */
    struct dk__chain cipher;
    bool is_shaken;      /* TLS: the handshake is done */
    unsigned reads_left; /* of the socket, until it is readable again or others had their turn */
    bool is_blocked;     /* the kernel takes no more bytes for now */
    bool is_mute;        /* writing failed; reading will tell why */
    uint64_t writes, reads;
};

/* `address` is kept, for the words of faults. */
void redis_stream_init(
    struct redis_stream *stream,
    struct dk__pool *pool,
    size_t out_bytes_max,
    const struct redis_address *address);

/* Takes a connected descriptor, also when it fails; with a TLS context the handshake begins. */
enum dk_error redis_stream_start(
    struct redis_stream *stream,
    int descriptor,
    struct redis_tls_context *tls,
    struct dk_fault *fault);

/* Closes the descriptor; redis_stream_reset gives the memory back as well. Both accept a stream that
 * never started. */
void redis_stream_close(struct redis_stream *stream);
void redis_stream_reset(struct redis_stream *stream);

/* Writes as much as the kernel takes; is_blocked says whether some is left. A failure shows only in
 * reading: the server may have said why before it hung up. */
void redis_stream_write(struct redis_stream *stream);

enum redis_stream_step {
    REDIS_STREAM_BYTES,   /* some were read */
    REDIS_STREAM_SHAKEN,  /* the TLS handshake has just finished */
    REDIS_STREAM_NOTHING, /* nothing more for now */
    REDIS_STREAM_ENDED,   /* it is over, `fault` says why */
};

/* The descriptor is readable: what follows may read it `reads_max` times. What is left then makes it
 * readable again in the next turn. */
void redis_stream_wake(struct redis_stream *stream, unsigned reads_max);

/* Reads once. To be called until NOTHING: TLS may hold bytes that the descriptor no longer shows. */
enum redis_stream_step redis_stream_read(
    struct redis_stream *stream,
    char *target,
    size_t size,
    size_t *ret_size,
    struct dk_fault *fault);

#endif /* CLIENTS_REDIS_STREAM_H */
