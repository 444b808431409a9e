/*
 * librdkafka writes to the descriptor when its queue was empty before, so the queue is always read
 * until it is empty; a turn that stops at its bound pokes the descriptor itself.
 */
#include "clients/kafka/kafka_events.h"

#include <dk/log.h>
#include <stddef.h>
#include <sys/eventfd.h>
#include <unistd.h>

static const uint64_t poke = 1;

static void log_event(rd_kafka_event_t *event) {
    const char *facility = NULL, *text = NULL;
    int level = 0;
    if (dk_log_wants(DK_LOG_DEBUG) && rd_kafka_event_log(event, &facility, &text, &level) == 0) {
        dk_log(
            DK_LOG_DEBUG,
            "kafka",
            "librdkafka",
            "facility=%s severity=%d text=%s",
            facility,
            level,
            text);
    }
}

static void events_on_ready(struct dk_watch *watch, unsigned ready) {
    struct kafka_events *events =
        (struct kafka_events *)(void *)((char *)watch - offsetof(struct kafka_events, watch));
    uint64_t count = 0;
    const ssize_t got = read(watch->descriptor, &count, sizeof count);
    (void)got;
    (void)ready;
    for (int taken = 0;; taken++) {
        if (taken == KAFKA_EVENTS_TURN_MAX) {
            const ssize_t written = write(watch->descriptor, &poke, sizeof poke);
            (void)written; /* a counter that is full is readable as well */
            return;
        }
        rd_kafka_event_t *event = rd_kafka_queue_poll(events->queue, 0);
        if (event == NULL) {
            return;
        }
        if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_LOG) {
            log_event(event);
        } else {
            events->on_event(events, event);
        }
        rd_kafka_event_destroy(event);
    }
}

enum dk_error kafka_events_open(
    struct kafka_events *events,
    struct dk_loop *loop,
    rd_kafka_queue_t *queue,
    struct dk_fault *fault) {
    const int descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    events->watch = (struct dk_watch){.on_ready = events_on_ready, .descriptor = descriptor};
    if (descriptor < 0 || dk_watch_set(loop, &events->watch, DK_READABLE) != DK_OK) {
        if (descriptor >= 0) {
            (void)close(descriptor);
        }
        return dk_fault_set(fault, DK_EXHAUSTED, "kafka: no descriptor for a client");
    }
    events->loop = loop;
    events->queue = queue;
    rd_kafka_queue_io_event_enable(queue, descriptor, &poke, sizeof poke);
    /* What came before the descriptor was known pokes nobody. */
    const ssize_t written = write(descriptor, &poke, sizeof poke);
    (void)written;
    return DK_OK;
}

void kafka_events_close(struct kafka_events *events) {
    if (events->queue == NULL) {
        return;
    }
    rd_kafka_queue_io_event_enable(events->queue, -1, NULL, 0);
    rd_kafka_queue_destroy(events->queue);
    events->queue = NULL;
    (void)dk_watch_set(events->loop, &events->watch, 0);
    (void)close(events->watch.descriptor);
}
