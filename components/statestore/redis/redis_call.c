/*
 * What all operations share: sending, waiting out an outage, trying again where that is safe, and
 * the confirmation of strong writes.
 */
#include "statestore/redis/redis_call.h"

#include "clients/redis/redis_error.h"
#include "clients/redis/redis_words.h"

#include <dk/trace.h>
#include <stdio.h>

enum { CONFIRM_MS = 1000 }; /* as long as the built-in gives replicas */

struct redis_state *redis_state_of(struct dk_instance *store) {
    return (struct redis_state *)(void *)store;
}

/* The link of strong writes, made by the first of them. */
static enum dk_error strong_link(struct redis_state *state, struct dk_fault *fault) {
    struct redis_link *link = NULL;

    if (state->strong != NULL) {
        return DK_OK;
    }
    enum dk_error error = redis_link_new(state->base.loop, &state->settings, &link, fault);
    if (error == DK_OK) {
        redis_link_introduce(link, state->base.name, "strong");
        error = redis_link_keep(link, fault);
    }
    if (error != DK_OK) {
        redis_link_free(link);
        return error;
    }
    state->strong = link;
    return DK_OK;
}

/* The master may have got its first replica since the last run: each chooses its link anew. */
static void call_run(struct redis_call *call) {
    struct redis_state *state = call->state;
    struct dk_fault fault = {.error = DK_OK};

    call->link = state->link;
    if (call->is_strong && redis_link_replicas(state->link) > 0) {
        if (strong_link(state, &fault) != DK_OK) {
            dk_reply_fault(call->reply, &fault);
            return;
        }
        call->link = state->strong;
    }
    call->run(call);
}

void redis_call_start(
    struct dk_instance *store,
    const void *request,
    struct dk_reply *reply,
    size_t size,
    void (*run)(struct redis_call *call)) {
    redis_call_start_write(store, request, reply, false, size, run);
}

void redis_call_start_write(
    struct dk_instance *store,
    const void *request,
    struct dk_reply *reply,
    bool is_strong,
    size_t size,
    void (*run)(struct redis_call *call)) {
    struct redis_call *call = dk_reply_take(reply, size);
    if (call == NULL) {
        dk_reply_fail(reply, DK_EXHAUSTED, "redis: the call's memory bound is reached");
        return;
    }
    call->state = redis_state_of(store);
    call->reply = reply;
    call->request = request;
    call->run = run;
    call->is_strong = is_strong;
    call_run(call);
}

/* ── its span ───────────────────────────────────────────────────────────────────────────────── */

static void span_describe(
    const struct redis_state *state, struct dk_span *span, struct dk_bytes command) {
    static const struct dk_bytes system = DK_BYTES("redis");
    dk_span_text(span, "db.system", system);
    dk_span_text(span, "db.operation", command);
    if (state->settings.config->host != NULL) {
        dk_span_text(span, "server.address", dk_bytes_of(state->settings.config->host));
    }
}

void redis_traced_on_turn_end(struct dk_deferred *deferred) {
    struct redis_state *state =
        (struct redis_state
             *)(void *)((char *)deferred - offsetof(struct redis_state, traced.turn_end));
    enum { NAME_BYTES = 64 };
    struct redis_traced *traced = &state->traced;
    char name[NAME_BYTES];
    if (traced->span == NULL) {
        return;
    }
    if (traced->calls == 1) {
        span_describe(state, traced->span, traced->command);
    } else {
        (void)snprintf(
            name,
            sizeof name,
            traced->is_mixed ? "PIPELINE" : "PIPELINE %.*s",
            (int)traced->command.size,
            traced->command.data);
        dk_span_name(traced->span, dk_bytes_of(name));
        span_describe(state, traced->span, dk_bytes_of(name));
    }
    if (traced->commands > 1) {
        dk_span_number(traced->span, "db.operation.batch.size", (int64_t)traced->commands);
    }
    dk_span_end(traced->span); /* for us: it goes on until its last call has its answer */
    traced->span = NULL;
}

/* Whoever is first begins the span of the turn's write; its name and numbers come at the turn's end. */
void redis_call_trace(struct redis_call *call, struct dk_bytes command, size_t batch) {
    struct redis_state *state = call->state;
    struct redis_traced *traced = &state->traced;
    dk_reply_span_leave(call->reply);
    if (call->link != state->link) { /* of strong writes: another connection, another write */
        struct dk_span *span = dk_reply_span_begin(call->reply, DK_SPAN_CLIENT, command);
        if (span != NULL) {
            span_describe(state, span, command);
        }
        return;
    }
    if (traced->span != NULL) {
        if (dk_reply_span_join(call->reply, traced->span)) {
            traced->calls++;
            traced->commands += batch;
            traced->is_mixed = traced->is_mixed || !dk_bytes_equal(traced->command, command);
        }
        return;
    }
    traced->span = dk_reply_span_begin_common(call->reply, DK_SPAN_CLIENT, command);
    if (traced->span != NULL) {
        traced->calls = 1;
        traced->commands = batch;
        traced->command = command;
        traced->is_mixed = false;
        dk_defer(state->base.loop, &traced->turn_end);
    }
}

/* ── its commands ───────────────────────────────────────────────────────────────────────────── */

void redis_call_send(
    struct redis_call *call,
    const struct dk_bytes *words,
    size_t count,
    redis_answer_fn *on_answer) {
    redis_call_trace(call, words[0], 1);
    const enum dk_error error = redis_link_send(call->link, words, count, on_answer, call);
    if (error == DK_UNAVAILABLE) {
        redis_call_wait(call);
    } else if (error != DK_OK) {
        dk_reply_fail(call->reply, error, "redis: inflightMax reached");
    }
}

void redis_call_name_script(
    const struct redis_call *call, enum redis_script script, struct dk_bytes words[2]) {
    static const struct dk_bytes by_text = DK_BYTES("EVAL"), by_sum = DK_BYTES("EVALSHA");
    if (call->is_script_unknown) {
        words[0] = by_text;
        words[1] = redis_script_text(script);
    } else {
        words[0] = by_sum;
        words[1] = (struct dk_bytes){call->state->shas[script], REDIS_SHA_BYTES};
    }
}

static void call_on_wait_over(struct redis_waiter *waiter, bool is_ready) {
    struct redis_call *call = (struct redis_call *)(void *)waiter;
    if (dk_reply_is_over(call->reply)) {
        dk_reply_fail(call->reply, DK_CANCELLED, "redis: nobody waits for the answer any more");
    } else if (is_ready) {
        call_run(call);
    } else {
        dk_reply_fail(call->reply, DK_UNAVAILABLE, "%s", redis_link_trouble(call->link));
    }
}

void redis_call_wait(struct redis_call *call) {
    call->waiter.on_wait_over = call_on_wait_over;
    const enum dk_error error = redis_link_wait(call->link, &call->waiter);
    if (error == DK_EXHAUSTED) {
        dk_reply_fail(call->reply, error, "redis: inflightMax calls wait for the connection");
    } else if (error != DK_OK) {
        dk_reply_fail(call->reply, error, "%s", redis_link_trouble(call->link));
    }
}

void redis_call_lost_read(struct redis_call *call) {
    if (call->runs_again < call->state->settings.reads_again_max &&
        !dk_reply_is_over(call->reply)) {
        call->runs_again++;
        redis_call_wait(call);
        return;
    }
    dk_reply_fail(call->reply, DK_UNAVAILABLE, "%s", redis_link_trouble(call->link));
}

bool redis_call_goes_again(struct redis_call *call, const struct redisReply *answer) {
    if (redis_reply_is(answer, "NOSCRIPT") && !call->is_script_unknown) {
        call->is_script_unknown = true; /* the text both runs and makes it known */
        call->run(call);
        return true;
    }
    if (redis_reply_is(answer, "READONLY") && call->runs_again == 0 &&
        !redis_link_is_ready(call->link)) {
        call->runs_again++;
        redis_call_wait(call);
        return true;
    }
    return false;
}

void redis_call_refuse(struct redis_call *call, const struct redisReply *answer) {
    struct dk_fault fault = {.error = DK_OK};
    if (answer == NULL) {
        dk_reply_fail(
            call->reply,
            DK_UNAVAILABLE,
            "redis: connection lost before the answer; the write may have happened: %s",
            redis_link_trouble(call->link));
        return;
    }
    if (answer->type == REDIS_REPLY_ERROR) {
        (void)redis_fault_of(answer, &fault);
    } else {
        (void)dk_fault_set(&fault, DK_INTERNAL, "redis: an answer of an unexpected type");
    }
    dk_reply_fault(call->reply, &fault);
}

/* ── strong writes ──────────────────────────────────────────────────────────────────────────── */

/* `fault` has no error when the replicas have it. */
static void confirm_all(struct redis_call *call, const struct dk_fault *fault) {
    while (call != NULL) {
        struct redis_call *next = call->next; /* the call ends with its reply */
        if (fault->error == DK_OK) {
            dk_reply_ok(call->reply);
        } else {
            dk_reply_fault(call->reply, fault);
        }
        call = next;
    }
}

static void call_on_confirmed(void *context, const struct redisReply *answer) {
    struct redis_call *call = context;
    const long long wanted = redis_link_replicas(call->link);
    struct dk_fault fault = {.error = DK_OK};

    if (answer == NULL) {
        (void)dk_fault_set(
            &fault,
            DK_UNAVAILABLE,
            "redis: written, but the connection was lost before %lld replicas confirmed: %s",
            wanted,
            redis_link_trouble(call->link));
    } else if (answer->type != REDIS_REPLY_INTEGER) {
        (void)dk_fault_set(
            &fault,
            redis_error_of(answer),
            "redis: written, but the replicas cannot be asked: %s",
            answer->type == REDIS_REPLY_ERROR ? answer->str : "an answer of an unexpected type");
    } else if (answer->integer < wanted) {
        (void)dk_fault_set(
            &fault,
            DK_UNAVAILABLE,
            "redis: written, but only %lld of %lld replicas confirmed",
            answer->integer,
            wanted);
    }
    confirm_all(call, &fault);
}

void redis_call_on_turn_end(struct dk_deferred *deferred) {
    struct redis_state *state =
        (struct redis_state *)(void *)((char *)deferred - offsetof(struct redis_state, confirm));
    struct redis_call *calls = state->unconfirmed;
    char count[REDIS_NUMBER_BYTES_MAX], time[REDIS_NUMBER_BYTES_MAX];
    struct dk_fault fault = {.error = DK_OK};

    if (calls == NULL) {
        return;
    }
    state->unconfirmed = NULL;
    const struct dk_bytes words[] = {
        DK_BYTES("WAIT"),
        redis_number_word(count, redis_link_replicas(state->strong)),
        redis_number_word(time, CONFIRM_MS)};
    const enum dk_error error =
        redis_link_send_blocking(state->strong, words, 3, CONFIRM_MS, call_on_confirmed, calls);
    if (error != DK_OK) {
        (void)dk_fault_set(
            &fault,
            error,
            "redis: written, but the replicas cannot be asked: %s",
            error == DK_UNAVAILABLE ? redis_link_trouble(state->strong) : "inflightMax reached");
        confirm_all(calls, &fault);
    }
}

/*
 * WAIT covers what its own connection wrote before it. The write was answered in this turn and WAIT
 * is sent at its end, so no other connection can have come between.
 */
void redis_call_written(struct redis_call *call) {
    struct redis_state *state = call->state;
    if (call->link != state->strong || redis_link_replicas(state->strong) == 0) {
        dk_reply_ok(call->reply);
        return;
    }
    call->next = state->unconfirmed;
    state->unconfirmed = call;
    dk_defer(state->base.loop, &state->confirm);
}
