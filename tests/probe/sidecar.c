/*
 * What dk-probe asks of its sidecar, each in a handler on a worker, straight down.
 */
#include "probe.h"

#include <dapr_kit/testing/v1/probe.pb-c.h>
#include <dk/daprd.h>
#include <stdlib.h>
#include <string.h>

#define STORE  "store"
#define PUBSUB "messages"

/* A text in the call's memory; NULL: the fault is noted. */
static char *text_of(struct dk_call *call, struct dk_bytes bytes) {
    char *text = dk_call_format(call, "%.*s", (int)bytes.size, bytes.size == 0 ? "" : bytes.data);
    if (text == NULL) {
        (void)dk_call_fail(call, DK_EXHAUSTED, "no memory for %zu bytes", bytes.size);
    }
    return text;
}

enum dk_error probe_keep(
    struct dk_call *call, const struct ProtobufCMessage *request, struct ProtobufCMessage *answer) {
    const DaprKit__Testing__V1__KeepRequest *asked = (const void *)request;
    const struct dk_state_item item = {
        .key = dk_bytes_of(asked->key),
        .value = dk_bytes_of(asked->value),
        .etag = asked->etag[0] == '\0' ? (struct dk_bytes){0} : dk_bytes_of(asked->etag),
        .concurrency = DK_FIRST_WRITE,
    };
    (void)answer;
    return dk_daprd_save(call, STORE, &item, 1);
}

enum dk_error probe_kept(
    struct dk_call *call, const struct ProtobufCMessage *request, struct ProtobufCMessage *answer) {
    const DaprKit__Testing__V1__KeptRequest *asked = (const void *)request;
    DaprKit__Testing__V1__KeptAnswer *said = (void *)answer;
    struct dk_state_item item = {0};
    const enum dk_error error = dk_daprd_get(call, STORE, dk_bytes_of(asked->key), &item);
    if (error != DK_OK) {
        return error;
    }
    if (item.value.data == NULL) {
        return dk_call_fail(call, DK_NOT_FOUND, "key '%s': is not there", asked->key);
    }
    said->value = text_of(call, item.value);
    said->etag = text_of(call, item.etag);
    return said->value == NULL || said->etag == NULL ? DK_EXHAUSTED : DK_OK;
}

enum dk_error probe_publish(
    struct dk_call *call, const struct ProtobufCMessage *request, struct ProtobufCMessage *answer) {
    const DaprKit__Testing__V1__PublishRequest *asked = (const void *)request;
    const struct dk_pair type = {
        .key = DK_BYTES("cloudevent.type"), .value = dk_bytes_of(asked->type)};
    const struct dk_daprd_message message = {
        .data = dk_bytes_of(asked->data),
        .content_type = DK_BYTES("text/plain"),
        .metadata = {.items = &type, .count = asked->type[0] == '\0' ? 0 : 1},
    };
    (void)answer;
    return dk_daprd_publish(call, PUBSUB, asked->topic, &message);
}

static enum dk_error relay_typed(
    struct dk_call *call,
    const DaprKit__Testing__V1__RelayRequest *asked,
    DaprKit__Testing__V1__RelayAnswer *said) {
    DaprKit__Testing__V1__EchoRequest echo = DAPR_KIT__TESTING__V1__ECHO_REQUEST__INIT;
    struct ProtobufCMessage *answer = NULL;
    echo.text = asked->text;
    const enum dk_error error = dk_daprd_call(
        call,
        asked->app_id,
        "/dapr_kit.testing.v1.Probe/Echo",
        (const struct ProtobufCMessage *)&echo,
        &dapr_kit__testing__v1__echo_answer__descriptor,
        &answer);
    if (error == DK_OK) {
        said->body = ((const DaprKit__Testing__V1__EchoAnswer *)(const void *)answer)->text;
    }
    return error;
}

/* The echo of another application, or of this one, by its typed door or by InvokeService. */
enum dk_error probe_relay(
    struct dk_call *call, const struct ProtobufCMessage *request, struct ProtobufCMessage *answer) {
    const DaprKit__Testing__V1__RelayRequest *asked = (const void *)request;
    DaprKit__Testing__V1__RelayAnswer *said = (void *)answer;
    if (asked->is_typed) {
        return relay_typed(call, asked, said);
    }
    const bool is_hold = asked->file[0] != '\0';
    const struct dk_invocation invocation = {
        .app_id = asked->app_id,
        .verb = is_hold ? "GET" : "POST",
        .method = is_hold ? dk_call_format(call, "hold?file=%s", asked->file)
                          : dk_call_format(call, "echo/%s", asked->text),
    };
    struct dk_invocation_answer got = {0};
    const enum dk_error error = dk_daprd_invoke(call, &invocation, &got);
    if (error != DK_OK) {
        return error;
    }
    said->body = text_of(call, got.body);
    return said->body == NULL ? DK_EXHAUSTED : DK_OK;
}

/* ── jobs ───────────────────────────────────────────────────────────────────────────────────── */

static struct dk_bytes given(const char *text) {
    return text[0] == '\0' ? (struct dk_bytes){0} : dk_bytes_of(text);
}

enum dk_error probe_plan(
    struct dk_call *call, const struct ProtobufCMessage *request, struct ProtobufCMessage *answer) {
    const DaprKit__Testing__V1__PlanRequest *asked = (const void *)request;
    const struct dk_daprd_job job = {
        .name = dk_bytes_of(asked->name),
        .schedule = given(asked->schedule),
        .due_time = given(asked->due_time),
        .repeats = asked->repeats,
        .data_type = DK_BYTES("text/plain"),
        .data = dk_bytes_of(asked->data),
        .failure = asked->retry_ms == 0 ? DK_JOB_FAILURE_DROP : DK_JOB_FAILURE_RETRY,
        .retry_ms = asked->retry_ms,
        .retries = asked->retries,
        .is_overwriting = asked->overwrites};
    (void)answer;
    return dk_daprd_schedule_job(call, &job);
}

enum dk_error probe_planned(
    struct dk_call *call, const struct ProtobufCMessage *request, struct ProtobufCMessage *answer) {
    const DaprKit__Testing__V1__PlannedRequest *asked = (const void *)request;
    DaprKit__Testing__V1__PlanRequest *said = (void *)answer;
    struct dk_daprd_job job = {0};
    const enum dk_error error = dk_daprd_get_job(call, dk_bytes_of(asked->name), &job);
    if (error != DK_OK) {
        return error;
    }
    said->name = text_of(call, job.name);
    said->schedule = text_of(call, job.schedule);
    said->due_time = text_of(call, job.due_time);
    said->data = text_of(call, job.data);
    said->repeats = job.repeats;
    said->retry_ms = job.failure == DK_JOB_FAILURE_RETRY ? job.retry_ms : 0;
    said->retries = job.retries;
    return said->name == NULL || said->schedule == NULL || said->due_time == NULL ||
                   said->data == NULL
               ? DK_EXHAUSTED
               : DK_OK;
}

enum dk_error probe_unplan(
    struct dk_call *call, const struct ProtobufCMessage *request, struct ProtobufCMessage *answer) {
    const DaprKit__Testing__V1__PlannedRequest *asked = (const void *)request;
    (void)answer;
    return dk_daprd_delete_job(call, dk_bytes_of(asked->name));
}
