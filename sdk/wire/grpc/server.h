#ifndef DK_WIRE_GRPC_SERVER_H
#define DK_WIRE_GRPC_SERVER_H

#include <dk/bytes.h>
#include <dk/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dk_loop;
struct dk__rpc;
struct dk_descriptors;
struct dk__tracer;

/*
 * What is served, whatever the transport: services with their method rows.
 *
 * A unary method gets its whole request and ends the RPC by a reply, now or later. A streaming
 * method gets events; it too ends the RPC exactly once, by dk__rpc_finish.
 */
struct dk__method {
    const char *name; /* "Set" */
    /* Unary (streaming NULL): `request` stays valid until the RPC has finished. */
    void (*run)(struct dk__rpc *rpc, struct dk_bytes request);
    const struct dk__streaming *streaming;
};

struct dk__streaming {
    /* The headers came. May set rpc->context. NULL: nothing to do. */
    void (*on_open)(struct dk__rpc *rpc);
    /* One whole message, valid until the function returns. */
    void (*on_message)(struct dk__rpc *rpc, struct dk_bytes message);
    /* The client will send no more. */
    void (*on_half_close)(struct dk__rpc *rpc);
    /* Room again for dk__rpc_message_begin after dk__rpc_can_send was false. NULL: never needed. */
    void (*on_writable)(struct dk__rpc *rpc);
    /* Cancelled, deadline passed or connection lost: let go of what the stream holds. The RPC is
     * finished by the caller; dk__rpc_finish must not be called. NULL: nothing to do. */
    void (*on_over)(struct dk__rpc *rpc);
    /* The client sends exactly one message: none, or a second one, ends the RPC INTERNAL. */
    bool one_request;
};

struct dk__service {
    const char *name;                 /* "dapr.proto.components.v1.StateStore" */
    const struct dk__method *methods; /* ended by a row without name */
    void *context;                    /* for the methods: rpc->service->context */
    /* For who observes. A component's: "state", "pubsub" or "bindings"; an application's:
     * DK__KIND_APP; NULL: of the SDK itself. */
    const char *kind;
    const char *owner; /* with a kind: the backend's name, the application's role */
};
#define DK__KIND_APP "app"

/* Bounds of a server; each is an option of the program. */
struct dk__limits {
    size_t request_bytes_max; /* one incoming message; more: INVALID_ARGUMENT */
    size_t reply_bytes_max;   /* one outgoing message; daprd takes 4 MiB */
    size_t arena_bytes_max;   /* one call, its request included */
    size_t header_bytes_max;  /* one header list, as HTTP/2 counts it */
    size_t outbox_bytes_max;  /* waiting to be written, one connection; more: it stops reading */
    uint32_t calls_max;       /* in flight, one connection (SETTINGS_MAX_CONCURRENT_STREAMS) */
    uint32_t connections_max; /* one listener; more wait in the backlog */
    uint32_t window_max;      /* messages that are not settled, one subscription */
};

/* 16 MiB, 4 MiB, 36 MiB, 32 KiB, 8 MiB, 1024, 128, 256. */
extern const struct dk__limits dk__limits_default;

/* Paths of PEM files, read when an address is opened. Bound: 1 MiB each. */
struct dk__server_tls {
    const char *certificate_path, *key_path;
    const char *client_ca_path; /* callers must show a certificate of it; NULL: they need not */
};

enum { DK__SERVICES_MAX = 32 };

struct dk__server {
    struct dk_loop *loop;
    struct dk__limits limits;
    const struct dk__server_tls *tls;         /* of what listens on host:port; NULL: in the clear */
    const struct dk_descriptors *descriptors; /* what reflection shows */
    struct dk__tracer *tracer;                /* set by dk__rpc_trace_by; NULL: nothing is traced */
    struct dk__rpc_trace *trace;              /* with it */
    const struct dk__service *services[DK__SERVICES_MAX];
    size_t service_count;
    struct dk__route *routes; /* private: open addressing over full paths */
    size_t route_mask;
    uint32_t route_count;
    uint64_t rpcs_open; /* begun and not yet let go; draining waits for 0, then for the transport */
    bool is_draining;
    struct dk__observer *observers;             /* of every RPC, dk__server_observe adds */
    struct dk__health_watcher *watchers;        /* private to health.c: open Watch streams */
    void (*on_idle)(struct dk__server *server); /* see dk__server_tell_idle */
};

/* While draining: something has ended that whoever drains waits for, so on_idle is called. That is
 * rpcs_open fallen to 0, or the transport grown quiet; on_idle looks at both. */
void dk__server_tell_idle(struct dk__server *server);

enum dk_error dk__server_init(
    struct dk__server *server, struct dk_loop *loop, const struct dk__limits *limits);
/* Errors: DK_EXHAUSTED beyond DK__SERVICES_MAX or without memory; DK_INVALID for a name twice. */
enum dk_error dk__server_add(struct dk__server *server, const struct dk__service *service);
/* Forgets services and routes. Accepts a zeroed server. */
void dk__server_clear(struct dk__server *server);

/* A place in the route table: full path to row. */
struct dk__route {
    char *path; /* "/package.Service/Method"; NULL: empty place */
    size_t path_size;
    uint64_t hash;
    const struct dk__service *service;
    const struct dk__method *method;
    uint32_t number; /* in the order of adding, from 0, below route_count */
};

/* The row behind a path; NULL when nobody serves it. No heap, one hash, one comparison. */
const struct dk__route *dk__server_route(const struct dk__server *server, struct dk_bytes path);
/* The row of a number below route_count. It looks through the table: for names, not for calls. */
const struct dk__route *dk__server_route_numbered(const struct dk__server *server, uint32_t number);
/* The service of that full name; NULL when it is not served. */
const struct dk__service *dk__server_service(const struct dk__server *server, struct dk_bytes name);

#endif /* DK_WIRE_GRPC_SERVER_H */
