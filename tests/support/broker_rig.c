/*
 * Messages by hand one way, by protobuf-c the other.
 */
#include "support/broker_rig.h"

#include "core/loop.h"
#include "support/child.h"
#include "support/h2_client.h"
#include "support/wire_writer.h"
#include "wire/grpc/services.h"
#include "wire/grpc/transport.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <dapr/proto/components/v1/pubsub.pb-c.h>
#include <dk/serve.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PUBSUB "/dapr.proto.components.v1.PubSub/"

enum { CANCEL = 8 /* HTTP/2's code */ };

static struct wire request, part;

static void open_program(struct broker_rig *rig, const char *program) {
    static const char *const h2[] = {NULL}, *const core[] = {"--transport", "core", NULL};
    component_start(&rig->component, program, strstr(program, "-core") != NULL ? core : h2);
    (void)snprintf(rig->address, sizeof rig->address, "%s", rig->component.address);
}

static void open_here(struct broker_rig *rig, const struct dk_pubsub_backend *backend) {
    const struct dk_backends backends = {.pubsub = backend};
    struct dk_fault fault = {0};
    (void)snprintf(rig->folder, sizeof rig->folder, "/tmp/dk-broker-XXXXXX");
    child_folder_make(rig->folder);
    (void)snprintf(rig->address, sizeof rig->address, "unix:%s/broker.sock", rig->folder);
    cr_assert(eq(int, dk__server_init(&rig->server, rig->loop, &dk__limits_default), DK_OK));
    cr_assert(eq(int, dk__services_new(&rig->server, &backends, &rig->services), DK_OK));
    cr_assert(
        eq(int, dk__transport_h2.listen(&rig->server, rig->address, &rig->listener, &fault), DK_OK),
        "%s",
        fault.text);
}

void broker_rig_open(struct broker_rig *rig, const struct dk_pubsub_backend *backend) {
    const char *const program = getenv("DK_PROGRAM");
    struct dk_fault fault = {0};
    *rig = (struct broker_rig){.loop = NULL};
    cr_assert(eq(int, dk__loop_new(&rig->loop, &fault), DK_OK), "%s", fault.text);
    if (program != NULL) {
        open_program(rig, program);
    } else {
        open_here(rig, backend);
    }
    rig->client = h2_client_new(rig->loop, rig->address, NULL);
}

static void end_call(struct h2_call *call) {
    if (call != NULL) {
        h2_call_reset(call, CANCEL);
        cr_assert(h2_call_wait(call));
        h2_call_free(call);
    }
}

void broker_rig_close(struct broker_rig *rig) {
    for (size_t i = 0; i < RIG_READERS_MAX; i++) {
        end_call(rig->calls[i]);
    }
    h2_client_free(rig->client);
    if (rig->services == NULL) {
        component_stop(&rig->component);
    } else {
        dk__transport_h2.close(rig->listener);
        dk__services_free(rig->services);
        dk__server_clear(&rig->server);
        child_folder_remove(rig->folder);
    }
    dk__loop_free(rig->loop);
}

void rig_await(struct broker_rig *rig, bool (*is_true)(void *context), void *context) {
    cr_assert(h2_wait(rig->loop, is_true, context), "it did not come within %d ms", H2_WAIT_MS);
}

/* ── unary calls ────────────────────────────────────────────────────────────────────────────── */

static void put_pairs(struct wire *wire, uint32_t field, const char *const *pairs) {
    for (; pairs != NULL && pairs[0] != NULL; pairs += 2) {
        wire_entry(wire, field, pairs[0], pairs[1]);
    }
}

/* The finished call; the caller frees it. */
static struct h2_call *ask_on(
    struct h2_client *client, struct broker_rig *rig, const char *instance, const char *method) {
    const char *const headers[] = {"x-component-instance", instance, NULL};
    char path[128];
    (void)snprintf(path, sizeof path, PUBSUB "%s", method);
    struct h2_call *call = h2_call_unary(client, path, headers, wire_view(&request));
    cr_assert(h2_call_wait(call), "%s: no answer within %d ms", method, H2_WAIT_MS);
    (void)snprintf(rig->words, sizeof rig->words, "%s", h2_call_message(call));
    return call;
}

static struct h2_call *ask(struct broker_rig *rig, const char *instance, const char *method) {
    return ask_on(rig->client, rig, instance, method);
}

static int ask_for_status(struct broker_rig *rig, const char *instance, const char *method) {
    struct h2_call *call = ask(rig, instance, method);
    const int status = h2_call_status(call);
    h2_call_free(call);
    return status;
}

int rig_init(struct broker_rig *rig, const char *instance, const char *const *properties) {
    wire_clear(&request);
    wire_clear(&part);
    put_pairs(&part, 1, properties);
    wire_message(&request, 1, &part);
    return ask_for_status(rig, instance, "Init");
}

int rig_publish(
    struct broker_rig *rig,
    const char *instance,
    const char *topic,
    struct dk_bytes data,
    const char *const *metadata) {
    wire_clear(&request);
    wire_bytes(&request, 1, data);
    wire_text(&request, 2, instance);
    wire_text(&request, 3, topic);
    put_pairs(&request, 4, metadata);
    return ask_for_status(rig, instance, "Publish");
}

static void keep_failed(struct broker_rig *rig, struct dk_bytes answer) {
    Dapr__Proto__Components__V1__BulkPublishResponse *response =
        dapr__proto__components__v1__bulk_publish_response__unpack(
            NULL, answer.size, (const uint8_t *)answer.data);
    cr_assert(ne(ptr, response, NULL));
    cr_assert(le(sz, response->n_failed_entries, RIG_FAILED_MAX));
    rig->failed_count = response->n_failed_entries;
    for (size_t i = 0; i < response->n_failed_entries; i++) {
        (void)snprintf(
            rig->failed[i],
            sizeof rig->failed[i],
            "%s: %s",
            response->failed_entries[i]->entry_id,
            response->failed_entries[i]->error);
    }
    dapr__proto__components__v1__bulk_publish_response__free_unpacked(response, NULL);
}

int rig_bulk_publish(
    struct broker_rig *rig, const char *instance, const char *topic, const char *const *entries) {
    wire_clear(&request);
    for (; entries[0] != NULL; entries += 2) {
        wire_clear(&part);
        wire_text(&part, 1, entries[0]);
        wire_text(&part, 2, entries[1]);
        wire_message(&request, 1, &part);
    }
    wire_text(&request, 3, topic);
    struct h2_call *call = ask(rig, instance, "BulkPublish");
    const int status = h2_call_status(call);
    if (status == 0) {
        keep_failed(rig, h2_call_answer(call, 0));
    }
    h2_call_free(call);
    return status;
}

int rig_call(struct broker_rig *rig, const char *instance, const char *method) {
    wire_clear(&request);
    return ask_for_status(rig, instance, method);
}

/* ── streams ────────────────────────────────────────────────────────────────────────────────── */

/* The place of an open call; of NULL: an empty one. */
static struct h2_call **place_of(struct broker_rig *rig, const struct h2_call *call) {
    for (size_t i = 0; i < RIG_READERS_MAX; i++) {
        if (rig->calls[i] == call) {
            return &rig->calls[i];
        }
    }
    cr_fatal("more than %d readers", RIG_READERS_MAX);
}

static struct rig_reader subscribe_on(
    struct h2_client *client, struct broker_rig *rig, const char *instance, const char *topic) {
    const char *const headers[] = {"x-component-instance", instance, NULL};
    struct rig_reader reader = {.rig = rig};
    reader.call = h2_call_open(client, PUBSUB "PullMessages", headers);
    *place_of(rig, NULL) = reader.call;
    wire_clear(&part);
    wire_text(&part, 1, topic);
    wire_clear(&request);
    wire_message(&request, 1, &part);
    h2_call_send(reader.call, wire_view(&request));
    /* What is asked later on this connection is heard later. */
    wire_clear(&request);
    h2_call_free(ask_on(client, rig, instance, "Features"));
    return reader;
}

struct rig_reader rig_subscribe(struct broker_rig *rig, const char *instance, const char *topic) {
    return subscribe_on(rig->client, rig, instance, topic);
}

struct rig_reader rig_subscribe_slowly(
    struct broker_rig *rig, const char *instance, const char *topic) {
    const struct h2_options options = {.keeps_windows = true, .window_bytes = RIG_WINDOW_BYTES};
    struct h2_client *client = h2_client_new(rig->loop, rig->address, &options);
    struct rig_reader reader = subscribe_on(client, rig, instance, topic);
    reader.client = client;
    return reader;
}

void rig_read_on(struct rig_reader *reader) {
    h2_client_consume(reader->call, reader->call->answer_size - reader->read);
    reader->read = reader->call->answer_size;
}

static bool is_full(void *context) {
    const struct rig_reader *reader = context;
    return reader->call->answer_size - reader->read >= RIG_WINDOW_BYTES;
}

void rig_expect_full(struct rig_reader *reader) {
    rig_await(reader->rig, is_full, reader);
}

size_t rig_received(const struct rig_reader *reader) {
    return h2_call_answers(reader->call);
}

struct wish {
    const struct rig_reader *reader;
    size_t count;
};

static bool is_received(void *context) {
    const struct wish *wish = context;
    return rig_received(wish->reader) >= wish->count;
}

void rig_expect(const struct rig_reader *reader, size_t count) {
    struct wish wish = {.reader = reader, .count = count};
    cr_assert(
        h2_wait(reader->rig->loop, is_received, &wish),
        "%zu of %zu messages came within %d ms",
        rig_received(reader),
        count,
        H2_WAIT_MS);
}

struct rig_message rig_message(const struct rig_reader *reader, size_t index) {
    static char data[8 << 20];
    const struct dk_bytes answer = h2_call_answer(reader->call, index);
    struct rig_message message = {.data = {.data = data}};
    cr_assert(ne(ptr, (void *)answer.data, NULL));
    Dapr__Proto__Components__V1__PullMessagesResponse *response =
        dapr__proto__components__v1__pull_messages_response__unpack(
            NULL, answer.size, (const uint8_t *)answer.data);
    cr_assert(ne(ptr, response, NULL));
    cr_assert(le(sz, response->data.len, sizeof data));
    if (response->data.len > 0) {
        memcpy(data, response->data.data, response->data.len);
    }
    message.data.size = response->data.len;
    (void)snprintf(message.topic, sizeof message.topic, "%s", response->topic_name);
    (void)snprintf(message.id, sizeof message.id, "%s", response->id);
    for (size_t i = 0; i < response->n_metadata; i++) {
        const size_t size = strlen(message.metadata);
        (void)snprintf(
            message.metadata + size,
            sizeof message.metadata - size,
            "%s=%s ",
            response->metadata[i]->key,
            response->metadata[i]->value);
    }
    dapr__proto__components__v1__pull_messages_response__free_unpacked(response, NULL);
    return message;
}

void rig_settle(const struct rig_reader *reader, size_t index, const char *error) {
    const struct rig_message message = rig_message(reader, index);
    wire_clear(&request);
    wire_text(&request, 2, message.id);
    if (error != NULL) {
        wire_clear(&part);
        wire_text(&part, 1, error);
        wire_message(&request, 3, &part);
    }
    h2_call_send(reader->call, wire_view(&request));
}

void rig_unsubscribe(struct rig_reader *reader) {
    *place_of(reader->rig, reader->call) = NULL;
    end_call(reader->call);
    h2_client_free(reader->client);
    *reader = (struct rig_reader){.rig = reader->rig};
}
