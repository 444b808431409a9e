/* dk-compute: what can be found in documents, behind Dapr. docs/compute.md says what it keeps. */
#include "compute/changes.h"
#include "compute/methods.h"
#include "compute/service.h"

#include <dapr_kit/compute_protos.h>

/* Settings may name others: open fills them in, before the port is open and daprd asks. */
static struct dk_app_topic topics[] = {
    {.pubsub = COMPUTE_PUBSUB,
     .topic = COMPUTE_DOCUMENTS_TOPIC,
     .run = changes_on_event,
     .dead_letter_topic = COMPUTE_DEAD_LETTER_TOPIC},
    {0}};

static enum dk_error open_with_topics(struct dk_call *call, const void *config, void **ret_shared) {
    const enum dk_error error = service_open(call, config, ret_shared);
    if (error == DK_OK) {
        const struct compute_service *service = *ret_shared;
        topics[0].pubsub = service->config.pubsub;
        topics[0].topic = service->config.documents_topic;
        topics[0].dead_letter_topic = service->config.dead_letter_topic;
    }
    return error;
}

int main(int argc, char **argv) {
    const struct dk_app_service services[] = {
        {.name = "dapr_kit.compute.v1.Compute", .methods = compute_methods}, {0}};
    const struct dk_app app = {
        .name = "dk-compute",
        .services = services,
        .topics = topics,
        .descriptors = &compute_protos,
        .options = compute_options,
        .config_size = sizeof(struct compute_config),
        .open = open_with_topics,
        .close = service_close,
    };
    return dk_app_run(&app, argc, argv);
}
