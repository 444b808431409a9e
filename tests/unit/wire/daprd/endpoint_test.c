#include "wire/daprd/endpoint.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

static const struct {
    const char *text, *target;
    bool has_tls;
} good[] = {
    {"sidecar:50001", "dns:sidecar:50001", false},
    {"sidecar", "dns:sidecar:443", false},
    {"127.0.0.1:1", "dns:127.0.0.1:1", false},
    {"sidecar:50001?tls=true", "dns:sidecar:50001", true},
    {"sidecar:50001?tls=false", "dns:sidecar:50001", false},
    {"http://sidecar:50001", "dns:sidecar:50001", false},
    {"http://sidecar:50001/", "dns:sidecar:50001", false},
    {"https://dapr.example.com", "dns:dapr.example.com:443", true},
    {"https://dapr.example.com:8443", "dns:dapr.example.com:8443", true},
    {"grpcs://sidecar:1", "dns:sidecar:1", true},
    {"dns:sidecar:65535", "dns:sidecar:65535", false},
    {"dns://sidecar:50001?tls=true", "dns:sidecar:50001", true},
    {"dns://8.8.8.8/sidecar:50001", "dns://8.8.8.8/sidecar:50001", false},
    {"[::1]:50001", "ipv6:[::1]:50001", false},
    {"https://[2001:db8::1]", "ipv6:[2001:db8::1]:443", true},
    {"unix:/run/dapr.sock", "unix:/run/dapr.sock", false},
    {"unix:///run/dapr.sock", "unix:/run/dapr.sock", false},
};

Test(daprd_endpoint, reads_every_form) {
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct dk__endpoint endpoint;
        struct dk_fault fault = {.error = DK_OK};

        const enum dk_error error = dk__endpoint_parse("X", good[i].text, &endpoint, &fault);

        cr_assert(eq(int, error, DK_OK), "%s: %s", good[i].text, fault.text);
        cr_assert(eq(str, endpoint.target, (char *)good[i].target));
        cr_assert(eq(int, endpoint.has_tls, good[i].has_tls), "%s", good[i].text);
    }
}

static const struct {
    const char *text, *words;
} bad[] = {
    {"", "names no host"},
    {":50001", "names no host"},
    {"side car:1", "names no host"},
    {"user@sidecar:1", "names no host"},
    {"sidecar:0", "no port from 1 to 65535"},
    {"sidecar:65536", "no port from 1 to 65535"},
    {"sidecar:", "no port from 1 to 65535"},
    {"sidecar:x", "no port from 1 to 65535"},
    {"ftp://sidecar:1", "scheme that is not known"},
    {"https://sidecar:1?tls=true", "says tls twice"},
    {"sidecar:1?tls=yes", "neither tls=true nor tls=false"},
    {"sidecar:1?", "neither tls=true nor tls=false"},
    {"http://sidecar:1/v1.0", "has a path"},
    {"dns://a/b/c:1", "has a path"},
    {"[::1:50001", "no IPv6 address"},
    {"[sidecar]:1", "no IPv6 address"},
    {"[::1]50001", "no IPv6 address"},
    {"unix:run/dapr.sock", "no absolute path"},
    {"unix:", "no absolute path"},
};

Test(daprd_endpoint, names_variable_text_and_what_is_allowed) {
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct dk__endpoint endpoint = {.target = "before"};
        struct dk_fault fault = {.error = DK_OK};

        const enum dk_error error = dk__endpoint_parse("VARIABLE", bad[i].text, &endpoint, &fault);

        cr_assert(eq(int, error, DK_INVALID), "%s gave %s", bad[i].text, endpoint.target);
        cr_assert(ne(ptr, strstr(fault.text, bad[i].words), NULL), "%s", fault.text);
        cr_assert(ne(ptr, strstr(fault.text, bad[i].text), NULL), "%s", fault.text);
        cr_assert(eq(int, strncmp(fault.text, "VARIABLE: '", 11), 0), "%s", fault.text);
        cr_assert(ne(ptr, strstr(fault.text, "allowed: host:port"), NULL), "%s", fault.text);
        cr_assert(eq(str, endpoint.target, (char *)"before"));
    }
}

Test(daprd_endpoint, refuses_a_name_longer_than_dns_has) {
    char text[DK__ENDPOINT_BYTES + 64];
    struct dk__endpoint endpoint;

    memset(text, 'a', sizeof text);
    text[253] = '\0';
    cr_assert(eq(int, dk__endpoint_parse("X", text, &endpoint, NULL), DK_OK));
    text[253] = 'a';
    text[254] = '\0';
    cr_assert(eq(int, dk__endpoint_parse("X", text, &endpoint, NULL), DK_INVALID));
}

Test(daprd_endpoint, refuses_a_path_that_does_not_fit) {
    char text[2 * DK__ENDPOINT_BYTES] = "unix:/";
    struct dk__endpoint endpoint;

    memset(text + 6, 'a', DK__ENDPOINT_BYTES);

    cr_assert(eq(int, dk__endpoint_parse("X", text, &endpoint, NULL), DK_INVALID));
}
