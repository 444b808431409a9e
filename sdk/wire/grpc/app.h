#ifndef DK_WIRE_GRPC_APP_H
#define DK_WIRE_GRPC_APP_H

#include "core/workers.h"
#include "wire/grpc/app_routes.h"
#include "wire/grpc/rpc.h"

#include <dk/app.h>
#include <pthread.h>

struct dk__daprd;

/*
 * An application's services on a server: each under its own name, and AppCallback, by which daprd
 * reaches the methods that have a verb and a path and brings events and jobs. HealthCheck and the
 * lists of topics and bindings answer while the loop turns, with a token or without, for daprd sends
 * none there.
 *
 * Thread: the loop's. Owner: `app`, `shared` and `workers` live longer.
 */
struct dk__app_config {
    const struct dk_app *app; /* its tables; options, open and close are the program's to use */
    struct dk__workers *workers;
    void *shared; /* for dk_call_app */
    /* APP_API_TOKEN: what callers show as dapr-api-token, else UNAUTHENTICATED. Absent: no one is
     * asked. Health, reflection, HealthCheck and the lists never ask. */
    struct dk_bytes token;
    int64_t handler_us; /* how long a call may take, whatever its caller says; 0: as long as that */
    /* Whom dk_daprd_… asks; closed before the workers end. NULL: they answer DK_NOT_READY. */
    struct dk__daprd *daprd;
};
struct dk__tracer;
struct dk__app;

/* Errors: DK_INVALID with every fault of the tables in words; as dk__server_add. */
enum dk_error dk__app_new(
    struct dk__server *server,
    const struct dk__app_config *config,
    struct dk__app **ret_app,
    struct dk_fault *fault);
/* The server serves no more and the workers have given everything back. Accepts NULL. */
void dk__app_free(struct dk__app *app);

/*
 * Runs `open` of an application on a worker, with a call that belongs to no RPC, and tells
 * on_opened on the loop: `fault` says how it went, dk_call_app gives from now on what it made.
 * When the workers stop first it is DK_CANCELLED.
 *
 * Owner:  `opening` is the caller's until on_opened; it sets the first four members, the rest is
 *         zeroed. Errors: as dk__workers_give; on_opened is not called then.
 */
struct dk__app_opening;
enum dk_error dk__app_open(
    struct dk__app *app, struct dk__app_opening *opening, struct dk_fault *fault);

/*
 * Begins the application's own tasks, each at once, on a loop that lives longer than `app`.
 * Errors: DK_EXHAUSTED without memory.
 */
enum dk_error dk__app_tasks_begin(
    struct dk__app *app, struct dk_loop *loop, size_t arena_bytes_max, struct dk_fault *fault);

/* ── between the files app_*.c ──────────────────────────────────────────────────────────────── */

enum { DK__APP_HEADERS_MAX = 16 };

/* What a handler waits for outside, and who ends it when nobody wants the call's answer any more.
 * Of calls that belong to an RPC; the others end with the workers. */
struct dk__app_wait {
    pthread_mutex_t mutex; /* of: */
    void (*end)(void *context);
    void *context;
    bool is_over;
};

/* Lies on the heap: it outlives its RPC by a step, and its pool is not the loop's. */
struct dk_call {
    struct dk__task task; /* first */
    /* The loop's, but for request, metadata and call.is_over. NULL: the program's own call. */
    struct dk__rpc *rpc;
    const struct dk__app *app;
    const struct dk_app_method *method; /* OnInvoke: once its path was read */
    void (*run)(struct dk__task *task); /* of an RPC's call, within the handler's span */
    struct dk_bytes answer;             /* encoded */
    struct dk_pair headers[DK__APP_HEADERS_MAX];
    size_t header_count;
    struct dk_fault fault;
    struct dk__app_wait wait;
};

struct dk__app_opening {
    enum dk_error (*open)(struct dk_call *call, const void *config, void **ret_shared);
    const void *config;
    void (*on_opened)(struct dk__app_opening *opening, const struct dk_fault *fault);
    size_t arena_bytes_max;

    struct dk_call call; /* private, as what follows */
    struct dk__app *app;
    void *shared;
};

struct dk__app {
    struct dk__app_config config;
    struct dk__tracer *tracer;    /* the server's; NULL: nothing is traced */
    struct dk__service *services; /* one for each of config.app->services */
    uint32_t *first_routes;       /* the server's number of each one's first method */
    size_t service_count;
    struct dk__app_route *routes; /* context: the method */
    struct dk__service callback, callback_alpha;
    struct dk__app_task *tasks; /* one for each of config.app->tasks, once they have begun */
    size_t task_count;
};

/* Ends what dk__app_tasks_begin began: no run begins any more, none is under way. */
void dk__app_tasks_end(struct dk__app *app);

static inline struct dk_call *dk__app_call_of(struct dk__task *task) {
    return (struct dk_call *)(void *)task;
}

/* "document" of dk-document: the role in metrics, the app id in pages. */
const char *dk__app_role(const struct dk_app *app);
/* The server's number of a method's own route; `otherwise` for NULL and for one that is not there. */
uint32_t dk__app_route_of(
    const struct dk__app *app, const struct dk_app_method *method, uint32_t otherwise);

/* Whether the tables of topics, bindings and jobs can be served. Errors: DK_INVALID with every fault
 * of them in words. */
enum dk_error dk__app_tables_check(const struct dk_app *app, struct dk_fault *fault);

/* Gives the RPC's call to a worker, which does `run`; ends the RPC when that cannot be. */
void dk__app_call_give(
    struct dk__rpc *rpc,
    const struct dk__app *app,
    const struct dk_app_method *method,
    void (*run)(struct dk__task *task));

/*
 * A handler waits for something outside: until dk__app_wait_end, `end` is called on the loop when
 * the RPC is over, once at most and briefly. What `context` leads to lives until then. One thing at
 * a time. Thread: the handler's. False: it is over already, and nothing was begun.
 */
bool dk__app_wait_begin(struct dk_call *call, void (*end)(void *context), void *context);
void dk__app_wait_end(struct dk_call *call);
/* dk__rpc.on_over of what dk__app_call_give was given. */
void dk__app_on_over(struct dk__rpc *rpc);
void dk__app_wait_init(struct dk__app_wait *wait);
void dk__app_wait_destroy(struct dk__app_wait *wait);

/* Whether a text can be the value of a header: printable ASCII. */
bool dk__app_is_header_value(struct dk_bytes value);

/* On a worker: the two doors of methods, and what daprd brings. */
void dk__app_run_typed(struct dk__task *task);
void dk__app_run_invoke(struct dk__task *task);
void dk__app_run_event(struct dk__task *task);
void dk__app_run_events(struct dk__task *task);
void dk__app_run_binding(struct dk__task *task);
void dk__app_run_job(struct dk__task *task);

#endif /* DK_WIRE_GRPC_APP_H */
