#include "core/address.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

Test(address, reads_a_unix_path) {
    struct dk__address address;

    cr_assert(eq(int, dk__address_parse("unix:/run/x.sock", &address, NULL), DK_OK));

    const struct sockaddr_un *place = (const struct sockaddr_un *)&address.place;
    cr_assert(eq(int, place->sun_family, AF_UNIX));
    cr_assert(eq(str, (char *)place->sun_path, "/run/x.sock"));
}

Test(address, takes_the_longest_path_and_refuses_one_byte_more) {
    struct dk__address address;
    struct dk_fault fault = {.error = DK_OK};
    struct sockaddr_un place;
    char text[sizeof "unix:" + sizeof place.sun_path];

    (void)snprintf(text, sizeof text, "unix:/%0*d", (int)sizeof place.sun_path - 2, 0);
    cr_assert(eq(int, dk__address_parse(text, &address, &fault), DK_OK));
    (void)snprintf(text, sizeof text, "unix:/%0*d", (int)sizeof place.sun_path - 1, 0);
    cr_assert(eq(int, dk__address_parse(text, &address, &fault), DK_INVALID));
    cr_assert(ne(ptr, strstr(fault.text, "has 108 bytes"), NULL), "%s", fault.text);
    cr_assert(ne(ptr, strstr(fault.text, "at most 107"), NULL), "%s", fault.text);
}

Test(address, reads_host_and_port_of_both_families) {
    struct dk__address address;

    cr_assert(eq(int, dk__address_parse("127.0.0.1:50051", &address, NULL), DK_OK));
    const struct sockaddr_in *four = (const struct sockaddr_in *)&address.place;
    cr_assert(eq(int, four->sin_family, AF_INET));
    cr_assert(eq(int, ntohs(four->sin_port), 50051));

    cr_assert(eq(int, dk__address_parse("[::1]:0", &address, NULL), DK_OK));
    const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)&address.place;
    cr_assert(eq(int, six->sin6_family, AF_INET6));
    cr_assert(eq(int, six->sin6_port, 0));
}

Test(address, refuses_what_makes_no_sense) {
    static const char *const texts[] = {
        "",
        "unix:",
        "127.0.0.1",
        ":80",
        "127.0.0.1:",
        "127.0.0.1:x",
        "127.0.0.1:-1",
        "127.0.0.1:65536",
        "localhost:80",
        "::1:80",
        "[::1:80",
        "[::g]:80",
        "[127.0.0.1]:80",
        "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:80",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct dk__address address;
        struct dk_fault fault = {.error = DK_OK};

        cr_assert(
            eq(int, dk__address_parse(texts[i], &address, &fault), DK_INVALID), "%s", texts[i]);
        cr_assert(eq(int, strncmp(fault.text, "listen: ", 8), 0));
    }
}
