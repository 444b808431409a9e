/*
 * To the collector by wire/h2, on the exporter's thread.
 */
#include "core/pool.h"
#include "wire/h2/client.h"
#include "wire/otlp/sender.h"
#include "wire/otlp/settings.h"

#include <stddef.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { ANSWER_BYTES_MAX = 65536 };

struct h2_sender {
    struct dk__otlp_sender base; /* first */
    const struct dk__otlp_settings *settings;
    struct dk__h2_tls tls;
    struct dk__h2_client *client;
    int stop; /* readable once it was cancelled */
    struct dk__pool pool;
};

static struct h2_sender *of(struct dk__otlp_sender *sender) {
    return (struct h2_sender *)(void *)sender;
}

static void h2_send(
    struct dk__otlp_sender *base,
    struct dk_bytes request,
    int64_t wait_ms,
    struct dk__otlp_answer *ret_answer) {
    struct h2_sender *sender = of(base);
    struct dk__arena arena = {.pool = &sender->pool, .bytes_max = ANSWER_BYTES_MAX};
    struct dk__h2_answer answer;
    struct dk_fault fault = {.error = DK_OK};
    const struct dk__h2_request question = {
        .path = dk__otlp_path,
        .metadata = sender->settings->headers,
        .message = request,
        .wait_ms = wait_ms,
    };
    if (dk__h2_client_unary(sender->client, &question, &arena, &answer, &fault) == DK_OK) {
        dk__otlp_answer_set(ret_answer, answer.code, answer.text, answer.details, answer.message);
    } else {
        dk__otlp_answer_fail(ret_answer, &fault);
    }
    dk__arena_reset(&arena);
}

static void h2_cancel(struct dk__otlp_sender *base) {
    static const uint64_t one = 1;
    /* It cannot fail before it has counted 2^64 - 2. */
    const ssize_t size = write(of(base)->stop, &one, sizeof one);
    (void)size;
}

static void h2_free(struct dk__otlp_sender *base) {
    struct h2_sender *sender = of(base);
    dk__h2_client_free(sender->client);
    if (sender->stop >= 0) {
        (void)close(sender->stop);
    }
    dk__pool_clear(&sender->pool);
    free(sender);
}

static const struct dk__otlp_sender_ops h2_ops = {
    .send = h2_send, .cancel = h2_cancel, .free = h2_free};

enum dk_error dk__otlp_h2_sender_new(
    const struct dk__otlp_settings *settings,
    struct dk__otlp_sender **ret_sender,
    struct dk_fault *fault) {
    struct h2_sender *sender = calloc(1, sizeof *sender);
    if (sender == NULL) {
        return dk_fault_set(fault, DK_EXHAUSTED, "otlp: no memory for a sender");
    }
    sender->base.ops = &h2_ops;
    sender->settings = settings;
    sender->tls = (struct dk__h2_tls){
        .ca_path = settings->ca_path,
        .certificate_path = settings->certificate_path,
        .key_path = settings->key_path,
    };
    const struct dk__h2_target target = {
        .socket_path = settings->socket_path,
        .host = settings->host,
        .port = settings->port,
        .tls = settings->has_tls ? &sender->tls : NULL,
    };
    sender->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (sender->stop < 0) {
        (void)dk_fault_set(fault, DK_EXHAUSTED, "otlp: no descriptor for a sender");
    } else if (dk__h2_client_new(&target, sender->stop, &sender->client, fault) == DK_OK) {
        *ret_sender = &sender->base;
        return DK_OK;
    }
    h2_free(&sender->base);
    return fault->error;
}
