/* What the handlers of the compute service share. Thread: open on a worker, close on main. */
#include "compute/service.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define AT(field, ctype) DK_FIELD(struct compute_config, field, ctype)

const struct dk_option compute_options[] = {
    {"store",
     DK_TEXT,
     AT(store, const char *),
     "statestore",
     1,
     256,
     0,
     "State store for results and the index of near duplicates."},
    {"pubsub",
     DK_TEXT,
     AT(pubsub, const char *),
     COMPUTE_PUBSUB,
     1,
     256,
     0,
     "Pub/sub component of all topics."},
    {"documents-topic",
     DK_TEXT,
     AT(documents_topic, const char *),
     COMPUTE_DOCUMENTS_TOPIC,
     1,
     249,
     0,
     "Topic on which documents change."},
    {"results-topic",
     DK_TEXT,
     AT(results_topic, const char *),
     "compute.results",
     1,
     249,
     0,
     "Topic for what was found."},
    {"dead-letter-topic",
     DK_TEXT,
     AT(dead_letter_topic, const char *),
     COMPUTE_DEAD_LETTER_TOPIC,
     1,
     249,
     0,
     "Topic for events that no try can handle."},
    {"document-app",
     DK_TEXT,
     AT(document_app, const char *),
     "document",
     1,
     256,
     0,
     "Application that has the contents that are too long for an event."},
    {"content-bytes-max",
     DK_INT,
     AT(content_bytes_max, int64_t),
     "4194304",
     65536,
     67108864,
     0,
     "Longest content that is computed, in bytes."},
    {"cores",
     DK_INT,
     AT(cores, int64_t),
     "0",
     0,
     1024,
     0,
     "How many calls may compute at once; 0: as many as the machine has cores."},
    {"core-wait",
     DK_DURATION_MS,
     AT(wait_max_ms, int64_t),
     "30s",
     1,
     3600000,
     0,
     "How long a call waits for a core at most."},
    {"similar-percent",
     DK_INT,
     AT(similar_percent, int64_t),
     "80",
     50,
     100,
     0,
     "From which likeness on a document is a near duplicate."},
    {"languages",
     DK_TEXT,
     AT(languages_folder, const char *),
     TEXT_LANGUAGES_FOLDER,
     1,
     4096,
     0,
     "Folder with the fingerprints of languages that libexttextcat reads."},
    DK_OPTION_END,
};

enum dk_error service_open(struct dk_call *call, const void *config, void **ret_shared) {
    struct dk_fault fault = {0};
    struct compute_service *service = calloc(1, sizeof *service);
    if (service == NULL) {
        return dk_call_fail(call, DK_EXHAUSTED, "compute: no memory to begin");
    }
    service->config = *(const struct compute_config *)config;
    const long online = sysconf(_SC_NPROCESSORS_ONLN);
    const int64_t cores = service->config.cores > 0 ? service->config.cores : online;
    if (gate_new(
            cores > 0 ? (uint32_t)cores : 1, service->config.wait_max_ms, &service->gate, &fault) !=
            DK_OK ||
        flights_new(&service->flights, &fault) != DK_OK ||
        text_languages_new(service->config.languages_folder, &service->languages, &fault) !=
            DK_OK) {
        service_close(service);
        return dk_call_fail(call, fault.error, "%s", fault.text);
    }
    *ret_shared = service;
    return DK_OK;
}

void service_close(void *shared) {
    struct compute_service *service = shared;
    if (service == NULL) {
        return;
    }
    text_languages_free(service->languages);
    flights_free(service->flights);
    gate_free(service->gate);
    free(service);
}

static bool call_is_over(void *context) {
    return dk_call_is_over(context);
}

struct watch service_watch(struct dk_call *call) {
    return (struct watch){.is_over = call_is_over, .context = call};
}

static bool is_alphanumeric(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool service_is_name(struct dk_bytes name, size_t bytes_max) {
    if (name.size == 0 || name.size > bytes_max || !is_alphanumeric(name.data[0])) {
        return false;
    }
    for (size_t i = 1; i < name.size; i++) {
        const char c = name.data[i];
        if (!is_alphanumeric(c) && (c == '\0' || strchr("._~-", c) == NULL)) {
            return false;
        }
        if (c == '.' && name.data[i - 1] == '.') {
            return false;
        }
    }
    return true;
}

enum dk_error service_tenant(struct dk_call *call, const char **ret_tenant) {
    struct dk_bytes name = dk_call_header(call, (struct dk_bytes)DK_BYTES("dk-tenant"));
    if (name.data == NULL) {
        name = (struct dk_bytes)DK_BYTES("default");
    }
    if (!service_is_name(name, TENANT_BYTES_MAX)) {
        return dk_call_fail(
            call,
            DK_INVALID,
            "dk-tenant: '%.*s' is none; 1 to %d of A-Z a-z 0-9 . _ ~ - are wanted",
            (int)(name.size < TENANT_BYTES_MAX ? name.size : TENANT_BYTES_MAX),
            name.data,
            TENANT_BYTES_MAX);
    }
    const char *copy = dk_call_format(call, "%.*s", (int)name.size, name.data);
    if (copy == NULL) {
        return dk_call_fail(call, DK_EXHAUSTED, "compute: no memory left for this call");
    }
    *ret_tenant = copy;
    return DK_OK;
}
