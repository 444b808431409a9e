#ifndef STATESTORE_REDIS_ITEM_H
#define STATESTORE_REDIS_ITEM_H

#include <dk/state.h>
#include <hiredis/hiredis.h>

/*
 * From Redis' answer about a key to Dapr's item. Pure.
 *
 * `answer` is HGETALL's, or GET's for a key that held a plain string; `ttl_ms` is PTTL's, negative
 * for none. Views point into the answer. No such key gives an item without data.
 *
 * Errors: DK_INTERNAL when a hash lacks `data` or `version`; what redis_fault_of says of an error
 *         answer.
 */
enum dk_error redis_item_read(
    const struct redisReply *answer, int64_t ttl_ms, struct dk_item *item, struct dk_fault *fault);

/* True when HGETALL's answer says that the key is no hash: an old plain value, to be read by GET. */
bool redis_item_is_other(const struct redisReply *answer);

#endif /* STATESTORE_REDIS_ITEM_H */
