/*
 * Digests by the libraries that know them, fed piece by piece so that a long content can be given
 * up in the middle. Thread: any.
 */
#include "compute/hash.h"

#include <openssl/evp.h>
#include <stdbool.h>
#include <stdio.h>
#include <xxhash.h>

typedef bool hash_feed_fn(void *state, const void *data, size_t size);

/* All bytes, with a look at the watch before every piece. False: `feed` refused one. */
static enum dk_error hash_feed(
    struct dk_bytes bytes,
    const struct watch *watch,
    hash_feed_fn *feed,
    void *state,
    struct dk_fault *fault) {
    size_t at = 0;
    do {
        const size_t rest = bytes.size - at;
        const size_t size = rest < WATCH_INTERVAL_BYTES ? rest : WATCH_INTERVAL_BYTES;
        if (watch_is_over(watch)) {
            return dk_fault_set(fault, DK_CANCELLED, "hash: given up after %zu bytes", at);
        }
        if (size > 0 && !feed(state, bytes.data + at, size)) {
            return dk_fault_set(fault, DK_INTERNAL, "hash: the library refuses %zu bytes", size);
        }
        at += size;
    } while (at < bytes.size);
    return DK_OK;
}

static bool sha256_feed(void *state, const void *data, size_t size) {
    return EVP_DigestUpdate(state, data, size) == 1;
}

static bool xxh3_64_feed(void *state, const void *data, size_t size) {
    return XXH3_64bits_update(state, data, size) == XXH_OK;
}

static bool xxh3_128_feed(void *state, const void *data, size_t size) {
    return XXH3_128bits_update(state, data, size) == XXH_OK;
}

static void write_hexadecimal(const unsigned char *bytes, size_t size, char *text) {
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < size; i++) {
        text[2 * i] = digits[bytes[i] >> 4];
        text[2 * i + 1] = digits[bytes[i] & 15];
    }
    text[2 * size] = '\0';
}

enum dk_error hash_sha256(
    struct dk_bytes bytes,
    const struct watch *watch,
    char ret_text[static HASH_SHA256_TEXT_BYTES],
    struct dk_fault *fault) {
    unsigned char digest[HASH_SHA256_BYTES];
    EVP_MD_CTX *state = EVP_MD_CTX_new();
    if (state == NULL || EVP_DigestInit_ex(state, EVP_sha256(), NULL) != 1) {
        EVP_MD_CTX_free(state);
        return dk_fault_set(fault, DK_INTERNAL, "hash: OpenSSL gives no SHA-256");
    }
    enum dk_error error = hash_feed(bytes, watch, sha256_feed, state, fault);
    if (error == DK_OK && EVP_DigestFinal_ex(state, digest, NULL) != 1) {
        error = dk_fault_set(fault, DK_INTERNAL, "hash: OpenSSL does not end a SHA-256");
    }
    EVP_MD_CTX_free(state);
    if (error == DK_OK) {
        write_hexadecimal(digest, sizeof digest, ret_text);
    }
    return error;
}

bool hash_sha256_is_text(struct dk_bytes text) {
    for (size_t i = 0; i < text.size; i++) {
        const char c = text.data[i];
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) {
            return false;
        }
    }
    return text.size == HASH_SHA256_TEXT_BYTES - 1;
}

/* Both XXH3 share one kind of state; `is_128` says how it is begun. */
static enum dk_error xxh3_feed(
    struct dk_bytes bytes,
    const struct watch *watch,
    bool is_128,
    XXH3_state_t **ret_state,
    struct dk_fault *fault) {
    XXH3_state_t *state = XXH3_createState();
    if (state == NULL) {
        return dk_fault_set(fault, DK_EXHAUSTED, "hash: no memory for XXH3");
    }
    (void)(is_128 ? XXH3_128bits_reset(state) : XXH3_64bits_reset(state));
    const enum dk_error error =
        hash_feed(bytes, watch, is_128 ? xxh3_128_feed : xxh3_64_feed, state, fault);
    if (error != DK_OK) {
        (void)XXH3_freeState(state);
        return error;
    }
    *ret_state = state;
    return DK_OK;
}

enum dk_error hash_xxh3_64(
    struct dk_bytes bytes, const struct watch *watch, uint64_t *ret_sum, struct dk_fault *fault) {
    XXH3_state_t *state = NULL;
    const enum dk_error error = xxh3_feed(bytes, watch, false, &state, fault);
    if (error == DK_OK) {
        *ret_sum = XXH3_64bits_digest(state);
        (void)XXH3_freeState(state);
    }
    return error;
}

enum dk_error hash_xxh3_128(
    struct dk_bytes bytes,
    const struct watch *watch,
    char ret_text[static HASH_XXH3_128_TEXT_BYTES],
    struct dk_fault *fault) {
    XXH3_state_t *state = NULL;
    const enum dk_error error = xxh3_feed(bytes, watch, true, &state, fault);
    if (error == DK_OK) {
        XXH128_canonical_t canonical;
        XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(state));
        write_hexadecimal(canonical.digest, sizeof canonical.digest, ret_text);
        (void)XXH3_freeState(state);
    }
    return error;
}
