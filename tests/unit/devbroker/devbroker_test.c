/* dk-devbroker as its users start it: its ports, its words, its end. */
#include "support/child.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <librdkafka/rdkafka.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WAIT_MS = 20000, LOOK_EVERY_MS = 5, OUTPUT_BYTES_MAX = 4096 };

#define PROGRAM DK_PROGRAMS "/dk-devbroker"

static char folder[] = "/tmp/dk-devbroker-XXXXXX";
static pid_t broker;

static void begin(void) {
    child_folder_make(folder);
}

static void end(void) {
    int status = 0;
    if (broker > 0) {
        (void)kill(broker, SIGKILL);
        (void)waitpid(broker, &status, 0);
    }
    child_folder_remove(folder);
}

TestSuite(devbroker, .init = begin, .fini = end);

static const char *output(void) {
    static char text[OUTPUT_BYTES_MAX];
    char path[64];
    (void)snprintf(path, sizeof path, "%s/output", folder);
    FILE *file = fopen(path, "r");
    const size_t size = file == NULL ? 0 : fread(text, 1, sizeof text - 1, file);
    text[size] = '\0';
    if (file != NULL) {
        (void)fclose(file);
    }
    return text;
}

static void await_words(const char *words) {
    int status = 0;
    for (int waited = 0; strstr(output(), words) == NULL; waited += LOOK_EVERY_MS) {
        cr_assert(lt(int, waited, WAIT_MS), "'%s' was never said: %s", words, output());
        cr_assert(not(child_has_ended(broker, &status)), "it ended: %s", output());
        child_pause_ms(LOOK_EVERY_MS);
    }
}

static int await_end(void) {
    int status = 0;
    for (int waited = 0; !child_has_ended(broker, &status); waited += LOOK_EVERY_MS) {
        cr_assert(lt(int, waited, WAIT_MS), "it does not end");
        child_pause_ms(LOOK_EVERY_MS);
    }
    broker = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* A loopback socket that is bound: its port is nobody else's until it is closed. */
static int port_take(int *ret_port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    const int descriptor = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert(eq(int, bind(descriptor, (struct sockaddr *)&address, sizeof address), 0));
    cr_assert(eq(int, listen(descriptor, 1), 0));
    cr_assert(eq(int, getsockname(descriptor, (struct sockaddr *)&address, &size), 0));
    *ret_port = ntohs(address.sin_port);
    return descriptor;
}

static rd_kafka_t *client_new(rd_kafka_type_t type, const char *brokers) {
    char reason[512] = "";
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    (void)rd_kafka_conf_set(conf, "bootstrap.servers", brokers, reason, sizeof reason);
    (void)rd_kafka_conf_set(conf, "group.id", "g", reason, sizeof reason);
    rd_kafka_t *client = rd_kafka_new(type, conf, reason, sizeof reason);
    cr_assert(ne(ptr, client, NULL), "%s", reason);
    return client;
}

Test(devbroker, listens_where_it_is_told_and_keeps_what_it_is_given) {
    char port[8], brokers[32], words[64];
    int number = 0;
    (void)close(port_take(&number));
    (void)snprintf(port, sizeof port, "%d", number);
    (void)snprintf(brokers, sizeof brokers, "127.0.0.1:%d", number);
    (void)snprintf(words, sizeof words, "dk-devbroker: ready on %s\n", brokers);

    broker = child_start(
        folder, (const char *const[]){PROGRAM, "--port", port, "--topic", "orders:3", NULL});

    await_words(words);
    await_words("5 MiB");
    rd_kafka_t *producer = client_new(RD_KAFKA_PRODUCER, brokers);
    cr_assert(
        eq(int,
           rd_kafka_producev(
               producer,
               RD_KAFKA_V_TOPIC("orders"),
               RD_KAFKA_V_PARTITION(2),
               RD_KAFKA_V_VALUE((void *)"one", 3),
               RD_KAFKA_V_END),
           RD_KAFKA_RESP_ERR_NO_ERROR));
    cr_assert(eq(int, rd_kafka_flush(producer, WAIT_MS), RD_KAFKA_RESP_ERR_NO_ERROR));
    rd_kafka_destroy(producer);
    rd_kafka_t *consumer = client_new(RD_KAFKA_CONSUMER, brokers);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, "orders", 2)->offset = 0;
    (void)rd_kafka_assign(consumer, list);
    rd_kafka_message_t *message = rd_kafka_consumer_poll(consumer, WAIT_MS);
    cr_assert(ne(ptr, message, NULL));
    cr_assert(eq(sz, message->len, 3));
    rd_kafka_message_destroy(message);
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_destroy(consumer);

    (void)kill(broker, SIGTERM);

    cr_assert(eq(int, await_end(), 0));
}

Test(devbroker, says_which_port_is_taken) {
    char port[8], words[64];
    int number = 0;
    const int taken = port_take(&number);
    (void)snprintf(port, sizeof port, "%d", number);
    (void)snprintf(words, sizeof words, "127.0.0.1:%d is taken", number);

    broker = child_start(folder, (const char *const[]){PROGRAM, "--port", port, NULL});

    cr_assert(eq(int, await_end(), 1));
    cr_assert(ne(ptr, strstr(output(), words), NULL), "%s", output());
    (void)close(taken);
}

Test(devbroker, refuses_what_it_does_not_understand) {
    static const char *const wrong[][3] = {
        {"--port", "x", "--port: 'x' is no number from 0 to"},
        {"--brokers", "0", "--brokers: '0' is no number from 1 to 16"},
        {"--topic", "t:0", "--topic: '0' is no number from 1 to 1000"},
        {"--topic", ":3", "--topic: ':3' has no name"},
        {"--color", "red", "'--color' is unknown"},
        {"--port", NULL, "'--port' is unknown or lacks its value"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        broker =
            child_start(folder, (const char *const[]){PROGRAM, wrong[i][0], wrong[i][1], NULL});

        cr_assert(eq(int, await_end(), 2));
        cr_assert(ne(ptr, strstr(output(), wrong[i][2]), NULL), "%s", output());
    }
}
