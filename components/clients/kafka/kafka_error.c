/*
 * The table from librdkafka's codes to ours.
 */
#include "clients/kafka/kafka_error.h"

#include <inttypes.h>
#include <string.h>

enum { VERSION_SCRAM_MENDED = 0x020601ff };

enum dk_error kafka_error_of(rd_kafka_resp_err_t code) {
    switch ((int)code) { /* of some two hundred, these differ from the rest */
    case RD_KAFKA_RESP_ERR_NO_ERROR:
        return DK_OK;
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
    case RD_KAFKA_RESP_ERR_INVALID_RECORD:
    case RD_KAFKA_RESP_ERR_UNSUPPORTED_COMPRESSION_TYPE:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
        return DK_INVALID;
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
        return DK_DENIED;
    case RD_KAFKA_RESP_ERR__QUEUE_FULL:
    case RD_KAFKA_RESP_ERR_THROTTLING_QUOTA_EXCEEDED:
        return DK_EXHAUSTED;
    default:
        return DK_UNAVAILABLE;
    }
}

bool kafka_error_is_login(rd_kafka_resp_err_t code) {
    return code == RD_KAFKA_RESP_ERR__AUTHENTICATION ||
           code == RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED ||
           code == RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM;
}

const char *kafka_error_login_hint(const char *mechanism, int version) {
    if (mechanism == NULL || strncmp(mechanism, "SCRAM", 5) != 0 ||
        version >= VERSION_SCRAM_MENDED) {
        return "";
    }
    return " (librdkafka before 2.6.1 cannot log in by SCRAM to Kafka 4 and newer, which looks "
           "like "
           "a wrong password: use saslMechanism PLAIN, or a newer librdkafka)";
}

void kafka_error_of_report(
    const rd_kafka_message_t *message,
    int64_t publish_timeout_ms,
    const char *trouble,
    struct dk_fault *fault) {
    const bool is_doubtful = rd_kafka_message_status(message) != RD_KAFKA_MSG_STATUS_NOT_PERSISTED;
    const char *doubt = is_doubtful ? "; the message may have been written" : "";

    if (message->err == RD_KAFKA_RESP_ERR__MSG_TIMED_OUT) {
        (void)dk_fault_set(
            fault,
            DK_UNAVAILABLE,
            "kafka: no broker confirmed within publishTimeout (%" PRId64 " ms)%s%s%s",
            publish_timeout_ms,
            doubt,
            trouble[0] == '\0' ? "" : ": ",
            trouble);
    } else {
        (void)dk_fault_set(
            fault,
            kafka_error_of(message->err),
            "kafka: topic '%s': %s%s",
            rd_kafka_topic_name(message->rkt),
            rd_kafka_err2str(message->err),
            doubt);
    }
}

const char *kafka_error_words(const char *words, char *text, size_t size) {
    static const struct {
        const char *theirs, *ours;
    } names[] = {
        {"ssl.ca.location", "caCert"},
        {"ssl.ca.pem", "caCert"},
        {"ssl.certificate.location", "clientCert"},
        {"ssl.certificate.pem", "clientCert"},
        {"ssl.key.location", "clientKey"},
        {"ssl.key.pem", "clientKey"},
        {"sasl.username", "saslUsername"},
        {"sasl.password", "saslPassword"},
    };
    size_t used = 0;
    while (*words != '\0' && used + 1 < size) {
        const char *part = words;
        size_t part_size = 1, taken = 1;
        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
            if (strncmp(words, names[i].theirs, strlen(names[i].theirs)) == 0) {
                part = names[i].ours;
                part_size = strlen(names[i].ours);
                taken = strlen(names[i].theirs);
            }
        }
        part_size = part_size < size - used - 1 ? part_size : size - used - 1;
        memcpy(text + used, part, part_size);
        used += part_size;
        words += taken;
    }
    text[used] = '\0';
    return text;
}
