#ifndef CLIENTS_REDIS_SENTINEL_H
#define CLIENTS_REDIS_SENTINEL_H

#include "clients/redis/redis_config.h"

#include <dk/loop.h>

struct redis_tls_context;

/* `master` NULL: no sentinel could tell; `fault` then has the words of each. */
typedef void redis_master_fn(
    void *context, const struct redis_address *master, const struct dk_fault *fault);

/*
 * One question to the sentinels of the settings: where is the master? They are asked one after
 * the other, until one knows. Whoever asked checks that the answer is a master, because sentinels
 * may be late.
 *
 * Thread: the loop's. Owner: the asker; free may be called from within on_master. Answers once, in
 *         a later turn.
 */
struct redis_sentinel;

enum dk_error redis_sentinel_ask(
    struct dk_loop *loop,
    const struct redis_settings *settings,
    struct redis_tls_context *tls,
    redis_master_fn *on_master,
    void *context,
    struct redis_sentinel **ret_sentinel,
    struct dk_fault *fault);

/* Takes the question back. Accepts NULL. */
void redis_sentinel_free(struct redis_sentinel *sentinel);

#endif /* CLIENTS_REDIS_SENTINEL_H */
