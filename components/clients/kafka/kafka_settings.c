/*
 * What follows from Kafka's rows when they are read together. Any thread; no state.
 */
#include "clients/kafka/kafka_config.h"

#include <dk/log.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    DIAL_TIMEOUT_MS = 30000,
    DIAL_TIMEOUT_MS_MIN = 1000, /* librdkafka's least */
    SOCKET_TIMEOUT_MS = 30000,
    SOCKET_TIMEOUT_MS_MIN = 10,
    SOCKET_TIMEOUT_MS_MAX = 300000, /* librdkafka's most */
    METADATA_REFRESH_MS = 8 * 60 * 1000,
    MESSAGE_BYTES = 1024 * 1024,
    MESSAGE_BYTES_MIN = 1000, /* librdkafka's least */
    WINDOWS_AHEAD = 8,
};

static bool is_set(const char *text) {
    return text != NULL && text[0] != '\0';
}

static struct dk_bytes given(struct dk_pairs properties, const char *name) {
    for (size_t i = 0; i < properties.count; i++) {
        const struct dk_bytes key = properties.items[i].key;
        if (key.size == strlen(name) && strncasecmp(key.data, name, key.size) == 0 &&
            properties.items[i].value.size > 0) {
            return properties.items[i].value;
        }
    }
    return (struct dk_bytes){0};
}

static int64_t positive_or(int64_t value, int64_t fallback) {
    return value > 0 ? value : fallback;
}

static int64_t at_least(int64_t value, int64_t least) {
    return value > least ? value : least;
}

/* ── login ──────────────────────────────────────────────────────────────────────────────────── */

static enum kafka_auth auth_of(
    const struct kafka_config *config, struct dk_pairs properties, struct dk_fault *fault) {
    bool is_required = false;
    if (given(properties, "authType").data != NULL) {
        return (enum kafka_auth)config->auth;
    }
    if (!is_set(config->auth_required)) {
        (void)dk_fault_set(
            fault,
            DK_INVALID,
            "authType: was missing or empty; none, password, certificate, mtls and oidc are "
            "supported");
        return KAFKA_AUTH_NONE;
    }
    if (!dk_bool_parse(dk_bytes_of(config->auth_required), &is_required)) {
        (void)dk_fault_set(
            fault,
            DK_INVALID,
            "authRequired: invalid value '%s' is not true or false",
            config->auth_required);
        return KAFKA_AUTH_NONE;
    }
    if (!is_required) {
        return KAFKA_AUTH_NONE;
    }
    return is_set(config->sasl_password) ? KAFKA_AUTH_PASSWORD : KAFKA_AUTH_MTLS;
}

static void require(const char *name, const char *value, const char *by, struct dk_fault *fault) {
    if (!is_set(value)) {
        (void)dk_fault_set(fault, DK_INVALID, "%s: is missing; authType %s requires it", name, by);
    }
}

static void check_pem(
    const char *name, const char *what, const char *value, struct dk_fault *fault) {
    if (is_set(value) && strstr(value, "-----BEGIN ") == NULL) {
        (void)dk_fault_set(fault, DK_INVALID, "%s: invalid %s, it is no PEM text", name, what);
    }
}

static void check_mtls(const struct kafka_config *config, struct dk_fault *fault) {
    if (config->is_tls_off) {
        (void)dk_fault_set(fault, DK_INVALID, "disableTls: authType mtls cannot do without TLS");
    }
    if (!is_set(config->client_cert) && !is_set(config->client_key)) {
        (void)dk_fault_set(
            fault,
            DK_INVALID,
            "clientCert: unable to load client certificate and key pair; authType mtls requires "
            "clientCert and clientKey");
    } else if (!is_set(config->client_cert) || !is_set(config->client_key)) {
        (void)dk_fault_set(fault, DK_INVALID, "%s", "clientKey or clientCert is missing");
    }
}

static const char *mechanism_of(const struct kafka_config *config) {
    if (strcmp(config->sasl_mechanism, "SHA-256") == 0) {
        return "SCRAM-SHA-256";
    }
    if (strcmp(config->sasl_mechanism, "SHA-512") == 0) {
        return "SCRAM-SHA-512";
    }
    if (strcmp(config->sasl_mechanism, "PLAIN") != 0) {
        dk_log(
            DK_LOG_WARN,
            "kafka",
            "saslMechanism is not SHA-256, SHA-512 or PLAIN; PLAIN is used",
            "saslMechanism=%s",
            config->sasl_mechanism);
    }
    return "PLAIN";
}

static void check_login(
    const struct kafka_config *config, struct kafka_settings *settings, struct dk_fault *fault) {
    settings->is_tls = settings->auth != KAFKA_AUTH_NONE && !config->is_tls_off;
    switch (settings->auth) {
    case KAFKA_AUTH_NONE:
        break;
    case KAFKA_AUTH_PASSWORD:
        require("saslUsername", config->sasl_username, "password", fault);
        require("saslPassword", config->sasl_password, "password", fault);
        settings->sasl_mechanism = mechanism_of(config);
        break;
    case KAFKA_AUTH_MTLS:
        check_mtls(config, fault);
        break;
    case KAFKA_AUTH_CERTIFICATE:
        require("caCert", config->ca_cert, "certificate", fault);
        break;
    case KAFKA_AUTH_OIDC:
        require("oidcTokenEndpoint", config->oidc_endpoint, "oidc", fault);
        require("oidcClientID", config->oidc_client_id, "oidc", fault);
        require("oidcClientSecret", config->oidc_client_secret, "oidc", fault);
        settings->sasl_mechanism = "OAUTHBEARER";
        break;
    case KAFKA_AUTH_OIDC_PRIVATE_KEY_JWT:
    case KAFKA_AUTH_AWS_IAM:
        (void)dk_fault_set(
            fault,
            DK_UNSUPPORTED,
            "authType: '%s' is not supported; none, password, certificate, mtls and oidc are",
            settings->auth == KAFKA_AUTH_AWS_IAM ? "awsiam" : "oidc_private_key_jwt");
        break;
    }
    check_pem("caCert", "ca certificate", config->ca_cert, fault);
    check_pem("clientCert", "client certificate", config->client_cert, fault);
    check_pem("clientKey", "client key", config->client_key, fault);
}

/* ── the rest ───────────────────────────────────────────────────────────────────────────────── */

/* Three or four numbers with points between, as Kafka counts its releases. */
static void check_version(const char *version, struct dk_fault *fault) {
    int numbers = 0;
    const char *at = version;
    for (;;) {
        const size_t digits = strspn(at, "0123456789");
        if (digits == 0) {
            break;
        }
        numbers++;
        at += digits;
        if (*at != '.') {
            break;
        }
        at++;
    }
    if (*at != '\0' || at[-(at > version)] == '.' || numbers < 3 || numbers > 4) {
        (void)dk_fault_set(
            fault,
            DK_INVALID,
            "version: invalid kafka version '%s', it is not like 2.0.0",
            version);
    }
}

static double number_of(
    const char *name, const char *text, double least, double most, struct dk_fault *fault) {
    char *end = NULL;
    const double value = strtod(text, &end);
    if (end == text || *end != '\0' || !isfinite(value) || value < least || value > most) {
        (void)dk_fault_set(
            fault, DK_INVALID, "%s: '%s' is no number from %g to %g", name, text, least, most);
        return least;
    }
    return value;
}

static struct kafka_backoff backoff_of(const struct kafka_config *config, struct dk_fault *fault) {
    enum { MULTIPLIER_MAX = 1000 };
    return (struct kafka_backoff){
        .is_exponential = config->backoff_policy == 1,
        .constant_ms = config->backoff_ms,
        .initial_ms = config->backoff_initial_ms,
        .max_ms = config->backoff_max_ms,
        .elapsed_max_ms = config->backoff_elapsed_max_ms,
        .randomization =
            number_of("backOffRandomizationFactor", config->backoff_randomization, 0, 1, fault),
        .multiplier =
            number_of("backOffMultiplier", config->backoff_multiplier, 1, MULTIPLIER_MAX, fault),
        .retries_max = config->is_retry_on ? config->backoff_retries_max : 0,
    };
}

static enum kafka_strategy strategy_of(const char *text) {
    static const char *const words[] = {"range", "sticky", "roundrobin"};
    for (int i = 0; i < 3; i++) {
        if (strcasecmp(text, words[i]) == 0) {
            return (enum kafka_strategy)i;
        }
    }
    dk_log(
        DK_LOG_WARN,
        "kafka",
        "consumerGroupRebalanceStrategy is not range, sticky or roundrobin; range is used",
        "consumerGroupRebalanceStrategy=%s",
        text);
    return KAFKA_STRATEGY_RANGE;
}

/* A word that is no clear yes or no counts as no, as it does for the built-in; its writer may have
 * meant the other. */
static void warn_of_doubtful_flags(struct dk_pairs properties) {
    static const char *const clear[] = {
        "y", "yes", "true", "t", "on", "1", "n", "no", "false", "f", "off", "0"};
    for (const struct dk_option *option = kafka_pubsub_options; option->name != NULL; option++) {
        const struct dk_bytes value = given(properties, option->name);
        bool is_clear = option->type != DK_TRUTHY || value.data == NULL;
        for (size_t i = 0; i < sizeof clear / sizeof clear[0]; i++) {
            is_clear = is_clear || (value.size == strlen(clear[i]) &&
                                    strncasecmp(value.data, clear[i], value.size) == 0);
        }
        if (!is_clear) {
            dk_log(
                DK_LOG_WARN,
                "kafka",
                "neither true nor false; false is used",
                "property=%s value=%.*s",
                option->name,
                (int)value.size,
                value.data);
        }
    }
}

static void warn_of_losses(const struct kafka_config *config) {
    if (config->acks == KAFKA_ACKS_NONE) {
        dk_log(
            DK_LOG_WARN,
            "kafka",
            "no broker confirms what is published: messages get lost unseen",
            "producerRequiredAcks=none");
    }
}

enum dk_error kafka_settings_make(
    const struct kafka_config *config,
    struct dk_pairs properties,
    struct kafka_settings *settings,
    struct dk_fault *fault) {
    struct dk_fault found = {.error = DK_OK};
    const int64_t read_ms = positive_or(config->read_timeout_ms, SOCKET_TIMEOUT_MS);
    const int64_t write_ms = positive_or(config->write_timeout_ms, SOCKET_TIMEOUT_MS);
    const int64_t socket_ms = at_least(at_least(read_ms, write_ms), SOCKET_TIMEOUT_MS_MIN);

    *settings = (struct kafka_settings){.config = config};
    settings->auth = auth_of(config, properties, &found);
    check_login(config, settings, &found);
    check_version(config->version, &found);
    if (is_set(config->registry_url)) {
        (void)dk_fault_set(
            &found,
            DK_UNSUPPORTED,
            "schemaRegistryURL: Avro by a schema registry is not supported; messages of any bytes, "
            "JSON among them, are");
    }
    settings->backoff = backoff_of(config, &found);
    settings->strategy = strategy_of(config->strategy);
    settings->group = is_set(config->group)         ? config->group
                      : is_set(config->consumer_id) ? config->consumer_id
                                                    : "";
    settings->dial_timeout_ms =
        at_least(positive_or(config->dial_timeout_ms, DIAL_TIMEOUT_MS), DIAL_TIMEOUT_MS_MIN);
    settings->init_timeout_ms = positive_or(config->metadata_timeout_ms, settings->dial_timeout_ms);
    settings->socket_timeout_ms =
        socket_ms < SOCKET_TIMEOUT_MS_MAX ? socket_ms : SOCKET_TIMEOUT_MS_MAX;
    settings->metadata_refresh_ms = positive_or(config->metadata_refresh_ms, METADATA_REFRESH_MS);
    settings->message_bytes_max =
        at_least(positive_or(config->message_bytes_max, MESSAGE_BYTES), MESSAGE_BYTES_MIN);
    settings->buffered_max =
        given(properties, "channelBufferSize").data != NULL
            ? config->buffered_max
            : at_least(config->buffered_max, WINDOWS_AHEAD * config->partition_window);
    settings->inflight_bytes_max =
        at_least(config->inflight_bytes_max, 2 * settings->message_bytes_max);
    if (found.error != DK_OK) {
        return dk_fault_set(fault, found.error, "%s", found.text);
    }
    warn_of_doubtful_flags(properties);
    warn_of_losses(config);
    return DK_OK;
}
