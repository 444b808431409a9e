#ifndef TESTS_SUPPORT_STORE_RIG_H
#define TESTS_SUPPORT_STORE_RIG_H

#include "core/arena.h"

#include <dk/state.h>
#include <stdbool.h>

struct dk__instances;
struct h2_client;

/*
 * A store under test, driven from straight code: each call turns the loop until the reply is given.
 * What a test receives is a copy. Two files stand behind it, and a test program links one of them:
 *
 *     store_rig.c    the vtable in this process, as the state services drive it
 *     socket_rig.c   the backend's own program, through its socket, as daprd drives it; no queries
 *
 * Thread: the test's, which is the loop's. Owner: the rig's until store_rig_close.
 * Bound: a reply that does not come within RIG_WAIT_MS fails the test.
 */
enum { RIG_WAIT_MS = 20000 };

struct rig_item {
    struct dk_bytes key, data, etag, error; /* absent as the store left them */
    int64_t expires_ms;
};

struct rig_answer {
    enum dk_error error;
    const char *text; /* of a failure */
    const struct rig_item *items;
    size_t count;
    struct dk_bytes token;
    bool is_row_mismatch;
    int64_t expected, affected;
};

struct store_rig {
    const struct dk_state_backend *backend;
    struct dk_loop *loop;
    struct dk__instances *instances; /* of store_rig.c */
    struct h2_client *client;        /* of socket_rig.c */
    struct dk__pool pool;
    struct dk__arena memory; /* of all answers */
};

void store_rig_open(struct store_rig *rig, const struct dk_state_backend *backend);
void store_rig_close(struct store_rig *rig);

/* Init, as daprd sends it: `properties` are name, value, …, NULL. */
struct rig_answer store_rig_init(
    struct store_rig *rig, const char *instance, const char *const *properties);

struct rig_answer rig_get(struct store_rig *rig, const char *instance, struct dk_get request);
struct rig_answer rig_set(struct store_rig *rig, const char *instance, struct dk_set request);
struct rig_answer rig_delete(struct store_rig *rig, const char *instance, struct dk_delete request);
struct rig_answer rig_bulk_get(
    struct store_rig *rig, const char *instance, struct dk_bulk_get request);
struct rig_answer rig_bulk_set(
    struct store_rig *rig, const char *instance, struct dk_bulk_set request);
struct rig_answer rig_bulk_delete(
    struct store_rig *rig, const char *instance, struct dk_bulk_delete request);
struct rig_answer rig_transact(
    struct store_rig *rig, const char *instance, struct dk_transact request);
struct rig_answer rig_query(struct store_rig *rig, const char *instance, struct dk_query request);
struct rig_answer rig_ping(struct store_rig *rig, const char *instance);

/* Turns the loop until `is_done` says so; false when RIG_WAIT_MS were not enough. */
bool rig_until(struct store_rig *rig, bool (*is_done)(void *context), void *context);

#endif /* TESTS_SUPPORT_STORE_RIG_H */
