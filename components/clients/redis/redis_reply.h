#ifndef CLIENTS_REDIS_REPLY_H
#define CLIENTS_REDIS_REPLY_H

#include <dk/bytes.h>
#include <dk/error.h>
#include <hiredis/hiredis.h>

struct dk__pool;

enum {
    REDIS_REPLY_BYTES_MAX = 64 * 1024 * 1024, /* one answer of a connection, as it is kept */
    REDIS_FEED_BYTES_MAX = 1024 * 1024,       /* one feed */
};

/*
 * Bytes of a server in, whole answers out: hiredis' reader with answers in an arena of ours, so
 * that a warm reader does not visit the heap for ordinary answers.
 *
 * Thread: the loop's. Pure: it needs no socket.
 * Bound:  an answer over reply_bytes_max is read to its end and none of it kept; in its place
 *         comes an error answer "TOOLARGE …", and the next answer is as good as ever.
 * Errors: what no Redis says, and nesting deeper than hiredis' seven levels, is a fault; the
 *         connection must then be given up, because where the next answer begins is unknown.
 */
struct redis_reader;

struct redis_reader *redis_reader_new(struct dk__pool *pool, size_t reply_bytes_max);
/* Accepts NULL. */
void redis_reader_free(struct redis_reader *reader);

/* Up to REDIS_FEED_BYTES_MAX. Call redis_reader_next until it has none before the next feed. */
enum dk_error redis_reader_feed(
    struct redis_reader *reader, struct dk_bytes bytes, struct dk_fault *fault);

/* The next whole answer, NULL when more bytes are needed. It is good until the next call of any
 * function of this reader. */
enum dk_error redis_reader_next(
    struct redis_reader *reader, const struct redisReply **ret_reply, struct dk_fault *fault);

/* Bytes held: of the answer under way, and room for more. For tests. */
size_t redis_reader_bytes(const struct redis_reader *reader);

#endif /* CLIENTS_REDIS_REPLY_H */
