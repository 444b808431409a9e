#ifndef CLIENTS_REDIS_SENTINEL_H
#define CLIENTS_REDIS_SENTINEL_H

#include "clients/redis/redis_config.h"

#include <dk/loop.h>

struct redis_tls_context;

/* `master` NULL: no sentinel could tell; `fault` then has the words of each. */
typedef void redis_master_fn(
    void *context, const struct redis_address *master, const struct dk_fault *fault);

/*
 * Asks the sentinels of the settings where the master is, one after the other until one knows, and
 * stays with that one to hear when the master moves: an old master takes writes for seconds after
 * its replacement, and these are lost.
 *
 * on_master comes once with the answer, and then again whenever there may be a new one. Only the
 * first answer can be "nobody knows"; later trouble with sentinels is mended with a back-off.
 * Whoever asked checks that the answer is a master, because sentinels may be late.
 *
 * Thread: the loop's. Owner: the asker; free may be called from within on_master.
 */
struct redis_sentinel;

/* May answer at once when no sentinel can even be dialled; `*ret_sentinel` is set before. */
enum dk_error redis_sentinel_follow(
    struct dk_loop *loop,
    const struct redis_settings *settings,
    struct redis_tls_context *tls,
    redis_master_fn *on_master,
    void *context,
    struct redis_sentinel **ret_sentinel,
    struct dk_fault *fault);

/* Asks and hears no more. Accepts NULL. */
void redis_sentinel_free(struct redis_sentinel *sentinel);

#endif /* CLIENTS_REDIS_SENTINEL_H */
