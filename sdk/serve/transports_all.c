/* The "-core" build of a program has both ways to travel, each the other's oracle. */
#include "serve/transports.h"

#include "wire/grpc/transport.h"

#include <string.h>

const char *const dk__transport_names = "h2, core";

const struct dk__transport *dk__transport_named(const char *name) {
    if (strcmp(name, dk__transport_core.name) == 0) {
        return &dk__transport_core;
    }
    return strcmp(name, dk__transport_h2.name) == 0 ? &dk__transport_h2 : NULL;
}
