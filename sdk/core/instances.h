#ifndef DK_CORE_INSTANCES_H
#define DK_CORE_INSTANCES_H

#include "core/arena.h"

#include <dk/state.h>

/*
 * The stores of one socket, by x-component-instance. daprd names one for each Component document;
 * a call without the header means the instance "".
 *
 * A second open of a live name replaces it: daprd has no Close, a reload is a new Init. The old
 * store is closed only when the new one has opened, and it serves until then.
 *
 * Thread: the loop's. Bound: instances_max; one more Init answers DK_EXHAUSTED.
 */
struct dk__instances;

enum { DK__INSTANCES_MAX = 256 };

struct dk__instances *dk__instances_new(
    struct dk_loop *loop, const struct dk_state_backend *backend, size_t instances_max);
/* Closes every store. Accepts NULL. */
void dk__instances_free(struct dk__instances *instances);

/* Parses the properties, makes a store and opens it; gives the reply away, at once or later. */
void dk__instances_open(
    struct dk__instances *instances,
    struct dk_bytes name,
    struct dk_pairs properties,
    struct dk_reply *reply);

/* The open store of that name; NULL when there is none. The store stays while calls on it run:
 * see hold and release. */
struct dk_store *dk__instances_find(struct dk__instances *instances, struct dk_bytes name);

/* A replaced store is closed at once (its calls answer DK_UNAVAILABLE) but its memory goes only
 * when the last call that holds it lets go. */
void dk__instances_hold(struct dk_store *store);
void dk__instances_release(struct dk_store *store);

#endif /* DK_CORE_INSTANCES_H */
