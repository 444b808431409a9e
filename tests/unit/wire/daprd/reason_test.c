/* Words for handshakes that fail; how they fail for real is in tests/e2e/app/endpoint_test.go. */
#include "wire/daprd/reason.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

static char text[DK__DAPRD_REASON_BYTES];

static const char *reason(const char *said) {
    dk__daprd_reason_of(dk_bytes_of(said), text);
    return text;
}

Test(daprd_reason, an_authority_that_is_not_trusted_names_the_variable) {
    cr_assert(
        ne(ptr,
           strstr(
               reason("Ssl handshake failed: SSL_ERROR_SSL: error:0A000086:SSL routines::"
                      "certificate verify failed"),
               DK__DAPRD_CA_VARIABLE),
           NULL));
    cr_assert(ne(ptr, strstr(reason("CERTIFICATE_VERIFY_FAILED"), "no authority"), NULL));
}

Test(daprd_reason, a_name_and_a_port_without_tls_are_told_apart) {
    cr_assert(
        ne(ptr, strstr(reason("Hostname x is not in peer certificate"), "have this name"), NULL));
    cr_assert(ne(ptr, strstr(reason("SSL routines::wrong version number"), "speak TLS"), NULL));
}

Test(daprd_reason, what_has_no_words_of_ours_keeps_its_own_within_the_bound) {
    char long_text[2 * DK__DAPRD_REASON_BYTES];
    memset(long_text, 'x', sizeof long_text);
    long_text[sizeof long_text - 1] = '\0';

    cr_assert(eq(str, (char *)reason("Connection refused"), "Connection refused"));
    cr_assert(eq(sz, strlen(reason(long_text)), DK__DAPRD_REASON_BYTES - 1));
    dk__daprd_reason_of((struct dk_bytes){0}, text);
    cr_assert(eq(str, text, ""));
}
