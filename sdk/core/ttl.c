/*
 * Request metadata that every state store reads.
 */
#include <dk/option.h>
#include <dk/state.h>
#include <strings.h>

enum dk_error dk_ttl_parse(
    struct dk_pairs metadata, bool *ret_given, int64_t *ret_ttl_s, struct dk_fault *fault) {
    static const struct dk_bytes name = DK_BYTES(DK_TTL_IN_SECONDS);
    for (size_t i = 0; i < metadata.count; i++) {
        const struct dk_pair *pair = &metadata.items[i];
        if (pair->key.size != name.size || strncasecmp(pair->key.data, name.data, name.size) != 0 ||
            pair->value.size == 0) {
            continue;
        }
        int64_t ttl_s = 0;
        if (!dk_integer_parse(pair->value, &ttl_s) || ttl_s < -1 || ttl_s > INT32_MAX) {
            return dk_fault_set(
                fault,
                DK_INVALID,
                DK_TTL_IN_SECONDS ": '%.*s' is no number of seconds from -1 to %d",
                (int)pair->value.size,
                pair->value.data,
                INT32_MAX);
        }
        *ret_given = true;
        *ret_ttl_s = ttl_s;
        return DK_OK;
    }
    return DK_OK;
}
