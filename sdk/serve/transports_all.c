/* The "-core" build of a program has both ways to travel, each the other's oracle. */
#include "serve/transports.h"

#include "wire/grpc/transport.h"
#include "wire/otlp/sender.h"

#include <string.h>

const char *const dk__transport_names = "h2, core";

const struct dk__transport *dk__transport_named(const char *name) {
    if (strcmp(name, dk__transport_core.name) == 0) {
        return &dk__transport_core;
    }
    return strcmp(name, dk__transport_h2.name) == 0 ? &dk__transport_h2 : NULL;
}

enum dk_error dk__otlp_sender_new(
    const struct dk__otlp_settings *settings,
    struct dk__otlp_sender **ret_sender,
    struct dk_fault *fault) {
    return dk__otlp_core_sender_new(settings, ret_sender, fault);
}
