#ifndef STATESTORE_REDIS_STORE_H
#define STATESTORE_REDIS_STORE_H

#include <dk/state.h>

/*
 * State in Redis, in the layout of Dapr's built-in state.redis, so that data moves both ways: a
 * hash at the key with `data`, `version` (the etag, counted from 1) and, once written with
 * first-write, `first-write`. Plain strings of older Daprs are read, without an etag.
 */
extern const struct dk_state_backend redis_store;

/* A transaction is one script, and Redis serves nobody while a script runs. */
enum { REDIS_TRANSACTION_OPERATIONS_MAX = 8192 };

#endif /* STATESTORE_REDIS_STORE_H */
