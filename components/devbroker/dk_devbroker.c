/*
 * dk-devbroker: a Kafka for a first look, without Java, out of librdkafka's mock cluster. It answers
 * real clients on 127.0.0.1 and keeps what they write in memory, within limits that it prints.
 */
#include "devbroker/devbroker_bind.h"

#include <errno.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    PORT_DEFAULT = 9092,
    BROKERS_MAX = 16,
    TOPICS_MAX = 64,
    PARTITIONS_MAX = 1000,
    PARTITIONS_DEFAULT = 4, /* librdkafka's own, for topics made by their first use */
    EXIT_USAGE = 2,
    REASON_BYTES_MAX = 512,
    TOPIC_BYTES_MAX = 249,
    LIST_OFFSETS = 2, /* the request's number in Kafka's protocol */
};

struct topic {
    char name[TOPIC_BYTES_MAX + 1];
    int partitions;
};

struct settings {
    int port, brokers;
    struct topic topics[TOPICS_MAX];
    int topic_count;
};

static const char usage[] =
    "dk-devbroker: a Kafka for a first look, out of librdkafka's mock cluster\n\n"
    "  --port N              port on 127.0.0.1, of the first broker (9092); 0: by chance\n"
    "  --brokers N           number of brokers, on ports one after the other (1 … 16; 1)\n"
    "  --topic NAME[:COUNT]  make a topic with so many partitions (1 … 1000; 4); may be repeated\n"
    "  --help, --version\n";

static const char limits[] =
    "It is no Kafka: it drops the oldest data of a partition beyond 5 MiB or 100000 batches "
    "without\n"
    "a word, keeps nothing when it ends, has neither TLS nor SASL, and takes 3 s for a group's "
    "first\n"
    "member. For a look, not for speed, faults or security: use Apache Kafka for those.\n";

static bool number_read(const char *name, const char *text, int least, int most, int *ret_value) {
    char *end = NULL;
    errno = 0;
    const long value = strtol(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || value < least || value > most) {
        (void)fprintf(
            stderr, "dk-devbroker: %s: '%s' is no number from %d to %d\n", name, text, least, most);
        return false;
    }
    *ret_value = (int)value;
    return true;
}

static bool topic_read(struct settings *settings, const char *text) {
    const char *colon = strrchr(text, ':');
    const size_t size = colon == NULL ? strlen(text) : (size_t)(colon - text);
    struct topic *topic = &settings->topics[settings->topic_count];

    if (settings->topic_count == TOPICS_MAX) {
        (void)fprintf(stderr, "dk-devbroker: --topic: more than %d\n", TOPICS_MAX);
        return false;
    }
    if (size == 0 || size > TOPIC_BYTES_MAX) {
        (void)fprintf(
            stderr,
            "dk-devbroker: --topic: '%s' has no name of 1 … %d bytes\n",
            text,
            TOPIC_BYTES_MAX);
        return false;
    }
    (void)snprintf(topic->name, sizeof topic->name, "%.*s", (int)size, text);
    topic->partitions = PARTITIONS_DEFAULT;
    settings->topic_count++;
    return colon == NULL ||
           number_read("--topic", colon + 1, 1, PARTITIONS_MAX, &topic->partitions);
}

/* −1: run; else the exit code. */
static int arguments_read(struct settings *settings, int count, char **words) {
    for (int i = 1; i < count; i++) {
        const char *name = words[i];
        if (strcmp(name, "--help") == 0) {
            (void)printf("%s\n%s", usage, limits);
            return EXIT_SUCCESS;
        }
        if (strcmp(name, "--version") == 0) {
            (void)printf("dk-devbroker, librdkafka %s\n", rd_kafka_version_str());
            return EXIT_SUCCESS;
        }
        const char *value = i + 1 < count ? words[++i] : NULL;
        bool is_good = false;
        if (value == NULL) {
            (void)fprintf(stderr, "dk-devbroker: '%s' is unknown or lacks its value\n", name);
        } else if (strcmp(name, "--port") == 0) {
            is_good = number_read(name, value, 0, UINT16_MAX - BROKERS_MAX, &settings->port);
        } else if (strcmp(name, "--brokers") == 0) {
            is_good = number_read(name, value, 1, BROKERS_MAX, &settings->brokers);
        } else if (strcmp(name, "--topic") == 0) {
            is_good = topic_read(settings, value);
        } else {
            (void)fprintf(stderr, "dk-devbroker: '%s' is unknown; see --help\n", name);
        }
        if (!is_good) {
            return EXIT_USAGE;
        }
    }
    return -1;
}

static bool topics_make(rd_kafka_mock_cluster_t *cluster, const struct settings *settings) {
    for (int i = 0; i < settings->topic_count; i++) {
        const struct topic *topic = &settings->topics[i];
        const rd_kafka_resp_err_t code =
            rd_kafka_mock_topic_create(cluster, topic->name, topic->partitions, 1);
        if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
            (void)fprintf(
                stderr, "dk-devbroker: topic '%s': %s\n", topic->name, rd_kafka_err2str(code));
            return false;
        }
    }
    return true;
}

static bool ports_check(const struct settings *settings) {
    for (int i = 0; settings->port != 0 && i < settings->brokers; i++) {
        const int port = settings->port + i;
        int code = 0;
        if (!devbroker_bind_works((uint16_t)port, &code)) {
            (void)fprintf(
                stderr,
                "dk-devbroker: --port: 127.0.0.1:%d %s\n",
                port,
                code == EADDRINUSE ? "is taken" : "cannot be listened on");
            return false;
        }
    }
    return true;
}

/* Serves until SIGTERM or SIGINT, which are blocked in every thread. */
static int serve(const struct settings *settings, const sigset_t *ends, rd_kafka_t *host) {
    int number = 0, code = EXIT_FAILURE;
    rd_kafka_mock_cluster_t *cluster = rd_kafka_mock_cluster_new(host, settings->brokers);

    if (cluster == NULL) {
        (void)fprintf(stderr, "dk-devbroker: librdkafka makes no brokers\n");
        return code;
    }
    /* Sarama asks for more of it than the mock does well. */
    (void)rd_kafka_mock_set_apiversion(cluster, LIST_OFFSETS, 0, 3);
    if (topics_make(cluster, settings)) {
        (void)printf(
            "dk-devbroker: ready on %s\n%s", rd_kafka_mock_cluster_bootstraps(cluster), limits);
        (void)fflush(stdout);
        (void)sigwait(ends, &number);
        code = EXIT_SUCCESS;
    }
    rd_kafka_mock_cluster_destroy(cluster);
    return code;
}

int main(int argc, char **argv) {
    struct settings settings = {.port = PORT_DEFAULT, .brokers = 1};
    char reason[REASON_BYTES_MAX] = "";
    sigset_t ends;
    const int over = arguments_read(&settings, argc, argv);
    if (over >= 0) {
        return over;
    }
    (void)sigemptyset(&ends);
    (void)sigaddset(&ends, SIGTERM);
    (void)sigaddset(&ends, SIGINT);
    (void)pthread_sigmask(SIG_BLOCK, &ends, NULL);
    if (!ports_check(&settings)) {
        return EXIT_FAILURE;
    }
    devbroker_bind_from((uint16_t)settings.port);

    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    (void)rd_kafka_conf_set(conf, "client.id", "dk-devbroker", reason, sizeof reason);
    (void)rd_kafka_conf_set(conf, "log_level", "4", reason, sizeof reason); /* warnings */
    rd_kafka_t *host = rd_kafka_new(RD_KAFKA_PRODUCER, conf, reason, sizeof reason);
    if (host == NULL) {
        (void)fprintf(stderr, "dk-devbroker: %s\n", reason);
        rd_kafka_conf_destroy(conf);
        return EXIT_FAILURE;
    }
    const int code = serve(&settings, &ends, host);
    rd_kafka_destroy(host);
    return code;
}
