#ifndef DK_DAPRD_H
#define DK_DAPRD_H

#include <dk/bytes.h>
#include <dk/error.h>
#include <dk/state.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * What an application asks of its sidecar. Every function blocks its worker until the answer, until
 * the deadline of `call` or, where that has none, DAPR_CLIENT_TIMEOUT_SECONDS (60), and no longer
 * than dk_call_is_over says. The trace context that came with `call` goes with every question.
 *
 *     handler, on a worker ──▶ dk_daprd_… ══ gRPC ══▶ daprd
 *
 * Thread: the one that runs the handler of `call`.
 * Owner:  answers lie in the call's memory (dk_call_take) and end with it.
 * Errors: noted as by dk_call_fail, with daprd's words, so that a handler may return what it got:
 *         DK_INVALID, DK_NOT_FOUND, DK_DENIED, DK_ETAG_MISMATCH, DK_EXHAUSTED, DK_UNSUPPORTED as
 *         daprd says; DK_TOO_LARGE over 4 MiB one way; DK_UNAVAILABLE when no sidecar answers, it
 *         lost what it asks, or this program stops; DK_TIMEOUT; DK_CANCELLED when the caller has
 *         gone; DK_INTERNAL for what daprd calls INTERNAL or UNKNOWN, a stale etag within a
 *         transaction too. Another application of this SDK fails as it said. All rows:
 *         docs/decisions/0002-errors.md.
 * Bound:  1024 questions under way of one program; one more is DK_EXHAUSTED.
 * Retry:  while the sidecar cannot be reached at all, a question waits for it, a second at most.
 *         What may have reached it is asked again only when asking twice does no harm (get, secret,
 *         metadata), twice at most. Nothing else is retried here: Dapr's resiliency is for that.
 *
 * Settings: DAPR_GRPC_ENDPOINT (URL; https and tls=true mean TLS, with the authorities of the PEM
 *           file DAPR_GRPC_TLS_CA_PATH instead of this machine's), else 127.0.0.1 and
 *           DAPR_GRPC_PORT (50001); DAPR_API_TOKEN; DAPR_CLIENT_TIMEOUT_SECONDS.
 */
struct dk_call;
struct ProtobufCMessage;
struct ProtobufCMessageDescriptor;

/* ── state ──────────────────────────────────────────────────────────────────────────────────── */

struct dk_state_item {
    struct dk_bytes key;
    struct dk_bytes value; /* get: absent when there is no such key */
    struct dk_bytes etag;  /* save, delete: absent for none. First write without one: must be new */
    struct dk_pairs metadata; /* save: ttlInSeconds, contentType, …; get: ttlExpireTime */
    enum dk_concurrency concurrency;
    enum dk_consistency consistency;
};

/* Sets the whole item: key, value, etag and metadata as daprd says, the rest zero; so concurrency is set after it,
 * not before, by who wants to save it. Absent value: there is no such key, and that is DK_OK. */
enum dk_error dk_daprd_get(
    struct dk_call *call, const char *store, struct dk_bytes key, struct dk_state_item *ret_item);

/* As many items as keys, in their order whatever daprd's. One that could not be read makes it all
 * fail. Bound: the answer's 4 MiB. */
enum dk_error dk_daprd_get_many(
    struct dk_call *call,
    const char *store,
    const struct dk_bytes *keys,
    size_t count,
    struct dk_state_item *ret_items);

/* One after the other, without all or nothing. */
enum dk_error dk_daprd_save(
    struct dk_call *call, const char *store, const struct dk_state_item *items, size_t count);
/* value is not read. A key that is not there is deleted. */
enum dk_error dk_daprd_delete(
    struct dk_call *call, const char *store, const struct dk_state_item *items, size_t count);

/*
 * All or nothing. A step is an upsert or, with is_delete, a delete. With an outbox on the store's
 * component daprd publishes an event for every upsert, in the same promise; a second step of the
 * same key with the metadata outbox.projection = true is not stored, its value is the event.
 */
struct dk_state_step {
    struct dk_state_item item;
    bool is_delete;
};
enum dk_error dk_daprd_transact(
    struct dk_call *call, const char *store, const struct dk_state_step *steps, size_t count);

/* ── pub/sub and bindings ───────────────────────────────────────────────────────────────────── */

struct dk_daprd_message {
    struct dk_bytes data;
    struct dk_bytes content_type; /* absent: text/plain */
    struct dk_pairs metadata;     /* rawPayload, ttlInSeconds, partitionKey, cloudevent.type, … */
};

enum dk_error dk_daprd_publish(
    struct dk_call *call,
    const char *pubsub,
    const char *topic,
    const struct dk_daprd_message *message);

/* ret_failed[i] says whether messages[i] was not published; an error means that all were not. */
enum dk_error dk_daprd_publish_many(
    struct dk_call *call,
    const char *pubsub,
    const char *topic,
    const struct dk_daprd_message *messages,
    size_t count,
    bool *ret_failed);

/* ret_answer: what the binding answered, perhaps empty. NULL: not wanted. */
enum dk_error dk_daprd_invoke_binding(
    struct dk_call *call,
    const char *binding,
    const char *operation,
    const struct dk_daprd_message *message,
    struct dk_bytes *ret_answer);

/* ── other applications ─────────────────────────────────────────────────────────────────────── */

/* A method of a gRPC service of application `app_id`, by daprd's proxy: "/package.Service/Method".
 * answer is a message of `descriptor` in the call's memory. */
enum dk_error dk_daprd_call(
    struct dk_call *call,
    const char *app_id,
    const char *path,
    const struct ProtobufCMessage *request,
    const struct ProtobufCMessageDescriptor *descriptor,
    struct ProtobufCMessage **ret_answer);

/* An HTTP method of it, by InvokeService: "documents/7?tag=a", with verb and body. */
struct dk_invocation {
    const char *app_id, *verb, *method; /* method with its query, without the first slash */
    struct dk_bytes body, content_type;
};
struct dk_invocation_answer {
    struct dk_bytes body, content_type;
};
enum dk_error dk_daprd_invoke(
    struct dk_call *call,
    const struct dk_invocation *invocation,
    struct dk_invocation_answer *ret_answer);

/* ── jobs ───────────────────────────────────────────────────────────────────────────────────── */

/* What becomes of a run that failed. Source: JobFailurePolicy. */
enum dk_job_failure {
    DK_JOB_FAILURE_UNSPECIFIED, /* the scheduler's: three more tries, a second apart */
    DK_JOB_FAILURE_DROP,        /* that run is over */
    DK_JOB_FAILURE_RETRY,       /* again after retry_ms */
};

/*
 * A job of this application: work that Dapr's scheduler asks for when its time has come, whoever of
 * the application's processes is there then; see struct dk_app_job. A schedule or a due time is
 * needed; with both, the due time is the first one's. Source: Job.
 */
struct dk_daprd_job {
    struct dk_bytes name;
    struct dk_bytes schedule; /* "@every 1h", "@daily", cron of six fields; absent: once */
    struct dk_bytes due_time; /* "10s", "2026-12-01T08:00:00Z"; absent: as the schedule says */
    struct dk_bytes ttl;      /* as due_time: no run after that; absent: for ever */
    uint32_t repeats;         /* runs at most; 0: no limit, with a due time alone one */
    struct dk_bytes data_type, data; /* an Any, handed to each run; absent: none */
    enum dk_job_failure failure;
    int64_t retry_ms;    /* with DK_JOB_FAILURE_RETRY, 0 or more */
    uint32_t retries;    /* with it: tries after the first; 0: without end */
    bool is_overwriting; /* schedule: takes the place of one of that name */
};

/* Errors: DK_INVALID too for a name that is taken; of daprd 1.18 DK_INTERNAL, with the scheduler's
 * words, for a schedule that it cannot read. */
enum dk_error dk_daprd_schedule_job(struct dk_call *call, const struct dk_daprd_job *job);
/* Errors: of daprd 1.18 DK_INTERNAL when there is no such job, with the scheduler's words. */
enum dk_error dk_daprd_get_job(
    struct dk_call *call, struct dk_bytes name, struct dk_daprd_job *ret_job);
/* A job that is not there is deleted. */
enum dk_error dk_daprd_delete_job(struct dk_call *call, struct dk_bytes name);

/* ── secrets, configuration, the sidecar itself ─────────────────────────────────────────────── */

/* Most stores give one pair named as the key. */
enum dk_error dk_daprd_get_secret(
    struct dk_call *call, const char *store, struct dk_bytes key, struct dk_pairs *ret_secret);

/* keys: count 0 means all. */
enum dk_error dk_daprd_get_configuration(
    struct dk_call *call,
    const char *store,
    const struct dk_bytes *keys,
    size_t count,
    struct dk_pairs *ret_items);

struct dk_daprd_component {
    struct dk_bytes name, type, version;
    const struct dk_bytes *capabilities; /* "ETAG", "TRANSACTIONAL", … */
    size_t capability_count;
};
struct dk_daprd_metadata {
    struct dk_bytes app_id, runtime_version;
    const struct dk_daprd_component *components;
    size_t component_count;
};
enum dk_error dk_daprd_get_metadata(struct dk_call *call, struct dk_daprd_metadata *ret_metadata);

/* Waits until the sidecar answers, `timeout_ms` at most; it need not see the application for that.
 * Errors: DK_UNAVAILABLE, naming its address. */
enum dk_error dk_daprd_wait(struct dk_call *call, int64_t timeout_ms);

/* Asks the sidecar to end. */
enum dk_error dk_daprd_shutdown(struct dk_call *call);

#ifdef __cplusplus
}
#endif

#endif /* DK_DAPRD_H */
