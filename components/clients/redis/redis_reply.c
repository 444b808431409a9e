/*
 * hiredis parses; its objects are ours: one arena holds the answer under way and is emptied when
 * the next one begins.
 */
#include "clients/redis/redis_reply.h"

#include "core/arena.h"

#include <stdlib.h>
#include <string.h>

enum {
    BUFFER_KEPT_BYTES_MAX = 64 * 1024, /* of hiredis' empty buffer; a larger one returns */
};

struct redis_reader {
    redisReader *parser;
    struct dk__arena arena;
    bool is_taken; /* the arena holds an answer that was handed out */
};

static struct redisReply *reply_new(const redisReadTask *task) {
    struct redis_reader *reader = task->privdata;
    struct redisReply *reply = dk__arena_take(&reader->arena, sizeof *reply);
    if (reply == NULL) {
        return NULL;
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
    char *copy = dk__arena_copy_text(&reader->arena, (struct dk_bytes){text, size});
    struct redisReply *reply = copy == NULL ? NULL : reply_new(task);
    if (reply != NULL) {
        reply->str = copy;
        reply->len = size;
    }
    return reply;
}

static void *on_array(const redisReadTask *task, int elements) {
    struct redis_reader *reader = task->privdata;
    const size_t count = elements < 0 ? 0 : (size_t)elements;
    struct redisReply **slots = dk__arena_take(&reader->arena, count * sizeof *slots);
    struct redisReply *reply = slots == NULL ? NULL : reply_new(task);
    if (reply != NULL) {
        reply->element = slots;
        reply->elements = count;
    }
    return reply;
}

static void *on_integer(const redisReadTask *task, long long value) {
    struct redisReply *reply = reply_new(task);
    if (reply != NULL) {
        reply->integer = value;
    }
    return reply;
}

/* The task's own type is that of the string or array whose length was −1. */
static void *on_nil(const redisReadTask *task) {
    struct redisReply *reply = reply_new(task);
    if (reply != NULL) {
        reply->type = REDIS_REPLY_NIL;
    }
    return reply;
}

/* The arena ends them all at once. */
static void on_free(void *reply) {
    (void)reply;
}

struct redis_reader *redis_reader_new(struct dk__pool *pool) {
    static redisReplyObjectFunctions functions = {
        .createString = on_string,
        .createArray = on_array,
        .createInteger = on_integer,
        .createNil = on_nil,
        .freeObject = on_free,
    };
    struct redis_reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL) {
        return NULL;
    }
    reader->arena.pool = pool;
    reader->arena.bytes_max = REDIS_REPLY_BYTES_MAX;
    reader->parser = redisReaderCreateWithFunctions(&functions);
    if (reader->parser == NULL) {
        free(reader);
        return NULL;
    }
    reader->parser->privdata = reader;
    reader->parser->maxbuf = BUFFER_KEPT_BYTES_MAX;
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

enum dk_error redis_reader_feed(
    struct redis_reader *reader, struct dk_bytes bytes, struct dk_fault *fault) {
    if (reader->parser->len - reader->parser->pos + bytes.size > REDIS_REPLY_BYTES_MAX) {
        return dk_fault_set(
            fault, DK_EXHAUSTED, "redis: an answer is larger than %d bytes", REDIS_REPLY_BYTES_MAX);
    }
    if (redisReaderFeed(reader->parser, bytes.data, bytes.size) != REDIS_OK) {
        return dk_fault_set(fault, DK_EXHAUSTED, "redis: no memory for an answer");
    }
    return DK_OK;
}

enum dk_error redis_reader_next(
    struct redis_reader *reader, const struct redisReply **ret_reply, struct dk_fault *fault) {
    void *reply = NULL;

    if (reader->is_taken) {
        dk__arena_reset(&reader->arena);
        reader->is_taken = false;
    }
    if (redisReaderGetReply(reader->parser, &reply) != REDIS_OK) {
        /* The only memory that can run out is the arena: an array or text over the bound. */
        if (reader->parser->err == REDIS_ERR_OOM) {
            return dk_fault_set(
                fault,
                DK_EXHAUSTED,
                "redis: an answer is larger than %d bytes",
                REDIS_REPLY_BYTES_MAX);
        }
        return dk_fault_set(
            fault, DK_UNAVAILABLE, "redis: not an answer of Redis: %s", reader->parser->errstr);
    }
    reader->is_taken = reply != NULL;
    *ret_reply = reply;
    return DK_OK;
}
