#ifndef DK_TLS_OPENSSL_H
#define DK_TLS_OPENSSL_H

#include <dk/error.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

/*
 * OpenSSL without being linked to it: its 24,000 relocations are a third of what a component's start took,
 * and most of them never speak TLS. Who includes this writes OpenSSL's names as ever, its macros too; each
 * name of the list means the function that was found when the library was loaded.
 */
#define DK__OPENSSL(ROW)                    \
    ROW(BIO_ctrl_pending)                   \
    ROW(BIO_free)                           \
    ROW(BIO_new)                            \
    ROW(BIO_new_mem_buf)                    \
    ROW(BIO_read)                           \
    ROW(BIO_s_mem)                          \
    ROW(BIO_write)                          \
    ROW(ERR_clear_error)                    \
    ROW(ERR_peek_error)                     \
    ROW(ERR_reason_error_string)            \
    ROW(EVP_PKEY_free)                      \
    ROW(PEM_read_bio_PrivateKey)            \
    ROW(PEM_read_bio_X509)                  \
    ROW(SSL_CTX_ctrl)                       \
    ROW(SSL_CTX_free)                       \
    ROW(SSL_CTX_get_cert_store)             \
    ROW(SSL_CTX_load_verify_locations)      \
    ROW(SSL_CTX_new)                        \
    ROW(SSL_CTX_set_alpn_protos)            \
    ROW(SSL_CTX_set_default_verify_paths)   \
    ROW(SSL_CTX_set_verify)                 \
    ROW(SSL_CTX_use_PrivateKey)             \
    ROW(SSL_CTX_use_PrivateKey_file)        \
    ROW(SSL_CTX_use_certificate)            \
    ROW(SSL_CTX_use_certificate_chain_file) \
    ROW(SSL_connect)                        \
    ROW(SSL_ctrl)                           \
    ROW(SSL_do_handshake)                   \
    ROW(SSL_free)                           \
    ROW(SSL_get0_alpn_selected)             \
    ROW(SSL_get0_param)                     \
    ROW(SSL_get_error)                      \
    ROW(SSL_get_verify_result)              \
    ROW(SSL_new)                            \
    ROW(SSL_pending)                        \
    ROW(SSL_read_ex)                        \
    ROW(SSL_set1_host)                      \
    ROW(SSL_set_bio)                        \
    ROW(SSL_set_connect_state)              \
    ROW(SSL_set_fd)                         \
    ROW(SSL_write_ex)                       \
    ROW(TLS_client_method)                  \
    ROW(X509_STORE_add_cert)                \
    ROW(X509_VERIFY_PARAM_set1_ip_asc)      \
    ROW(X509_free)                          \
    ROW(X509_verify_cert_error_string)

struct dk__openssl {
#define ROW(name) __typeof__(name) *name;
    DK__OPENSSL(ROW)
#undef ROW
};

extern struct dk__openssl dk__openssl;

/*
 * Before any of the functions is called. Thread: any. Errors: DK_UNAVAILABLE with the loader's words.
 */
enum dk_error dk__openssl_load(struct dk_fault *fault);

#ifndef DK__OPENSSL_ITSELF
/* NOLINTBEGIN(readability-identifier-naming): the names are OpenSSL's */
#define BIO_ctrl_pending                   dk__openssl.BIO_ctrl_pending
#define BIO_free                           dk__openssl.BIO_free
#define BIO_new                            dk__openssl.BIO_new
#define BIO_new_mem_buf                    dk__openssl.BIO_new_mem_buf
#define BIO_read                           dk__openssl.BIO_read
#define BIO_s_mem                          dk__openssl.BIO_s_mem
#define BIO_write                          dk__openssl.BIO_write
#define ERR_clear_error                    dk__openssl.ERR_clear_error
#define ERR_peek_error                     dk__openssl.ERR_peek_error
#define ERR_reason_error_string            dk__openssl.ERR_reason_error_string
#define EVP_PKEY_free                      dk__openssl.EVP_PKEY_free
#define PEM_read_bio_PrivateKey            dk__openssl.PEM_read_bio_PrivateKey
#define PEM_read_bio_X509                  dk__openssl.PEM_read_bio_X509
#define SSL_CTX_ctrl                       dk__openssl.SSL_CTX_ctrl
#define SSL_CTX_free                       dk__openssl.SSL_CTX_free
#define SSL_CTX_get_cert_store             dk__openssl.SSL_CTX_get_cert_store
#define SSL_CTX_load_verify_locations      dk__openssl.SSL_CTX_load_verify_locations
#define SSL_CTX_new                        dk__openssl.SSL_CTX_new
#define SSL_CTX_set_alpn_protos            dk__openssl.SSL_CTX_set_alpn_protos
#define SSL_CTX_set_default_verify_paths   dk__openssl.SSL_CTX_set_default_verify_paths
#define SSL_CTX_set_verify                 dk__openssl.SSL_CTX_set_verify
#define SSL_CTX_use_PrivateKey             dk__openssl.SSL_CTX_use_PrivateKey
#define SSL_CTX_use_PrivateKey_file        dk__openssl.SSL_CTX_use_PrivateKey_file
#define SSL_CTX_use_certificate            dk__openssl.SSL_CTX_use_certificate
#define SSL_CTX_use_certificate_chain_file dk__openssl.SSL_CTX_use_certificate_chain_file
#define SSL_connect                        dk__openssl.SSL_connect
#define SSL_ctrl                           dk__openssl.SSL_ctrl
#define SSL_do_handshake                   dk__openssl.SSL_do_handshake
#define SSL_free                           dk__openssl.SSL_free
#define SSL_get0_alpn_selected             dk__openssl.SSL_get0_alpn_selected
#define SSL_get0_param                     dk__openssl.SSL_get0_param
#define SSL_get_error                      dk__openssl.SSL_get_error
#define SSL_get_verify_result              dk__openssl.SSL_get_verify_result
#define SSL_new                            dk__openssl.SSL_new
#define SSL_pending                        dk__openssl.SSL_pending
#define SSL_read_ex                        dk__openssl.SSL_read_ex
#define SSL_set1_host                      dk__openssl.SSL_set1_host
#define SSL_set_bio                        dk__openssl.SSL_set_bio
#define SSL_set_connect_state              dk__openssl.SSL_set_connect_state
#define SSL_set_fd                         dk__openssl.SSL_set_fd
#define SSL_write_ex                       dk__openssl.SSL_write_ex
#define TLS_client_method                  dk__openssl.TLS_client_method
#define X509_STORE_add_cert                dk__openssl.X509_STORE_add_cert
#define X509_VERIFY_PARAM_set1_ip_asc      dk__openssl.X509_VERIFY_PARAM_set1_ip_asc
#define X509_free                          dk__openssl.X509_free
#define X509_verify_cert_error_string      dk__openssl.X509_verify_cert_error_string
/* NOLINTEND(readability-identifier-naming) */
#endif

#endif /* DK_TLS_OPENSSL_H */
