/*
 * dk-probe: an application for tests, with every door that an application has. Handlers run on
 * workers; what they note together stands behind a mutex.
 */
#include "probe.h"

#include <dapr_kit/probe_protos.h>
#include <dapr_kit/testing/v1/probe.pb-c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { PAUSE_NS = 2 * 1000 * 1000 };

size_t probe_note(struct probe *probe, const char *subject, struct dk_bytes text) {
    char note[NOTE_BYTES_MAX];
    size_t times = 0;
    (void)snprintf(
        note, sizeof note, "%s %.*s", subject, (int)text.size, text.size == 0 ? "" : text.data);
    (void)pthread_mutex_lock(&probe->mutex);
    if (probe->count < NOTES_MAX) {
        memcpy(probe->notes[probe->count], note, sizeof note);
        probe->count++;
    }
    for (size_t i = 0; i < probe->count; i++) {
        times += strcmp(probe->notes[i], note) == 0 ? 1 : 0;
    }
    (void)pthread_mutex_unlock(&probe->mutex);
    return times;
}

static enum dk_error echo(
    struct dk_call *call, const struct ProtobufCMessage *request, struct ProtobufCMessage *answer) {
    static const struct dk_bytes from = DK_BYTES("x-from"), to = DK_BYTES("x-to");
    static const struct dk_bytes trace_name = DK_BYTES("traceparent");
    enum { TRACE_AT = 3, TRACE_BYTES = 32 }; /* "00-<trace>-<span>-01" */
    const struct dk_bytes trace = dk_call_header(call, trace_name);
    if (trace.size > TRACE_AT + TRACE_BYTES) {
        const struct dk_bytes id = {.data = trace.data + TRACE_AT, .size = TRACE_BYTES};
        (void)probe_note(dk_call_app(call), "trace", id);
    }
    const DaprKit__Testing__V1__EchoRequest *asked = (const void *)request;
    DaprKit__Testing__V1__EchoAnswer *said = (void *)answer;
    const struct dk_bytes who = dk_call_header(call, from);
    if (who.data != NULL && !dk_call_set_header(call, to, who)) {
        return dk_call_fail(call, DK_INVALID, "x-from: cannot be a header");
    }
    said->text = asked->text;
    said->tags = asked->tags;
    said->n_tags = asked->n_tags;
    said->number = asked->number;
    return DK_OK;
}

static enum dk_error file_make(struct dk_call *call, const char *path) {
    FILE *file = fopen(path, "we");
    if (file == NULL || fclose(file) != 0) {
        return dk_call_fail(call, DK_INVALID, "'%s': cannot be made", path);
    }
    return DK_OK;
}

/* A file, not a clock: the test says when the handler may end. Makes "<path>.began" first. */
static enum dk_error file_await(struct dk_call *call, const char *path, bool is_deaf) {
    const struct timespec pause = {.tv_nsec = PAUSE_NS};
    const char *began = dk_call_format(call, "%s.began", path);
    if (began == NULL) {
        return dk_call_fail(call, DK_EXHAUSTED, "no memory for a name");
    }
    const enum dk_error error = file_make(call, began);
    while (error == DK_OK && access(path, F_OK) != 0) {
        if (dk_call_is_over(call) && !is_deaf) {
            return dk_call_fail(call, DK_CANCELLED, "nobody waits for '%s'", path);
        }
        (void)nanosleep(&pause, NULL);
    }
    return error;
}

static enum dk_error hold(
    struct dk_call *call, const struct ProtobufCMessage *request, struct ProtobufCMessage *answer) {
    const DaprKit__Testing__V1__HoldRequest *asked = (const void *)request;
    (void)answer;
    return file_await(call, asked->file, asked->is_deaf);
}

static enum dk_error fail(
    struct dk_call *call, const struct ProtobufCMessage *request, struct ProtobufCMessage *answer) {
    const DaprKit__Testing__V1__FailRequest *asked = (const void *)request;
    (void)answer;
    for (int error = DK_OK + 1; error <= DK_INTERNAL; error++) {
        if (strcmp(dk_error_name((enum dk_error)error), asked->error) == 0) {
            return dk_call_fail(call, (enum dk_error)error, "probe: fails as it was asked");
        }
    }
    return dk_call_fail(call, DK_INVALID, "error: '%s' is none", asked->error);
}

static enum dk_error notes(
    struct dk_call *call, const struct ProtobufCMessage *request, struct ProtobufCMessage *answer) {
    struct probe *probe = dk_call_app(call);
    DaprKit__Testing__V1__NotesAnswer *said = (void *)answer;
    enum dk_error error = DK_OK;
    (void)request;
    (void)pthread_mutex_lock(&probe->mutex);
    said->notes = dk_call_take(call, probe->count * sizeof *said->notes);
    for (size_t i = 0; i < probe->count && error == DK_OK; i++) {
        char *note = said->notes == NULL ? NULL : dk_call_format(call, "%s", probe->notes[i]);
        error = note == NULL ? dk_call_fail(call, DK_EXHAUSTED, "no memory for notes") : DK_OK;
        if (note != NULL) {
            said->notes[i] = note;
            said->n_notes++;
        }
    }
    (void)pthread_mutex_unlock(&probe->mutex);
    return error;
}

struct config {
    const char *open_gate, *open_fault;
};

static enum dk_error probe_open(struct dk_call *call, const void *config, void **ret_shared) {
    const struct config *settings = config;
    if (settings->open_fault != NULL) {
        /* as a question to a sidecar that was cancelled: no stop of the program */
        return dk_call_fail(call, DK_CANCELLED, "%s", settings->open_fault);
    }
    const enum dk_error error =
        settings->open_gate != NULL ? file_await(call, settings->open_gate, false) : DK_OK;
    if (error != DK_OK) {
        return error;
    }
    struct probe *probe = calloc(1, sizeof *probe);
    if (probe == NULL) {
        return dk_call_fail(call, DK_EXHAUSTED, "no memory for notes");
    }
    (void)pthread_mutex_init(&probe->mutex, NULL);
    *ret_shared = probe;
    return DK_OK;
}

static void probe_close(void *shared) {
    struct probe *probe = shared;
    (void)pthread_mutex_destroy(&probe->mutex);
    free(probe);
}

#define MESSAGE(name) &dapr_kit__testing__v1__##name##__descriptor

/* clang-format off */
static const struct dk_option options[] = {
    /* name, type, where, default, min, max, flags, help */
    {"open-gate", DK_TEXT, DK_FIELD(struct config, open_gate, const char *), NULL, 1, 400, 0,
     "A file to wait for before the port is open."},
    {"open-fault", DK_TEXT, DK_FIELD(struct config, open_fault, const char *), NULL, 1, 100, 0,
     "Words to fail with before the port is open."},
    DK_OPTION_END,
};

static const struct dk_app_method methods[] = {
    /* name, run, request, answer, verb, path, body, answer's body */
    {"Echo", echo, MESSAGE(echo_request), MESSAGE(echo_answer), "POST", "/echo/{text}", "*"},
    {"Repeat", echo, MESSAGE(echo_request), MESSAGE(echo_answer), "POST", "/repeat", "text", "text"},
    {"Hold", hold, MESSAGE(hold_request), MESSAGE(hold_answer), "GET", "/hold"},
    {"Fail", fail, MESSAGE(fail_request), MESSAGE(fail_answer), "GET", "/fail/{error}"},
    {"Notes", notes, MESSAGE(notes_request), MESSAGE(notes_answer), "GET", "/notes"},
    {"Keep", probe_keep, MESSAGE(keep_request), MESSAGE(keep_answer), "PUT", "/kept/{key}", "*"},
    {"Kept", probe_kept, MESSAGE(kept_request), MESSAGE(kept_answer), "GET", "/kept/{key}"},
    {"Plan", probe_plan, MESSAGE(plan_request), MESSAGE(plan_answer), "PUT", "/jobs/{name}", "*"},
    {"Planned", probe_planned, MESSAGE(planned_request), MESSAGE(plan_request), "GET", "/jobs/{name}"},
    {"Unplan", probe_unplan, MESSAGE(planned_request), MESSAGE(plan_answer), "DELETE", "/jobs/{name}"},
    {"Publish", probe_publish, MESSAGE(publish_request), MESSAGE(publish_answer), "POST", "/publish/{topic}", "*"},
    {"Relay", probe_relay, MESSAGE(relay_request), MESSAGE(relay_answer), "GET", "/relay/{app_id}/{text}"},
    {0},
};
/* clang-format on */
static const struct dk_app_service services[] = {{"dapr_kit.testing.v1.Probe", methods}, {0}};

int main(int argc, char **argv) {
    static const struct dk_app app = {
        .name = "dk-probe",
        .services = services,
        .topics = probe_topics,
        .bindings = probe_bindings,
        .jobs = probe_jobs,
        .descriptors = &probe_protos,
        .options = options,
        .config_size = sizeof(struct config),
        .open = probe_open,
        .close = probe_close,
    };
    return dk_app_run(&app, argc, argv);
}
