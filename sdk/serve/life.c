/*
 * From open to close of a program that serves, on the main thread, which is also the loop's.
 */
#include "serve/life.h"

#include "core/log.h"
#include "core/loop.h"
#include "serve/notify.h"
#include "wire/grpc/rpc_trace.h"
#include "wire/grpc/transport.h"

#include <assert.h>
#include <dk/log.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

static void drain_check(struct dk__life *life) {
    for (const struct dk__door *door = life->doors; door != NULL; door = door->next) {
        if (door->server.rpcs_open != 0) {
            return;
        }
        for (size_t i = 0; i < DK__DOOR_ADDRESSES_MAX; i++) {
            if (door->listeners[i] != NULL && !door->transports[i]->is_quiet(door->listeners[i])) {
                return;
            }
        }
    }
    dk__loop_stop(life->loop);
}

static void drain_on_deadline(struct dk_timer *timer) {
    struct dk__life *life =
        (struct dk__life *)(void *)((char *)timer - offsetof(struct dk__life, drain_deadline));
    uint64_t open = 0;
    for (const struct dk__door *door = life->doors; door != NULL; door = door->next) {
        open += door->server.rpcs_open;
    }
    dk_log(
        DK_LOG_WARN,
        "serve",
        "drain-timeout reached, calls and unread answers are cut off",
        "calls=%llu",
        (unsigned long long)open);
    dk__loop_stop(life->loop);
}

/* Calls or connections of one server have ended; the loop stops after this turn. */
static void drain_on_idle(struct dk__server *server) {
    const struct dk__door *door =
        (const struct dk__door *)(void *)((char *)server - offsetof(struct dk__door, server));
    drain_check(door->life);
}

static void drain(struct dk__life *life) {
    dk__notify("STOPPING=1");
    for (struct dk__door *door = life->doors; door != NULL; door = door->next) {
        door->server.is_draining = true;
        door->server.on_idle = drain_on_idle;
    }
    life->on_drain(life->context);
    for (struct dk__door *door = life->doors; door != NULL; door = door->next) {
        for (size_t i = 0; i < DK__DOOR_ADDRESSES_MAX && door->listeners[i] != NULL; i++) {
            door->transports[i]->drain(door->listeners[i]);
        }
    }
    if (dk_timer_set(life->loop, &life->drain_deadline, life->drain_ms * 1000) != DK_OK) {
        dk__loop_stop(life->loop);
        return;
    }
    drain_check(life);
}

/* ── lines that repeat ──────────────────────────────────────────────────────────────────────── */

/* What is held is told when its window is over, also when the process has nothing else to say. */
static void repeats_flush(struct dk__life *life) {
    const int64_t due_us = dk__log_flush();
    if (due_us >= 0 && dk_timer_set(life->loop, &life->repeats_due, due_us) != DK_OK) {
        dk__log_flush_all();
    }
}

static void repeats_on_due(struct dk_timer *timer) {
    repeats_flush(
        (struct dk__life *)(void *)((char *)timer - offsetof(struct dk__life, repeats_due)));
}

static void repeats_on_arrival(struct dk__work *work) {
    repeats_flush(
        (struct dk__life *)(void *)((char *)work - offsetof(struct dk__life, repeats_held)));
}

/* On whichever thread logs. The log tells once, until a flush has found nothing: the work is free. */
static void repeats_on_held(void *context) {
    struct dk__life *life = context;
    dk__loop_post(life->loop, &life->repeats_held);
}

/* ── signals ────────────────────────────────────────────────────────────────────────────────── */

static void on_signal(void *context, int number) {
    struct dk__life *life = context;
    if (number == SIGUSR1) {
        dk__log_toggle();
        return;
    }
    if (life->is_draining) {
        dk_log(DK_LOG_WARN, "serve", "second signal, stopping at once", "signal=%d", number);
        dk__loop_stop(life->loop);
        return;
    }
    dk_log(DK_LOG_INFO, "serve", "stopping", "signal=%d", number);
    life->is_draining = true;
    drain(life);
}

enum dk_error dk__life_open(struct dk__life *life, struct dk_fault *fault) {
    sigset_t signals;
    life->drain_deadline.on_due = drain_on_deadline;
    life->repeats_due.on_due = repeats_on_due;
    life->repeats_held.on_arrival = repeats_on_arrival;
    (void)sigemptyset(&life->stop);
    (void)sigaddset(&life->stop, SIGTERM);
    (void)sigaddset(&life->stop, SIGINT);
    signals = life->stop;
    (void)sigaddset(&signals, SIGUSR1);
    if (dk__loop_new(&life->loop, fault) != DK_OK) {
        return fault->error;
    }
    dk__log_on_held(repeats_on_held, life);
    return dk__loop_on_signal(life->loop, &signals, on_signal, life, fault);
}

enum dk_error dk__life_add(
    struct dk__life *life,
    struct dk__door *door,
    const struct dk__limits *limits,
    struct dk_fault *fault) {
    door->life = life;
    door->next = life->doors;
    life->doors = door;
    if (dk__server_init(&door->server, life->loop, limits) != DK_OK) {
        return dk_fault_set(fault, DK_EXHAUSTED, "no memory to serve");
    }
    if (life->tracer != NULL) { /* before who counts: an exemplar names the trace */
        dk__rpc_trace_by(&door->server, &door->tracing, life->tracer);
    }
    return DK_OK;
}

enum dk_error dk__life_listen(
    struct dk__door *door,
    const struct dk__transport *transport,
    const char *address,
    const char *label,
    struct dk_fault *fault) {
    size_t at = 0;
    while (door->listeners[at] != NULL) {
        at++;
        assert(at < DK__DOOR_ADDRESSES_MAX);
    }
    if (transport->listen(&door->server, address, &door->listeners[at], fault) != DK_OK) {
        return fault->error;
    }
    door->transports[at] = transport;
    (void)snprintf(door->labels[at], sizeof door->labels[at], "%s", label);
    if (dk_metrics_are_wanted()) {
        dk__listener_metrics_begin(
            &door->metrics[at], transport, door->listeners[at], door->labels[at]);
    }
    return DK_OK;
}

enum dk_error dk__life_run(struct dk__life *life, struct dk_fault *fault) {
    const enum dk_error error = dk__loop_run(life->loop);
    dk_timer_stop(life->loop, &life->drain_deadline);
    return error == DK_OK ? DK_OK : dk_fault_set(fault, error, "the event loop failed");
}

void dk__life_shut(struct dk__life *life) {
    for (struct dk__door *door = life->doors; door != NULL; door = door->next) {
        door->server.on_idle = NULL; /* it would look at doors that are closed */
    }
    for (struct dk__door *door = life->doors; door != NULL; door = door->next) {
        for (size_t i = 0; i < DK__DOOR_ADDRESSES_MAX; i++) {
            if (door->listeners[i] != NULL) {
                dk__listener_metrics_end(&door->metrics[i]);
                door->transports[i]->close(door->listeners[i]);
                door->listeners[i] = NULL;
            }
        }
    }
}

/* What the loop did in its life: a warm process takes no chunk from the heap any more. */
static void log_counts(struct dk_loop *loop) {
    const struct dk__loop_counts counts = dk__loop_counts(loop);
    dk_log(
        DK_LOG_DEBUG,
        "serve",
        "the loop is closed",
        "turns=%llu waits=%llu ready=%llu chunks_from_heap=%llu",
        (unsigned long long)counts.turns,
        (unsigned long long)counts.waits,
        (unsigned long long)counts.ready,
        (unsigned long long)dk__loop_pool(loop)->heap_takes);
}

void dk__life_close(struct dk__life *life) {
    for (struct dk__door *door = life->doors; door != NULL; door = door->next) {
        dk__server_clear(&door->server);
        dk__rpc_trace_end(&door->tracing);
    }
    life->doors = NULL;
    dk__log_on_held(NULL, NULL);
    if (life->loop != NULL) {
        log_counts(life->loop);
        dk__loop_free(life->loop);
        life->loop = NULL;
    }
}

int dk__life_end(const struct dk_fault *fault) {
    dk__log_flush_all();
    if (fault->error != DK_OK && fault->error != DK_CANCELLED) {
        dk_log(DK_LOG_ERROR, "serve", "cannot serve", "reason=\"%s\"", fault->text);
        return EXIT_FAILURE;
    }
    dk_log(DK_LOG_INFO, "serve", "stopped", NULL);
    return EXIT_SUCCESS;
}
