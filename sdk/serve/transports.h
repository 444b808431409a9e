#ifndef DK_SERVE_TRANSPORTS_H
#define DK_SERVE_TRANSPORTS_H

struct dk__transport;

/*
 * The transport of that name among those this program was linked with; NULL when it has none such.
 * A program links transports_h2.c, its "-core" build transports_all.c.
 */
const struct dk__transport *dk__transport_named(const char *name);

/* "h2" or "h2, core", for the error text. */
extern const char *const dk__transport_names;

#endif /* DK_SERVE_TRANSPORTS_H */
