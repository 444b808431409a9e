/*
 * X.509 in as few steps as a test needs. Made in memory: a test then has any validity it wants.
 */
#include "support/certificates.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

enum { HOUR_S = 3600 };

static void read_out(BIO *text, char *target) {
    const int size = BIO_read(text, target, CERTIFICATE_PEM_BYTES_MAX - 1);
    cr_assert(gt(int, size, 0));
    target[size] = '\0';
    BIO_free(text);
}

static X509 *certificate_of(const struct certificate *certificate) {
    BIO *text = BIO_new_mem_buf(certificate->certificate, -1);
    X509 *x509 = PEM_read_bio_X509(text, NULL, NULL, NULL);
    BIO_free(text);
    cr_assert(ne(ptr, x509, NULL));
    return x509;
}

static EVP_PKEY *key_of(const struct certificate *certificate) {
    BIO *text = BIO_new_mem_buf(certificate->key, -1);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(text, NULL, NULL, NULL);
    BIO_free(text);
    cr_assert(ne(ptr, key, NULL));
    return key;
}

static void extend(X509 *x509, X509 *issuer, int kind, const char *value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, x509, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, kind, value);
    cr_assert(ne(ptr, extension, NULL), "'%s'", value);
    cr_assert(eq(int, X509_add_ext(x509, extension, -1), 1));
    X509_EXTENSION_free(extension);
}

static X509 *begin(EVP_PKEY *key, const char *name, long serial, bool is_expired) {
    X509 *x509 = X509_new();
    X509_NAME *subject = X509_get_subject_name(x509);
    (void)X509_set_version(x509, 2);
    (void)ASN1_INTEGER_set(X509_get_serialNumber(x509), serial);
    (void)X509_gmtime_adj(X509_getm_notBefore(x509), -48L * HOUR_S);
    (void)X509_gmtime_adj(X509_getm_notAfter(x509), is_expired ? -HOUR_S : 24L * HOUR_S);
    (void)X509_NAME_add_entry_by_txt(
        subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
    (void)X509_set_pubkey(x509, key);
    return x509;
}

static void finish(struct certificate *certificate, X509 *x509, EVP_PKEY *key, EVP_PKEY *signer) {
    BIO *certificate_text = BIO_new(BIO_s_mem());
    BIO *key_text = BIO_new(BIO_s_mem());
    cr_assert(gt(int, X509_sign(x509, signer, EVP_sha256()), 0));
    cr_assert(eq(int, PEM_write_bio_X509(certificate_text, x509), 1));
    cr_assert(eq(int, PEM_write_bio_PrivateKey(key_text, key, NULL, NULL, 0, NULL, NULL), 1));
    read_out(certificate_text, certificate->certificate);
    read_out(key_text, certificate->key);
    X509_free(x509);
}

void certificate_make_authority(struct certificate *authority, const char *name) {
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *x509 = begin(key, name, 1, false);
    (void)X509_set_issuer_name(x509, X509_get_subject_name(x509));
    extend(x509, x509, NID_basic_constraints, "critical,CA:TRUE");
    extend(x509, x509, NID_key_usage, "critical,keyCertSign");
    extend(x509, x509, NID_subject_key_identifier, "hash");
    finish(authority, x509, key, key);
    EVP_PKEY_free(key);
}

void certificate_make(
    struct certificate *certificate,
    const struct certificate *authority,
    const char *hosts,
    bool is_expired) {
    EVP_PKEY *key = EVP_EC_gen("P-256");
    EVP_PKEY *signer = key_of(authority);
    X509 *issuer = certificate_of(authority);
    X509 *x509 = begin(key, "dapr-kit test", 2, is_expired);
    (void)X509_set_issuer_name(x509, X509_get_subject_name(issuer));
    extend(x509, issuer, NID_subject_alt_name, hosts);
    finish(certificate, x509, key, signer);
    X509_free(issuer);
    EVP_PKEY_free(signer);
    EVP_PKEY_free(key);
}

static void write_text(const char *folder, const char *name, const char *kind, const char *text) {
    char path[256];
    (void)snprintf(path, sizeof path, "%s/%s.%s", folder, name, kind);
    FILE *file = fopen(path, "w");
    cr_assert(ne(ptr, file, NULL), "%s", path);
    (void)fputs(text, file);
    (void)fclose(file);
}

void certificate_write(
    const struct certificate *certificate, const char *folder, const char *name) {
    write_text(folder, name, "crt", certificate->certificate);
    write_text(folder, name, "key", certificate->key);
}
