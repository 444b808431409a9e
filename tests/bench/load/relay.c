/*
 * Two processes and a pair of sockets: the relay is a fork, so that librdkafka's threads are its own.
 *
 *     benchmark ══ messages ══▶ relay ──▶ librdkafka ──▶ Kafka
 *               ◀═ a byte each ═
 *
 *     benchmark ◀═ messages ═══ relay ◀── librdkafka ◀── Kafka
 *               ══ a byte each ═▶
 */
#include "bench/load/relay.h"

#include "bench/load/drive.h"
#include "bench/load/pull.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
    ROOM_BYTES = 256 * 1024,
    LATENCIES_MAX = 20000,
    WAIT_MS = 60000,
    CONFIRMATIONS_BYTES = 4096,
    PULL_BATCH = 256,
};

/* ── the relay ──────────────────────────────────────────────────────────────────────────────── */

struct relay {
    rd_kafka_t *producer;
    rd_kafka_queue_t *queue;
    const char *topic;
    size_t size;
    int socket, events;
    char *room;
    size_t used;
};

static void write_all(int descriptor, const char *bytes, size_t size) {
    while (size > 0) {
        const ssize_t written = send(descriptor, bytes, size, MSG_NOSIGNAL);
        if (written <= 0) {
            fail("the relay's socket: %s", strerror(errno));
        }
        bytes += written;
        size -= (size_t)written;
    }
}

/* False once the benchmark has closed its end. */
static bool take_messages(struct relay *relay) {
    const ssize_t got =
        recv(relay->socket, relay->room + relay->used, ROOM_BYTES - relay->used, MSG_DONTWAIT);
    if (got <= 0) {
        return got < 0 && errno == EAGAIN;
    }
    relay->used += (size_t)got;
    size_t at = 0;
    for (; relay->used - at >= relay->size; at += relay->size) {
        if (raw_send(relay->producer, relay->topic, relay->room + at, relay->size) !=
            RD_KAFKA_RESP_ERR_NO_ERROR) {
            fail("librdkafka takes nothing from the relay");
        }
    }
    memmove(relay->room, relay->room + at, relay->used - at);
    relay->used -= at;
    return true;
}

static void write_confirmations(int socket, uint64_t count) {
    static const char ones[CONFIRMATIONS_BYTES];
    while (count > 0) {
        const size_t part = count < sizeof ones ? (size_t)count : sizeof ones;
        write_all(socket, ones, part);
        count -= part;
    }
}

static void give_confirmations(struct relay *relay) {
    uint64_t pokes = 0, count = 0;
    (void)!read(relay->events, &pokes, sizeof pokes);
    for (uint64_t came = 1; came > 0;) {
        came = raw_take_reports(relay->queue, 0);
        count += came;
    }
    write_confirmations(relay->socket, count);
}

_Noreturn static void relay_main(
    const struct kafka_stage *stage, const char *topic, size_t size, int socket) {
    struct relay relay = {.topic = topic, .size = size, .socket = socket};
    relay.producer = raw_producer(stage, "0", false);
    relay.queue = rd_kafka_queue_get_main(relay.producer);
    relay.events = raw_watch_queue(relay.queue);
    relay.room = malloc(ROOM_BYTES);
    if (relay.room == NULL) {
        fail("no memory for the relay");
    }
    struct pollfd watched[] = {
        {.fd = socket, .events = POLLIN}, {.fd = relay.events, .events = POLLIN}};
    for (;;) {
        (void)poll(watched, 2, -1);
        if (watched[1].revents != 0) {
            give_confirmations(&relay);
        }
        if (watched[0].revents != 0 && !take_messages(&relay)) {
            _exit(EXIT_SUCCESS); /* all are confirmed: nothing is left to be flushed */
        }
    }
}

/* ── the relay that consumes ────────────────────────────────────────────────────────────────── */

/* Writes what there is, up to a batch, from where librdkafka has it; gives its number. */
static uint64_t give_messages(rd_kafka_queue_t *queue, int socket, size_t size, uint64_t room) {
    rd_kafka_message_t *messages[PULL_BATCH];
    struct iovec parts[PULL_BATCH];
    const ssize_t got = rd_kafka_consume_batch_queue(
        queue, 0, messages, room < PULL_BATCH ? (size_t)room : PULL_BATCH);
    for (ssize_t i = 0; i < got; i++) {
        if (messages[i]->err != RD_KAFKA_RESP_ERR_NO_ERROR || messages[i]->len != size) {
            fail("librdkafka gives the relay: %s", rd_kafka_message_errstr(messages[i]));
        }
        parts[i] = (struct iovec){messages[i]->payload, messages[i]->len};
    }
    struct msghdr all = {.msg_iov = parts, .msg_iovlen = got > 0 ? (size_t)got : 0};
    if (got > 0 && sendmsg(socket, &all, MSG_NOSIGNAL) != got * (ssize_t)size) {
        fail("the relay's socket: %s", strerror(errno));
    }
    for (ssize_t i = 0; i < got; i++) {
        rd_kafka_message_destroy(messages[i]);
    }
    return got > 0 ? (uint64_t)got : 0;
}

_Noreturn static void pull_main(
    const struct kafka_stage *stage, const char *topic, size_t size, uint64_t window, int socket) {
    rd_kafka_t *consumer = raw_consumer(stage->brokers, topic);
    rd_kafka_queue_t *queue = rd_kafka_queue_get_consumer(consumer);
    uint64_t unconfirmed = 0, pokes = 0;
    struct pollfd watched[] = {
        {.fd = socket, .events = POLLIN}, {.fd = raw_watch_queue(queue), .events = POLLIN}};
    for (;;) {
        (void)poll(watched, 2, -1);
        (void)!read(watched[1].fd, &pokes, sizeof pokes);
        if (watched[0].revents != 0) {
            char bytes[CONFIRMATIONS_BYTES];
            const ssize_t got = recv(socket, bytes, sizeof bytes, MSG_DONTWAIT);
            if (got == 0) {
                _exit(EXIT_SUCCESS); /* its group ends with it */
            }
            unconfirmed -= got > 0 ? (uint64_t)got : 0;
        }
        for (uint64_t given = 1; given > 0 && unconfirmed < window;) {
            given = give_messages(queue, socket, size, window - unconfirmed);
            unconfirmed += given;
        }
    }
}

/* ── the benchmark ──────────────────────────────────────────────────────────────────────────── */

/* Waits for bytes of the relay's; gives their number. */
static size_t take_bytes(int socket, char *bytes, size_t room) {
    struct pollfd watched = {.fd = socket, .events = POLLIN};
    if (poll(&watched, 1, WAIT_MS) != 1) {
        fail("the relay is silent for %d ms", WAIT_MS);
    }
    const ssize_t got = recv(socket, bytes, room, 0);
    if (got <= 0) {
        fail("the relay has ended");
    }
    return (size_t)got;
}

/* Each is a byte; gives their number. */
static uint64_t take_confirmations(int socket) {
    char bytes[CONFIRMATIONS_BYTES];
    return take_bytes(socket, bytes, sizeof bytes);
}

static int compare(const void *left, const void *right) {
    const int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

static struct relay_figures feed(
    const struct process *process,
    int socket,
    size_t size,
    uint64_t messages,
    uint64_t inflight,
    uint64_t batch) {
    static int64_t latencies_us[LATENCIES_MAX];
    char *bodies = malloc(batch * size);
    uint64_t sent = 0, done = 0;
    if (bodies == NULL) {
        fail("no memory for %llu messages", (unsigned long long)batch);
    }
    memset(bodies, 'v', batch * size);
    const int64_t cpu_us = process_cpu_us(process), start_us = now_us();
    while (done < messages) {
        const int64_t sent_us = now_us();
        for (; sent < messages && sent + batch - done <= inflight; sent += batch) {
            write_all(socket, bodies, batch * size);
        }
        done += take_confirmations(socket);
        if (inflight == 1 && done <= LATENCIES_MAX) {
            latencies_us[done - 1] = now_us() - sent_us;
        }
    }
    const int64_t took_us = now_us() - start_us;
    struct relay_figures figures = {
        .per_s = (double)messages * 1e6 / (double)took_us,
        .cpu_us = (double)(process_cpu_us(process) - cpu_us) / (double)messages,
    };
    if (inflight == 1) {
        const size_t count = messages < LATENCIES_MAX ? (size_t)messages : LATENCIES_MAX;
        qsort(latencies_us, count, sizeof latencies_us[0], compare);
        figures.p50_us = latencies_us[count / 2];
    }
    free(bodies);
    return figures;
}

/* A fork that has one end of a pair of sockets; gives the other to the benchmark, none to the fork. */
static bool relay_fork(struct process *process, int sockets[2]) {
    enum { OURS, RELAYS };
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) != 0 ||
        (process->pid = fork()) < 0) {
        fail("no relay: %s", strerror(errno));
    }
    const bool is_relay = process->pid == 0;
    (void)close(sockets[is_relay ? OURS : RELAYS]);
    sockets[0] = sockets[is_relay ? RELAYS : OURS];
    return is_relay;
}

struct relay_figures relay_run(
    const struct kafka_stage *stage,
    const char *topic,
    size_t size,
    uint64_t messages,
    uint64_t inflight,
    uint64_t batch) {
    struct process process = {.log = "none"};
    int sockets[2];
    if (relay_fork(&process, sockets)) {
        relay_main(stage, topic, size, sockets[0]);
    }
    (void)feed(&process, sockets[0], size, batch, batch, batch); /* the topic is known */
    const struct relay_figures figures =
        feed(&process, sockets[0], size, messages, inflight, batch);
    (void)close(sockets[0]);
    process_stop(&process);
    return figures;
}

struct relay_figures relay_pull(
    const struct kafka_stage *stage,
    const char *topic,
    size_t size,
    uint64_t messages,
    uint64_t window) {
    struct process process = {.log = "none"};
    char *room = malloc(ROOM_BYTES);
    uint64_t bytes = 0, confirmed = 0;
    int64_t first_us = 0;
    int sockets[2];
    if (room == NULL) {
        fail("no memory for the relay's messages");
    }
    if (relay_fork(&process, sockets)) {
        pull_main(stage, topic, size, window, sockets[0]);
    }
    while (confirmed < messages) {
        bytes += take_bytes(sockets[0], room, ROOM_BYTES);
        first_us = first_us == 0 ? now_us() : first_us;
        write_confirmations(sockets[0], bytes / size - confirmed);
        confirmed = bytes / size;
    }
    const struct relay_figures figures = {
        .per_s = (double)messages * 1e6 / (double)(now_us() - first_us),
        .cpu_us = (double)process_cpu_us(&process) / (double)messages,
    };
    (void)close(sockets[0]);
    process_stop(&process);
    free(room);
    return figures;
}
