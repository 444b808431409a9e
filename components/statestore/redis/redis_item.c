/*
 * The built-in's layout, read.
 */
#include "statestore/redis/redis_item.h"

#include "clients/redis/redis_error.h"

static struct dk_bytes field(const struct redisReply *hash, struct dk_bytes name) {
    for (size_t i = 0; i + 1 < hash->elements; i += 2) {
        const struct redisReply *key = hash->element[i], *value = hash->element[i + 1];
        if (key->type == REDIS_REPLY_STRING && value->type == REDIS_REPLY_STRING &&
            dk_bytes_equal((struct dk_bytes){key->str, key->len}, name)) {
            return (struct dk_bytes){value->str, value->len};
        }
    }
    return (struct dk_bytes){0};
}

enum dk_error redis_item_read(
    const struct redisReply *answer, int64_t ttl_ms, struct dk_item *item, struct dk_fault *fault) {
    static const struct dk_bytes data_name = DK_BYTES("data"), version_name = DK_BYTES("version");
    struct dk_item read = {.expires_ms = 0};

    switch (answer->type) {
    case REDIS_REPLY_ERROR:
        return redis_fault_of(answer, fault);
    case REDIS_REPLY_NIL:
        break;
    case REDIS_REPLY_STRING:
        read.data = (struct dk_bytes){answer->str, answer->len};
        break;
    case REDIS_REPLY_ARRAY:
        read.data = field(answer, data_name);
        read.etag = field(answer, version_name);
        if (answer->elements > 0 && (read.data.data == NULL || read.etag.data == NULL)) {
            return dk_fault_set(
                fault, DK_INTERNAL, "redis: required hash field 'data' or 'version' was not found");
        }
        break;
    default:
        return dk_fault_set(fault, DK_INTERNAL, "redis: an answer of an unexpected type");
    }
    if (read.data.data != NULL && ttl_ms >= 0) {
        read.expires_ms = dk_clock_ms() + ttl_ms;
    }
    *item = read;
    return DK_OK;
}

bool redis_item_is_other(const struct redisReply *answer) {
    return redis_reply_is(answer, "WRONGTYPE");
}
