#ifndef DK_APP_H
#define DK_APP_H

#include <dk/bytes.h>
#include <dk/error.h>
#include <dk/option.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * An application behind Dapr: tables of methods, topics, input bindings and jobs. People call
 * methods as gRPC, directly or through daprd's proxy; through daprd's invocation they are HTTP with
 * JSON. Both reach the same handler:
 *
 *     curl ─▶ daprd ─ OnInvoke, JSON ──▶ verb and path ──┐
 *     grpcurl ─▶ daprd ─ proxied ──────▶ service, method ┴─▶ one handler, on a worker
 *
 * Thread: a handler runs on a worker and may wait. Handlers run side by side; what they share is
 *         theirs to guard.
 * Owner:  a request and all it points to live until its handler returns; an answer is encoded
 *         before that memory goes. Take memory for answers by dk_call_take.
 * Bound:  calls beyond the workers' threads wait, as many as their queue holds; one more is
 *         answered DK_EXHAUSTED.
 */

/* One call under way: what a handler is given, whichever door it came through. */
struct dk_call;

/* protobuf-c's, of the application's own messages. */
struct ProtobufCMessage;
struct ProtobufCMessageDescriptor;

/* Memory that ends with the call: zeroed, aligned for anything. NULL when the call's
 * arena_bytes_max is reached; return dk_call_fail(call, DK_EXHAUSTED, …) then. */
void *dk_call_take(struct dk_call *call, size_t size);
/* A NUL-terminated text in that memory; NULL likewise. */
char *dk_call_format(struct dk_call *call, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * Memory for a while: what is taken after begin goes with end, the answers of dk/daprd.h too. So a
 * handler walks over more than its call's memory holds. Pairs nest. Nothing of the answer is made
 * in between, nor a header sent; what dk_call_fail noted stays.
 */
struct dk_call_memory {
    void *kept;
    size_t bytes;
};
struct dk_call_memory dk_call_memory_begin(struct dk_call *call);
void dk_call_memory_end(struct dk_call *call, struct dk_call_memory memory);

/* Metadata that came with the call, name in lower case; absent when there is none. */
struct dk_bytes dk_call_header(const struct dk_call *call, struct dk_bytes name);
/* Sends a header with the answer: initial metadata, which HTTP callers see. False: no room, or
 * `name` is no header's name (lower case, [0-9a-z._-]). */
bool dk_call_set_header(struct dk_call *call, struct dk_bytes name, struct dk_bytes value);

/* µs of monotonic time after which nobody waits; INT64_MAX when there is none. */
int64_t dk_call_deadline_us(const struct dk_call *call);
/* True once the caller has gone away, the deadline has passed or the program stops: work that has
 * not begun may be left out. Thread: any that runs the handler. */
bool dk_call_is_over(const struct dk_call *call);

/* What the application shares between its calls. */
void *dk_call_app(const struct dk_call *call);

/* Notes why the call fails and gives the error back: `return dk_call_fail(call, DK_NOT_FOUND, …)`.
 * The text reaches the user: subject first, foreign strings in single quotes, no secrets. */
enum dk_error dk_call_fail(struct dk_call *call, enum dk_error error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* What was noted last, for an answer that tells the errors of its parts. Good until the next. */
const struct dk_fault *dk_call_fault(const struct dk_call *call);

/* ── an application's messages, in the memory of a call ─────────────────────────────────────── */

/* Protobuf and proto3's JSON of a message. Absent: the call's memory is used up or a text in it is
 * no UTF-8; dk_call_fail has noted it. */
struct dk_bytes dk_call_pack(struct dk_call *call, const struct ProtobufCMessage *message);
struct dk_bytes dk_call_write_json(struct dk_call *call, const struct ProtobufCMessage *message);

/* The other way: a message of `descriptor`. `bytes` live as long as it. Errors, noted: DK_INVALID
 * naming the field and what is wanted, DK_EXHAUSTED. */
enum dk_error dk_call_unpack(
    struct dk_call *call,
    const struct ProtobufCMessageDescriptor *descriptor,
    struct dk_bytes bytes,
    struct ProtobufCMessage **ret_message);
enum dk_error dk_call_read_json(
    struct dk_call *call,
    const struct ProtobufCMessageDescriptor *descriptor,
    struct dk_bytes json,
    struct ProtobufCMessage **ret_message);

/* ── methods: typed gRPC and, through OnInvoke, HTTP with JSON ──────────────────────────────── */

/*
 * `request` and `answer` are messages of the method's two descriptors; answer is initialised. On
 * DK_OK it is encoded, as protobuf or as proto3's JSON; else the error that dk_call_fail noted.
 */
typedef enum dk_error dk_method_fn(
    struct dk_call *call, const struct ProtobufCMessage *request, struct ProtobufCMessage *answer);

struct dk_app_method {
    const char *name; /* "Create": the gRPC method */
    dk_method_fn *run;
    const struct ProtobufCMessageDescriptor *request, *answer;
    /* The HTTP door; NULL: none. {names} in the path and names in the query string are fields of
     * the request, by their proto or JSON name. */
    const char *verb; /* "GET" "POST" "PUT" "PATCH" "DELETE" */
    const char *path; /* "/documents/{id}/versions/{version}" */
    /*
     * What the HTTP body is; query and path set fields over it. Source: google.api.http.
     * NULL:    there is none, and one that comes is refused.
     * "*":     the request, as JSON.
     * a field: a message: that message as JSON. Bytes or a string: the body as it is, of any type;
     *          the type goes into the request's string field content_type when it has one.
     */
    const char *body;
    /*
     * What the body of the HTTP answer is.
     * NULL:    the answer, as JSON.
     * a field: a message: that message as JSON. Bytes or a string: as it is, with the type that the
     *          answer's string field content_type says, else application/octet-stream or text/plain.
     */
    const char *answer_body;
};

struct dk_app_service {
    const char *name;                    /* "dapr_kit.document.v1.Documents" */
    const struct dk_app_method *methods; /* ended by a row without name */
};

/* ── events of topics ───────────────────────────────────────────────────────────────────────── */

/* What daprd does with an event. Source: TopicEventResponse.TopicEventResponseStatus. */
enum dk_verdict {
    DK_VERDICT_DONE,
    DK_VERDICT_RETRY, /* again, as the resiliency policy and the broker have it */
    DK_VERDICT_DROP,  /* to the dead letter topic if there is one, else away */
};

/*
 * One event. Source: TopicEventRequest, TopicEventBulkRequestEntry. What the publisher left out is
 * empty. In bulk, binary data (data_base64) does not reach an application unless the subscription
 * has the metadata rawPayload; then only data, content_type, metadata, topic and pubsub are set.
 */
struct dk_event {
    struct dk_bytes id, source,
        type; /* source and id together are unique: the key to look for doubles */
    struct dk_bytes data, content_type;
    struct dk_bytes pubsub, topic;
    struct dk_pairs
        extensions; /* attributes beside those above: strings as they are, the rest as JSON */
    struct dk_pairs metadata; /* the broker's: "__key", "__offset" of Kafka, headers */
};

/*
 * Handles an event, on a worker. What dk_call_fail noted is logged with a verdict that is not done.
 * Events come at least once, and again after DK_VERDICT_RETRY; those of one key may come side by
 * side unless the broker keeps order.
 */
typedef enum dk_verdict dk_event_fn(struct dk_call *call, const struct dk_event *event);

/* Handles many at once: fills verdicts[0 … count), which begin as DK_VERDICT_DONE. */
typedef void dk_events_fn(
    struct dk_call *call, const struct dk_event *events, size_t count, enum dk_verdict *verdicts);

/* Where the events of one topic go that a condition in CEL picks. The first that matches wins. */
struct dk_app_rule {
    /* "event.type == 'document.deleted'". daprd refuses the whole list for one that does not compile;
     * one that fails on an event, for a field that is not there, is as a refusal of that event. */
    const char *match;
    dk_event_fn *run;
};

struct dk_app_topic {
    const char *pubsub, *topic;
    dk_event_fn *run;                /* what no rule picks; NULL: such events are dropped */
    dk_events_fn *run_many;          /* instead of run and rules: daprd collects events */
    const struct dk_app_rule *rules; /* ended by a row without match; NULL: none */
    /* NULL: none. Mind that without a resiliency policy for it daprd moves an event there at its first
     * DK_VERDICT_RETRY, too. */
    const char *dead_letter_topic;
    struct dk_pairs metadata;     /* for the component: rawPayload, … */
    int32_t events_max, await_ms; /* with run_many; 0: daprd's 100 and 1000 ms */
};

/* ── input bindings ─────────────────────────────────────────────────────────────────────────── */

/* One event of an input binding. Source: BindingEventRequest. */
struct dk_binding_event {
    struct dk_bytes name; /* the component's */
    struct dk_bytes data;
    struct dk_pairs metadata;
};

/* DK_OK: the source forgets the event. `ret_answer`, absent at first, goes back to the component;
 * take its memory by dk_call_take. An error: the source keeps it and may bring it again. */
typedef enum dk_error dk_binding_fn(
    struct dk_call *call, const struct dk_binding_event *event, struct dk_bytes *ret_answer);

struct dk_app_binding {
    const char *name; /* the component's */
    dk_binding_fn *run;
};

/* ── jobs ───────────────────────────────────────────────────────────────────────────────────── */

/* A job whose time has come. Source: JobEventRequest; data is that of its Any, a JSON text for
 * jobs that were made by HTTP. */
struct dk_job {
    struct dk_bytes name;
    struct dk_bytes data_type; /* the Any's type_url */
    struct dk_bytes data;
};

/* DK_NOT_FOUND counts as done without another try; other errors follow the job's failure policy. */
typedef enum dk_error dk_job_fn(struct dk_call *call, const struct dk_job *job);

struct dk_app_job {
    const char *name; /* "purge"; a trailing '*' takes every name that begins so */
    dk_job_fn *run;
};

/* ── work of its own ────────────────────────────────────────────────────────────────────────── */

/*
 * Work that nobody calls for: it runs on a worker as soon as the program serves, every so often
 * after that, and when somebody wakes it; never twice at the same time.
 */
struct dk_app_task {
    const char *name;
    int64_t every_ms; /* from the end of one run to the next; 0: only when it is woken */
    /* Its call has no caller and no headers; it has --handler-timeout. What it notes by dk_call_fail is logged as a warning. */
    void (*run)(struct dk_call *call);
};

/* Makes a task run: at once, or once more after the run that is under way. `row` is one of the
 * application's tasks. Thread: any that runs a handler. */
void dk_call_wake(struct dk_call *call, const struct dk_app_task *row);

/* ── the program ────────────────────────────────────────────────────────────────────────────── */

/* What reflection shows: descriptors of the application's files with all that they import, made by
 * dk_protos() of the build: `#include <dapr_kit/NAME.h>` declares the constant NAME. */
struct dk_descriptors;
struct dk_metric;

/* An application. Tables are ended by a zeroed row and NULL where there are none. */
struct dk_app {
    const char *name;    /* the program's: "dk-document" */
    const char *version; /* the program's: "1.4.0"; NULL: the SDK's */
    const struct dk_app_service *services;
    const struct dk_app_topic *topics;
    const struct dk_app_binding *bindings;
    const struct dk_app_job *jobs;
    const struct dk_app_task *tasks;
    const struct dk_descriptors *descriptors; /* NULL: those of AppCallback and health alone */

    /* Its own settings beside the SDK's: "--name value" on the command line, then the environment
     * (NAME in capitals, '_' for '-', "DK_" before). NULL: none. */
    const struct dk_option *options;
    size_t config_size;

    struct dk_metric *metrics; /* what it counts beside the SDK: a table of dk/metric.h, or NULL */

    /*
     * Makes what handlers share (dk_call_app) before the port is open, and takes it down after the
     * last handler has returned. The sidecar may not be there yet, and does not call before the
     * port is open: see dk_daprd_wait. An error, said by dk_call_fail, ends the program with 1.
     * NULL: handlers share nothing. Thread: open runs on a worker, where a signal makes
     * dk_call_is_over true; close on main.
     */
    enum dk_error (*open)(struct dk_call *call, const void *config, void **ret_shared);
    void (*close)(void *shared);
};

/*
 * The whole life of an application: reads command line and environment (APP_PORT, APP_API_TOKEN,
 * those of dk/daprd.h), opens its port, serves until SIGTERM or SIGINT, drains, closes.
 *
 * Result: the process' exit code. 0 after a clean stop; 1 when it could not serve (the reason is on
 *         standard error); 2 for a wrong command line.
 * Thread: main; ends only with the process' work.
 */
int dk_app_run(const struct dk_app *app, int argc, char **argv);

#ifdef __cplusplus
}
#endif

#endif /* DK_APP_H */
