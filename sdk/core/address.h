#ifndef DK_CORE_ADDRESS_H
#define DK_CORE_ADDRESS_H

#include <dk/error.h>
#include <sys/socket.h>

/* Where to listen. Thread: any. */
struct dk__address {
    struct sockaddr_storage place;
    socklen_t size;
};

/*
 * Reads "unix:/path", "127.0.0.1:50051" or "[::1]:50051".
 * Errors: DK_INVALID: neither of these, a name instead of a numeric host, or a path that is longer
 *         than the kernel's sun_path.
 */
enum dk_error dk__address_parse(
    const char *text, struct dk__address *ret_address, struct dk_fault *fault);

#endif /* DK_CORE_ADDRESS_H */
