/*
 * dk-document: the document service behind a sidecar of its own.
 *
 *     callers ─▶ methods ─▶ head + journal ─▶ topic "documents" ─▶ index, and the compute service
 *                            ▲                                            │
 *                            └── annotations ◀─ topic "compute.results" ◀─┘
 */
#include "document/annotate.h"
#include "document/index_write.h"
#include "document/ingest.h"
#include "document/journal.h"
#include "document/methods.h"
#include "document/metrics.h"
#include "document/quota.h"
#include "document/scope.h"
#include "document/tasks.h"

#include <dapr_kit/document_protos.h>
#include <stdlib.h>

/* What handlers share, and the parts of it. */
struct program {
    struct document_service service; /* first: what dk_call_app gives */
    struct index_writer index;
};

/* One by one: a pluggable broker has one event of a subscription under way in daprd, so collecting
 * them (run_many) would make each wait for others that cannot come. */
static enum dk_verdict handle_change(struct dk_call *call, const struct dk_event *event) {
    struct document_service *service = dk_call_app(call);
    enum dk_verdict verdict = DK_VERDICT_DONE;

    index_handle_events(service->index, call, event, 1, &verdict);
    return verdict;
}

static void program_close(void *shared) {
    struct program *program = shared;

    document_journal_free(program->service.journal);
    quota_free(program->service.quota);
    (void)pthread_mutex_destroy(&program->index.turn);
    free(program);
}

static enum dk_error program_open(struct dk_call *call, const void *config, void **ret_shared) {
    struct program *program = calloc(1, sizeof *program);

    if (program == NULL) {
        return dk_call_fail(call, DK_EXHAUSTED, "open: no memory for the service");
    }
    if (pthread_mutex_init(&program->index.turn, NULL) != 0) {
        free(program);
        return dk_call_fail(call, DK_EXHAUSTED, "open: no memory for the index");
    }
    struct document_service *service = &program->service;
    service->config = *(const struct document_config *)config;
    service->quota = quota_new();
    service->index = &program->index;
    program->index.component = service->config.index_store;
    program->index.quota = service->quota;
    if (service->config.events == DOCUMENT_EVENTS_JOURNAL) {
        service->journal = document_journal_new();
    }
    if (service->quota == NULL ||
        (service->journal == NULL && service->config.events == DOCUMENT_EVENTS_JOURNAL)) {
        program_close(program);
        return dk_call_fail(call, DK_EXHAUSTED, "open: no memory for the service");
    }
    *ret_shared = program;
    return DK_OK;
}

static const struct dk_app_topic topics[] = {
    {.pubsub = DOCUMENT_PUBSUB, .topic = DOCUMENT_TOPIC, .run = handle_change},
    {.pubsub = DOCUMENT_PUBSUB, .topic = DOCUMENT_TOPIC_RESULTS, .run = document_annotate},
    {0},
};

static const struct dk_app_binding bindings[] = {{DOCUMENT_BINDING_INGEST, document_ingest}, {0}};

int main(int argc, char **argv) {
    const struct dk_app_service services[] = {documents_service, {0}};
    const struct dk_app app = {
        .name = "dk-document",
        .services = services,
        .topics = topics,
        .bindings = bindings,
        .tasks = document_tasks,
        .metrics = document_metrics,
        .descriptors = &document_protos,
        .options = document_options,
        .config_size = sizeof(struct document_config),
        .open = program_open,
        .close = program_close,
    };

    return dk_app_run(&app, argc, argv);
}
