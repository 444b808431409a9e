/*
 * OpenSSL between two memory BIOs. Certificates are checked unless the user said otherwise; an
 * error says which check failed, because "handshake failed" helps nobody at three in the morning.
 */
#include "clients/redis/redis_tls.h"

#include "clients/redis/redis_config.h"
#include "tls/openssl.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

struct redis_tls_context {
    SSL_CTX *ssl;
};

struct redis_tls {
    SSL *ssl;
    BIO *in, *out; /* the SSL's */
    char host[REDIS_HOST_BYTES_MAX];
};

static bool is_set(const char *text) {
    return text != NULL && text[0] != '\0';
}

/* The reason of OpenSSL's oldest error, which is the cause of the later ones. */
static const char *reason(void) {
    const char *text = ERR_reason_error_string(ERR_peek_error());
    return text == NULL ? "unknown" : text;
}

/* Every key file prompt is answered with "no passphrase": there is nobody to ask.
 * NOLINTNEXTLINE(readability-non-const-parameter): OpenSSL's type */
static int on_passphrase(char *target, int size, int is_writing, void *context) {
    (void)target;
    (void)size;
    (void)is_writing;
    (void)context;
    return 0;
}

static bool use_certificates(SSL_CTX *ssl, const char *pem) {
    BIO *text = BIO_new_mem_buf(pem, -1);
    X509 *certificate = text == NULL ? NULL : PEM_read_bio_X509(text, NULL, on_passphrase, NULL);
    bool is_good = certificate != NULL && SSL_CTX_use_certificate(ssl, certificate) == 1;

    X509_free(certificate);
    for (;;) { /* the chain behind it, as far as it goes */
        X509 *next = is_good ? PEM_read_bio_X509(text, NULL, on_passphrase, NULL) : NULL;
        if (next == NULL) {
            break;
        }
        is_good = SSL_CTX_add0_chain_cert(ssl, next) == 1;
        if (!is_good) {
            X509_free(next);
        }
    }
    BIO_free(text);
    return is_good;
}

static bool use_key(SSL_CTX *ssl, const char *pem) {
    BIO *text = BIO_new_mem_buf(pem, -1);
    EVP_PKEY *key = text == NULL ? NULL : PEM_read_bio_PrivateKey(text, NULL, on_passphrase, NULL);
    const bool is_good = key != NULL && SSL_CTX_use_PrivateKey(ssl, key) == 1;

    EVP_PKEY_free(key);
    BIO_free(text);
    return is_good;
}

static bool use_authorities(SSL_CTX *ssl, const char *pem) {
    BIO *text = BIO_new_mem_buf(pem, -1);
    X509_STORE *store = SSL_CTX_get_cert_store(ssl);
    size_t count = 0;

    for (;;) {
        X509 *authority = text == NULL ? NULL : PEM_read_bio_X509(text, NULL, on_passphrase, NULL);
        if (authority == NULL) {
            break;
        }
        count += X509_STORE_add_cert(store, authority) == 1;
        X509_free(authority);
    }
    BIO_free(text);
    return count > 0;
}

static void use_client(SSL_CTX *ssl, const struct redis_config *config, struct dk_fault *fault) {
    if (!is_set(config->client_cert) || !is_set(config->client_key)) {
        return; /* as the built-in: one without the other is no client certificate */
    }
    if (!use_certificates(ssl, config->client_cert)) {
        (void)dk_fault_set(
            fault, DK_INVALID, "clientCert: is no certificate in PEM form: %s", reason());
    } else if (!use_key(ssl, config->client_key)) {
        (void)dk_fault_set(
            fault, DK_INVALID, "clientKey: is no key for clientCert in PEM form: %s", reason());
    }
}

enum dk_error redis_tls_context_new(
    const struct redis_config *config,
    struct redis_tls_context **ret_context,
    struct dk_fault *fault) {
    struct dk_fault found = {.error = DK_OK};
    if (dk__openssl_load(fault) != DK_OK) {
        return DK_UNAVAILABLE;
    }
    struct redis_tls_context *context = calloc(1, sizeof *context);
    ERR_clear_error();
    if (context == NULL || (context->ssl = SSL_CTX_new(TLS_client_method())) == NULL) {
        redis_tls_context_free(context);
        return dk_fault_set(fault, DK_EXHAUSTED, "redis: no memory for TLS");
    }
    (void)SSL_CTX_set_min_proto_version(context->ssl, TLS1_2_VERSION);
    (void)SSL_CTX_set_mode(context->ssl, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_verify(
        context->ssl, config->is_tls_unverified ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, NULL);
    if (is_set(config->ca_cert)) {
        if (!use_authorities(context->ssl, config->ca_cert)) {
            (void)dk_fault_set(
                &found, DK_INVALID, "caCert: has no certificate in PEM form: %s", reason());
        }
    } else {
        (void)SSL_CTX_set_default_verify_paths(context->ssl);
    }
    use_client(context->ssl, config, &found);
    ERR_clear_error();
    if (found.error != DK_OK) {
        redis_tls_context_free(context);
        return dk_fault_set(fault, found.error, "%s", found.text);
    }
    *ret_context = context;
    return DK_OK;
}

void redis_tls_context_free(struct redis_tls_context *context) {
    if (context == NULL) {
        return;
    }
    SSL_CTX_free(context->ssl);
    free(context);
}

/* The name check: an address must be in the certificate as an address, a name as a name. */
static bool expect_host(struct redis_tls *tls) {
    struct in6_addr address;
    if (tls->host[0] == '/') {
        return true; /* a Unix socket has no name to check */
    }
    if (inet_pton(AF_INET, tls->host, &address) == 1 ||
        inet_pton(AF_INET6, tls->host, &address) == 1) {
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(tls->ssl), tls->host) == 1;
    }
    return SSL_set1_host(tls->ssl, tls->host) == 1 &&
           SSL_set_tlsext_host_name(tls->ssl, tls->host) == 1;
}

enum dk_error redis_tls_new(
    struct redis_tls_context *context,
    const char *host,
    struct redis_tls **ret_tls,
    struct dk_fault *fault) {
    struct redis_tls *tls = calloc(1, sizeof *tls);
    if (tls == NULL || (tls->ssl = SSL_new(context->ssl)) == NULL) {
        goto fail;
    }
    tls->in = BIO_new(BIO_s_mem());
    tls->out = BIO_new(BIO_s_mem());
    if (tls->in == NULL || tls->out == NULL) {
        BIO_free(tls->in);
        BIO_free(tls->out);
        goto fail;
    }
    SSL_set_bio(tls->ssl, tls->in, tls->out);
    (void)snprintf(tls->host, sizeof tls->host, "%s", host);
    if (!expect_host(tls)) {
        goto fail;
    }
    SSL_set_connect_state(tls->ssl);
    *ret_tls = tls;
    return DK_OK;

fail:
    redis_tls_free(tls);
    return dk_fault_set(fault, DK_EXHAUSTED, "redis: no memory for TLS");
}

void redis_tls_free(struct redis_tls *tls) {
    if (tls == NULL) {
        return;
    }
    SSL_free(tls->ssl);
    free(tls);
}

bool redis_tls_feed(struct redis_tls *tls, struct dk_bytes ciphered) {
    return BIO_write(tls->in, ciphered.data, (int)ciphered.size) == (int)ciphered.size;
}

static enum redis_tls_step fail_certificate(const struct redis_tls *tls, struct dk_fault *fault) {
    const long result = SSL_get_verify_result(tls->ssl);
    const char *words = X509_verify_cert_error_string(result);

    switch (result) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
        words = "has expired";
        break;
    case X509_V_ERR_CERT_NOT_YET_VALID:
        words = "is not valid yet";
        break;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        words = "is for another host";
        break;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        words = "is signed by an unknown authority (caCert)";
        break;
    default:
        break;
    }
    (void)dk_fault_set(
        fault, DK_UNAVAILABLE, "redis: TLS: the certificate of '%s' %s", tls->host, words);
    return REDIS_TLS_FAILED;
}

static enum redis_tls_step fail(const struct redis_tls *tls, struct dk_fault *fault) {
    const int code = ERR_GET_REASON(ERR_peek_error());
    const char *hint = NULL;

    switch (code) {
    case SSL_R_CERTIFICATE_VERIFY_FAILED:
        return fail_certificate(tls, fault);
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_PACKET_LENGTH_TOO_LONG:
    case SSL_R_BAD_RECORD_TYPE:
        hint = "the server does not speak TLS (enableTLS)";
        break;
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
    case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
        hint = "the server wants a client certificate (clientCert, clientKey)";
        break;
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
    case SSL_R_TLSV1_ALERT_DECRYPT_ERROR:
        hint = "the server refuses our client certificate (clientCert)";
        break;
    default:
        break;
    }
    (void)dk_fault_set(
        fault,
        DK_UNAVAILABLE,
        "redis: TLS with '%s': %s%s%s",
        tls->host,
        hint == NULL ? "" : hint,
        hint == NULL ? "" : ": ",
        reason());
    return REDIS_TLS_FAILED;
}

static enum redis_tls_step step_of(
    const struct redis_tls *tls, int result, struct dk_fault *fault) {
    switch (SSL_get_error(tls->ssl, result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
        return REDIS_TLS_MORE;
    case SSL_ERROR_ZERO_RETURN:
        return REDIS_TLS_ENDED;
    default:
        return fail(tls, fault);
    }
}

enum redis_tls_step redis_tls_shake(struct redis_tls *tls, struct dk_fault *fault) {
    ERR_clear_error();
    const int result = SSL_do_handshake(tls->ssl);
    return result == 1 ? REDIS_TLS_DONE : step_of(tls, result, fault);
}

enum redis_tls_step redis_tls_read(
    struct redis_tls *tls, char *target, size_t size, size_t *ret_size, struct dk_fault *fault) {
    ERR_clear_error();
    const int result = SSL_read_ex(tls->ssl, target, size, ret_size);
    return result == 1 ? REDIS_TLS_DONE : step_of(tls, result, fault);
}

bool redis_tls_write(struct redis_tls *tls, struct dk_bytes plain) {
    size_t written = 0;
    ERR_clear_error();
    return SSL_write_ex(tls->ssl, plain.data, plain.size, &written) == 1 && written == plain.size;
}

size_t redis_tls_waiting(const struct redis_tls *tls) {
    return BIO_ctrl_pending(tls->out);
}

void redis_tls_take(struct redis_tls *tls, char *target, size_t size) {
    (void)BIO_read(tls->out, target, (int)size);
}
