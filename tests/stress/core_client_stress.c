/*
 * Outgoing calls under load: four threads share a channel and make blocking calls, calls answered
 * on their own loop, and streams; a fifth cancels streams while their maker reads and closes
 * channels while their calls are under way. Deadlines are set to race with answers. The thread
 * sanitizer watches; every call must end, and in one of the ways it may.
 *
 * The server is wire/core's: C core resets streams whose headers it never sent, when a call is
 * cancelled that early, and wire/h2 ends the connection over it, as HTTP/2 demands.
 */
#include "core/loop.h"
#include "wire/core/channel.h"
#include "wire/core/client_call.h"
#include "wire/grpc/services.h"
#include "wire/grpc/transport.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum {
    WORKERS = 4,
    ROUNDS = 200, /* of each worker */
    STARTED = 8,  /* calls that a loop answers, in each round that has them */
    RACE_US = 400,
};

static const char check_path[] = "/grpc.health.v1.Health/Check";
static const char watch_path[] = "/grpc.health.v1.Health/Watch";
static const struct dk_bytes empty = DK_BYTES("");

static _Atomic(unsigned) ended[DK__CODE_UNAUTHENTICATED + 1];

static void must(bool holds, const char *words) {
    if (!holds) {
        (void)fprintf(stderr, "%s\n", words);
        exit(EXIT_FAILURE);
    }
}

static int64_t in_us(int64_t delay_us) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000 + delay_us;
}

/* Counts how a call ended; `also` is the code it may have beside OK. */
static void count(const struct dk__client_answer *answer, enum dk__code also) {
    if (answer->status.code != DK__CODE_OK && answer->status.code != also) {
        (void)fprintf(
            stderr,
            "status %d '%.*s' instead of 0 or %d\n",
            (int)answer->status.code,
            (int)answer->status.message.size,
            answer->status.message.data,
            (int)also);
        exit(EXIT_FAILURE);
    }
    (void)atomic_fetch_add_explicit(&ended[answer->status.code], 1, memory_order_relaxed);
}

/* ── the server ─────────────────────────────────────────────────────────────────────────────── */

struct host {
    struct dk_loop *loop;
    struct dk__server server;
    struct dk__listener *listener;
    struct dk__work stop;
    pthread_t thread;
    char address[64];
};

static struct host host;

static void host_on_stop(struct dk__work *work) {
    (void)work;
    dk__loop_stop(host.loop);
}

static void *host_run(void *context) {
    (void)context;
    must(dk__loop_run(host.loop) == DK_OK, "the server's loop failed");
    dk__transport_core.close(host.listener);
    return NULL;
}

static void host_open(void) {
    host.stop.on_arrival = host_on_stop;
    must(
        dk__loop_new(&host.loop, NULL) == DK_OK &&
            dk__server_init(&host.server, host.loop, &dk__limits_default) == DK_OK &&
            dk__health_add(&host.server) == DK_OK &&
            dk__transport_core.listen(&host.server, "127.0.0.1:0", &host.listener, NULL) == DK_OK,
        "cannot serve");
    (void)snprintf(
        host.address, sizeof host.address, "127.0.0.1:%d", dk__transport_core.port(host.listener));
    must(pthread_create(&host.thread, NULL, host_run, NULL) == 0, "no thread");
}

static void host_close(void) {
    dk__loop_post(host.loop, &host.stop);
    (void)pthread_join(host.thread, NULL);
    must(host.server.rpcs_open == 0, "the server still has calls");
    dk__server_clear(&host.server);
    dk__loop_free(host.loop);
}

/* ── the fifth thread ───────────────────────────────────────────────────────────────────────── */

/* One wish of one worker at a time: a call to cancel, or a channel to close. */
struct wish {
    struct dk__client_call *call;
    struct dk__channel *channel;
};

static struct {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    struct wish wishes[WORKERS];
    bool is_over;
} spoiler = {.mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static void *spoiler_run(void *context) {
    (void)context;
    (void)pthread_mutex_lock(&spoiler.mutex);
    while (!spoiler.is_over) {
        for (size_t i = 0; i < WORKERS; i++) {
            struct wish *wish = &spoiler.wishes[i];
            if (wish->call == NULL && wish->channel == NULL) {
                continue;
            }
            const struct wish now = *wish;
            (void)pthread_mutex_unlock(&spoiler.mutex);
            if (now.call != NULL) {
                dk__client_call_cancel(now.call);
            } else {
                dk__channel_close(now.channel);
            }
            (void)pthread_mutex_lock(&spoiler.mutex);
            *wish = (struct wish){0};
            (void)pthread_cond_broadcast(&spoiler.changed);
        }
        (void)pthread_cond_wait(&spoiler.changed, &spoiler.mutex);
    }
    (void)pthread_mutex_unlock(&spoiler.mutex);
    return NULL;
}

static void spoiler_ask(size_t worker, struct wish wish) {
    (void)pthread_mutex_lock(&spoiler.mutex);
    spoiler.wishes[worker] = wish;
    (void)pthread_cond_broadcast(&spoiler.changed);
    (void)pthread_mutex_unlock(&spoiler.mutex);
}

/* Until the wish was fulfilled: what it named is the worker's alone again. */
static void spoiler_await(size_t worker) {
    (void)pthread_mutex_lock(&spoiler.mutex);
    while (spoiler.wishes[worker].call != NULL || spoiler.wishes[worker].channel != NULL) {
        (void)pthread_cond_wait(&spoiler.changed, &spoiler.mutex);
    }
    (void)pthread_mutex_unlock(&spoiler.mutex);
}

static void spoiler_end(void) {
    (void)pthread_mutex_lock(&spoiler.mutex);
    spoiler.is_over = true;
    (void)pthread_cond_broadcast(&spoiler.changed);
    (void)pthread_mutex_unlock(&spoiler.mutex);
}

/* ── workers ────────────────────────────────────────────────────────────────────────────────── */

struct worker {
    size_t number;
    struct dk__channels *channels;
    struct dk__channel *channel; /* of all */
    struct dk_loop *loop;        /* its own */
    unsigned answers;            /* that came on it */
    enum dk__code also;          /* how the calls that it answers now may end beside OK */
};

/* NULL when the channel is closed. */
static struct dk__client_call *call_new(
    struct dk__channel *channel, const char *path, int64_t deadline_us) {
    const struct dk__client_request request = {.path = path, .deadline_us = deadline_us};
    struct dk__client_call *call = NULL;
    const enum dk_error error = dk__client_call_new(channel, &request, &call, NULL);
    must(error == DK_OK || error == DK_CANCELLED, "a call could not be made");
    return error == DK_OK ? call : NULL;
}

static void check(struct worker *worker, int64_t deadline_us, enum dk__code also) {
    struct dk__client_call *call = call_new(worker->channel, check_path, deadline_us);
    count(dk__client_call_unary(call, empty), also);
    dk__client_call_free(call);
}

static void on_answer(
    void *context, struct dk__client_call *call, const struct dk__client_answer *answer) {
    struct worker *worker = context;
    count(answer, worker->also);
    dk__client_call_free(call);
    worker->answers++;
}

static void await_answers(struct worker *worker, unsigned answers) {
    while (worker->answers < answers) {
        must(dk__loop_turn(worker->loop, -1) == DK_OK, "a worker's loop failed");
    }
}

/* Some of them cancelled right behind the start: before, while and after they are answered. */
static void start_some(struct worker *worker) {
    const unsigned before = worker->answers;
    worker->also = DK__CODE_CANCELLED;
    for (unsigned i = 0; i < STARTED; i++) {
        struct dk__client_call *call = call_new(worker->channel, check_path, INT64_MAX);
        dk__client_call_start(call, empty, worker->loop, on_answer, worker);
        if (i % 2 == 0) {
            dk__client_call_cancel(call); /* ours until its answer has run on our loop */
        }
    }
    await_answers(worker, before + STARTED);
}

/* A stream that nobody ends but the fifth thread, while we read. */
static void watch_until_cancelled(struct worker *worker) {
    struct dk__client_call *call = call_new(worker->channel, watch_path, INT64_MAX);
    struct dk_bytes message;
    dk__client_call_open(call);
    (void)dk__client_call_write(call, empty);
    spoiler_ask(worker->number, (struct wish){.call = call});
    while (dk__client_call_read(call, &message)) {
    }
    spoiler_await(worker->number);
    count(dk__client_call_finish(call), DK__CODE_CANCELLED);
    dk__client_call_free(call);
}

static void watch_and_leave(struct worker *worker) {
    struct dk__client_call *call = call_new(worker->channel, watch_path, INT64_MAX);
    struct dk_bytes message;
    dk__client_call_open(call);
    must(dk__client_call_write(call, empty), "a watch could not begin");
    must(dk__client_call_read(call, &message), "a watch told nothing");
    dk__client_call_free(call);
}

/* A channel of our own, closed by the fifth thread while we use it in both ways. */
static void close_during_calls(struct worker *worker) {
    struct dk__channel_config config = dk__channel_config_default;
    struct dk__channel *own = NULL;
    struct dk__client_call *call = NULL;
    const unsigned before = worker->answers;
    unsigned started = 0;
    worker->also = DK__CODE_UNAVAILABLE;
    config.target = host.address;
    must(dk__channel_new(worker->channels, &config, &own, NULL) == DK_OK, "no channel");
    must(dk__channel_wait_ready(own, INT64_MAX, NULL) == DK_OK, "the server is not there");
    spoiler_ask(worker->number, (struct wish){.channel = own});
    while ((call = call_new(own, check_path, INT64_MAX)) != NULL) {
        if (started < STARTED) {
            started++;
            dk__client_call_start(call, empty, worker->loop, on_answer, worker);
        } else {
            count(dk__client_call_unary(call, empty), DK__CODE_UNAVAILABLE);
            dk__client_call_free(call);
        }
    }
    must(dk__channel_wait_ready(own, INT64_MAX, NULL) == DK_CANCELLED, "closed, and yet ready");
    spoiler_await(worker->number);
    dk__channel_free(own);
    await_answers(worker, before + started);
}

static void *work(void *context) {
    struct worker *worker = context;
    must(dk__loop_new(&worker->loop, NULL) == DK_OK, "no loop");
    for (unsigned i = 0; i < ROUNDS; i++) {
        check(worker, INT64_MAX, DK__CODE_OK);
        check(worker, in_us((int64_t)(i * worker->number % RACE_US)), DK__CODE_DEADLINE_EXCEEDED);
        switch (i % 4) {
        case 0:
            start_some(worker);
            break;
        case 1:
            watch_until_cancelled(worker);
            break;
        case 2:
            watch_and_leave(worker);
            break;
        default:
            if (i % 32 == 3) {
                close_during_calls(worker);
            }
            break;
        }
    }
    dk__loop_free(worker->loop);
    return NULL;
}

static void run(void) {
    struct dk__channel_config config = dk__channel_config_default;
    struct worker workers[WORKERS] = {{0}};
    struct dk__channels *channels = NULL;
    struct dk__channel *channel = NULL;
    pthread_t threads[WORKERS];
    host_open();
    config.target = host.address;
    must(
        dk__channels_new(&channels, NULL) == DK_OK &&
            dk__channel_new(channels, &config, &channel, NULL) == DK_OK,
        "no channel");
    for (size_t i = 0; i < WORKERS; i++) {
        workers[i] = (struct worker){.number = i, .channels = channels, .channel = channel};
        must(pthread_create(&threads[i], NULL, work, &workers[i]) == 0, "no thread");
    }
    for (size_t i = 0; i < WORKERS; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    must(dk__channel_calls(channel) == 0, "the channel still has calls");
    dk__channel_free(channel);
    dk__channels_free(channels);
    host_close();
}

int main(void) {
    pthread_t thread;
    must(pthread_create(&thread, NULL, spoiler_run, NULL) == 0, "no thread");
    run();
    spoiler_end();
    (void)pthread_join(thread, NULL);
    (void)printf(
        "%u answered, %u cancelled, %u late, %u by a closed channel\n",
        ended[DK__CODE_OK],
        ended[DK__CODE_CANCELLED],
        ended[DK__CODE_DEADLINE_EXCEEDED],
        ended[DK__CODE_UNAVAILABLE]);
    return ended[DK__CODE_OK] > 0 && ended[DK__CODE_CANCELLED] > 0 &&
                   ended[DK__CODE_DEADLINE_EXCEEDED] > 0
               ? EXIT_SUCCESS
               : EXIT_FAILURE;
}
