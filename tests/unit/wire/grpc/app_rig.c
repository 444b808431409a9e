/* An application and its daprd: see the header. */
#include "app_rig.h"

#include "core/loop.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>

void app_rig_open(struct app_rig *rig, const struct dk_app *tables, const char *token) {
    struct dk_fault fault = {0};
    *rig = (struct app_rig){0};
    fake_transport_open(&rig->transport);
    cr_assert(eq(int, dk__workers_new(rig->transport.loop, 1, 8, &rig->workers, &fault), DK_OK));
    const struct dk__app_config config = {
        .app = tables, .workers = rig->workers, .token = dk_bytes_of(token)};
    cr_assert(
        eq(int, dk__app_new(&rig->transport.server, &config, &rig->app, &fault), DK_OK),
        "%s",
        fault.text);
}

void app_rig_close(struct app_rig *rig) {
    dk__workers_free(rig->workers);
    fake_call_free(&rig->call);
    fake_transport_close(&rig->transport);
    dk__app_free(rig->app);
}

struct dk_bytes app_rig_ask_bytes(
    struct app_rig *rig, const char *path, struct dk_bytes message, struct dk_pairs headers) {
    struct dk__rpc_headers all = fake_headers(path);
    all.others = headers;
    fake_call_free(&rig->call);
    fake_call_unary(&rig->call, &rig->transport, &all, message);
    while (rig->call.finishes == 0) {
        cr_assert(eq(int, dk__loop_turn(rig->transport.loop, -1), DK_OK));
    }
    return rig->call.status.code == DK__CODE_OK ? fake_call_answer(&rig->call, 0)
                                                : (struct dk_bytes){0};
}

struct dk_bytes app_rig_ask(
    struct app_rig *rig,
    const char *path,
    const ProtobufCMessage *message,
    struct dk_pairs headers) {
    const size_t size = protobuf_c_message_get_packed_size(message);
    uint8_t *bytes = malloc(size + 1);
    cr_assert(ne(ptr, bytes, NULL));
    (void)protobuf_c_message_pack(message, bytes);
    const struct dk_bytes answer =
        app_rig_ask_bytes(rig, path, (struct dk_bytes){(char *)bytes, size}, headers);
    free(bytes);
    return answer;
}

void app_rig_expect(const struct app_rig *rig, enum dk__code code, const char *words) {
    cr_assert(eq(int, rig->call.status.code, code), "%s", rig->call.message);
    cr_assert(ne(ptr, strstr(rig->call.message, words), NULL), "%s", rig->call.message);
}
