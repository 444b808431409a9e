/* A component program speaks by nghttp2 alone and does not link gRPC. */
#include "serve/transports.h"

#include "wire/grpc/transport.h"
#include "wire/otlp/sender.h"

#include <string.h>

const char *const dk__transport_names = "h2";

const struct dk__transport *dk__transport_named(const char *name) {
    return strcmp(name, dk__transport_h2.name) == 0 ? &dk__transport_h2 : NULL;
}

enum dk_error dk__otlp_sender_new(
    const struct dk__otlp_settings *settings,
    struct dk__otlp_sender **ret_sender,
    struct dk_fault *fault) {
    return dk__otlp_h2_sender_new(settings, ret_sender, fault);
}
