/*
 * What --check does to others: one call to a Unix socket, by a client of its own, and one connection to a server.
 */
#include "wire/h2/ask.h"

enum dk_error dk__h2_ask(
    const char *socket_path,
    const char *method_path,
    struct dk_bytes request,
    int wait_ms,
    struct dk__arena *arena,
    struct dk__h2_answer *ret_answer,
    struct dk_fault *fault) {
    const struct dk__h2_target target = {.socket_path = socket_path};
    const struct dk__h2_request question = {
        .path = method_path, .message = request, .wait_ms = wait_ms};
    struct dk__h2_client *client = NULL;
    if (dk__h2_client_new(&target, -1, &client, fault) != DK_OK) {
        return fault->error;
    }
    const enum dk_error error = dk__h2_client_unary(client, &question, arena, ret_answer, fault);
    dk__h2_client_free(client);
    return error;
}

enum dk_error dk__h2_reach(
    const char *host, const char *port, int wait_ms, struct dk_fault *fault) {
    const struct dk__h2_target target = {.host = host, .port = port};
    struct dk__h2_link link = {0};
    if (dk__h2_link_init(&link, &target, -1, fault) == DK_OK) {
        (void)dk__h2_link_open(&link, &target, dk__h2_link_now_ms() + wait_ms, fault);
    }
    dk__h2_link_clear(&link);
    return fault->error;
}
