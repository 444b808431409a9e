/*
 * The server turns on its own thread, as daprd is another process; its mutex guards what the test
 * reads of it.
 */
#include "support/fake_daprd.h"

#include "core/loop.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct dk_bytes empty = DK_BYTES("");

static struct dk_bytes copy(struct dk_bytes bytes) {
    char *place = malloc(bytes.size + 1);
    assert(place != NULL);
    memcpy(place, bytes.data, bytes.size);
    place[bytes.size] = '\0';
    return (struct dk_bytes){.data = place, .size = bytes.size};
}

/* ── the server's thread ────────────────────────────────────────────────────────────────────── */

static size_t note(struct fake_daprd *fake, struct dk__rpc *rpc, struct dk_bytes request) {
    (void)pthread_mutex_lock(&fake->mutex);
    const size_t index = fake->question_count++;
    if (index >= FAKE_DAPRD_QUESTIONS_MAX) {
        (void)pthread_mutex_unlock(&fake->mutex);
        return index;
    }
    struct fake_question *question = &fake->questions[index];
    (void)snprintf(
        question->path, sizeof question->path, "%s/%s", rpc->service->name, rpc->method->name);
    question->request = copy(request);
    for (size_t i = 0; i < rpc->metadata.count && i < FAKE_DAPRD_PAIRS_MAX; i++) {
        question->pairs[question->pair_count++] =
            (struct dk_pair){copy(rpc->metadata.items[i].key), copy(rpc->metadata.items[i].value)};
    }
    (void)pthread_mutex_unlock(&fake->mutex);
    return index;
}

static void run(struct dk__rpc *rpc, struct dk_bytes request) {
    struct fake_daprd *fake = rpc->service->context;
    const size_t index = note(fake, rpc, request);
    if (fake->answer == NULL) {
        dk__rpc_answer(rpc, empty);
    } else {
        fake->answer(fake, index, rpc, request);
    }
}

static const struct dk__method methods[] = {
    {"BulkPublishEvent", run},
    {"BulkPublishEventAlpha1", run},
    {"DeleteBulkState", run},
    {"DeleteState", run},
    {"ExecuteStateTransaction", run},
    {"GetBulkState", run},
    {"GetConfiguration", run},
    {"GetMetadata", run},
    {"GetSecret", run},
    {"GetState", run},
    {"InvokeBinding", run},
    {"InvokeService", run},
    {"PublishEvent", run},
    {"SaveState", run},
    {"ScheduleJobAlpha1", run},
    {"GetJobAlpha1", run},
    {"DeleteJobAlpha1", run},
    {"Shutdown", run},
    {0},
};
/* Behind its proxy. */
static const struct dk__method proxied[] = {{"Create", run}, {0}};

static struct dk__service dapr = {.name = "dapr.proto.runtime.v1.Dapr", .methods = methods};
static struct dk__service other = {.name = "test.Documents", .methods = proxied};

static void on_stop(struct dk__work *work) {
    struct fake_daprd *fake =
        (struct fake_daprd *)(void *)((char *)work - offsetof(struct fake_daprd, stop));
    dk__loop_stop(fake->loop);
}

static void *serve(void *context) {
    struct fake_daprd *fake = context;
    const enum dk_error error = dk__loop_run(fake->loop);
    assert(error == DK_OK);
    (void)error;
    fake->transport->close(fake->listener);
    for (size_t i = 0; i < fake->held_count; i++) {
        dk__rpc_answer(fake->held[i], empty);
    }
    return NULL;
}

/* ── life ───────────────────────────────────────────────────────────────────────────────────── */

void fake_daprd_open(struct fake_daprd *fake) {
    *fake = (struct fake_daprd){.stop = {.on_arrival = on_stop}};
    (void)pthread_mutex_init(&fake->mutex, NULL);
    (void)pthread_cond_init(&fake->changed, NULL);
    (void)snprintf(fake->folder, sizeof fake->folder, "/tmp/dk-daprd-XXXXXX");
    const char *folder = mkdtemp(fake->folder);
    assert(folder != NULL);
    (void)snprintf(fake->address, sizeof fake->address, "unix:%s/s", folder);
}

void fake_daprd_start(struct fake_daprd *fake) {
    struct dk__limits limits = dk__limits_default;
    fake->transport = fake->transport == NULL ? &dk__transport_h2 : fake->transport;
    limits.reply_bytes_max = 8 << 20; /* more than a client takes */
    enum dk_error error = dk__loop_new(&fake->loop, NULL);
    assert(error == DK_OK);
    error = dk__server_init(&fake->server, fake->loop, &limits);
    assert(error == DK_OK);
    dapr.context = fake;
    other.context = fake;
    error = dk__server_add(&fake->server, &dapr);
    assert(error == DK_OK);
    error = dk__server_add(&fake->server, &other);
    assert(error == DK_OK);
    error = fake->transport->listen(&fake->server, fake->address, &fake->listener, NULL);
    assert(error == DK_OK);
    const int number = pthread_create(&fake->thread, NULL, serve, fake);
    assert(number == 0);
    (void)error;
    (void)number;
}

void fake_daprd_close(struct fake_daprd *fake) {
    if (fake->loop != NULL) {
        dk__loop_post(fake->loop, &fake->stop);
        (void)pthread_join(fake->thread, NULL);
        dk__server_clear(&fake->server);
        dk__loop_free(fake->loop);
    }
    for (size_t i = 0; i < fake->question_count && i < FAKE_DAPRD_QUESTIONS_MAX; i++) {
        struct fake_question *question = &fake->questions[i];
        free((void *)(uintptr_t)question->request.data);
        for (size_t pair = 0; pair < question->pair_count; pair++) {
            free((void *)(uintptr_t)question->pairs[pair].key.data);
            free((void *)(uintptr_t)question->pairs[pair].value.data);
        }
    }
    (void)unlink(fake->address + strlen("unix:"));
    (void)rmdir(fake->folder);
    (void)pthread_cond_destroy(&fake->changed);
    (void)pthread_mutex_destroy(&fake->mutex);
}

/* ── what a test sees and says ──────────────────────────────────────────────────────────────── */

void fake_daprd_hold(struct fake_daprd *fake, struct dk__rpc *rpc) {
    (void)pthread_mutex_lock(&fake->mutex);
    assert(fake->held_count < FAKE_DAPRD_HELD_MAX);
    fake->held[fake->held_count++] = rpc;
    (void)pthread_cond_broadcast(&fake->changed);
    (void)pthread_mutex_unlock(&fake->mutex);
}

void fake_daprd_await_held(struct fake_daprd *fake, size_t count) {
    (void)pthread_mutex_lock(&fake->mutex);
    while (fake->held_count < count) {
        (void)pthread_cond_wait(&fake->changed, &fake->mutex);
    }
    (void)pthread_mutex_unlock(&fake->mutex);
}

size_t fake_daprd_count(struct fake_daprd *fake) {
    (void)pthread_mutex_lock(&fake->mutex);
    const size_t count = fake->question_count;
    (void)pthread_mutex_unlock(&fake->mutex);
    return count;
}

struct dk_bytes fake_daprd_header(struct fake_daprd *fake, size_t index, const char *name) {
    (void)pthread_mutex_lock(&fake->mutex);
    const struct fake_question *question = &fake->questions[index];
    const struct dk_pairs pairs = {.items = question->pairs, .count = question->pair_count};
    const struct dk_bytes value = dk_pairs_find(pairs, dk_bytes_of(name));
    (void)pthread_mutex_unlock(&fake->mutex);
    return value;
}

struct dk__daprd_settings fake_daprd_settings(const struct fake_daprd *fake) {
    struct dk__daprd_settings settings = {
        .timeout_ms = 10000, .calls_max = 64, .patience_ms = 1000};
    (void)snprintf(settings.endpoint.target, sizeof settings.endpoint.target, "%s", fake->address);
    return settings;
}

/* ── a handler's call ───────────────────────────────────────────────────────────────────────── */

void fake_handler_begin(
    struct fake_handler *handler, struct dk__daprd *daprd, struct dk_pairs headers) {
    *handler = (struct fake_handler){
        .rpc = {.metadata = headers, .context = &handler->call, .on_over = dk__app_on_over},
        .app = {.config = {.daprd = daprd}}};
    dk__task_init(&handler->call.task, 36 << 20, INT64_MAX);
    dk__app_wait_init(&handler->call.wait);
    handler->call.rpc = &handler->rpc;
    handler->call.app = &handler->app;
}

void fake_handler_end(struct fake_handler *handler) {
    dk__task_reset(&handler->call.task);
    dk__app_wait_destroy(&handler->call.wait);
}

void fake_handler_abandon(struct fake_handler *handler) {
    handler->rpc.call.is_over = true;
    handler->rpc.on_over(&handler->rpc);
}
