/* SHA-256 by OpenSSL. */
#include "document/hash.h"

#include <openssl/evp.h>
#include <string.h>

bool document_hash_of(struct dk_bytes content, struct document_hash *ret_hash) {
    return EVP_Digest(
               content.size == 0 ? "" : content.data,
               content.size,
               ret_hash->bytes,
               NULL,
               EVP_sha256(),
               NULL) == 1;
}

/* The library's own object, under a name of ours. */
static EVP_MD_CTX *context_of(struct document_hasher *hasher) {
    return (EVP_MD_CTX *)(void *)hasher;
}

struct document_hasher *document_hasher_new(void) {
    EVP_MD_CTX *context = EVP_MD_CTX_new();

    if (context != NULL && EVP_DigestInit_ex(context, EVP_sha256(), NULL) != 1) {
        EVP_MD_CTX_free(context);
        return NULL;
    }
    return (struct document_hasher *)(void *)context;
}

bool document_hasher_add(struct document_hasher *hasher, struct dk_bytes piece) {
    return EVP_DigestUpdate(context_of(hasher), piece.data, piece.size) == 1;
}

bool document_hasher_end(struct document_hasher *hasher, struct document_hash *ret_hash) {
    const bool is_good = EVP_DigestFinal_ex(context_of(hasher), ret_hash->bytes, NULL) == 1;

    EVP_MD_CTX_free(context_of(hasher));
    return is_good;
}

void document_hex(const unsigned char *bytes, size_t size, char *ret_text) {
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < size; i++) {
        ret_text[2 * i] = digits[bytes[i] >> 4];
        ret_text[2 * i + 1] = digits[bytes[i] & 15];
    }
    ret_text[2 * size] = '\0';
}

/* 16: none. */
static unsigned digit_of(char letter) {
    if (letter >= '0' && letter <= '9') {
        return (unsigned)(letter - '0');
    }
    if (letter >= 'a' && letter <= 'f') {
        return (unsigned)(letter - 'a') + 10;
    }
    return letter >= 'A' && letter <= 'F' ? (unsigned)(letter - 'A') + 10 : 16;
}

bool document_hash_parse(const char *text, struct document_hash *ret_hash) {
    struct document_hash hash;

    if (strlen(text) != 2 * sizeof hash.bytes) {
        return false;
    }
    for (size_t i = 0; i < sizeof hash.bytes; i++) {
        const unsigned high = digit_of(text[2 * i]), low = digit_of(text[2 * i + 1]);
        if (high > 15 || low > 15) {
            return false;
        }
        hash.bytes[i] = (unsigned char)(high << 4 | low);
    }
    if (ret_hash != NULL) {
        *ret_hash = hash;
    }
    return true;
}
