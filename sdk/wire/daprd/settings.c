/*
 * What the environment says of the sidecar. Dapr sets these variables for every application.
 */
#include "wire/daprd/daprd.h"

#include <dk/option.h>
#include <stdio.h>

enum {
    PORT_DEFAULT = 50001,
    PORT_MAX = 65535,
    TIMEOUT_S_DEFAULT = 60,
    TIMEOUT_S_MAX = 24 * 60 * 60,
    CALLS_MAX = 1024,
    PATIENCE_MS = 1000,
};

struct environment {
    dk__look_up_fn *look_up;
    void *context;
    struct dk_fault *fault;
};

static const char *find(const struct environment *environment, const char *name) {
    const char *value = environment->look_up(environment->context, name);
    return value == NULL || value[0] == '\0' ? NULL : value;
}

static enum dk_error number_read(
    const struct environment *environment, const char *name, int64_t value_max, int64_t *value) {
    const char *text = find(environment, name);
    int64_t number = 0;
    if (text == NULL) {
        return DK_OK;
    }
    if (!dk_integer_parse(dk_bytes_of(text), &number) || number < 1 || number > value_max) {
        return dk_fault_set(
            environment->fault,
            DK_INVALID,
            "%s: '%s' is not a whole number from 1 to %lld",
            name,
            text,
            (long long)value_max);
    }
    *value = number;
    return DK_OK;
}

static enum dk_error endpoint_read(
    const struct environment *environment, struct dk__endpoint *ret_endpoint) {
    static const char name[] = "DAPR_GRPC_ENDPOINT";
    const char *text = find(environment, name);
    int64_t port = PORT_DEFAULT;
    if (text != NULL) {
        return dk__endpoint_parse(name, text, ret_endpoint, environment->fault);
    }
    if (number_read(environment, "DAPR_GRPC_PORT", PORT_MAX, &port) != DK_OK) {
        return DK_INVALID;
    }
    (void)snprintf(
        ret_endpoint->target, sizeof ret_endpoint->target, "ipv4:127.0.0.1:%d", (int)port);
    return DK_OK;
}

/* The value stays out of the words. */
static enum dk_error token_read(const struct environment *environment, const char **ret_token) {
    const char *token = find(environment, "DAPR_API_TOKEN");
    for (const char *at = token; at != NULL && *at != '\0'; at++) {
        if (*at < ' ' || *at > '~') {
            return dk_fault_set(
                environment->fault,
                DK_INVALID,
                "DAPR_API_TOKEN: has a character that is not printable ASCII, which no header "
                "carries");
        }
    }
    *ret_token = token;
    return DK_OK;
}

enum dk_error dk__daprd_settings_read(
    dk__look_up_fn *look_up,
    void *context,
    struct dk__daprd_settings *ret_settings,
    struct dk_fault *fault) {
    const struct environment environment = {look_up, context, fault};
    struct dk__daprd_settings settings = {.calls_max = CALLS_MAX, .patience_ms = PATIENCE_MS};
    int64_t timeout_s = TIMEOUT_S_DEFAULT;
    bool is_good = endpoint_read(&environment, &settings.endpoint) == DK_OK;
    is_good &= token_read(&environment, &settings.token) == DK_OK;
    is_good &= number_read(
                   &environment, "DAPR_CLIENT_TIMEOUT_SECONDS", TIMEOUT_S_MAX, &timeout_s) == DK_OK;
    if (!is_good) {
        return DK_INVALID;
    }
    settings.timeout_ms = timeout_s * 1000;
    settings.ca_path = find(&environment, DK__DAPRD_CA_VARIABLE);
    *ret_settings = settings;
    return DK_OK;
}
