#ifndef CLIENTS_KAFKA_CONFIG_H
#define CLIENTS_KAFKA_CONFIG_H

#include <dk/option.h>

enum kafka_auth {
    KAFKA_AUTH_NONE,
    KAFKA_AUTH_PASSWORD,
    KAFKA_AUTH_MTLS,
    KAFKA_AUTH_OIDC,
    KAFKA_AUTH_OIDC_PRIVATE_KEY_JWT,
    KAFKA_AUTH_CERTIFICATE,
    KAFKA_AUTH_AWS_IAM,
};

enum kafka_acks { KAFKA_ACKS_ALL, KAFKA_ACKS_LOCAL, KAFKA_ACKS_NONE };

enum kafka_offset { KAFKA_OFFSET_NEWEST, KAFKA_OFFSET_OLDEST };

enum kafka_strategy { KAFKA_STRATEGY_RANGE, KAFKA_STRATEGY_STICKY, KAFKA_STRATEGY_ROUNDROBIN };

/*
 * What a user writes, as parsed by kafka_pubsub_options or kafka_binding_options. Source:
 * components-contrib, pubsub/kafka and bindings/kafka metadata.yaml. Names, defaults and aliases
 * are the built-in components'.
 */
struct kafka_config {
    const char *brokers;
    int auth;                  /* enum kafka_auth; meaningless unless authType was given */
    const char *auth_required; /* older than authType */
    const char *client_id;
    const char *version;

    bool is_tls_off, is_tls_unverified;
    const char *ca_cert, *client_cert, *client_key; /* PEM text */
    const char *sasl_username, *sasl_password, *sasl_mechanism;
    const char *oidc_endpoint, *oidc_client_id, *oidc_client_secret, *oidc_scopes, *oidc_extensions;
    const char *oidc_assertion_cert, *oidc_assertion_key;
    const char *oidc_resource, *oidc_audience, *oidc_kid;

    int64_t dial_timeout_ms, read_timeout_ms, write_timeout_ms; /* 0 and less: the default */
    int64_t metadata_timeout_ms;                                /* 0 and less: none of its own */
    int64_t metadata_refresh_ms, keep_alive_ms;

    const char *publish_topic; /* output binding */
    int acks;                  /* enum kafka_acks */
    int64_t retries_max;
    int compression; /* index into kafka_compressions */
    int64_t message_bytes_max;
    int64_t publish_timeout_ms;
    int64_t inflight_max, inflight_bytes_max;
    const char *header_exclude_regex;

    const char *topics; /* input binding, a comma list */
    const char *group, *consumer_id;
    int initial_offset; /* enum kafka_offset */
    const char *strategy;
    int64_t session_timeout_ms, heartbeat_ms;
    int64_t fetch_bytes_min, fetch_bytes_default, buffered_max, buffered_bytes_max;
    int64_t partition_window;
    bool is_retry_on;
    int64_t rejoin_ms;
    int backoff_policy; /* index into constant, exponential */
    int64_t backoff_ms, backoff_initial_ms, backoff_max_ms, backoff_elapsed_max_ms;
    const char *backoff_randomization, *backoff_multiplier;
    int64_t backoff_retries_max; /* −1: for ever */
    bool is_header_escaped;
    const char *dead_letter_topic;

    const char *registry_url, *registry_key, *registry_secret;
    bool is_registry_cached, is_avro_json;
    int64_t registry_cache_ms;
};

extern const struct dk_option kafka_pubsub_options[];
extern const struct dk_option kafka_binding_options[];

/* librdkafka's words for compression.codec, NULL-terminated. */
extern const char *const kafka_compressions[];

/* A property "librdkafka.linger.ms" is handed to librdkafka as "linger.ms". */
#define KAFKA_PASS_PREFIX "librdkafka."

/* When a refused message is delivered again. */
struct kafka_backoff {
    bool is_exponential;
    int64_t constant_ms;
    int64_t initial_ms, max_ms;
    int64_t elapsed_max_ms; /* exponential; 0: for ever */
    double randomization, multiplier;
    int64_t retries_max; /* −1: for ever; 0 with retries off */
};

/* What follows from a configuration: what depends on other rows resolved. */
struct kafka_settings {
    const struct kafka_config *config;
    enum kafka_auth auth;
    bool is_tls;
    const char *sasl_mechanism; /* librdkafka's word; NULL: none */
    const char *group;          /* "" when neither consumerGroup nor consumerID was given */
    enum kafka_strategy strategy;
    struct kafka_backoff backoff;
    int64_t dial_timeout_ms, socket_timeout_ms, metadata_refresh_ms;
    int64_t init_timeout_ms; /* of asking whether the brokers answer */
    int64_t message_bytes_max;
    int64_t buffered_max;       /* the next window is there before the last is settled */
    int64_t inflight_bytes_max; /* room for two of the largest messages at least */
};

/*
 * Checks what one row alone cannot: what an authType needs, PEM texts, numbers with a point, the
 * protocol's version, and what is not supported. Logs a warning where the built-in does, and where
 * it takes a word for something its writer may not have meant.
 *
 * `properties` tell what was given: authType beats authRequired.
 * Owner:  the settings point into the configuration.
 * Errors: DK_INVALID, DK_UNSUPPORTED; all faults in one text, secrets left out.
 * Thread: any.
 */
enum dk_error kafka_settings_make(
    const struct kafka_config *config,
    struct dk_pairs properties,
    struct kafka_settings *settings,
    struct dk_fault *fault);

#endif /* CLIENTS_KAFKA_CONFIG_H */
