/*
 * What is handed over belongs to the farewell's thread alone; a count under a lock is all that the
 * threads share.
 */
#include "clients/kafka/kafka_farewell.h"

#include "clients/kafka/kafka_assignment.h"

#include <dk/log.h>
#include <dk/loop.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { SLICE_MS = 50, INSTANCE_BYTES_MAX = 256 };

struct farewell {
    rd_kafka_t *client;
    rd_kafka_queue_t *group;
    int descriptor;
    char instance[INSTANCE_BYTES_MAX];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t ended = PTHREAD_COND_INITIALIZER;
static unsigned under_way; /* under the lock */

/* Whatever was ours is let go already: what the group takes or gives now, it only has to hear. */
static void serve(const struct farewell *farewell, rd_kafka_event_t *event) {
    if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_REBALANCE) {
        kafka_assignment_change(
            farewell->client,
            farewell->instance,
            rd_kafka_event_topic_partition_list(event),
            rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS);
    }
}

static void leave(const struct farewell *farewell) {
    rd_kafka_error_t *error = rd_kafka_consumer_close_queue(farewell->client, farewell->group);
    if (error != NULL) { /* a fatal one, or closed before */
        rd_kafka_error_destroy(error);
        return;
    }
    const int64_t end_ms = dk_clock_ms() + KAFKA_FAREWELL_MS;
    while (!rd_kafka_consumer_closed(farewell->client) && dk_clock_ms() < end_ms) {
        rd_kafka_event_t *event = rd_kafka_queue_poll(farewell->group, SLICE_MS);
        if (event != NULL) {
            serve(farewell, event);
            rd_kafka_event_destroy(event);
        }
    }
    if (!rd_kafka_consumer_closed(farewell->client)) {
        dk_log(
            DK_LOG_WARN,
            "kafka",
            "the group was left without goodbye, messages may come again",
            "component=%s waited_ms=%d",
            farewell->instance,
            KAFKA_FAREWELL_MS);
    }
}

/* The descriptor goes last: until the client is gone, its queues may write to it. */
static void say(struct farewell *farewell) {
    if (farewell->group != NULL) {
        leave(farewell);
        rd_kafka_queue_destroy(farewell->group);
    }
    rd_kafka_destroy_flags(farewell->client, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    if (farewell->descriptor >= 0) {
        (void)close(farewell->descriptor);
    }
}

static void count_down(void) {
    (void)pthread_mutex_lock(&lock);
    under_way--;
    (void)pthread_cond_broadcast(&ended);
    (void)pthread_mutex_unlock(&lock);
}

static void *farewell_main(void *context) {
    say(context);
    free(context);
    count_down();
    return NULL;
}

static bool count_up(void) {
    (void)pthread_mutex_lock(&lock);
    const bool is_room = under_way < KAFKA_FAREWELLS_MAX;
    under_way += is_room ? 1 : 0;
    (void)pthread_mutex_unlock(&lock);
    return is_room;
}

static bool thread_start(struct farewell *farewell) {
    sigset_t all, before;
    pthread_t thread;
    (void)sigfillset(&all); /* signals are the loop's */
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    const bool is_started = pthread_create(&thread, NULL, farewell_main, farewell) == 0;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (is_started) {
        (void)pthread_detach(thread);
    }
    return is_started;
}

void kafka_farewell_begin(
    rd_kafka_t *client, rd_kafka_queue_t *group, int descriptor, const char *instance) {
    struct farewell here = {.client = client, .group = group, .descriptor = descriptor};
    (void)snprintf(here.instance, sizeof here.instance, "%s", instance);
    struct farewell *farewell = count_up() ? malloc(sizeof *farewell) : NULL;
    if (farewell == NULL) {
        say(&here);
        return;
    }
    *farewell = here;
    if (!thread_start(farewell)) {
        free(farewell);
        say(&here);
        count_down();
    }
}

void kafka_farewells_wait(void) {
    (void)pthread_mutex_lock(&lock);
    while (under_way > 0) {
        (void)pthread_cond_wait(&ended, &lock);
    }
    (void)pthread_mutex_unlock(&lock);
}
