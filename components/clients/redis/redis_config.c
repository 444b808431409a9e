/*
 * The rows of Redis' settings, and what follows from them.
 */
#include "clients/redis/redis_config.h"

#include <string.h>
#include <strings.h>

#define YEAR_MS (INT64_C(365) * 24 * HOUR_MS)

enum {
    HOUR_MS = 3600 * 1000,
    DIAL_TIMEOUT_MS = 5000,
    READ_TIMEOUT_MS = 3000,
    WAIT_EXTRA_MS = 1000,
    INFLIGHT_MIN = 64,
    INFLIGHT_MAX = 1024 * 1024,
    PEM_BYTES_MAX = 256 * 1024,
    TEXT_BYTES_MAX = 4096,
    NS_PER_MS = 1000000,
};

static const char *const type_words[] = {"node", "cluster", NULL};
static const char *const retries_aliases[] = {"maxRetries", NULL};

#define AT(field, ctype) DK_FIELD(struct redis_config, field, ctype)
#define TEXT(field)      AT(field, const char *)
#define NUMBER(field)    AT(field, int64_t)

/* clang-format off */
const struct dk_option redis_options[] = {
    /* name, type, where, default, min, max, flags, help, aliases, words, sentinel, its value */
    {"redisHost", DK_TEXT, TEXT(host), NULL, 1, TEXT_BYTES_MAX, DK_REQUIRED,
     "Server address as host:port, [IPv6]:port or /path/of/a/unix/socket; with failover, a comma list of sentinels."},
    {"redisPort", DK_INT, NUMBER(port), NULL, 0, UINT16_MAX, 0,
     "Port for hosts that name none; 6379 when absent."},
    {"redisPassword", DK_TEXT, TEXT(password), NULL, 0, TEXT_BYTES_MAX, DK_SECRET,
     "Password of the user."},
    {"redisUsername", DK_TEXT, TEXT(username), NULL, 0, TEXT_BYTES_MAX, 0,
     "ACL user (Redis 6 and newer); needs the right +@scripting besides reading and writing."},
    {"redisDB", DK_INT, NUMBER(database), "0", 0, INT32_MAX, 0,
     "Database to select after connecting."},
    {"redisType", DK_ENUM, AT(type, int), "node", 0, 0, 0,
     "Kind of server; cluster is known and refused. Other words are refused too, where the built-in takes them for node: a typing error must not end at the wrong server.", NULL, type_words, NULL, 0},
    {"failover", DK_BOOL, AT(failover, bool), "false", 0, 0, 0,
     "Ask the sentinels in redisHost for the master."},
    {"sentinelMasterName", DK_TEXT, TEXT(master_name), NULL, 0, TEXT_BYTES_MAX, 0,
     "Name under which the sentinels watch the master; required with failover."},
    {"sentinelUsername", DK_TEXT, TEXT(sentinel_username), NULL, 0, TEXT_BYTES_MAX, 0,
     "ACL user for the sentinels."},
    {"sentinelPassword", DK_TEXT, TEXT(sentinel_password), NULL, 0, TEXT_BYTES_MAX, DK_SECRET,
     "Password for the sentinels."},
    {"enableTLS", DK_BOOL, AT(is_tls, bool), "false", 0, 0, 0,
     "Speak TLS; certificates are checked against the system's authorities."},
    {"insecureSkipTLSVerify", DK_BOOL, AT(is_tls_unverified, bool), "false", 0, 0, 0,
     "Accept any certificate; for tests only."},
    {"clientCert", DK_TEXT, TEXT(client_cert), NULL, 0, PEM_BYTES_MAX, 0,
     "Client certificate as PEM text; used together with clientKey."},
    {"clientKey", DK_TEXT, TEXT(client_key), NULL, 0, PEM_BYTES_MAX, DK_SECRET,
     "Key of the client certificate as PEM text."},
    {"caCert", DK_TEXT, TEXT(ca_cert), NULL, 0, PEM_BYTES_MAX, 0,
     "Authorities to trust instead of the system's, as PEM text; the built-in has no such property."},
    {"redisMaxRetries", DK_INT, NUMBER(retries_max), "3", -1, 1000, 0,
     "0 or -1: a read whose answer was lost is not sent again; else it is, once. Writes never are.", retries_aliases, NULL, NULL, 0},
    {"redisMinRetryInterval", DK_DURATION_MS, NUMBER(retry_ms_min), "2s", 0, HOUR_MS, 0,
     "First wait before dialling again, doubled up to redisMaxRetryInterval, which also limits it; -1 for none.", NULL, NULL, "-1", -1},
    {"redisMaxRetryInterval", DK_DURATION_MS, NUMBER(retry_ms_max), "512ms", 0, HOUR_MS, 0,
     "Longest wait before dialling again; -1 for none.", NULL, NULL, "-1", -1},
    {"maxRetryBackoff", DK_INT, NUMBER(retry_legacy_ns), NULL, 0, INT64_C(3600) * 1000 * NS_PER_MS, 0,
     "Older name for redisMinRetryInterval, in nanoseconds."},
    {"dialTimeout", DK_DURATION_MS, NUMBER(dial_timeout_ms), "5s", 0, HOUR_MS, 0,
     "Time for resolving, connecting and TLS."},
    {"readTimeout", DK_DURATION_MS, NUMBER(read_timeout_ms), "3s", 0, HOUR_MS, 0,
     "A server that owes answers and sends no byte for so long counts as lost; -1 for no limit.", NULL, NULL, "-1", -1},
    {"writeTimeout", DK_DURATION_MS, NUMBER(write_timeout_ms), NULL, 0, HOUR_MS, 0,
     "A server that takes no byte for so long counts as lost; readTimeout when absent, -1 for no limit.", NULL, NULL, "-1", -1},
    {"poolTimeout", DK_DURATION_MS, NUMBER(wait_ms), NULL, 0, HOUR_MS, 0,
     "How long a call waits for the connection during an outage; readTimeout and one second when absent."},
    {"poolSize", DK_INT, NUMBER(pool_size), NULL, 0, INT32_MAX, DK_UNUSED,
     "Accepted and not used: one connection carries all calls in a pipeline, and a second one strong writes where there are replicas."},
    {"minIdleConns", DK_INT, NUMBER(idle_min), NULL, 0, INT32_MAX, DK_UNUSED,
     "Accepted and not used: connections are opened when they are needed."},
    {"maxConnAge", DK_DURATION_MS, NUMBER(age_ms_max), NULL, 0, YEAR_MS, DK_UNUSED,
     "Accepted and not used: the connection stays while it works.", NULL, NULL, "-1", -1},
    {"idleTimeout", DK_DURATION_MS, NUMBER(idle_ms_max), NULL, 0, YEAR_MS, DK_UNUSED,
     "Accepted and not used: keep-alive probes watch an idle connection.", NULL, NULL, "-1", -1},
    {"idleCheckFrequency", DK_DURATION_MS, NUMBER(idle_check_ms), NULL, 0, YEAR_MS, DK_UNUSED,
     "Accepted and not used.", NULL, NULL, "-1", -1},
    {"ttlInSeconds", DK_INT, NUMBER(ttl_s), "none", INT32_MIN, INT32_MAX, 0,
     "Time to live of keys whose request names none; 0 and less take a key's time to live away.", NULL, NULL, "none", REDIS_TTL_NONE},
    {"inflightMax", DK_INT, NUMBER(inflight_max), "16384", INFLIGHT_MIN, INFLIGHT_MAX, 0,
     "Commands that may await their answers; one more is answered with ResourceExhausted."},
    {"useOIDC", DK_BOOL, AT(is_oidc, bool), "false", 0, 0, 0,
     "Login by OIDC token; known and refused."},
    {"useEntraID", DK_BOOL, AT(is_entra, bool), "false", 0, 0, 0,
     "Login by Microsoft Entra ID; known and refused."},
    {"queryIndexes", DK_TEXT, TEXT(query_indexes), NULL, 0, 0, 0,
     "Indexes for the query API, which needs RedisJSON; known and refused."},
    DK_OPTION_END,
};
/* clang-format on */

static bool is_given(struct dk_pairs properties, const char *name) {
    for (size_t i = 0; i < properties.count; i++) {
        const struct dk_bytes key = properties.items[i].key;
        if (key.size == strlen(name) && strncasecmp(key.data, name, key.size) == 0) {
            return properties.items[i].value.size > 0;
        }
    }
    return false;
}

static bool is_set(const char *text) {
    return text != NULL && text[0] != '\0';
}

/* −1 turns a limit off, 0 asks for the default. */
static int64_t limit_ms(int64_t given, int64_t fallback) {
    return given < 0 ? 0 : given == 0 ? fallback : given;
}

static void check_supported(const struct redis_config *config, struct dk_fault *fault) {
    if (config->type == REDIS_CLUSTER) {
        (void)dk_fault_set(
            fault,
            DK_UNSUPPORTED,
            "redisType: 'cluster' is not supported; node is, alone or behind sentinels (failover)");
    }
    if (config->is_oidc) {
        (void)dk_fault_set(
            fault,
            DK_UNSUPPORTED,
            "useOIDC: is not supported; redisUsername with redisPassword and TLS certificates are");
    }
    if (config->is_entra) {
        (void)dk_fault_set(
            fault,
            DK_UNSUPPORTED,
            "useEntraID: is not supported; redisUsername with redisPassword and TLS certificates "
            "are");
    }
    if (is_set(config->query_indexes)) {
        (void)dk_fault_set(
            fault,
            DK_UNSUPPORTED,
            "queryIndexes: queries on RedisJSON are not supported; get, set, delete, bulk and "
            "transactions are");
    }
}

static void check_together(
    const struct redis_config *config,
    const struct redis_settings *settings,
    struct dk_fault *fault) {
    if (config->failover && !is_set(config->master_name)) {
        (void)dk_fault_set(
            fault, DK_INVALID, "sentinelMasterName: is required when failover is true");
    }
    if (!config->failover && config->type == REDIS_NODE && settings->address_count > 1) {
        (void)dk_fault_set(
            fault,
            DK_INVALID,
            "redisHost: '%s' names several hosts without failover",
            config->host);
    }
    if (is_set(config->username) && !is_set(config->password)) {
        (void)dk_fault_set(fault, DK_INVALID, "redisUsername: needs a redisPassword");
    }
}

enum dk_error redis_settings_make(
    const struct redis_config *config,
    struct dk_pairs properties,
    struct redis_settings *settings,
    struct dk_fault *fault) {
    struct dk_fault found = {.error = DK_OK};

    *settings = (struct redis_settings){.config = config};
    (void)redis_addresses_parse(
        config->host, config->port, settings->addresses, &settings->address_count, &found);
    check_together(config, settings, &found);
    check_supported(config, &found);

    settings->dial_timeout_ms = limit_ms(config->dial_timeout_ms, DIAL_TIMEOUT_MS);
    settings->read_timeout_ms = limit_ms(config->read_timeout_ms, READ_TIMEOUT_MS);
    settings->write_timeout_ms = limit_ms(config->write_timeout_ms, settings->read_timeout_ms);
    settings->wait_ms = limit_ms(config->wait_ms, settings->read_timeout_ms + WAIT_EXTRA_MS);
    settings->retry_ms_min = config->retry_ms_min;
    settings->retry_ms_max = config->retry_ms_max;
    if (config->retry_legacy_ns > 0 && !is_given(properties, "redisMinRetryInterval")) {
        settings->retry_ms_min = config->retry_legacy_ns / NS_PER_MS;
    }
    settings->reads_again_max = config->retries_max > 0 ? 1 : 0;
    return found.error == DK_OK ? DK_OK : dk_fault_set(fault, found.error, "%s", found.text);
}
