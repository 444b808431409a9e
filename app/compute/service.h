#ifndef COMPUTE_SERVICE_H
#define COMPUTE_SERVICE_H

#include "compute/flights.h"
#include "compute/gate.h"
#include "compute/text_language.h"
#include "compute/watch.h"

#include <dk/app.h>
#include <dk/option.h>
#include <stdint.h>

/* What the settings are when nobody sets them, where a table wants a name before they are read. */
#define COMPUTE_PUBSUB            "pubsub"
#define COMPUTE_DOCUMENTS_TOPIC   "documents"
#define COMPUTE_DEAD_LETTER_TOPIC "documents.dead"

/* The program's own settings. */
struct compute_config {
    const char *store;
    const char *pubsub, *documents_topic, *results_topic, *dead_letter_topic;
    const char *document_app; /* where contents of more than 64 KiB are */
    int64_t content_bytes_max;
    int64_t cores;       /* 0: those of the machine */
    int64_t wait_max_ms; /* for a core */
    int64_t similar_percent;
    const char *languages_folder;
};
extern const struct dk_option compute_options[];

/* What handlers share: dk_call_app. */
struct compute_service {
    struct compute_config config;
    struct gate *gate;
    struct flights *flights;
    struct text_languages *languages;
};

/* Owner: service_close takes what service_open gave; both are dk_app's. */
enum dk_error service_open(struct dk_call *call, const void *config, void **ret_shared);
void service_close(void *shared);

static inline struct compute_service *service_of(const struct dk_call *call) {
    return dk_call_app(call);
}

/* The watch of a call: over when the call is. */
struct watch service_watch(struct dk_call *call);

enum { TENANT_BYTES_MAX = 64, DOCUMENT_ID_BYTES_MAX = 128 };
/* Whether a text may be a part of a key: 1 to bytes_max of [A-Za-z0-9._~-], a letter or a digit
 * first, without "..". */
bool service_is_name(struct dk_bytes name, size_t bytes_max);
/* The tenant of a call: the header dk-tenant, else "default". Errors, noted: DK_INVALID. */
enum dk_error service_tenant(struct dk_call *call, const char **ret_tenant);

#endif /* COMPUTE_SERVICE_H */
