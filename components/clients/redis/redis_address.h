#ifndef CLIENTS_REDIS_ADDRESS_H
#define CLIENTS_REDIS_ADDRESS_H

#include <dk/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    REDIS_HOST_BYTES_MAX = 256, /* with the NUL: a DNS name has at most 253 */
    REDIS_ADDRESSES_MAX = 16,   /* sentinels in one redisHost */
    REDIS_PORT_DEFAULT = 6379,
};

/*
 * Where a server listens. A host that begins with '/' is the path of a Unix socket; its port is 0.
 * An IPv6 address stands without its brackets.
 */
struct redis_address {
    char host[REDIS_HOST_BYTES_MAX];
    uint16_t port;
};

/*
 * Reads a comma list of host[:port], blanks around entries allowed; an entry without a port gets
 * `port`, or 6379 when that is 0. An IPv6 address with a port needs brackets.
 *
 * Errors: DK_INVALID, the words name redisHost: an empty entry, a bad port, a port that differs
 *         from `port`, a name that is too long, more than REDIS_ADDRESSES_MAX entries.
 * Thread: any.
 */
enum dk_error redis_addresses_parse(
    const char *text,
    int64_t port,
    struct redis_address *addresses,
    size_t *ret_count,
    struct dk_fault *fault);

bool redis_address_is_path(const struct redis_address *address);

/* "host:port", "[v6]:port" or the path, for words and logs. */
enum { REDIS_ADDRESS_TEXT_BYTES_MAX = REDIS_HOST_BYTES_MAX + 9 };
struct redis_address_text {
    char text[REDIS_ADDRESS_TEXT_BYTES_MAX];
};
struct redis_address_text redis_address_text(const struct redis_address *address);

#endif /* CLIENTS_REDIS_ADDRESS_H */
