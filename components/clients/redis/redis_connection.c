/*
 * One socket to one server. Everything happens in the loop's callbacks: the watch reads and hands
 * out answers, the deferred flush writes what the turn queued, one timer limits first the dial and
 * then the server's silence.
 *
 *     DIALING ─▶ SHAKING (TLS only) ─▶ OPEN ─▶ LOST
 */
#include "clients/redis/redis_connection.h"

#include "clients/redis/redis_dial.h"
#include "clients/redis/redis_error.h"
#include "clients/redis/redis_reply.h"
#include "clients/redis/redis_slots.h"
#include "clients/redis/redis_tls.h"
#include "clients/redis/redis_words.h"
#include "core/chain.h"
#include "core/loop.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
    READ_BYTES = 32 * 1024,
    READS_MAX = 8,  /* of one turn: others on the loop want theirs */
    VIEWS_MAX = 64, /* pieces of one write */
    TLS_RECORD_BYTES = 16384,
    CIPHER_BYTES_MAX = 128 * 1024, /* ciphered and unsent; the rest waits as plain text */
    US_PER_MS = 1000,
};

enum state { DIALING, SHAKING, OPEN, LOST };

struct redis_connection {
    struct dk_loop *loop;
    const struct redis_settings *settings;
    struct redis_tls_context *tls_context;
    struct redis_address address;
    const struct redis_connection_events *events;
    void *context;

    enum state state;
    bool is_finishing;
    bool is_freed;     /* by its owner, from within a callback */
    unsigned visitors; /* callbacks under way that still look at this */

    struct redis_dial dial;
    struct dk_watch watch;
    struct dk_deferred flush;
    struct dk_timer timer;
    bool is_timer_armed;
    bool is_blocked; /* the kernel takes no more bytes for now */
    bool is_mute;    /* writing failed; reading will tell why */
    int64_t heard_us, written_us;

    struct redis_tls *tls;
    struct redis_reader *reader;
    struct dk__chain out, cipher;
    struct redis_slots slots;
    struct redis_connection_counts counts;
};

static void connection_watch_silence(struct redis_connection *connection);

/* ── the end ────────────────────────────────────────────────────────────────────────────────── */

static void connection_close(struct redis_connection *connection) {
    connection->state = LOST;
    redis_dial_stop(&connection->dial);
    dk_defer_stop(connection->loop, &connection->flush);
    dk_timer_stop(connection->loop, &connection->timer);
    if (connection->watch.descriptor >= 0) {
        (void)dk_watch_set(connection->loop, &connection->watch, 0);
        (void)close(connection->watch.descriptor);
        connection->watch.descriptor = -1;
    }
}

static void connection_leave(struct redis_connection *connection) {
    connection->visitors--;
    if (connection->visitors > 0 || !connection->is_freed) {
        return;
    }
    redis_tls_free(connection->tls);
    redis_reader_free(connection->reader);
    dk__chain_reset(&connection->out);
    dk__chain_reset(&connection->cipher);
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
    connection->visitors++;
    connection_close(connection);
    connection->events->on_lost(connection->context, fault);
    connection_answer_all_lost(connection);
    connection_leave(connection);
}

static void connection_lose_silent(struct redis_connection *connection, int64_t silent_ms) {
    struct dk_fault fault = {.error = DK_OK};
    (void)dk_fault_set(
        &fault,
        DK_UNAVAILABLE,
        "redis: '%s' has been silent for %lld ms (readTimeout)",
        redis_address_text(&connection->address).text,
        (long long)silent_ms);
    connection_lose(connection, &fault);
}

/* The server hung up, `error` 0, or the network did. */
static void connection_lose_hung_up(struct redis_connection *connection, int error) {
    struct dk_fault fault = {.error = DK_OK};
    const struct redis_address_text at = redis_address_text(&connection->address);
    char words[128] = "the server closed it";

    if (error != 0 && strerror_r(error, words, sizeof words) != 0) {
        words[0] = '\0';
    }
    if (connection->counts.reads == 0 && connection->tls == NULL) {
        (void)dk_fault_set(
            &fault,
            DK_UNAVAILABLE,
            "redis: '%s' ended the connection before its first answer: is it a TLS port "
            "(enableTLS)? %s",
            at.text,
            words);
    } else if (connection->state == SHAKING) {
        (void)dk_fault_set(
            &fault,
            DK_UNAVAILABLE,
            "redis: '%s' ended the connection during the TLS handshake: %s",
            at.text,
            words);
    } else {
        (void)dk_fault_set(
            &fault, DK_UNAVAILABLE, "redis: connection to '%s' lost: %s", at.text, words);
    }
    connection_lose(connection, &fault);
}

/* ── writing ────────────────────────────────────────────────────────────────────────────────── */

/* Plain text waits in `out` and becomes records only as fast as the network takes them. */
static bool connection_cipher(struct redis_connection *connection) {
    char plain[TLS_RECORD_BYTES];
    bool is_good = true;

    while (is_good && connection->state == OPEN && connection->out.bytes > 0 &&
           connection->cipher.bytes < CIPHER_BYTES_MAX) {
        const size_t size = dk__chain_read(&connection->out, plain, sizeof plain);
        is_good = redis_tls_write(connection->tls, (struct dk_bytes){plain, size});
        const size_t waiting = redis_tls_waiting(connection->tls);
        char *place = is_good ? dk__chain_append(&connection->cipher, waiting) : NULL;
        is_good = place != NULL;
        if (is_good) {
            redis_tls_take(connection->tls, place, waiting);
        }
    }
    /* The handshake and key updates have bytes of their own to send. */
    const size_t waiting = redis_tls_waiting(connection->tls);
    char *place = is_good && waiting > 0 ? dk__chain_append(&connection->cipher, waiting) : NULL;
    if (place != NULL) {
        redis_tls_take(connection->tls, place, waiting);
    }
    return is_good;
}

/* One write of all there is; DK_UNAVAILABLE when the socket is broken. */
static enum dk_error connection_write(
    struct redis_connection *connection, struct dk__chain *chain) {
    struct iovec views[VIEWS_MAX];
    struct msghdr message = {.msg_iov = views};

    message.msg_iovlen = (size_t)dk__chain_views(chain, views, VIEWS_MAX);
    const ssize_t written = sendmsg(connection->watch.descriptor, &message, MSG_NOSIGNAL);
    connection->counts.writes++;
    if (written >= 0) {
        dk__chain_consume(chain, (size_t)written);
        connection->written_us = dk_loop_now_us(connection->loop);
        return DK_OK;
    }
    if (errno == EAGAIN || errno == EINTR) {
        connection->is_blocked = errno == EAGAIN;
        return DK_OK;
    }
    return DK_UNAVAILABLE;
}

/*
 * A failed write does not end the connection by itself: the server may have said why before it
 * hung up, and reading will bring both its words and the end.
 */
static void connection_on_turn_end(struct dk_deferred *deferred) {
    struct redis_connection *connection =
        (struct redis_connection
             *)(void *)((char *)deferred - offsetof(struct redis_connection, flush));
    struct dk__chain *chain = connection->tls == NULL ? &connection->out : &connection->cipher;

    connection->is_blocked = false;
    while (!connection->is_mute && !connection->is_blocked) {
        if (connection->tls != NULL && !connection_cipher(connection)) {
            connection->is_mute = true;
        }
        if (chain->bytes == 0) {
            break;
        }
        connection->is_mute = connection->is_mute || connection_write(connection, chain) != DK_OK;
    }
    if (connection->is_mute) {
        connection->is_blocked = false;
        dk__chain_reset(&connection->out);
        dk__chain_reset(&connection->cipher);
    }
    const unsigned wanted = DK_READABLE | (connection->is_blocked ? DK_WRITABLE : 0U);
    (void)dk_watch_set(connection->loop, &connection->watch, wanted);
    connection_watch_silence(connection);
}

/* ── silence ────────────────────────────────────────────────────────────────────────────────── */

/* When the server's patience with us, or ours with it, ends; INT64_MAX when nobody waits. */
static int64_t connection_silence_ends_us(const struct redis_connection *connection) {
    const struct redis_settings *settings = connection->settings;
    const struct redis_slot *first = redis_slots_first(&connection->slots);
    int64_t ends_us = INT64_MAX;

    if (first != NULL && settings->read_timeout_ms > 0) {
        ends_us = connection->heard_us + (settings->read_timeout_ms + first->block_ms) * US_PER_MS;
    }
    if (connection->is_blocked && settings->write_timeout_ms > 0) {
        const int64_t write_us = connection->written_us + settings->write_timeout_ms * US_PER_MS;
        ends_us = write_us < ends_us ? write_us : ends_us;
    }
    return ends_us;
}

/* Armed lazily: while the timer runs nobody touches it, when it fires it looks at what happened
 * meanwhile. So a busy connection pays nothing per command. */
static void connection_watch_silence(struct redis_connection *connection) {
    const int64_t ends_us = connection_silence_ends_us(connection);
    if (connection->is_timer_armed || ends_us == INT64_MAX || connection->state != OPEN) {
        return;
    }
    const int64_t left_us = ends_us - dk_loop_now_us(connection->loop);
    connection->is_timer_armed =
        dk_timer_set(connection->loop, &connection->timer, left_us > 0 ? left_us : 0) == DK_OK;
}

static void connection_on_dial_timeout(struct redis_connection *connection) {
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
    if (connection->state != OPEN) {
        connection_on_dial_timeout(connection);
        return;
    }
    connection->is_timer_armed = false;
    const int64_t now_us = dk_loop_now_us(connection->loop);
    if (now_us >= connection_silence_ends_us(connection)) {
        const int64_t since_us =
            connection->is_blocked ? connection->written_us : connection->heard_us;
        connection_lose_silent(connection, (now_us - since_us) / US_PER_MS);
    } else {
        connection_watch_silence(connection);
    }
}

/* ── reading ────────────────────────────────────────────────────────────────────────────────── */

/* A reply nobody asked for: the server says why it is going to hang up. */
static void connection_on_unasked(
    struct redis_connection *connection, const struct redisReply *reply) {
    struct dk_fault fault = {.error = DK_OK};
    if (reply->type == REDIS_REPLY_ERROR) {
        (void)redis_fault_of(reply, &fault);
    } else {
        (void)dk_fault_set(&fault, DK_UNAVAILABLE, "redis: the server answers without a question");
    }
    connection_lose(connection, &fault);
}

static void connection_answer(struct redis_connection *connection) {
    struct dk_fault fault = {.error = DK_OK};

    while (connection->state == OPEN) {
        const struct redisReply *reply = NULL;
        if (redis_reader_next(connection->reader, &reply, &fault) != DK_OK) {
            connection_lose(connection, &fault);
            return;
        }
        if (reply == NULL) {
            break;
        }
        if (connection->slots.count == 0) {
            connection_on_unasked(connection, reply);
            return;
        }
        const struct redis_slot slot = redis_slots_take(&connection->slots);
        if (reply->type == REDIS_REPLY_ERROR && connection->events->on_error != NULL) {
            connection->events->on_error(connection->context, reply);
        }
        slot.on_answer(slot.context, reply);
    }
}

static void connection_take_plain(struct redis_connection *connection, struct dk_bytes bytes) {
    struct dk_fault fault = {.error = DK_OK};
    if (redis_reader_feed(connection->reader, bytes, &fault) != DK_OK) {
        connection_lose(connection, &fault);
        return;
    }
    connection_answer(connection);
}

static void connection_open(struct redis_connection *connection) {
    dk_timer_stop(connection->loop, &connection->timer);
    connection->is_timer_armed = false;
    connection->state = OPEN;
    connection->events->on_open(connection->context);
}

static void connection_take_ciphered(struct redis_connection *connection, struct dk_bytes bytes) {
    struct dk_fault fault = {.error = DK_OK};
    char plain[TLS_RECORD_BYTES];
    enum redis_tls_step step = REDIS_TLS_DONE;

    if (!redis_tls_feed(connection->tls, bytes)) {
        (void)dk_fault_set(&fault, DK_EXHAUSTED, "redis: no memory for TLS");
        connection_lose(connection, &fault);
        return;
    }
    if (connection->state == SHAKING) {
        step = redis_tls_shake(connection->tls, &fault);
        dk_defer(connection->loop, &connection->flush);
        if (step == REDIS_TLS_DONE) {
            connection_open(connection);
        }
    }
    while (step == REDIS_TLS_DONE && connection->state == OPEN) {
        size_t size = 0;
        step = redis_tls_read(connection->tls, plain, sizeof plain, &size, &fault);
        if (step == REDIS_TLS_DONE) {
            connection_take_plain(connection, (struct dk_bytes){plain, size});
        }
    }
    if (step == REDIS_TLS_FAILED) {
        connection_lose(connection, &fault);
    } else if (step == REDIS_TLS_ENDED) {
        connection_lose_hung_up(connection, 0);
    }
}

static void connection_read(struct redis_connection *connection) {
    char bytes[READ_BYTES];

    for (int i = 0; i < READS_MAX && connection->state != LOST; i++) {
        const ssize_t size = recv(connection->watch.descriptor, bytes, sizeof bytes, 0);
        if (size < 0 && errno == EINTR) {
            continue;
        }
        if (size < 0 && errno == EAGAIN) {
            return;
        }
        if (size <= 0) {
            connection_lose_hung_up(connection, size == 0 ? 0 : errno);
            return;
        }
        connection->counts.reads++;
        connection->heard_us = dk_loop_now_us(connection->loop);
        const struct dk_bytes view = {bytes, (size_t)size};
        if (connection->tls == NULL) {
            connection_take_plain(connection, view);
        } else {
            connection_take_ciphered(connection, view);
        }
        if ((size_t)size < sizeof bytes) {
            return; /* the level-triggered watch brings us back for what came meanwhile */
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
    if ((ready & DK_WRITABLE) != 0) {
        dk_defer(connection->loop, &connection->flush);
    }
    if ((ready & (DK_READABLE | DK_HUNG_UP)) != 0) {
        connection_read(connection);
    }
    connection_end_finished(connection);
    connection_leave(connection);
}

/* ── the beginning ──────────────────────────────────────────────────────────────────────────── */

static enum dk_error connection_start_tls(
    struct redis_connection *connection, struct dk_fault *fault) {
    const enum dk_error error =
        redis_tls_new(connection->tls_context, connection->address.host, &connection->tls, fault);
    if (error != DK_OK) {
        return error;
    }
    connection->state = SHAKING;
    if (redis_tls_shake(connection->tls, fault) == REDIS_TLS_FAILED) {
        return DK_UNAVAILABLE;
    }
    dk_defer(connection->loop, &connection->flush);
    /* A plain Redis keeps silent over a TLS greeting. Half the time left is enough to know, and
     * leaves the caller the other half to hear of it. */
    return dk_timer_set(
        connection->loop,
        &connection->timer,
        connection->settings->dial_timeout_ms * US_PER_MS / 2);
}

static void connection_on_dialled(void *context, int descriptor, const struct dk_fault *fault) {
    struct redis_connection *connection = context;
    struct dk_fault own = {.error = DK_OK};

    connection->visitors++;
    if (descriptor < 0) {
        connection_lose(connection, fault);
        connection_leave(connection);
        return;
    }
    connection->watch =
        (struct dk_watch){.on_ready = connection_on_ready, .descriptor = descriptor};
    if (dk_watch_set(connection->loop, &connection->watch, DK_READABLE) != DK_OK) {
        (void)dk_fault_set(&own, DK_EXHAUSTED, "redis: no room to watch a connection");
        connection_lose(connection, &own);
    } else if (connection->tls_context == NULL) {
        connection_open(connection);
    } else if (connection_start_tls(connection, &own) != DK_OK) {
        connection_lose(connection, &own);
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
    connection->tls_context = tls;
    connection->address = *address;
    connection->events = events;
    connection->context = context;
    connection->dial.watch.descriptor = -1;
    connection->watch.descriptor = -1;
    connection->flush.on_turn_end = connection_on_turn_end;
    connection->timer.on_due = connection_on_due;
    connection->out =
        (struct dk__chain){.pool = dk__loop_pool(loop), .bytes_max = REDIS_OUTBOX_BYTES_MAX};
    connection->cipher = connection->out;
    connection->slots.count_max = (size_t)settings->config->inflight_max;
    connection->reader = redis_reader_new(dk__loop_pool(loop));
    if (connection->reader == NULL ||
        dk_timer_set(loop, &connection->timer, settings->dial_timeout_ms * US_PER_MS) != DK_OK) {
        (void)dk_fault_set(fault, DK_EXHAUSTED, "redis: no memory for a connection");
        goto fail;
    }
    if (redis_dial_start(
            &connection->dial,
            loop,
            &connection->address,
            connection_on_dialled,
            connection,
            fault) != DK_OK) {
        goto fail;
    }
    *ret_connection = connection;
    return DK_OK;

fail:
    redis_connection_free(connection);
    return fault->error;
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
    const size_t before = connection->out.bytes;

    if (connection->state != OPEN || connection->is_finishing) {
        return DK_UNAVAILABLE;
    }
    if (!redis_words_append(&connection->out, words, count)) {
        return DK_EXHAUSTED;
    }
    if (!redis_slots_put(&connection->slots, slot)) {
        dk__chain_truncate(&connection->out, before);
        return DK_EXHAUSTED;
    }
    if (connection->slots.count == 1) {
        connection->heard_us = dk_loop_now_us(connection->loop); /* it owes us from now on */
    }
    connection->counts.commands++;
    dk_defer(connection->loop, &connection->flush);
    return DK_OK;
}

static void connection_finish_now(struct redis_connection *connection) {
    connection->visitors++;
    connection_end_finished(connection);
    connection_leave(connection);
}

void redis_connection_finish(struct redis_connection *connection) {
    connection->is_finishing = true;
    if (connection->visitors == 0) {
        connection_finish_now(connection);
    }
}

size_t redis_connection_inflight(const struct redis_connection *connection) {
    return connection->slots.count;
}

struct redis_connection_counts redis_connection_counts(const struct redis_connection *connection) {
    return connection->counts;
}
