/*
 * From a backend's vtable to its description: what daprd would be told, in people's words.
 */
#include "serve/describe.h"

#include <dk/option.h>
#include <dk/serve.h>
#include <dk/state.h>

enum { CAPABILITIES_MAX = 8 };

static struct dk_description describe_state(
    const struct dk_state_backend *backend, const char **capabilities) {
    size_t count = 0;
    capabilities[count++] = "crud";
    if (backend->transact != NULL) {
        capabilities[count++] = "transactional";
    }
    if ((backend->features & DK_STATE_ETAG) != 0) {
        capabilities[count++] = "etag";
    }
    if ((backend->features & DK_STATE_TTL) != 0) {
        capabilities[count++] = "ttl";
    }
    if (backend->query != NULL) {
        capabilities[count++] = "query";
    }
    if (backend->transact != NULL && (backend->features & DK_STATE_ETAG) != 0) {
        capabilities[count++] = "actorStateStore";
    }
    capabilities[count] = NULL;
    return (struct dk_description){
        .type = "state",
        .name = backend->base.name,
        .title = backend->base.title,
        .summary = backend->base.summary,
        .capabilities = capabilities,
        .options = backend->base.options,
    };
}

void dk__describe(const struct dk_service *services, enum dk__describe_form form, FILE *output) {
    for (const struct dk_service *service = services; service->name != NULL; service++) {
        if (service->backends.state == NULL) {
            continue;
        }
        const char *capabilities[CAPABILITIES_MAX];
        const struct dk_description description =
            describe_state(service->backends.state, capabilities);
        if (form == DK__DESCRIBE_YAML) {
            dk_describe_yaml(&description, output);
        } else {
            dk_describe_markdown(&description, output);
        }
    }
}
