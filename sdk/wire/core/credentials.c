/*
 * PEM files as gRPC's credentials. A file is looked at before gRPC gets it: gRPC would make a
 * channel of any bytes, and every call of it would fail without naming the file.
 */
#include "wire/core/credentials.h"

#include "core/system_error.h"
#include "wire/grpc/server.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PEM_BYTES_MAX = 1 << 20 };

struct pem {
    char *text; /* NUL-terminated; NULL: not named */
    size_t size;
};

/* The bytes lie where a key may have been: they are overwritten before the heap has them back. */
static void pem_free(struct pem *pem) {
    volatile char *at = pem->text;
    for (size_t i = 0; i < pem->size; i++) {
        at[i] = 0;
    }
    free(pem->text);
    pem->text = NULL;
}

static enum dk_error pem_fail(struct dk_fault *fault, const char *path) {
    char text[DK__SYSTEM_ERROR_BYTES];
    return dk_fault_set(fault, DK_INVALID, "tls: '%s': %s", path, dk__system_error(errno, text));
}

/* Reads a file that must hold a PEM block of that label; a path of NULL reads nothing. */
static enum dk_error pem_read(
    struct pem *pem, const char *path, const char *label, struct dk_fault *fault) {
    if (path == NULL) {
        return DK_OK;
    }
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return pem_fail(fault, path);
    }
    enum dk_error error = DK_OK;
    pem->text = calloc(1, PEM_BYTES_MAX + 2);
    if (pem->text == NULL) {
        error = dk_fault_set(fault, DK_EXHAUSTED, "tls: no memory for '%s'", path);
    } else {
        pem->size = fread(pem->text, 1, PEM_BYTES_MAX + 1, file);
        if (ferror(file) != 0) {
            error = pem_fail(fault, path);
        } else if (pem->size > PEM_BYTES_MAX) {
            error = dk_fault_set(fault, DK_INVALID, "tls: '%s' is larger than 1 MiB", path);
        } else if (strstr(pem->text, "-----BEGIN ") == NULL || strstr(pem->text, label) == NULL) {
            error = dk_fault_set(fault, DK_INVALID, "tls: '%s' holds no PEM %s", path, label);
        }
    }
    (void)fclose(file);
    return error;
}

/* The files of one side: whom it trusts, what it shows. */
struct pems {
    struct pem ca, certificate, key;
};

static void pems_free(struct pems *pems) {
    pem_free(&pems->ca);
    pem_free(&pems->certificate);
    pem_free(&pems->key);
}

/* Errors: as of credentials.h; `pems` is the caller's to free also then. */
static enum dk_error pems_read(
    struct pems *pems,
    const char *ca_path,
    const char *certificate_path,
    const char *key_path,
    struct dk_fault *fault) {
    if ((certificate_path == NULL) != (key_path == NULL)) {
        return dk_fault_set(
            fault,
            DK_INVALID,
            "tls: '%s' needs its %s beside it",
            key_path == NULL ? certificate_path : key_path,
            key_path == NULL ? "key" : "certificate");
    }
    enum dk_error error = pem_read(&pems->ca, ca_path, "CERTIFICATE-----", fault);
    if (error == DK_OK) {
        error = pem_read(&pems->certificate, certificate_path, "CERTIFICATE-----", fault);
    }
    if (error == DK_OK) {
        error = pem_read(&pems->key, key_path, "PRIVATE KEY-----", fault);
    }
    return error;
}

enum dk_error dk__channel_credentials(
    const struct dk__channel_tls *tls,
    grpc_channel_credentials **ret_credentials,
    struct dk_fault *fault) {
    struct pems pems = {0};
    if (tls == NULL) {
        *ret_credentials = grpc_insecure_credentials_create();
        return DK_OK;
    }
    const enum dk_error error =
        pems_read(&pems, tls->ca_path, tls->certificate_path, tls->key_path, fault);
    if (error == DK_OK) {
        grpc_ssl_pem_key_cert_pair pair = {
            .private_key = pems.key.text, .cert_chain = pems.certificate.text};
        *ret_credentials = grpc_ssl_credentials_create(
            pems.ca.text, pems.key.text == NULL ? NULL : &pair, NULL, NULL);
    }
    pems_free(&pems);
    return error;
}

enum dk_error dk__server_credentials(
    const struct dk__server_tls *tls,
    grpc_server_credentials **ret_credentials,
    struct dk_fault *fault) {
    struct pems pems = {0};
    const enum dk_error error =
        pems_read(&pems, tls->client_ca_path, tls->certificate_path, tls->key_path, fault);
    if (error == DK_OK) {
        grpc_ssl_pem_key_cert_pair pair = {
            .private_key = pems.key.text, .cert_chain = pems.certificate.text};
        *ret_credentials = grpc_ssl_server_credentials_create_ex(
            pems.ca.text,
            &pair,
            1,
            pems.ca.text == NULL ? GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE
                                 : GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY,
            NULL);
    }
    pems_free(&pems);
    return error;
}
