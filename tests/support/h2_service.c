/*
 * A service that ends calls in every way, and what must hold of its listener meanwhile.
 */
#include "support/h2_service.h"

#include "wire/grpc/rpc.h"
#include "wire/h2/connection.h"
#include "wire/h2/listener.h"

static struct dk__rpc *held[H2_HELD_MAX];
static size_t held_count;

/* ── methods ────────────────────────────────────────────────────────────────────────────────── */

static void echo_run(struct dk__rpc *rpc, struct dk_bytes request) {
    dk__rpc_answer(rpc, request);
}

static void hold_run(struct dk__rpc *rpc, struct dk_bytes request) {
    if (held_count == H2_HELD_MAX) {
        dk__rpc_answer(rpc, request);
    } else {
        held[held_count++] = rpc;
    }
}

static void never_run(struct dk__rpc *rpc, struct dk_bytes request) {
    hold_run(rpc, request);
}

static void talk_message(struct dk__rpc *rpc, struct dk_bytes message) {
    dk__rpc_message_begin(rpc);
    rpc->message_failed |= !dk__chain_append_bytes(&rpc->out, message);
    if (!dk__rpc_message_end(rpc)) {
        dk__rpc_finish_failed_message(rpc);
    }
}

static void talk_half_close(struct dk__rpc *rpc) {
    static const struct dk__status ok = {.code = DK__CODE_OK};
    dk__rpc_finish(rpc, &ok);
}

static const struct dk__streaming talk = {
    .on_message = talk_message, .on_half_close = talk_half_close};
static const struct dk__method methods[] = {
    {"Echo", echo_run, NULL},
    {"Later", hold_run, NULL},
    {"Never", never_run, NULL},
    {"Talk", NULL, &talk},
    {NULL, NULL, NULL},
};
const struct dk__service h2_service = {.name = "h2.Service", .methods = methods};

void h2_service_release(bool all) {
    size_t kept = 0;
    for (size_t i = 0; i < held_count; i++) {
        if (all || held[i]->method->run != never_run || held[i]->call.is_over) {
            dk__rpc_answer(held[i], held[i]->request);
        } else {
            held[kept++] = held[i];
        }
    }
    held_count = kept;
}

/* ── bounds ─────────────────────────────────────────────────────────────────────────────────── */

static size_t least(size_t one, size_t other) {
    return one < other ? one : other;
}

static const char *connection_broken_bound(
    const struct dk__h2_connection *connection, const struct dk__limits *limits) {
    if (connection->streams.count > limits->calls_max + 1) { /* one is about to be refused */
        return "streams have no bound";
    }
    if (connection->outbox.bytes > DK__H2_OUTBOX_MARK + DK__H2_OUTBOX_BEYOND) {
        return "an outbox has no bound";
    }
    if (connection->waiting_bytes > DK__H2_WAITING_PER_OUTBOX * limits->outbox_bytes_max) {
        return "answers that wait have no bound";
    }
    return NULL;
}

const char *h2_service_broken_bound(const struct dk__listener *listener) {
    const struct dk__limits *limits = &listener->server->limits;
    const size_t calls_max = limits->calls_max, connections_max = limits->connections_max;
    const size_t requests_kept = least(limits->request_bytes_max, DK__H2_REQUEST_KEPT_BYTES);
    const size_t requests_max =
        DK__H2_REQUESTS_PER_MESSAGE * limits->request_bytes_max + connections_max * requests_kept;
    /* The open streams of connections that ended come on top. */
    const size_t orphans_max =
        DK__H2_ORPHANS_PER_CALL * calls_max +
        connections_max * (least(calls_max, DK__H2_ORPHANS_KEPT) + calls_max);
    if (listener->connection_count > connections_max) {
        return "connections have no bound";
    }
    if (listener->request_bytes > requests_max) {
        return "requests have no bound";
    }
    if (listener->orphans.count > orphans_max) {
        return "orphans have no bound";
    }
    if (listener->memory.kept_bytes > DK__H2_KEPT_BYTES_MAX) {
        return "nghttp2's blocks have no bound";
    }
    const char *broken = NULL;
    const struct dk__h2_connection *at = listener->connections;
    for (; at != NULL && broken == NULL; at = at->next) {
        broken = connection_broken_bound(at, limits);
    }
    return broken;
}

const char *h2_service_left(const struct dk__listener *listener) {
    if (listener->connection_count != 0) {
        return "a connection is left";
    }
    if (listener->orphans.count != 0) {
        return "an orphan is left";
    }
    if (listener->request_bytes != 0) {
        return "bytes of requests are left";
    }
    return listener->server->rpcs_open == 0 ? NULL : "a call is left";
}
