#ifndef TESTS_SUPPORT_CERTIFICATES_H
#define TESTS_SUPPORT_CERTIFICATES_H

#include <stdbool.h>

/*
 * Keys and certificates for one test, as PEM texts: an authority, and what it signed.
 *
 * Thread: any. Owner: the test's structure. Bound: CERTIFICATE_PEM_BYTES_MAX each; what fails
 * aborts the test.
 */
enum { CERTIFICATE_PEM_BYTES_MAX = 4096 };

struct certificate {
    char certificate[CERTIFICATE_PEM_BYTES_MAX];
    char key[CERTIFICATE_PEM_BYTES_MAX];
};

/* Signs itself. */
void certificate_make_authority(struct certificate *authority, const char *name);

/* Signed by `authority`, for the names in `hosts` (OpenSSL's words: "DNS:a,IP:127.0.0.1"); an
 * expired one ended an hour ago. */
void certificate_make(
    struct certificate *certificate,
    const struct certificate *authority,
    const char *hosts,
    bool is_expired);

/* Writes the texts to folder/name.crt and folder/name.key. */
void certificate_write(const struct certificate *certificate, const char *folder, const char *name);

#endif /* TESTS_SUPPORT_CERTIFICATES_H */
