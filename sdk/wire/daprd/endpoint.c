/*
 * The forms of an endpoint, taken apart from the outside in: query, scheme, authority, host, port.
 */
#include "wire/daprd/endpoint.h"

#include <arpa/inet.h>
#include <dk/bytes.h>
#include <dk/option.h>
#include <stdint.h>
#include <stdio.h>

enum { PORT_DEFAULT = 443, PORT_MAX = 65535, HOST_BYTES_MAX = 253 };

enum tls { TLS_NO, TLS_YES, TLS_AS_ASKED };

struct scheme {
    const char *name;
    enum tls tls;
};

static const struct scheme schemes[] = {
    {"http", TLS_NO},
    {"https", TLS_YES},
    {"grpc", TLS_NO},
    {"grpcs", TLS_YES},
    {"dns", TLS_AS_ASKED},
    {"unix", TLS_AS_ASKED},
    {0},
};

struct reading {
    const char *variable, *text;
    struct dk_bytes rest;
    struct dk_fault *fault;
};

static enum dk_error wrong(const struct reading *reading, const char *what) {
    return dk_fault_set(
        reading->fault,
        DK_INVALID,
        "%s: '%s' %s; allowed: host:port, http://host:port, https://host:port, "
        "dns:[//server/]host:port[?tls=true], unix:/path",
        reading->variable,
        reading->text,
        what);
}

static bool is_word(struct dk_bytes text, const char *word) {
    return dk_bytes_equal(text, dk_bytes_of(word));
}

/* Cuts `rest` at its first `mark`; what stands behind it, or absent. */
static struct dk_bytes cut(struct dk_bytes *rest, char mark) {
    const char *at = rest->size == 0 ? NULL : memchr(rest->data, mark, rest->size);
    if (at == NULL) {
        return (struct dk_bytes){0};
    }
    const size_t before = (size_t)(at - rest->data);
    const struct dk_bytes behind = {.data = at + 1, .size = rest->size - before - 1};
    rest->size = before;
    return behind;
}

static void skip(struct dk_bytes *text, size_t size) {
    text->data += size;
    text->size -= size;
}

static enum dk_error query_read(struct reading *reading, enum tls *ret_tls) {
    const struct dk_bytes query = cut(&reading->rest, '?');
    if (query.data == NULL) {
        return DK_OK;
    }
    if (is_word(query, "tls=true")) {
        *ret_tls = TLS_YES;
    } else if (is_word(query, "tls=false")) {
        *ret_tls = TLS_NO;
    } else {
        return wrong(reading, "has a query that is neither tls=true nor tls=false");
    }
    return DK_OK;
}

/* The scheme's row, and `rest` behind its colon; "host:50001" has none. */
static const struct scheme *scheme_read(struct reading *reading, bool *ret_is_unknown) {
    struct dk_bytes word = reading->rest;
    const struct dk_bytes behind = cut(&word, ':');
    *ret_is_unknown = false;
    if (behind.data == NULL) {
        return NULL;
    }
    for (const struct scheme *scheme = schemes; scheme->name != NULL; scheme++) {
        if (is_word(word, scheme->name)) {
            reading->rest = behind;
            return scheme;
        }
    }
    *ret_is_unknown = behind.size >= 2 && memcmp(behind.data, "//", 2) == 0;
    return NULL;
}

static enum dk_error port_read(struct reading *reading, struct dk_bytes text, int64_t *ret_port) {
    *ret_port = PORT_DEFAULT;
    if (text.data == NULL) {
        return DK_OK;
    }
    if (!dk_integer_parse(text, ret_port) || *ret_port < 1 || *ret_port > PORT_MAX) {
        return wrong(reading, "has no port from 1 to 65535 behind its colon");
    }
    return DK_OK;
}

static bool is_host(struct dk_bytes host) {
    for (size_t i = 0; i < host.size; i++) {
        const char letter = host.data[i];
        if (!(letter >= 'a' && letter <= 'z') && !(letter >= 'A' && letter <= 'Z') &&
            !(letter >= '0' && letter <= '9') && letter != '.' && letter != '-' && letter != '_') {
            return false;
        }
    }
    return host.size > 0 && host.size <= HOST_BYTES_MAX;
}

static bool is_ipv6(struct dk_bytes host) {
    char text[INET6_ADDRSTRLEN];
    struct in6_addr address;
    if (host.size >= sizeof text) {
        return false;
    }
    memcpy(text, host.data, host.size);
    text[host.size] = '\0';
    return inet_pton(AF_INET6, text, &address) == 1;
}

static enum dk_error ipv6_read(struct reading *reading, struct dk__endpoint *ret) {
    struct dk_bytes host = {.data = reading->rest.data + 1, .size = reading->rest.size - 1};
    struct dk_bytes behind = cut(&host, ']');
    int64_t port = 0;
    if (behind.data == NULL || !is_ipv6(host) || (behind.size > 0 && behind.data[0] != ':')) {
        return wrong(reading, "has no IPv6 address in its brackets");
    }
    const struct dk_bytes digits =
        behind.size == 0 ? (struct dk_bytes){0}
                         : (struct dk_bytes){.data = behind.data + 1, .size = behind.size - 1};
    if (port_read(reading, digits, &port) != DK_OK) {
        return DK_INVALID;
    }
    (void)snprintf(
        ret->target, sizeof ret->target, "ipv6:[%.*s]:%d", (int)host.size, host.data, (int)port);
    return DK_OK;
}

static enum dk_error host_read(
    struct reading *reading, struct dk_bytes server, struct dk__endpoint *ret) {
    struct dk_bytes host = reading->rest;
    const struct dk_bytes digits = cut(&host, ':');
    int64_t port = 0;
    if (!is_host(host)) {
        return wrong(reading, "names no host");
    }
    if (port_read(reading, digits, &port) != DK_OK) {
        return DK_INVALID;
    }
    if (server.data == NULL) {
        (void)snprintf(
            ret->target, sizeof ret->target, "dns:%.*s:%d", (int)host.size, host.data, (int)port);
        return DK_OK;
    }
    (void)snprintf(
        ret->target,
        sizeof ret->target,
        "dns://%.*s/%.*s:%d",
        (int)server.size,
        server.data,
        (int)host.size,
        host.data,
        (int)port);
    return DK_OK;
}

static enum dk_error unix_read(struct reading *reading, struct dk__endpoint *ret) {
    if (reading->rest.size >= 3 && memcmp(reading->rest.data, "///", 3) == 0) {
        skip(&reading->rest, 2);
    }
    if (reading->rest.size < 2 || reading->rest.data[0] != '/' ||
        reading->rest.size >= sizeof ret->target - sizeof "unix:") {
        return wrong(reading, "has no absolute path behind unix:");
    }
    (void)snprintf(
        ret->target, sizeof ret->target, "unix:%.*s", (int)reading->rest.size, reading->rest.data);
    return DK_OK;
}

/* [//[server/]]host[:port][/] */
static enum dk_error authority_read(
    struct reading *reading, const struct scheme *scheme, struct dk__endpoint *ret) {
    struct dk_bytes server = {0};
    if (scheme != NULL && reading->rest.size >= 2 && memcmp(reading->rest.data, "//", 2) == 0) {
        skip(&reading->rest, 2);
        struct dk_bytes first = reading->rest;
        const struct dk_bytes second = cut(&first, '/');
        if (second.size > 0 && is_word(dk_bytes_of(scheme->name), "dns")) {
            server = first;
            reading->rest = second;
        }
    }
    if (reading->rest.size > 0 && reading->rest.data[reading->rest.size - 1] == '/') {
        reading->rest.size--;
    }
    if (server.size > HOST_BYTES_MAX ||
        (reading->rest.size > 0 && memchr(reading->rest.data, '/', reading->rest.size) != NULL)) {
        return wrong(reading, "has a path, which gRPC cannot go to");
    }
    if (reading->rest.size > 0 && reading->rest.data[0] == '[') {
        return ipv6_read(reading, ret);
    }
    return host_read(reading, server, ret);
}

enum dk_error dk__endpoint_parse(
    const char *variable, const char *text, struct dk__endpoint *ret, struct dk_fault *fault) {
    struct reading reading = {
        .variable = variable, .text = text, .rest = dk_bytes_of(text), .fault = fault};
    struct dk__endpoint endpoint = {.has_tls = false};
    enum tls asked = TLS_AS_ASKED;
    bool is_unknown = false;
    if (query_read(&reading, &asked) != DK_OK) {
        return DK_INVALID;
    }
    const struct scheme *scheme = scheme_read(&reading, &is_unknown);
    if (is_unknown) {
        return wrong(&reading, "has a scheme that is not known here");
    }
    if (scheme != NULL && scheme->tls != TLS_AS_ASKED && asked != TLS_AS_ASKED) {
        return wrong(&reading, "says tls twice, by its scheme and by its query");
    }
    const enum dk_error error = scheme != NULL && is_word(dk_bytes_of(scheme->name), "unix")
                                    ? unix_read(&reading, &endpoint)
                                    : authority_read(&reading, scheme, &endpoint);
    if (error != DK_OK) {
        return error;
    }
    endpoint.has_tls = asked == TLS_YES || (scheme != NULL && scheme->tls == TLS_YES);
    *ret = endpoint;
    return DK_OK;
}
