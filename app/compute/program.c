/* dk-compute: what can be found in documents, behind Dapr. docs/compute.md says what it keeps. */
#include "compute/changes.h"
#include "compute/methods.h"
#include "compute/metrics.h"
#include "compute/service.h"

#include <dapr_kit/compute_protos.h>
#include <dk/daprd.h>

/*
 * Puts an event that no try can handle into the dead letter topic, with its reason as a header.
 *
 * The service does so itself: daprd's own deadLetterTopic of a subscription takes every event that was
 * not handled, at the first try, also for a sidecar or a store that is away for a moment.
 */
static enum dk_verdict bury(struct dk_call *call, const struct dk_event *event) {
    const struct compute_config *config = &service_of(call)->config;
    const struct dk_pair metadata[] = {
        {.key = DK_BYTES("cloudevent.id"), .value = event->id},
        {.key = DK_BYTES("dead-letter-reason"), .value = dk_bytes_of(dk_call_fault(call)->text)}};
    const struct dk_daprd_message message = {
        .data = event->data,
        .content_type = event->content_type,
        .metadata = {.items = metadata, .count = sizeof metadata / sizeof metadata[0]}};

    return dk_daprd_publish(call, config->pubsub, config->dead_letter_topic, &message) == DK_OK
               ? DK_VERDICT_DROP
               : DK_VERDICT_RETRY;
}

static enum dk_verdict on_event(struct dk_call *call, const struct dk_event *event) {
    const enum dk_verdict verdict = changes_on_event(call, event);

    return verdict == DK_VERDICT_DROP ? bury(call, event) : verdict;
}

/* Settings may name others: open fills them in, before the port is open and daprd asks. */
static struct dk_app_topic topics[] = {
    {.pubsub = COMPUTE_PUBSUB, .topic = COMPUTE_DOCUMENTS_TOPIC, .run = on_event}, {0}};

static enum dk_error open_with_topics(struct dk_call *call, const void *config, void **ret_shared) {
    const enum dk_error error = service_open(call, config, ret_shared);
    if (error == DK_OK) {
        const struct compute_service *service = *ret_shared;
        topics[0].pubsub = service->config.pubsub;
        topics[0].topic = service->config.documents_topic;
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
        .metrics = compute_metrics,
        .descriptors = &compute_protos,
        .options = compute_options,
        .config_size = sizeof(struct compute_config),
        .open = open_with_topics,
        .close = service_close,
    };
    return dk_app_run(&app, argc, argv);
}
