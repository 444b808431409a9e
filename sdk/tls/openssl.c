/*
 * libssl brings libcrypto with it, so one library is opened for both. Of the version that the headers are
 * of: another one would have other structures.
 */
#define DK__OPENSSL_ITSELF /* here the names are names */
#include "tls/openssl.h"

#include "core/library.h"

#include <pthread.h>
#include <stdio.h>

#define TEXT_OF(number)   #number
#define SONAME_OF(number) "libssl.so." TEXT_OF(number)
#define LIBRARY           SONAME_OF(OPENSSL_SHLIB_VERSION)

enum { WORDS_BYTES = 256 };

struct dk__openssl dk__openssl;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static char trouble[WORDS_BYTES]; /* "": none */

static void load(void) {
    const struct dk__symbol symbols[] = {
#define ROW(name) {#name, (void *)&dk__openssl.name},
        DK__OPENSSL(ROW)
#undef ROW
    };
    const char *const words =
        dk__library_load(LIBRARY, symbols, sizeof symbols / sizeof symbols[0]);
    (void)snprintf(trouble, sizeof trouble, "%s", words == NULL ? "" : words);
}

enum dk_error dk__openssl_load(struct dk_fault *fault) {
    (void)pthread_once(&once, load);
    return trouble[0] == '\0'
               ? DK_OK
               : dk_fault_set(
                     fault,
                     DK_UNAVAILABLE,
                     "TLS: %s cannot be loaded (%s); install libssl3, or ask for no TLS",
                     LIBRARY,
                     trouble);
}
