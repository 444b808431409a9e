#ifndef CLIENTS_REDIS_CONFIG_H
#define CLIENTS_REDIS_CONFIG_H

#include "clients/redis/redis_address.h"

#include <dk/option.h>

enum redis_type { REDIS_NODE, REDIS_CLUSTER };

/* ttlInSeconds was not given: "not given" and 0 differ, 0 takes a key's TTL away. */
#define REDIS_TTL_NONE INT64_MIN

/*
 * What a user writes, as parsed by redis_options. Source: components-contrib, state/redis
 * metadata.yaml. Names, defaults and aliases are the built-in component's.
 */
struct redis_config {
    const char *host;
    int64_t port; /* 0: not given */
    const char *username, *password;
    int64_t database;
    int type; /* enum redis_type */
    bool failover;
    const char *master_name, *sentinel_username, *sentinel_password;
    bool is_tls, is_tls_unverified;
    const char *client_cert, *client_key, *ca_cert; /* PEM text */
    int64_t retries_max;
    int64_t retry_ms_min, retry_ms_max; /* −1: no back-off */
    int64_t retry_legacy_ns;            /* 0: not given */
    int64_t dial_timeout_ms;            /* 0: the default */
    int64_t read_timeout_ms;            /* 0: the default; −1: none */
    int64_t write_timeout_ms;           /* 0: as read_timeout_ms; −1: none */
    int64_t wait_ms;                    /* 0: read_timeout_ms and a second */
    int64_t pool_size, idle_min;        /* unused: one connection pipelines */
    int64_t age_ms_max, idle_ms_max, idle_check_ms;
    int64_t ttl_s; /* REDIS_TTL_NONE: not given */
    int64_t inflight_max;
    bool is_oidc, is_entra;
    const char *query_indexes;
};

extern const struct dk_option redis_options[];

/* What follows from a configuration: addresses read, defaults that depend on others resolved. */
struct redis_settings {
    const struct redis_config *config;
    struct redis_address addresses[REDIS_ADDRESSES_MAX]; /* the server, or the sentinels */
    size_t address_count;
    int64_t dial_timeout_ms;
    int64_t read_timeout_ms, write_timeout_ms; /* 0: none */
    int64_t wait_ms;                           /* how long a call waits for a connection */
    int64_t retry_ms_min, retry_ms_max;
    unsigned reads_again_max; /* times a read is sent again when its answer was lost: 0 or 1 */
};

/*
 * Checks what one row alone cannot: hosts against redisPort, failover against its master's name,
 * and what is not supported.
 *
 * `properties` tells whether redisMinRetryInterval was given, which beats maxRetryBackoff.
 * Owner:  the settings point into the configuration.
 * Errors: DK_INVALID, DK_UNSUPPORTED; all faults in one text.
 * Thread: any.
 */
enum dk_error redis_settings_make(
    const struct redis_config *config,
    struct dk_pairs properties,
    struct redis_settings *settings,
    struct dk_fault *fault);

#endif /* CLIENTS_REDIS_CONFIG_H */
