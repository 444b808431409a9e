/*
 * One connection on the loop: the watch reads and hands out answers, the deferred flush writes what
 * the turn queued, one timer limits first the dial and then the server's silence.
 *
 *     DIALING ─▶ SHAKING (TLS only) ─▶ OPEN ─▶ LOST
 */
#include "clients/redis/redis_connection.h"

#include "clients/redis/redis_dial.h"
#include "clients/redis/redis_error.h"
#include "clients/redis/redis_reply.h"
#include "clients/redis/redis_slots.h"
#include "clients/redis/redis_stream.h"
#include "clients/redis/redis_words.h"
#include "core/loop.h"
#include "core/metric.h"

#include <assert.h>
#include <stdlib.h>

enum {
    READ_BYTES = 32 * 1024,
    PIECE_BYTES = 2 * 1024, /* of these, to hiredis at once */
    READS_MAX = 8,          /* of one turn: others on the loop want theirs */
    US_PER_MS = 1000,
};

enum state { DIALING, SHAKING, OPEN, LOST };

struct redis_connection {
    struct dk_loop *loop;
    const struct redis_settings *settings;
    struct redis_tls_context *tls;
    struct redis_address address;
    const struct redis_connection_events *events;
    void *context;

    enum state state;
    bool is_finishing;
    bool is_freed;     /* by its owner, from within a callback */
    unsigned visitors; /* callbacks under way that still look at this */

    struct redis_dial dial;
    struct redis_stream stream;
    struct dk_watch watch;
    struct dk_deferred flush;
    struct dk_timer timer;
    bool is_watching_silence;
    int64_t heard_us, written_us;

    struct redis_reader *reader;
    struct redis_slots slots;
    uint64_t commands;
    uint64_t counted; /* of these, in: */
    struct dk_series *write_commands;
};

/* ── the end ────────────────────────────────────────────────────────────────────────────────── */

static void connection_close(struct redis_connection *connection) {
    connection->state = LOST;
    redis_dial_stop(&connection->dial);
    dk_defer_stop(connection->loop, &connection->flush);
    dk_timer_stop(connection->loop, &connection->timer);
    (void)dk_watch_set(connection->loop, &connection->watch, 0);
    redis_stream_close(&connection->stream);
}

/* Whoever entered through a callback leaves here; the last one out ends a freed connection. */
static void connection_leave(struct redis_connection *connection) {
    connection->visitors--;
    if (connection->visitors > 0 || !connection->is_freed) {
        return;
    }
    redis_stream_reset(&connection->stream);
    redis_reader_free(connection->reader);
    redis_slots_clear(&connection->slots);
    free(connection);
}

static void connection_answer_all_lost(struct redis_connection *connection) {
    while (connection->slots.count > 0) {
        const struct redis_slot slot = redis_slots_take(&connection->slots);
        slot.on_answer(slot.context, NULL);
    }
}

static void connection_lose(struct redis_connection *connection, const struct dk_fault *fault) {
    if (connection->state == LOST) {
        return;
    }
    assert(connection->visitors > 0); /* or the owner could end it under our feet */
    connection_close(connection);
    connection->events->on_lost(connection->context, fault);
    connection_answer_all_lost(connection);
}

/* ── silence ────────────────────────────────────────────────────────────────────────────────── */

/* When our patience with the server ends; INT64_MAX when it owes nothing. */
static int64_t silence_ends_us(const struct redis_connection *connection) {
    const struct redis_settings *settings = connection->settings;
    const struct redis_slot *first = redis_slots_first(&connection->slots);
    int64_t ends_us = INT64_MAX;

    if (first != NULL && settings->read_timeout_ms > 0) {
        ends_us = connection->heard_us + (settings->read_timeout_ms + first->block_ms) * US_PER_MS;
    }
    if (connection->stream.is_blocked && settings->write_timeout_ms > 0) {
        const int64_t write_us = connection->written_us + settings->write_timeout_ms * US_PER_MS;
        ends_us = write_us < ends_us ? write_us : ends_us;
    }
    return ends_us;
}

/* Armed lazily: while the timer runs nobody touches it, when it fires it looks at what happened
 * meanwhile. So a busy connection pays nothing per command. */
static void silence_watch(struct redis_connection *connection) {
    const int64_t ends_us = silence_ends_us(connection);
    if (connection->is_watching_silence || ends_us == INT64_MAX || connection->state != OPEN) {
        return;
    }
    const int64_t left_us = ends_us - dk_loop_now_us(connection->loop);
    connection->is_watching_silence =
        dk_timer_set(connection->loop, &connection->timer, left_us > 0 ? left_us : 0) == DK_OK;
}

static void silence_on_due(struct redis_connection *connection) {
    const int64_t now_us = dk_loop_now_us(connection->loop);
    struct dk_fault fault = {.error = DK_OK};

    connection->is_watching_silence = false;
    if (now_us < silence_ends_us(connection)) {
        silence_watch(connection);
        return;
    }
    (void)dk_fault_set(
        &fault,
        DK_UNAVAILABLE,
        "redis: '%s' has been silent for %lld ms (readTimeout, writeTimeout)",
        redis_address_text(&connection->address).text,
        (long long)((now_us - connection->heard_us) / US_PER_MS));
    connection_lose(connection, &fault);
}

static void dial_on_due(struct redis_connection *connection) {
    struct dk_fault fault = {.error = DK_OK};
    const struct redis_address_text at = redis_address_text(&connection->address);

    if (connection->state == SHAKING) {
        (void)dk_fault_set(
            &fault,
            DK_UNAVAILABLE,
            "redis: '%s' does not answer the TLS handshake: is it a plain port (enableTLS)?",
            at.text);
    } else {
        (void)dk_fault_set(
            &fault,
            DK_UNAVAILABLE,
            "redis: dial timeout: '%s' waited %lld ms for %s (dialTimeout)",
            at.text,
            (long long)connection->settings->dial_timeout_ms,
            redis_dial_waits_for(&connection->dial));
    }
    connection_lose(connection, &fault);
}

static void connection_on_due(struct dk_timer *timer) {
    struct redis_connection *connection =
        (struct redis_connection
             *)(void *)((char *)timer - offsetof(struct redis_connection, timer));
    connection->visitors++;
    if (connection->state == OPEN) {
        silence_on_due(connection);
    } else {
        dial_on_due(connection);
    }
    connection_leave(connection);
}

/* ── writing and reading ────────────────────────────────────────────────────────────────────── */

static void connection_on_turn_end(struct dk_deferred *deferred) {
    struct redis_connection *connection =
        (struct redis_connection
             *)(void *)((char *)deferred - offsetof(struct redis_connection, flush));
    const size_t before = connection->stream.out.bytes + connection->stream.cipher.bytes;

    redis_stream_write(&connection->stream);
    if (connection->write_commands != NULL && connection->commands > connection->counted) {
        dk__series_observe_alone(
            connection->write_commands, (int64_t)(connection->commands - connection->counted));
        connection->counted = connection->commands;
    }
    if (connection->stream.out.bytes + connection->stream.cipher.bytes != before) {
        connection->written_us = dk_loop_now_us(connection->loop);
    }
    const unsigned writable = connection->stream.is_blocked ? DK_WRITABLE : 0;
    (void)dk_watch_set(connection->loop, &connection->watch, DK_READABLE | writable);
    silence_watch(connection);
}

/* A reply nobody asked for: news, or the server says why it is going to hang up. */
static void connection_on_unasked(
    struct redis_connection *connection, const struct redisReply *reply) {
    struct dk_fault fault = {.error = DK_OK};
    if (connection->events->on_push != NULL && reply->type != REDIS_REPLY_ERROR) {
        connection->events->on_push(connection->context, reply);
        return;
    }
    if (reply->type == REDIS_REPLY_ERROR) {
        (void)redis_fault_of(reply, &fault);
    } else {
        (void)dk_fault_set(&fault, DK_UNAVAILABLE, "redis: the server answers without a question");
    }
    connection_lose(connection, &fault);
}

/* Hands out every whole answer; a callback may lose the connection. */
static void connection_answer_piece(struct redis_connection *connection, struct dk_bytes bytes) {
    struct dk_fault fault = {.error = DK_OK};
    enum dk_error error = redis_reader_feed(connection->reader, bytes, &fault);

    while (error == DK_OK && connection->state == OPEN) {
        const struct redisReply *reply = NULL;
        error = redis_reader_next(connection->reader, &reply, &fault);
        if (error != DK_OK || reply == NULL) {
            break;
        }
        if (connection->slots.count == 0) {
            connection_on_unasked(connection, reply);
            continue;
        }
        const struct redis_slot slot = redis_slots_take(&connection->slots);
        if (reply->type == REDIS_REPLY_ERROR && connection->events->on_error != NULL) {
            connection->events->on_error(connection->context, reply);
        }
        slot.on_answer(slot.context, reply);
    }
    if (error != DK_OK) {
        connection_lose(connection, &fault);
    }
}

/* Behind each answer of 1 KiB or more hiredis moves all that it holds to the front of its buffer: what is fed at
 * once is moved once for each answer in it. So it gets little at a time. */
static void connection_answer(struct redis_connection *connection, struct dk_bytes bytes) {
    while (bytes.size > 0 && connection->state == OPEN) {
        const size_t size = bytes.size < PIECE_BYTES ? bytes.size : PIECE_BYTES;
        connection_answer_piece(connection, (struct dk_bytes){bytes.data, size});
        bytes.data += size;
        bytes.size -= size;
    }
}

static void connection_open(struct redis_connection *connection) {
    dk_timer_stop(connection->loop, &connection->timer);
    connection->state = OPEN;
    connection->events->on_open(connection->context);
}

static void connection_read(struct redis_connection *connection) {
    char bytes[READ_BYTES];
    struct dk_fault fault = {.error = DK_OK};

    redis_stream_wake(&connection->stream, READS_MAX);
    while (connection->state != LOST) {
        size_t size = 0;
        switch (redis_stream_read(&connection->stream, bytes, sizeof bytes, &size, &fault)) {
        case REDIS_STREAM_BYTES:
            connection->heard_us = dk_loop_now_us(connection->loop);
            connection_answer(connection, (struct dk_bytes){bytes, size});
            break;
        case REDIS_STREAM_SHAKEN:
            connection_open(connection);
            break;
        case REDIS_STREAM_NOTHING:
            return;
        case REDIS_STREAM_ENDED:
            connection_lose(connection, &fault);
            return;
        }
    }
}

static void connection_end_finished(struct redis_connection *connection) {
    struct dk_fault fault = {.error = DK_OK};
    if (connection->state == OPEN && connection->is_finishing && connection->slots.count == 0) {
        (void)dk_fault_set(&fault, DK_UNAVAILABLE, "redis: connection finished");
        connection_lose(connection, &fault);
    }
}

static void connection_on_ready(struct dk_watch *watch, unsigned ready) {
    struct redis_connection *connection =
        (struct redis_connection
             *)(void *)((char *)watch - offsetof(struct redis_connection, watch));
    connection->visitors++;
    if ((ready & DK_WRITABLE) != 0 || connection->state == SHAKING) {
        dk_defer(connection->loop, &connection->flush);
    }
    if ((ready & (DK_READABLE | DK_HUNG_UP)) != 0) {
        connection_read(connection);
    }
    connection_end_finished(connection);
    connection_leave(connection);
}

/* ── the beginning ──────────────────────────────────────────────────────────────────────────── */

static enum dk_error connection_start(
    struct redis_connection *connection, int descriptor, struct dk_fault *fault) {
    enum dk_error error =
        redis_stream_start(&connection->stream, descriptor, connection->tls, fault);
    if (error != DK_OK) {
        return error;
    }
    connection->watch =
        (struct dk_watch){.on_ready = connection_on_ready, .descriptor = descriptor};
    error = dk_watch_set(connection->loop, &connection->watch, DK_READABLE);
    if (error == DK_OK && connection->tls != NULL) {
        connection->state = SHAKING;
        dk_defer(connection->loop, &connection->flush);
        /* A plain Redis keeps silent over a TLS greeting. Half the time is enough to know, and
         * leaves the caller the other half to hear of it. */
        error = dk_timer_set(
            connection->loop,
            &connection->timer,
            connection->settings->dial_timeout_ms * US_PER_MS / 2);
    }
    return error == DK_OK ? DK_OK
                          : dk_fault_set(fault, error, "redis: no room to watch a connection");
}

static void connection_on_dialled(void *context, int descriptor, const struct dk_fault *fault) {
    struct redis_connection *connection = context;
    struct dk_fault own = {.error = DK_OK};

    connection->visitors++;
    if (descriptor < 0) {
        connection_lose(connection, fault);
    } else if (connection_start(connection, descriptor, &own) != DK_OK) {
        connection_lose(connection, &own);
    } else if (connection->tls == NULL) {
        connection_open(connection);
    }
    connection_leave(connection);
}

enum dk_error redis_connection_new(
    struct dk_loop *loop,
    const struct redis_settings *settings,
    struct redis_tls_context *tls,
    const struct redis_address *address,
    const struct redis_connection_events *events,
    void *context,
    struct redis_connection **ret_connection,
    struct dk_fault *fault) {
    struct redis_connection *connection = calloc(1, sizeof *connection);
    if (connection == NULL) {
        return dk_fault_set(fault, DK_EXHAUSTED, "redis: no memory for a connection");
    }
    connection->loop = loop;
    connection->settings = settings;
    connection->tls = tls;
    connection->address = *address;
    connection->events = events;
    connection->context = context;
    connection->dial.watch.descriptor = -1;
    connection->flush.on_turn_end = connection_on_turn_end;
    connection->timer.on_due = connection_on_due;
    connection->slots.count_max = (size_t)settings->config->inflight_max;
    redis_stream_init(
        &connection->stream, dk__loop_pool(loop), REDIS_OUTBOX_BYTES_MAX, &connection->address);
    connection->reader = redis_reader_new(dk__loop_pool(loop), REDIS_REPLY_BYTES_MAX);
    enum dk_error error = DK_EXHAUSTED;
    if (connection->reader == NULL ||
        dk_timer_set(loop, &connection->timer, settings->dial_timeout_ms * US_PER_MS) != DK_OK) {
        (void)dk_fault_set(fault, error, "redis: no memory for a connection");
        goto fail;
    }
    error = redis_dial_start(
        &connection->dial, loop, &connection->address, connection_on_dialled, connection, fault);
    if (error != DK_OK) {
        goto fail;
    }
    *ret_connection = connection;
    return DK_OK;

fail:
    redis_connection_free(connection);
    return error;
}

void redis_connection_free(struct redis_connection *connection) {
    if (connection == NULL || connection->is_freed) {
        return;
    }
    connection->visitors++;
    connection->is_freed = true;
    if (connection->state != LOST) {
        connection_close(connection);
    }
    connection_answer_all_lost(connection); /* now: their contexts may end with the owner */
    connection_leave(connection);
}

enum dk_error redis_connection_send(
    struct redis_connection *connection,
    const struct dk_bytes *words,
    size_t count,
    int64_t block_ms,
    redis_answer_fn *on_answer,
    void *context) {
    const struct redis_slot slot = {on_answer, context, block_ms};
    struct dk__chain *out = &connection->stream.out;
    const size_t before = out->bytes;

    if (connection->state != OPEN || connection->is_finishing) {
        return DK_UNAVAILABLE;
    }
    if (!redis_words_append(out, words, count)) {
        return DK_EXHAUSTED;
    }
    if (!redis_slots_put(&connection->slots, slot)) {
        dk__chain_truncate(out, before);
        return DK_EXHAUSTED;
    }
    if (connection->slots.count == 1) {
        connection->heard_us = dk_loop_now_us(connection->loop); /* it owes us from now on */
    }
    connection->commands++;
    dk_defer(connection->loop, &connection->flush);
    return DK_OK;
}

void redis_connection_finish(struct redis_connection *connection) {
    connection->is_finishing = true;
    if (connection->visitors == 0) { /* else the visitor sees to it on its way out */
        connection->visitors++;
        connection_end_finished(connection);
        connection_leave(connection);
    }
}

size_t redis_connection_room(const struct redis_connection *connection) {
    return connection->slots.count_max - connection->slots.count;
}

size_t redis_connection_inflight(const struct redis_connection *connection) {
    return connection->slots.count;
}

size_t redis_connection_unsent(const struct redis_connection *connection) {
    return connection->stream.out.bytes + connection->stream.cipher.bytes;
}

void redis_connection_count(struct redis_connection *connection, struct dk_series *write_commands) {
    connection->write_commands = write_commands;
    connection->counted = connection->commands;
}

struct redis_connection_counts redis_connection_counts(const struct redis_connection *connection) {
    return (struct redis_connection_counts){
        .commands = connection->commands,
        .writes = connection->stream.writes,
        .reads = connection->stream.reads,
    };
}
