/*
 * Pings of all instances, on the loop's thread. An ask is a call of its own: its memory stays until
 * the backend has given its reply away, however late, and it holds its instance so long.
 */
#include "wire/grpc/probe.h"

#include "core/loop.h"
#include "wire/grpc/block.h"

#include <assert.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

enum { ARENA_BYTES_MAX = 64 * 1024 };

struct dk__probe_ask {
    struct dk__call call;
    struct dk_reply reply;
    struct dk_instance *instance; /* held */
    void (*ping)(struct dk_instance *instance, struct dk_reply *reply);
    struct dk__probe *probe; /* NULL: nobody waits any more */
    struct dk__probe_ask *next;
    size_t result; /* its place among the probe's */
};

static void probe_finish(struct dk__probe *probe) {
    dk_timer_stop(probe->loop, &probe->deadline);
    probe->is_running = false;
    probe->on_done(probe);
}

/* The probe forgets an ask, which goes on by itself. */
static void probe_unlink(struct dk__probe *probe, struct dk__probe_ask *ask) {
    struct dk__probe_ask **at = &probe->asks;
    while (*at != ask) {
        at = &(*at)->next;
    }
    *at = ask->next;
    ask->probe = NULL;
    probe->waiting--;
}

static struct dk__probe_ask *ask_of(struct dk_reply *reply) {
    return (struct dk__probe_ask *)(void *)((char *)reply - offsetof(struct dk__probe_ask, reply));
}

static void ask_end(struct dk__probe_ask *ask, const char *words) {
    struct dk__probe *const probe = ask->probe;
    if (probe != NULL) {
        struct dk__probe_result *const result = &probe->results[ask->result];
        result->is_good = words == NULL;
        (void)snprintf(result->words, sizeof result->words, "%s", words == NULL ? "" : words);
        probe_unlink(probe, ask);
    }
    dk__instances_release(ask->instance);
    dk__arena_reset(&ask->call.arena);
    free(ask);
    if (probe != NULL && probe->waiting == 0 && probe->is_running) {
        probe_finish(probe);
    }
}

static void ask_on_ok(struct dk_reply *reply) {
    ask_end(ask_of(reply), NULL);
}

static void ask_on_fail(struct dk_reply *reply, enum dk_error error, const char *text) {
    (void)error;
    ask_end(ask_of(reply), text);
}

static const struct dk__reply_ops ask_ops = {.ok = ask_on_ok, .fail = ask_on_fail};

static void ask_new(
    struct dk__probe *probe, const struct dk__block *block, struct dk_instance *instance) {
    struct dk__probe_ask *ask = calloc(1, sizeof *ask);
    struct dk__probe_result *const result = &probe->results[probe->count];
    *result = (struct dk__probe_result){.words = "no memory to ask"};
    (void)snprintf(result->kind, sizeof result->kind, "%s", block->row.kind);
    (void)snprintf(result->instance, sizeof result->instance, "%s", instance->name);
    probe->count++;
    if (ask == NULL) {
        return;
    }
    ask->call.arena =
        (struct dk__arena){.pool = dk__loop_pool(probe->loop), .bytes_max = ARENA_BYTES_MAX};
    ask->call.deadline_us = dk__clock_us() + DK__PROBE_DEADLINE_US;
    atomic_init(&ask->call.owner, DK__OWNER_LOOP);
    ask->reply = (struct dk_reply){.ops = &ask_ops, .call = &ask->call};
    ask->instance = instance;
    ask->ping = block->ping;
    ask->probe = probe;
    ask->result = probe->count - 1;
    ask->next = probe->asks;
    probe->asks = ask;
    probe->waiting++;
    dk__instances_hold(instance);
}

struct adding {
    struct dk__probe *probe;
    const struct dk__block *block;
};

static void add_instance(void *context, struct dk_instance *instance) {
    const struct adding *adding = context;
    struct dk__probe *const probe = adding->probe;
    if (probe->results == NULL) {
        probe->results = calloc(DK__PROBE_ASKS_MAX, sizeof *probe->results);
    }
    if (probe->results == NULL || probe->count == DK__PROBE_ASKS_MAX) {
        probe->skipped++;
    } else if (adding->block->ping == NULL) {
        struct dk__probe_result *const result = &probe->results[probe->count];
        *result = (struct dk__probe_result){.is_good = true};
        (void)snprintf(result->kind, sizeof result->kind, "%s", adding->block->row.kind);
        (void)snprintf(result->instance, sizeof result->instance, "%s", instance->name);
        probe->count++;
    } else {
        ask_new(probe, adding->block, instance);
    }
}

void dk__probe_add(struct dk__probe *probe, struct dk__block *block) {
    struct adding adding = {.probe = probe, .block = block};
    assert(!probe->is_running);
    dk__instances_each(block->instances, add_instance, &adding);
}

static void on_deadline(struct dk_timer *timer) {
    struct dk__probe *const probe =
        (struct dk__probe *)(void *)((char *)timer - offsetof(struct dk__probe, deadline));
    while (probe->asks != NULL) {
        struct dk__probe_ask *const ask = probe->asks;
        (void)snprintf(
            probe->results[ask->result].words,
            sizeof probe->results[ask->result].words,
            "no answer within %d ms",
            DK__PROBE_DEADLINE_US / 1000);
        ask->call.is_over = true;
        probe_unlink(probe, ask);
    }
    probe_finish(probe);
}

void dk__probe_run(struct dk__probe *probe) {
    struct dk__probe_ask *next = NULL;
    probe->deadline.on_due = on_deadline;
    if (dk_timer_set(probe->loop, &probe->deadline, DK__PROBE_DEADLINE_US) != DK_OK) {
        on_deadline(&probe->deadline); /* no room for a timer: say so rather than wait for ever */
        return;
    }
    for (struct dk__probe_ask *ask = probe->asks; ask != NULL; ask = next) {
        next = ask->next; /* an answer at once frees this one, and no other */
        ask->ping(ask->instance, &ask->reply);
    }
    if (probe->waiting == 0) {
        probe_finish(probe);
    } else {
        probe->is_running = true;
    }
}

bool dk__probe_is_good(const struct dk__probe *probe) {
    for (size_t i = 0; i < probe->count; i++) {
        if (!probe->results[i].is_good) {
            return false;
        }
    }
    return probe->skipped == 0;
}

void dk__probe_clear(struct dk__probe *probe) {
    while (probe->asks != NULL) {
        probe->asks->call.is_over = true;
        probe_unlink(probe, probe->asks);
    }
    dk_timer_stop(probe->loop, &probe->deadline);
    free(probe->results);
    probe->results = NULL;
    probe->count = 0;
    probe->skipped = 0;
    probe->is_running = false;
}
