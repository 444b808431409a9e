#ifndef TESTS_SUPPORT_REDIS_RIG_H
#define TESTS_SUPPORT_REDIS_RIG_H

#include "core/call.h"
#include "core/loop.h"

#include <dk/state.h>

/*
 * The Redis store on a loop of the test's own, with many calls under way at once: what the
 * conformance rig, one call after the other, cannot show.
 *
 * Thread: the test's, which is the loop's. Owner: the rig's until redis_rig_close; requests point
 * to the test's own texts.
 */
enum { REDIS_RIG_CALLS_MAX = 4096, REDIS_RIG_WAIT_MS = 20000 };

struct redis_rig_item {
    struct dk_bytes key, data, etag, error;
    int64_t expires_ms;
};

struct redis_rig_call {
    struct dk__call call;
    struct dk_reply reply;
    struct redis_rig *rig;
    union {
        struct dk_get get;
        struct dk_set set;
        struct dk_delete remove;
        struct dk_bulk_get bulk_get;
        struct dk_bulk_set bulk_set;
        struct dk_bulk_delete bulk_delete;
        struct dk_transact transact;
    } request;
    bool is_done;
    enum dk_error error;
    char text[512];
    struct redis_rig_item *items; /* copies */
    size_t item_count, item_capacity;
    size_t items_max; /* the answer is full with so many; 0: never */
};

struct redis_rig {
    struct dk_loop *loop;
    struct dk_instance *store;
    void *config;
    struct dk__pool pool;
    struct dk__arena memory;
    struct redis_rig_call *calls[REDIS_RIG_CALLS_MAX];
    size_t call_count;
};

/* Init with properties name, value, …, NULL; the call holds its outcome. */
struct redis_rig_call *redis_rig_open(struct redis_rig *rig, const char *const *properties);
/* The same, and the test fails when it fails. */
void redis_rig_open_well(struct redis_rig *rig, const char *const *properties);
/* Closes the store; every call must be answered by then. */
void redis_rig_close(struct redis_rig *rig);
/* Closes the store alone, to see what it answers. */
void redis_rig_close_store(struct redis_rig *rig);

/* Start a call; it is done in a later turn or at once. */
struct redis_rig_call *redis_rig_get(struct redis_rig *rig, struct dk_get request);
struct redis_rig_call *redis_rig_set(struct redis_rig *rig, struct dk_set request);
struct redis_rig_call *redis_rig_delete(struct redis_rig *rig, struct dk_delete request);
struct redis_rig_call *redis_rig_bulk_get(struct redis_rig *rig, struct dk_bulk_get request);
struct redis_rig_call *redis_rig_bulk_set(struct redis_rig *rig, struct dk_bulk_set request);
struct redis_rig_call *redis_rig_bulk_delete(struct redis_rig *rig, struct dk_bulk_delete request);
struct redis_rig_call *redis_rig_transact(struct redis_rig *rig, struct dk_transact request);
struct redis_rig_call *redis_rig_ping(struct redis_rig *rig);

/* Turns the loop until the call is done; the test fails after REDIS_RIG_WAIT_MS. Gives it back. */
struct redis_rig_call *redis_rig_wait(struct redis_rig_call *call);
/* Turns the loop until `is_so`. */
void redis_rig_until(struct redis_rig *rig, bool (*is_so)(void *context), void *context);
/* One turn that does not wait. */
void redis_rig_turn(struct redis_rig *rig);

/* In the words of most tests: "" etag for none. They wait for the answer. */
enum dk_error redis_rig_put(struct redis_rig *rig, const char *key, const char *value);
enum dk_error redis_rig_put_if(
    struct redis_rig *rig, const char *key, const char *value, const char *etag);
/* The value of a key; NULL when there is none. The test fails on an error. */
const char *redis_rig_value(struct redis_rig *rig, const char *key);
const char *redis_rig_etag(struct redis_rig *rig, const char *key);

#endif /* TESTS_SUPPORT_REDIS_RIG_H */
