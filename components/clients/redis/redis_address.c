/*
 * Host lists as Dapr's users write them. Pure: no resolver, no socket.
 */
#include "clients/redis/redis_address.h"

#include <dk/option.h>
#include <stdio.h>
#include <string.h>

static struct dk_bytes trimmed(struct dk_bytes text) {
    while (text.size > 0 && strchr(" \t\r\n", text.data[0]) != NULL) {
        text.data++;
        text.size--;
    }
    while (text.size > 0 && strchr(" \t\r\n", text.data[text.size - 1]) != NULL) {
        text.size--;
    }
    return text;
}

static enum dk_error host_set(
    struct redis_address *address, struct dk_bytes host, size_t size_max, struct dk_fault *fault) {
    if (host.size == 0) {
        return dk_fault_set(fault, DK_INVALID, "redisHost: an entry has no host name");
    }
    if (host.size >= size_max) {
        return dk_fault_set(
            fault,
            DK_INVALID,
            "redisHost: '%.40s…' is longer than %zu bytes",
            host.data,
            size_max - 1);
    }
    memcpy(address->host, host.data, host.size);
    address->host[host.size] = '\0';
    return DK_OK;
}

static enum dk_error port_set(
    struct redis_address *address,
    struct dk_bytes entry,
    struct dk_bytes text,
    int64_t port,
    struct dk_fault *fault) {
    int64_t own = 0;
    if (!dk_integer_parse(text, &own) || own < 1 || own > UINT16_MAX) {
        return dk_fault_set(
            fault,
            DK_INVALID,
            "redisHost: '%.*s' has no port between 1 and 65535 after its colon",
            (int)entry.size,
            entry.data);
    }
    if (port != 0 && port != own) {
        return dk_fault_set(
            fault,
            DK_INVALID,
            "redisHost: '%.*s' already contains port %lld, but redisPort is set to %lld",
            (int)entry.size,
            entry.data,
            (long long)own,
            (long long)port);
    }
    address->port = (uint16_t)own;
    return DK_OK;
}

static enum dk_error entry_parse(
    struct dk_bytes entry, int64_t port, struct redis_address *address, struct dk_fault *fault) {
    enum { PATH_BYTES_MAX = 108 }; /* of sockaddr_un, with the NUL */
    const char *end = entry.data + entry.size;
    const char *colon = entry.size == 0 ? NULL : memchr(entry.data, ':', entry.size);

    address->port = (uint16_t)(port == 0 ? REDIS_PORT_DEFAULT : port);
    if (entry.size > 0 && entry.data[0] == '/') {
        address->port = 0;
        return host_set(address, entry, PATH_BYTES_MAX, fault);
    }
    if (entry.size > 0 && entry.data[0] == '[') {
        const char *close = memchr(entry.data, ']', entry.size);
        if (close == NULL || (close + 1 != end && close[1] != ':')) {
            return dk_fault_set(
                fault,
                DK_INVALID,
                "redisHost: '%.*s' is not of the form [address]:port",
                (int)entry.size,
                entry.data);
        }
        const struct dk_bytes host = {entry.data + 1, (size_t)(close - entry.data - 1)};
        if (host_set(address, host, sizeof address->host, fault) != DK_OK) {
            return DK_INVALID;
        }
        colon = close + 1 == end ? NULL : close + 1;
    } else {
        const bool has_two =
            colon != NULL && memchr(colon + 1, ':', (size_t)(end - colon - 1)) != NULL;
        colon = has_two ? NULL : colon; /* a bare IPv6 address */
        const struct dk_bytes host = {
            entry.data, (size_t)((colon == NULL ? end : colon) - entry.data)};
        if (host_set(address, host, sizeof address->host, fault) != DK_OK) {
            return DK_INVALID;
        }
    }
    if (colon == NULL) {
        return DK_OK;
    }
    const struct dk_bytes text = {colon + 1, (size_t)(end - colon - 1)};
    return port_set(address, entry, text, port, fault);
}

enum dk_error redis_addresses_parse(
    const char *text,
    int64_t port,
    struct redis_address *addresses,
    size_t *ret_count,
    struct dk_fault *fault) {
    size_t count = 0;

    for (;;) {
        const size_t size = strcspn(text, ",");
        if (count == REDIS_ADDRESSES_MAX) {
            return dk_fault_set(
                fault, DK_INVALID, "redisHost: has more than %d entries", REDIS_ADDRESSES_MAX);
        }
        const struct dk_bytes entry = trimmed((struct dk_bytes){text, size});
        if (entry_parse(entry, port, &addresses[count], fault) != DK_OK) {
            return DK_INVALID;
        }
        count++;
        if (text[size] == '\0') {
            break;
        }
        text += size + 1;
    }
    *ret_count = count;
    return DK_OK;
}

bool redis_address_is_path(const struct redis_address *address) {
    return address->host[0] == '/';
}

struct redis_address_text redis_address_text(const struct redis_address *address) {
    struct redis_address_text result = {.text = ""};
    if (redis_address_is_path(address)) {
        (void)snprintf(result.text, sizeof result.text, "%s", address->host);
    } else {
        const bool is_v6 = strchr(address->host, ':') != NULL;
        (void)snprintf(
            result.text,
            sizeof result.text,
            is_v6 ? "[%s]:%u" : "%s:%u",
            address->host,
            (unsigned)address->port);
    }
    return result;
}
