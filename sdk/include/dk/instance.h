#ifndef DK_INSTANCE_H
#define DK_INSTANCE_H

#include <dk/bytes.h>
#include <dk/option.h>
#include <dk/reply.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct dk_loop;
struct dk_metric;

/*
 * One instance of a component, made by an Init of daprd: the head of the backend's own structure,
 * which begins with it. Several Component documents are several instances on one loop.
 *
 * Owner: the SDK allocates instance_size and config_size bytes, zeroed, and fills the configuration
 *        before open; it frees both after close.
 */
struct dk_instance {
    struct dk_loop *loop;
    const char *name;           /* the Component's metadata.name, for logs */
    const void *configuration;  /* parsed, of config_size bytes */
    struct dk_pairs properties; /* as daprd sent them, for pass-through settings */
};

/*
 * What the SDK needs to know of every backend, whatever its block: each block's table (dk/state.h,
 * dk/pubsub.h, dk/binding.h) begins with it.
 *
 * Thread: every function of a backend runs on the loop's thread, one after the other.
 */
struct dk_backend {
    const char *name;                /* "dk-redis": the socket's name, becomes state.dk-redis */
    const char *title;               /* "Redis", for the reference page */
    const char *summary;             /* one sentence, for the reference page */
    const struct dk_option *options; /* what it asks of its user; NULL: nothing */
    size_t config_size, instance_size;
    /* What it counts, ended by a zeroed row; NULL: nothing of its own. Several backends of a program
     * may name one table. */
    struct dk_metric *metrics;

    /* Connects; the reply is daprd's Init. On failure the SDK calls close and frees the instance. */
    void (*open)(struct dk_instance *instance, struct dk_reply *reply);
    /* Ends at once; calls still waiting are answered DK_UNAVAILABLE, subscriptions have ended before. Accepts an instance that never
     * opened, and one whose open is still under way (its reply is then given away too). */
    void (*close)(struct dk_instance *instance);
};

#ifdef __cplusplus
}
#endif

#endif /* DK_INSTANCE_H */
