#ifndef TESTS_SUPPORT_FAKE_SIDECAR_H
#define TESTS_SUPPORT_FAKE_SIDECAR_H

#include <dk/app.h>
#include <dk/daprd.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * The other side of the contract for an application's tests, at link time: dk_call_* and dk_daprd_*
 * in memory. Its state store is one in the manner of dk-redis behind daprd: an etag counts the
 * writes of a key, a first write without etag must be new, a transaction checks all and then
 * applies all, and a stale etag in one is DK_INTERNAL, for that is what daprd makes of it.
 *
 * Thread: the test's. One sidecar for the process: fake_sidecar_reset before each test.
 */

/* ── calls ──────────────────────────────────────────────────────────────────────────────────── */

enum { FAKE_CALL_ARENA_BYTES_MAX = 32 << 20 };

/* A call without headers or deadline, whose dk_call_app is `app`; fake_call_free ends it. */
struct dk_call *fake_call_new(void *app);
void fake_call_free(struct dk_call *call);
/* A header it came with; the texts stay the test's. */
void fake_call_add_header(struct dk_call *call, const char *name, const char *value);
void fake_call_set_deadline(struct dk_call *call, int64_t deadline_us, bool is_over);
/* What dk_call_fail noted last; "" and DK_OK: nothing. */
const char *fake_call_text(const struct dk_call *call);
enum dk_error fake_call_error(const struct dk_call *call);
/* What dk_call_set_header sent; absent: nothing of that name. */
struct dk_bytes fake_call_sent_header(const struct dk_call *call, const char *name);

/* ── faults ─────────────────────────────────────────────────────────────────────────────────── */

enum fake_moment {
    FAKE_BEFORE, /* nothing happens, the call fails */
    FAKE_AFTER,  /* all happens, and the answer is lost */
};

/* What dk_daprd_* was asked, in the names of the functions without dk_daprd_: "get", "transact". */
typedef void fake_sidecar_hook_fn(void *context, const char *function, struct dk_bytes key);

/* ── what it was told ───────────────────────────────────────────────────────────────────────── */

enum { FAKE_RECORDS_MAX = 2048 };

/* A message: published, of the outbox (pubsub NULL, topic the store's name), or to a binding
 * (pubsub NULL, topic the binding's name). */
struct fake_record {
    const char *pubsub, *topic;
    const char *operation; /* of a binding */
    struct dk_bytes key;   /* outbox: of the state whose change it tells */
    struct dk_bytes data;
    struct dk_bytes content_type;
    struct dk_pairs metadata; /* outbox: of the upsert itself, which become attributes */
};

struct fake_records {
    struct fake_record items[FAKE_RECORDS_MAX];
    size_t count;
};

struct fake_sidecar {
    bool has_outbox; /* true after reset */
    struct fake_records events, published, bindings;
    size_t calls; /* of all dk_daprd_* since reset */
    size_t wakes; /* of dk_call_wake; a test runs tasks itself */

    /* Called before each effect; may ask the sidecar itself. */
    fake_sidecar_hook_fn *hook;
    void *hook_context;

    struct dk_bytes binding_answer;
    struct dk_pairs secrets, configuration;
    /* Other applications; NULL: DK_UNAVAILABLE. */
    enum dk_error (*on_call)(
        struct dk_call *call,
        const char *app_id,
        const char *path,
        const struct ProtobufCMessage *request,
        const struct ProtobufCMessageDescriptor *descriptor,
        struct ProtobufCMessage **ret_answer);
    enum dk_error (*on_invoke)(
        struct dk_call *call,
        const struct dk_invocation *invocation,
        struct dk_invocation_answer *ret_answer);
};
extern struct fake_sidecar fake_sidecar;

void fake_sidecar_reset(void);

/* The nth call from now of `function` (NULL: of any) fails with `error`, 1 being the next. With
 * `for_good` all calls after it fail before their effect, as for a process that died there. */
void fake_sidecar_fail(
    const char *function, size_t nth, enum dk_error error, enum fake_moment moment, bool for_good);
/* Nothing fails any more. */
void fake_sidecar_heal(void);
/* Whether a fault of fake_sidecar_fail has struck. */
bool fake_sidecar_has_failed(void);

/* ── its state ──────────────────────────────────────────────────────────────────────────────── */

/* The clock of TTLs goes on. */
void fake_sidecar_advance_s(int64_t seconds);
/* Keys that live, in the order of their first write. */
size_t fake_sidecar_key_count(void);
struct dk_bytes fake_sidecar_key(size_t index);
/* The value; absent: no such key. Valid until the key is written. */
struct dk_bytes fake_sidecar_value(const char *key);
/* Seconds it has to live; -1: for ever. The key must be there. */
int64_t fake_sidecar_ttl_s(const char *key);
/* Behind everybody's back: another value under a new etag, or (absent value) none. */
void fake_sidecar_put(const char *key, struct dk_bytes value);

/* ── for the files of the fake ──────────────────────────────────────────────────────────────── */

/* Begins a dk_daprd_ function: counts, calls the hook, and says whether it fails now. */
enum dk_error fake_sidecar_enter(struct dk_call *call, const char *function, struct dk_bytes key);
/* Ends it: whether its answer is lost. */
enum dk_error fake_sidecar_leave(struct dk_call *call);
/* Notes a copy; the test's process ends with it. */
void fake_records_add(struct fake_records *records, const struct fake_record *record);
struct dk_bytes fake_copy(struct dk_bytes bytes);
void fake_sidecar_state_reset(void);

#endif /* TESTS_SUPPORT_FAKE_SIDECAR_H */
