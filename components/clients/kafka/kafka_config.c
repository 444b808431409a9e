/*
 * The rows of Kafka's settings. One list makes both tables: pub/sub and bindings differ in the
 * default of consumeRetryEnabled, and only bindings name their topics. What follows from the rows is
 * in kafka_settings.c.
 */
#include "clients/kafka/kafka_config.h"

enum {
    SECOND_MS = 1000,
    MINUTE_MS = 60 * SECOND_MS,
    HOUR_MS = 60 * MINUTE_MS,
    DAY_MS = 24 * HOUR_MS,
    PEM_BYTES_MAX = 256 * 1024,
    TEXT_BYTES_MAX = 4096,
    LIST_BYTES_MAX = 64 * 1024,
    MESSAGE_BYTES_MAX = 1000 * 1000 * 1000,
    INFLIGHT_BYTES_MIN = 1024 * 1024,
    FETCH_BYTES_MIN_MAX = 100 * 1000 * 1000,
    INFLIGHT_MAX = 1000 * 1000,
    BUFFERED_MAX = 10 * 1000 * 1000,
};

static const char *const auth_words[] = {
    "none", "password", "mtls", "oidc", "oidc_private_key_jwt", "certificate", "awsiam", NULL};
static const char *const acks_words[] = {"all", "local", "none", NULL};
static const char *const offset_words[] = {"newest", "oldest", NULL};
static const char *const policy_words[] = {"constant", "exponential", NULL};
const char *const kafka_compressions[] = {"none", "gzip", "snappy", "lz4", "zstd", NULL};

#define AT(field, ctype) DK_FIELD(struct kafka_config, field, ctype)
#define TEXT(field)      AT(field, const char *)
#define NUMBER(field)    AT(field, int64_t)
#define WORD(field)      AT(field, int)
#define FLAG(field)      AT(field, bool)

/* clang-format off */
#define CONNECTION_ROWS                                                                               \
    {"brokers", DK_TEXT, TEXT(brokers), NULL, 1, LIST_BYTES_MAX, DK_REQUIRED,                         \
     "Addresses of brokers to begin with, as host:port, with commas between."},                       \
    {"authType", DK_ENUM, WORD(auth), NULL, 0, 0, 0,                                                  \
     "How to log in; required unless authRequired is given. TLS is on for all but none. oidc_private_key_jwt and awsiam are known and refused.", NULL, auth_words, NULL, 0},  \
    {"authRequired", DK_TEXT, TEXT(auth_required), NULL, 0, TEXT_BYTES_MAX, 0,                        \
     "Older than authType and used without it: false is none; true is password with a saslPassword, else mtls."}, \
    {"clientID", DK_TEXT, TEXT(client_id), "sarama", 0, TEXT_BYTES_MAX, 0,                            \
     "Name of this client in the brokers' logs and quotas; the built-in's library's own by default."},   \
    {"version", DK_TEXT, TEXT(version), "2.0.0", 0, TEXT_BYTES_MAX, DK_UNUSED,                        \
     "Checked for its form and not used: librdkafka agrees on versions with each broker."},           \
    {"disableTls", DK_TRUTHY, FLAG(is_tls_off), "false", 0, 0, 0,                                     \
     "Speak without TLS; mtls refuses it."},                                                          \
    {"skipVerify", DK_TRUTHY, FLAG(is_tls_unverified), "false", 0, 0, 0,                              \
     "Accept any certificate of a broker; for tests only."},                                          \
    {"caCert", DK_TEXT, TEXT(ca_cert), NULL, 0, PEM_BYTES_MAX, 0,                                     \
     "Authorities to trust for the brokers instead of the system's, as PEM text; required by certificate. The oidc token endpoint is checked against the system's."},   \
    {"clientCert", DK_TEXT, TEXT(client_cert), NULL, 0, PEM_BYTES_MAX, 0,                             \
     "Client certificate as PEM text; required by mtls."},                                            \
    {"clientKey", DK_TEXT, TEXT(client_key), NULL, 0, PEM_BYTES_MAX, DK_SECRET,                       \
     "Key of the client certificate as PEM text; required by mtls."},                                 \
    {"saslUsername", DK_TEXT, TEXT(sasl_username), NULL, 0, TEXT_BYTES_MAX, 0,                        \
     "User; required by password."},                                                                  \
    {"saslPassword", DK_TEXT, TEXT(sasl_password), NULL, 0, TEXT_BYTES_MAX, DK_SECRET,                \
     "Password of the user; required by password."},                                                  \
    {"saslMechanism", DK_TEXT, TEXT(sasl_mechanism), "PLAIN", 0, TEXT_BYTES_MAX, 0,                   \
     "SHA-256 and SHA-512, written so, are SCRAM; every other word is PLAIN. librdkafka before 2.6.1 cannot do SCRAM with Kafka 4."}, \
    {"oidcTokenEndpoint", DK_TEXT, TEXT(oidc_endpoint), NULL, 0, TEXT_BYTES_MAX, 0,                   \
     "URL that gives tokens for client credentials; required by oidc."},                              \
    {"oidcClientID", DK_TEXT, TEXT(oidc_client_id), NULL, 0, TEXT_BYTES_MAX, 0,                       \
     "Client that asks for the token; required by oidc."},                                            \
    {"oidcClientSecret", DK_TEXT, TEXT(oidc_client_secret), NULL, 0, TEXT_BYTES_MAX, DK_SECRET,       \
     "Secret of the client; required by oidc."},                                                      \
    {"oidcScopes", DK_TEXT, TEXT(oidc_scopes), "openid", 0, TEXT_BYTES_MAX, 0,                        \
     "Scopes to ask for, with commas between."},                                                      \
    {"oidcExtensions", DK_TEXT, TEXT(oidc_extensions), NULL, 0, TEXT_BYTES_MAX, 0,                    \
     "JSON object of texts, sent to the broker beside the token."},                                   \
    {"oidcClientAssertionCert", DK_TEXT, TEXT(oidc_assertion_cert), NULL, 0, PEM_BYTES_MAX, DK_UNUSED,\
     "Belongs to oidc_private_key_jwt, which is refused."},                                           \
    {"oidcClientAssertionKey", DK_TEXT, TEXT(oidc_assertion_key), NULL, 0, PEM_BYTES_MAX, DK_SECRET | DK_UNUSED, \
     "Belongs to oidc_private_key_jwt, which is refused."},                                           \
    {"oidcResource", DK_TEXT, TEXT(oidc_resource), NULL, 0, TEXT_BYTES_MAX, DK_UNUSED,                \
     "Belongs to oidc_private_key_jwt, which is refused."},                                           \
    {"oidcAudience", DK_TEXT, TEXT(oidc_audience), NULL, 0, TEXT_BYTES_MAX, DK_UNUSED,                \
     "Belongs to oidc_private_key_jwt, which is refused."},                                           \
    {"oidcKid", DK_TEXT, TEXT(oidc_kid), NULL, 0, TEXT_BYTES_MAX, DK_UNUSED,                          \
     "Belongs to oidc_private_key_jwt, which is refused."},                                           \
    {"dialTimeout", DK_DURATION_S, NUMBER(dial_timeout_ms), "30s", -DAY_MS, DAY_MS, 0,                \
     "Time for connecting, TLS and login; 0 and less are the default, less than 1s counts as 1s."},   \
    {"readTimeout", DK_DURATION_S, NUMBER(read_timeout_ms), "30s", -DAY_MS, DAY_MS, 0,                \
     "Time for a request and its answer; the larger of readTimeout and writeTimeout counts, at most 5m. 0 and less are the default."},      \
    {"writeTimeout", DK_DURATION_S, NUMBER(write_timeout_ms), "30s", -DAY_MS, DAY_MS, 0,              \
     "See readTimeout."},                                                                             \
    {"metadataTimeout", DK_DURATION_S, NUMBER(metadata_timeout_ms), "0", -DAY_MS, DAY_MS, 0,          \
     "Time Init gives the brokers to tell of themselves; 0 and less: dialTimeout."},                  \
    {"clientConnectionTopicMetadataRefreshInterval", DK_DURATION_S, NUMBER(metadata_refresh_ms), "8m", -DAY_MS, HOUR_MS, 0, \
     "How often brokers are asked where partitions are; 0 and less are the default."},                \
    {"clientConnectionKeepAliveInterval", DK_DURATION_S, NUMBER(keep_alive_ms), "0", -DAY_MS, DAY_MS, 0, \
     "Above 0: TCP keep-alive probes, at the system's interval."}

#define PRODUCER_ROWS                                                                                 \
    {"producerRequiredAcks", DK_ENUM, WORD(acks), "all", 0, 0, 0,                                     \
     "Who must have a message before its publish is answered: all replicas in sync, the leader (local), or none, which loses messages.", NULL, acks_words, NULL, 0}, \
    {"producerRetryMax", DK_INT, NUMBER(retries_max), "5", 0, INT32_MAX, 0,                           \
     "Times a message is sent again, 100 ms apart; above 0 and with acks of all, the producer is idempotent: nothing is doubled or reordered."}, \
    {"compression", DK_ENUM, WORD(compression), "none", 0, 0, 0,                                      \
     "Codec of the messages' batches.", NULL, kafka_compressions, NULL, 0},                           \
    {"maxMessageBytes", DK_INT, NUMBER(message_bytes_max), "1048576", INT32_MIN, MESSAGE_BYTES_MAX, 0,\
     "Largest message with key and headers; 0 and less are the default, less than 1000 counts as 1000."}, \
    {"publishTimeout", DK_DURATION_S, NUMBER(publish_timeout_ms), "30s", SECOND_MS, HOUR_MS, 0,       \
     "How long a message waits for its broker, retries included, before its publish fails; the built-in has no such property."}, \
    {"inflightMax", DK_INT, NUMBER(inflight_max), "16384", 1, INFLIGHT_MAX, 0,                        \
     "Messages on their way to brokers; as many more may wait for a place, and one beyond is answered with ResourceExhausted. The built-in has no such property."}, \
    {"inflightBytesMax", DK_INT, NUMBER(inflight_bytes_max), "67108864", INFLIGHT_BYTES_MIN, INT32_MAX, 0,   \
     "Bytes of the messages on their way to brokers, at least twice maxMessageBytes. The built-in has no such property."},            \
    {"excludeHeaderMetaRegex", DK_TEXT, TEXT(header_exclude_regex), NULL, 0, TEXT_BYTES_MAX, 0,       \
     "Metadata whose names match do not become headers, nor headers metadata; PCRE2 syntax, which has Go's and more."}

#define CONSUMER_ROWS(retry_default)                                                                  \
    {"consumerGroup", DK_TEXT, TEXT(group), NULL, 0, TEXT_BYTES_MAX, 0,                               \
     "Group that shares the messages; consumerID when absent."},                                      \
    {"consumerID", DK_TEXT, TEXT(consumer_id), NULL, 0, TEXT_BYTES_MAX, 0,                            \
     "Set by daprd to the application's id for pub/sub, not for bindings."},                          \
    {"initialOffset", DK_ENUM, WORD(initial_offset), "newest", 0, 0, 0,                               \
     "Where a group without offsets begins.", NULL, offset_words, NULL, 0},                           \
    {"consumerGroupRebalanceStrategy", DK_TEXT, TEXT(strategy), "range", 0, TEXT_BYTES_MAX, 0,        \
     "range, sticky or roundrobin; other words are range, with a warning. sticky is librdkafka's cooperative-sticky, which shares no group with the built-in's sticky."}, \
    {"sessionTimeout", DK_DURATION_S, NUMBER(session_timeout_ms), "10s", 1, HOUR_MS, 0,               \
     "A member silent for so long is taken out of the group."},                                       \
    {"heartbeatInterval", DK_DURATION_S, NUMBER(heartbeat_ms), "3s", 1, HOUR_MS, 0,                   \
     "How often a member says that it lives."},                                                       \
    {"consumerFetchMin", DK_INT, NUMBER(fetch_bytes_min), "1", 1, FETCH_BYTES_MIN_MAX, 0,             \
     "Bytes a broker gathers before it answers a fetch, for 100 ms at most."},                        \
    {"consumerFetchDefault", DK_INT, NUMBER(fetch_bytes_default), "1048576", 1, MESSAGE_BYTES_MAX, 0, \
     "Bytes of one partition in an answer; a larger message still comes, alone."},                    \
    {"channelBufferSize", DK_INT, NUMBER(buffered_max), "256", 1, BUFFERED_MAX, 0,                  \
     "Messages fetched ahead of each partition, to which one more answer of consumerFetchDefault may come; where it is not given, eight times partitionWindow at least."}, \
    {"channelBufferBytes", DK_INT, NUMBER(buffered_bytes_max), "8388608", 1024, INT32_MAX, 0, \
     "Bytes fetched ahead of each partition, to which one more answer of consumerFetchDefault may come. The built-in has no such property."}, \
    {"partitionWindow", DK_INT, NUMBER(partition_window), "1", 1, 65536, 0,                           \
     "Messages of one partition at the application at once. 1 keeps the partition's order; with more, a refused message comes after later ones. The built-in has no such property."}, \
    {"consumeRetryEnabled", DK_TRUTHY, FLAG(is_retry_on), retry_default, 0, 0, 0,                     \
     "Deliver a refused message again, in its place, by the backOff properties."},                    \
    {"consumeRetryInterval", DK_DURATION_MS, NUMBER(rejoin_ms), "100ms", 0, HOUR_MS, 0,               \
     "Pause before joining the group again after it broke; a bare number counts milliseconds. Not the delay of messages."}, \
    {"backOffPolicy", DK_ENUM, WORD(backoff_policy), "constant", 0, 0, 0,                             \
     "How delays between deliveries of a refused message grow.", NULL, policy_words, NULL, 0},        \
    {"backOffDuration", DK_DURATION_MS, NUMBER(backoff_ms), "5s", 0, DAY_MS, 0,                       \
     "Delay of the constant policy; a bare number counts milliseconds."},                             \
    {"backOffInitialInterval", DK_DURATION_MS, NUMBER(backoff_initial_ms), "500ms", 0, DAY_MS, 0,     \
     "First delay of the exponential policy; a bare number counts milliseconds."},                    \
    {"backOffRandomizationFactor", DK_TEXT, TEXT(backoff_randomization), "0.5", 0, TEXT_BYTES_MAX, 0, \
     "Part of a delay that is left to chance, from 0 to 1."},                                         \
    {"backOffMultiplier", DK_TEXT, TEXT(backoff_multiplier), "1.5", 0, TEXT_BYTES_MAX, 0,             \
     "Factor from one delay to the next, 1 and more."},                                               \
    {"backOffMaxInterval", DK_DURATION_MS, NUMBER(backoff_max_ms), "60s", 0, DAY_MS, 0,               \
     "Longest delay of the exponential policy; a bare number counts milliseconds."},                  \
    {"backOffMaxElapsedTime", DK_DURATION_MS, NUMBER(backoff_elapsed_max_ms), "15m", 0, DAY_MS, 0, \
     "The exponential policy gives a message up after so long; 0 never. A bare number counts milliseconds."}, \
    {"backOffMaxRetries", DK_INT, NUMBER(backoff_retries_max), "-1", -1, INT32_MAX, 0,                \
     "Deliveries after the first; -1 for ever."},                                                     \
    {"deadLetterTopic", DK_TEXT, TEXT(dead_letter_topic), NULL, 0, 249, 0,                            \
     "Topic that takes a message whose retries are spent; without one it is skipped with a warning. The built-in has no such property; daprd's own deadLetterTopic of a subscription comes before."}, \
    {"escapeHeaders", DK_TRUTHY, FLAG(is_header_escaped), "false", 0, 0, 0,                           \
     "Percent-escape key and header values on delivery; without it only those that are no UTF-8 are."}, \
    {"schemaRegistryURL", DK_TEXT, TEXT(registry_url), NULL, 0, TEXT_BYTES_MAX, 0,                    \
     "Schema registry for Avro; known and refused."},                                                 \
    {"schemaRegistryAPIKey", DK_TEXT, TEXT(registry_key), NULL, 0, TEXT_BYTES_MAX, DK_UNUSED,         \
     "Belongs to schemaRegistryURL, which is refused."},                                              \
    {"schemaRegistryAPISecret", DK_TEXT, TEXT(registry_secret), NULL, 0, TEXT_BYTES_MAX, DK_SECRET | DK_UNUSED, \
     "Belongs to schemaRegistryURL, which is refused."},                                              \
    {"schemaCachingEnabled", DK_TRUTHY, FLAG(is_registry_cached), "true", 0, 0, DK_UNUSED,            \
     "Belongs to schemaRegistryURL, which is refused."},                                              \
    {"schemaLatestVersionCacheTTL", DK_DURATION_S, NUMBER(registry_cache_ms), "5m", 0, 0, DK_UNUSED,  \
     "Belongs to schemaRegistryURL, which is refused."},                                              \
    {"useAvroJSON", DK_TRUTHY, FLAG(is_avro_json), "false", 0, 0, DK_UNUSED,                          \
     "Belongs to schemaRegistryURL, which is refused."}

const struct dk_option kafka_pubsub_options[] = {
    /* name, type, where, default, min, max, flags, help, aliases, words, sentinel, its value */
    CONNECTION_ROWS,
    PRODUCER_ROWS,
    CONSUMER_ROWS("true"),
    DK_OPTION_END,
};

const struct dk_option kafka_binding_options[] = {
    CONNECTION_ROWS,
    {"publishTopic", DK_TEXT, TEXT(publish_topic), NULL, 0, 249, 0,
     "Topic the output binding writes to."},
    PRODUCER_ROWS,
    {"topics", DK_TEXT, TEXT(topics), NULL, 0, LIST_BYTES_MAX, 0,
     "Topics the input binding reads, with commas between."},
    CONSUMER_ROWS("false"),
    DK_OPTION_END,
};
/* clang-format on */
