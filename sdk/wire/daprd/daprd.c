/*
 * The client's life: settings kept, one channel. dk__daprd_close comes from the loop's thread while
 * workers wait.
 */
#include "wire/daprd/daprd.h"
#include "wire/daprd/client.h"

#include <stdlib.h>
#include <string.h>

static enum dk_error token_keep(
    struct dk__daprd *daprd, const char *token, struct dk_fault *fault) {
    if (token == NULL) {
        return DK_OK;
    }
    daprd->token = strdup(token);
    return daprd->token != NULL
               ? DK_OK
               : dk_fault_set(fault, DK_EXHAUSTED, "daprd: no memory for a client");
}

/* The channel says which file is wrong; who names it is known here. */
static enum dk_error channel_open(
    struct dk__daprd *daprd, const struct dk__channel_config *config, struct dk_fault *fault) {
    struct dk_fault own = {0};
    const enum dk_error error = dk__channel_new(daprd->channels, config, &daprd->channel, &own);
    if (error == DK_OK) {
        return DK_OK;
    }
    const bool has_file = config->tls != NULL && config->tls->ca_path != NULL;
    return dk_fault_set(fault, error, "%s%s", has_file ? DK__DAPRD_CA_VARIABLE ": " : "", own.text);
}

enum dk_error dk__daprd_new(
    const struct dk__daprd_settings *settings,
    struct dk__daprd **ret_daprd,
    struct dk_fault *fault) {
    struct dk__daprd *daprd = calloc(1, sizeof *daprd);
    if (daprd == NULL) {
        return dk_fault_set(fault, DK_EXHAUSTED, "daprd: no memory for a client");
    }
    const struct dk__channel_tls tls = {.ca_path = settings->ca_path};
    struct dk__channel_config config = dk__channel_config_default;
    config.target = settings->endpoint.target;
    config.tls = settings->endpoint.has_tls ? &tls : NULL;
    config.calls_max = settings->calls_max;
    /* A sidecar that comes up is found within a question's patience. */
    config.reconnect_ms_max = settings->patience_ms / 2 > config.reconnect_ms_min
                                  ? settings->patience_ms / 2
                                  : config.reconnect_ms_min;
    daprd->settings = *settings;
    daprd->settings.token = NULL; /* daprd->token: the environment may go */
    daprd->settings.ca_path = NULL;
    enum dk_error error = token_keep(daprd, settings->token, fault);
    if (error == DK_OK) {
        error = dk__channels_new(&daprd->channels, fault);
    }
    if (error == DK_OK) {
        error = channel_open(daprd, &config, fault);
    }
    if (error != DK_OK) {
        dk__daprd_free(daprd);
        return error;
    }
    *ret_daprd = daprd;
    return DK_OK;
}

bool dk__daprd_is_reachable(struct dk__daprd *daprd) {
    return dk__channel_is_ready(daprd->channel);
}

void dk__daprd_close(struct dk__daprd *daprd) {
    /* Release pairs with the acquire of whoever sees its question end by the closing. */
    atomic_store_explicit(&daprd->is_closed, true, memory_order_release);
    dk__channel_close(daprd->channel);
}

void dk__daprd_free(struct dk__daprd *daprd) {
    if (daprd == NULL) {
        return;
    }
    dk__channel_free(daprd->channel); /* NULL is fine: it may never have been made */
    dk__channels_free(daprd->channels);
    free(daprd->token);
    free(daprd);
}
