/* A transport without a wire: see the header. */
#include "support/fake_transport.h"

#include "core/loop.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fake_rpc {
    struct dk__rpc rpc; /* first */
    struct fake_call *call;
};

static void must(bool holds, const char *what) {
    if (!holds) {
        (void)fprintf(stderr, "fake_transport: %s\n", what);
        abort();
    }
}

static struct fake_call *call_of(const struct dk__rpc *rpc) {
    return ((const struct fake_rpc *)(const void *)rpc)->call;
}

static void call_read(struct fake_call *call) {
    struct dk__chain *out = &call->rpc->out;
    if (call->transport->is_stalled || out->bytes == 0) {
        return;
    }
    char *grown = realloc(call->answer, call->answer_size + out->bytes);
    must(grown != NULL, "no memory");
    call->answer = grown;
    call->answer_size += dk__chain_read(out, grown + call->answer_size, out->bytes);
}

/* The memory of the RPC goes when nobody is left who knows it. */
static void call_settle(struct fake_call *call) {
    if (call->rpc != NULL && call->let_gos > 0 && call->is_closed) {
        struct dk__arena arena = call->rpc->call.arena; /* it holds the RPC itself */
        dk__chain_reset(&call->rpc->out);
        call->rpc = NULL;
        dk__arena_reset(&arena);
    }
}

static void fake_flush(struct dk__rpc *rpc) {
    struct fake_call *call = call_of(rpc);
    must(call->finishes == 0, "flush after finish");
    call->flushes++;
    call_read(call);
}

static bool fake_can_send(const struct dk__rpc *rpc) {
    return !call_of(rpc)->transport->is_full;
}

static struct dk_bytes keep(char *target, struct dk_bytes source) {
    must(source.size < FAKE_TEXT_BYTES_MAX, "a text is too long to keep");
    if (source.data == NULL) {
        return source;
    }
    memcpy(target, source.data, source.size);
    target[source.size] = '\0';
    return (struct dk_bytes){.data = target, .size = source.size};
}

static void fake_finish(struct dk__rpc *rpc, const struct dk__status *status) {
    struct fake_call *call = call_of(rpc);
    call->finishes++;
    must(call->let_gos == 0, "finish after let_go");
    call->status.code = status->code;
    call->status.message = keep(call->message, status->message);
    call->status.details = keep(call->details, status->details);
    call_read(call);
}

static void fake_let_go(struct dk__rpc *rpc) {
    struct fake_call *call = call_of(rpc);
    must(call->finishes == 1, "let_go without finish");
    call->let_gos++;
    must(call->let_gos == 1, "let_go twice");
    call_settle(call);
}

static void note_pair(
    struct dk__rpc *rpc, const char *kind, struct dk_bytes key, struct dk_bytes value) {
    struct fake_call *call = call_of(rpc);
    must(call->pair_count < FAKE_PAIRS_MAX, "too many pairs");
    (void)snprintf(
        call->pairs[call->pair_count],
        sizeof call->pairs[0],
        "%s %.*s=%.*s",
        kind,
        (int)key.size,
        key.data,
        (int)value.size,
        value.data);
    call->pair_count++;
}

static void fake_add_header(struct dk__rpc *rpc, struct dk_bytes key, struct dk_bytes value) {
    note_pair(rpc, "header", key, value);
}

static void fake_add_trailer(struct dk__rpc *rpc, struct dk_bytes key, struct dk_bytes value) {
    note_pair(rpc, "trailer", key, value);
}

static const struct dk__rpc_ops fake_ops = {
    .flush = fake_flush,
    .can_send = fake_can_send,
    .finish = fake_finish,
    .let_go = fake_let_go,
    .add_header = fake_add_header,
    .add_trailer = fake_add_trailer,
};

void fake_transport_open(struct fake_transport *transport) {
    *transport = (struct fake_transport){0};
    must(dk__loop_new(&transport->loop, NULL) == DK_OK, "no loop");
    must(
        dk__server_init(&transport->server, transport->loop, &dk__limits_default) == DK_OK,
        "no server");
}

void fake_transport_close(struct fake_transport *transport) {
    must(transport->server.rpcs_open == 0, "a call is still open");
    dk__server_clear(&transport->server);
    dk__loop_free(transport->loop);
}

struct dk__rpc_headers fake_headers(const char *path) {
    return (struct dk__rpc_headers){
        .path = dk_bytes_of(path),
        .content_type = DK_BYTES("application/grpc"),
        .instance = DK_BYTES("statestore"),
    };
}

void fake_call_open(
    struct fake_call *call,
    struct fake_transport *transport,
    const struct dk__rpc_headers *headers) {
    *call = (struct fake_call){.transport = transport};
    struct dk__arena arena = {
        .pool = dk__loop_pool(transport->loop),
        .bytes_max = transport->server.limits.arena_bytes_max};
    struct fake_rpc *fake = dk__arena_take(&arena, sizeof *fake);
    must(fake != NULL, "no memory");
    fake->call = call;
    fake->rpc.ops = &fake_ops;
    fake->rpc.server = &transport->server;
    fake->rpc.out.pool = arena.pool;
    fake->rpc.call.arena = arena;
    call->rpc = &fake->rpc;
    dk__rpc_begin(call->rpc, headers);
}

static void call_deliver(struct fake_call *call, struct dk_bytes message, bool compressed) {
    char *copy = malloc(message.size + 1);
    must(copy != NULL && call->rpc != NULL, "nothing to deliver to");
    memcpy(copy, message.data, message.size);
    struct dk_bytes view = {.data = copy, .size = message.size};
    const struct dk__method *method = call->rpc->method;
    if (method != NULL && method->streaming == NULL) {
        char *lasting = dk__arena_take_bytes(&call->rpc->call.arena, message.size);
        must(lasting != NULL, "no memory");
        memcpy(lasting, copy, message.size);
        view.data = lasting;
    }
    dk__rpc_deliver(call->rpc, view, compressed);
    free(copy);
}

void fake_call_send(struct fake_call *call, struct dk_bytes message) {
    call_deliver(call, message, false);
}

void fake_call_send_compressed(struct fake_call *call, struct dk_bytes message) {
    call_deliver(call, message, true);
}

void fake_call_half_close(struct fake_call *call) {
    must(call->rpc != NULL, "the call is gone");
    dk__rpc_half_close(call->rpc);
}

void fake_call_unary(
    struct fake_call *call,
    struct fake_transport *transport,
    const struct dk__rpc_headers *headers,
    struct dk_bytes message) {
    fake_call_open(call, transport, headers);
    fake_call_send(call, message);
    fake_call_half_close(call);
}

void fake_call_reset(struct fake_call *call) {
    must(call->rpc != NULL && !call->is_closed, "the stream is closed");
    call->is_closed = true;
    dk__rpc_abandon(call->rpc);
    if (call->let_gos > 0) {
        call_settle(call);
    }
}

void fake_call_close(struct fake_call *call) {
    must(call->finishes == 1, "closed before it was finished");
    call->is_closed = true;
    call_settle(call);
}

void fake_call_free(struct fake_call *call) {
    if (call->rpc != NULL && !call->is_closed) {
        fake_call_close(call);
    }
    must(call->rpc == NULL, "somebody still holds the RPC");
    free(call->answer);
    call->answer = NULL;
}

struct dk_bytes fake_call_answer(const struct fake_call *call, size_t index) {
    size_t at = 0;
    while (at + 5 <= call->answer_size) {
        const unsigned char *prefix = (const unsigned char *)call->answer + at;
        const size_t size =
            (size_t)prefix[1] << 24 | (size_t)prefix[2] << 16 | (size_t)prefix[3] << 8 | prefix[4];
        must(prefix[0] == 0 && at + 5 + size <= call->answer_size, "half a message was sent");
        if (index == 0) {
            return (struct dk_bytes){.data = call->answer + at + 5, .size = size};
        }
        index--;
        at += 5 + size;
    }
    must(at == call->answer_size, "half a prefix was sent");
    return (struct dk_bytes){0};
}

void fake_transport_wait(struct fake_transport *transport, int64_t us) {
    const int64_t until_us = dk_loop_now_us(transport->loop) + us;
    while (dk_loop_now_us(transport->loop) < until_us) {
        must(
            dk__loop_turn(transport->loop, until_us - dk_loop_now_us(transport->loop)) == DK_OK,
            "the loop failed");
    }
}
