/*
 * Addresses as --listen and the sockets folder write them. No name is looked up: a resolver could
 * make the start of a program wait.
 */
#include "core/address.h"

#include <arpa/inet.h>
#include <dk/bytes.h>
#include <dk/option.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <sys/un.h>

enum { PORT_MAX = 65535 };

static enum dk_error parse_unix(
    const char *path, struct dk__address *ret_address, struct dk_fault *fault) {
    struct sockaddr_un *place = (struct sockaddr_un *)&ret_address->place;
    const size_t size = strlen(path);
    if (size == 0) {
        return dk_fault_set(fault, DK_INVALID, "listen: 'unix:' names no path");
    }
    if (size >= sizeof place->sun_path) {
        return dk_fault_set(
            fault,
            DK_INVALID,
            "listen: '%s' has %zu bytes, a Unix socket's path has at most %zu",
            path,
            size,
            sizeof place->sun_path - 1);
    }
    *ret_address = (struct dk__address){.size = (socklen_t)sizeof *place};
    place->sun_family = AF_UNIX;
    memcpy(place->sun_path, path, size + 1);
    return DK_OK;
}

enum dk_error dk__address_parse(
    const char *text, struct dk__address *ret_address, struct dk_fault *fault) {
    char host[INET6_ADDRSTRLEN + 2] = "";
    struct in_addr four;
    struct in6_addr six;
    int64_t port = 0;

    if (strncmp(text, "unix:", 5) == 0) {
        return parse_unix(text + 5, ret_address, fault);
    }
    const char *colon = strrchr(text, ':');
    const size_t size = colon == NULL ? 0 : (size_t)(colon - text);
    if (size == 0 || size >= sizeof host || !dk_integer_parse(dk_bytes_of(colon + 1), &port) ||
        port < 0 || port > PORT_MAX) {
        return dk_fault_set(
            fault, DK_INVALID, "listen: '%s' is neither unix:/path nor host:port", text);
    }
    memcpy(host, text, size);
    if (inet_pton(AF_INET, host, &four) == 1) {
        struct sockaddr_in *place = (struct sockaddr_in *)&ret_address->place;
        *ret_address = (struct dk__address){.size = (socklen_t)sizeof *place};
        place->sin_family = AF_INET;
        place->sin_port = htons((uint16_t)port);
        place->sin_addr = four;
        return DK_OK;
    }
    if (host[0] == '[' && host[size - 1] == ']') {
        host[size - 1] = '\0';
        if (inet_pton(AF_INET6, host + 1, &six) == 1) {
            struct sockaddr_in6 *place = (struct sockaddr_in6 *)&ret_address->place;
            *ret_address = (struct dk__address){.size = (socklen_t)sizeof *place};
            place->sin6_family = AF_INET6;
            place->sin6_port = htons((uint16_t)port);
            place->sin6_addr = six;
            return DK_OK;
        }
    }
    return dk_fault_set(
        fault,
        DK_INVALID,
        "listen: the host of '%s' is no numeric address such as 127.0.0.1 or [::1]",
        text);
}
