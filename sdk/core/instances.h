#ifndef DK_CORE_INSTANCES_H
#define DK_CORE_INSTANCES_H

#include "core/arena.h"

#include <dk/instance.h>
#include <dk/metric.h>
#include <stdbool.h>

/*
 * The instances of one backend, by x-component-instance. daprd names one for each Component document;
 * a call without the header means the instance "".
 *
 * A second open of a live name replaces it: daprd has no Close, a reload is a new Init. The old
 * instance serves until the new one has opened; from then on nobody finds it, and it is closed when
 * the last call that holds it lets go. So no call fails because another daprd came.
 *
 * Thread: the loop's. Bound: instances_max; one more Init answers DK_EXHAUSTED.
 */
struct dk__instances;

/* How many are open, and how their Inits went. */
extern struct dk_metric dk__instance_metrics[];

enum { DK__INSTANCES_MAX = 256 };

struct dk__instances *dk__instances_new(
    struct dk_loop *loop, const struct dk_backend *backend, size_t instances_max);
/* Counts from now on, under this word for the kind of component; a literal. */
void dk__instances_count(struct dk__instances *instances, const char *kind);
/* Closes every instance at once: calls on them are answered DK_UNAVAILABLE. Accepts NULL. */
void dk__instances_free(struct dk__instances *instances);

/* Parses the properties, makes an instance and opens it; gives the reply away, at once or later. */
void dk__instances_open(
    struct dk__instances *instances,
    struct dk_bytes name,
    struct dk_pairs properties,
    struct dk_reply *reply);

/* The open instance of that name; NULL when there is none. A call holds the instance while it runs. */
struct dk_instance *dk__instances_find(struct dk__instances *instances, struct dk_bytes name);

/* Every open instance, newest first; `visit` may hold it, and opens none. */
void dk__instances_each(
    struct dk__instances *instances,
    void (*visit)(void *context, struct dk_instance *instance),
    void *context);

/* Between these the instance stays open, replaced or not; only dk__instances_free closes it, and then
 * its memory stays. */
void dk__instances_hold(struct dk_instance *instance);
void dk__instances_release(struct dk_instance *instance);

/* A place for who observes calls on the instance: memory of malloc, freed with the instance. */
void **dk__instances_observed(struct dk_instance *instance);

/* A note on the instance, for what delivers: daprd asked for no messages. A new Init forgets it. */
void dk__instances_pause(struct dk_instance *instance, bool is_paused);
bool dk__instances_is_paused(const struct dk_instance *instance);

#endif /* DK_CORE_INSTANCES_H */
