#ifndef DK_SERVE_TRANSPORTS_H
#define DK_SERVE_TRANSPORTS_H

#include <dk/error.h>

struct dk__otlp_sender;
struct dk__otlp_settings;
struct dk__transport;

/*
 * The transport of that name among those this program was linked with; NULL when it has none such.
 * A program links transports_h2.c, its "-core" build transports_all.c.
 */
const struct dk__transport *dk__transport_named(const char *name);

/* How this program's spans travel: as its outgoing calls do, by wire/h2 where there is no gRPC core. */
enum dk_error dk__otlp_sender_new(
    const struct dk__otlp_settings *settings,
    struct dk__otlp_sender **ret_sender,
    struct dk_fault *fault);

/* "h2" or "h2, core", for the error text. */
extern const char *const dk__transport_names;

#endif /* DK_SERVE_TRANSPORTS_H */
