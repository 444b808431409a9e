/*
 * A peer's steps against PubSub on the memory broker, without a wire: streams that open, name their
 * topic or anything else, settle what came or never came, stop reading, leave; publishes, pauses,
 * new Inits and the program's end between them. Everything is made anew for each input.
 *
 * Held: every message on a stream is well written and has an id of its own; no more of them are out
 * than the window allows; nothing comes while the instance is paused, or once the server drains;
 * when all are gone, nothing is left.
 */
#include "pubsub/memory/memory_broker.h"
#include "support/fake_transport.h"
#include "wire/grpc/services.h"

#include <dapr/proto/components/v1/pubsub.pb-c.h>
#include <dk/log.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PUBSUB "/dapr.proto.components.v1.PubSub/"

enum { STREAMS = 3, WINDOW_MAX = 2, MESSAGES_MAX = 64, ID_BYTES = 32, STEPS_MAX = 256 };

enum step {
    STEP_OPEN,
    STEP_TOPIC,
    STEP_BYTES,
    STEP_ACK,
    STEP_NACK,
    STEP_CLOSE,
    STEP_HALF_CLOSE,
    STEP_PUBLISH,
    STEP_SHORT_PUBLISH,
    STEP_PAUSE,
    STEP_RESUME,
    STEP_INIT,
    STEP_FULL,
    STEP_WAIT,
    STEP_DRAIN,
    STEPS,
};

/* One stream, and what became of the messages that came on it. */
struct stream {
    struct fake_call call;
    bool is_used;
    char ids[MESSAGES_MAX][ID_BYTES];
    bool is_settled[MESSAGES_MAX];
    size_t seen;
};

static struct fake_transport transport;
static struct dk__pubsub_services *services;
static struct stream streams[STREAMS];
static bool is_paused, is_draining;

static void require(bool holds, const char *what) {
    if (!holds) {
        (void)fprintf(stderr, "pubsub_stream: %s\n", what);
        abort();
    }
}

static bool is_open(const struct stream *stream) {
    return stream->is_used && stream->call.finishes == 0;
}

/* ── what holds ─────────────────────────────────────────────────────────────────────────────── */

static void take_message(struct stream *stream, struct dk_bytes answer) {
    Dapr__Proto__Components__V1__PullMessagesResponse *response =
        dapr__proto__components__v1__pull_messages_response__unpack(
            NULL, answer.size, (const uint8_t *)answer.data);
    require(response != NULL, "a message is malformed");
    require(response->topic_name[0] == 't', "a message has no topic");
    require(strlen(response->id) > 0 && strlen(response->id) < ID_BYTES, "a message has no id");
    require(!is_paused, "a paused instance delivers");
    require(!is_draining, "a draining server delivers");
    for (size_t i = 0; i < stream->seen; i++) {
        require(strcmp(stream->ids[i], response->id) != 0, "two messages have one id");
    }
    (void)strcpy(stream->ids[stream->seen], response->id);
    stream->is_settled[stream->seen] = false;
    stream->seen++;
    dapr__proto__components__v1__pull_messages_response__free_unpacked(response, NULL);
}

static void look(void) {
    for (struct stream *stream = streams; stream < streams + STREAMS; stream++) {
        size_t out = 0;
        while (stream->is_used && stream->seen < MESSAGES_MAX &&
               fake_call_answer(&stream->call, stream->seen).data != NULL) {
            take_message(stream, fake_call_answer(&stream->call, stream->seen));
        }
        for (size_t i = 0; i < stream->seen; i++) {
            out += !stream->is_settled[i];
        }
        require(stream->seen == MESSAGES_MAX || out <= WINDOW_MAX, "the window has no bound");
    }
}

/* ── steps ──────────────────────────────────────────────────────────────────────────────────── */

static void ask(const char *path, struct dk_bytes message) {
    const struct dk__rpc_headers headers = fake_headers(path);
    struct fake_call call;
    fake_call_open(&call, &transport, &headers);
    if (call.finishes == 0) { /* else the server drains */
        fake_call_send(&call, message);
        fake_call_half_close(&call);
    }
    require(call.finishes == 1, "a call has no answer");
    fake_call_free(&call);
}

static void open_stream(struct stream *stream) {
    const struct dk__rpc_headers headers = fake_headers(PUBSUB "PullMessages");
    if (stream->is_used) {
        return;
    }
    *stream = (struct stream){.is_used = true};
    fake_call_open(&stream->call, &transport, &headers);
}

static void close_stream(struct stream *stream) {
    if (is_open(stream)) {
        fake_call_reset(&stream->call);
    }
    if (stream->is_used) {
        fake_call_free(&stream->call);
        stream->is_used = false;
        stream->seen = 0;
    }
}

static void settle(struct stream *stream, unsigned choice, bool is_handled) {
    char bytes[64];
    if (!is_open(stream) || stream->seen == 0) {
        return;
    }
    const size_t which = choice % stream->seen;
    const char *id = stream->ids[which];
    const int size = snprintf(
        bytes,
        sizeof bytes,
        "\x12%c%s%s",
        (char)strlen(id),
        id,
        is_handled ? "" : "\x1a\x04\x0a\x02no");
    stream->is_settled[which] = true;
    fake_call_send(&stream->call, (struct dk_bytes){bytes, (size_t)size});
}

static void set_full(bool is_full) {
    transport.is_full = is_full;
    for (struct stream *stream = streams; stream < streams + STREAMS; stream++) {
        if (!is_full && is_open(stream)) {
            dk__rpc_writable(stream->call.rpc);
        }
    }
}

struct script {
    const uint8_t *at, *end;
};

static unsigned take(struct script *script) {
    return script->at < script->end ? *script->at++ : 0;
}

static void play(struct script *script) {
    /* clang-format off */
    static const struct dk_bytes topics[] = {
        DK_BYTES("\x0a\x04\x0a\x02" "t0"), DK_BYTES("\x0a\x04\x0a\x02" "t1")};
    static const struct dk_bytes publishes[] = {
        DK_BYTES("\x0a\x01" "e" "\x1a\x02" "t0"), DK_BYTES("\x0a\x01" "e" "\x1a\x02" "t1")};
    static const struct dk_bytes short_publish =
        DK_BYTES("\x0a\x01" "e" "\x1a\x02" "t0" "\x22\x0a\x0a\x03" "ttl" "\x12\x03" "1ms");
    static const struct dk_bytes nothing = DK_BYTES("");
    /* consumerID and redeliverInterval; the second is of another group */
    static const struct dk_bytes inits[] = {
        DK_BYTES("\x0a\x2f\x0a\x10\x0a\x0a" "consumerID" "\x12\x02" "g0"
                 "\x0a\x1b\x0a\x11" "redeliverInterval" "\x12\x06" "1000us"),
        DK_BYTES("\x0a\x2f\x0a\x10\x0a\x0a" "consumerID" "\x12\x02" "g1"
                 "\x0a\x1b\x0a\x11" "redeliverInterval" "\x12\x06" "1000us")};
    /* clang-format on */
    const enum step step = (enum step)(take(script) % STEPS);
    const unsigned choice = take(script);
    struct stream *stream = &streams[choice % STREAMS];
    switch (step) {
    case STEP_OPEN:
        open_stream(stream);
        break;
    case STEP_TOPIC:
        if (is_open(stream)) {
            fake_call_send(&stream->call, topics[choice / STREAMS % 2]);
        }
        break;
    case STEP_BYTES: {
        const size_t left = (size_t)(script->end - script->at), wanted = take(script) % 32;
        const struct dk_bytes bytes = {
            (const char *)script->at,
            left == 0           ? 0
            : wanted < left - 1 ? wanted
                                : left - 1};
        script->at += bytes.size;
        if (is_open(stream)) {
            fake_call_send(&stream->call, bytes);
        }
        break;
    }
    case STEP_ACK:
        settle(stream, take(script), true);
        break;
    case STEP_NACK:
        settle(stream, take(script), false);
        break;
    case STEP_CLOSE:
        close_stream(stream);
        break;
    case STEP_HALF_CLOSE:
        if (is_open(stream)) {
            fake_call_half_close(&stream->call);
        }
        break;
    case STEP_PUBLISH:
        ask(PUBSUB "Publish", publishes[choice % 2]);
        break;
    case STEP_SHORT_PUBLISH:
        ask(PUBSUB "Publish", short_publish);
        break;
    case STEP_PAUSE:
        ask(PUBSUB "Pause", nothing);
        look(); /* what came before */
        is_paused = !is_draining;
        break;
    case STEP_RESUME:
        is_paused = false;
        ask(PUBSUB "Resume", nothing);
        break;
    case STEP_INIT: /* streams of the old one stay as they are */
        if (!is_paused) {
            ask(PUBSUB "Init", inits[choice % 2]);
        }
        break;
    case STEP_FULL:
        set_full(choice % 2 == 1);
        break;
    case STEP_WAIT:
        fake_transport_wait(&transport, 1100);
        break;
    case STEP_DRAIN:
        look();
        transport.server.is_draining = true;
        dk__pubsub_services_drain(services);
        is_draining = true;
        break;
    case STEPS:
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct script script = {.at = data, .end = data + size};
    static const struct dk_bytes nothing = DK_BYTES("");
    dk_log_setup(DK_LOG_ERROR, DK_LOG_TEXT, "fuzz");
    fake_transport_open(&transport);
    transport.server.limits.window_max = WINDOW_MAX;
    is_paused = is_draining = false;
    require(
        dk__pubsub_services_new(&transport.server, &memory_broker, &services) == DK_OK,
        "no services");
    ask(PUBSUB "Init", nothing);

    for (int i = 0; i < STEPS_MAX && script.at < script.end; i++) {
        play(&script);
        look();
    }

    for (struct stream *stream = streams; stream < streams + STREAMS; stream++) {
        close_stream(stream);
    }
    dk__pubsub_services_free(services);
    fake_transport_close(&transport);
    return 0;
}
