/*
 * The built-in's behaviour in librdkafka's properties. A failed row does not stop the others: all
 * faults are told at once.
 */
#include "clients/kafka/kafka_conf.h"

#include "clients/kafka/kafka_metrics.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { REASON_BYTES_MAX = 512, NAME_BYTES_MAX = 128 };

/* What is under construction. */
struct making {
    const struct kafka_settings *settings;
    rd_kafka_conf_t *conf;
    struct dk_fault *fault;
};

static void set(const struct making *making, const char *name, const char *value) {
    char reason[REASON_BYTES_MAX] = "";
    if (rd_kafka_conf_set(making->conf, name, value, reason, sizeof reason) != RD_KAFKA_CONF_OK) {
        (void)dk_fault_set(
            making->fault,
            strstr(reason, "not supported in this build") != NULL ? DK_UNSUPPORTED : DK_INVALID,
            "kafka: librdkafka %s refuses '%s': %s",
            rd_kafka_version_str(),
            name,
            reason);
    }
}

static void set_number(const struct making *making, const char *name, int64_t value) {
    char text[24];
    (void)snprintf(text, sizeof text, "%" PRId64, value);
    set(making, name, text);
}

static void set_given(const struct making *making, const char *name, const char *value) {
    if (value != NULL && value[0] != '\0') {
        set(making, name, value);
    }
}

/* ── login ──────────────────────────────────────────────────────────────────────────────────── */

/* {"a":"b","c":"d"} becomes a=b,c=d. */
static void set_extensions(const struct making *making, const char *text) {
    enum { LIST_BYTES_MAX = 8192 };
    char list[LIST_BYTES_MAX] = "";
    size_t used = 0;
    const char *name = NULL;
    json_t *value = NULL;
    json_error_t where;
    json_t *extensions = NULL;

    if (text == NULL || text[0] == '\0') {
        return;
    }
    extensions = json_loads(text, 0, &where);
    bool is_good = json_is_object(extensions) && json_object_size(extensions) > 0;
    json_object_foreach(extensions, name, value) {
        const char *word = json_string_value(value);
        const int size =
            word == NULL
                ? -1
                : snprintf(
                      list + used, sizeof list - used, "%s%s=%s", used == 0 ? "" : ",", name, word);
        is_good = is_good && size > 0 && (size_t)size < sizeof list - used;
        if (!is_good) {
            break;
        }
        used += (size_t)size;
    }
    json_decref(extensions);
    if (is_good) {
        set(making, "sasl.oauthbearer.extensions", list);
    } else {
        (void)dk_fault_set(
            making->fault,
            DK_INVALID,
            "oidcExtensions: is no JSON object of texts such as {\"logicalCluster\":\"lkc-1\"}");
    }
}

/* "a, b" becomes "a b". */
static void set_scopes(const struct making *making, const char *list) {
    char *scopes = strdup(list);
    if (scopes == NULL) {
        (void)dk_fault_set(making->fault, DK_EXHAUSTED, "kafka: no memory for oidcScopes");
        return;
    }
    for (char *comma = strchr(scopes, ','); comma != NULL; comma = strchr(comma, ',')) {
        *comma = ' ';
    }
    set_given(making, "sasl.oauthbearer.scope", scopes);
    free(scopes);
}

static void set_oidc(const struct making *making) {
    const struct kafka_config *config = making->settings->config;
    char reason[REASON_BYTES_MAX];
    if (rd_kafka_conf_set(making->conf, "sasl.oauthbearer.method", "oidc", reason, sizeof reason) !=
        RD_KAFKA_CONF_OK) {
        (void)dk_fault_set(
            making->fault,
            DK_UNSUPPORTED,
            "authType: 'oidc' needs a librdkafka with libcurl, the installed %s has none; none, "
            "password, certificate and mtls are supported",
            rd_kafka_version_str());
        return;
    }
    set_given(making, "sasl.oauthbearer.token.endpoint.url", config->oidc_endpoint);
    set_given(making, "sasl.oauthbearer.client.id", config->oidc_client_id);
    set_given(making, "sasl.oauthbearer.client.secret", config->oidc_client_secret);
    set_scopes(making, config->oidc_scopes);
    set_extensions(making, config->oidc_extensions);
}

static void set_login(const struct making *making) {
    const struct kafka_settings *settings = making->settings;
    const struct kafka_config *config = settings->config;
    const bool is_sasl = settings->sasl_mechanism != NULL;

    set(making,
        "security.protocol",
        settings->is_tls ? (is_sasl ? "sasl_ssl" : "ssl")
                         : (is_sasl ? "sasl_plaintext" : "plaintext"));
    set_given(making, "sasl.mechanism", settings->sasl_mechanism);
    if (settings->auth == KAFKA_AUTH_PASSWORD) {
        set_given(making, "sasl.username", config->sasl_username);
        set_given(making, "sasl.password", config->sasl_password);
    } else if (settings->auth == KAFKA_AUTH_OIDC) {
        set_oidc(making);
    }
    if (!settings->is_tls) {
        return;
    }
    set_given(making, "ssl.ca.pem", config->ca_cert);
    set(making,
        "enable.ssl.certificate.verification",
        config->is_tls_unverified ? "false" : "true");
    if (settings->auth == KAFKA_AUTH_MTLS) {
        set_given(making, "ssl.certificate.pem", config->client_cert);
        set_given(making, "ssl.key.pem", config->client_key);
    }
}

/* ── the rest ───────────────────────────────────────────────────────────────────────────────── */

static void set_connection(const struct making *making) {
    const struct kafka_settings *settings = making->settings;
    const struct kafka_config *config = settings->config;

    set(making, "bootstrap.servers", config->brokers);
    set(making, "client.id", config->client_id);
    set(making, "log.queue", "true");
    set(making, "socket.nagle.disable", "true");
    set(making, "socket.keepalive.enable", config->keep_alive_ms > 0 ? "true" : "false");
    set_number(making, "socket.connection.setup.timeout.ms", settings->dial_timeout_ms);
    set_number(making, "socket.timeout.ms", settings->socket_timeout_ms);
    set_number(making, "topic.metadata.refresh.interval.ms", settings->metadata_refresh_ms);
    if (dk_metrics_are_wanted()) {
        set_number(making, "statistics.interval.ms", KAFKA_STATISTICS_MS);
    }
    set(making, "reconnect.backoff.max.ms", "1000"); /* back soon after an outage */
    set_login(making);
}

/* What a user passes through may be anything but these: our promises rest on them. */
static bool is_ours(const char *name) {
    static const char *const ours[] = {
        "delivery.report.only.error", /* a report answers each publish */
        "transactional.id",           /* a producer that waits for its begin */
        "enable.auto.offset.store",   /* offsets are stored once settled */
        "auto.commit.enable",
        "enable.auto.commit",
        "enable.partition.eof",
        "queued.min.messages",        /* channelBufferSize: we know when a full queue is read */
        "queued.max.messages.kbytes", /* channelBufferBytes */
        "log.queue",                  /* logs reach the loop as events */
    };
    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++) {
        if (strcmp(name, ours[i]) == 0) {
            return true;
        }
    }
    return false;
}

static void pass_on(const struct making *making, struct dk_bytes name, struct dk_bytes value) {
    char property[NAME_BYTES_MAX], reason[REASON_BYTES_MAX] = "";
    char *text = NULL;
    if (name.size >= sizeof property) {
        (void)dk_fault_set(
            making->fault,
            DK_INVALID,
            KAFKA_PASS_PREFIX "%.40s…: the name is longer than any of librdkafka's",
            name.data);
        return;
    }
    (void)snprintf(property, sizeof property, "%.*s", (int)name.size, name.data);
    if (is_ours(property)) {
        (void)dk_fault_set(
            making->fault,
            DK_INVALID,
            KAFKA_PASS_PREFIX
            "%s: cannot be passed through, the component depends on its own value",
            property);
        return;
    }
    text = strndup(value.data, value.size);
    if (text == NULL) {
        (void)dk_fault_set(making->fault, DK_EXHAUSTED, "kafka: no memory for its settings");
        return;
    }
    if (rd_kafka_conf_set(making->conf, property, text, reason, sizeof reason) !=
        RD_KAFKA_CONF_OK) {
        (void)dk_fault_set(making->fault, DK_INVALID, KAFKA_PASS_PREFIX "%s: %s", property, reason);
    }
    free(text);
}

static void set_passed_through(const struct making *making, struct dk_pairs properties) {
    const size_t prefix = strlen(KAFKA_PASS_PREFIX);
    for (size_t i = 0; i < properties.count; i++) {
        const struct dk_bytes key = properties.items[i].key;
        if (key.size > prefix && strncasecmp(key.data, KAFKA_PASS_PREFIX, prefix) == 0) {
            pass_on(
                making,
                (struct dk_bytes){key.data + prefix, key.size - prefix},
                properties.items[i].value);
        }
    }
}

static void set_producer(const struct making *making) {
    static const char *const acks[] = {"all", "1", "0"};
    const struct kafka_settings *settings = making->settings;
    const struct kafka_config *config = settings->config;
    const bool is_idempotent = config->acks == KAFKA_ACKS_ALL && config->retries_max > 0;

    set(making, "acks", acks[config->acks]);
    set(making, "enable.idempotence", is_idempotent ? "true" : "false");
    set(making, "max.in.flight.requests.per.connection", "5");
    set_number(making, "retries", config->retries_max);
    set(making, "retry.backoff.ms", "100");
    set(making, "request.timeout.ms", "10000");
    set_number(making, "message.timeout.ms", config->publish_timeout_ms);
    set(making, "linger.ms", "0"); /* what waits for its turn on the wire leaves together anyway */
    set(making, "sticky.partitioning.linger.ms", "0");
    set(making, "partitioner", "fnv1a_random");
    /* A topic that no broker has made by then does not exist: the built-in says so sooner still. */
    set(making, "topic.metadata.propagation.max.ms", "5000");
    set(making, "compression.codec", kafka_compressions[config->compression]);
    set_number(making, "message.max.bytes", settings->message_bytes_max);
    set_number(making, "queue.buffering.max.messages", config->inflight_max);
    set_number(making, "queue.buffering.max.kbytes", settings->inflight_bytes_max / 1024);
}

static void set_consumer(const struct making *making) {
    static const char *const strategies[] = {"range", "cooperative-sticky", "roundrobin"};
    const struct kafka_settings *settings = making->settings;
    const struct kafka_config *config = settings->config;

    set(making, "group.id", settings->group);
    set(making,
        "auto.offset.reset",
        config->initial_offset == KAFKA_OFFSET_OLDEST ? "earliest" : "latest");
    set(making, "partition.assignment.strategy", strategies[settings->strategy]);
    set_number(making, "session.timeout.ms", config->session_timeout_ms);
    set_number(making, "heartbeat.interval.ms", config->heartbeat_ms);
    set_number(making, "fetch.min.bytes", config->fetch_bytes_min);
    set_number(making, "max.partition.fetch.bytes", config->fetch_bytes_default);
    /* fetch.max.bytes is not set: librdkafka lowers it to queued.max.messages.kbytes, below. */
    /* A broker answers one fetch at a time: while the queue of a busy partition is full, it waits for
     * data of the idle ones alone, and the busy one with it for as long as this. */
    set(making, "fetch.wait.max.ms", "100");
    set_number(making, "queued.min.messages", settings->buffered_max);
    set_number(making, "queued.max.messages.kbytes", config->buffered_bytes_max / 1024);
    set(making, "enable.auto.commit", "true");
    set(making, "enable.auto.offset.store", "false");
    set(making, "auto.commit.interval.ms", "1000");
    set(making, "isolation.level", "read_uncommitted");
    set(making, "allow.auto.create.topics", "true");
}

static enum dk_error make(
    const struct kafka_settings *settings,
    struct dk_pairs properties,
    void (*set_role)(const struct making *making),
    rd_kafka_conf_t **ret_conf,
    struct dk_fault *fault) {
    struct dk_fault found = {.error = DK_OK};
    const struct making making = {settings, rd_kafka_conf_new(), &found};

    set_connection(&making);
    set_role(&making);
    set_passed_through(&making, properties);
    if (found.error != DK_OK) {
        rd_kafka_conf_destroy(making.conf);
        return dk_fault_set(fault, found.error, "%s", found.text);
    }
    *ret_conf = making.conf;
    return DK_OK;
}

enum dk_error kafka_conf_producer(
    const struct kafka_settings *settings,
    struct dk_pairs properties,
    rd_kafka_conf_t **ret_conf,
    struct dk_fault *fault) {
    return make(settings, properties, set_producer, ret_conf, fault);
}

enum dk_error kafka_conf_consumer(
    const struct kafka_settings *settings,
    struct dk_pairs properties,
    rd_kafka_conf_t **ret_conf,
    struct dk_fault *fault) {
    return make(settings, properties, set_consumer, ret_conf, fault);
}
