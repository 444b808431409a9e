/*
 * Resolve, connect, try the next. One descriptor at a time.
 */
#include "clients/redis/redis_dial.h"

#include "clients/redis/redis_names.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* A peer that vanished without a word is noticed within about a minute of silence. */
enum { KEEPALIVE_IDLE_S = 30, KEEPALIVE_INTERVAL_S = 10, KEEPALIVE_PROBES = 3 };

static void dial_next(struct redis_dial *dial);

static void option_set(int descriptor, int level, int name, int value) {
    (void)setsockopt(descriptor, level, name, &value, sizeof value); /* a hint: may fail */
}

static void options_set(int descriptor, int family) {
    if (family == AF_UNIX) {
        return;
    }
    option_set(descriptor, IPPROTO_TCP, TCP_NODELAY, 1);
    option_set(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1);
    option_set(descriptor, IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE_S);
    option_set(descriptor, IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_INTERVAL_S);
    option_set(descriptor, IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_PROBES);
}

static void dial_finish(struct redis_dial *dial, int descriptor, const struct dk_fault *fault) {
    redis_dialled_fn *on_dialled = dial->on_dialled;
    void *context = dial->context;

    dial->watch.descriptor = -1; /* it is the receiver's now */
    redis_dial_stop(dial);
    on_dialled(context, descriptor, fault);
}

static void dial_fail(struct redis_dial *dial) {
    const struct redis_address_text at = redis_address_text(dial->address);
    struct dk_fault fault = {.error = DK_OK};
    char words[128];

    if (strerror_r(dial->error, words, sizeof words) != 0) {
        (void)snprintf(words, sizeof words, "error %d", dial->error);
    }
    if (dial->error == ECONNREFUSED) {
        (void)dk_fault_set(
            &fault, DK_UNAVAILABLE, "redis: connection refused: nobody listens at '%s'", at.text);
    } else {
        (void)dk_fault_set(
            &fault, DK_UNAVAILABLE, "redis: no connection to '%s': %s", at.text, words);
    }
    dial_finish(dial, -1, &fault);
}

static void dial_close(struct redis_dial *dial) {
    if (dial->loop != NULL) {
        (void)dk_watch_set(dial->loop, &dial->watch, 0);
    }
    if (dial->watch.descriptor >= 0) {
        (void)close(dial->watch.descriptor);
        dial->watch.descriptor = -1;
    }
}

static void dial_on_ready(struct dk_watch *watch, unsigned ready) {
    struct redis_dial *dial =
        (struct redis_dial *)(void *)((char *)watch - offsetof(struct redis_dial, watch));
    int error = 0;
    socklen_t size = sizeof error;

    (void)ready;
    if (getsockopt(watch->descriptor, SOL_SOCKET, SO_ERROR, &error, &size) != 0) {
        error = errno;
    }
    (void)dk_watch_set(dial->loop, watch, 0);
    if (error == 0) {
        dial_finish(dial, watch->descriptor, NULL);
        return;
    }
    dial->error = error;
    dial_close(dial);
    dial_next(dial);
}

/* True when a connection is under way or made: the watch tells either, in a later turn. */
static bool dial_try(struct redis_dial *dial, const struct sockaddr *address, socklen_t size) {
    const int type = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
    const int descriptor = socket(address->sa_family, type, 0);

    if (descriptor < 0) {
        dial->error = errno;
        return false;
    }
    dial->watch = (struct dk_watch){.on_ready = dial_on_ready, .descriptor = descriptor};
    options_set(descriptor, address->sa_family);
    if (connect(descriptor, address, size) != 0 && errno != EINPROGRESS) {
        dial->error = errno;
        dial_close(dial);
        return false;
    }
    if (dk_watch_set(dial->loop, &dial->watch, DK_WRITABLE) != DK_OK) {
        dial->error = ENOMEM;
        dial_close(dial);
        return false;
    }
    return true;
}

static void dial_next(struct redis_dial *dial) {
    while (dial->next != NULL) {
        const struct addrinfo *candidate = dial->next;
        dial->next = candidate->ai_next;
        if (dial_try(dial, candidate->ai_addr, candidate->ai_addrlen)) {
            return;
        }
    }
    dial_fail(dial);
}

static void dial_on_found(void *context, const struct addrinfo *found, int code) {
    struct redis_dial *dial = context;

    if (found == NULL) {
        const bool is_unknown = code == EAI_NONAME;
        struct dk_fault fault = {.error = DK_OK};
        (void)dk_fault_set(
            &fault,
            DK_UNAVAILABLE,
            "redis: %s '%s': %s",
            is_unknown ? "no such host" : "cannot resolve host",
            dial->address->host,
            gai_strerror(code));
        dial_finish(dial, -1, &fault);
        return;
    }
    dial->next = found;
    dial_next(dial);
}

static enum dk_error dial_path(struct redis_dial *dial, struct dk_fault *fault) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char words[128];

    /* redis_addresses_parse has held its length against this. */
    memcpy(address.sun_path, dial->address->host, sizeof address.sun_path - 1);
    if (dial_try(dial, (const struct sockaddr *)&address, sizeof address)) {
        return DK_OK;
    }
    if (strerror_r(dial->error, words, sizeof words) != 0) {
        (void)snprintf(words, sizeof words, "error %d", dial->error);
    }
    return dk_fault_set(
        fault, DK_UNAVAILABLE, "redis: no connection to '%s': %s", dial->address->host, words);
}

enum dk_error redis_dial_start(
    struct redis_dial *dial,
    struct dk_loop *loop,
    const struct redis_address *address,
    redis_dialled_fn *on_dialled,
    void *context,
    struct dk_fault *fault) {
    *dial = (struct redis_dial){
        .loop = loop,
        .address = address,
        .watch.descriptor = -1,
        .on_dialled = on_dialled,
        .context = context,
    };
    if (redis_address_is_path(address)) {
        return dial_path(dial, fault);
    }
    return redis_names_ask(
        loop, address->host, address->port, dial_on_found, dial, &dial->names, fault);
}

void redis_dial_stop(struct redis_dial *dial) {
    if (dial->loop == NULL) {
        return;
    }
    dial_close(dial);
    redis_names_drop(dial->names);
    *dial = (struct redis_dial){.watch.descriptor = -1};
}

const char *redis_dial_waits_for(const struct redis_dial *dial) {
    return dial->watch.descriptor >= 0 ? "a connection" : "the name server";
}
