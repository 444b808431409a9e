/* A component program speaks by nghttp2 alone and does not link gRPC. */
#include "serve/transports.h"

#include "wire/grpc/transport.h"

#include <string.h>

const char *const dk__transport_names = "h2";

const struct dk__transport *dk__transport_named(const char *name) {
    return strcmp(name, dk__transport_h2.name) == 0 ? &dk__transport_h2 : NULL;
}
