/*
 * hiredis parses; its objects are ours: one arena holds the answer under way and is emptied when
 * the next one begins.
 *
 * hiredis looks at a text when all of it is there. One that cannot be kept is therefore taken out of
 * its sight while it comes, and a nil put in its place: so it never loses count, and the next answer
 * is found where this one ends.
 */
#include "clients/redis/redis_reply.h"

#include "core/arena.h"

#include <assert.h>
#include <hiredis/sds.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    /* Of hiredis' empty buffer; a larger one returns. Some reads of the connection fit, doubled. */
    BUFFER_KEPT_BYTES_MAX = 256 * 1024,
};

/* Where its parser stands is read from its structure, which later versions changed. */
_Static_assert(HIREDIS_MAJOR == 0 && HIREDIS_MINOR == 14, "redis_reader_pass knows hiredis 0.14");

struct redis_reader {
    redisReader *parser;
    struct dk__arena arena;
    bool is_taken;     /* an answer was handed out, and may lie in the arena */
    bool is_too_large; /* the answer under way: nothing of it is kept */
    size_t pass_bytes; /* still to come of a text that is let pass */
    struct redisReply too_large;
    char too_large_text[64];
};

/* The answer does not fit: what is there of it goes at once, and nothing that follows is kept. */
static struct redisReply *reader_drop(struct redis_reader *reader) {
    reader->is_too_large = true;
    dk__arena_reset(&reader->arena);
    return &reader->too_large;
}

static struct redisReply *reply_new(const redisReadTask *task) {
    struct redis_reader *reader = task->privdata;
    struct redisReply *reply =
        reader->is_too_large ? NULL : dk__arena_take(&reader->arena, sizeof *reply);
    if (reply == NULL) {
        return reader_drop(reader);
    }
    reply->type = task->type;
    if (task->parent != NULL) {
        struct redisReply *parent = task->parent->obj;
        parent->element[task->idx] = reply;
    }
    return reply;
}

/* NOLINTNEXTLINE(readability-non-const-parameter): hiredis' type */
static void *on_string(const redisReadTask *task, char *text, size_t size) {
    struct redis_reader *reader = task->privdata;
    char *copy = reader->is_too_large
                     ? NULL
                     : dk__arena_copy_text(&reader->arena, (struct dk_bytes){text, size});
    struct redisReply *reply = copy == NULL ? reader_drop(reader) : reply_new(task);
    if (!reader->is_too_large) {
        reply->str = copy;
        reply->len = size;
    }
    return reply;
}

static void *on_array(const redisReadTask *task, int elements) {
    struct redis_reader *reader = task->privdata;
    const size_t count = elements < 0 ? 0 : (size_t)elements;
    struct redisReply **slots =
        reader->is_too_large ? NULL : dk__arena_take(&reader->arena, count * sizeof *slots);
    struct redisReply *reply = slots == NULL ? reader_drop(reader) : reply_new(task);
    if (!reader->is_too_large) {
        reply->element = slots;
        reply->elements = count;
    }
    return reply;
}

static void *on_integer(const redisReadTask *task, long long value) {
    const struct redis_reader *reader = task->privdata;
    struct redisReply *reply = reply_new(task);
    if (!reader->is_too_large) {
        reply->integer = value;
    }
    return reply;
}

/* The task's own type is that of the string or array whose length was −1. */
static void *on_nil(const redisReadTask *task) {
    const struct redis_reader *reader = task->privdata;
    struct redisReply *reply = reply_new(task);
    if (!reader->is_too_large) {
        reply->type = REDIS_REPLY_NIL;
    }
    return reply;
}

/* The arena ends them all at once. */
static void on_free(void *reply) {
    (void)reply;
}

static redisReader *parser_new(struct redis_reader *reader) {
    static redisReplyObjectFunctions functions = {
        .createString = on_string,
        .createArray = on_array,
        .createInteger = on_integer,
        .createNil = on_nil,
        .freeObject = on_free,
    };
    redisReader *parser = redisReaderCreateWithFunctions(&functions);
    if (parser != NULL) {
        parser->privdata = reader;
        parser->maxbuf = BUFFER_KEPT_BYTES_MAX;
    }
    return parser;
}

struct redis_reader *redis_reader_new(struct dk__pool *pool, size_t reply_bytes_max) {
    struct redis_reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL) {
        return NULL;
    }
    reader->arena.pool = pool;
    reader->arena.bytes_max = reply_bytes_max;
    const int size = snprintf(
        reader->too_large_text,
        sizeof reader->too_large_text,
        "TOOLARGE an answer has at most %zu bytes",
        reply_bytes_max);
    reader->too_large = (struct redisReply){
        .type = REDIS_REPLY_ERROR, .str = reader->too_large_text, .len = (size_t)size};
    reader->parser = parser_new(reader);
    if (reader->parser == NULL) {
        free(reader);
        return NULL;
    }
    return reader;
}

void redis_reader_free(struct redis_reader *reader) {
    if (reader == NULL) {
        return;
    }
    redisReaderFree(reader->parser);
    dk__arena_reset(&reader->arena);
    free(reader);
}

/* In the middle of a text that the arena cannot take, or of any when the answer is lost anyway: the
 * rest of it is let pass. */
static void reader_pass(struct redis_reader *reader) {
    redisReader *parser = reader->parser;
    const char *head = parser->buf + parser->pos;
    const size_t left = parser->len - parser->pos;

    if (parser->ridx < 0 || parser->rstack[parser->ridx].type != REDIS_REPLY_STRING || left == 0) {
        return;
    }
    const char *end = memchr(head, '\r', left);
    if (end == NULL || end + 2 > head + left || end[1] != '\n') {
        return; /* its size is still to come, or is none: hiredis will see */
    }
    const size_t have = left - (size_t)(end + 2 - head);
    const size_t size = (size_t)strtoull(head, NULL, 10); /* hiredis found it good */
    const size_t room =
        reader->is_too_large ? 0 : reader->arena.bytes_max - reader->arena.bytes_taken;
    if (size >= room) {
        reader->pass_bytes = size + 2 - have;
        parser->pos = parser->len;
        (void)reader_drop(reader);
    }
}

static enum dk_error reader_give(
    struct redis_reader *reader, struct dk_bytes bytes, struct dk_fault *fault) {
    if (redisReaderFeed(reader->parser, bytes.data, bytes.size) != REDIS_OK) {
        return dk_fault_set(fault, DK_EXHAUSTED, "redis: no memory for an answer");
    }
    return DK_OK;
}

enum dk_error redis_reader_feed(
    struct redis_reader *reader, struct dk_bytes bytes, struct dk_fault *fault) {
    static const struct dk_bytes nil = DK_BYTES("-1\r\n");

    assert(bytes.size <= REDIS_FEED_BYTES_MAX);
    if (reader->pass_bytes > 0) {
        const size_t size = bytes.size < reader->pass_bytes ? bytes.size : reader->pass_bytes;
        reader->pass_bytes -= size;
        if (reader->pass_bytes > 0) {
            return DK_OK;
        }
        bytes.data += size;
        bytes.size -= size;
        const enum dk_error error = reader_give(reader, nil, fault);
        if (error != DK_OK) {
            return error;
        }
    }
    /* Texts are looked after; this is for a number that does not end. */
    if (reader->parser->len - reader->parser->pos >
        reader->arena.bytes_max + REDIS_FEED_BYTES_MAX) {
        return dk_fault_set(fault, DK_UNAVAILABLE, "redis: not an answer of Redis: no end of line");
    }
    return reader_give(reader, bytes, fault);
}

/* hiredis gives a large buffer back when it is fed again, which may be never: between two answers a
 * new parser is as good. */
static void reader_shrink(struct redis_reader *reader) {
    redisReader *parser = reader->parser;
    if (parser->ridx >= 0 || parser->len > 0 || sdsalloc(parser->buf) <= BUFFER_KEPT_BYTES_MAX) {
        return;
    }
    redisReader *fresh = parser_new(reader);
    if (fresh != NULL) {
        redisReaderFree(parser);
        reader->parser = fresh;
    }
}

enum dk_error redis_reader_next(
    struct redis_reader *reader, const struct redisReply **ret_reply, struct dk_fault *fault) {
    void *reply = NULL;

    if (reader->is_taken) {
        dk__arena_reset(&reader->arena);
        reader->is_taken = false;
        reader->is_too_large = false;
    }
    if (redisReaderGetReply(reader->parser, &reply) != REDIS_OK) {
        return dk_fault_set(
            fault, DK_UNAVAILABLE, "redis: not an answer of Redis: %s", reader->parser->errstr);
    }
    reader->is_taken = reply != NULL;
    if (reply == NULL) {
        reader_pass(reader);
        reader_shrink(reader);
    }
    *ret_reply = reply != NULL && reader->is_too_large ? &reader->too_large : reply;
    return DK_OK;
}

size_t redis_reader_bytes(const struct redis_reader *reader) {
    return sdsalloc(reader->parser->buf) + reader->arena.bytes_taken;
}
