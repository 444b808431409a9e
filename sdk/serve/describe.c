/*
 * From a backend's vtable to its description: what daprd would be told, in people's words.
 */
#include "serve/describe.h"

#include <dk/binding.h>
#include <dk/option.h>
#include <dk/pubsub.h>
#include <dk/serve.h>
#include <dk/state.h>

enum { CAPABILITIES_MAX = 8 };

/* What a description needs while it is written. */
struct words {
    const char *capabilities[CAPABILITIES_MAX];
    struct dk_binding_halves binding;
};

static struct dk_description describe_backend(
    const char *type, const struct dk_backend *backend, struct words *words) {
    return (struct dk_description){
        .type = type,
        .name = backend->name,
        .title = backend->title,
        .summary = backend->summary,
        .capabilities = words->capabilities,
        .options = backend->options,
    };
}

static struct dk_description describe_state(
    const struct dk_state_backend *backend, struct words *words) {
    const char **capability = words->capabilities;
    *capability++ = "crud";
    if (backend->transact != NULL) {
        *capability++ = "transactional";
    }
    if ((backend->features & DK_STATE_ETAG) != 0) {
        *capability++ = "etag";
    }
    if ((backend->features & DK_STATE_TTL) != 0) {
        *capability++ = "ttl";
    }
    if (backend->query != NULL) {
        *capability++ = "query";
    }
    if (backend->transact != NULL && (backend->features & DK_STATE_ETAG) != 0) {
        *capability++ = "actorStateStore";
    }
    return describe_backend("state", &backend->base, words);
}

static struct dk_description describe_pubsub(
    const struct dk_pubsub_backend *backend, struct words *words) {
    const char **capability = words->capabilities;
    if ((backend->features & DK_PUBSUB_MESSAGE_TTL) != 0) {
        *capability++ = "ttl";
    }
    if (backend->bulk_publish != NULL) {
        *capability++ = "bulkPublish";
    }
    if ((backend->features & DK_PUBSUB_SUBSCRIBE_WILDCARDS) != 0) {
        *capability++ = "subscribeWildcards";
    }
    return describe_backend("pubsub", &backend->base, words);
}

/* Both halves of a socket are one component to its user. */
static struct dk_description describe_binding(
    const struct dk_backends *backends, struct words *words) {
    const struct dk_input_binding_backend *input = backends->input_binding;
    const struct dk_output_binding_backend *output = backends->output_binding;
    words->binding = (struct dk_binding_halves){
        .has_input = input != NULL,
        .has_output = output != NULL,
        .output_options = output == NULL ? NULL : output->base.options,
        .operations = output == NULL ? NULL : output->operations,
    };
    struct dk_description description =
        describe_backend("bindings", input == NULL ? &output->base : &input->base, words);
    description.binding = &words->binding;
    return description;
}

/* Documents of a stream are set apart. */
struct writer {
    FILE *output;
    enum dk__describe_form form;
    bool is_begun;
};

static void write_description(struct writer *writer, const struct dk_description *description) {
    const bool is_yaml = writer->form == DK__DESCRIBE_YAML;
    if (writer->is_begun) {
        (void)fputs(is_yaml ? "---\n" : "\n", writer->output);
    }
    writer->is_begun = true;
    if (is_yaml) {
        dk_describe_yaml(description, writer->output);
    } else {
        dk_describe_markdown(description, writer->output);
    }
}

static void describe_service(const struct dk_backends *backends, struct writer *writer) {
    if (backends->state != NULL) {
        struct words words = {0};
        const struct dk_description description = describe_state(backends->state, &words);
        write_description(writer, &description);
    }
    if (backends->pubsub != NULL) {
        struct words words = {0};
        const struct dk_description description = describe_pubsub(backends->pubsub, &words);
        write_description(writer, &description);
    }
    if (backends->input_binding != NULL || backends->output_binding != NULL) {
        struct words words = {0};
        const struct dk_description description = describe_binding(backends, &words);
        write_description(writer, &description);
    }
}

void dk__describe(const struct dk_service *services, enum dk__describe_form form, FILE *output) {
    struct writer writer = {.output = output, .form = form};
    for (const struct dk_service *service = services; service->name != NULL; service++) {
        describe_service(&service->backends, &writer);
    }
}
