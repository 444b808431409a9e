/*
 * One question, two owners: the asker on the loop and the thread that waits for the resolver. The
 * last of the two to let go frees it, so neither waits for the other.
 */
#include "clients/redis/redis_names.h"

#include "clients/redis/redis_address.h"

#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum { THREAD_STACK_BYTES = 256 * 1024 };

/* What both owners see. */
struct question {
    atomic_int owners;
    int done; /* eventfd */
    char host[REDIS_HOST_BYTES_MAX];
    char port[8];
    struct addrinfo *found;
    int code;
};

struct redis_names {
    struct dk_loop *loop;
    struct question *question;
    struct dk_watch watch;
    redis_names_fn *on_found;
    void *context;
};

static atomic_int threads;

static void question_let_go(struct question *question) {
    /* Acquire pairs with the other owner's release: what it wrote is seen before it is freed. */
    if (atomic_fetch_sub_explicit(&question->owners, 1, memory_order_acq_rel) != 1) {
        return;
    }
    if (question->found != NULL) {
        freeaddrinfo(question->found);
    }
    if (question->done >= 0) {
        (void)close(question->done);
    }
    free(question);
}

static void question_look_up(struct question *question, int flags) {
    const struct addrinfo hints = {
        .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = flags | AI_NUMERICSERV};

    question->code = getaddrinfo(question->host, question->port, &hints, &question->found);
    if (question->code != 0) {
        question->found = NULL;
    }
}

/* Release: the write pairs with the read in names_on_ready. The counter cannot be full. */
static void question_announce(struct question *question) {
    const uint64_t one = 1;
    const ssize_t written = write(question->done, &one, sizeof one);
    (void)written;
}

static void *thread_main(void *context) {
    struct question *question = context;
    question_look_up(question, AI_ADDRCONFIG);
    question_announce(question);
    question_let_go(question);
    (void)atomic_fetch_sub(&threads, 1);
    return NULL;
}

static enum dk_error thread_start(struct question *question, struct dk_fault *fault) {
    pthread_t thread;
    pthread_attr_t attributes;
    sigset_t all, before;

    if (atomic_fetch_add(&threads, 1) >= REDIS_NAMES_THREADS_MAX) {
        (void)atomic_fetch_sub(&threads, 1);
        return dk_fault_set(
            fault,
            DK_EXHAUSTED,
            "redis: %d host names are being resolved already",
            REDIS_NAMES_THREADS_MAX);
    }
    (void)atomic_fetch_add(&question->owners, 1);
    (void)pthread_attr_init(&attributes);
    (void)pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    (void)pthread_attr_setstacksize(&attributes, THREAD_STACK_BYTES);
    (void)sigfillset(&all); /* signals are the loop's */
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    const int code = pthread_create(&thread, &attributes, thread_main, question);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    (void)pthread_attr_destroy(&attributes);
    if (code != 0) {
        (void)atomic_fetch_sub(&threads, 1);
        question_let_go(question);
        return dk_fault_set(fault, DK_EXHAUSTED, "redis: no thread to resolve a host name");
    }
    return DK_OK;
}

static void names_on_ready(struct dk_watch *watch, unsigned ready) {
    struct redis_names *names =
        (struct redis_names *)(void *)((char *)watch - offsetof(struct redis_names, watch));
    uint64_t count = 0;
    const ssize_t got = read(watch->descriptor, &count, sizeof count);
    (void)got;
    (void)ready;
    (void)dk_watch_set(names->loop, watch, 0);
    names->on_found(names->context, names->question->found, names->question->code);
}

enum dk_error redis_names_ask(
    struct dk_loop *loop,
    const char *host,
    uint16_t port,
    redis_names_fn *on_found,
    void *context,
    struct redis_names **ret_names,
    struct dk_fault *fault) {
    struct redis_names *names = calloc(1, sizeof *names);
    struct question *question = calloc(1, sizeof *question);

    if (names == NULL || question == NULL) {
        free(names);
        free(question);
        return dk_fault_set(fault, DK_EXHAUSTED, "redis: no memory to resolve a host name");
    }
    names->loop = loop;
    names->question = question;
    names->on_found = on_found;
    names->context = context;
    atomic_init(&question->owners, 1);
    (void)snprintf(question->host, sizeof question->host, "%s", host);
    (void)snprintf(question->port, sizeof question->port, "%u", (unsigned)port);
    question->done = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    names->watch = (struct dk_watch){.on_ready = names_on_ready, .descriptor = question->done};
    if (question->done < 0 || dk_watch_set(loop, &names->watch, DK_READABLE) != DK_OK) {
        redis_names_drop(names);
        return dk_fault_set(fault, DK_EXHAUSTED, "redis: no descriptor to resolve a host name");
    }
    question_look_up(question, AI_NUMERICHOST);
    if (question->code == 0) {
        question_announce(question);
    } else if (thread_start(question, fault) != DK_OK) {
        redis_names_drop(names);
        return DK_EXHAUSTED;
    }
    *ret_names = names;
    return DK_OK;
}

void redis_names_drop(struct redis_names *names) {
    if (names == NULL) {
        return;
    }
    (void)dk_watch_set(names->loop, &names->watch, 0);
    question_let_go(names->question);
    free(names);
}
