/* What stress programs of the document service share. */
#include "document_peer.h"

#include "document/methods.h"

#include <dk/log.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { THREADS_MAX = 16, KEY_BYTES_MAX = 256 };

void require(bool holds, const char *format, ...) {
    va_list words;

    if (holds) {
        return;
    }
    va_start(words, format);
    (void)vfprintf(stderr, format, words);
    va_end(words);
    (void)fputc('\n', stderr);
    exit(EXIT_FAILURE);
}

void document_peers_begin(void) {
    dk_log_setup(
        DK_LOG_ERROR, DK_LOG_TEXT, "stress"); /* what happens here all the time is no news */
    fake_sidecar_reset();
    fake_sidecar.has_outbox = false;
}

void document_peer_open(struct document_peer *peer) {
    *peer = (struct document_peer){
        .service = {
            .config = {
                .store = "statestore",
                .index_store = "statestore",
                .retention_ms = 3600000,
                .versions_max = 1 << 20,
                .quota_documents = 1 << 20,
                .quota_bytes = INT64_C(1) << 40}}};
    peer->service.journal = document_journal_new();
    peer->service.quota = quota_new();
    require(peer->service.journal != NULL && peer->service.quota != NULL, "no memory");
    require(pthread_mutex_init(&peer->index.turn, NULL) == 0, "no mutex");
    peer->index.component = peer->service.config.index_store;
    peer->index.quota = peer->service.quota;
}

void document_peer_close(struct document_peer *peer) {
    document_journal_free(peer->service.journal);
    quota_free(peer->service.quota);
    (void)pthread_mutex_destroy(&peer->index.turn);
}

struct dk_call *document_peer_call(struct document_peer *peer) {
    struct dk_call *call = fake_call_new(&peer->service);

    fake_call_add_header(call, "dk-tenant", RIG_TENANT);
    return call;
}

static enum dk_error run(
    struct document_peer *peer, dk_method_fn *method, const ProtobufCMessage *request) {
    struct dk_call *call = document_peer_call(peer);
    pb_document answer;

    dapr_kit__document__v1__document__init(&answer);
    const enum dk_error error = method(call, request, &answer.base);
    fake_call_free(call);
    return error;
}

enum dk_error document_peer_create(struct document_peer *peer, const char *id, const char *text) {
    DaprKit__Document__V1__CreateRequest request;

    dapr_kit__document__v1__create_request__init(&request);
    request.id = pb_text(id);
    request.content_case = DAPR_KIT__DOCUMENT__V1__CREATE_REQUEST__CONTENT_TEXT;
    request.text = pb_text(text);
    return run(peer, documents_create, &request.base);
}

enum dk_error document_peer_replace(struct document_peer *peer, const char *id, const char *text) {
    DaprKit__Document__V1__ReplaceRequest request;

    dapr_kit__document__v1__replace_request__init(&request);
    request.id = pb_text(id);
    request.content_case = DAPR_KIT__DOCUMENT__V1__REPLACE_REQUEST__CONTENT_TEXT;
    request.text = pb_text(text);
    return run(peer, documents_replace, &request.base);
}

enum dk_error document_peer_refresh(struct document_peer *peer, const char *id) {
    struct dk_call *call = document_peer_call(peer);
    const enum dk_error error = index_refresh(&peer->index, call, RIG_TENANT, &id, 1);

    fake_call_free(call);
    return error;
}

void document_peer_task(struct document_peer *peer, void (*task)(struct dk_call *call)) {
    struct dk_call *call = fake_call_new(&peer->service);

    task(call);
    fake_call_free(call);
}

struct document_peer_head document_peer_head(const char *id) {
    char key[KEY_BYTES_MAX];

    (void)snprintf(key, sizeof key, "documents/%s/head/%s", RIG_TENANT, id);
    const struct dk_bytes value = fake_sidecar_value(key);
    if (value.data == NULL) {
        return (struct document_peer_head){0};
    }
    pb_head *head =
        dapr_kit__document__v1__head_record__unpack(NULL, value.size, (const uint8_t *)value.data);
    require(head != NULL, "head '%s' is unreadable", id);
    const struct document_peer_head found = {
        .version = head->document->version, .size = head->document->size};
    dapr_kit__document__v1__head_record__free_unpacked(head, NULL);
    return found;
}

struct thread {
    pthread_t id;
    size_t number;
    void (*run)(size_t number);
};

static void *thread_main(void *context) {
    const struct thread *thread = context;

    thread->run(thread->number);
    return NULL;
}

void threads_run(void (*run_one)(size_t number), size_t count) {
    struct thread threads[THREADS_MAX];

    require(count <= THREADS_MAX, "%zu threads", count);
    for (size_t i = 0; i < count; i++) {
        threads[i] = (struct thread){.number = i, .run = run_one};
        require(pthread_create(&threads[i].id, NULL, thread_main, &threads[i]) == 0, "no thread");
    }
    for (size_t i = 0; i < count; i++) {
        (void)pthread_join(threads[i].id, NULL);
    }
}
