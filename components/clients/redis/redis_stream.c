/*
 * Bytes to and from one socket, with or without TLS between.
 *
 *     out ─▶ [records ─▶ cipher] ─▶ send          recv ─▶ [records] ─▶ target
 */
#include "clients/redis/redis_stream.h"

#include "clients/redis/redis_tls.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
    VIEWS_MAX = 64, /* pieces of one write */
    TLS_RECORD_BYTES = 16384,
    CIPHER_BYTES_MAX = 128 * 1024, /* ciphered and unsent; the rest waits as plain text */
};

void redis_stream_init(
    struct redis_stream *stream,
    struct dk__pool *pool,
    size_t out_bytes_max,
    const struct redis_address *address) {
    *stream = (struct redis_stream){
        .descriptor = -1,
        .address = address,
        .out = {.pool = pool, .bytes_max = out_bytes_max},
        /* Over the mark by one record and what the handshake adds, at most. */
        .cipher = {.pool = pool, .bytes_max = (size_t)4 * CIPHER_BYTES_MAX},
    };
}

enum dk_error redis_stream_start(
    struct redis_stream *stream,
    int descriptor,
    struct redis_tls_context *tls,
    struct dk_fault *fault) {
    stream->descriptor = descriptor;
    if (tls == NULL) {
        return DK_OK;
    }
    const enum dk_error error = redis_tls_new(tls, stream->address->host, &stream->tls, fault);
    if (error != DK_OK) {
        return error;
    }
    return redis_tls_shake(stream->tls, fault) == REDIS_TLS_FAILED ? DK_UNAVAILABLE : DK_OK;
}

void redis_stream_close(struct redis_stream *stream) {
    if (stream->descriptor >= 0) {
        (void)close(stream->descriptor);
        stream->descriptor = -1;
    }
}

void redis_stream_reset(struct redis_stream *stream) {
    redis_stream_close(stream);
    redis_tls_free(stream->tls);
    stream->tls = NULL;
    dk__chain_reset(&stream->out);
    dk__chain_reset(&stream->cipher);
}

/* ── writing ────────────────────────────────────────────────────────────────────────────────── */

static bool stream_take_records(struct redis_stream *stream) {
    const size_t waiting = redis_tls_waiting(stream->tls);
    char *place = waiting == 0 ? NULL : dk__chain_append(&stream->cipher, waiting);
    if (place != NULL) {
        redis_tls_take(stream->tls, place, waiting);
    }
    return waiting == 0 || place != NULL;
}

/* Plain text waits in `out` and becomes records only as fast as the network takes them. */
static bool stream_cipher(struct redis_stream *stream) {
    char plain[TLS_RECORD_BYTES];
    bool is_good = stream_take_records(stream); /* the handshake's and key updates' own */

    while (is_good && stream->is_shaken && stream->out.bytes > 0 &&
           stream->cipher.bytes < CIPHER_BYTES_MAX) {
        const size_t size = dk__chain_read(&stream->out, plain, sizeof plain);
        is_good = redis_tls_write(stream->tls, (struct dk_bytes){plain, size}) &&
                  stream_take_records(stream);
    }
    return is_good;
}

static bool stream_send(struct redis_stream *stream, struct dk__chain *chain) {
    struct iovec views[VIEWS_MAX];
    struct msghdr message = {.msg_iov = views};

    message.msg_iovlen = (size_t)dk__chain_views(chain, views, VIEWS_MAX);
    const ssize_t written = sendmsg(stream->descriptor, &message, MSG_NOSIGNAL);
    stream->writes++;
    if (written >= 0) {
        dk__chain_consume(chain, (size_t)written);
        return true;
    }
    stream->is_blocked = errno == EAGAIN;
    return errno == EAGAIN || errno == EINTR;
}

void redis_stream_write(struct redis_stream *stream) {
    struct dk__chain *chain = stream->tls == NULL ? &stream->out : &stream->cipher;

    stream->is_blocked = false;
    while (!stream->is_mute && !stream->is_blocked) {
        stream->is_mute = stream->tls != NULL && !stream_cipher(stream);
        if (stream->is_mute || chain->bytes == 0) {
            break;
        }
        stream->is_mute = !stream_send(stream, chain);
    }
    if (stream->is_mute) {
        dk__chain_reset(&stream->out);
        dk__chain_reset(&stream->cipher);
    }
}

/* ── reading ────────────────────────────────────────────────────────────────────────────────── */

/* The server hung up, `error` 0, or the network did. */
static enum redis_stream_step stream_end(
    const struct redis_stream *stream, int error, struct dk_fault *fault) {
    const struct redis_address_text at = redis_address_text(stream->address);
    char words[128] = "the server closed it";

    if (error != 0 && strerror_r(error, words, sizeof words) != 0) {
        (void)snprintf(words, sizeof words, "error %d", error);
    }
    if (stream->tls != NULL && !stream->is_shaken) {
        (void)dk_fault_set(
            fault,
            DK_UNAVAILABLE,
            "redis: '%s' ended the connection during the TLS handshake: %s",
            at.text,
            words);
    } else if (stream->tls == NULL && stream->reads == 0) {
        (void)dk_fault_set(
            fault,
            DK_UNAVAILABLE,
            "redis: '%s' ended the connection before its first answer: is it a TLS port "
            "(enableTLS)? %s",
            at.text,
            words);
    } else {
        (void)dk_fault_set(
            fault, DK_UNAVAILABLE, "redis: connection to '%s' lost: %s", at.text, words);
    }
    return REDIS_STREAM_ENDED;
}

static enum redis_stream_step stream_receive(
    struct redis_stream *stream,
    char *target,
    size_t size,
    size_t *ret_size,
    struct dk_fault *fault) {
    while (stream->reads_left > 0) {
        const ssize_t received = recv(stream->descriptor, target, size, 0);
        if (received > 0) {
            stream->reads++;
            /* Less than asked for: the socket is empty. */
            stream->reads_left = (size_t)received < size ? 0 : stream->reads_left - 1;
            *ret_size = (size_t)received;
            return REDIS_STREAM_BYTES;
        }
        if (received == 0) {
            return stream_end(stream, 0, fault);
        }
        if (errno != EINTR && errno != EAGAIN) {
            return stream_end(stream, errno, fault);
        }
        stream->reads_left = errno == EAGAIN ? 0 : stream->reads_left;
    }
    return REDIS_STREAM_NOTHING;
}

/* Goes on with what has been fed: MORE when that was not enough for anything. */
static enum redis_tls_step stream_go_on(
    struct redis_stream *stream,
    char *target,
    size_t size,
    size_t *ret_size,
    struct dk_fault *fault) {
    return stream->is_shaken ? redis_tls_read(stream->tls, target, size, ret_size, fault)
                             : redis_tls_shake(stream->tls, fault);
}

static enum redis_stream_step stream_read_tls(
    struct redis_stream *stream,
    char *target,
    size_t size,
    size_t *ret_size,
    struct dk_fault *fault) {
    char ciphered[TLS_RECORD_BYTES];

    for (;;) {
        size_t received = 0;
        switch (stream_go_on(stream, target, size, ret_size, fault)) {
        case REDIS_TLS_DONE:
            if (stream->is_shaken) {
                return REDIS_STREAM_BYTES;
            }
            stream->is_shaken = true;
            return REDIS_STREAM_SHAKEN;
        case REDIS_TLS_ENDED:
            return stream_end(stream, 0, fault);
        case REDIS_TLS_FAILED:
            return REDIS_STREAM_ENDED;
        case REDIS_TLS_MORE:
            break;
        }
        const enum redis_stream_step step =
            stream_receive(stream, ciphered, sizeof ciphered, &received, fault);
        if (step != REDIS_STREAM_BYTES) {
            return step;
        }
        if (!redis_tls_feed(stream->tls, (struct dk_bytes){ciphered, received})) {
            (void)dk_fault_set(fault, DK_EXHAUSTED, "redis: no memory for TLS");
            return REDIS_STREAM_ENDED;
        }
    }
}

void redis_stream_wake(struct redis_stream *stream, unsigned reads_max) {
    stream->reads_left = reads_max;
}

enum redis_stream_step redis_stream_read(
    struct redis_stream *stream,
    char *target,
    size_t size,
    size_t *ret_size,
    struct dk_fault *fault) {
    return stream->tls == NULL ? stream_receive(stream, target, size, ret_size, fault)
                               : stream_read_tls(stream, target, size, ret_size, fault);
}
