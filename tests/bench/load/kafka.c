/*
 * A broker, and a producer without a component before it.
 */
#include "bench/load/kafka.h"

#include "bench/load/drive.h"

#include <librdkafka/rdkafka.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WAIT_MS = 60000, REASON_BYTES_MAX = 512, LONE_MAX = 20000, POLL_EVERY = 1000 };

/* ── the broker ─────────────────────────────────────────────────────────────────────────────── */

static void write_node(const struct kafka_stage *stage, int port, int controller) {
    char path[96];
    (void)snprintf(path, sizeof path, "%s/node.properties", stage->folder);
    FILE *file = fopen(path, "w");
    if (file == NULL) {
        fail("%s cannot be written", path);
    }
    (void)fprintf(
        file,
        "node.id=1\ncontroller.quorum.voters=1@127.0.0.1:%d\ncontroller.listener.names=CONTROLLER\n"
        "listeners=PLAINTEXT://127.0.0.1:%d,CONTROLLER://127.0.0.1:%d\n"
        "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT\n"
        "inter.broker.listener.name=PLAINTEXT\n"
        "log.retention.bytes=-1\n", /* a benchmark's topic must not lose its beginning */
        controller,
        port,
        controller);
    (void)fclose(file);
}

void kafka_stage_open(struct kafka_stage *stage, int core) {
    char program[256], log[96];
    if (getenv("DK_KAFKA") == NULL) {
        fail("DK_KAFKA names no folder with Kafka; ./dev bench sets it");
    }
    *stage = (struct kafka_stage){.folder = "/tmp/dk-bench.XXXXXX", .core = core};
    if (mkdtemp(stage->folder) == NULL) {
        fail("no folder under /tmp");
    }
    const int port = server_port();
    int controller = server_port();
    while (controller == port) {
        controller = server_port();
    }
    write_node(stage, port, controller);
    (void)snprintf(stage->brokers, sizeof stage->brokers, "127.0.0.1:%d", port);
    (void)snprintf(program, sizeof program, "%s/run.sh", getenv("DK_KAFKA"));
    (void)snprintf(log, sizeof log, "%s/kafka.log", stage->folder);
    const char *const words[] = {program, stage->folder, NULL};
    process_start(&stage->kafka, log, core, words);
    wait_for_port(port);
}

void kafka_stage_close(struct kafka_stage *stage) {
    const char *const words[] = {"rm", "-rf", stage->folder, NULL};
    struct process remover = {0};
    process_stop(&stage->kafka);
    process_start(&remover, "/dev/null", -1, words);
    (void)waitpid(remover.pid, NULL, 0);
}

/* A folder for the sockets of one more component: several may run at a time. */
static void folder_make(const struct kafka_stage *stage, char *path, size_t size) {
    static unsigned count;
    (void)snprintf(path, size, "%s/%u", stage->folder, count++);
    if (mkdir(path, 0700) != 0) {
        fail("%s cannot be made", path);
    }
}

/* Starts `words`, whose socket is folder/name.sock, and connects. */
static void component_start(
    const struct kafka_stage *stage,
    const char *folder,
    const char *name,
    const char *const *words,
    struct process *component,
    struct drive *drive) {
    char log[128], socket[128], address[136];
    (void)snprintf(log, sizeof log, "%s/log", folder);
    (void)snprintf(socket, sizeof socket, "%s/%s.sock", folder, name);
    (void)snprintf(address, sizeof address, "unix:%s", socket);
    process_start(component, log, stage->core, words);
    wait_for_socket(socket);
    drive_open(drive, address);
}

void kafka_stage_component(
    const struct kafka_stage *stage,
    const char *window,
    struct process *component,
    struct drive *drive) {
    char program[256], folder[96];
    if (getenv("DK_BIN") == NULL) {
        fail("DK_BIN names no folder of programs");
    }
    folder_make(stage, folder, sizeof folder);
    (void)snprintf(program, sizeof program, "%s/dk-kafka", getenv("DK_BIN"));
    const char *const words[] = {
        program, "--socket-dir", folder, window == NULL ? NULL : "--window-max", window, NULL};
    component_start(stage, folder, "dk-kafka", words, component, drive);
}

void kafka_stage_peer(
    const struct kafka_stage *stage, struct process *component, struct drive *drive) {
    char folder[96], socket[128];
    if (getenv("DK_PEER_KAFKA") == NULL) {
        fail("DK_PEER_KAFKA names no Go peer");
    }
    folder_make(stage, folder, sizeof folder);
    (void)snprintf(socket, sizeof socket, "%s/peer.sock", folder);
    const char *const words[] = {getenv("DK_PEER_KAFKA"), socket, NULL};
    component_start(stage, folder, "peer", words, component, drive);
}

void kafka_stage_instance(
    const struct kafka_stage *stage, struct drive *drive, const char *name, const char *window) {
    const struct dk_pair properties[] = {
        {DK_BYTES("brokers"), dk_bytes_of(stage->brokers)},
        {DK_BYTES("authType"), DK_BYTES("none")},
        {DK_BYTES("initialOffset"), DK_BYTES("oldest")},
        {DK_BYTES("consumerGroup"), dk_bytes_of(name)},
        {DK_BYTES("partitionWindow"), dk_bytes_of(window == NULL ? "" : window)},
    };
    const size_t count = sizeof properties / sizeof properties[0] - (window == NULL);
    const struct dk_bytes init = operation_init_request(properties, count);
    drive->instance = name;
    drive_once(drive, "/dapr.proto.components.v1.PubSub/Init", init);
    free((void *)(uintptr_t)init.data);
}

/* ── a producer of its own ──────────────────────────────────────────────────────────────────── */

rd_kafka_t *raw_producer(
    const struct kafka_stage *stage, const char *linger_ms, bool is_idempotent) {
    const char *const idempotence = is_idempotent ? "true" : "false";
    char reason[REASON_BYTES_MAX] = "";
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    if (rd_kafka_conf_set(conf, "bootstrap.servers", stage->brokers, reason, sizeof reason) != 0 ||
        rd_kafka_conf_set(conf, "acks", "all", reason, sizeof reason) != 0 ||
        rd_kafka_conf_set(conf, "enable.idempotence", idempotence, reason, sizeof reason) != 0 ||
        /* Partitions fill alike. */
        rd_kafka_conf_set(conf, "sticky.partitioning.linger.ms", "0", reason, sizeof reason) != 0 ||
        (linger_ms != NULL &&
         rd_kafka_conf_set(conf, "linger.ms", linger_ms, reason, sizeof reason) != 0)) {
        fail("librdkafka: %s", reason);
    }
    rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_DR);
    rd_kafka_t *producer = rd_kafka_new(RD_KAFKA_PRODUCER, conf, reason, sizeof reason);
    if (producer == NULL) {
        fail("librdkafka: %s", reason);
    }
    return producer;
}

/* How many reports came; one of a failure ends the benchmark. */
uint64_t raw_take_reports(rd_kafka_queue_t *queue, int wait_ms) {
    uint64_t count = 0;
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, wait_ms);
    const rd_kafka_message_t *message = NULL;
    while (event != NULL && (message = rd_kafka_event_message_next(event)) != NULL) {
        if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
            fail("librdkafka: %s", rd_kafka_err2str(message->err));
        }
        count++;
    }
    if (event != NULL) {
        rd_kafka_event_destroy(event);
    }
    return count;
}

int raw_watch_queue(rd_kafka_queue_t *queue) {
    static const uint64_t poke = 1;
    const int descriptor = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (descriptor < 0) {
        fail("no descriptor for a queue");
    }
    rd_kafka_queue_io_event_enable(queue, descriptor, &poke, sizeof poke);
    return descriptor;
}

rd_kafka_resp_err_t raw_send(rd_kafka_t *producer, const char *topic, char *body, size_t size) {
    const rd_kafka_vu_t fields[] = {
        {.vtype = RD_KAFKA_VTYPE_TOPIC, .u.cstr = topic},
        {.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY},
        {.vtype = RD_KAFKA_VTYPE_VALUE, .u.mem = {body, size}},
    };
    rd_kafka_error_t *error =
        rd_kafka_produceva(producer, fields, sizeof fields / sizeof fields[0]);
    const rd_kafka_resp_err_t code = rd_kafka_error_code(error); /* NULL is none */
    rd_kafka_error_destroy(error);
    return code;
}

static void await_reports(rd_kafka_queue_t *queue, uint64_t *done, uint64_t wanted) {
    while (*done < wanted) {
        const uint64_t came = raw_take_reports(queue, WAIT_MS);
        if (came == 0) {
            fail("Kafka confirms nothing in %d ms", WAIT_MS);
        }
        *done += came;
    }
}

static char *body_of(size_t size) {
    char *body = malloc(size);
    if (body == NULL) {
        fail("no memory for a message of %zu bytes", size);
    }
    memset(body, 'v', size);
    return body;
}

void kafka_stage_topic(const struct kafka_stage *stage, const char *topic, int partitions) {
    char reason[REASON_BYTES_MAX] = "";
    rd_kafka_t *client = raw_producer(stage, NULL, false);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(client);
    rd_kafka_NewTopic_t *wanted =
        rd_kafka_NewTopic_new(topic, partitions, 1, reason, sizeof reason);

    rd_kafka_CreateTopics(client, &wanted, 1, NULL, queue);
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, WAIT_MS);
    if (event == NULL || rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        fail(
            "topic '%s' cannot be made: %s",
            topic,
            event == NULL ? "no answer" : rd_kafka_event_error_string(event));
    }
    rd_kafka_event_destroy(event);
    rd_kafka_NewTopic_destroy(wanted);
    rd_kafka_queue_destroy(queue);
    rd_kafka_destroy(client);
}

double raw_produce_bounded(
    const struct kafka_stage *stage,
    const char *topic,
    size_t size,
    uint64_t messages,
    uint64_t inflight,
    bool is_idempotent) {
    rd_kafka_t *producer = raw_producer(stage, "0", is_idempotent);
    rd_kafka_queue_t *queue = rd_kafka_queue_get_main(producer);
    char *body = body_of(size);
    uint64_t sent = 0, done = 0;

    (void)raw_send(producer, topic, body, size);
    await_reports(queue, &done, 1);
    done = 0;
    const int64_t start_us = now_us();
    while (done < messages) {
        for (; sent < messages && sent - done < inflight; sent++) {
            const rd_kafka_resp_err_t code = raw_send(producer, topic, body, size);
            if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
                fail("librdkafka: %s", rd_kafka_err2str(code));
            }
        }
        await_reports(queue, &done, done + 1);
    }
    const int64_t took_us = now_us() - start_us;
    free(body);
    rd_kafka_queue_destroy(queue);
    rd_kafka_destroy(producer);
    return (double)messages * 1e6 / (double)took_us;
}

double raw_produce(
    const struct kafka_stage *stage, const char *topic, size_t size, uint64_t messages) {
    rd_kafka_t *producer = raw_producer(stage, NULL, false);
    rd_kafka_queue_t *queue = rd_kafka_queue_get_main(producer);
    char *body = body_of(size);
    uint64_t done = 0;

    (void)raw_send(producer, topic, body, size); /* the topic is known, connections are there */
    await_reports(queue, &done, 1);
    done = 0;
    const int64_t start_us = now_us();
    for (uint64_t i = 0; i < messages; i++) {
        rd_kafka_resp_err_t code = raw_send(producer, topic, body, size);
        while (code == RD_KAFKA_RESP_ERR__QUEUE_FULL) {
            done += raw_take_reports(queue, 1000);
            code = raw_send(producer, topic, body, size);
        }
        if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
            fail("librdkafka: %s", rd_kafka_err2str(code));
        }
        if (i % POLL_EVERY == 0) {
            done += raw_take_reports(queue, 0);
        }
    }
    await_reports(queue, &done, messages);
    const int64_t took_us = now_us() - start_us;
    free(body);
    rd_kafka_queue_destroy(queue);
    rd_kafka_destroy(producer);
    return (double)messages * 1e6 / (double)took_us;
}

static int compare(const void *left, const void *right) {
    const int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

static void await_poke(int descriptor) {
    struct pollfd watched = {.fd = descriptor, .events = POLLIN};
    uint64_t pokes = 0;
    if (poll(&watched, 1, WAIT_MS) != 1 || read(descriptor, &pokes, sizeof pokes) < 0) {
        fail("librdkafka wakes nobody in %d ms", WAIT_MS);
    }
}

int64_t raw_produce_lone(
    const struct kafka_stage *stage,
    const char *topic,
    size_t size,
    uint64_t messages,
    bool is_by_descriptor) {
    static int64_t latencies_us[LONE_MAX];
    rd_kafka_t *producer = raw_producer(stage, "0", false);
    rd_kafka_queue_t *queue = rd_kafka_queue_get_main(producer);
    char *body = body_of(size);

    messages = messages < LONE_MAX ? messages : LONE_MAX;
    (void)raw_send(producer, topic, body, size);
    uint64_t done = 0;
    await_reports(queue, &done, 1);
    const int descriptor = is_by_descriptor ? raw_watch_queue(queue) : -1;
    for (uint64_t i = 0; i < messages; i++) {
        const int64_t start_us = now_us();
        (void)raw_send(producer, topic, body, size);
        for (done = 0; is_by_descriptor && done == 0;) {
            await_poke(descriptor);
            done = raw_take_reports(queue, 0);
        }
        await_reports(queue, &done, 1);
        latencies_us[i] = now_us() - start_us;
    }
    qsort(latencies_us, messages, sizeof latencies_us[0], compare);
    if (is_by_descriptor) {
        rd_kafka_queue_io_event_enable(queue, -1, NULL, 0);
        (void)close(descriptor);
    }
    free(body);
    rd_kafka_queue_destroy(queue);
    rd_kafka_destroy(producer);
    return latencies_us[messages / 2];
}
