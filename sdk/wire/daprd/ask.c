/*
 * A question's way: the sidecar reached, the request sent, an answer or what else ended it.
 *
 *     worker ─▶ wait until the channel is ready, patience_ms at most ─▶ one unary call, blocking
 *                     ▲                                                      │
 *                     └── lost on the way, and asking twice does no harm ◀───┘
 *
 * What ends the waiting: the answer, the deadline, the loop when nobody wants the handler's answer
 * any more (dk__app_wait_begin), dk__daprd_close.
 */
#include "wire/daprd/ask.h"

#include "wire/daprd/error.h"
#include "wire/daprd/reason.h"
#include "wire/daprd/trace.h"

#include <time.h>

enum { PAUSE_NS = 50000000 };

int64_t dk__daprd_now_us(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int64_t lesser(int64_t left, int64_t right) {
    return left < right ? left : right;
}

/* "GetState" */
static const char *name_of(const struct dk__question *question) {
    const char *slash = strrchr(question->path, '/');
    return slash == NULL ? question->path : slash + 1;
}

/* Who answers: "daprd", or an application behind it. */
static const char *whom(const struct dk__question *question) {
    return question->app_id == NULL ? "daprd" : question->app_id;
}

/* ── ends without an answer ─────────────────────────────────────────────────────────────────── */

/* The caller still waits, and another instance may serve it. */
static enum dk_error closed(struct dk__asking *asking) {
    return dk_fault_set(
        &asking->fault,
        DK_UNAVAILABLE,
        "%s: %s: the program stops",
        whom(asking->question),
        name_of(asking->question));
}

static enum dk_error late(struct dk__asking *asking) {
    return dk_fault_set(
        &asking->fault,
        DK_TIMEOUT,
        "%s: %s: no answer before the deadline",
        whom(asking->question),
        name_of(asking->question));
}

static enum dk_error unwanted(struct dk__asking *asking) {
    if (dk__daprd_now_us() >= asking->deadline_us) {
        return late(asking);
    }
    return dk_fault_set(
        &asking->fault,
        DK_CANCELLED,
        "%s: %s: nobody waits for the answer any more",
        whom(asking->question),
        name_of(asking->question));
}

static bool is_closed(const struct dk__asking *asking) {
    /* Acquire pairs with the release in dk__daprd_close. */
    return atomic_load_explicit(&asking->daprd->is_closed, memory_order_acquire);
}

/* ── reaching the sidecar ───────────────────────────────────────────────────────────────────── */

static enum dk_error unreachable(struct dk__asking *asking) {
    char reason[DK__DAPRD_REASON_BYTES] = "";
    if (asking->daprd->settings.endpoint.has_tls) {
        dk__daprd_reason(asking->daprd, reason);
    }
    return dk_fault_set(
        &asking->fault,
        DK_UNAVAILABLE,
        "daprd: %s: no sidecar answers at '%s'%s%s",
        name_of(asking->question),
        asking->daprd->settings.endpoint.target,
        reason[0] == '\0' ? "" : ": ",
        reason);
}

/* Until then, or the deadline of the asking. */
static enum dk_error reach(struct dk__asking *asking, int64_t until) {
    if (dk_call_is_over(asking->call)) {
        return unwanted(asking);
    }
    const enum dk_error error =
        dk__channel_wait_ready(asking->daprd->channel, lesser(until, asking->deadline_us), NULL);
    if (error == DK_OK) {
        return DK_OK;
    }
    if (error == DK_CANCELLED) {
        return closed(asking);
    }
    /* Failed or still connecting: how far it came by then. */
    return asking->deadline_us <= until ? late(asking) : unreachable(asking);
}

/* ── one call ───────────────────────────────────────────────────────────────────────────────── */

enum { PAIRS_MAX = DK__TRACE_PAIRS_MAX + 2 };

static enum dk_error client_new(struct dk__asking *asking) {
    static const struct dk_bytes token_key = DK_BYTES("dapr-api-token");
    static const struct dk_bytes app_id_key = DK_BYTES("dapr-app-id");
    const struct dk__question *question = asking->question;
    const struct dk__rpc *rpc = asking->call->rpc;
    struct dk__trace trace;
    struct dk_pair pairs[PAIRS_MAX];
    size_t count = 0;
    dk__trace_take(
        rpc == NULL ? (struct dk_pairs){0} : rpc->metadata,
        asking->span != NULL ? &asking->span->record.self : &asking->call->task.call.trace.context,
        question->has_text_trace,
        &trace);
    memcpy(pairs, trace.pairs, trace.count * sizeof pairs[0]);
    count = trace.count;
    if (asking->daprd->token != NULL) {
        pairs[count++] = (struct dk_pair){token_key, dk_bytes_of(asking->daprd->token)};
    }
    if (question->app_id != NULL) {
        pairs[count++] = (struct dk_pair){app_id_key, dk_bytes_of(question->app_id)};
    }
    const struct dk__client_request request = {
        .path = question->path,
        .metadata = {.items = pairs, .count = count},
        .deadline_us = asking->deadline_us};
    return dk__client_call_new(asking->daprd->channel, &request, &asking->client, &asking->fault);
}

static void client_end(struct dk__asking *asking) {
    dk__client_call_free(asking->client); /* NULL is fine: none was made */
    asking->client = NULL;
}

static void client_on_over(void *context) {
    dk__client_call_cancel(context);
}

/* What the other end, or gRPC for it, answered. */
static enum dk_error answer_error(
    struct dk__asking *asking, const struct dk__client_answer *answer) {
    const enum dk_error error = dk__daprd_error_of(&answer->status, asking->writing.arena);
    const bool is_ours = answer->status.details.size == 0;
    if (is_ours && is_closed(asking)) {
        return closed(asking);
    }
    if (is_ours && error == DK_CANCELLED && dk_call_is_over(asking->call)) {
        return unwanted(asking);
    }
    if (is_ours && error == DK_TIMEOUT) {
        return late(asking);
    }
    return dk_fault_set(
        &asking->fault,
        error,
        "%s: %s: %.*s",
        whom(asking->question),
        name_of(asking->question),
        (int)answer->status.message.size,
        answer->status.message.data);
}

/* NULL: `fault` says why. `ret_is_lost`: the connection broke; it may have been heard or not. */
static const struct dk__client_answer *attempt(
    struct dk__asking *asking, struct dk_bytes request, bool *ret_is_lost) {
    *ret_is_lost = false;
    if (client_new(asking) != DK_OK) {
        if (is_closed(asking)) {
            asking->fault = (struct dk_fault){.error = DK_OK};
            (void)closed(asking);
        }
        return NULL;
    }
    if (!dk__app_wait_begin(asking->call, client_on_over, asking->client)) {
        (void)unwanted(asking);
        return NULL;
    }
    const struct dk__client_answer *answer = dk__client_call_unary(asking->client, request);
    dk__app_wait_end(asking->call);
    /* daprd's own UNAVAILABLE, of a component's, comes with details. */
    *ret_is_lost = answer->status.code == DK__CODE_UNAVAILABLE &&
                   answer->status.details.size == 0 && !is_closed(asking);
    return answer;
}

static enum dk_error ask(
    struct dk__asking *asking, struct dk_bytes request, struct dk_bytes *ret_answer) {
    for (int tries = 1;; tries++) {
        bool is_lost = false;
        const enum dk_error error =
            reach(asking, dk__daprd_now_us() + asking->daprd->settings.patience_ms * 1000);
        if (error != DK_OK) {
            return error;
        }
        const struct dk__client_answer *answer = attempt(asking, request, &is_lost);
        if (answer == NULL) {
            return asking->fault.error;
        }
        if (answer->status.code == DK__CODE_OK) {
            *ret_answer = answer->message;
            return DK_OK;
        }
        if (!is_lost || !asking->question->is_harmless || tries == DK__DAPRD_TRIES_MAX) {
            return answer_error(asking, answer);
        }
        client_end(asking);
    }
}

/* ── its span ───────────────────────────────────────────────────────────────────────────────── */

/* All tries of a question are one span. daprd gives components no trace headers, but a state request's
 * metadata: there a component of ours finds its parent, and others do not look. */
static void span_begin(struct dk__asking *asking) {
    static const struct dk_bytes system = DK_BYTES("grpc");
    const struct dk__question *question = asking->question;
    if (question->path == NULL || question->path[0] != '/') {
        return; /* a question that will be refused */
    }
    const char *const path = question->path + 1;
    const char *const slash = strrchr(path, '/');
    if (slash == NULL) {
        return; /* likewise */
    }
    asking->span = dk_call_span_begin(asking->call, DK_SPAN_CLIENT, dk_bytes_of(path));
    if (asking->span == NULL) {
        return;
    }
    dk_span_text(asking->span, "rpc.system", system);
    dk_span_text(asking->span, "rpc.service", (struct dk_bytes){path, (size_t)(slash - path)});
    dk_span_text(asking->span, "rpc.method", dk_bytes_of(slash + 1));
    if (question->app_id != NULL) {
        dk_span_text(asking->span, "dapr.app_id", dk_bytes_of(question->app_id));
    }
    dk__trace_write_text(&asking->span->record.self, asking->traceparent);
    asking->writing.traceparent = dk_bytes_of(asking->traceparent);
}

static void span_end(struct dk__asking *asking, enum dk_error error) {
    if (error != DK_OK) {
        dk_span_fail(asking->span, dk_bytes_of(asking->fault.text));
    }
    dk_span_end(asking->span); /* NULL is fine */
    asking->span = NULL;
}

/* ── an asking's life ───────────────────────────────────────────────────────────────────────── */

void dk__asking_begin(
    struct dk__asking *asking, struct dk_call *call, const struct dk__question *question) {
    struct dk__arena *arena = &call->task.call.arena;
    *asking = (struct dk__asking){
        .call = call,
        .daprd = call->app == NULL ? NULL : call->app->config.daprd,
        .question = question,
        .deadline_us = dk_call_deadline_us(call)};
    asking->writing = (struct dk__pbc_writing){.arena = arena, .fault = &asking->fault};
    if (asking->daprd != NULL) {
        asking->deadline_us = lesser(
            asking->deadline_us, dk__daprd_now_us() + asking->daprd->settings.timeout_ms * 1000);
    }
    span_begin(asking);
    asking->part = dk__arena_part_begin(arena); /* after the span, which outlives the request */
}

static enum dk_error request_check(struct dk__asking *asking, struct dk_bytes request) {
    if (request.data == NULL) {
        return asking->fault.error;
    }
    if (asking->daprd == NULL) {
        return dk_fault_set(
            &asking->fault, DK_NOT_READY, "daprd: the program has no client to its sidecar");
    }
    if (request.size > DK__DAPRD_MESSAGE_BYTES_MAX) {
        return dk_fault_set(
            &asking->fault,
            DK_TOO_LARGE,
            "%s: %s: the question has %zu bytes, more than the %d that daprd takes",
            whom(asking->question),
            name_of(asking->question),
            request.size,
            DK__DAPRD_MESSAGE_BYTES_MAX);
    }
    return DK_OK;
}

enum dk_error dk__asking_send(
    struct dk__asking *asking, struct dk_bytes request, struct dk_bytes *ret_answer) {
    enum dk_error error = request_check(asking, request);
    if (error == DK_OK) {
        error = ask(asking, request, ret_answer);
    }
    dk__arena_part_end(asking->writing.arena, asking->part);
    return error;
}

enum dk_error dk__asking_end(struct dk__asking *asking, enum dk_error error) {
    client_end(asking);
    span_end(asking, error);
    return error == DK_OK ? DK_OK : dk_call_fail(asking->call, error, "%s", asking->fault.text);
}

enum dk_error dk__asking_tell(struct dk__asking *asking, struct dk_bytes request) {
    struct dk_bytes answer;
    return dk__asking_end(asking, dk__asking_send(asking, request, &answer));
}

/* Something at the other end had its say. */
static bool is_answered(const struct dk__client_answer *answer, bool is_lost) {
    const enum dk__code code = answer->status.code;
    return answer->status.details.size > 0 ||
           (!is_lost && code != DK__CODE_DEADLINE_EXCEEDED && code != DK__CODE_CANCELLED);
}

/* For a peer that takes connections and refuses what comes over them. */
static void pause_briefly(void) {
    const struct timespec pause = {.tv_nsec = PAUSE_NS};
    (void)nanosleep(&pause, NULL);
}

enum dk_error dk__asking_until_answered(struct dk__asking *asking, int64_t timeout_ms) {
    static const struct dk_bytes empty = DK_BYTES("");
    const int64_t until = dk__daprd_now_us() + timeout_ms * 1000;
    const int64_t deadline_us = dk_call_deadline_us(asking->call);
    if (request_check(asking, empty) != DK_OK) {
        return asking->fault.error;
    }
    for (;;) {
        bool is_lost = false;
        asking->deadline_us = deadline_us; /* the caller says how long, not the settings */
        const enum dk_error error = reach(asking, until);
        if (error != DK_OK) {
            return error;
        }
        asking->deadline_us = lesser(until, deadline_us);
        const struct dk__client_answer *answer = attempt(asking, empty, &is_lost);
        if (answer == NULL) {
            return asking->fault.error;
        }
        const bool is_there = is_answered(answer, is_lost);
        client_end(asking);
        if (is_there) {
            return DK_OK;
        }
        if (dk__daprd_now_us() >= until) {
            return unreachable(asking);
        }
        pause_briefly();
    }
}
