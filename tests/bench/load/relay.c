/*
 * Two processes and a pair of sockets: the relay is a fork, so that librdkafka's threads are its own.
 *
 *     benchmark ══ messages ══▶ relay ──▶ librdkafka ──▶ Kafka
 *               ◀═ a byte each ═
 */
#include "bench/load/relay.h"

#include "bench/load/drive.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ROOM_BYTES = 256 * 1024, LATENCIES_MAX = 20000, WAIT_MS = 60000 };

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

static void give_confirmations(struct relay *relay) {
    static const char ones[4096];
    uint64_t pokes = 0, count = 0;
    (void)!read(relay->events, &pokes, sizeof pokes);
    for (uint64_t came = 1; came > 0;) {
        came = raw_take_reports(relay->queue, 0);
        count += came;
    }
    for (; count > 0;) {
        const size_t part = count < sizeof ones ? (size_t)count : sizeof ones;
        write_all(relay->socket, ones, part);
        count -= part;
    }
}

_Noreturn static void relay_main(
    const struct kafka_stage *stage, const char *topic, size_t size, int socket) {
    static const uint64_t poke = 1;
    struct relay relay = {.topic = topic, .size = size, .socket = socket};
    relay.producer = raw_producer(stage, "0");
    relay.queue = rd_kafka_queue_get_main(relay.producer);
    relay.events = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    relay.room = malloc(ROOM_BYTES);
    if (relay.events < 0 || relay.room == NULL) {
        fail("no memory or descriptor for the relay");
    }
    rd_kafka_queue_io_event_enable(relay.queue, relay.events, &poke, sizeof poke);
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

/* ── the benchmark ──────────────────────────────────────────────────────────────────────────── */

/* Waits for confirmations; gives their number. */
static uint64_t take_confirmations(int socket) {
    char bytes[4096];
    struct pollfd watched = {.fd = socket, .events = POLLIN};
    if (poll(&watched, 1, WAIT_MS) != 1) {
        fail("the relay confirms nothing in %d ms", WAIT_MS);
    }
    const ssize_t got = recv(socket, bytes, sizeof bytes, 0);
    if (got <= 0) {
        fail("the relay has ended");
    }
    return (uint64_t)got;
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

struct relay_figures relay_run(
    const struct kafka_stage *stage,
    const char *topic,
    size_t size,
    uint64_t messages,
    uint64_t inflight,
    uint64_t batch) {
    enum { OURS, RELAYS };
    struct process process = {.log = "none"};
    int sockets[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) != 0 ||
        (process.pid = fork()) < 0) {
        fail("no relay: %s", strerror(errno));
    }
    if (process.pid == 0) {
        (void)close(sockets[OURS]);
        relay_main(stage, topic, size, sockets[RELAYS]);
    }
    (void)close(sockets[RELAYS]);
    (void)feed(&process, sockets[OURS], size, batch, batch, batch); /* the topic is known */
    const struct relay_figures figures =
        feed(&process, sockets[OURS], size, messages, inflight, batch);
    (void)close(sockets[OURS]);
    process_stop(&process);
    return figures;
}
