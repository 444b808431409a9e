/*
 * What OpenSSL and gRPC say of a handshake that failed, and what a user can do about it.
 */
#include "wire/daprd/reason.h"

#include "wire/core/client_call.h"

#include <stdio.h>
#include <string.h>

struct words {
    const char *said, *meant;
};

static const struct words table[] = {
    {"CERTIFICATE_VERIFY_FAILED",
     "its certificate is of no authority that is trusted here; " DK__DAPRD_CA_VARIABLE
     " names a PEM file of authorities"},
    {"certificate verify failed",
     "its certificate is of no authority that is trusted here; " DK__DAPRD_CA_VARIABLE
     " names a PEM file of authorities"},
    {"is not in peer certificate", "its certificate does not have this name"},
    {"WRONG_VERSION_NUMBER", "it does not speak TLS"},
    {"wrong version number", "it does not speak TLS"},
};

static bool has(struct dk_bytes text, const char *word) {
    const size_t size = strlen(word);
    for (size_t i = 0; i + size <= text.size; i++) {
        if (memcmp(text.data + i, word, size) == 0) {
            return true;
        }
    }
    return false;
}

void dk__daprd_reason_of(struct dk_bytes said, char ret_text[DK__DAPRD_REASON_BYTES]) {
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (has(said, table[i].said)) {
            (void)snprintf(ret_text, DK__DAPRD_REASON_BYTES, "%s", table[i].meant);
            return;
        }
    }
    (void)snprintf(
        ret_text, DK__DAPRD_REASON_BYTES, "%.*s", (int)said.size, said.size == 0 ? "" : said.data);
}

void dk__daprd_reason(struct dk__daprd *daprd, char ret_text[DK__DAPRD_REASON_BYTES]) {
    static const struct dk_bytes empty = DK_BYTES("");
    const struct dk__client_request request = {
        .path = "/dapr_kit.Nobody/Reason",
        .deadline_us = dk__daprd_now_us() + INT64_C(1000) * DK__DAPRD_REASON_MS};
    struct dk__client_call *call = NULL;
    ret_text[0] = '\0';
    if (dk__client_call_new(daprd->channel, &request, &call, NULL) != DK_OK) {
        return;
    }
    const struct dk__client_answer *answer = dk__client_call_unary(call, empty);
    if (answer->status.code == DK__CODE_UNAVAILABLE) {
        dk__daprd_reason_of(answer->status.message, ret_text);
    }
    dk__client_call_free(call);
}
