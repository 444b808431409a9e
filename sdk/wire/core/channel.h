#ifndef DK_WIRE_CORE_CHANNEL_H
#define DK_WIRE_CORE_CHANNEL_H

#include <dk/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Where outgoing calls go, over gRPC C core; without gRPC's types, so that callers need not see
 * them. The calls themselves are in wire/core/client_call.h.
 *
 *     channels: one completion queue, one thread ──▶ channel: one target ──▶ calls
 *
 * A channel connects by itself when the first call or dk__channel_wait_ready needs it, and again
 * whenever the connection was lost. Each channel has connections of its own.
 */
struct dk__channels;
struct dk__channel;

/* A queue and its thread, for any number of channels. Thread: any; new and free in pairs.
 * Errors: DK_EXHAUSTED without memory or without a thread. */
enum dk_error dk__channels_new(struct dk__channels **ret_channels, struct dk_fault *fault);
/* All channels and calls of it were freed before. Waits for the thread. Accepts NULL. */
void dk__channels_free(struct dk__channels *channels);

/* Paths of PEM files, read when the channel is made. Bound: 1 MiB each. */
struct dk__channel_tls {
    const char *ca_path;          /* whom to trust; NULL: whom this machine trusts */
    const char *certificate_path; /* ours, with key_path; both NULL: we show none */
    const char *key_path;
    const char *server_name; /* the name the server's certificate must bear; NULL: the target's */
};

/* Nothing here is read after dk__channel_new has returned. */
struct dk__channel_config {
    const char *target; /* "host:port", "dns:///host:port", "unix:/path", "ipv6:[::1]:port" */
    const struct dk__channel_tls *tls; /* NULL: in the clear */
    size_t request_bytes_max;          /* one message to the server; more: RESOURCE_EXHAUSTED */
    size_t answer_bytes_max;           /* one message from it; more: RESOURCE_EXHAUSTED */
    size_t header_bytes_max;           /* metadata of a call, each way, as HTTP/2 counts it */
    uint32_t calls_max;                /* living calls of this channel; more: DK_EXHAUSTED */
    int64_t keepalive_ms;              /* 0: none; else a PING so often while calls are open */
    int64_t keepalive_timeout_ms;      /* without its answer the connection counts as lost */
    int64_t reconnect_ms_min, reconnect_ms_max; /* back-off between tries: 1.6 times, jittered */
};

enum { DK__KEEPALIVE_MS_MIN = 10000, DK__RECONNECT_MS_MIN = 100 };

/*
 * No target, no TLS; 4 MiB (what daprd takes and gives), 4 MiB, 64 KiB (daprd's traced bulk events
 * pass C core's own 8 KiB), 1024 calls, no keepalive (daprd ends a connection that pings more often
 * than each 8 s), 5 s for its answer, 100 ms to 5 s between tries.
 */
extern const struct dk__channel_config dk__channel_config_default;

/*
 * A channel; it does not connect yet. A proxy named in the environment is not used: what we call
 * is a sidecar.
 *
 * Thread: any.
 * Errors: DK_INVALID for a setting outside its bounds, a target that makes no sense, a file that
 *         cannot be read or holds no PEM; DK_EXHAUSTED without memory. Whether the target exists
 *         is seen when connecting.
 */
enum dk_error dk__channel_new(
    struct dk__channels *channels,
    const struct dk__channel_config *config,
    struct dk__channel **ret_channel,
    struct dk_fault *fault);

/*
 * Blocks until the channel is connected. `deadline_us` is CLOCK_MONOTONIC's time; INT64_MAX: none.
 *
 * Thread: any that may wait, several at once; not a loop's.
 * Errors: DK_UNAVAILABLE when the deadline finds the last try failed, DK_TIMEOUT when it finds one
 *         under way, DK_CANCELLED when the channel is closed.
 */
enum dk_error dk__channel_wait_ready(
    struct dk__channel *channel, int64_t deadline_us, struct dk_fault *fault);

/* Ends every living call with UNAVAILABLE and refuses new ones with DK_CANCELLED; whoever waits
 * returns. Thread: any, also while others use the channel. Doing it twice is doing it once. */
/* Whether a call could leave now; one that is idle or was lost begins to connect. Does not wait.
 * Thread: any. */
bool dk__channel_is_ready(struct dk__channel *channel);

void dk__channel_close(struct dk__channel *channel);
/* Closes it and lets go. Nobody starts a call or waits for ready any more; calls that live keep
 * what they need until they are freed. Accepts NULL. */
void dk__channel_free(struct dk__channel *channel);

/* Calls that live now. Thread: any. */
uint32_t dk__channel_calls(struct dk__channel *channel);

#endif /* DK_WIRE_CORE_CHANNEL_H */
