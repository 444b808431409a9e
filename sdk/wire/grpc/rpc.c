/*
 * The life of an RPC, on the loop's thread.
 *
 *     begun ──(unary: half-close, streaming: at once)──▶ running ──▶ finished ──▶ let go
 *       │                                                   │            ▲
 *       └── refused, deadline, abandoned ───────────────────┴────────────┘
 *
 * What a method logs belongs to its call: whoever finds out more says so to core/log.h, and what was
 * said ends here, with the method's turn.
 *
 * `finished` is about the peer: its status is out. `let go` is about us: no backend holds the
 * reply any more. A deadline that passes while a backend works parts the two.
 */
#include "wire/grpc/rpc.h"

#include "core/instances.h"
#include "core/log.h"
#include "wire/grpc/observer.h"
#include "wire/grpc/rpc_trace.h"
#include "wire/grpc/timeout.h"

#include <assert.h>
#include <stddef.h>
#include <stdio.h>

static struct dk__rpc *rpc_of_deadline(struct dk_timer *timer) {
    return (struct dk__rpc *)(void *)((char *)timer - offsetof(struct dk__rpc, deadline));
}

/* The caller gets the words; whoever looks from here finds them, at debug, by the trace's id. */
static void failure_log(const struct dk__rpc *rpc, const struct dk__status *status) {
    if (status->code == DK__CODE_OK || !dk_log_wants(DK_LOG_DEBUG)) {
        return;
    }
    dk__log_context_component(rpc->held == NULL ? NULL : rpc->held->name);
    dk__rpc_trace_log(rpc);
    dk_log(
        DK_LOG_DEBUG,
        "rpc",
        "a call has failed",
        "method=\"%.*s\" code=%d reason=\"%.*s\"",
        (int)rpc->path.size,
        rpc->path.data == NULL ? "" : rpc->path.data,
        (int)status->code,
        (int)status->message.size,
        status->message.data == NULL ? "" : status->message.data);
    dk__log_context_clear();
}

static void rpc_close(struct dk__rpc *rpc, const struct dk__status *status) {
    dk_timer_stop(rpc->server->loop, &rpc->deadline);
    failure_log(rpc, status);
    dk__rpc_message_drop(rpc);
    rpc->is_finished = true;
    for (struct dk__observer *at = rpc->server->observers; at != NULL; at = at->next) {
        at->on_ended(at, rpc, status);
    }
    rpc->ops->finish(rpc, status);
}

static void rpc_let_go(struct dk__rpc *rpc) {
    struct dk__server *const server = rpc->server; /* the RPC may be gone before we are done */
    if (rpc->held != NULL) {
        dk__instances_release(rpc->held);
        rpc->held = NULL;
    }
    rpc->ops->let_go(rpc);
    assert(server->rpcs_open > 0);
    server->rpcs_open--;
    if (server->rpcs_open == 0) {
        dk__server_tell_idle(server);
    }
}

/* Ends an RPC that its method has not ended. A unary method that is at work keeps the RPC until it
 * gives the reply; a stream is told and lets go at once. */
static void rpc_end_early(struct dk__rpc *rpc, const struct dk__status *status) {
    if (rpc->is_finished) {
        return;
    }
    bool is_kept = rpc->is_running;
    rpc->call.is_over = true;
    if (rpc->is_running && rpc->method != NULL && rpc->method->streaming != NULL) {
        is_kept = false;
        rpc->is_running = false;
        if (rpc->method->streaming->on_over != NULL) {
            rpc->method->streaming->on_over(rpc);
            dk__log_context_clear();
        }
    }
    rpc_close(rpc, status);
    if (!is_kept) {
        rpc_let_go(rpc);
    } else if (rpc->on_over != NULL) {
        rpc->on_over(rpc);
    }
}

static void rpc_on_deadline(struct dk_timer *timer) {
    static const struct dk__status late = {
        .code = DK__CODE_DEADLINE_EXCEEDED,
        .message = DK_BYTES("the deadline of the call has passed"),
    };
    rpc_end_early(rpc_of_deadline(timer), &late);
}

/* The caller would wait longer, this side does not. */
static void rpc_on_limit(struct dk_timer *timer) {
    static const struct dk__status late = {
        .code = DK__CODE_DEADLINE_EXCEEDED,
        .message = DK_BYTES("handler-timeout has passed without an answer"),
    };
    rpc_end_early(rpc_of_deadline(timer), &late);
}

bool dk__rpc_limit(struct dk__rpc *rpc, int64_t timeout_us) {
    const int64_t limit_us = dk_loop_now_us(rpc->server->loop) + timeout_us;
    if (rpc->is_finished || rpc->call.deadline_us <= limit_us) {
        return true;
    }
    rpc->call.deadline_us = limit_us;
    rpc->deadline.on_due = rpc_on_limit;
    return dk_timer_set(rpc->server->loop, &rpc->deadline, timeout_us) == DK_OK;
}

/* "application/grpc", alone or followed by a subtype or a parameter. */
static bool is_grpc(struct dk_bytes content_type) {
    static const struct dk_bytes wanted = DK_BYTES("application/grpc");
    if (content_type.size < wanted.size ||
        memcmp(content_type.data, wanted.data, wanted.size) != 0) {
        return false;
    }
    return content_type.size == wanted.size || content_type.data[wanted.size] == '+' ||
           content_type.data[wanted.size] == ';';
}

/* Why nobody serves a path: the service, its method, or the path itself is wrong. */
static void refuse_path(struct dk__rpc *rpc, struct dk_bytes path) {
    struct dk_fault fault = {0};
    const char *slash = path.size > 1 ? memchr(path.data + 1, '/', path.size - 1) : NULL;
    if (slash == NULL || path.data[0] != '/') {
        (void)dk_fault_set(
            &fault,
            DK_UNSUPPORTED,
            "'%.*s' is no method; a path reads /package.Service/Method",
            (int)path.size,
            path.size == 0 ? "" : path.data);
    } else {
        const struct dk_bytes service = {
            .data = path.data + 1, .size = (size_t)(slash - path.data) - 1};
        const bool is_known = dk__server_service(rpc->server, service) != NULL;
        const int method_size = (int)(path.size - service.size) - 2;
        if (is_known) {
            (void)dk_fault_set(
                &fault,
                DK_UNSUPPORTED,
                "unknown method '%.*s' of service '%.*s'",
                method_size,
                slash + 1,
                (int)service.size,
                service.data);
        } else {
            (void)dk_fault_set(
                &fault, DK_UNSUPPORTED, "unknown service '%.*s'", (int)service.size, service.data);
        }
    }
    dk__rpc_refuse(rpc, DK__CODE_UNIMPLEMENTED, fault.text);
}

/* The row, and then whoever observes. */
static void begin_route(struct dk__rpc *rpc, struct dk_bytes path) {
    const struct dk__route *route = dk__server_route(rpc->server, path);
    if (route != NULL) {
        rpc->service = route->service;
        rpc->method = route->method;
        rpc->route = route->number;
        rpc->path = (struct dk_bytes){.data = route->path + 1, .size = route->path_size - 1};
    }
    for (struct dk__observer *at = rpc->server->observers; at != NULL; at = at->next) {
        if (at->on_begun != NULL) {
            at->on_begun(at, rpc);
        }
    }
}

/* False: the RPC was refused. */
static bool begin_headers(struct dk__rpc *rpc, const struct dk__rpc_headers *headers) {
    if (!is_grpc(headers->content_type)) {
        dk__rpc_refuse(
            rpc, DK__CODE_INVALID_ARGUMENT, "content-type: does not begin with application/grpc");
        return false;
    }
    if (rpc->server->is_draining) {
        dk__rpc_refuse(rpc, DK__CODE_UNAVAILABLE, "the server is shutting down");
        return false;
    }
    if (rpc->method == NULL) {
        refuse_path(rpc, headers->path);
        return false;
    }
    return true;
}

/* False: the RPC was refused, its deadline cannot be read or has passed. */
static bool begin_deadline(struct dk__rpc *rpc, const struct dk__rpc_headers *headers) {
    const int64_t now_us = dk_loop_now_us(rpc->server->loop);
    int64_t deadline_us = headers->deadline_us;
    int64_t timeout_us = 0;
    if (deadline_us == 0) {
        if (headers->timeout.data == NULL) {
            return true;
        }
        if (!dk__timeout_parse(headers->timeout, &timeout_us)) {
            dk__rpc_refuse(
                rpc,
                DK__CODE_INTERNAL,
                "grpc-timeout: is not 1 to 8 digits and a unit out of H M S m u n");
            return false;
        }
        deadline_us = now_us + timeout_us;
    }
    rpc->call.deadline_us = deadline_us;
    if (deadline_us <= now_us) {
        rpc_on_deadline(&rpc->deadline);
        return false;
    }
    rpc->deadline.on_due = rpc_on_deadline;
    if (dk_timer_set(rpc->server->loop, &rpc->deadline, deadline_us - now_us) != DK_OK) {
        dk__rpc_refuse(rpc, DK__CODE_RESOURCE_EXHAUSTED, "no more room for timers");
        return false;
    }
    return true;
}

void dk__rpc_begin(struct dk__rpc *rpc, const struct dk__rpc_headers *headers) {
    static const struct dk_bytes identity = DK_BYTES("identity");

    rpc->server->rpcs_open++;
    rpc->begun_us = dk_loop_now_us(rpc->server->loop);
    rpc->call.deadline_us = INT64_MAX;
    atomic_init(&rpc->call.owner, DK__OWNER_LOOP);
    rpc->reply.call = &rpc->call;
    rpc->metadata = headers->others;
    rpc->instance = headers->instance;
    if (rpc->instance.data == NULL) {
        rpc->instance = (struct dk_bytes){.data = "", .size = 0};
    }
    rpc->is_announced = headers->encoding.size > 0 && !dk_bytes_equal(headers->encoding, identity);
    begin_route(rpc, headers->path);
    if (!begin_headers(rpc, headers) || !begin_deadline(rpc, headers)) {
        return;
    }
    if (rpc->method->streaming != NULL) {
        rpc->is_running = true;
        if (rpc->method->streaming->on_open != NULL) {
            rpc->method->streaming->on_open(rpc);
            dk__log_context_clear();
        }
    }
}

/* A flag without an announcement is a broken peer; with one it is a peer that can do more. */
static void refuse_compressed(struct dk__rpc *rpc) {
    static const struct dk_bytes key = DK_BYTES("grpc-accept-encoding");
    static const struct dk_bytes value = DK_BYTES("identity");
    if (!rpc->is_announced) {
        dk__rpc_refuse(
            rpc, DK__CODE_INTERNAL, "a message is compressed but grpc-encoding names no encoding");
        return;
    }
    rpc->ops->add_header(rpc, key, value);
    dk__rpc_refuse(rpc, DK__CODE_UNIMPLEMENTED, "grpc-encoding: only identity is supported here");
}

static bool takes_one_message(const struct dk__method *method) {
    return method->streaming == NULL || method->streaming->one_request;
}

void dk__rpc_deliver(struct dk__rpc *rpc, struct dk_bytes message, bool compressed) {
    if (rpc->is_finished) {
        return;
    }
    if (compressed) {
        refuse_compressed(rpc);
        return;
    }
    if (takes_one_message(rpc->method) && rpc->has_message) {
        dk__rpc_refuse(rpc, DK__CODE_INTERNAL, "a second message where the method takes one");
        return;
    }
    rpc->has_message = true;
    if (message.data == NULL) {
        message = (struct dk_bytes){.data = "", .size = 0};
    }
    if (rpc->method->streaming == NULL) {
        rpc->request = message;
    } else {
        rpc->method->streaming->on_message(rpc, message);
        dk__log_context_clear();
    }
}

void dk__rpc_half_close(struct dk__rpc *rpc) {
    if (rpc->is_finished || rpc->is_half_closed) {
        return;
    }
    rpc->is_half_closed = true;
    if (takes_one_message(rpc->method) && !rpc->has_message) {
        dk__rpc_refuse(rpc, DK__CODE_INTERNAL, "no message where the method takes one");
        return;
    }
    if (rpc->method->streaming == NULL) {
        rpc->is_running = true;
        dk__rpc_trace_log(rpc);
        rpc->method->run(rpc, rpc->request);
        dk__log_context_clear();
    } else if (rpc->method->streaming->on_half_close != NULL) {
        rpc->method->streaming->on_half_close(rpc);
        dk__log_context_clear();
    }
}

void dk__rpc_abandon(struct dk__rpc *rpc) {
    static const struct dk__status gone = {
        .code = DK__CODE_CANCELLED, .message = DK_BYTES("the caller has gone away")};
    rpc_end_early(rpc, &gone);
}

void dk__rpc_writable(struct dk__rpc *rpc) {
    if (rpc->is_running && !rpc->is_finished && rpc->method->streaming != NULL &&
        rpc->method->streaming->on_writable != NULL) {
        rpc->method->streaming->on_writable(rpc);
    }
}

void dk__rpc_refuse(struct dk__rpc *rpc, enum dk__code code, const char *text) {
    const struct dk__status status = {.code = code, .message = dk_bytes_of(text)};
    rpc_end_early(rpc, &status);
}

void dk__rpc_refuse_size(struct dk__rpc *rpc, size_t size) {
    char text[160];
    (void)snprintf(
        text,
        sizeof text,
        "the request is a message of %zu bytes, more than request-bytes-max = %zu bytes",
        size,
        rpc->server->limits.request_bytes_max);
    const struct dk__status status = dk__status_of(DK_INVALID, text, &rpc->call.arena);
    rpc_end_early(rpc, &status);
}

void dk__rpc_finish(struct dk__rpc *rpc, const struct dk__status *status) {
    assert(rpc->is_running);
    rpc->is_running = false;
    if (!rpc->is_finished) {
        rpc_close(rpc, status);
    }
    rpc_let_go(rpc);
}

struct dk__rpc *dk__rpc_of(struct dk_reply *reply) {
    return (struct dk__rpc *)(void *)((char *)reply - offsetof(struct dk__rpc, reply));
}
