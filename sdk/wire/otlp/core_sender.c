/*
 * To the collector by gRPC C core, on the exporter's thread.
 */
#include "wire/core/channel.h"
#include "wire/core/client_call.h"
#include "wire/otlp/sender.h"
#include "wire/otlp/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { TARGET_BYTES = 320, US_PER_MS = 1000 };

struct core_sender {
    struct dk__otlp_sender base; /* first */
    const struct dk__otlp_settings *settings;
    struct dk__channels *channels;
    struct dk__channel *channel;
};

static struct core_sender *of(struct dk__otlp_sender *sender) {
    return (struct core_sender *)(void *)sender;
}

static int64_t now_us(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void core_send(
    struct dk__otlp_sender *base,
    struct dk_bytes request,
    int64_t wait_ms,
    struct dk__otlp_answer *ret_answer) {
    struct core_sender *sender = of(base);
    struct dk__client_call *call = NULL;
    struct dk_fault fault = {.error = DK_OK};
    const struct dk__client_request question = {
        .path = dk__otlp_path,
        .metadata = sender->settings->headers,
        .deadline_us = now_us() + wait_ms * US_PER_MS,
    };
    if (dk__client_call_new(sender->channel, &question, &call, &fault) != DK_OK) {
        dk__otlp_answer_fail(ret_answer, &fault);
        return;
    }
    const struct dk__client_answer *answer = dk__client_call_unary(call, request);
    dk__otlp_answer_set(
        ret_answer,
        (int)answer->status.code,
        answer->status.message,
        answer->status.details,
        answer->message);
    dk__client_call_free(call);
}

static void core_cancel(struct dk__otlp_sender *base) {
    dk__channel_close(of(base)->channel);
}

static void core_free(struct dk__otlp_sender *base) {
    struct core_sender *sender = of(base);
    dk__channel_free(sender->channel);
    dk__channels_free(sender->channels);
    free(sender);
}

static const struct dk__otlp_sender_ops core_ops = {
    .send = core_send, .cancel = core_cancel, .free = core_free};

static void target_write(const struct dk__otlp_settings *settings, char target[TARGET_BYTES]) {
    if (settings->socket_path != NULL) {
        (void)snprintf(target, TARGET_BYTES, "unix:%s", settings->socket_path);
    } else if (strchr(settings->host, ':') != NULL) {
        (void)snprintf(target, TARGET_BYTES, "dns:///[%s]:%s", settings->host, settings->port);
    } else {
        (void)snprintf(target, TARGET_BYTES, "dns:///%s:%s", settings->host, settings->port);
    }
}

enum dk_error dk__otlp_core_sender_new(
    const struct dk__otlp_settings *settings,
    struct dk__otlp_sender **ret_sender,
    struct dk_fault *fault) {
    struct core_sender *sender = calloc(1, sizeof *sender);
    char target[TARGET_BYTES];
    struct dk__channel_config config = dk__channel_config_default;
    const struct dk__channel_tls tls = {
        .ca_path = settings->ca_path,
        .certificate_path = settings->certificate_path,
        .key_path = settings->key_path,
    };
    if (sender == NULL) {
        return dk_fault_set(fault, DK_EXHAUSTED, "otlp: no memory for a sender");
    }
    sender->base.ops = &core_ops;
    sender->settings = settings;
    target_write(settings, target);
    config.target = target;
    config.tls = settings->has_tls ? &tls : NULL;
    if (dk__channels_new(&sender->channels, fault) != DK_OK ||
        dk__channel_new(sender->channels, &config, &sender->channel, fault) != DK_OK) {
        core_free(&sender->base);
        return fault->error;
    }
    *ret_sender = &sender->base;
    return DK_OK;
}
